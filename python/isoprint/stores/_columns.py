"""What a store holds: features, and which row is which."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]

# Of every row, beside its features.
OF_ROWS = ("frame", "atom", "species")


@dataclass(frozen=True)
class Layout:
    """Names and types of the arrays, which have one entry a row each."""

    n_features: int
    dtype: str
    feature_names: list[str]
    info: tuple[str, ...]
    parameters: dict[str, Any] = field(default_factory=dict)
    """What made the features."""

    def columns(self) -> dict[str, tuple[str, int]]:
        """Type and width of every array; a width of zero is that of one number a row."""
        beside = {**dict.fromkeys(OF_ROWS, ("int64", 0)), **{f"info_{name}": ("float64", 0) for name in self.info}}
        return {"features": (self.dtype, self.n_features), **beside}


class Store(Protocol):
    """Arrays on disk that grow by rows."""

    step: int
    """Rows that are written together and never again: only whole steps are safe before the end."""

    problems: tuple[type[Exception], ...]
    """What is raised, beside `OSError`, where a disk does not take it."""

    def append(self, rows: Arrays, start: int) -> None:
        """Write rows at `start`, where the last ones end, and see to it that they outlive a power failure."""
        ...

    def finish(self, n_rows: int) -> None:
        """End with so many rows."""
        ...

    def tail(self, start: int, stop: int) -> Arrays:
        """Rows that are there, and fill no whole step."""
        ...


def parts(rows: Arrays, stop: int) -> tuple[Arrays, Arrays]:
    """Rows before, and from, a place."""
    return {k: v[:stop] for k, v in rows.items()}, {k: v[stop:] for k, v in rows.items()}


def joined(first: Arrays | None, second: Arrays) -> Arrays:
    """Rows of both, one after the other."""
    if first is None or not len(first["frame"]):
        return second
    return {name: np.concatenate([first[name], second[name]]) for name in second}
