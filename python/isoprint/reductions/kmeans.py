"""Clusters of rows, by Lloyd's algorithm over a stream that is read again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import real, whole
from isoprint.reductions import _distances
from isoprint.reductions._sample import Sample
from isoprint.reductions.reducer import Reducer

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.reductions._places import Places

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

# Beginnings that are tried on the sample, and steps of each.
_STARTS = 4
_STEPS = 20


class KMeans(Reducer):
    """Centers such that rows are near to one of them: each the mean of the rows that are nearest to it.

    A first pass draws a sample of different rows by a hash of their bits, on which the centers are begun; each further
    pass moves every center to the mean of its rows. Neither depends on batches or on the order of merges beyond
    rounding; a row as near to two centers as rounding goes belongs to the first.

    Parameters
    ----------
    n_clusters : int
        How many centers.
    max_passes : int
        Passes over all rows, the first included; the last only counts.
    tolerance : float
        Centers are left where they are once none would move by more than so many parts of the root mean square
        distance of rows from their centers.
    n_sample : int, optional
        Rows of the sample; by default 20 for each cluster, and 1000 at least.
    random_state : int
        Seed of the sample and of the beginnings.

    Attributes
    ----------
    centers : ndarray (n_clusters, n_features)
        What was found; `None` before the end of the first pass.
    counts : ndarray (n_clusters,) of int
        Rows of each, in the last pass.
    inertia : float
        Sum of the squared distances of rows from their centers, in the last pass.
    n_passes : int
        Passes that are done.
    converged : bool
        Whether the centers came to rest.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"])
    >>> frames = [molecule(name) for name in ("H2O", "CH4", "CH3OH", "C2H6")] * 20
    >>> found = ip.reduce(frames, soap, ip.reductions.KMeans(3))
    >>> sorted(found.counts.tolist()), found.converged
    ([80, 100, 260], True)

    Notes
    -----
    S. P. Lloyd, IEEE Trans. Inf. Theory 28, 129 (1982); D. Arthur, S. Vassilvitskii, SODA 2007, 1027, for the
    beginning. A stream that can be read only once has `MiniBatchKMeans` of scikit-learn.
    """

    needs_rereading = True
    _own = ("_first",)
    _alike = ("_k", "_max_passes", "_tolerance", "_n_sample", "_seed", "centers")

    def __init__(
        self,
        n_clusters: int,
        *,
        max_passes: int = 30,
        tolerance: float = 1e-4,
        n_sample: int | None = None,
        random_state: int = 0,
    ) -> None:
        self._k = whole("n_clusters", n_clusters, 1)
        self._max_passes = whole("max_passes", max_passes, 2)
        self._tolerance = real("tolerance", tolerance, least=0.0, remedy="it must be a number of at least 0")
        self._n_sample = max(1000, 20 * self._k) if n_sample is None else whole("n_sample", n_sample, self._k)
        self._seed = whole("random_state", random_state)
        self.centers: Floats | None = None
        self.n_passes, self.converged = 0, False
        self._first: Sample | None = None
        super().__init__()

    @property
    def is_done(self) -> bool:
        """Whether the centers stay what they are."""
        return self.converged or self.n_passes >= self._max_passes

    def _clear(self) -> None:
        """Forget the rows of this pass; the centers stay."""
        super()._clear()
        self.counts: Indices = np.zeros(self._k, np.int64)
        self.inertia = 0.0
        if self.centers is None:
            self._sample = Sample(self._n_sample, self._seed)
        else:
            self._moves: Floats = np.zeros_like(self.centers)

    def _take(self, features: Floats, places: Places) -> None:
        """See a batch."""
        if self.is_done:
            raise ValueError("this KMeans has come to its end; take a new one for other rows")
        if self.centers is None:
            self._sample.push(features)
            return
        which, squared = _distances.nearest(features, self.centers)
        order = np.argsort(which, kind="stable")
        own, starts = np.unique(which[order], return_index=True)
        moves = np.add.reduceat((features - self.centers[which])[order], starts, axis=0)
        counts, inertia = np.bincount(which, minlength=self._k), float(squared.sum())
        self._moves[own] += moves
        self.counts, self.inertia = self.counts + counts, self.inertia + inertia

    def _join(self, other: Self, n_frames: int, n_rows: int) -> None:
        """Add what another one has seen."""
        if self.centers is None:
            self._sample.join(other._sample)
            return
        self._moves += other._moves
        self.counts, self.inertia = self.counts + other.counts, self.inertia + other.inertia

    def _end_pass(self) -> bool:
        """Move the centers."""
        if self.is_done:
            return False
        self._require_rows()
        self.n_passes += 1
        if self.centers is None:
            self._place()
        else:
            moves = self._moves / np.maximum(self.counts, 1)[:, None]
            farthest = float(np.linalg.norm(moves, axis=1).max())
            self.converged = bool(
                self.counts.all() and farthest <= self._tolerance * np.sqrt(self.inertia / self.n_rows)
            )
            if self.is_done:
                return False
            self.centers = self._filled(self.centers + moves)
        self._clear()
        return True

    def _place(self) -> None:
        rows = self._sample.rows
        assert rows is not None
        if len(rows) < self._k:
            raise ValueError(
                f"n_clusters is {self._k}, and only {len(rows)} rows are different from each other; ask for fewer"
            )
        rng = np.random.default_rng(self._seed)
        found = [_lloyd(rows, _apart(rows, self._k, rng)) for _ in range(_STARTS)]
        self.centers = min(found, key=lambda one: one[1])[0]
        self._first = self._sample
        del self._sample

    def _filled(self, centers: Floats) -> Floats:
        """Put centers without rows where the sample is farthest from all others."""
        empty = np.flatnonzero(self.counts == 0)
        if len(empty):
            assert self._first is not None
            assert self._first.rows is not None
            _, squared = _distances.nearest(self._first.rows, centers[self.counts > 0])
            farthest = np.argsort(-squared, kind="stable")[: len(empty)]
            centers[empty[: len(farthest)]] = self._first.rows[farthest]
        return centers

    def predict(self, features: Any) -> Indices:
        """The cluster of each row.

        Parameters
        ----------
        features : array_like (n, n_features)
            Rows of the same fingerprint.

        Returns
        -------
        ndarray (n,) of int
            Places among `centers`.

        Examples
        --------
        >>> import isoprint as ip
        >>> rows = [[0.0], [0.1], [5.0]]
        >>> found = ip.reductions.KMeans(2)
        >>> while found.add(rows).end_pass():
        ...     pass
        >>> len(set(found.predict(rows).tolist()))
        2
        """
        if self.centers is None:
            raise ValueError("this KMeans has no centers yet; give it to isoprint.reduce")
        return _distances.nearest(self._checked(features), self.centers)[0]


def _apart(rows: Floats, k: int, rng: np.random.Generator) -> Floats:
    """Rows drawn one after the other in proportion to their squared distance from those before."""
    chosen = [int(rng.integers(len(rows)))]
    squared = _distances.of_pairs(rows, rows[chosen[0]])
    for _ in range(1, k):
        total = squared.sum()
        chosen.append(int(rng.choice(len(rows), p=squared / total if total > 0.0 else None)))
        squared = np.minimum(squared, _distances.of_pairs(rows, rows[chosen[-1]]))
    return rows[chosen]


def _lloyd(rows: Floats, centers: Floats) -> tuple[Floats, float]:
    """A few steps on some rows, and the inertia at the last."""
    squared: Floats = np.empty(0)
    for _ in range(_STEPS):
        which, squared = _distances.nearest(rows, centers)
        counts = np.bincount(which, minlength=len(centers))
        sums = np.zeros_like(centers)
        np.add.at(sums, which, rows)
        centers = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centers)
    return centers, float(squared.sum())
