"""The mean similarity of all environments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.kernels._base import StructureKernel
from isoprint.kernels._blocks import ROWS, Matching, Pairs, _inverse_root
from isoprint.kernels._environments import Metric, Polynomial
from isoprint.kernels._structures import Structures

Floats = NDArray[np.float64]


class AverageKernel(StructureKernel):
    """Mean similarity of all environments of one structure with all of another.

    `K(A, B) = Σ k(a, b) / (n m)` over the `n` environments of `A` and the `m` of `B`.

    Parameters
    ----------
    descriptor : descriptor, optional
        Makes the features of frames. `None`: the kernel is given lists of features, an array `(n_environments,
        n_features)` for each structure.
    metric : {"linear", "power", "polynomial", "rbf", "laplacian"}, name or callable
        Kernel `k` of two environments with the features `a` and `b`: `a·b`, `(a·b)^zeta`, `(gamma a·b + coef0)^degree`,
        `exp(-gamma |a - b|²)` or `exp(-gamma Σ |a - b|)`; any other name that scikit-learn's `pairwise_kernels` knows;
        or a function of two arrays `(n, n_features)` and `(m, n_features)` that returns one `(n, m)`. A function whose
        derivatives are wanted has a method `pullback(a, b, adjoint)`, which returns the derivative of `Σ adjoint · k`
        with respect to `a`.
    zeta : float
        Power of "power".
    gamma : float, optional
        Of "polynomial", "rbf" and "laplacian"; `None` is one over the number of features.
    degree, coef0 : float
        Of "polynomial".
    normalize : bool
        Whether to divide by `sqrt(K(A, A) K(B, B))`, so that every structure has a similarity of one with itself. That
        of one whose features are all zero is zero with every other.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"])
    >>> kernel = ip.kernels.AverageKernel(soap, metric="power", zeta=2)
    >>> kernel([molecule("CH4"), molecule("C2H6"), molecule("H2O")]).round(2)
    array([[1.  , 0.86, 0.34],
           [0.86, 1.  , 0.22],
           [0.34, 0.22, 1.  ]])

    Energies of structures, with scikit-learn:

    >>> from sklearn.kernel_ridge import KernelRidge
    >>> from sklearn.pipeline import make_pipeline
    >>> frames, energies = [molecule("CH4"), molecule("C2H6"), molecule("H2O")], [-24.0, -40.3, -14.1]
    >>> model = make_pipeline(kernel, KernelRidge(kernel="precomputed", alpha=1e-6)).fit(frames, energies)
    >>> model.predict([molecule("C3H8")]).shape
    (1,)

    Notes
    -----
    The linear kernel is the product of the mean features of the structures, and takes no more time than that. Others
    are computed in blocks of environments, one product of matrices each, whatever the number of structures; memory is
    that of the features, or of one block of frames at a time where these would take more than a gigabyte.

    Source: S. De, A. P. Bartók, G. Csányi, M. Ceriotti, Phys. Chem. Chem. Phys. 18, 13754 (2016), equation 6.
    """

    def __init__(
        self,
        descriptor: Any = None,
        *,
        metric: Metric = "linear",
        zeta: float = 1.0,
        gamma: float | None = None,
        degree: float = 3.0,
        coef0: float = 1.0,
        normalize: bool = True,
    ) -> None:
        self.descriptor = descriptor
        self.metric = metric
        self.zeta = zeta
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.normalize = normalize

    def _matching(self) -> Matching | None:
        return None

    @property
    def _is_linear(self) -> bool:
        environments = self._settings().for_features(1, 0)
        return isinstance(environments, Polynomial) and environments.is_linear

    def _write_symmetric(self, pairs: Pairs, structures: Structures, out: NDArray[Any]) -> None:
        if not self._is_linear:
            super()._write_symmetric(pairs, structures, out)
            return
        means = _means(structures)
        _write_products(means, means, out)

    def _write_between(self, pairs: Pairs, structures: Structures, others: Structures, out: NDArray[Any]) -> None:
        if not self._is_linear:
            super()._write_between(pairs, structures, others, out)
            return
        _write_products(_means(structures), _means(others), out)

    def _own(self, pairs: Pairs, structures: Structures) -> Floats:
        if not self._is_linear:
            return super()._own(pairs, structures)
        means = _means(structures)
        found: Floats = np.einsum("ij,ij->i", means, means)
        return found

    def _pulled_back(
        self,
        pairs: Pairs,
        structures: Structures,
        others: Structures,
        adjoint: Floats,
        scales: tuple[Floats, Floats] | None,
    ) -> Floats:
        if not self._is_linear:
            return super()._pulled_back(pairs, structures, others, adjoint, scales)
        of_others = _means(others)
        if scales is None:
            back = adjoint @ of_others
        else:
            weights = adjoint * np.multiply.outer(_inverse_root(scales[0]), _inverse_root(scales[1]))
            back, own = weights @ of_others, _means(structures)
            of_self = np.einsum("ij,ij->i", back, own) * _inverse_root(scales[0]) ** 2
            back -= of_self[:, None] * own
        counts = np.diff(structures.offsets)
        return np.repeat(back / counts[:, None], counts, axis=0)


def _means(structures: Structures) -> Floats:
    """Mean features of each structure."""
    means = np.empty((len(structures), structures.n_features or 0))
    for start, stop in structures.blocks(ROWS):
        bounds = structures.bounds(start, stop)
        with np.errstate(over="ignore"):  # which is told of
            np.add.reduceat(structures.rows(start, stop), bounds[:-1], axis=0, out=means[start:stop])
        means[start:stop] /= np.diff(bounds)[:, None]
    return means


def _write_products(means: Floats, others: Floats, out: NDArray[Any]) -> None:
    """A product of matrices, so many rows at a time that a signal is heard in between."""
    if not np.isfinite(means).all() or not np.isfinite(others).all():
        raise ValueError("mean features are not finite: features are too large; scale them down")
    if not out.size:
        return
    step = max(1, (1 << 30) // max(1, others.size))
    for start in range(0, len(means), step):
        with np.errstate(over="ignore", invalid="ignore"):  # which is told of
            part = means[start : start + step] @ others.T
        if not np.isfinite(part).all():
            raise ValueError("products of features are not finite: features are too large; scale them down")
        out[start : start + step] = part
