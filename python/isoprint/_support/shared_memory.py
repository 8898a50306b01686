"""Whether an array that results are written into shares memory with anything that they are computed from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Beyond so many steps of the exact search two arrays of interlaced strides are taken for overlapping.
_PATIENCE = 100_000

# A file, and the first byte and the one after the last.
_Place = tuple[Any, int, int]


def require_apart(out: NDArray[Any], frames: Sequence[Any], others: Mapping[str, Any]) -> None:
    """Raise where `out` shares memory, or a place in a file, with what it is computed from.

    Parameters
    ----------
    out : ndarray
        What is written to.
    frames : sequence
        The structures, as they were given.
    others : mapping
        From names for messages to whatever else was given: arrays, or lists and mappings that may hold some.
    """
    if not _rows_apart(out):
        raise ValueError(
            f"out has rows that share memory with each other (strides {out.strides}); pass an array with a place for"
            " every entry"
        )
    mapped = _in_file(out)
    for place, frame in enumerate(frames):
        for attribute in _ASE if hasattr(frame, "positions") else _PYMATGEN:
            if _touches(out, mapped, getattr(frame, attribute, None)):
                raise ValueError(_shared(f"{attribute} of frame {place}"))
    for name, thing in others.items():
        if type(thing) not in _PLAIN and _touches(out, mapped, thing):
            raise ValueError(_shared(name))


_ASE, _PYMATGEN = ("positions", "numbers", "cell", "pbc"), ("cart_coords", "atomic_numbers", "lattice")


def _shared(name: str) -> str:
    return f"out shares memory with {name}, which it would overwrite; pass an array of its own, or a copy"


def _touches(out: NDArray[Any], mapped: _Place | None, thing: Any) -> bool:
    if mapped is None and type(thing) is np.ndarray:
        return _overlap(out, thing)
    return any(_overlap(out, array) or _same_place(mapped, _in_file(array)) for array in _arrays(thing))


# What calls that still run write to, by call; single steps of a dictionary need no lock.
_written: dict[int, NDArray[Any]] = {}
if hasattr(os, "register_at_fork"):
    # The other threads, and their calls, are not in the child.
    os.register_at_fork(after_in_child=_written.clear)


class ExclusiveOutput:
    """While results are written into `out`, no other call may write there, be it of another thread or a callback."""

    def __init__(self, out: NDArray[Any]) -> None:
        self.out = out

    def __enter__(self) -> None:
        # Said before the others are asked: of two calls that begin at once, at least one knows of the other.
        _written[id(self)] = self.out
        try:
            if any(_overlap(self.out, out) for call, out in _written.copy().items() if call != id(self)):
                raise ValueError("out shares memory with that of a call that still runs; pass an array of its own")
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *raised: object) -> None:
        _written.pop(id(self), None)


def _arrays(thing: Any) -> Iterator[NDArray[Any]]:
    if isinstance(thing, np.ndarray):
        yield thing
    elif hasattr(thing, "array") or hasattr(thing, "matrix"):  # the cell of ase, the lattice of pymatgen
        yield from _arrays(thing.array if hasattr(thing, "array") else thing.matrix)
    elif isinstance(thing, Mapping):
        yield from _arrays(list(thing.values()))
    elif isinstance(thing, (list, tuple)):
        if not set(map(type, thing)) <= _PLAIN:
            for entry in thing:
                yield from _arrays(entry)
    elif type(thing) not in _PLAIN and not isinstance(thing, np.generic):
        for each in (thing, *(getattr(thing, name, None) for name in ("data", "indices", "indptr"))):
            if hasattr(each, "__array__") or _has_buffer(each):
                array = _viewed(each)
                if array is not None:
                    yield array


_PLAIN = {int, float, bool, str, bytes, type(None)}


def _has_buffer(thing: Any) -> bool:
    try:
        memoryview(thing)
    except TypeError:
        return False
    return True


def _viewed(thing: Any) -> NDArray[Any] | None:
    """What numpy sees in the memory of another library; `None` where it is not shown."""
    try:
        return np.asarray(thing)
    except Exception:  # such as the tensor of another device
        return None


def _overlap(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Exact where the ranges of addresses overlap, which is seldom."""
    if not np.may_share_memory(one, other):
        return False
    try:
        return bool(np.shares_memory(one, other, max_work=_PATIENCE))  # type: ignore[arg-type]
    except RuntimeError:  # too hard to tell
        return True


def _rows_apart(out: NDArray[Any]) -> bool:
    """Whether every entry of a two-dimensional array has memory of its own."""
    if out.size < 2 or out.flags.c_contiguous or out.flags.f_contiguous:
        return True
    size = out.itemsize
    (n, down), (m, right) = sorted(zip(out.shape, map(abs, out.strides), strict=True), key=lambda axis: -axis[1])
    if (right < size and m > 1) or (down < size and n > 1):
        return False
    # Entry (i, j) lies on entry (0, 0) shifted: the nearest j on either side of -i down / right decides.
    i = np.arange(1, n)
    nearest = i * down // max(right, 1)
    return not any(((np.abs(i * down - j * right) < size) & (j < m)).any() for j in (nearest, nearest + 1))


def _in_file(array: NDArray[Any]) -> _Place | None:
    """File and range of bytes of an array that numpy maps from a file: two maps of one file have two addresses."""
    root: Any = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    name = getattr(root, "filename", None) if isinstance(root, np.memmap) else None
    if name is None:
        return None
    try:
        status = Path(name).stat()
        file: Any = status.st_dev, status.st_ino
    except OSError:
        file = str(name)
    first = root.offset + array.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    spans = [(n - 1) * stride for n, stride in zip(array.shape, array.strides, strict=True)]
    return (
        file,
        first + sum(span for span in spans if span < 0),
        first + sum(s for s in spans if s > 0) + array.itemsize,
    )


def _same_place(one: _Place | None, other: _Place | None) -> bool:
    return one is not None and other is not None and one[0] == other[0] and one[1] < other[2] and other[1] < one[2]
