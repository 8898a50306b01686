"""The rows of every batch, and of every part of a structure that is too large for one, after what is safe already."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint.stores._columns import Arrays
from isoprint.stores._journal import Batch
from isoprint.structures.batches import told_from
from isoprint.structures.frames import Frames, Packed, pack
from isoprint.structures.snapshots import information


@dataclass(frozen=True)
class Input:
    """Structures of a batch as flat arrays, a hash of these, and what is stored of their information."""

    structures: Packed
    digest: str
    info: dict[str, NDArray[np.float64]]


def inputs(batches: Iterable[list[Any]], names: tuple[str, ...], first: int) -> Iterator[Input]:
    """Make ready what is to be described; it is meant for a thread that reads ahead.

    Parameters
    ----------
    batches : iterable of lists
        The structures.
    names : tuple of str
        What of `info` of the structures is stored.
    first : int
        The number of the first structure.

    Yields
    ------
    Input
        Of one batch.
    """
    for structures in batches:
        with told_from(first):
            own = pack(structures)
            info = {name: np.array([_number(structure, name) for structure in structures]) for name in names}
            found = Input(Packed(own), _digest(own), info)
        yield found
        first += len(structures)


def described(
    descriptor: Any,
    batches: Iterator[Input],
    base: Batch,
    safe: Sequence[Batch],
    most: int,
    n_jobs: int | None,
) -> Iterator[tuple[Batch, Arrays]]:
    """Describe what is not safe yet, after the structures of what is were compared with those that were written.

    Parameters
    ----------
    descriptor : Descriptor
        The fingerprint.
    batches : iterator of Input
        The structures.
    base : Batch
        What is complete, and was made of other structures.
    safe : sequence of Batch
        What an earlier run has written, in its order.
    most : int
        Rows of a part of a structure that is alone in its batch.
    n_jobs : int, optional
        Threads.

    Yields
    ------
    Batch, dict
        What is there once these rows are safe, and the rows.
    """
    known, before = deque(safe), base
    for given in batches:
        start, last = before, before.frames + len(given.structures)
        with told_from(start.frames):
            done, is_whole = 0, False
            while known and not is_whole:
                before = _required(known.popleft(), start.frames, last, done, given.digest)
                done, is_whole = done + 1, before.is_last
            if is_whole:
                continue
            n_parts, parts = descriptor._parts(given.structures, most, n_jobs)
        for place in range(n_parts):
            with told_from(start.frames):
                part = next(parts)
                if place < done:
                    continue
                features, rows = descriptor._described(part, (start.frames, start.rows))
                arrays = {"features": features, "frame": rows.frame, "atom": rows.atom, "species": rows.species}
                for name, values in given.info.items():
                    arrays[f"info_{name}"] = values[rows.frame - start.frames]
            n_rows = before.rows + len(features)
            before = Batch(last if place == n_parts - 1 else start.frames, n_rows, given.digest, place, n_parts)
            yield before, arrays


def _digest(packed: Frames) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for array in (packed.positions, packed.numbers, packed.cells, packed.pbc, packed.offsets):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _required(safe: Batch, first: int, last: int, part: int, digest: str) -> Batch:
    """The line of a journal, once it is that of this part of these structures."""
    frames = last if safe.is_last else first
    if (safe.frames, safe.part, safe.input) != (frames, part, digest):
        raise ValueError(
            f"the structures {first} to {max(first, safe.frames - 1)} are not those that were written by the run that"
            " this would go on with; give the same structures, or resume=False to start anew"
        )
    return safe


def _number(structure: Any, name: str) -> float:
    value = information(structure).get(name, np.nan)
    if isinstance(value, (str, bytes)) or np.ndim(value) or np.iscomplexobj(value):
        raise ValueError(f"info has {name} = {short_repr(value)}, which is no number; name others, or convert it first")
    return float(value)
