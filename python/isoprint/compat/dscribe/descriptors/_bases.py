"""Radial functions of DScribe as numbers: for users who ask for them, and where DScribe cannot make them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# What is left of a Gaussian at its own radius.
_DECAYED = 1e-3
_NODES = 100
# Between this and zero, in parts of the largest eigenvalue, DScribe makes functions of what rounding left.
_INDEFINITE = -1e-10


def gaussian_basis(r_cut: float, n_max: int, l_max: int) -> tuple[Floats, Floats]:
    """Exponents `(l_max + 1, n_max)` and coefficients `(l_max + 1, n_max, n_max)` of Gaussians that are orthonormal.

    Parameters
    ----------
    r_cut : float
        Cutoff in Å.
    n_max, l_max : int
        Number of functions, highest degree.

    Raises
    ------
    ValueError
        If they are too many for double precision.
    """
    radii = np.linspace(1.0, r_cut, n_max)
    degree = np.arange(l_max + 1)[:, None]
    exponents = (degree * np.log(radii) - math.log(_DECAYED)) / radii**2
    power = degree[..., None] + 1.5
    factors = 0.5 * np.array([math.gamma(one) for one in power.ravel()]).reshape(power.shape)
    overlap = factors * (exponents[:, :, None] + exponents[:, None, :]) ** -power
    return exponents, inverse_root(overlap)


def polynomial_basis(r_cut: float, n_max: int) -> tuple[Floats, Floats]:
    """Radii `(100,)`, and the values `(n_max, 100)` of orthonormal polynomials there.

    Parameters
    ----------
    r_cut : float
        Cutoff in Å.
    n_max : int
        Number of functions.

    Raises
    ------
    ValueError
        If they are too many for double precision.
    """
    order = np.arange(1, n_max + 1)
    both = order[:, None] + order[None, :]
    overlap = 2.0 * r_cut ** (7.0 + both) / ((5 + both) * (6 + both) * (7 + both))
    radii = 0.5 * r_cut * (np.polynomial.legendre.leggauss(_NODES)[0] + 1.0)
    powers = (r_cut - radii) ** (order[:, None] + 2.0)
    return radii, inverse_root(overlap) @ powers


def inverse_root(overlap: Any) -> Floats:
    """`S^(-1/2)` of overlaps, symmetric (Löwdin); `ValueError` where rounding makes the inverse indefinite."""
    try:
        inverse = np.linalg.inv(overlap)
        values, vectors = np.linalg.eigh(0.5 * (inverse + np.swapaxes(inverse, -1, -2)))
    except np.linalg.LinAlgError:
        values = vectors = np.zeros_like(overlap)
    if not np.all(values[..., 0] > _INDEFINITE * values[..., -1]):
        raise ValueError(
            "Could not calculate normalization factors for the radial basis in the domain of real numbers. Lowering the"
            " number of radial basis functions (n_max) or increasing the radial cutoff (r_cut) is advised; isoprint"
            " itself needs neither, and strict=False goes on."
        )
    root: Floats = (vectors * np.sqrt(np.abs(values))[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    return root
