"""One structure, as the kinds of descriptors look at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint.compat.quippy._results import DescriptorError
from isoprint.structures.frames import pack
from isoprint.structures.neighbors import neighbors

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Structure(NamedTuple):
    """Atoms, and which of them may be centers."""

    frame: Any
    positions: Floats
    numbers: Ints
    mask: NDArray[np.bool_]


class OpenFrame(NamedTuple):
    """Atoms without a cell, such as descriptors take."""

    positions: Floats
    numbers: Ints


def structure(frame: Any, mask_name: str | None) -> Structure:
    """A frame, with the mask of centers that one of its arrays holds."""
    packed = pack([frame])
    mask = np.ones(packed.n_atoms, bool)
    if mask_name is not None:
        arrays = getattr(frame, "arrays", {})
        if mask_name not in arrays:
            raise DescriptorError(
                f"atom_mask_name is {mask_name!r}, but the structure has no array of that name;"
                f" it has {', '.join(sorted(arrays)) or 'none'}"
            )
        mask = np.asarray(arrays[mask_name])
        if mask.shape != (packed.n_atoms,) or mask.dtype.kind not in "bi":
            raise DescriptorError(
                f"the array {mask_name!r} has shape {mask.shape} and type {mask.dtype};"
                f" atom_mask_name must name one of {packed.n_atoms} truth values"
            )
    return Structure(frame, packed.positions, packed.numbers, mask.astype(bool))


@dataclass(frozen=True, eq=False)
class Found:
    """Neighbors of centers in compressed rows; those of a center in the order of their atoms, then of their images."""

    offsets: Ints
    index: Ints
    vector: Floats
    shift: NDArray[np.int32]


def near(structure: Structure, r_cut: float, centers: Ints, n_jobs: int | None) -> Found:
    """The neighbors nearer than `r_cut`, but not at that distance."""
    found = neighbors(structure.frame, r_cut, centers=centers, n_jobs=n_jobs)
    row = np.repeat(np.arange(len(centers)), np.diff(found.offsets))
    order = np.lexsort((*found.shift.T[::-1], found.index, row))
    ordered = Found(found.offsets, found.index[order], found.vector[order], found.shift[order])
    return without(ordered, np.sqrt(np.einsum("nx,nx->n", ordered.vector, ordered.vector)) >= r_cut)


def without(found: Found, dropped: NDArray[np.bool_]) -> Found:
    """The neighbors that are not dropped."""
    before = np.concatenate([[0], np.cumsum(~dropped)])
    return Found(before[found.offsets], found.index[~dropped], found.vector[~dropped], found.shift[~dropped])
