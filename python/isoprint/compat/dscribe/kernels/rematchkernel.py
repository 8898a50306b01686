"""The mean similarity of environments over a match that entropy has softened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from isoprint import kernels
from isoprint.compat.dscribe.kernels.localsimilaritykernel import LocalSimilarityKernel
from isoprint.kernels._blocks import Matching

# DScribe iterates without end.
_MOST = 1_000_000


class REMatchKernel(LocalSimilarityKernel):
    """Similarity of environments over a match that is as good as it can be, but for its entropy.

    Iterations begin and end as DScribe's do, so that numbers agree to rounding for any `threshold`. Where its
    exponentials overflow, and it returns NaN, iterations go on in logarithms.

    Parameters
    ----------
    alpha : float
        Weight of the entropy.
    threshold : float
        Iterations end when the squares of what they change are no more than this part of the whole.
    metric, gamma, degree, coef0, kernel_params, normalize_kernel
        As of `LocalSimilarityKernel`.

    Examples
    --------
    >>> REMatchKernel(alpha=0.1, metric="linear").create([[[1.0, 0.0]], [[0.0, 1.0], [0.6, 0.8]]]).round(3)
    array([[1.   , 0.304],
           [0.304, 1.   ]])
    """

    def __init__(
        self,
        alpha: float = 0.1,
        threshold: float = 1e-6,
        metric: Any = "linear",
        gamma: float | None = None,
        degree: float = 3,
        coef0: float = 1,
        kernel_params: Mapping[str, Any] | None = None,
        normalize_kernel: bool = True,
    ) -> None:
        self.alpha = alpha
        self.threshold = threshold
        super().__init__(metric, gamma, degree, coef0, kernel_params, normalize_kernel)

    def _compiled(self) -> Any:
        return _EndingAsTheirs(alpha=self.alpha, tol=self.threshold, max_iter=_MOST, **self._parameters())

    def get_global_similarity(self, localkernel: Any) -> float:
        """The similarity over the match.

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
        >>> round(REMatchKernel(alpha=0.1).get_global_similarity([[0.0, 0.5], [0.5, 0.1]]), 3)
        0.495
        """
        similarities = np.asarray(localkernel, dtype=np.float64)
        kernel = _EndingAsTheirs(
            alpha=self.alpha, tol=self.threshold, max_iter=_MOST, metric=_Known(similarities), normalize=False
        )
        n, m = similarities.shape
        return float(kernel([np.ones((n, 1))], [np.ones((m, 1))])[0, 0])


class _EndingAsTheirs(kernels.REMatch):
    """With DScribe's criterion for the end of iterations."""

    def _matching(self) -> Matching | None:
        matching = super()._matching()
        return None if matching is None else matching._replace(of_marginals=False)


class _Known:
    """Similarities that are there already, as a function of two arrays."""

    def __init__(self, similarities: Any) -> None:
        self._similarities = similarities

    def __call__(self, a: Any, b: Any) -> Any:
        return self._similarities
