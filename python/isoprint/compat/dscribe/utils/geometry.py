"""Distances, and structures with their images."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike


def get_adjacency_matrix(
    radius: float, pos1: ArrayLike, pos2: ArrayLike | None = None, output_type: str = "coo_matrix"
) -> Any:
    """Distances up to a radius.

    Parameters
    ----------
    radius : float
        Largest distance in Å.
    pos1, pos2 : array_like (n, 3)
        Points; without the second, the distances among the first.
    output_type : {"coo_matrix", "dok_matrix", "dict", "ndarray"}
        What to return.

    Examples
    --------
    >>> get_adjacency_matrix(1.5, [[0, 0, 0], [1, 0, 0], [3, 0, 0]]).toarray().tolist()
    [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    from scipy.spatial import cKDTree

    one = cKDTree(pos1)
    other = one if pos2 is None else cKDTree(pos2)
    return one.sparse_distance_matrix(other, radius, output_type=output_type)


def get_adjacency_list(adjacency_matrix: Any) -> list[list[int]]:
    """Neighbors of each point, of a matrix as `get_adjacency_matrix` returns it: a point is its own, too.

    Examples
    --------
    >>> get_adjacency_list(get_adjacency_matrix(1.5, [[0, 0, 0], [1, 0, 0], [3, 0, 0]]))
    [[0, 1], [0, 1], [2]]
    """
    matrix = adjacency_matrix.tocoo()
    neighbors: list[list[int]] = [[] for _ in range(matrix.shape[0])]
    for row, column in zip(matrix.row.tolist(), matrix.col.tolist(), strict=True):
        neighbors[row].append(column)
    return neighbors


def get_extended_system(
    system: Atoms, radial_cutoff: float, centers: ArrayLike | None = None, return_cell_indices: bool = False
) -> Any:
    """A structure together with its images.

    Parameters
    ----------
    system : ase.Atoms
        The structure.
    radial_cutoff : float
        How far images are wanted, in Å.
    centers : array_like (n, 3), optional
        Points; images farther than the cutoff from each of them are left out.
    return_cell_indices : bool
        Whether to return, of each atom, which cell it is in as well; needs `centers`.

    Returns
    -------
    ase.Atoms, or (ase.Atoms, ndarray)
        The atoms of the structure itself first. With `centers`, always the second form.

    Examples
    --------
    >>> from ase.build import bulk
    >>> len(get_extended_system(bulk("Cu", "fcc", a=3.6, cubic=True), 3.0))
    108
    """
    copies = _copies(system, radial_cutoff)
    if centers is None and not return_cell_indices:
        # From the cell itself outwards, first up, then down, along each axis.
        cells = list(itertools.product(*(_up_then_down(count) for count in copies)))
        shifts = np.array(cells, dtype=np.float64) @ system.cell.array
        positions = (system.positions[None] + shifts[:, None]).reshape(-1, 3)
        return Atoms(positions=positions, numbers=np.tile(system.numbers, len(cells)))
    points = np.asarray(centers, dtype=np.float64).reshape(-1, 3)
    positions, numbers = [system.get_positions()], [system.get_atomic_numbers()]
    indices = [np.zeros((len(system), 3), dtype=int)]
    for cell in itertools.product(*(range(-count, count + 1) for count in copies)):
        if cell == (0, 0, 0):
            continue
        image = system.positions - np.array(cell) @ system.cell.array
        near = np.linalg.norm(image[:, None] - points[None], axis=2).min(axis=1) < radial_cutoff
        if near.any():
            positions.append(image[near])
            numbers.append(system.numbers[near])
            indices.append(np.tile(np.array(cell, dtype=int), (int(near.sum()), 1)))
    extended = Atoms(positions=np.concatenate(positions), numbers=np.concatenate(numbers), cell=system.cell, pbc=False)
    return extended, np.vstack(indices)


def _copies(system: Atoms, radius: float) -> list[int]:
    """Cells to each side that a sphere around any point of the first one may touch."""
    if not system.pbc.any():
        return [0, 0, 0]
    inverse = np.linalg.norm(np.linalg.inv(system.cell.complete().array), axis=0)
    return [int(np.ceil(radius * one)) if periodic else 0 for one, periodic in zip(inverse, system.pbc, strict=True)]


def _up_then_down(count: int) -> list[int]:
    return [*range(count + 1), *range(-count, 0)]
