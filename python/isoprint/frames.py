"""Structures of any library as flat arrays, and the centers that are asked for in them.

A *frame* is one structure: an `ase.Atoms`, a `pymatgen` structure or molecule, or any object with `positions`,
`numbers` and, where it is periodic, `cell` and `pbc`. Nothing is imported to find out: what counts is the attributes.
Atoms are whole ones: sites that are occupied in part are refused, whichever library read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint._elements import SYMBOLS, spell, symbol_of
from isoprint._occupancy import disordered, require_whole

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Frames(NamedTuple):
    """Several structures, their atoms stored one after the other."""

    positions: Floats
    """Positions in Å, `(n_atoms, 3)`."""
    numbers: Ints
    """Atomic numbers, `(n_atoms,)`."""
    cells: Floats
    """Rows are the cell vectors in Å, `(n_frames, 3, 3)`; zero where there is no cell."""
    pbc: NDArray[np.bool_]
    """Which axes are periodic, `(n_frames, 3)`."""
    offsets: Ints
    """The atoms of frame `f` are `offsets[f]:offsets[f + 1]`, `(n_frames + 1,)`."""

    @property
    def n_frames(self) -> int:
        """Number of structures."""
        return len(self.offsets) - 1

    @property
    def n_atoms(self) -> int:
        """Number of atoms in all structures."""
        return len(self.numbers)

    def locate(self, place: int) -> tuple[int, int]:
        """Frame, and index in that frame, of the atom at `place` among the atoms of all frames."""
        frame = int(np.searchsorted(self.offsets, place, side="right")) - 1
        return frame, place - int(self.offsets[frame])


def is_frame(thing: Any) -> bool:
    """Whether this is one structure, rather than a sequence of them."""
    return (hasattr(thing, "positions") and hasattr(thing, "numbers")) or hasattr(thing, "cart_coords")


def listed(frames: Any) -> tuple[list[Any], bool]:
    """The structures as a list, and whether a single one was given without a list around it."""
    if is_frame(frames):
        return [frames], True
    if isinstance(frames, (str, bytes)) or not isinstance(frames, Iterable):
        raise TypeError(
            f"frames is {frames!r}; give a structure (such as an ase.Atoms) or a sequence of structures;"
            " read files with ase.io.read(path, ':')"
        )
    return list(frames), False


def pack(frames: Sequence[Any]) -> Frames:
    """Flat arrays of all frames; of a single one, its own arrays where they are contiguous and double."""
    if not frames:
        return Frames(
            np.empty((0, 3)), np.empty(0, np.int64), np.empty((0, 3, 3)), np.empty((0, 3), bool), np.zeros(1, np.int64)
        )
    require_whole(frames)
    if len(frames) > 1:
        packed = _pack_quickly(frames)
        if packed is not None:
            return packed
    if len(frames) == 1:
        position, number, cell, open_or_not = _arrays(frames[0], 0)
        return Frames(position, number, cell[None], open_or_not[None], np.array([0, len(number)]))
    positions, numbers, cells, pbc = zip(*map(_arrays, frames, range(len(frames))), strict=True)
    offsets = _offsets([len(own) for own in numbers])
    return Frames(np.concatenate(positions), np.concatenate(numbers), np.stack(cells), np.stack(pbc), offsets)


def _offsets(counts: list[int]) -> Ints:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _pack_quickly(frames: Sequence[Any]) -> Frames | None:
    """Many frames that all speak like ASE's, without a look at each; `None` where something has to be converted."""
    try:
        positions, numbers = [frame.positions for frame in frames], [frame.numbers for frame in frames]
        counts = [len(own) for own in numbers]
        if counts != [len(own) for own in positions]:
            return None
        flat = np.concatenate(positions), np.concatenate(numbers)
        cells = np.concatenate([frame.cell.array for frame in frames])
        pbc = np.concatenate([frame.pbc for frame in frames])
    except (AttributeError, TypeError, ValueError):
        return None
    kinds = tuple(array.dtype.type for array in (*flat, cells, pbc))
    shapes = flat[0].shape[1:], flat[1].ndim, cells.shape, pbc.shape
    n = len(frames)
    if kinds != (np.float64, np.int64, np.float64, np.bool_) or shapes != ((3,), 1, (3 * n, 3), (3 * n,)):
        return None
    return Frames(*flat, cells.reshape(n, 3, 3), pbc.reshape(n, 3), _offsets(counts))


def _arrays(frame: Any, place: int) -> tuple[Floats, Ints, Floats, NDArray[np.bool_]]:
    """Positions, numbers, cell and periodicity of one frame, copied only where they must be converted."""
    try:
        positions, numbers, cell, pbc = frame.positions, frame.numbers, frame.cell, frame.pbc
    except AttributeError:
        positions, numbers, cell, pbc = _unlike_ase(frame, place)
    cell = getattr(cell, "array", cell)
    if not _is(positions, np.float64, 2) or positions.shape[1] != 3:
        positions = _positions(positions, place)
    if not _is(numbers, np.int64, 1):
        numbers = _numbers(numbers, place)
    if len(numbers) != len(positions):
        raise ValueError(
            f"frame {place} has {len(positions)} positions and {len(numbers)} numbers; both need one entry an atom"
        )
    if not _is(cell, np.float64, 2) or cell.shape != (3, 3):
        cell = _cell(cell, place)
    if not _is(pbc, np.bool_, 1) or pbc.shape != (3,):
        pbc = _pbc(pbc, place)
    return positions, numbers, cell, pbc


def _is(array: Any, dtype: type, ndim: int) -> bool:
    """Whether nothing needs to be converted."""
    return type(array) is np.ndarray and array.dtype == dtype and array.ndim == ndim and array.flags.c_contiguous


def _unlike_ase(frame: Any, place: int) -> tuple[Any, Any, Any, Any]:
    """The same four of pymatgen's classes, and of objects that know no cell."""
    if hasattr(frame, "cart_coords"):
        try:
            numbers = frame.atomic_numbers
        except AttributeError:
            raise disordered(frame, place) from None
        lattice = getattr(frame, "lattice", None)
        if lattice is None:
            return frame.cart_coords, numbers, None, False
        return frame.cart_coords, numbers, lattice.matrix, getattr(lattice, "pbc", True)
    if not is_frame(frame):
        raise TypeError(
            f"frame {place} is {frame!r:.80}; a frame is an ase.Atoms, a pymatgen structure,"
            " or an object with positions, numbers, cell and pbc"
        )
    cell, pbc = getattr(frame, "cell", None), getattr(frame, "pbc", None)
    if cell is not None and pbc is None:
        raise ValueError(f"frame {place} has a cell but no pbc; say which axes are periodic")
    return frame.positions, frame.numbers, cell, pbc


def _positions(positions: Any, place: int) -> Floats:
    array = np.asarray(positions)
    if array.size == 0:
        return np.empty((0, 3))
    if array.ndim != 2 or array.shape[1] != 3:
        raise ValueError(f"positions of frame {place} have shape {array.shape}, expected (n_atoms, 3)")
    return _reals(array, f"positions of frame {place}")


def _reals(array: NDArray[Any], what: str) -> Floats:
    """The same in contiguous double precision."""
    if array.dtype.kind not in "fiu":
        raise ValueError(f"{what} are of type {array.dtype}; they must be real numbers")
    return np.ascontiguousarray(array, dtype=np.float64)


def _numbers(numbers: Any, place: int) -> Ints:
    array = np.asarray(numbers)
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(
            f"numbers of frame {place} are {array.dtype} of shape {array.shape}; give one integer atomic number an atom"
        )
    return np.ascontiguousarray(array, dtype=np.int64)


def _cell(cell: Any, place: int) -> Floats:
    if cell is None:
        return np.zeros((3, 3))
    array = _reals(np.asarray(cell), f"cell vectors of frame {place}")
    if array.shape == (3,):
        return np.diag(array)
    if array.shape != (3, 3):
        raise ValueError(
            f"cell of frame {place} has shape {array.shape};"
            " give three vectors as rows (3, 3), three lengths (3,), or None"
        )
    return array


def _pbc(pbc: Any, place: int) -> NDArray[np.bool_]:
    array = np.asarray(False if pbc is None else pbc, dtype=bool)
    if array.shape not in ((), (3,)):
        raise ValueError(f"pbc of frame {place} is {pbc!r}; give one truth value, or one for each of the three axes")
    return np.ascontiguousarray(np.broadcast_to(array, 3))


def familiar(species: Sequence[int]) -> NDArray[np.bool_]:
    """For each atomic number whether it is one of these; the last entry, for what is beyond the table, is `False`."""
    known = np.zeros(len(SYMBOLS) + 1, bool)
    known[list(species)] = True
    return known


def require_species(frames: Frames, known: NDArray[np.bool_], who: str) -> None:
    """Raise where an atom is of an element that the descriptor was not told about; `known` as of `familiar`."""
    found = known.take(frames.numbers, mode="clip")
    if not found.all():
        place = int(np.argmin(found))
        frame, atom = frames.locate(place)
        own = frames.numbers[frames.offsets[frame] : frames.offsets[frame + 1]]
        symbol = symbol_of(int(frames.numbers[place]))
        told = np.flatnonzero(known).tolist()
        new = spell(sorted({int(number) for number in own if number not in told}))
        raise ValueError(
            f"species of frame {frame} include {new} (atom {atom} is {symbol!r}), which this {who} was not told about;"
            f" add them to species=({spell(told)}), fit on frames that contain them, or pass unknown_species='ignore'"
        )
