"""Names of DScribe's first version, which still work and say what they are called now."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def old_names(**names: str) -> Callable[[F], F]:
    """Let a method take keywords by their old names as well, with a warning.

    Parameters
    ----------
    **names
        What each old name is called now.
    """

    def decorate(method: F) -> F:
        @functools.wraps(method)
        def called(*args: Any, **keywords: Any) -> Any:
            if not names.keys().isdisjoint(keywords):
                keywords = _renamed(keywords, names)
            return method(*args, **keywords)

        return called  # type: ignore[return-value]

    return decorate


def _renamed(keywords: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    for old in names.keys() & keywords.keys():
        new = names[old]
        if new in keywords:
            raise TypeError(f"{old} and {new} are the same argument; give {new} alone")
        warn_of(old, f"write {new}", stacklevel=4)
    return {names.get(name, name): value for name, value in keywords.items()}


def warn_of(old: str, remedy: str, stacklevel: int) -> None:
    """Say what an old name is called now."""
    warnings.warn(f"{old} is a name of DScribe's first version; {remedy}", DeprecationWarning, stacklevel=stacklevel)
