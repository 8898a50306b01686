"""What a parameter may be: every range is a map from the unit interval, so that all are drawn and moved alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import number


class Range(Protocol):
    """The values of one parameter, along the unit interval."""

    @property
    def n_values(self) -> int | None:
        """How many values there are; `None` for a continuum."""
        ...

    @property
    def ordered(self) -> bool:
        """Whether neighbors are alike, so that a small move makes sense."""
        ...

    def at(self, place: float) -> Any:
        """The value at a place from 0 to 1."""
        ...

    def described(self) -> Any:
        """The range in words of JSON."""
        ...


@dataclass(frozen=True)
class Interval:
    """Numbers from `low` to `high`, evenly or evenly in their logarithms."""

    low: float
    high: float
    log: bool
    n_values: int | None = None
    ordered: bool = True

    def at(self, place: float) -> float:
        """The number at a place from 0 to 1."""
        if self.log:
            return math.exp((1.0 - place) * math.log(self.low) + place * math.log(self.high))
        return (1.0 - place) * self.low + place * self.high

    def described(self) -> Any:
        """Ends, and whether by logarithms."""
        return [self.low, self.high, *(["log"] if self.log else [])]


@dataclass(frozen=True)
class Choices:
    """A few values; in their order if they are a `range`."""

    values: Sequence[Any]
    ordered: bool

    @property
    def n_values(self) -> int:
        """How many there are."""
        return len(self.values)

    def at(self, place: float) -> Any:
        """The value whose share of the interval holds the place."""
        return self.values[min(int(place * len(self.values)), len(self.values) - 1)]

    def described(self) -> Any:
        """All values."""
        return {"choices": [plain(value) for value in self.values]}


@dataclass(frozen=True)
class Distribution:
    """A frozen distribution of scipy, by its quantiles."""

    given: Any
    n_values: int | None = None
    ordered: bool = True

    def at(self, place: float) -> Any:
        """The quantile; the ends of the interval may be infinite and are not reached."""
        return np.asarray(self.given.ppf(min(max(place, 1e-9), 1.0 - 1e-9))).item()

    def described(self) -> Any:
        """Name and arguments."""
        name = getattr(getattr(self.given, "dist", None), "name", type(self.given).__name__)
        arguments = plain([*getattr(self.given, "args", ()), dict(getattr(self.given, "kwds", {}))])
        return {"distribution": name, "arguments": arguments}


def ranges_of(given: Any) -> dict[str, Range]:
    """The ranges of a user, or an error that names the parameter."""
    if not isinstance(given, Mapping) or not given:
        raise ValueError(
            f"ranges are {short_repr(given)}; give a mapping such as {{'descriptor__r_cut': (2.0, 7.5)}}, one parameter"
            " at least"
        )
    return {str(name): _range(str(name), one) for name, one in given.items()}


def _range(name: str, given: Any) -> Range:
    remedy = (
        "give (low, high) or (low, high, 'log') for numbers, range(...) for whole ones, a list of choices, or a"
        " distribution of scipy"
    )
    if isinstance(given, range):
        if not given:
            raise ValueError(f"the range of {name} is {given}, which is empty; {remedy}")
        return Choices(list(given), ordered=True)
    if callable(getattr(given, "ppf", None)):
        return Distribution(given)
    if isinstance(given, (list, np.ndarray)):
        if not len(given):
            raise ValueError(f"the choices of {name} are empty; {remedy}")
        return Choices(list(given), ordered=False)
    if not (isinstance(given, tuple) and len(given) in (2, 3) and given[2:] in ((), ("log",))):
        raise ValueError(f"the range of {name} is {short_repr(given)}; {remedy}")
    low, high = number(given[0]), number(given[1])
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"the range of {name} is {short_repr(given)}; it must rise from one finite number to another")
    if len(given) == 3 and low <= 0.0:
        raise ValueError(f"the range of {name} is {short_repr(given)}; with 'log' both ends must be positive")
    return Interval(low, high, len(given) == 3)


def plain(value: Any) -> Any:
    """A value in words of JSON, the same for the same value in every process."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        from hashlib import sha256

        content = repr(value.tolist()).encode() if value.dtype.hasobject else np.ascontiguousarray(value).tobytes()
        return {"array": [str(value.dtype), list(value.shape), sha256(content).hexdigest()[:16]]}
    if callable(getattr(value, "get_params", None)):
        return {type(value).__name__: plain(value.get_params(deep=False))}
    if callable(value):
        return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__name__)}"
    text = repr(value)
    # An address would be another one in every process.
    return type(value).__name__ if " at 0x" in text else text
