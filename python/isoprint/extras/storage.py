"""Features on disk: numpy's own formats, and HDF5 or Zarr where `h5py` or `zarr` is installed.

A file appears under its name only when it is complete; a full disk is an `OSError` and leaves the older file as it was.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from isoprint._support import output
from isoprint.extras import _hdf5, _zarr

SUFFIXES = (".npz", ".npy", ".h5", ".hdf5", ".zarr")
# Zeros written at a time where a file system cannot reserve room.
_BLOCK = 2**24


def require_place(path: str | os.PathLike[str]) -> Path:
    """Refuse a path where no features may be put, before anything is computed.

    Parameters
    ----------
    path : path
        As for `create`.

    Returns
    -------
    Path
        The path.
    """
    target = Path(os.fsdecode(path))
    if target.suffix not in SUFFIXES:
        raise ValueError(f"output is {str(path)!r}; its suffix must be one of {', '.join(SUFFIXES)}")
    output.require_place(path, store=_store(target))
    return target


def _store(target: Path) -> Callable[[Path], bool] | None:
    """What may be replaced: for Zarr a folder that is a store of ours, else a file."""
    return _zarr.is_ours if target.suffix == ".zarr" else None


@contextmanager
def create(path: str | os.PathLike[str], shape: tuple[int, int], dtype: str, about: dict[str, Any]) -> Iterator[Any]:
    """Open a file for features, and put it in its place once the block is left without an error.

    Parameters
    ----------
    path : path
        The suffix decides: `.npz`, `.npy` (features only), `.h5`, `.hdf5` or `.zarr`. An older file is replaced, and so
        is an older Zarr store that was written here; anything else in the way is refused.
    shape : tuple of int
        Rows and columns.
    dtype : str
        Type of the features.
    about : dict
        What is stored beside the features: arrays, lists of names, and a dictionary `parameters` that becomes JSON.

    Yields
    ------
    array
        Something that takes `rows[start:stop] = values`; a numpy array for numpy's formats.
    """
    target = require_place(path)
    opened = {".npz": _npz, ".npy": _npy, ".zarr": _zarr.opened}.get(target.suffix, _hdf5.opened)
    with (
        output.replacing(path, store=_store(target)) as part,
        opened(part, shape, dtype, about, lambda: output.telling(path, RuntimeError)) as rows,
    ):
        yield rows


@contextmanager
def _npy(part: Path, shape: tuple[int, int], dtype: str, about: dict[str, Any], telling: Any) -> Iterator[Any]:
    header = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    with telling(), part.open("xb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        start = file.tell()
        _reserve(file, start, int(np.prod(shape)) * np.dtype(dtype).itemsize)
    if 0 in shape:  # nothing to map
        yield np.empty(shape, dtype)
        return
    with telling():
        mapped = np.memmap(part, dtype, "r+", start, shape)
    yield mapped
    with telling():
        mapped.flush()


def _reserve(file: BinaryIO, start: int, size: int) -> None:
    """Take room on the disk: writing to mapped memory that has none would end the process."""
    file.flush()
    if size == 0:
        return
    try:
        os.posix_fallocate(file.fileno(), start, size)
    except (AttributeError, OSError) as problem:  # macOS and Windows have no such call, some file systems no such thing
        if isinstance(problem, OSError) and problem.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
            raise
        for done in range(0, size, _BLOCK):
            file.write(bytes(min(_BLOCK, size - done)))


@contextmanager
def _npz(part: Path, shape: tuple[int, int], dtype: str, about: dict[str, Any], telling: Any) -> Iterator[Any]:
    rows = np.empty(shape, dtype)
    yield rows
    beside: dict[str, Any] = {name: np.asarray(value) for name, value in about.items() if name != "parameters"}
    parameters = np.asarray(json.dumps(about["parameters"]))
    with telling(), part.open("xb") as file:
        np.savez(file, features=rows, parameters=parameters, **beside)
