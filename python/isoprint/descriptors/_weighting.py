"""Weights of neighbors by their distance: three functions, and the value at the center itself."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import shown
from isoprint._support.parameters import choice, real

# The numbers of each function; all must be given.
FUNCTIONS = {"poly": ("r0", "c", "m"), "pow": ("r0", "c", "d", "m"), "exp": ("r0", "c", "d")}

# Larger weights would make features that are no finite numbers.
HEAVIEST = 1e60

Weighting = tuple[str, float, float, float, float, float | None]

# c / (0 + t^0): one everywhere, where only the center is weighted.
_ONE = {"function": "pow", "r0": 1.0, "c": 1.0, "d": 0.0, "m": 0.0}


def resolve(given: Any, reach: float) -> Weighting | None:
    """What is meant by the parameter `weighting`, for distances up to `reach` in Å: kind, r0, c, d, m, w0."""
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise ValueError(
            f"weighting is {shown(given)}; give a mapping such as"
            " {'function': 'pow', 'r0': 2.0, 'c': 1.0, 'd': 1.0, 'm': 4.0}"
        )
    if set(given) == {"w0"}:
        given = {**_ONE, **given}
    kind = choice("function of weighting", given.get("function"), tuple(FUNCTIONS))
    _require_keys(given, kind)
    numbers: dict[str, float] = dict.fromkeys(("r0", "c", "d", "m"), 0.0)
    numbers.update({name: real(f"{name} of weighting", given[name], **_BOUNDS[name]) for name in FUNCTIONS[kind]})
    w0 = given.get("w0")
    if w0 is not None:
        w0 = real("w0 of weighting", w0, remedy="it must be a finite number, the weight of an atom on the center")
    _require_smooth_powers(kind, numbers["m"])
    if kind == "pow" and numbers["d"] == 0.0 and numbers["m"] > 0.0 and w0 is None:
        raise ValueError(
            "d of weighting is 0, which makes the weight of 'pow' infinite at the center;"
            " give a positive d, or the weight there as w0"
        )
    _require_finite(kind, numbers, reach)
    return kind, numbers["r0"], numbers["c"], numbers["d"], numbers["m"], w0


_BOUNDS: dict[str, Any] = {
    "r0": {"above": 0.0, "remedy": "it must be a positive number of Å"},
    "c": {"remedy": "it must be a finite number"},
    "d": {"least": 0.0, "remedy": "it must not be negative, as the weight would be infinite somewhere"},
    "m": {"least": 0.0, "remedy": "it must be a number that is not negative"},
}


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


def _require_smooth_powers(kind: str, m: float) -> None:
    """Small powers have finite values, but infinite derivatives."""
    least, where = {"poly": (0.5, "at r0"), "pow": (1.0, "at the center"), "exp": (0.0, "")}[kind]
    if 0.0 < m < least:
        raise ValueError(
            f"m of weighting is {m!r}, with which derivatives of {kind!r} are infinite {where};"
            f" take 0, or at least {least}"
        )


def _require_finite(kind: str, numbers: dict[str, float], reach: float) -> None:
    """Numbers may be fine and powers of them too large."""
    distance = reach * np.linspace(0.0, 1.0, 129)[0 if numbers["d"] else 1 :]
    with np.errstate(all="ignore"):
        weight, squared = _values(kind, distance, **numbers)
    bad = ~(np.isfinite(weight) & np.isfinite(squared))
    if bad.any():
        at = distance[np.argmax(bad)]
        raise ValueError(
            f"weighting {kind!r} is not a finite number at {at:.3g} Å; change r0 = {numbers['r0']!r} to a length of Å,"
            " or take smaller powers"
        )
    largest = np.argmax(np.abs(weight))
    if abs(weight[largest]) > HEAVIEST:
        raise ValueError(
            f"weighting {kind!r} is {weight[largest]:.3g} at {distance[largest]:.3g} Å, beyond {HEAVIEST:.0e};"
            " change "
            + ", ".join(f"{name} = {number!r}" for name, number in numbers.items() if name in FUNCTIONS[kind])
        )


def _values(
    kind: str, distance: NDArray[np.float64], r0: float, c: float, d: float, m: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weight, and the square of what it is divided by, which its derivative is divided by."""
    t = distance / r0
    if kind == "poly":
        inside = np.clip((1.0 + 2.0 * t) * (1.0 - t) ** 2, 0.0, None) ** m
        return c * np.where(t <= 1.0, inside, 0.0), np.ones_like(t)
    below = d + (t**m if kind == "pow" else np.exp(-t))
    return c / below, below**2
