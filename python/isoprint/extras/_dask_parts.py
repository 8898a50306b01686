"""What tasks are made of: files, or structures as a few arrays that are quick to send."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import whole
from isoprint.structures.batches import in_batches, one_by_one
from isoprint.structures.frames import Frames, is_frame, pack

# Features of a part where nothing is said, in bytes.
_PART = 2**26
_XYZ = (".xyz", ".extxyz")


class Plain:
    """One structure, and nothing but its atoms and cell."""

    __slots__ = ("cell", "numbers", "pbc", "positions")

    def __init__(self, packed: Frames) -> None:
        self.positions, self.numbers = packed.positions, packed.numbers
        self.cell, self.pbc = packed.cells[0], packed.pbc[0]


class Bundle:
    """Structures as arrays: two thirds of the bytes of `ase.Atoms`, and without the results that these carry.

    Parameters
    ----------
    structures : list of ase.Atoms or alike
        Looked at here, where an error can name the frame.
    """

    def __init__(self, structures: list[Any]) -> None:
        packed = pack(structures)
        short: Any = packed.numbers.astype(np.uint8)
        # Numbers that are no elements are refused by who describes them, and must not become some on the way.
        self._packed = packed._replace(numbers=short) if np.array_equal(short, packed.numbers) else packed

    def __len__(self) -> int:
        return self._packed.n_frames

    def frames(self) -> list[Plain]:
        """The structures."""
        packed = self._packed._replace(numbers=self._packed.numbers.astype(np.int64))
        return [Plain(packed.some(place, place + 1)) for place in range(packed.n_frames)]


def libraries() -> tuple[Callable[..., Any], Any, Callable[..., Any]]:
    """`dask.delayed`, `dask.array` and `dask.compute`."""
    try:
        from dask import array
        from dask.base import compute
        from dask.delayed import delayed
    except ImportError:
        raise ImportError('isoprint.extras.dask needs dask: pip install "isoprint[dask]"') from None
    return delayed, array, compute


def are_paths(frames: Any) -> bool:
    """Whether these are files."""
    if not isinstance(frames, (list, tuple)) or not frames:
        return False
    paths = [isinstance(one, (str, os.PathLike)) for one in frames]
    if any(paths) and not all(paths):
        other = short_repr(frames[paths.index(False)])
        raise TypeError(f"frames has paths, and also {other}; give files alone, or structures alone")
    return all(paths)


def lazy_lists(frames: Any) -> list[Any] | None:
    """Partitions of a bag, or the lists that were delayed by the caller; `None` for anything else."""
    if hasattr(frames, "to_delayed") and not hasattr(frames, "chunks"):
        return list(frames.to_delayed())
    if isinstance(frames, (list, tuple)) and frames and all(hasattr(one, "dask") for one in frames):
        return list(frames)
    return None


def lists(frames: Any, n_features: int, averaged: bool, batch: int | None) -> Iterator[list[Any]]:
    """Structures that are here, a part at a time."""
    if is_frame(frames) or not isinstance(frames, Sequence) or isinstance(frames, str):
        raise TypeError(
            f"frames is {short_repr(frames)}; give a list of structures, a list of paths, or a dask.bag.Bag of"
            " structures"
        )
    most = None if batch is None else whole("batch", batch, 1)
    yield from in_batches(one_by_one(frames), most, max(1, _PART // (8 * max(n_features, 1))), averaged)


def parts_of(frames: Any, n_features: int, averaged: bool, batch: int | None) -> list[Any]:
    """Files, lazy lists, or bundles of structures, each for one task."""
    lazy = lazy_lists(frames)
    if lazy is not None:
        return lazy
    if are_paths(frames):
        return [os.fsdecode(path) for path in frames]
    return [Bundle(some) for some in lists(frames, n_features, averaged, batch)]


def opened(part: Any, labels: bool = False) -> Any:
    """The structures of a part: a list, or an iterator over a file, with forces and the like if these are wanted."""
    if isinstance(part, str):
        return read(part, labels)
    return part.frames() if isinstance(part, Bundle) else list(part)


def name_of(part: Any) -> str:
    """What errors call a part by."""
    return part if isinstance(part, str) else "a part of the frames"


def read(path: str, labels: bool = False) -> Iterator[Any]:
    """The structures of a file, as ASE reads them where labels are wanted; an error names it, and the frame."""
    if not Path(path).stat().st_size:
        return
    place = 0
    try:
        for frame in _by_ase(path) if labels else one_by_one(path):
            yield frame
            place += 1
    except (FileNotFoundError, PermissionError, MemoryError):
        raise
    except Exception as problem:  # every reader has its own
        told = str(problem).strip() or type(problem).__name__
        raise ValueError(f"frame {place} of {path} cannot be read ({told}); was the file cut?") from problem


def _by_ase(path: str) -> Iterator[Any]:
    from ase.io import iread

    yield from iread(path, index=slice(None), do_not_split_by_at_sign=True)


def counted(paths: Sequence[Any], averaged: bool) -> list[int] | None:
    """The rows of files that say their numbers of atoms, where every atom is a row, or every structure is."""
    if any(Path(os.fsdecode(path)).suffix not in _XYZ for path in paths):
        return None
    return [sum(1 if averaged else n for n in _atoms(Path(os.fsdecode(path)))) for path in paths]


def _atoms(path: Path) -> Iterator[int]:
    """Numbers of atoms of the structures of an XYZ file."""
    place = 0
    with path.open("rb") as lines:
        for line in lines:
            if not line.strip():
                return
            if line.lstrip().startswith(b"VEC"):  # a cell vector behind the atoms
                continue
            if not line.strip().isdigit():
                raise ValueError(
                    f"frame {place} of {path} begins with {line[:60]!r}, where a number of atoms belongs; was the file"
                    " cut?"
                )
            n = int(line)
            found = sum(1 for _, _ in zip(range(n + 1), lines, strict=False))
            if found < n + 1:
                raise ValueError(
                    f"{path} ends in the middle of frame {place}, which has {max(found - 1, 0)} of its {n} atoms; was"
                    " the file cut?"
                )
            yield n
            place += 1
