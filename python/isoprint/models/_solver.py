"""Weights of the sparse points from what was seen of the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import real
from isoprint.models._kernel import DotProductKernel
from isoprint.models._labels import DEFAULT
from isoprint.models._sparse_set import SparseSet
from isoprint.models._triangle import Triangle

Floats = NDArray[np.float64]


class Solution(NamedTuple):
    """Weights, the triangle of the whole problem, and the norm of what is left over."""

    alpha: Floats
    factor: Floats
    residual: float


def cholesky_of(kernel: Floats, jitter: float, on_diagonal: float) -> Floats:
    """`L` of `K_MM + jitter k(1) = L Lᵀ`, lower, of one sparse set."""
    from scipy.linalg import LinAlgError, cholesky

    kernel[np.diag_indices_from(kernel)] += jitter * on_diagonal
    try:
        return np.asarray(cholesky(kernel, lower=True))
    except LinAlgError:
        raise ValueError(
            f"the kernel matrix of the sparse points is not positive definite with jitter={jitter}; raise jitter,"
            " or take fewer points"
        ) from None


def prior_factor(sparse: SparseSet, kernel: DotProductKernel, jitter: float) -> Floats:
    """`L` of the kernel matrix of unit fingerprints, block by block of the elements."""
    whole = np.zeros((sparse.n_points, sparse.n_points))
    for _, points, columns in sparse.columns():
        block, _ = kernel.value_and_slope(points @ points.T)
        whole[columns, columns] = cholesky_of(block, jitter, kernel.on_diagonal())
    return whole


def solve(prior: Floats, groups: Iterable[tuple[Triangle, float]]) -> Solution:
    """Minimize `Σ |rows · alpha - y|² / sigma² + |Lᵀ alpha|²` from the triangles of the rows, each with its sigma.

    L. Foster et al., J. Mach. Learn. Res. 10, 857 (2009), sect. 3.3.
    """
    from scipy.linalg import solve_triangular

    m = len(prior)
    total = Triangle(m + 1)
    total.push(np.hstack([prior.T, np.zeros((m, 1))]))
    for triangle, sigma in groups:
        total.push(np.triu(triangle.factor) / sigma)
    factor = np.triu(total.factor[:m, :m])
    alpha = solve_triangular(factor, total.factor[:m, m])
    return Solution(alpha, factor, abs(float(total.factor[m, m])))


def sigma_of(kind: str, given: Any, config_type: str) -> float:
    """The sigma of a kind of label for frames of a type."""
    remedy = "it must be a positive number"
    if not isinstance(given, Mapping):
        return real(f"sigma_{kind}", given, above=0.0, remedy=remedy)
    if config_type in given:
        return real(f"sigma_{kind} of {config_type!r}", given[config_type], above=0.0, remedy=remedy)
    if DEFAULT not in given:
        raise ValueError(
            f"sigma_{kind} has no entry for config_type {config_type!r}, and none for {DEFAULT!r}; add one of them"
        )
    return real(f"sigma_{kind} of {DEFAULT!r}", given[DEFAULT], above=0.0, remedy=remedy)
