"""Farthest point sampling over a stream that is read again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import whole
from isoprint.reductions import _distances
from isoprint.reductions._pool import Pool
from isoprint.reductions.reducer import Reducer

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.reductions._places import Places

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

# Rows nearer than this part of the first distance are the same.
_SAME = 1e-9


class Farthest(Reducer):
    """Rows each of which is the farthest from all before it, from the first row of all on.

    The sample is that of `isoprint.select.fps` of all rows at once. Every pass keeps the rows that are farthest from
    those chosen so far; as many as surely are the next ones are chosen among them at its end, so that passes are fewer
    than rows chosen: with the pool that is kept by default, some five for hundreds.

    Parameters
    ----------
    n : int
        How many to choose. There are fewer where no more rows differ, by 1e-9 of the first distance.
    n_kept : int, optional
        Rows of the pool, `8 n_features` bytes each; more of them, fewer passes. By default `8 n`, and 1000 at least.

    Attributes
    ----------
    features : ndarray (n, n_features)
        The sample.
    index, frame, atom : ndarray (n,) of int
        Where it is, in the order of choice; of rows at the same distance, to 1e-11, the first.
    distance : ndarray (n,)
        Of each from the nearest of those before it; infinite for the first.
    radius : float
        No row is farther than this from the sample; at most the last `distance`.
    n_passes : int
        Passes that are done.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"])
    >>> frames = [molecule(name) for name in ("CH4", "C2H6", "CH3OH", "H2O")]
    >>> found = ip.reduce(frames, soap, ip.reductions.Farthest(5))
    >>> found.frame, found.atom
    (array([0, 2, 3, 1, 3]), array([0, 1, 1, 2, 0]))

    Notes
    -----
    A row that was not kept is no farther from what is chosen than the nearest that was, and never gets farther. T. F.
    Gonzalez, Theor. Comput. Sci. 38, 293 (1985): no `n` points have less than half the radius.
    """

    needs_rereading = True
    _alike = ("_n", "_n_kept", "features")

    def __init__(self, n: int, *, n_kept: int | None = None) -> None:
        self._n = whole("n", n, 1)
        self._n_kept = max(1000, 8 * self._n) if n_kept is None else whole("n_kept", n_kept, 1)
        self.features: Floats = np.empty((0, 0))
        self.index, self.frame, self.atom = (np.empty(0, np.int64) for _ in range(3))
        self.distance: Floats = np.empty(0)
        self.radius, self.n_passes = np.inf, 0
        self._is_done = False
        super().__init__()

    @property
    def is_done(self) -> bool:
        """Whether the sample is complete."""
        return self._is_done

    def _clear(self) -> None:
        """Forget the rows of this pass; those chosen stay."""
        super()._clear()
        self._pool = Pool(self._n_kept)

    def _begin(self, features: Floats, places: Places) -> None:
        """Choose the first row."""
        if not len(self.features):
            self._choose(features[0], np.inf, places.index[0], places.frame[0], places.atom[0])

    def _take(self, features: Floats, places: Places) -> None:
        """See a batch."""
        if self._is_done:
            raise ValueError("this Farthest has come to its end; take a new one for other rows")
        if not len(self.features):
            self._begin(features, places)
        _, squared = _distances.nearest(features, self.features)
        self._pool.push(np.sqrt(squared), features, places.index, places.frame, places.atom)

    def _join(self, other: Self, n_frames: int, n_rows: int) -> None:
        """Add what another one has seen."""
        self._pool.join(other._pool, n_frames, n_rows)

    def _end_pass(self) -> bool:
        """Choose the rows that surely are the next."""
        if self._is_done:
            return False
        self._require_rows()
        self.n_passes += 1
        while len(self.features) < self._n:
            place, distance = self._pool.farthest()
            if max(distance, self._pool.left_out) <= _SAME * self.distance[1:].max(initial=0.0):
                self._is_done = True  # all that is left is the same
                break
            if not self._pool.is_certain(distance):
                break
            pool = self._pool
            self._choose(pool.rows[place], distance, pool.index[place], pool.frame[place], pool.atom[place])
            pool.come_nearer(self.features[-1])
        self.radius = max(self._pool.farthest()[1], self._pool.left_out)
        self._is_done |= len(self.features) == self._n
        if not self._is_done:
            self._clear()
        return not self._is_done

    def _choose(self, row: Floats, distance: float, index: int, frame: int, atom: int) -> None:
        self.features = np.concatenate([self.features.reshape(-1, len(row)), row[None]])
        self.distance = np.append(self.distance, distance)
        self.index, self.frame = np.append(self.index, index), np.append(self.frame, frame)
        self.atom = np.append(self.atom, atom)
