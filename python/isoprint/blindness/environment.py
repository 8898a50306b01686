"""One center and the sites it sees, as an open structure on which any fingerprint can be evaluated.

In a crystal the images of an atom are sites of their own here: what a fingerprint cannot see is a question about the
surroundings of one center, not about the cell.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import plain, short_repr
from isoprint.descriptors._reach import reach_of
from isoprint.structures.centers import Centers, resolve
from isoprint.structures.frames import ANY_ATOM, Frames, as_list, pack, require_species
from isoprint.structures.neighbors import search

if TYPE_CHECKING:
    from ase import Atoms

Floats = NDArray[np.float64]

# Sites out of sight are remembered this far beyond the cutoff, in Å: they may come into sight when sites move.
_MARGIN = 1.0


@dataclass(frozen=True, eq=False)
class Environment:
    """The surroundings of one center, and a fingerprint that describes them.

    Attributes
    ----------
    descriptor
        Has `transform` and `derivatives`; knows its species.
    numbers : ndarray (n_sites,)
        Atomic numbers, the center first.
    positions : ndarray (n_sites, 3)
        Where the sites are in the frame, in Å.
    atom : ndarray (n_sites,)
        The atom of the frame that each site is, or is an image of.
    outside : ndarray (n_others, 3)
        Sites just beyond the cutoff, in Å.
    r_cut : float
        How far the center sees, in Å; infinite where the descriptor does not say.
    n_atoms : int
        Atoms of the frame.
    """

    descriptor: Any
    numbers: NDArray[np.int64]
    positions: Floats
    atom: NDArray[np.int64]
    outside: Floats
    r_cut: float
    n_atoms: int

    def frame(self, positions: Floats | None = None) -> Atoms:
        """The sites as open `ase.Atoms`, the center first."""
        from ase import Atoms

        return Atoms(numbers=self.numbers, positions=self.positions if positions is None else positions)

    def row(self, positions: Floats) -> Floats:
        """The fingerprint with the sites at these positions, `(n_features,)`."""
        rows = np.asarray(self.descriptor.transform(self.frame(positions), centers=[0]), float)
        return rows.reshape(-1)

    def jacobian(self, positions: Floats) -> Floats:
        """Its derivatives, `(3 n_sites, n_features)` in 1 / Å."""
        found = self.descriptor.derivatives(self.frame(positions), centers=[0])
        n = len(self.numbers)
        if isinstance(found, np.ndarray):
            whole = found
        elif len(found.values) == n and np.array_equal(found.atom, np.arange(n)):
            whole = found.values  # every site is seen: nothing to fill in
        else:
            whole = found.dense()
        if whole.dtype != np.float64:
            raise ValueError(
                f"derivatives are {whole.dtype}, too coarse to tell soft modes from rounding;"
                " take a descriptor with dtype='float64'"
            )
        if whole.size % (3 * n):
            raise ValueError(f"derivatives have shape {whole.shape}, expected (1, {n}, 3, n_features)")
        flat = whole.reshape(3 * n, -1)
        if not np.isfinite(flat).all():
            raise ValueError("derivatives are not finite; two sites may be too near to each other for this descriptor")
        return flat


def environment(descriptor: Any, frame: Any, center: int) -> Environment:
    """Cut the surroundings of one atom out of a frame.

    Parameters
    ----------
    descriptor
        Has `transform` and `derivatives`; learns its species from the frame if it has not yet (a copy does).
        How far it sees is its `reach` or `r_cut`; without either all atoms of an open frame are sites.
    frame : ase.Atoms or alike
        The structure, periodic or not.
    center : int
        The atom.

    Returns
    -------
    Environment
        The center first, then the sites by atom and distance.
    """
    for name in ("transform", "derivatives"):
        if isinstance(descriptor, type) or not callable(getattr(descriptor, name, None)):
            raise ValueError(
                f"{short_repr(descriptor)} has no method {name}; take a descriptor of isoprint, or anything with"
                " transform and derivatives"
            )
    if getattr(descriptor, "average", None) is not None:
        raise ValueError(
            f"the descriptor averages over centers (average={short_repr(descriptor.average)}), but the question is"
            " what one center sees; set average=None"
        )
    structures, single = as_list(frame)
    if len(structures) != 1:
        raise ValueError(f"an environment is part of one frame, not of {len(structures)}; take them one by one")
    packed = pack(structures)
    require_species(packed, ANY_ATOM, type(descriptor).__name__)
    centers = _one(center, packed)
    index = int(centers.atom[0])
    known = fitted(descriptor, structures[0] if single else structures)
    if not getattr(known, "periodic", True):
        packed = packed._replace(pbc=np.zeros_like(packed.pbc))
    r_cut = reach_of(known, type(known).__name__)
    atom, vector = _sites(packed, centers, r_cut)
    inside = np.linalg.norm(vector, axis=1) < r_cut
    if not inside.any():
        within = f"within {r_cut:g} Å of" if np.isfinite(r_cut) else "beside"
        raise ValueError(
            f"there is no site {within} atom {index}: a lonely center has no internal motions; take another center"
            " or a larger r_cut"
        )
    at = packed.positions[index]
    order = np.lexsort((np.linalg.norm(vector, axis=1), atom))
    seen = order[inside[order]]
    return Environment(
        known,
        packed.numbers[np.concatenate([[index], atom[seen]])],
        np.vstack([at, at + vector[seen]]),
        np.concatenate([[index], atom[seen]]),
        at + vector[order[~inside[order]]],
        r_cut,
        packed.n_atoms,
    )


def _one(center: Any, frames: Frames) -> Centers:
    """A single atom as the only center."""
    if isinstance(center, (list, tuple)) or plain("center", center).shape:
        raise ValueError(
            f"center is {short_repr(center)}; give the index of one atom: a point in space does not move along"
        )
    return resolve([center], frames, True, None)


def fitted(descriptor: Any, frame: Any) -> Any:
    """The descriptor, or a copy that has learned its species where it knew none."""
    known = getattr(descriptor, "__sklearn_is_fitted__", None)
    if known is None or known() or getattr(descriptor, "species", 0) is not None:
        return descriptor
    return copy.deepcopy(descriptor).fit(frame)


def _sites(frames: Frames, center: Centers, r_cut: float) -> tuple[NDArray[np.int64], Floats]:
    """Atoms and vectors of the sites around a center, and of those just beyond."""
    if np.isfinite(r_cut):
        found = search(frames, center, r_cut + _MARGIN)
        return found.index, found.vector
    if frames.pbc.any():
        raise ValueError(
            "the descriptor does not say how far it sees, but the frame is periodic; give it an attribute r_cut in Å"
        )
    index = int(center.atom[0])
    others = np.delete(np.arange(frames.n_atoms), index)
    return others, frames.positions[others] - frames.positions[index]
