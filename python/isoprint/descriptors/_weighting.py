"""Weights of neighbors by their distance: three functions, and the value at the center itself."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import choice, number

# The numbers of each function; all must be given.
FUNCTIONS = {"poly": ("r0", "c", "m"), "pow": ("r0", "c", "d", "m"), "exp": ("r0", "c", "d")}

# c / (0 + t^0): one everywhere, where only the center is weighted.
_ONE = {"function": "pow", "r0": 1.0, "c": 1.0, "d": 0.0, "m": 0.0}


def resolve(given: Any) -> dict[str, Any] | None:
    """What is meant by the parameter `weighting`: the function and its numbers, "w0" among them if that was given."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise ValueError(
            f"weighting is {short_repr(given)}; give a mapping such as"
            " {'function': 'pow', 'r0': 2.0, 'c': 1.0, 'd': 1.0, 'm': 4.0}"
        )
    if set(given) == {"w0"}:
        given = {**_ONE, **given}
    kind = choice("function of weighting", given.get("function"), tuple(FUNCTIONS))
    _require_keys(given, kind)
    w0 = given.get("w0")
    numbers = {name: number(given[name]) for name in FUNCTIONS[kind]}
    return {"function": kind, **numbers, "w0": None if w0 is None else number(w0)}


def _require_keys(given: Mapping[Any, Any], kind: str) -> None:
    known = ("function", *FUNCTIONS[kind], "w0")
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key).lower(), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"{kind!r} takes {', '.join(known[1:])}"
            raise ValueError(f"weighting has the unknown key {key!r}; {hint}")
    missing = [name for name in FUNCTIONS[kind] if name not in given]
    if missing:
        raise ValueError(f"weighting has no {', '.join(missing)}, which {kind!r} needs; give every one")
