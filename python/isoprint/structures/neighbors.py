"""Which atoms and periodic images surround the centers of a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint._support.arrays import short_repr
from isoprint._support.jobs import threads
from isoprint._support.parameters import real
from isoprint.structures.centers import Centers, resolve
from isoprint.structures.frames import Frames, as_list, pack

if TYPE_CHECKING:
    from isoprint.typing import FrameLike, FramesLike


@dataclass(frozen=True, eq=False)
class Neighbors:
    """Neighbors of the centers of one frame, in compressed rows: one row a center, by default one an atom.

    The neighbors of center `i` are the places `offsets[i]:offsets[i + 1]` of `index` and `vector`. Every periodic image
    counts, images of the center itself too; the center itself does not. Of all atoms, pairs appear once from either
    end.

    Descriptors take such a list as `neighbors=` instead of searching. They compute vectors anew from the positions and
    the cell that they are given, so that a list which reaches farther than the descriptor serves while atoms move.

    Attributes
    ----------
    offsets : ndarray (n_centers + 1,)
        Where the neighbors of each center begin and end.
    index : ndarray (n_pairs,)
        The atom of which the neighbor is an image.
    vector : ndarray (n_pairs, 3)
        From the center to its neighbor, in Å, when the list was made.
    r_cut : float
        The distance within which they were found, in Å.
    shift : ndarray (n_pairs, 3) of int
        The image, in vectors of the cell: `vector` is `positions[index] + shift @ cell`, minus the center's position.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> water = molecule("H2O")
    >>> found = ip.neighbors(water, 1.2)
    >>> found.index[found.offsets[0] : found.offsets[1]].tolist()  # of the oxygen
    [2, 1]

    A list with a skin of 1 Å, while atoms move by up to half of it:

    >>> soap = ip.SOAP(species=["H", "O"], r_cut=4.0, n_max=4, l_max=3)
    >>> found = ip.neighbors(water, soap.reach + 1.0)
    >>> for _ in range(10):
    ...     water.positions += 0.02
    ...     if not found.serves(water, soap.reach):
    ...         found = ip.neighbors(water, soap.reach + 1.0)
    ...     rows = soap.transform(water, neighbors=found)
    """

    offsets: NDArray[np.int64]
    index: NDArray[np.int64]
    vector: NDArray[np.float64]
    r_cut: float = float("nan")

    @property
    def shift(self) -> NDArray[np.int32]:
        """The image of each neighbor, in vectors of the cell, `(n_pairs, 3)`."""
        return self._known.shift

    def serves(self, frame: FrameLike, reach: float) -> bool:
        """Whether all neighbors within `reach` are still in this list, wherever atoms and cell vectors have gone.

        That is certain while `2 * moved <= r_cut - reach`, where `moved` is how far the atom that moved farthest is
        from where it was when the list was made. A step that all atoms take together does not count. Where the cell has
        changed too, what counts is how far atoms moved in addition to the cell, and `r_cut` times the factor by which
        the cell shrank most along any direction.

        Parameters
        ----------
        frame : ase.Atoms or alike
            The same atoms, in the same order, with the same periodicity. An atom that was put back into the cell has
            moved by a vector of the cell.
        reach : float
            How far a descriptor sees, its `reach`, in Å.

        Returns
        -------
        bool
            Where it is `False`, `transform(frame, neighbors=...)` of a descriptor with this `reach` raises.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> found = ip.neighbors(water, 5.0)
        >>> water.positions[2] += [0.3, 0.3, 0.0]
        >>> found.serves(water, 4.0), found.serves(water, 4.5)
        (True, False)
        """
        length = real("reach", reach, above=0.0, remedy="it must be a positive number of Å")
        allowed, _, moved = self._known.motion(pack(as_list(frame)[0][:1]), length)
        return moved <= allowed

    @cached_property
    def _known(self) -> _core.KnownNeighbors:
        """The list as descriptors take it; its arrays are looked at once."""
        origin = vars(self).get("_origin")
        if origin is None:
            raise ValueError("these neighbors do not know which frame they are of; make them by isoprint.neighbors")
        frames, centers = origin
        places = np.ascontiguousarray(self.offsets), np.ascontiguousarray(self.index)
        return _core.KnownNeighbors(frames, centers, self.r_cut, *places, np.ascontiguousarray(self.vector))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_known"}


NeighborsLike: TypeAlias = Neighbors | Sequence[Neighbors] | None


def with_neighbors(frames: Frames, neighbors: NeighborsLike, single: bool) -> Frames:
    """The frames, and the neighbors that are known of each: one list for one frame, a sequence of lists for many."""
    if neighbors is None:
        return frames
    lists: list[Any] = [neighbors] if single or isinstance(neighbors, Neighbors) else list(neighbors)
    for known in lists:
        if not isinstance(known, Neighbors):
            raise TypeError(
                f"neighbors holds {short_repr(known)}; give what isoprint.neighbors(frame, r_cut) returns, for several"
                " frames a list of one for each"
            )
    if len(lists) != frames.n_frames:
        raise ValueError(f"there are neighbors of {len(lists)} frames for {frames.n_frames}; give those of each frame")
    return frames._replace(neighbors=[known._known for known in lists])


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
    resolved = resolve(centers, packed, single, None)
    found = search(packed, resolved, radius, n_jobs)
    # Copies: atoms move on.
    origin = Frames(packed.positions.copy(), packed.numbers, packed.cells.copy(), packed.pbc.copy(), packed.offsets)
    wanted = resolved if resolved.points is None else resolved._replace(points=resolved.points.copy())
    vars(found)["_origin"] = origin, wanted
    return found


def search(frames: Frames, centers: Centers, r_cut: float, n_jobs: int | None = None) -> Neighbors:
    """The neighbors of centers of a single frame that is packed."""
    return Neighbors(*_core.neighbors(frames, centers, r_cut, threads=threads(n_jobs)), r_cut)
