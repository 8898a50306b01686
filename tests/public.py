"""Every public name: those in `__all__`, those that the documentation shows, and what public classes offer."""

import importlib
import inspect
import re
from functools import cached_property
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
MODULES = (
    "isoprint",
    "isoprint.kernels",
    "isoprint.maps",
    "isoprint.reductions",
    "isoprint.select",
    "isoprint.study",
    "isoprint.testing",
    "isoprint.testing.strategies",
    "isoprint.typing",
)


def _documented():
    """Full names of what the pages of the documentation are made from."""
    for page in sorted(DOCS.rglob("*.md")):
        module = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            if found := re.match(r"\.\. currentmodule:: (\S+)", line):
                module = found[1]
            elif found := re.match(r"\.\. auto(?:class|function):: (\S+)", line):
                yield found[1] if found[1].startswith("isoprint.") else f"{module}.{found[1]}"


def _found(name):
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


def _members(cls):
    """Methods and properties of a class that this package has written."""
    for name in dir(cls):
        home = next(each for each in cls.__mro__ if name in vars(each))
        if name.startswith("_") or not home.__module__.startswith("isoprint"):
            continue
        member = vars(home)[name]
        if inspect.isfunction(member) or isinstance(member, (property, cached_property, classmethod, staticmethod)):
            yield f"{home.__module__}.{home.__qualname__}.{name}", member


def names():
    """Where each public class, function, method and property is written, once, and what it is."""
    given = [f"{module}.{name}" for module in MODULES for name in importlib.import_module(module).__all__]
    found = {}
    for name in [*given, *_documented()]:
        thing = _found(name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            found[f"{thing.__module__}.{thing.__qualname__}"] = thing
        if inspect.isclass(thing):
            found.update(_members(thing))
    return found


PUBLIC = names()
