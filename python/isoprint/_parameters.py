"""Checks of single parameters; every message holds the name, the value and the remedy."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np


def real(
    name: str, value: Any, *, above: float = -math.inf, least: float = -math.inf, most: float = math.inf, remedy: str
) -> float:
    """A finite number within bounds."""
    number = math.nan
    if not isinstance(value, (bool, np.bool_, str, bytes)):
        try:
            number = float(value)
        except (TypeError, ValueError):
            pass
    if not (math.isfinite(number) and above < number and least <= number <= most):
        raise ValueError(f"{name} is {value!r}; {remedy}")
    return number


def whole(name: str, value: Any, least: int, most: int) -> int:
    """An integer within bounds."""
    number = None
    if not isinstance(value, (bool, np.bool_)):
        try:
            number = operator.index(value)
        except TypeError:
            pass
    if number is None or not least <= number <= most:
        raise ValueError(f"{name} is {value!r}; it must be an integer from {least} to {most}")
    return number


def choice(name: str, value: Any, options: Sequence[Any]) -> Any:
    """One of a few values."""
    for option in options:
        if type(value) is type(option) and value == option:
            return option
    raise ValueError(f"{name} is {value!r}; choose one of {', '.join(map(repr, options))}")


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} is {value!r}; it must be True or False")
    return bool(value)
