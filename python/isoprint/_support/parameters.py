"""Checks of single parameters; every message holds the name, the value and the remedy."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from isoprint._support.arrays import short_repr, unit_of


def real(
    name: str, value: Any, *, above: float = -math.inf, least: float = -math.inf, most: float = math.inf, remedy: str
) -> float:
    """A finite number within bounds."""
    found = number(value)
    if not (math.isfinite(found) and above < found and least <= found <= most):
        raise ValueError(f"{name} is {short_repr(value)}; {remedy}")
    return found


def number(value: Any) -> float:
    """What a single real number is worth; NaN for anything else, were it text or a truth value that Python converts."""
    kind = type(value)
    if kind is float or kind is int:
        # Most are; what follows is for numbers of other libraries.
        pass
    elif (
        isinstance(value, (bool, np.bool_))
        or not (hasattr(kind, "__float__") or hasattr(kind, "__index__"))
        or getattr(value, "ndim", 0) != 0
        or np.ma.is_masked(value)
        or unit_of(value)
        or getattr(getattr(value, "dtype", None), "kind", "f") not in "fiu"
    ):
        return math.nan
    try:
        return float(value)
    except Exception:  # too large, or a refusal of another library
        return math.nan


def whole(name: str, value: Any, least: int = 0, most: int = 2**63 - 1) -> int:
    """An integer within bounds, by default one that counts something."""
    found = integer(value)
    if found is None or not least <= found <= most:
        to = f" to {most}" if most < 2**63 - 1 else " on"
        raise ValueError(f"{name} is {short_repr(value)}; it must be an integer from {least}{to}")
    return found


def integer(value: Any) -> int | None:
    """What an integer of any library is worth; `None` for anything else, truth values too."""
    if type(value) is int:
        # Most are; what follows is for numbers of other libraries.
        return value
    if isinstance(value, (bool, np.bool_)) or np.ma.is_masked(value):
        return None
    try:
        return operator.index(value)
    except Exception:  # no integer, or a refusal of another library
        return None


def choice(name: str, value: Any, options: Sequence[Any]) -> Any:
    """One of a few values."""
    for option in options:
        if value is option:
            return option
        alike = isinstance(value, str) if isinstance(option, str) else type(value) is type(option)
        if alike and value == option:
            return option
    raise ValueError(f"{name} is {short_repr(value)}; choose one of {', '.join(map(repr, options))}")


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} is {short_repr(value)}; it must be True or False")
    return bool(value)
