"""The rows that are farthest from some others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isoprint.reductions import _distances

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


class Pool:
    """As many rows as it may keep, of all that were pushed those at the largest distances; of equal ones the first.

    Parameters
    ----------
    n : int
        Rows that may be kept.
    """

    def __init__(self, n: int) -> None:
        self._n = n
        self.distance: Floats = np.empty(0)
        self.rows: Floats = np.empty((0, 0))
        self.index, self.frame, self.atom = (np.empty(0, np.int64) for _ in range(3))
        # No row that was not kept is farther than this.
        self.left_out = 0.0
        self._is_complete = True

    def push(self, distance: Floats, rows: Floats, index: Indices, frame: Indices, atom: Indices) -> None:
        """Look at more rows."""
        if len(self.distance) == self._n:
            far = np.flatnonzero(distance >= self.distance.min())
            if len(far) < len(rows):
                self._leave_out(np.delete(distance, far))
            distance, rows, index, frame, atom = distance[far], rows[far], index[far], frame[far], atom[far]
        distance, index = np.concatenate([self.distance, distance]), np.concatenate([self.index, index])
        order = np.lexsort((index, -distance))
        if len(order) > self._n:
            self._leave_out(distance[order[self._n :]])
        order = np.sort(order[: self._n])
        self.distance, self.index = distance[order], index[order]
        self.rows = np.concatenate([self.rows.reshape(-1, rows.shape[1]), rows])[order]
        self.frame, self.atom = np.concatenate([self.frame, frame])[order], np.concatenate([self.atom, atom])[order]

    def join(self, other: Pool, n_frames: int, n_rows: int) -> None:
        """Look at those of another pool, whose frames and rows are counted from these on."""
        frame = np.where(other.frame < 0, -1, other.frame + n_frames)
        self.push(other.distance, other.rows, other.index + n_rows, frame, other.atom)
        self.left_out = max(self.left_out, other.left_out)
        self._is_complete &= other._is_complete

    def farthest(self) -> tuple[int, float]:
        """The place of the farthest row, and its distance; of those at the same, the first of all rows."""
        largest = float(self.distance.max())
        alike = np.flatnonzero(self.distance >= (1.0 - _distances.ROUNDING) * largest)
        place = int(alike[np.argmin(self.index[alike])])
        return place, float(self.distance[place])

    def is_certain(self, distance: float) -> bool:
        """Whether no row that was left out can be as far as this."""
        first = self.left_out < (1.0 - 2.0 * _distances.ROUNDING) * distance
        # Before anything was chosen among these, the farthest is, whatever else is as far: it is the first of them.
        return self._is_complete or first or self._is_fresh

    def come_nearer(self, row: Floats) -> None:
        """Take one more row into those that distances are from."""
        self._is_fresh = False
        self.distance = np.minimum(self.distance, np.sqrt(_distances.of_pairs(self.rows, row)))

    _is_fresh = True

    def _leave_out(self, distance: Floats) -> None:
        self._is_complete = False
        self.left_out = max(self.left_out, float(distance.max(initial=0.0)))
