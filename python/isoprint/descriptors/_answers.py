"""Grids and weightings of many-body tensor representations: mappings of numbers, in the compiled module's terms."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import choice, integer, number

# The compiled module's distance within which everything is seen.
EVERYTHING = 1e60
# What no count is.
_NO_COUNT = -1
_LARGEST = 2**63 - 1
# The keys of each function besides its name: those that must be there, and those that may.
_FUNCTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "unity": ((), ()),
    "exp": (("threshold",), ("scale", "r_cut")),
    "inverse_square": (("r_cut",), ()),
    "smooth_cutoff": (("r_cut",), ("sharpness",)),
}
_EXAMPLES = {
    "grid": "{'min': 0.0, 'max': 5.0, 'sigma': 0.1, 'n': 100}",
    "weighting": "{'function': 'exp', 'r_cut': 6.0, 'threshold': 1e-3}",
}


def grid(given: Any) -> dict[str, Any]:
    """The grid that is meant, with numbers that are looked at."""
    _require_mapping("grid", given)
    _require_keys("grid", given, ("min", "max", "sigma", "n"), ())
    n = integer(given["n"])
    points = _NO_COUNT if n is None else max(_NO_COUNT, min(n, _LARGEST))
    return {**{name: number(given[name]) for name in ("min", "max", "sigma")}, "n": points}


def weighting(given: Any) -> dict[str, Any]:
    """The weighting that is meant, `None` for all alike."""
    if given is None:
        return {"function": "unity"}
    _require_mapping("weighting", given)
    function = choice("function of weighting", given.get("function"), tuple(_FUNCTIONS))
    needed, optional = _FUNCTIONS[function]
    _require_keys("weighting", given, ("function", *needed), optional)
    numbers = {name: number(given[name]) for name in (*needed, *optional) if given.get(name) is not None}
    if function == "exp":
        return {"function": function, "scale": None, "r_cut": None, **numbers}
    if function == "smooth_cutoff":
        return {"function": function, "sharpness": 2.0, **numbers}
    return {"function": function, **numbers}


def _require_mapping(name: str, given: Any) -> None:
    if not isinstance(given, Mapping):
        raise ValueError(f"{name} is {short_repr(given)}; give a mapping such as {_EXAMPLES[name]}")


def _require_keys(name: str, given: Mapping[Any, Any], needed: tuple[str, ...], optional: tuple[str, ...]) -> None:
    known = (*needed, *optional)
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key).lower(), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(known)}"
            raise ValueError(f"{name} has the unknown key {key!r}; {hint}")
    missing = [key for key in needed if given.get(key) is None]
    if missing:
        raise ValueError(f"{name} has no {', '.join(missing)}; give a mapping such as {_EXAMPLES[name]}")
