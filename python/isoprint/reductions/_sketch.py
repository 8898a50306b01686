"""A few rows that stand for many: their products differ by no more than is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Sketch:
    """Frequent directions: `0 <= AᵀA - BᵀB <= lost`, with all rows `A` pushed so far, and `B` of `n_kept` rows.

    E. Liberty, KDD 2013, 581, with the shrinkage by the first singular value that is not kept.

    Parameters
    ----------
    n_kept, n_columns : int
        Shape of `B`.
    """

    def __init__(self, n_kept: int, n_columns: int) -> None:
        self.rows: Floats = np.empty((0, n_columns))
        self.n_kept = n_kept
        self.lost = 0.0

    def copy(self) -> Sketch:
        """The same, to be changed."""
        made = Sketch(self.n_kept, self.rows.shape[1])
        made.rows, made.lost = self.rows.copy(), self.lost
        return made

    def push(self, rows: Floats) -> None:
        """Take in rows, as many as are kept at a time, so that the cost is in proportion to their number."""
        held = self.rows
        for start in range(0, len(rows), self.n_kept):
            held = self._fewer(np.concatenate([held, rows[start : start + self.n_kept]]))
        self.rows = held

    def join(self, other: Sketch) -> None:
        """Take in the rows of another, and what it has lost."""
        self.push(other.rows)
        self.lost += other.lost

    def leading(self, n: int) -> tuple[Floats, Floats]:
        """The largest eigenvalues of `BᵀB` and their directions; beyond the rank, any that are orthogonal to them."""
        from scipy.linalg import qr, svd

        _, values, directions = svd(self.rows, full_matrices=False, check_finite=False)
        if len(directions) < n:
            width = self.rows.shape[1]
            more = np.concatenate([directions, np.eye(width)[: min(n, width)]])
            basis = qr(more.T, mode="economic", check_finite=False)[0].T
            directions = np.concatenate([directions, basis[len(directions) :]])
            values = np.concatenate([values, np.zeros(len(directions) - len(values))])
        return values[:n] ** 2, directions[:n]

    def _fewer(self, rows: Floats) -> Floats:
        if len(rows) <= self.n_kept:
            return rows
        from scipy.linalg import svd

        _, values, directions = svd(rows, full_matrices=False, check_finite=False)
        if len(values) <= self.n_kept:
            return np.asarray(values[:, None] * directions)
        least = float(values[self.n_kept]) ** 2
        self.lost += least
        left = np.sqrt(np.maximum(values[: self.n_kept] ** 2 - least, 0.0))
        return np.asarray(left[:, None] * directions[: self.n_kept])
