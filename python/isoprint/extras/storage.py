"""Features on disk: numpy's own formats, and HDF5 or Zarr where `h5py` or `zarr` is installed.

A file appears under its name only when it is complete.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

SUFFIXES = (".npz", ".npy", ".h5", ".hdf5", ".zarr")


@contextmanager
def create(path: str | os.PathLike[str], shape: tuple[int, int], dtype: str, about: dict[str, Any]) -> Iterator[Any]:
    """Open a file for features, and put it in its place once the block is left without an error.

    Parameters
    ----------
    path : path
        The suffix decides: `.npz`, `.npy` (features only), `.h5`, `.hdf5` or `.zarr`.
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
    target = Path(path)
    if target.suffix not in SUFFIXES:
        raise ValueError(f"output is {target.name!r}; its suffix must be one of {', '.join(SUFFIXES)}")
    if not target.parent.is_dir():
        raise ValueError(f"output is {str(target)!r}, but there is no folder {str(target.parent)!r}; make it first")
    opened = {".npz": _npz, ".npy": _npy, ".zarr": _zarr}.get(target.suffix, _hdf5)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with opened(part, shape, dtype, about) as rows:
            yield rows
        _replace(part, target)
    finally:
        _remove(part)


@contextmanager
def _npy(part: Path, shape: tuple[int, int], dtype: str, about: dict[str, Any]) -> Iterator[Any]:
    if 0 in shape:  # nothing to map
        rows = np.empty(shape, dtype)
        with part.open("wb") as file:
            np.save(file, rows)
        yield rows
        return
    mapped = np.lib.format.open_memmap(part, mode="w+", dtype=np.dtype(dtype), shape=shape)
    yield mapped
    mapped.flush()


@contextmanager
def _npz(part: Path, shape: tuple[int, int], dtype: str, about: dict[str, Any]) -> Iterator[Any]:
    rows = np.empty(shape, dtype)
    yield rows
    beside: dict[str, Any] = {name: np.asarray(value) for name, value in about.items() if name != "parameters"}
    with part.open("wb") as file:
        np.savez(file, features=rows, parameters=np.asarray(json.dumps(about["parameters"])), **beside)


@contextmanager
def _hdf5(part: Path, shape: tuple[int, int], dtype: str, about: dict[str, Any]) -> Iterator[Any]:
    try:
        import h5py
    except ImportError:
        raise ValueError('writing HDF5 needs h5py: pip install "isoprint[storage]"') from None
    with h5py.File(part, "w") as file:
        rows = file.create_dataset("features", shape, dtype)
        for name, value in about.items():
            if name == "parameters":
                file.attrs[name] = json.dumps(value)
            else:
                strings = isinstance(value, list)
                file.create_dataset(name, data=value, dtype=h5py.string_dtype() if strings else None)
        yield rows


@contextmanager
def _zarr(part: Path, shape: tuple[int, int], dtype: str, about: dict[str, Any]) -> Iterator[Any]:
    try:
        import zarr
    except ImportError:
        raise ValueError('writing Zarr needs zarr: pip install "isoprint[storage]"') from None
    group = zarr.open_group(str(part), mode="w")
    make = getattr(group, "create_array", None) or group.create_dataset  # the second is the name before zarr 3
    chunks = (max(1, min(shape[0], 2**20 // max(shape[1], 1))), max(shape[1], 1))
    rows = make("features", shape=shape, dtype=dtype, chunks=chunks)
    for name, value in about.items():
        if isinstance(value, np.ndarray):
            make(name, shape=value.shape, dtype=value.dtype, chunks=tuple(max(n, 1) for n in value.shape))[...] = value
        else:
            group.attrs[name] = value
    yield rows


def _replace(part: Path, target: Path) -> None:
    """Put the finished file in the place of an older one; a Zarr store is a folder."""
    if target.is_dir():
        aside = part.with_suffix(".old")
        target.rename(aside)
        part.rename(target)
        shutil.rmtree(aside)
    else:
        part.replace(target)


def _remove(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part)
    else:
        part.unlink(missing_ok=True)
