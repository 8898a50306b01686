"""Neighbors and images by the names of DScribe's compiled module."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike, NDArray

from isoprint.compat.dscribe.utils.geometry import get_extended_system


class CellList:
    """Neighbors of points among points, without images.

    Parameters
    ----------
    positions : array_like (n, 3)
        The points, in Å.
    cutoff : float
        The largest distance.

    Examples
    --------
    >>> CellList([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], 1.5).get_neighbours_for_index(0).indices
    [1]
    """

    def __init__(self, positions: ArrayLike, cutoff: float) -> None:
        from scipy.spatial import cKDTree

        self._positions: NDArray[np.float64] = np.array(positions, dtype=np.float64).reshape(-1, 3)
        self._tree = cKDTree(self._positions)
        self._cutoff = float(cutoff)

    def get_neighbours_for_index(self, idx: int) -> Any:
        """Neighbors of one of the points, itself not among them: `indices`, `distances`, `distances_squared`."""
        return self._found(self._positions[idx], idx)

    def get_neighbours_for_position(self, x: float, y: float, z: float) -> Any:
        """Neighbors of any point: `indices`, `distances`, `distances_squared`."""
        return self._found(np.array([x, y, z], dtype=np.float64), None)

    def _found(self, point: NDArray[np.float64], itself: int | None) -> Any:
        # A little more than the cutoff, and then by the same distances that are returned.
        near = sorted(self._tree.query_ball_point(point, self._cutoff * (1.0 + 1e-12)))
        near = [one for one in near if one != itself]
        squared = ((self._positions[near] - point) ** 2).sum(axis=1)
        kept = squared <= self._cutoff**2
        indices = [one for one, within in zip(near, kept.tolist(), strict=True) if within]
        return SimpleNamespace(
            indices=indices, distances=np.sqrt(squared[kept]).tolist(), distances_squared=squared[kept].tolist()
        )


def extend_system(
    positions: ArrayLike, atomic_numbers: ArrayLike, cell: ArrayLike, pbc: ArrayLike, cutoff: float
) -> Any:
    """A structure together with its images, as far as a cutoff.

    Parameters
    ----------
    positions : array_like (n, 3)
        In Å.
    atomic_numbers : array_like (n,)
        Of the atoms.
    cell : array_like (3, 3)
        Cell vectors as rows, in Å.
    pbc : array_like (3,)
        Which axes are periodic.
    cutoff : float
        How far images are wanted, in Å.

    Returns
    -------
    object
        With `positions`, `atomic_numbers` and `indices`: which atom of the structure each is.

    Examples
    --------
    >>> found = extend_system([[0.0, 0.0, 0.0]], [1], [[2, 0, 0], [0, 2, 0], [0, 0, 2]], [True, False, False], 1.0)
    >>> found.positions[:, 0].tolist(), found.indices.tolist()
    ([0.0, 2.0, -2.0], [0, 0, 0])
    """
    atoms = Atoms(positions=positions, numbers=np.asarray(atomic_numbers), cell=np.asarray(cell), pbc=np.asarray(pbc))
    extended = get_extended_system(atoms, cutoff)
    return SimpleNamespace(
        positions=extended.positions,
        atomic_numbers=extended.numbers,
        indices=np.tile(np.arange(len(atoms)), len(extended) // max(len(atoms), 1)),
    )
