"""What the kernels share, and where kernels of one's own begin."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.kernels._base import StructureKernel
from isoprint.kernels._environments import OURS

Floats = NDArray[np.float64]


class LocalSimilarityKernel(ABC):
    """Similarity of structures from that of their environments.

    A subclass says in `get_global_similarity` what it makes of the similarities of two structures; it is asked for each
    pair. `AverageKernel` and `REMatchKernel` ask the compiled module instead, for many pairs at once.

    Parameters
    ----------
    metric : str or callable
        Name of a kernel that scikit-learn's `pairwise_kernels` knows, or a function of two rows and `kernel_params`.
    gamma, degree, coef0 : float
        Of the kernels that have them.
    kernel_params : mapping, optional
        Keyword arguments of a function.
    normalize_kernel : bool
        Whether to divide by `sqrt(K_ii K_jj)`. DScribe has NaN where that is zero, here it is zero.

    Examples
    --------
    >>> class Largest(LocalSimilarityKernel):
    ...     def get_global_similarity(self, localkernel):
    ...         return localkernel.max()
    >>> Largest("linear").create([[[1.0, 0.0]], [[0.0, 1.0], [0.6, 0.8]]])
    array([[1. , 0.6],
           [0.6, 1. ]])
    """

    def __init__(
        self,
        metric: Any,
        gamma: float | None = None,
        degree: float = 3,
        coef0: float = 1,
        kernel_params: Mapping[str, Any] | None = None,
        normalize_kernel: bool = True,
    ) -> None:
        self.metric = metric
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.kernel_params = kernel_params
        self.normalize_kernel = normalize_kernel

    def create(self, x: Any, y: Any = None) -> Floats:
        """The kernel of structures among themselves, or with others.

        Parameters
        ----------
        x, y : iterable of arrays (n_environments, n_features)
            Features of each structure, dense or sparse; `y=None` is `x`.

        Returns
        -------
        ndarray (n_x, n_y)
            One entry a pair of structures.

        Examples
        --------
        >>> from isoprint.compat.dscribe.kernels import AverageKernel
        >>> AverageKernel(metric="linear").create([[[1.0, 0.0]], [[0.6, 0.8]]])
        array([[1. , 0.6],
               [0.6, 1. ]])
        """
        kernel = self._compiled() if self._is_ours() else _PairByPair(self)
        return np.asarray(kernel(list(x), None if y is None else list(y)))

    def _compiled(self) -> StructureKernel:
        """The same kernel of the package."""
        raise NotImplementedError

    def _is_ours(self) -> bool:
        """Whether a subclass has left everything as it is."""
        ours = next((cls for cls in type(self).__mro__ if "_compiled" in vars(cls)), LocalSimilarityKernel)
        names = ("get_pairwise_matrix", "get_global_similarity")
        return ours is not LocalSimilarityKernel and all(
            getattr(type(self), name) is getattr(ours, name) for name in names
        )

    def _parameters(self) -> dict[str, Any]:
        """The kernel of environments in the package's terms."""
        plain = self.metric in OURS and self.metric != "power" if isinstance(self.metric, str) else False
        if not plain or (self.gamma is not None and not self.gamma > 0) or not self.degree > 0:
            return {"metric": _Pairwise(self), "normalize": bool(self.normalize_kernel)}
        return {
            "metric": self.metric,
            "gamma": self.gamma,
            "degree": self.degree,
            "coef0": self.coef0,
            "normalize": bool(self.normalize_kernel),
        }

    def get_pairwise_matrix(self, X: Any, Y: Any = None) -> Floats:
        """Similarities of the environments of two structures.

        Parameters
        ----------
        X, Y : array_like (n_environments, n_features)
            Features of each structure; `Y=None` is `X`.

        Returns
        -------
        ndarray (n_x, n_y)
            One entry a pair of environments.

        Examples
        --------
        >>> from isoprint.compat.dscribe.kernels import AverageKernel
        >>> AverageKernel(metric="linear").get_pairwise_matrix([[1.0, 0.0]], [[0.0, 1.0], [0.6, 0.8]])
        array([[0. , 0.6]])
        """
        from sklearn.metrics.pairwise import pairwise_kernels

        if callable(self.metric):
            options = dict(self.kernel_params or {})
        else:
            options = {"gamma": self.gamma, "degree": self.degree, "coef0": self.coef0}
        found: Floats = pairwise_kernels(X, Y, metric=self.metric, filter_params=True, **options)
        return found

    @abstractmethod
    def get_global_similarity(self, localkernel: Any) -> float:
        """Similarity of two structures from those of their environments.

        Parameters
        ----------
        localkernel : ndarray (n, m)
            Similarities of the environments.

        Returns
        -------
        float
            That of the structures.

        Examples
        --------
        >>> from isoprint.compat.dscribe.kernels import AverageKernel
        >>> AverageKernel(metric="linear").get_global_similarity([[0.0, 0.5]])
        0.25
        """


class _Pairwise:
    """Similarities by scikit-learn, as a function of two arrays."""

    def __init__(self, kernel: LocalSimilarityKernel) -> None:
        self._matrix: Callable[..., Floats] = kernel.get_pairwise_matrix

    def __call__(self, a: Floats, b: Floats) -> Floats:
        return self._matrix(a, b)


class _PairByPair:
    """A kernel of which only the user knows what it does: asked for one pair after the other."""

    def __init__(self, kernel: LocalSimilarityKernel) -> None:
        self._kernel = kernel

    def __call__(self, x: list[Any], y: list[Any] | None) -> Floats:
        x = [_with_rows(features) for features in x]
        others = x if y is None else [_with_rows(features) for features in y]
        found = np.zeros((len(x), len(others)))
        for i, one in enumerate(x):
            for j, other in enumerate(others):
                if y is None and j < i:
                    found[i, j] = found[j, i]
                else:
                    found[i, j] = self._similarity(one, None if y is None and i == j else other)
        if self._kernel.normalize_kernel:
            rows = np.diagonal(found).copy() if y is None else self._own(x)
            columns = rows if y is None else self._own(others)
            scale = np.sqrt(np.multiply.outer(rows, columns))
            found = np.divide(found, scale, out=np.zeros_like(found), where=scale > 0.0)
        return found

    def _own(self, structures: list[Any]) -> Floats:
        return np.array([self._similarity(features, None) for features in structures])

    def _similarity(self, one: Any, other: Any) -> float:
        return self._kernel.get_global_similarity(self._kernel.get_pairwise_matrix(one, other))


def _with_rows(features: Any) -> Any:
    """Sparse features as scikit-learn takes them."""
    return features.tocsr() if type(features).__module__.partition(".")[0] == "sparse" else features
