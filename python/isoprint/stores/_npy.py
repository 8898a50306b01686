"""Files of numpy that grow: `NAME.npy` with the features, and `NAME.frame.npy` and so on beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.stores._columns import Arrays, Layout

# Room for any number of rows, and a multiple of what numpy aligns its headers to.
_HEADER = 128


class NpyStore:
    """One file an array, whose header is written anew as it grows.

    Parameters
    ----------
    path : Path
        Of the features.
    layout : Layout
        The arrays.
    n_rows : int, optional
        Rows that are kept of an earlier run; a new store by default.
    """

    step = 1
    problems: tuple[type[Exception], ...] = ()

    def __init__(self, path: Path, layout: Layout, n_rows: int | None = None) -> None:
        self._files = {name: _Growing(path_of(path, name), *what, n_rows) for name, what in layout.columns().items()}

    @staticmethod
    def step_of(layout: Layout) -> int:
        """Any number of rows can be added."""
        return 1

    @staticmethod
    def missing(path: Path, layout: Layout, n_rows: int) -> str | None:
        """What is not there of so many rows."""
        for name, (dtype, width) in layout.columns().items():
            file = path_of(path, name)
            if not file.is_file() or file.stat().st_size < _HEADER + n_rows * np.dtype(dtype).itemsize * max(width, 1):
                return f"some of {file.name}" if file.exists() else file.name
        return None

    def append(self, rows: Arrays, start: int) -> None:
        """Write rows, and the new number of rows."""
        for name, file in self._files.items():
            file.append(rows[name], start)

    def finish(self, n_rows: int) -> None:
        """The headers say it already."""

    def tail(self, start: int, stop: int) -> Arrays:
        """Rows fill steps always."""
        return {}


def path_of(path: Path, name: str) -> Path:
    """Where an array is."""
    return path if name == "features" else path.with_name(f"{path.stem}.{name}.npy")


class _Growing:
    """An array in a file of numpy's format, version 1.0."""

    def __init__(self, path: Path, dtype: str, width: int, n_rows: int | None) -> None:
        self._path, self._dtype, self._width = path, np.dtype(dtype), width
        self._row = self._dtype.itemsize * max(width, 1)
        if n_rows is None:
            self._path.write_bytes(self._header(0))
            return
        held = path.stat().st_size if path.exists() else 0
        if held < _HEADER + n_rows * self._row:
            raise ValueError(f"{path} has lost rows that were in it; remove the store and its journal, or resume=False")
        with path.open("r+b") as file:
            file.truncate(_HEADER + n_rows * self._row)
            file.write(self._header(n_rows))

    def append(self, values: NDArray[Any], start: int) -> None:
        with self._path.open("r+b") as file:
            file.seek(_HEADER + start * self._row)
            file.write(np.ascontiguousarray(values, self._dtype).data)
            file.seek(0)
            file.write(self._header(start + len(values)))
            file.flush()
            os.fsync(file.fileno())

    def _header(self, n_rows: int) -> bytes:
        shape = (n_rows, self._width) if self._width else (n_rows,)
        said = repr({"descr": self._dtype.str, "fortran_order": False, "shape": shape}).encode()
        room = _HEADER - 10
        return b"\x93NUMPY\x01\x00" + room.to_bytes(2, "little") + said.ljust(room - 1) + b"\n"
