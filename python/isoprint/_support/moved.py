"""Paths of modules that have moved: programs and pickles that name an old one are given the module, never a copy."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# Old paths, of packages with all that they hold, and where they are. Not among them are `isoprint.neighbors` and
# `isoprint.sensitivity`: a module there would be hidden by the function of that name.
MOVED = {
    "isoprint.centers": "isoprint.structures.centers",
    "isoprint.derivatives": "isoprint.descriptors.derivatives",
    "isoprint.distances": "isoprint.blindness.distances",
    "isoprint.environment": "isoprint.blindness.environment",
    "isoprint.four_body": "isoprint.blindness.four_body",
    "isoprint.frames": "isoprint.structures.frames",
    "isoprint.manifold": "isoprint.blindness.manifold",
    "isoprint.pairs": "isoprint.blindness.pairs",
}


class _Finder(MetaPathFinder):
    """Finds what is looked for by an old path."""

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        for old, new in MOVED.items():
            if fullname == old or fullname.startswith(old + "."):
                return ModuleSpec(fullname, _Alias(new + fullname[len(old) :]))
        return None


class _Alias(Loader):
    """Puts the module of another path into the place of an empty one."""

    def __init__(self, path: str) -> None:
        self._path = path

    def exec_module(self, module: ModuleType) -> None:
        sys.modules[module.__name__] = import_module(self._path)


def install() -> None:
    """Look old paths up before folders are searched, where a package that has moved would be found a second time."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
