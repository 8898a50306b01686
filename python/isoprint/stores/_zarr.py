"""Zarr stores that grow by whole chunks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from isoprint.stores._columns import Arrays, Layout

# Bytes of a chunk of features, about.
_CHUNK = 2**21
_ATTRIBUTE = "isoprint"


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
        if n_rows is None:
            group = zarr.open_group(str(path), mode="w")
            group.attrs[_ATTRIBUTE] = {"feature_names": layout.feature_names}
            make = getattr(group, "create_array", None) or group.create_dataset
            for name, (dtype, width) in layout.columns().items():
                shape, chunks = ((0, width), (self.step, width)) if width else ((0,), (self.step,))
                make(name, shape=shape, dtype=dtype, chunks=chunks)
        else:
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
        """Rows of a chunk."""
        return max(1, _CHUNK // (8 * max(layout.n_features, 1)))

    def append(self, rows: Arrays, start: int) -> None:
        """Write rows; `start` is at the beginning of a chunk."""
        stop = start + len(rows["frame"])
        for name, array in self._arrays.items():
            array.resize((stop, *array.shape[1:]))
            array[start:stop] = rows[name]
            for chunk in range(start // self.step, -(-stop // self.step)):
                self._settle(name, chunk)

    def _settle(self, name: str, chunk: int) -> None:
        """Make a chunk survive a power failure, in whichever format it is."""
        for place in (f"c/{chunk}/0", f"c/{chunk}", f"{chunk}.0", str(chunk)):
            path = self._path / name / place
            if path.is_file():
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def finish(self, n_rows: int) -> None:
        """The arrays have the right number of rows already."""
