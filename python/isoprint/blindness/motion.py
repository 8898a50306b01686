"""Displacements of a handful of atoms: the rigid ones, the others, and how to take the rigid ones away.

Positions are arrays `(n_atoms, 3)` in Å; a basis of displacements is an array of orthonormal rows `(k, 3 n_atoms)`.
"""

from __future__ import annotations

from itertools import permutations, product
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# A rotation that moves no atom by more than this part of the extent is none: the atoms are in line.
_IN_LINE = 1e-8
# Relabelings are tried one by one; seven like atoms have as many.
MOST_RELABELINGS = 5040


def centered(positions: Floats) -> Floats:
    """Return positions with their centroid at the origin."""
    return np.asarray(positions - positions.mean(axis=0))


def rigid_motions(positions: Floats) -> Floats:
    """Translations and rotations, as orthonormal rows: 6, or 5 of atoms in line, or 3 of a single atom.

    Parameters
    ----------
    positions : ndarray (n_atoms, 3)
        In Å.

    Returns
    -------
    ndarray (k, 3 n_atoms)
        The three translations first.
    """
    n = len(positions)
    translations = np.tile(np.eye(3), n) / np.sqrt(n)
    # Row a is the displacement of every atom by a rotation about axis a: e_a × x.
    turns = np.cross(np.eye(3)[:, None, :], centered(positions)).reshape(3, 3 * n)
    _, size, rotations = np.linalg.svd(turns, full_matrices=False)
    return np.vstack([translations, rotations[size > _IN_LINE * max(float(size[0]), np.finfo(float).tiny)]])


def complement(rows: Floats) -> Floats:
    """Orthonormal columns that span everything orthogonal to the given orthonormal rows.

    Parameters
    ----------
    rows : ndarray (k, n)
        Orthonormal rows.

    Returns
    -------
    ndarray (n, n - k)
        Orthonormal columns.
    """
    q, _ = np.linalg.qr(rows.T, mode="complete")
    return np.ascontiguousarray(q[:, len(rows) :])


def internal_motions(positions: Floats) -> Floats:
    """Orthonormal columns that span all displacements but the rigid ones, `(3 n_atoms, 3 n_atoms - k)`."""
    return complement(rigid_motions(positions))


def rotation_onto(positions: Floats, target: Floats) -> Floats:
    """The rotation that brings centered positions nearest to a centered target, no mirror image (Kabsch 1976).

    Parameters
    ----------
    positions, target : ndarray (..., n_atoms, 3)
        Both with their centroids at the origin.

    Returns
    -------
    ndarray (..., 3, 3)
        `positions @ rotation` is as near to the target as can be.
    """
    u, _, vt = np.linalg.svd(np.swapaxes(positions, -1, -2) @ target)
    u[..., :, 2] *= np.sign(np.linalg.det(u @ vt))[..., None]
    return np.asarray(u @ vt)


def aligned(positions: Floats, target: Floats) -> Floats:
    """Positions moved rigidly until they are as near to the target as can be; centroids at the origin."""
    own = centered(positions)
    return np.asarray(own @ rotation_onto(own, centered(target)))


def relabelings(numbers: NDArray[np.int64], most: int = MOST_RELABELINGS) -> NDArray[np.intp]:
    """All orders of the atoms that keep the center (atom 0) and exchange like atoms only, the identity first.

    Parameters
    ----------
    numbers : ndarray (n_atoms,)
        Atomic numbers.
    most : int
        More than these are not listed.

    Returns
    -------
    ndarray (n_orders, n_atoms)

    Raises
    ------
    ValueError
        Where there are too many.
    """
    groups = [1 + np.flatnonzero(numbers[1:] == number) for number in np.unique(numbers[1:])]
    count = prod(factorial(len(group)) for group in groups)
    if count > most:
        raise ValueError(f"like atoms can be exchanged in {count} ways, more than the {most} that are tried one by one")
    orders = np.tile(np.arange(len(numbers)), (count, 1))
    for row, chosen in zip(orders, product(*(permutations(group) for group in groups)), strict=True):
        for group, order in zip(groups, chosen, strict=True):
            row[group] = order
    return orders


def distances_of_copies(positions: Floats, target: Floats, orders: NDArray[np.intp], *, mirror: bool) -> Floats:
    """How far relabeled, rigidly moved copies of a structure stay from another structure.

    Parameters
    ----------
    positions, target : ndarray (n_atoms, 3)
        The two structures.
    orders : ndarray (n_orders, n_atoms)
        Relabelings of the first.
    mirror : bool
        Whether its mirror image is taken.

    Returns
    -------
    ndarray (n_orders,)
        Root of the sum of squares over all coordinates, in Å.
    """
    own, onto = centered(positions), centered(target)
    copies = (-own if mirror else own)[orders]
    return np.asarray(np.linalg.norm(copies @ rotation_onto(copies, onto) - onto, axis=(-2, -1)))


def congruence(positions: Floats, target: Floats, numbers: NDArray[np.int64]) -> float:
    """Distance in Å of two structures over all rigid motions, mirror images and relabelings that keep atom 0."""
    orders = relabelings(numbers)
    return min(float(distances_of_copies(positions, target, orders, mirror=mirror).min()) for mirror in (False, True))
