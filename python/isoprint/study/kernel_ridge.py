"""Kernel ridge regression whose two parameters choose themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import real, whole
from isoprint.study._learner import Learner, table_of, targets_of

Floats = NDArray[np.float64]


class Scaling(NamedTuple):
    """Features less `mean`, times `factor`, along `directions` or as they are: of total variance one."""

    mean: Floats
    factor: float
    directions: Floats | None

    def __call__(self, features: Floats) -> Floats:
        """Scaled features, `(n_rows, n_directions)`."""
        moved = (features - self.mean) * self.factor
        return moved if self.directions is None else np.asarray(moved @ self.directions)


class _Fit(NamedTuple):
    error: float
    length: float
    ridge: float
    weights: Floats


@dataclass(kw_only=True, eq=False)
class KernelRidge(Learner):
    """Gaussian kernel on features of total variance one; length and ridge by leave-one-out.

    All features are multiplied by one and the same number, so that their relative weights remain those of the
    fingerprint. Leave-one-out errors are exact and need no second fit.

    Parameters
    ----------
    lengths : sequence of float
        Lengths of the kernel `exp(-d² / 2 length²)` to choose from; the features vary by one altogether.
    ridges : sequence of float
        Numbers on the diagonal to choose from. Below 1e-10 eigenvalues of the kernel are rounding, and leave-one-out
        errors mislead.
    components : int or None
        Of more features than these, only as many principal directions enter; `None`: all.
    rows_for_components : int
        Principal directions are those of this many training rows, the first ones.

    Attributes
    ----------
    length_, ridge_ : float
        The best.
    leave_one_out_ : float
        Their root of the mean squared leave-one-out error.
    weights_ : ndarray (n_rows,)
        Coefficients of the kernel functions.

    Examples
    --------
    >>> import numpy as np
    >>> from isoprint.study import KernelRidge
    >>> x = np.linspace(-3.0, 3.0, 40)[:, None]
    >>> model = KernelRidge(lengths=(0.5, 1.0)).fit(x, np.sin(x[:, 0]))
    >>> bool(abs(model.predict([[0.5]]) - np.sin(0.5)) < 1e-6)
    True

    Notes
    -----
    With kernel `K` and ridge `λ`, the error at point `i` of the fit to all other points is
    `[(K + λ)⁻¹ y]_i / [(K + λ)⁻¹]_ii`; see C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning
    (2006), eq. 5.12. One eigendecomposition for each length gives it for all ridges.
    """

    lengths: Sequence[float] = (3.0, 10.0, 30.0)
    ridges: Sequence[float] = (1e-10, 1e-9, 1e-8, 1e-7, 1e-6)
    components: int | None = 400
    rows_for_components: int = 1500

    def fit(self, features: ArrayLike, targets: ArrayLike) -> KernelRidge:
        """Learn from rows of features and their targets.

        Parameters
        ----------
        features : array_like (n_rows, n_features)
            Two rows at least.
        targets : array_like (n_rows,)
            One number a row.

        Returns
        -------
        KernelRidge
            The learner itself.

        Examples
        --------
        >>> import numpy as np
        >>> from isoprint.study import KernelRidge
        >>> x = np.linspace(-3.0, 3.0, 40)[:, None]
        >>> model = KernelRidge(lengths=(0.5, 1.0)).fit(x, np.sin(x[:, 0]))
        >>> model.weights_.shape
        (40,)
        """
        from scipy.spatial.distance import cdist

        x = table_of(features)
        y = targets_of(targets, len(x))
        lengths, ridges = (self._positive(name) for name in ("lengths", "ridges"))
        self.scaling_ = self._scaling(x)
        self.rows_ = self.scaling_(x)
        self.mean_ = float(y.mean())
        square = np.asarray(cdist(self.rows_, self.rows_, "sqeuclidean"), float)
        best = min((_best(square, y - self.mean_, length, ridges) for length in lengths), key=lambda fit: fit.error)
        self.leave_one_out_, self.length_, self.ridge_, self.weights_ = best
        return self

    def predict(self, features: ArrayLike) -> Floats:
        """Targets of other rows.

        Parameters
        ----------
        features : array_like (n_rows, n_features)
            As many columns as in `fit`.

        Returns
        -------
        ndarray (n_rows,)
            One number a row.

        Examples
        --------
        >>> import numpy as np
        >>> from isoprint.study import KernelRidge
        >>> x = np.linspace(-3.0, 3.0, 40)[:, None]
        >>> model = KernelRidge(lengths=(0.5, 1.0)).fit(x, np.sin(x[:, 0]))
        >>> model.predict([[0.5], [1.0]]).round(4)
        array([0.4794, 0.8415])
        """
        from scipy.spatial.distance import cdist

        if not hasattr(self, "weights_"):
            raise ValueError("this KernelRidge has learned nothing yet; call fit first")
        x = table_of(features, len(self.scaling_.mean))
        kernel = np.exp(cdist(self.scaling_(x), self.rows_, "sqeuclidean") / (-2.0 * self.length_**2))
        return np.asarray(kernel @ self.weights_ + self.mean_)

    def chosen(self) -> dict[str, Any]:
        """What leave-one-out decided, by name.

        Returns
        -------
        dict
            The `length` and the `ridge`.

        Examples
        --------
        >>> import numpy as np
        >>> from isoprint.study import KernelRidge
        >>> x = np.linspace(-3.0, 3.0, 40)[:, None]
        >>> model = KernelRidge(lengths=(0.5, 1.0)).fit(x, np.sin(x[:, 0]))
        >>> model.chosen()["length"] in model.lengths
        True
        """
        return {"length": self.length_, "ridge": self.ridge_}

    def _positive(self, name: str) -> list[float]:
        given = getattr(self, name)
        if isinstance(given, (str, bytes, Mapping, Iterator)) or not isinstance(given, Iterable):
            raise ValueError(f"{name} is {short_repr(given)}; give a list of positive numbers")
        values = [
            real(f"{name}[{i}]", value, above=0.0, remedy="it must be a positive number")
            for i, value in enumerate(given)
        ]
        if not values:
            raise ValueError(f"{name} is empty; give at least one number")
        return values

    def _scaling(self, x: Floats) -> Scaling:
        mean = x.mean(axis=0)
        variance = float(np.mean(np.sum((x - mean) ** 2, axis=1)))
        if not variance > 0.0:
            raise ValueError(f"the features of all {len(x)} rows are equal; there is nothing to learn from")
        factor = float(1.0 / np.sqrt(variance))
        if self.components is None or x.shape[1] <= whole("components", self.components, 1, 10**6):
            return Scaling(mean, factor, None)
        rows = whole("rows_for_components", self.rows_for_components, 2, 10**6)
        return Scaling(mean, factor, _principal(x[:rows] - mean, self.components))


def _principal(rows: Floats, most: int) -> Floats:
    """The directions along which rows vary most, as orthonormal columns."""
    from scipy.linalg import qr, svd

    # By QR and SVD, not by the covariance: that would lose directions of less than 1e-8 of the largest spread.
    q, r = qr(rows.T, mode="economic")
    u, _, _ = svd(r, full_matrices=False)
    return np.asarray(q @ u[:, :most])


def _best(square: Floats, y: Floats, length: float, ridges: Sequence[float]) -> _Fit:
    """The ridge of least leave-one-out error at one length."""
    from scipy.linalg import eigh

    value, vector = eigh(np.exp(square / (-2.0 * length**2)), driver="evd", overwrite_a=True, check_finite=False)
    along, shares = vector.T @ y, vector**2
    fits = []
    for ridge in ridges:
        inverse = 1.0 / (np.maximum(value, 0.0) + ridge)
        weights = vector @ (inverse * along)
        error = float(np.sqrt(np.mean((weights / (shares @ inverse)) ** 2)))
        fits.append(_Fit(error, length, ridge, weights))
    return min(fits, key=lambda fit: fit.error)
