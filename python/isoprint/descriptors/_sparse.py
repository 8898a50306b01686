"""Rows as sparse arrays of other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SparseRows = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[Any]]
"""Where each row begins among the entries, and where the last one ends; their columns; their values."""

LIBRARIES = ("scipy", "pydata")
_LARGEST = np.iinfo(np.int32).max


def sparse_array(library: str, rows: SparseRows, shape: tuple[int, int]) -> Any:
    """The rows as an array of that library, without a copy of columns or values where it takes them as they are."""
    offsets, columns, values = rows
    if library == "scipy":
        from scipy.sparse import csr_array

        # Both must be of one type, and scipy takes the smaller one where that is enough.
        offsets = offsets.astype(np.int32) if offsets[-1] <= _LARGEST else offsets
        found = csr_array((values, columns, offsets), shape=shape, copy=False)
        found.has_canonical_format = True
        return found
    try:
        from sparse import COO
    except ImportError:
        raise ImportError(
            "sparse='pydata' needs the package sparse: pip install \"isoprint[sparse]\"; or take sparse='scipy'"
        ) from None
    coords = np.empty((2, len(values)), np.int64)
    coords[0] = np.repeat(np.arange(shape[0]), np.diff(offsets))
    coords[1] = columns
    return COO(coords, values, shape=shape, has_duplicates=False, sorted=True)


def sparse_rows(dense: NDArray[Any]) -> SparseRows:
    """The entries of dense rows that are not zero."""
    row, column = np.nonzero(dense)
    offsets = np.zeros(len(dense) + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=len(dense)), out=offsets[1:])
    return offsets, column.astype(np.int32), dense[row, column]


def side_by_side(blocks: list[SparseRows], starts: list[int], dtype: Any) -> SparseRows:
    """Blocks of columns, the first of which is `starts` of the whole, as one."""
    offsets = sum((block[0] for block in blocks), np.zeros_like(blocks[0][0]))
    columns, values = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], dtype)
    begin = offsets[:-1].copy()
    for (own, own_columns, own_values), start in zip(blocks, starts, strict=True):
        counts = np.diff(own)
        places = np.repeat(begin - own[:-1], counts) + np.arange(len(own_values))
        columns[places], values[places] = own_columns + np.int32(start), own_values
        begin += counts
    return offsets, columns, values
