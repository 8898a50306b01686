"""Histograms of chosen features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import integer_array, real_array
from isoprint._support.parameters import whole
from isoprint.reductions.reducer import Reducer

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.reductions._places import Places

Counts = NDArray[np.int64]


class Histogram(Reducer):
    """How often each of some features has which value. Counts are whole numbers, the same for any batches.

    Parameters
    ----------
    bins : int
        Number of bins of equal width.
    range : (float, float), or array (n_columns, 2)
        The first and the last edge; one pair for all columns, or one for each.
    columns : sequence of int, optional
        Which features; by default all.

    Attributes
    ----------
    counts : ndarray (n_columns, bins) of int
        Values from each edge on to below the next; the last bin has its upper edge, too, as in numpy.
    below, above : ndarray (n_columns,) of int
        Values outside the range.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import bulk
    >>> frames = [bulk("Cu", a=a) for a in (3.5, 3.6, 3.7, 3.8)]
    >>> distances = ip.RadialDistribution(r_cut=4.0, n_points=8, sigma=0.3, species=["Cu"])
    >>> found = ip.reduce(frames, distances, ip.reductions.Histogram(3, (0.0, 15.0), columns=[4]))
    >>> found.counts, found.edges[0]
    (array([[3, 1, 0]]), array([ 0.,  5., 10., 15.]))
    """

    _alike = ("_bins", "_range", "_columns")

    def __init__(self, bins: int, range: Any, *, columns: Sequence[int] | None = None) -> None:
        self._bins = whole("bins", bins, 1)
        self._range = _ranges(range)
        self._columns = None if columns is None else _columns(columns)
        if self._columns is not None and self._range.ndim == 2 and len(self._range) != len(self._columns):
            raise ValueError(f"range has {len(self._range)} pairs, and there are {len(self._columns)} columns")
        super().__init__()

    def _clear(self) -> None:
        """Forget all rows."""
        super()._clear()
        self.counts: Counts = np.zeros((0, self._bins), np.int64)
        self.below: Counts = np.zeros(0, np.int64)
        self.above: Counts = np.zeros(0, np.int64)

    def _take(self, features: NDArray[np.float64], places: Places) -> None:
        """See a batch."""
        width = features.shape[1]
        which = np.arange(width) if self._columns is None else self._columns
        if which.max(initial=-1) >= width:
            raise ValueError(f"columns has {which.max()}, and features have {width} columns, counted from 0")
        if self._range.ndim == 2 and len(self._range) != len(which):
            raise ValueError(f"range has {len(self._range)} pairs, and features have {len(which)} columns")
        ends = np.broadcast_to(self._range, (len(which), 2))
        values = np.ascontiguousarray(features[:, which].T)
        counts = [
            np.histogram(own, self._bins, (first, last))[0] for own, (first, last) in zip(values, ends, strict=True)
        ]
        self._include(
            np.array(counts, np.int64).reshape(len(which), self._bins),
            (values < ends[:, :1]).sum(axis=1),
            (values > ends[:, 1:]).sum(axis=1),
        )

    def _join(self, other: Self, n_frames: int, n_rows: int) -> None:
        """Add what another one has seen."""
        self._include(other.counts, other.below, other.above)

    def _include(self, counts: Counts, below: Counts, above: Counts) -> None:
        if not self.n_rows:
            self.counts, self.below, self.above = counts.copy(), below.copy(), above.copy()
        else:
            self.counts, self.below, self.above = self.counts + counts, self.below + below, self.above + above

    @property
    def edges(self) -> NDArray[np.float64]:
        """Edges of the bins, `(n_columns, bins + 1)`."""
        ends = np.broadcast_to(self._range, (len(self.counts), 2))
        return np.stack([np.linspace(first, last, self._bins + 1) for first, last in ends]) if len(ends) else ends


def _ranges(given: Any) -> NDArray[np.float64]:
    found = real_array("range", given)
    if found.shape != (2,) and (found.ndim != 2 or found.shape[1] != 2):
        raise ValueError(f"range has shape {found.shape}, expected (2,) or (n_columns, 2): first and last edge")
    pairs = found.reshape(-1, 2)
    if not (np.isfinite(pairs).all() and (pairs[:, 0] < pairs[:, 1]).all()):
        wrong = next(pair for pair in pairs.tolist() if not (np.isfinite(pair).all() and pair[0] < pair[1]))
        raise ValueError(f"range has the pair {wrong}; give two finite numbers, the smaller first")
    return found


def _columns(given: Any) -> Counts:
    found = integer_array("columns", list(given))
    if found.ndim != 1 or not len(found) or found.min() < 0:
        raise ValueError(f"columns is {found.tolist()}; give places of features, from 0 on")
    return found
