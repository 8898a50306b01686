"""Rows of structures, or of their atoms, as often as they are asked for."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint.structures.batches import one_by_one
from isoprint.structures.frames import as_list, is_frame

Floats = NDArray[np.float64]

# Bytes of rows that are kept; more are computed anew each time that they are needed.
KEPT = 2**28


class Places(NamedTuple):
    """Which structure, which atom (-1 for all) and which element (0 for all) each row is of."""

    frame: NDArray[np.int64]
    atom: NDArray[np.int64]
    species: NDArray[np.int64]


class Source:
    """Rows of a fingerprint, batch by batch, averaged over the atoms of each structure or not.

    They are kept as long as there are few, and computed anew for every pass otherwise.
    """

    def __init__(
        self,
        frames: Any,
        descriptor: Any,
        per_atom: bool,
        batch: int | None,
        n_jobs: int | None,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.frames, self.per_atom = frames, per_atom
        self.descriptor = _fitted(descriptor, frames)
        self._averaged = getattr(self.descriptor, "average", None) is not None
        if per_atom and self._averaged:
            raise ValueError(
                f"per is 'atom', and this {type(descriptor).__name__} has one row a structure; take per='structure', or"
                " average=None"
            )
        self._batch, self._n_jobs, self._progress = batch, n_jobs, progress
        self._kept: list[Floats] | None = []
        self._places: list[Places] = []
        self._is_read = False

    @property
    def places(self) -> Places:
        """Of all rows, once they were read."""
        return Places(*(np.concatenate([getattr(own, name) for own in self._places]) for name in Places._fields))

    @property
    def features(self) -> Floats | None:
        """All rows, once they were read; `None` where they are too many."""
        return None if self._kept is None else np.concatenate(self._kept)

    def batches(self) -> Iterator[Floats]:
        """Rows of some structures after the other, once more from the first."""
        if self._is_read and self._kept is not None:
            yield from self._kept
            return
        n_frames = n_bytes = 0
        for rows, places in self._described():
            if not self._is_read:
                n_bytes += rows.nbytes
                self._places.append(places)
                self._kept = None if self._kept is None or n_bytes > KEPT else [*self._kept, rows]
            n_frames = int(places.frame[-1]) + 1 if len(rows) else n_frames
            if self._progress is not None:
                self._progress(n_frames, sum(len(own.frame) for own in self._places))
            yield rows
        self._is_read = True

    def _described(self) -> Iterator[tuple[Floats, Places]]:
        stream = self.descriptor.stream(self.frames, batch=self._batch, n_jobs=self._n_jobs)
        rows = ((np.asarray(f, np.float64), Places(own.frame, own.atom, own.species)) for f, own in stream)
        return rows if self.per_atom or self._averaged else _averaged(rows, self._batch is None)


def kept_frames(frames: Any) -> Any:
    """Structures that can be read again: a list, or the path of a file."""
    if isinstance(frames, (str, os.PathLike, list, tuple)):
        return frames
    return as_list(frames)[0] if is_frame(frames) else list(one_by_one(frames))


def _fitted(descriptor: Any, frames: Any) -> Any:
    """A copy that knows the species: its own, or those of the structures."""
    own = copy.deepcopy(descriptor)
    known = getattr(own, "__sklearn_is_fitted__", None)
    if known is None or known():
        return own
    # The first structure of each element tells as much as all.
    seen: set[int] = set()
    told = []
    for frame in one_by_one(frames):
        numbers = set(np.unique(frame.numbers if hasattr(frame, "numbers") else frame.atomic_numbers).tolist())
        if not numbers <= seen:
            seen |= numbers
            told.append(frame)
    return own.fit(told)


def _averaged(batches: Iterable[tuple[Floats, Places]], in_parts: bool) -> Iterator[tuple[Floats, Places]]:
    """One row a structure that has any: the mean over its atoms, some of which may come with the next batch."""
    held = np.empty(0, np.int64), np.empty((0, 0)), np.empty(0, np.int64)
    for values, places in batches:
        if not len(values):
            continue
        frame, first, counts = np.unique(places.frame, return_index=True, return_counts=True)
        sums = np.add.reduceat(values, first, axis=0)
        if len(held[0]) and held[0][0] == frame[0]:
            sums[0] += held[1][0]
            counts[0] += held[2][0]
        elif len(held[0]):
            yield _means(*held)
        known = len(frame) - in_parts
        if known:
            yield _means(frame[:known], sums[:known], counts[:known])
        held = frame[known:], sums[known:], counts[known:]
    if len(held[0]):
        yield _means(*held)


def _means(frame: NDArray[np.int64], sums: Floats, counts: NDArray[np.int64]) -> tuple[Floats, Places]:
    return sums / counts[:, None], Places(frame, np.full(len(frame), -1), np.zeros(len(frame), np.int64))
