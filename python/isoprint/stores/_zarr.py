"""Zarr stores that grow by whole chunks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from isoprint.stores._columns import Arrays, Layout

# Bytes of a chunk of features, about.
_CHUNK = 2**22
# Chunks of features that are written together, with one chunk of each number of rows: files are what takes time.
_TOGETHER = 8
# Files that wait for the disk at the same time.
_FILES = 16


def _settle(path: Path) -> None:
    """Make a file survive a power failure."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(group: Any) -> Any:
    """What makes an array, before zarr 3 and since; digits of features are noise, which no compression makes less."""
    if hasattr(group, "create_array"):
        return partial(group.create_array, compressors=None)
    return partial(group.create_dataset, compressor=None)


@contextmanager
def _whatever_they_hold(zarr: Any) -> Iterator[None]:
    """Make arrays that write chunks of zeros too, so that a file that is missing is one that was lost."""
    if hasattr(zarr, "config"):
        with zarr.config.set({"array.write_empty_chunks": True}):
            yield
    else:  # before zarr 3 this is how it is
        yield


class ZarrStore:
    """A group with one array a column. Chunks are written once, so that none is half new and half old.

    Parameters
    ----------
    path : Path
        Of the folder.
    layout : Layout
        The arrays.
    n_rows : int, optional
        Rows that are kept of an earlier run; a new store by default.
    """

    problems: tuple[type[Exception], ...] = ()

    def __init__(self, path: Path, layout: Layout, n_rows: int | None = None) -> None:
        try:
            import zarr
        except ImportError:
            raise ValueError('writing Zarr needs zarr: pip install "isoprint[storage]"') from None
        self.step, self._path = self.step_of(layout), path
        with _whatever_they_hold(zarr):
            self._open(zarr, layout, n_rows)

    def _open(self, zarr: Any, layout: Layout, n_rows: int | None) -> None:
        path = self._path
        if n_rows is None:
            group = zarr.open_group(str(path), mode="w")
            group.attrs.update({"feature_names": layout.feature_names, "parameters": layout.parameters})
            for name, (dtype, width) in layout.columns().items():
                shape = (0, width) if width else (0,)
                _make(group)(name, shape=shape, dtype=dtype, chunks=self._chunks(width))
        else:
            # A chunk that was being written when the program died lies beside the others under such a name.
            for stray in path.rglob("*.partial"):
                stray.unlink()
            group = zarr.open_group(str(path), mode="r+")
        self._arrays: dict[str, Any] = {name: group[name] for name in layout.columns()}
        if n_rows is not None:
            for name, array in self._arrays.items():
                if array.shape[0] < n_rows:
                    raise ValueError(
                        f"{name} of {path} has lost rows that were in it; remove the store and its journal, or"
                        " resume=False"
                    )
                array.resize((n_rows, *array.shape[1:]))

    @staticmethod
    def step_of(layout: Layout) -> int:
        """Rows of the chunks that are written together."""
        return _TOGETHER * max(1, _CHUNK // (8 * max(layout.n_features, 1)))

    def _chunks(self, width: int) -> tuple[int, ...]:
        return (self.step // _TOGETHER, width) if width else (self.step,)

    @staticmethod
    def missing(path: Path, layout: Layout, n_rows: int) -> str | None:
        """What is not there of so many rows."""
        import zarr

        try:
            group: Any = zarr.open_group(str(path), mode="r")
            arrays: dict[str, Any] = {name: group[name] for name in layout.columns()}
        except Exception:  # zarr fails in its own ways
            return "what describes its arrays"
        for name, array in arrays.items():
            if array.shape[0] < n_rows:
                return f"some of {name}"
            for chunk in range(-(-n_rows // array.chunks[0])):
                if not any(file.is_file() for file in _places(path, name, array, chunk)):
                    return f"chunk {chunk} of {name}"
        return None

    def append(self, rows: Arrays, start: int) -> None:
        """Write rows; `start` is at the beginning of a step."""
        stop = start + len(rows["frame"])
        for name, array in self._arrays.items():
            array.resize((stop, *array.shape[1:]))
            array[start:stop] = rows[name]
        # A disk takes many files together in the time of one.
        with ThreadPoolExecutor(_FILES) as pool:
            for _ in pool.map(_settle, self._files(start, stop)):
                pass

    def _files(self, start: int, stop: int) -> Iterator[Path]:
        """The files of some rows of all arrays, in whichever format they are."""
        for name, array in self._arrays.items():
            rows = array.chunks[0]
            for chunk in range(start // rows, -(-stop // rows)):
                yield from (file for file in _places(self._path, name, array, chunk) if file.is_file())

    def finish(self, n_rows: int) -> None:
        """The arrays have the right number of rows already."""

    def tail(self, start: int, stop: int) -> Arrays:
        """Rows of the chunks that are full in part."""
        return {name: array[start:stop] for name, array in self._arrays.items()}


def _places(path: Path, name: str, array: Any, chunk: int) -> tuple[Path, Path]:
    """Where the file of a chunk may be, in either format."""
    width = "" if array.ndim == 1 else "0"
    return path / name / f"c/{chunk}/{width}".rstrip("/"), path / name / f"{chunk}.{width}".rstrip(".")
