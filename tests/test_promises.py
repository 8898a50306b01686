"""The page of promises: every sentence names the test that holds it, and that test exists."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "promises.md"
ITEM = re.compile(r"^\* (.*(?:\n  .*)*)", re.MULTILINE)
REFERENCE = re.compile(r"`(test_\w+)::(test_\w+)`")


def promises():
    return [" ".join(item.split()) for item in ITEM.findall(PAGE.read_text(encoding="utf-8"))]


def functions(module):
    tree = ast.parse((TESTS / f"{module}.py").read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_there_are_promises():
    assert len(promises()) > 40


@pytest.mark.parametrize("promise", promises(), ids=lambda text: text[:40])
def test_every_promise_names_tests_that_exist(promise):
    named = REFERENCE.findall(promise)
    assert named, "a promise without a test"
    for module, test in named:
        assert (TESTS / f"{module}.py").exists()
        assert test in functions(module), f"{module} has no {test}"
