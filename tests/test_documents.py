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
# Pages about a package that is not installed everywhere.
NEEDS = {"featomic": "metatensor"}


def shapes_promised(code):
    """(name, attribute or "", shape) of every shape in a comment behind an assignment."""
    for name, comment in ASSIGNED.findall(code):
        for attribute, shape in SHAPE.findall(comment):
            yield name, attribute, tuple(map(int, shape.split(", ")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_run(page, tmp_path, monkeypatch):
    if page.stem in NEEDS:
        pytest.importorskip(NEEDS[page.stem])
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
    assert sum(len(list(shapes_promised(code))) for code in blocks) == 5


GUIDES = [ROOT / "CONTRIBUTING.md", ROOT / "ARCHITECTURE.md"]
# The name of a file alone on a line, and blocks of code until the next one; or a file of the repository within a line.
QUOTED = re.compile(r"^`([\w/.]+)`$|^```(?:rust|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`((?:rust|python|tests|docs|benches|examples)/[\w/.]+)`")


def test_guides_quote_what_is_there():
    """Every block of code stands, line by line, in the file that is named before it."""
    file, n_quotes = None, 0
    for name, code in QUOTED.findall(GUIDES[0].read_text(encoding="utf-8")):
        if name:
            file = ROOT / name
            continue
        assert code in file.read_text(encoding="utf-8"), f"{file.name} has no longer\n{code}"
        n_quotes += 1
    assert n_quotes >= 8


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_guides_name_files_that_exist(page):
    named = NAMED.findall(page.read_text(encoding="utf-8"))
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []
