"""Structures of any library as flat arrays, and the centers that are asked for in them.

A *frame* is one structure: an `ase.Atoms`, a `pymatgen` structure or molecule, or any object with `positions`,
`numbers` and, where it is periodic, `cell` and `pbc`. Nothing is imported to find out: what counts is the attributes.
Atoms are whole ones: sites that are occupied in part are refused, whichever library read them.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import contains_bool, in_order, plain, real_array, short_repr
from isoprint.structures.elements import LAST, SYMBOLS, spell, symbol_of
from isoprint.structures.occupancy import disordered, require_whole

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
    neighbors: list[Any] | None = None
    """Neighbors that are known, as the compiled module keeps them, one list a frame."""

    @property
    def n_frames(self) -> int:
        """Number of structures."""
        return len(self.offsets) - 1

    @property
    def n_atoms(self) -> int:
        """Number of atoms in all structures."""
        return len(self.numbers)

    def some(self, first: int, last: int) -> Frames:
        """The structures from one to before another, without copies."""
        atoms = slice(int(self.offsets[first]), int(self.offsets[last]))
        return Frames(
            self.positions[atoms],
            self.numbers[atoms],
            self.cells[first:last],
            self.pbc[first:last],
            self.offsets[first : last + 1] - self.offsets[first],
            None if self.neighbors is None else self.neighbors[first:last],
        )

    def locate(self, place: int) -> tuple[int, int]:
        """Frame, and index in that frame, of the atom at `place` among the atoms of all frames."""
        frame = int(np.searchsorted(self.offsets, place, side="right")) - 1
        return frame, place - int(self.offsets[frame])


class Packed(Sequence[Any]):
    """Structures that are flat arrays already, as a sequence of frames, each of which is made when it is asked for."""

    def __init__(self, frames: Frames) -> None:
        self.frames = frames

    def __len__(self) -> int:
        return self.frames.n_frames

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        frame = range(len(self))[place]
        own = self.frames.some(frame, frame + 1)
        return SimpleNamespace(positions=own.positions, numbers=own.numbers, cell=own.cells[0], pbc=own.pbc[0])


def is_frame(thing: Any) -> bool:
    """Whether this is one structure, rather than a sequence of them."""
    return (hasattr(thing, "positions") and hasattr(thing, "numbers")) or hasattr(thing, "cart_coords")


def as_list(frames: Any) -> tuple[Any, bool]:
    """The structures as a list, or packed as they are, and whether a single one was given without a list around it."""
    if isinstance(frames, Packed):
        return frames, False
    if is_frame(frames):
        return [frames], True
    if isinstance(frames, (str, bytes)) or not isinstance(frames, Iterable) or getattr(frames, "shape", None) == ():
        raise TypeError(
            f"frames is {short_repr(frames)}; give a structure (such as an ase.Atoms) or a sequence of structures;"
            " read files with ase.io.read(path, ':')"
        )
    return list(frames), False


def pack(frames: Sequence[Any]) -> Frames:
    """Flat arrays of all frames; of a single one, its own arrays where they are contiguous and double."""
    if isinstance(frames, Packed):
        return frames.frames
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
    """Many frames of ASE, without a look at each; `None` where something is of another kind or has to be converted."""
    atoms = getattr(sys.modules.get("ase"), "Atoms", None)
    if atoms is None or not all(issubclass(kind, atoms) for kind in set(map(type, frames))):
        return None
    try:
        arrays = [frame.arrays for frame in frames]
        positions, numbers = [own["positions"] for own in arrays], [own["numbers"] for own in arrays]
        counts = list(map(len, numbers))
        if counts != list(map(len, positions)):
            return None
        # Without casts: what is of another type, in one frame of many, is looked at by itself.
        flat = np.concatenate(positions, dtype=np.float64, casting="no")
        kinds = np.concatenate(numbers, dtype=np.int64, casting="no")
        cells = np.concatenate([frame.cell.array for frame in frames])
        pbc = np.concatenate([frame.pbc for frame in frames])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    # Masked arrays make one of their own kind.
    if flat.shape[1:] != (3,) or kinds.ndim != 1 or type(flat) is not np.ndarray or type(kinds) is not np.ndarray:
        return None
    n = len(frames)
    return Frames(flat, kinds, cells.reshape(n, 3, 3), pbc.reshape(n, 3), _offsets(counts))


def _arrays(frame: Any, place: int) -> tuple[Floats, Ints, Floats, NDArray[np.bool_]]:
    """Positions, numbers, cell and periodicity of one frame, copied only where they must be converted."""
    try:
        positions, numbers, cell, pbc = frame.positions, frame.numbers, frame.cell, frame.pbc
    except AttributeError:
        positions, numbers, cell, pbc = _unlike_ase(frame, place)
    cell = getattr(cell, "array", cell)
    if not _is(positions, _DOUBLE, 2) or positions.shape[1] != 3:
        positions = _positions(positions, place)
    if not _is(numbers, _LONG, 1):
        numbers = _numbers(numbers, place)
    if len(numbers) != len(positions):
        raise ValueError(
            f"frame {place} has {len(positions)} positions and {len(numbers)} numbers; both need one entry an atom"
        )
    if not _is(cell, _DOUBLE, 2) or cell.shape != (3, 3):
        cell = _cell(cell, place)
    if not _is(pbc, _TRUTH, 1) or pbc.shape != (3,):
        pbc = _pbc(pbc, place)
    return positions, numbers, cell, pbc


# Compared with these, a type takes half as long as with the classes that they are made of.
_DOUBLE, _LONG, _TRUTH = np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.bool_)


def _is(array: Any, dtype: np.dtype[Any], ndim: int) -> bool:
    """Whether nothing needs to be converted."""
    if type(array) is not np.ndarray or array.dtype != dtype or array.ndim != ndim:
        return False
    return array.flags.c_contiguous and array.flags.aligned


def _unlike_ase(frame: Any, place: int) -> tuple[Any, Any, Any, Any]:
    """Positions, numbers, cell and pbc of pymatgen's classes, and of objects that know no cell."""
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
            f"frame {place} is {short_repr(frame)}; a frame is an ase.Atoms, a pymatgen structure,"
            " or an object with positions, numbers, cell and pbc"
        )
    cell, pbc = getattr(frame, "cell", None), getattr(frame, "pbc", None)
    if cell is not None and pbc is None:
        raise ValueError(f"frame {place} has a cell but no pbc; say which axes are periodic")
    return frame.positions, frame.numbers, cell, pbc


def _positions(positions: Any, place: int) -> Floats:
    what = f"positions of frame {place}"
    array = plain(what, positions)
    if array.size == 0:
        return np.empty((0, 3))
    if array.ndim != 2 or array.shape[1] != 3:
        raise ValueError(f"{what} have shape {array.shape}, expected (n_atoms, 3)")
    return real_array(what, positions, "are")


def _numbers(numbers: Any, place: int) -> Ints:
    array = plain(f"numbers of frame {place}", numbers)
    if array.size == 0:
        return np.empty(0, np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu" or contains_bool(numbers):
        raise ValueError(
            f"numbers of frame {place} are {array.dtype} of shape {array.shape}, such as {short_repr(array.flat[0])};"
            " give one integer atomic number an atom"
        )
    if array.dtype == np.uint64 and array.max() > LAST:
        atom = int(np.argmax(array > LAST))
        raise ValueError(no_element(int(array[atom]), place, atom))
    return in_order(array, np.int64)


def _cell(cell: Any, place: int) -> Floats:
    if cell is None:
        return np.zeros((3, 3))
    array = real_array(f"cell vectors of frame {place}", cell, "are")
    if array.shape == (3,):
        return np.diag(array)
    if array.shape != (3, 3):
        hint = " lengths and angles become vectors by ase.geometry.cellpar_to_cell;" if array.shape == (6,) else ""
        raise ValueError(
            f"cell of frame {place} has shape {array.shape};{hint}"
            " give three vectors as rows (3, 3), three lengths (3,), or None"
        )
    return array


def _pbc(pbc: Any, place: int) -> NDArray[np.bool_]:
    """Truth values, or the numbers 0 and 1; words, and numbers that are neither, are as true to numpy."""
    array = plain(f"pbc of frame {place}", False if pbc is None else pbc)
    truth = array.dtype.kind == "b"
    if array.dtype.kind in "iuf":
        truth = bool(np.isin(array, (0, 1)).all())
    elif array.dtype.kind == "O":
        truth = all(isinstance(entry, (bool, np.bool_)) for entry in array.flat)
    if not truth or array.shape not in ((), (3,)):
        raise ValueError(
            f"pbc of frame {place} is {short_repr(pbc)}; give one truth value, or one for each of the three axes"
        )
    return np.ascontiguousarray(np.broadcast_to(array.astype(np.bool_), 3))


def species_mask(species: Sequence[int]) -> NDArray[np.bool_]:
    """For each atomic number whether it is one of these; the last entry, for what is beyond the table, is `False`."""
    known = np.zeros(len(SYMBOLS) + 1, bool)
    known[list(species)] = True
    return known


# Elements and placeholders: whatever can be an atom.
ANY_ATOM = species_mask(range(len(SYMBOLS)))


def no_element(number: int, frame: int, atom: int) -> str:
    """What to say of a number that is not in the table."""
    return (
        f"atom {atom} of frame {frame} has the atomic number {number}, which is no element: they are numbered from 1 to"
        f" {LAST}, and 0 is a placeholder; correct the numbers, or remove the atom"
    )


# Atoms from which on it is their number that takes time.
_MANY = 500


def require_species(frames: Frames, known: NDArray[np.bool_], who: str) -> None:
    """Raise where an atom is of an element that the descriptor was not told about; `known` as of `species_mask`."""
    numbers = frames.numbers
    if len(numbers) > _MANY:
        species = np.flatnonzero(known)
        # To compare all atoms with one element or two is quicker than to look each up.
        if len(species) <= 2 and sum(np.count_nonzero(numbers == one) for one in species) == len(numbers):
            return
    found = known.take(numbers, mode="clip")
    if known[0]:
        # Negative numbers were clipped to the place of "X".
        found &= numbers >= 0
    # Counting is quicker than `all` where there are few.
    if np.count_nonzero(found) == len(found):
        return
    strange = (numbers < 0) | (numbers > LAST)
    place = int(np.argmax(strange if strange.any() else ~found))
    number, (frame, atom) = int(numbers[place]), frames.locate(place)
    if strange[place]:
        raise ValueError(no_element(number, frame, atom))
    own = numbers[frames.offsets[frame] : frames.offsets[frame + 1]]
    told = np.flatnonzero(known).tolist()
    new = spell(sorted({int(other) for other in own if other not in told}))
    remedy = f"add them to species=({spell(told)}), fit on frames that contain them, or pass unknown_species='ignore'"
    if number == 0:
        remedy = (
            "it is a placeholder, which fit never learns; remove such atoms, pass over them with"
            f" unknown_species='ignore', or name 'X' in species=('X', {spell(told)})"
        )
    raise ValueError(
        f"species of frame {frame} include {new} (atom {atom} is {symbol_of(number)!r}), which this {who} was not told"
        f" about; {remedy}"
    )


def learned_species(frames: Frames, *, told_to_ignore: bool) -> list[int]:
    """Atomic numbers of the elements in the frames, sorted; placeholders are left out, with a warning."""
    require_species(frames, ANY_ATOM, "fit")
    species = [int(number) for number in np.unique(frames.numbers)]
    if species[:1] != [0]:
        return species
    if not told_to_ignore:
        ghosts = np.flatnonzero(frames.numbers == 0)
        frame, atom = frames.locate(int(ghosts[0]))
        warnings.warn(
            f"{len(ghosts)} of {frames.n_atoms} atoms, the first of them atom {atom} of frame {frame}, are placeholders"
            " 'X' (atomic number 0), which are not learned as a species; remove them, pass over them with"
            f" unknown_species='ignore', or name 'X' in species=({spell(species)})",
            UserWarning,
            stacklevel=3,
        )
    return species[1:]
