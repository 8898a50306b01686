"""A few rows that are near to all others, found in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import whole
from isoprint.reductions import _distances
from isoprint.reductions.reducer import Reducer

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.reductions._places import Places

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

# Rows that are compared with those kept at a time.
_BLOCK = 256


class Cover(Reducer):
    """At most `n` rows such that none of all rows is farther than `radius` from one of them: a sample in one pass.

    `radius` is a bound that holds, whatever the order. In one stream it is at most eight times the least that any `n`
    points have; every level of a tree of merges adds four times the least. `Farthest` is better, two times the least,
    and reads again.

    Parameters
    ----------
    n : int
        Rows to be kept.

    Attributes
    ----------
    features : ndarray (n_kept, n_features)
        The rows.
    index, frame, atom : ndarray (n_kept,) of int
        Where they are; -1 where it is not known.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"])
    >>> many = (molecule(name) for _ in range(20) for name in ("H2O", "CH4", "CH3OH", "C2H6"))
    >>> found = ip.reduce(many, soap, ip.reductions.Cover(8))
    >>> len(found.index) <= 8, found.radius < 4.0
    (True, True)

    Notes
    -----
    The doubling algorithm: M. Charikar, C. Chekuri, T. Feder, R. Motwani, SIAM J. Comput. 33, 1417 (2004).
    """

    _alike = ("_n",)

    def __init__(self, n: int) -> None:
        self._n = whole("n", n, 1)
        super().__init__()

    def _clear(self) -> None:
        """Forget all rows."""
        super()._clear()
        self.features: Floats = np.empty((0, 0))
        self.index, self.frame, self.atom = (np.empty(0, np.int64) for _ in range(3))
        # Rows are kept where they are farther than this from all that are kept.
        self._apart = 0.0
        # How far what a kept row stands for may be from it.
        self._reach: Floats = np.empty(0)

    @property
    def radius(self) -> float:
        """No row is farther than this from all that were kept."""
        return float(self._reach.max(initial=0.0))

    def _take(self, features: Floats, places: Places) -> None:
        """See a batch."""
        self._stand(features, np.zeros(len(features)), places.index, places.frame, places.atom)

    def _join(self, other: Self, n_frames: int, n_rows: int) -> None:
        """Add what another one has seen."""
        index, frame = other.index + n_rows, np.where(other.frame < 0, -1, other.frame + n_frames)
        if other._apart > self._apart and len(self.features):
            self._thin(other._apart)
        self._apart = max(self._apart, other._apart)
        self._stand(other.features, other._reach, index, frame, other.atom)

    def _stand(self, rows: Floats, reach: Floats, index: Indices, frame: Indices, atom: Indices) -> None:
        """Keep rows that are far from all that are kept; let the nearest stand for the others."""
        if not len(self.features):
            self._append(rows[:1], reach[:1], index[:1], frame[:1], atom[:1])
        for start in range(0, len(rows), _BLOCK):
            stop = start + _BLOCK
            which, distance = self._nearest(rows[start:stop])
            while len(distance):
                # Up to the first row that is to be kept, the others have their place.
                is_far = distance > self._apart
                far = int(np.argmax(is_far)) if is_far.any() else len(distance)
                np.maximum.at(self._reach, which[:far], distance[:far] + reach[start : start + far])
                start += far
                which, distance = which[far + 1 :], distance[far + 1 :]
                if start < min(stop, len(rows)):
                    one = slice(start, start + 1)
                    self._append(rows[one], reach[one], index[one], frame[one], atom[one])
                    start += 1
                    which, distance = self._closer(rows[start:stop], which, distance)

    def _closer(self, rows: Floats, which: Indices, distance: Floats) -> tuple[Indices, Floats]:
        """The nearest of those kept, after one more; where these are too many, after some of them have gone."""
        if len(self.features) > self._n:
            while len(self.features) > self._n:
                self._thin(max(2.0 * self._apart, self._nearest_two()))
            return self._nearest(rows)
        own = np.sqrt(_distances.of_pairs(rows, self.features[-1]))
        return np.where(own < distance, len(self.features) - 1, which), np.minimum(own, distance)

    def _nearest(self, rows: Floats) -> tuple[Indices, Floats]:
        if not len(rows):
            return np.empty(0, np.int64), np.empty(0)
        which, squared = _distances.nearest(rows, self.features)
        return which, np.sqrt(squared)

    def _append(self, rows: Floats, reach: Floats, index: Indices, frame: Indices, atom: Indices) -> None:
        self.features = np.concatenate([self.features.reshape(-1, rows.shape[1]), rows])
        self._reach = np.concatenate([self._reach, reach])
        self.index, self.frame = np.concatenate([self.index, index]), np.concatenate([self.frame, frame])
        self.atom = np.concatenate([self.atom, atom])

    def _nearest_two(self) -> float:
        squared = _distances.squared(self.features, self.features)
        return float(np.sqrt(squared[np.triu_indices(len(squared), 1)].min()))

    def _thin(self, apart: float) -> None:
        """Leave out rows that are not farther than this from one before."""
        self._apart = apart
        kept: list[int] = []
        reach = self._reach.copy()
        for one in range(len(self.features)):
            if kept:
                distance = np.sqrt(_distances.of_pairs(self.features[kept], self.features[one]))
                near = int(distance.argmin())
                if distance[near] <= apart:
                    reach[kept[near]] = max(reach[kept[near]], distance[near] + reach[one])
                    continue
            kept.append(one)
        self.features, self._reach = self.features[kept], reach[kept]
        self.index, self.frame, self.atom = self.index[kept], self.frame[kept], self.atom[kept]
