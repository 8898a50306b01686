"""The mean similarity of all environments."""

from __future__ import annotations

from typing import Any

import numpy as np

from isoprint import kernels
from isoprint.compat.dscribe.kernels.localsimilaritykernel import LocalSimilarityKernel


class AverageKernel(LocalSimilarityKernel):
    """Mean similarity of all environments of one structure with all of another.

    Parameters
    ----------
    metric, gamma, degree, coef0, kernel_params, normalize_kernel
        As of `LocalSimilarityKernel`.

    Examples
    --------
    >>> AverageKernel(metric="rbf", gamma=1.0).create([[[1.0, 0.0]], [[0.0, 1.0], [0.6, 0.8]]]).round(3)
    array([[1.  , 0.32],
           [0.32, 1.  ]])
    """

    def _compiled(self) -> Any:
        return kernels.AverageKernel(**self._parameters())

    def get_global_similarity(self, localkernel: Any) -> float:
        """The mean.

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
        >>> AverageKernel(metric="linear").get_global_similarity([[0.0, 0.5]])
        0.25
        """
        return float(np.mean(localkernel))
