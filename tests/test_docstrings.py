"""Examples in docstrings run, and every public name has one."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import isoprint

MODULES = [name for _, name, _ in pkgutil.walk_packages(isoprint.__path__, "isoprint.") if name != "isoprint._core"]


@pytest.mark.parametrize("name", ["isoprint", *MODULES])
def test_examples_run(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


@pytest.mark.parametrize("name", [name for name in isoprint.__all__ if not name.startswith("__")])
def test_public_things_are_explained(name):
    thing = getattr(isoprint, name)
    assert inspect.getdoc(thing)
    if inspect.isclass(thing):
        for member, value in vars(thing).items():
            if not member.startswith("_") and (callable(value) or isinstance(value, (property, classmethod))):
                assert inspect.getdoc(getattr(thing, member)), f"{name}.{member}"
