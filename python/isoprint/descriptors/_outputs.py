"""Arrays that rows are written into."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import require_writable
from isoprint.descriptors._calls import DTYPES

Out = TypeVar("Out", bound=NDArray[Any])

# Of so many bytes every system makes zeros that cost nothing until they are written to.
_FRESH = 32 << 20


def new_rows(shape: tuple[int, int], dtype: str) -> tuple[NDArray[Any], bool]:
    """Rows to write into, and whether they hold zeros."""
    if shape[0] * shape[1] * np.dtype(dtype).itemsize < _FRESH:
        return np.empty(shape, dtype), False
    return np.zeros(shape, dtype), True


def is_on_disk(out: Any) -> bool:
    """Whether this is an array that is written piece by piece, such as one of zarr or h5py."""
    return not isinstance(out, np.ndarray) and all(
        hasattr(out, name) for name in ("shape", "dtype", "chunks", "__setitem__")
    )


def require_room(out: Any, shape: tuple[int, int]) -> None:
    """Refuse an array on disk that rows do not fit into."""
    if tuple(out.shape) != shape:
        raise ValueError(
            f"out is of shape {tuple(out.shape)}, expected {shape}: one row a center (or a frame), one column a feature"
        )
    if out.dtype not in map(np.dtype, DTYPES):
        raise ValueError(f"out has numbers of type {out.dtype}; it must be of {' or '.join(DTYPES)}")


def output_rows(out: Any, shape: tuple[int, int], dtype: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """The array that a user gets, and the one that is written into: the same, unless the first has gaps."""
    if out is None:
        rows = np.empty(shape, dtype)
        return rows, rows
    if not isinstance(out, np.ndarray) or out.shape != shape:
        found = f"an array of shape {out.shape}" if isinstance(out, np.ndarray) else f"a {type(out).__name__}"
        raise ValueError(
            f"out is {found}, expected a numpy array of shape {shape}:"
            " one row a center (or a frame), one column a feature"
        )
    require_writable(out, DTYPES)
    rows = out.view(np.ndarray)
    return rows, rows if out.flags.c_contiguous and out.flags.aligned else np.empty(shape, out.dtype)
