"""Which atoms and periodic images surround the centers of a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint._support.jobs import threads
from isoprint._support.parameters import real
from isoprint.structures.centers import Centers, resolve
from isoprint.structures.frames import Frames, as_list, pack

if TYPE_CHECKING:
    from isoprint.typing import FramesLike


@dataclass(frozen=True, eq=False)
class Neighbors:
    """Neighbors of the centers of one frame, in compressed rows: one row a center, by default one an atom.

    The neighbors of center `i` are the places `offsets[i]:offsets[i + 1]` of `index` and `vector`. Every periodic image
    counts, images of the center itself too; the center itself does not. Of all atoms, pairs appear once from either
    end.

    Attributes
    ----------
    offsets : ndarray (n_centers + 1,)
        Where the neighbors of each center begin and end.
    index : ndarray (n_pairs,)
        The atom of which the neighbor is an image.
    vector : ndarray (n_pairs, 3)
        From the center to its neighbor, in Å.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> water = molecule("H2O")
    >>> found = ip.neighbors(water, 1.2)
    >>> found.index[found.offsets[0] : found.offsets[1]].tolist()  # of the oxygen
    [2, 1]
    """

    offsets: NDArray[np.int64]
    index: NDArray[np.int64]
    vector: NDArray[np.float64]


def neighbors(frame: FramesLike, r_cut: float, *, centers: Any = None, n_jobs: int | None = None) -> Neighbors:
    """Find all neighbors within a distance of every atom of a frame, or of chosen centers.

    Parameters
    ----------
    frame : ase.Atoms or alike
        The structure; atoms may lie outside the cell, and the cell may be thinner than `r_cut`.
    r_cut : float
        Neighbors nearer than this are found, in Å.
    centers : sequence, optional
        As in `transform` of a descriptor: indices of atoms, or points `(k, 3)` in Å, or both in one list; every atom by
        default. Rows keep this order. The cost of a few centers of a large frame is that of sorting its atoms.
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
    >>> ip.neighbors(molecule("H2O"), 1.2, centers=[2]).index
    array([0])
    """
    radius = real("r_cut", r_cut, above=0.0, remedy="it must be a positive number of Å")
    structures, single = as_list(frame)
    if not single and len(structures) != 1:
        raise ValueError(
            f"neighbors are found in one frame at a time, not in {len(structures)}; call it for each frame"
        )
    packed = pack(structures)
    return search(packed, resolve(centers, packed, single, None), radius, n_jobs)


def search(frames: Frames, centers: Centers, r_cut: float, n_jobs: int | None = None) -> Neighbors:
    """The neighbors of centers of a single frame that is packed."""
    return Neighbors(*_core.neighbors(frames, centers, r_cut, threads=threads(n_jobs)))
