"""Every Python block of the README and of the documentation runs, and shapes in its comments are true."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
# `name = ...  # (2, 3)` promises the shape of `name`; `.attribute (2, 3)` in the comment that of the attribute.
ASSIGNED = re.compile(r"^(\w+) = .*# (.*)$", re.MULTILINE)
SHAPE = re.compile(r"(?:\.(\w+) )?\((\d+(?:, \d+)*),?\)")


def shapes_promised(code):
    """(name, attribute or "", shape) of every shape in a comment behind an assignment."""
    for name, comment in ASSIGNED.findall(code):
        for attribute, shape in SHAPE.findall(comment):
            yield name, attribute, tuple(map(int, shape.split(", ")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for code in BLOCK.findall(page.read_text(encoding="utf-8")):
        names = {}
        exec(compile(code, page.name, "exec"), names)
        for name, attribute, shape in shapes_promised(code):
            value = getattr(names[name], attribute) if attribute else names[name]
            assert value.shape == shape, f"{name}{'.' * bool(attribute)}{attribute}"


def test_the_readme_promises_shapes():
    """The check above has something to check."""
    blocks = BLOCK.findall(PAGES[0].read_text(encoding="utf-8"))
    assert sum(len(list(shapes_promised(code))) for code in blocks) == 3
