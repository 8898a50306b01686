"""A four-body energy of one center: something to learn that no pair and no angle alone decides.

The energy is the sum of the squared cosines of all torsions about the bonds of the center,

    E = Σ_j Σ_{i<k} cos² ω_ijk,   cos ω_ijk = (u_i·u_k - (u_i·u_j)(u_j·u_k)) / (sin θ_ij sin θ_jk),

with the unit vectors `u` from the center to its neighbors: for every bond `j` and every pair of other neighbors the
angle between the planes that they span with the bond. It does not change under rotations, mirror images, permutations
of neighbors, or stretched bonds. Proposed as a target by B. Parsaeifard and S. Goedecker, J. Chem. Phys. 156, 034302
(2022), who print no formula; this is the reading with the fewest choices.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import real_array

Floats = NDArray[np.float64]

# Sines below this are those of neighbors in line with the center: a torsion about the bond means nothing there.
IN_LINE = 1e-7


def four_body_energy(positions: ArrayLike) -> Floats:
    """Sum of squared cosines of the torsions about all bonds of a center.

    Parameters
    ----------
    positions : array_like (..., n_sites, 3)
        The center first, then its neighbors; any unit. All of them count, however far they are.

    Returns
    -------
    ndarray (...)
        Without unit: 3 terms for three neighbors, 12 for four; zero for fewer than three neighbors.

    Raises
    ------
    ValueError
        For a neighbor on the center, or two of three or more neighbors in line with it.

    Examples
    --------
    >>> from ase.build import molecule
    >>> import isoprint as ip
    >>> round(float(ip.four_body_energy(molecule("CH4").positions)), 12)  # 12 torsions of ±120°
    3.0
    """
    cosine = _torsions(*_directions(positions)[:2]).cosine
    return np.asarray(0.5 * np.sum(cosine**2, axis=(-3, -2, -1)))


def four_body_gradient(positions: ArrayLike) -> Floats:
    """Derivative of `four_body_energy` with respect to all positions.

    Parameters
    ----------
    positions : array_like (..., n_sites, 3)
        The center first, then its neighbors, in Å.

    Returns
    -------
    ndarray (..., n_sites, 3)
        In 1/Å; the sum over sites is zero.

    Examples
    --------
    >>> from ase.build import molecule
    >>> import isoprint as ip
    >>> ip.four_body_gradient(molecule("NH3").positions).shape
    (4, 3)
    """
    directions, sine, length = _directions(positions)
    cosine, product, inverse = _torsions(directions, sine)
    # E is half the sum over ordered pairs (i, k), so dE = Σ_jik cosine · d cosine.
    # By u_i·u_k: the numerators. By u_i·u_j: numerators and sines; (i, k) and (k, i) give the same, hence the two.
    scaled = cosine * inverse[..., :, :, None] * inverse[..., :, None, :]
    across = scaled.sum(axis=-3)
    squares = np.sum(cosine**2, axis=-1)
    along = 2.0 * (product * inverse**2 * squares - np.einsum("...jik,...jk->...ji", scaled, product))
    weights = across + along
    gradient = (weights + np.swapaxes(weights, -1, -2)) @ directions
    gradient -= np.sum(gradient * directions, axis=-1, keepdims=True) * directions
    gradient /= length[..., None]
    return np.concatenate([-gradient.sum(axis=-2, keepdims=True), gradient], axis=-2)


class _Torsions(NamedTuple):
    """`cosine` (..., j, i, k) of every torsion i-center-j-k, zero where two are one; Gram matrix; 1 / sines."""

    cosine: Floats
    product: Floats
    inverse: Floats


def _torsions(directions: Floats, sine: Floats) -> _Torsions:
    product = directions @ np.swapaxes(directions, -1, -2)
    n = directions.shape[-2]
    apart = ~np.eye(n, dtype=bool)
    inverse = np.divide(1.0, sine, out=np.zeros_like(sine), where=apart & (sine > 0.0))
    numerator = product[..., None, :, :] - product[..., :, :, None] * product[..., :, None, :]
    cosine = numerator * inverse[..., :, :, None] * inverse[..., :, None, :]
    return _Torsions(np.where(apart, cosine, 0.0), product, inverse)


def _directions(positions: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Unit vectors from the center, sines of the angles between any two, and distances."""
    x = real_array("positions", positions, "are")
    if x.ndim < 2 or x.shape[-1] != 3 or x.shape[-2] < 1:
        raise ValueError(f"positions have shape {x.shape}, expected (..., n_sites, 3): the center first")
    if not np.isfinite(x).all():
        where = tuple(map(int, np.argwhere(~np.isfinite(x))[0]))
        raise ValueError(f"positions{list(where)} is {x[where]}; all positions must be finite")
    vectors = x[..., 1:, :] - x[..., :1, :]
    length = np.linalg.norm(vectors, axis=-1)
    if np.any(length == 0.0):
        *structure, site = map(int, np.argwhere(length == 0.0)[0])
        raise ValueError(f"site {site + 1}{_of(structure)} is on the center; a bond needs a direction")
    directions = vectors / length[..., None]
    # By the cross product: 1 - cos² would lose half of the digits of a small angle.
    sine = np.linalg.norm(np.cross(directions[..., :, None, :], directions[..., None, :, :]), axis=-1)
    n = directions.shape[-2]
    if n < 3:
        return directions, np.zeros_like(sine), length  # no bond has two other neighbors: no torsion
    in_line = (sine < IN_LINE) & ~np.eye(n, dtype=bool)
    if in_line.any():
        *structure, first, second = map(int, np.argwhere(in_line)[0])
        raise ValueError(
            f"sites {first + 1} and {second + 1}{_of(structure)} are in line with the center (sine of their angle"
            f" {sine[in_line].min():.1e}); the torsions about these bonds are undefined, so move one"
        )
    return directions, sine, length


def _of(structure: list[int]) -> str:
    return f" of structure {', '.join(map(str, structure))}" if structure else ""
