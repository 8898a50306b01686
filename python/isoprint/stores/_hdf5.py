"""HDF5 files, which come into being at the end: one that was being written when its program died cannot be opened."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from isoprint.extras import storage
from isoprint.stores._columns import Arrays, Layout
from isoprint.stores._npy import NpyStore, path_of

# Rows that are copied at a time.
_BLOCK = 2**14


class Hdf5Store:
    """A file that is put together from growing files of numpy beside it, once there is nothing more to come.

    Parameters
    ----------
    path : Path
        Of the file.
    layout : Layout
        The arrays.
    n_rows : int, optional
        Rows that are kept of an earlier run; a new store by default.
    """

    step = 1
    problems: tuple[type[Exception], ...] = ()

    def __init__(self, path: Path, layout: Layout, n_rows: int | None = None) -> None:
        self._path, self._layout = path, layout
        self._folder = folder_of(path)
        self._folder.mkdir(exist_ok=n_rows is not None)
        self._grown = NpyStore(self._folder / "features.npy", layout, n_rows)

    @staticmethod
    def step_of(layout: Layout) -> int:
        """Any number of rows can be added."""
        return 1

    @staticmethod
    def missing(path: Path, layout: Layout, n_rows: int) -> str | None:
        """What is not there of so many rows, in the file or, before there is one, in the parts of it."""
        return NpyStore.missing(path, layout, n_rows) if path.suffix == ".npy" else None

    def append(self, rows: Arrays, start: int) -> None:
        """Write rows beside the file."""
        self._grown.append(rows, start)

    def finish(self, n_rows: int) -> None:
        """Make the file, and remove what was beside it."""
        mapped = {
            name: np.load(path_of(self._folder / "features.npy", name), mmap_mode="r" if n_rows else None)
            for name in self._layout.columns()
        }
        features = mapped.pop("features")
        about = {"parameters": self._layout.parameters, "feature_names": self._layout.feature_names, **mapped}
        with storage.create(self._path, features.shape, self._layout.dtype, about) as rows:
            for start in range(0, n_rows, _BLOCK):
                rows[start : start + _BLOCK] = features[start : start + _BLOCK]
        del features, mapped, about
        shutil.rmtree(self._folder)

    def tail(self, start: int, stop: int) -> Arrays:
        """Rows fill steps always."""
        return {}


def folder_of(path: Path) -> Path:
    """Where the parts are until the file is there."""
    return path.with_name(path.name + ".parts")
