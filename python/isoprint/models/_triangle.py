"""Least squares of rows that are seen once: the triangle of their QR factorization, and nothing else, is kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Columns that LAPACK transforms together.
_BLOCK = 32


class Triangle:
    """The factor `R` of all rows pushed so far, `RᵀR = Σ rowᵀ row`, by Householder reflections.

    The normal equations would square the condition number, which is 1e9 and more here, and lose the solution.

    Parameters
    ----------
    n_columns : int
        Numbers in a row.
    """

    def __init__(self, n_columns: int) -> None:
        self.factor: Floats = np.zeros((n_columns, n_columns), order="F")
        self.n_rows = 0

    @classmethod
    def of(cls, factor: Floats, n_rows: int) -> Triangle:
        """The triangle with a factor that is known."""
        made = cls(0)
        made.factor, made.n_rows = np.asfortranarray(factor), n_rows
        return made

    def push(self, rows: Floats) -> None:
        """Take in rows `(n, n_columns)`; what it is given may be overwritten."""
        if len(rows):
            self._factorize(rows, 0)
            self.n_rows += len(rows)

    def join(self, other: Triangle) -> None:
        """Take in all rows of another triangle, which stays as it is."""
        self._factorize(np.triu(other.factor), len(other.factor))
        self.n_rows += other.n_rows

    def _factorize(self, rows: Floats, n_triangular: int) -> None:
        """`R` of itself and of rows, the last so many of which are an upper triangle."""
        from scipy.linalg.lapack import dtpqrt

        n = len(self.factor)
        self.factor, _, _, info = dtpqrt(
            n_triangular,
            min(_BLOCK, n),
            self.factor,
            np.asfortranarray(rows),
            overwrite_a=True,
            overwrite_b=True,
        )
        if info:
            raise RuntimeError(f"LAPACK's dtpqrt returned {info}")
