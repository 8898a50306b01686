"""Some columns of a compiled fingerprint: a fingerprint as those of the compiled module."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint.descriptors._calls import Compiled
from isoprint.descriptors._fused import require_range
from isoprint.descriptors._pieces import leading
from isoprint.descriptors._sparse import SparseRows
from isoprint.descriptors.derivatives import finite

# Bytes of all columns that are computed at once, to take some of them.
_AT_ONCE = 1 << 26


class SomeColumns:
    """Computes all columns of a fingerprint and hands on some."""

    needs_copies = True

    def __init__(self, whole: Compiled, columns: NDArray[np.int64]) -> None:
        self._whole, self._columns = whole, columns
        self.n_features = len(columns)
        self.n_computed = int(whole.core.n_features)
        self.reach = whole.core.reach
        # The place of each column of the whole, and -1 for those that are left out.
        self._place = np.full(self.n_computed, -1, np.int64)
        self._place[columns] = np.arange(len(columns))

    def feature_names(self, symbols: list[str]) -> list[str]:
        """The names that the whole has for them."""
        names = self._whole.core.feature_names(symbols)
        return [names[column] for column in self._columns]

    def transform(
        self, frames: Any, centers: Any, out: Any, *, average: Any, holds_zeros: bool = False, **options: Any
    ) -> None:
        """Write some columns of the features into `out`."""
        every = np.empty((len(out), self.n_computed))
        self._whole.core.transform(frames, centers, every, average=self._whole.average, **options)
        self._take(every, out)
        require_range(out)

    def sparse(self, frames: Any, centers: Any, *, average: Any, **options: Any) -> SparseRows:
        """Entries of some columns, row by row."""
        offsets, columns, values = self._whole.core.sparse(frames, centers, average=self._whole.average, **options)
        row = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        place = self._place[columns]
        kept = place >= 0
        row, place, values = row[kept], place[kept], values[kept]
        order = np.lexsort((place, row))
        counts = np.bincount(row, minlength=len(offsets) - 1)
        ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
        return ends, place[order].astype(np.int32), values[order]

    def pullback(self, frames: Any, centers: Any, adjoint: Any, *, average: Any, **options: Any) -> tuple[Any, Any]:
        """Gradients of a function of some columns."""
        # The whole would count columns as its own.
        finite("adjoint", adjoint)
        every = self._spread(adjoint)
        positions, strain = self._whole.core.pullback(frames, centers, every, average=self._whole.average, **options)
        return positions, strain

    def fused(self, frames: Any, centers: Any, function: Any, *, average: Any, **options: Any) -> tuple[Any, Any]:
        """Gradients where the adjoint of some rows is `function(rows, features)`."""

        def ask(index: Any, features: Any) -> Any:
            return self._spread(function(index, np.ascontiguousarray(features[:, self._columns])))

        positions, strain = self._whole.core.fused(frames, centers, ask, average=self._whole.average, **options)
        return positions, strain

    def pushforward(
        self, frames: Any, centers: Any, displacements: Any, out: Any, *, average: Any, **options: Any
    ) -> None:
        """Write the derivatives of some columns along the displacements into `out`."""
        every = np.empty((len(out), self.n_computed))
        self._whole.core.pushforward(frames, centers, displacements, every, average=self._whole.average, **options)
        self._take(every, out)

    def deformed(
        self, frames: Any, centers: Any, deformation: str, *, out: Any, average: Any, dtype: Any, **options: Any
    ) -> Any:
        """Derivatives of some columns with respect to a deformation."""
        every = self._whole.core.deformed(
            frames, centers, deformation, out=None, average=self._whole.average, dtype="float64", **options
        )
        rows = _core.buffer((len(every), 9, self.n_features), dtype) if out is None else out
        self._take(every, rows)
        return rows

    def pattern(self, frames: Any, centers: Any, *, average: Any, **options: Any) -> tuple[Any, ...]:
        """Row and atom of each block, and where those of each row start."""
        found: tuple[Any, ...] = self._whole.core.pattern(frames, centers, average=self._whole.average, **options)
        return found

    def prepare(self, frames: Any, **options: Any) -> Any:
        """The frames, prepared for the whole."""
        return self._whole.core.prepare(frames, **options)

    def block_starts(self, frames: Any, centers: Any, *, average: Any, **options: Any) -> Any:
        """Where the blocks of each row start."""
        return self._whole.core.block_starts(frames, centers, average=self._whole.average, **options)

    def derivatives(
        self, frames: Any, centers: Any, *, out: Any, average: Any, dtype: Any, **options: Any
    ) -> tuple[Any, Any, Any, Any]:
        """Some columns of all blocks."""
        every, row, atom, starts = self._whole.core.derivatives(
            frames, centers, out=None, average=self._whole.average, dtype="float64", **options
        )
        shape = (len(atom), 3, self.n_features)
        values = _core.buffer(shape, dtype) if out is None else leading(out, *shape)
        # Stretch by stretch, so that no other copy is made.
        step = max(1, _AT_ONCE // (24 * self.n_features))
        for start in range(0, len(atom), step):
            self._take(every[start : start + step], values[start : start + step])
        return values, row, atom, starts

    def _take(self, every: Any, out: Any) -> None:
        with np.errstate(over="ignore"):  # which is told of
            out[...] = every[..., self._columns]

    def _spread(self, adjoint: Any) -> Any:
        every = np.zeros((len(adjoint), self.n_computed))
        every[:, self._columns] = adjoint
        return every
