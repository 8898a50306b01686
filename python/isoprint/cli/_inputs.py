"""Structures of several files, or of standard input: as a list, or one after the other where there are many."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.cli import _files, _formats
from isoprint.structures.batches import ahead, in_batches
from isoprint.structures.centers import resolve
from isoprint.structures.frames import pack
from isoprint.structures.reading import read_frames
from isoprint.structures.snapshots import Snapshot

STDIN = "-"
# Files larger than this in all are read twice rather than kept in memory, in bytes.
LARGE = 2**28
# Atoms that are looked at together where structures are counted.
_ATOMS = 2**16
# Formats that are read one structure at a time.
_ONE_BY_ONE = ("extxyz", "lammps-dump-text", "vasp-xdatcar", "traj")


def single(options: Namespace, name: str) -> Namespace:
    """The options of a command with one of its inputs."""
    return Namespace(**{**vars(options), "input": name})


def require(options: Namespace) -> None:
    """Refuse inputs that are not there, before any of them is read, and standard input where it cannot be meant."""
    for name in options.input:
        if name == STDIN and not Path(name).exists():
            if options.input.count(STDIN) > 1:
                raise ValueError("IN is - twice, and standard input can be read once")
            if getattr(options, "index", None) is not None:
                raise ValueError("--index chooses structures of files, and - is none; write it to a file first")
        elif not Path(_files.parted(name)[0]).exists():
            raise ValueError(f"there is no file {name!r}")


def has_stdin(options: Namespace) -> bool:
    """Whether structures come from standard input, which is read once."""
    return STDIN in options.input and not Path(STDIN).exists()


def read(options: Namespace) -> list[Any]:
    """All structures of all inputs."""
    return [frame for name in options.input for frame in _read_one(options, name)]


def _read_one(options: Namespace, name: str) -> list[Any]:
    if name != STDIN or Path(name).exists():
        return _files.read(single(options, name))
    frames = list(_of_stdin(options))
    if not any(map(len, frames)):
        raise ValueError(f"standard input holds no atoms, read as {options.format or 'extxyz'}")
    return frames


def _of_stdin(options: Namespace) -> Iterator[Snapshot]:
    return read_frames(sys.stdin.buffer, format=options.format, types=options.types)


def are_large(options: Namespace) -> bool:
    """Whether the inputs are files, too large to be kept, that are read one structure at a time."""
    if has_stdin(options):
        return False
    paths = [Path(name) for name in options.input if Path(name).is_file()]
    large = len(paths) == len(options.input) and sum(path.stat().st_size for path in paths) > LARGE
    return large and all(_is_plain(options, path) for path in paths)


def _is_plain(options: Namespace, path: Path) -> bool:
    """Whether all structures of a file are meant, and they are read one at a time."""
    every = getattr(options, "index", None) in (None, ":")
    return every and path.is_file() and _formats.detect_format(path, options.format) in _ONE_BY_ONE


def one_by_one(options: Namespace) -> Iterator[Any]:
    """The structures of all inputs, in memory for no more than one input of a format that is read at once."""
    for name in options.input:
        if name == STDIN and not Path(name).exists():
            yield from _of_stdin(options)
        elif _is_plain(options, Path(name)):
            yield from read_frames(name, format=options.format, types=options.types)
        else:
            yield from _files.read(single(options, name))


@dataclass(frozen=True)
class Counts:
    """What many structures have in all."""

    n_atoms: int
    offsets: NDArray[np.int64]
    """The rows of structure `f` are `offsets[f]:offsets[f + 1]`."""
    atom: NDArray[np.int64]
    """Of every row, its atom."""
    numbers: NDArray[np.int64]
    """The elements there are."""

    @property
    def n_frames(self) -> int:
        """Number of structures."""
        return len(self.offsets) - 1

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.offsets[-1])


def counted(frames: Iterable[Any], elements: list[int] | None, averaged: bool) -> Counts:
    """Count structures, and the rows that they will have, some at a time."""
    n_atoms, sizes, atoms, numbers = 0, [np.zeros(1, np.int64)], [np.empty(0, np.int64)], np.empty(0, np.int64)
    for some in ahead(in_batches(frames, None, _ATOMS, False)):
        packed = pack(some)
        centers = resolve(None, packed, False, elements)
        n_atoms += packed.n_atoms
        sizes.append(np.ones(packed.n_frames, np.int64) if averaged else np.diff(centers.offsets))
        atoms.append(centers.atom)
        numbers = np.union1d(numbers, packed.numbers)
    return Counts(n_atoms, np.cumsum(np.concatenate(sizes)), np.concatenate(atoms), numbers)


def specimen(numbers: NDArray[np.int64]) -> Snapshot:
    """One atom of each element, for a fingerprint that learns its species."""
    places = np.zeros((len(numbers), 3))
    places[:, 0] = 100.0 * np.arange(len(numbers))
    return Snapshot(places, numbers, None, None, {})
