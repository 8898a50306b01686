"""Structures in the forms that featomic takes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint.structures.frames import is_frame, pack


class SystemBase:
    """Base class of structures of one's own, of which types, positions and cell are asked for."""

    def size(self) -> int:
        """Number of atoms."""
        raise NotImplementedError("System.size method is not implemented")

    def types(self) -> Any:
        """Type of each atom, an integer."""
        raise NotImplementedError("System.types method is not implemented")

    def positions(self) -> Any:
        """Positions in Å, one row an atom."""
        raise NotImplementedError("System.positions method is not implemented")

    def cell(self) -> Any:
        """Cell vectors in Å, one row each; all zero where there is no cell."""
        raise NotImplementedError("System.cell method is not implemented")


class System(NamedTuple):
    """A structure in plain arrays."""

    types: NDArray[np.int64]
    positions: NDArray[np.float64]
    cell: NDArray[np.float64]
    pbc: NDArray[np.bool_]


def systems_of(given: Any) -> list[System]:
    """The structures that are given, one or a sequence of them."""
    if is_system(given):
        return [system_of(given, 0)]
    try:
        several = list(given)
    except TypeError:
        raise TypeError(f"{short_repr(given)} is no structure: {_KNOWN}") from None
    return [system_of(system, place) for place, system in enumerate(several)]


_KNOWN = (
    "give ase.Atoms, a frame of chemfiles, an object with size(), types(), positions() and cell(), or a list of these"
)


def is_system(thing: Any) -> bool:
    """Whether this is one structure."""
    return is_frame(thing) or _has_methods(thing) or _is_chemfiles(thing)


def system_of(thing: Any, place: int) -> System:
    """One structure, the one at `place`, in plain arrays."""
    if _has_methods(thing):
        types, cell = np.asarray(thing.types()), np.asarray(thing.cell(), float)
        return _periodic(types, np.asarray(thing.positions(), float).reshape(-1, 3), cell, place)
    if _is_chemfiles(thing):
        types = np.array([_type_of_chemfiles(atom) for atom in thing.atoms], int)
        return _periodic(types, np.array(thing.positions, float), np.array(thing.cell.matrix, float).T, place)
    if is_frame(thing):
        frames = pack([thing])
        return System(frames.numbers, frames.positions, frames.cells[0], frames.pbc[0])
    raise TypeError(f"system {place} is {short_repr(thing)}: {_KNOWN}")


def _periodic(types: NDArray[Any], positions: NDArray[Any], cell: NDArray[Any], place: int) -> System:
    """A structure that is periodic where it has a cell."""
    if cell.shape != (3, 3) or positions.shape != (len(types), 3):
        raise ValueError(
            f"system {place} has {len(types)} types, positions of shape {positions.shape} and a cell of shape"
            f" {cell.shape}; expected one row of positions a type, and a cell of shape (3, 3)"
        )
    if len(types) and not np.issubdtype(types.dtype, np.integer):
        raise ValueError(f"system {place} has types of dtype {types.dtype}; types are integers")
    return System(types.astype(np.int64), positions, cell, np.full(3, bool(cell.any())))


def _has_methods(thing: Any) -> bool:
    return all(callable(getattr(thing, name, None)) for name in ("size", "types", "positions", "cell"))


def _is_chemfiles(thing: Any) -> bool:
    return hasattr(thing, "atoms") and hasattr(getattr(thing, "cell", None), "matrix") and hasattr(thing, "positions")


# Types that are no elements have numbers behind the last element, in the order in which they are first seen.
_NO_ELEMENTS: dict[str, int] = {}
_FIRST = 120


def _type_of_chemfiles(atom: Any) -> int:
    number = int(atom.atomic_number)
    return number if number else _NO_ELEMENTS.setdefault(str(atom.type), _FIRST + len(_NO_ELEMENTS))
