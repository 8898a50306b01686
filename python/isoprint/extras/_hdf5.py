"""HDF5 files by way of h5py, which does not survive an error of the disk and is not shown any."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO


@contextmanager
def opened(part: Path, shape: tuple[int, int], dtype: str, about: dict[str, Any], telling: Any) -> Iterator[Any]:
    """A new file with a dataset `features`; see `isoprint.extras.storage.create`."""
    try:
        import h5py
    except ImportError:
        raise ValueError('writing HDF5 needs h5py: pip install "isoprint[storage]"') from None
    with telling():
        under = part.open("x+b", buffering=0)
    with under:
        disk = _Disk(under)
        with telling():
            file = h5py.File(disk, "w")
        try:
            with telling():
                rows = Rows(_filled(h5py, file, shape, dtype, about), telling, disk.check)
            yield rows
        finally:
            with telling():
                file.close()
        with telling():
            disk.check()


def _filled(h5py: Any, file: Any, shape: tuple[int, int], dtype: str, about: dict[str, Any]) -> Any:
    rows = file.create_dataset("features", shape, dtype)
    for name, value in about.items():
        if name == "parameters":
            file.attrs[name] = json.dumps(value)
        else:
            strings = isinstance(value, list)
            file.create_dataset(name, data=value, dtype=h5py.string_dtype() if strings else None)
    return rows


class Rows:
    """The rows of a store, which notice at once that the disk does not take them.

    Parameters
    ----------
    array
        Of h5py or zarr.
    telling : callable
        A context in which their errors are told.
    check : callable, optional
        Raises where writing went wrong unnoticed.
    """

    def __init__(self, array: Any, telling: Any, check: Any = None) -> None:
        self._array, self._telling, self._check = array, telling, check
        self.shape, self.dtype = tuple(array.shape), array.dtype

    def __setitem__(self, place: Any, values: Any) -> None:
        with self._telling():
            self._array[place] = values
            if self._check:
                self._check()


class _Disk:
    """A file that never refuses anything: the first error is kept, and what is written after it is dropped.

    Where a write fails, HDF5 cannot close its file any more, and the process may die of that.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._place = self._size = 0
        self._problem: OSError | None = None

    def check(self) -> None:
        """Raise the error that was kept."""
        if self._problem is not None:
            raise self._problem

    def seek(self, offset: int, whence: int = 0) -> int:
        self._place = offset + (0, self._place, self._size)[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    def write(self, data: Any) -> int:
        left = memoryview(data).cast("B")
        length = len(left)
        try:
            if self._problem is None:
                self._file.seek(self._place)
            while self._problem is None and left:
                left = left[self._file.write(left) :]
        except OSError as problem:
            self._problem = problem
        self._place += length
        self._size = max(self._size, self._place)
        return length

    def readinto(self, buffer: Any) -> int:
        wanted = memoryview(buffer).cast("B")
        length = max(0, min(len(wanted), self._size - self._place))
        found = b""
        if self._problem is None:
            self._file.seek(self._place)
            found = self._file.read(length)
        wanted[:length] = found.ljust(length, b"\0")
        self._place += length
        return length

    def read(self, size: int = -1) -> bytes:
        buffer = bytearray(self._size - self._place if size < 0 else size)
        return bytes(buffer[: self.readinto(buffer)])

    def truncate(self, size: int | None = None) -> int:
        self._size = self._place if size is None else size
        try:
            if self._problem is None:
                self._file.truncate(self._size)
        except OSError as problem:
            self._problem = problem
        return self._size

    def flush(self) -> None:
        pass
