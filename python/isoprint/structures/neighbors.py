"""Which atoms and periodic images surround each atom of a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint._support.jobs import threads
from isoprint._support.parameters import real
from isoprint.structures.frames import listed, pack


@dataclass(frozen=True, eq=False)
class Neighbors:
    """Neighbors of every atom of one frame, in compressed rows.

    The neighbors of atom `i` are the places `offsets[i]:offsets[i + 1]` of `index` and `vector`. Every periodic image
    counts, images of the atom itself too; the atom itself does not. Pairs appear once from either end.

    Attributes
    ----------
    offsets : ndarray (n_atoms + 1,)
        Where the neighbors of each atom begin and end.
    index : ndarray (n_pairs,)
        The atom of which the neighbor is an image.
    vector : ndarray (n_pairs, 3)
        From the atom to its neighbor, in Å.
    """

    offsets: NDArray[np.int64]
    index: NDArray[np.int64]
    vector: NDArray[np.float64]


def neighbors(frame: Any, r_cut: float, *, n_jobs: int | None = None) -> Neighbors:
    """Find all neighbors within a distance of every atom of a frame.

    Parameters
    ----------
    frame : ase.Atoms or alike
        The structure; atoms may lie outside the cell, and the cell may be thinner than `r_cut`.
    r_cut : float
        Neighbors nearer than this are found, in Å.
    n_jobs : int, optional
        Threads; -1 for all cores, -2 for all but one.

    Returns
    -------
    Neighbors
        Offsets, indices and vectors.

    Examples
    --------
    >>> from ase.build import molecule
    >>> import isoprint as ip
    >>> found = ip.neighbors(molecule("H2O"), 1.2)
    >>> found.offsets
    array([0, 2, 3, 4])
    """
    radius = real("r_cut", r_cut, above=0.0, remedy="it must be a positive number of Å")
    structures, single = listed(frame)
    if not single and len(structures) != 1:
        raise ValueError(
            f"neighbors are found in one frame at a time, not in {len(structures)}; call it for each frame"
        )
    return Neighbors(*_core.neighbors(pack(structures), radius, threads=threads(n_jobs)))
