"""Directions of the largest variance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import flag, whole
from isoprint.reductions._sketch import Sketch
from isoprint.reductions.moments import Sums
from isoprint.reductions.reducer import Reducer

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.reductions._places import Places

Floats = NDArray[np.float64]

# Columns up to which the covariance is kept: 32 MiB.
_MANY = 2048


class PrincipalComponents(Reducer):
    """The directions of feature space along which rows differ most, and what rows are along them.

    Up to 2048 columns it keeps the covariance, and the result is that of all rows at once. Beyond, it keeps a sketch of
    some rows (frequent directions), whose `error` is a bound and not an estimate: the variance along any direction is
    what the sketch says, or more by that at most.

    Parameters
    ----------
    n_components : int
        How many directions.
    exact : bool, optional
        Whether to keep the covariance, `8 n_features²` bytes; by default up to 2048 columns.
    n_kept : int, optional
        Rows of the sketch, more than `n_components`; by default `4 n_components + 64`. The error is at most what the
        `k` leading directions leave of the variance, over `n_kept + 1 - k`, for any `k`.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"])
    >>> frames = [molecule(name) for name in ("H2O", "CH4", "CH3OH", "C2H6")] * 50
    >>> found = ip.reduce(frames, soap, ip.reductions.PrincipalComponents(3))
    >>> found.components.shape, found.error, found.transform(soap.transform(frames[0])).shape
    ((3, 312), 0.0, (3, 3))

    Notes
    -----
    E. Liberty, KDD 2013, 581; M. Ghashami, E. Liberty, J. M. Phillips, D. P. Woodruff, SIAM J. Comput. 45, 1762 (2016):
    the error, and that it adds up when sketches are merged. Means are accounted for by a row between each two batches.
    """

    _alike = ("_n", "_exact", "_n_kept")

    def __init__(self, n_components: int, *, exact: bool | None = None, n_kept: int | None = None) -> None:
        self._n = whole("n_components", n_components, 1)
        self._exact = None if exact is None else flag("exact", exact)
        self._n_kept = 4 * self._n + 64 if n_kept is None else whole("n_kept", n_kept, self._n + 1)
        super().__init__()

    def _clear(self) -> None:
        """Forget all rows."""
        super()._clear()
        self._sums: Sums | None = None
        self._sketch: Sketch | None = None
        self._found: tuple[Floats, Floats] | None = None

    def _take(self, features: Floats, places: Places) -> None:
        """See a batch."""
        width = features.shape[1]
        if width < self._n:
            raise ValueError(f"n_components is {self._n}, and features have {width} columns; ask for fewer")
        pairs = width <= _MANY if self._exact is None else self._exact
        sums, sketch = Sums.of(features, pairs), None
        if not pairs:
            sketch = Sketch(self._n_kept, width)
            sketch.push(features - sums.mean)
        self._include(sums, sketch)

    def _join(self, other: Self, n_frames: int, n_rows: int) -> None:
        """Add what another one has seen."""
        assert other._sums is not None
        self._include(other._sums.copy(), None if other._sketch is None else other._sketch.copy())

    def _include(self, sums: Sums, sketch: Sketch | None) -> None:
        self._found = None
        if self._sums is None:
            self._sums, self._sketch = sums, sketch
            return
        if sketch is not None:
            assert self._sketch is not None
            # The means of the two are apart, which counts as one row.
            weight = np.sqrt(self._sums.n * (sums.n / (self._sums.n + sums.n)))
            self._sketch.join(sketch)
            self._sketch.push(weight * (sums.mean - self._sums.mean)[None])
        self._sums.join(sums)

    def _solved(self) -> tuple[Floats, Floats]:
        """Sums of squares along the directions, and these."""
        self._require_rows()
        if self._found is None:
            from scipy.linalg import eigh

            assert self._sums is not None
            if self._sketch is None:
                width = len(self._sums.mean)
                which = (width - self._n, width - 1)
                values, vectors = eigh(self._sums.scatter, subset_by_index=which)
                values, vectors = values[::-1], vectors.T[::-1]
            else:
                values, vectors = self._sketch.leading(self._n)
            largest = np.abs(vectors).argmax(axis=1)
            vectors = vectors * np.sign(vectors[np.arange(len(vectors)), largest])[:, None]
            self._found = np.maximum(values, 0.0), np.ascontiguousarray(vectors)
        return self._found

    @property
    def mean(self) -> Floats:
        """Of each feature, `(n_features,)`."""
        self._require_rows()
        assert self._sums is not None
        return np.array(self._sums.mean)

    @property
    def components(self) -> Floats:
        """The directions, `(n_components, n_features)`: orthonormal rows, the largest entry of each positive."""
        return np.array(self._solved()[1])

    @property
    def explained_variance(self) -> Floats:
        """Variance along each direction, `(n_components,)`, divided by the number of rows."""
        return np.asarray(self._solved()[0] / self.n_rows)

    @property
    def explained_variance_ratio(self) -> Floats:
        """The same in parts of the variance of all features."""
        found = self.explained_variance
        assert self._sums is not None
        scatter = self._sums.scatter
        total = float(np.trace(scatter) if scatter.ndim == 2 else scatter.sum()) / self.n_rows
        return np.asarray(found / total if total > 0.0 else np.zeros_like(found))

    @property
    def error(self) -> float:
        """By how much the variance along any direction may be larger than what was kept of it; 0 if all was."""
        self._require_rows()
        return 0.0 if self._sketch is None else self._sketch.lost / self.n_rows

    def transform(self, features: Any) -> Floats:
        """What rows are along the directions.

        Parameters
        ----------
        features : array_like (n, n_features)
            Rows of the same fingerprint.

        Returns
        -------
        ndarray (n, n_components)
            Coordinates from the mean.

        Examples
        --------
        >>> import isoprint as ip
        >>> found = ip.reductions.PrincipalComponents(1).add([[0.0, 0.0], [3.0, 4.0]])
        >>> found.transform([[0.0, 0.0], [3.0, 4.0]])
        array([[-2.5],
               [ 2.5]])
        """
        directions = self._solved()[1]
        return np.asarray((self._checked(features) - self.mean) @ directions.T)
