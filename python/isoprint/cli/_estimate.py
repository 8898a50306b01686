"""What a command would give and take, from a sample: nothing is written."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from isoprint._support.plural import plural
from isoprint.cli import _room
from isoprint.cli._inputs import Counts

# Structures of the sample, at most, and seconds after which it is large enough.
_STRUCTURES, _SECONDS = 40, 2.0


def seconds_a_row(descriptor: Any, sample: list[Any], n_jobs: int | None) -> float | None:
    """How long a row takes, measured on structures spread over all; `None` where these have no rows."""
    descriptor.transform(sample[:1], n_jobs=n_jobs)  # tables are made once
    done, start, rows = 0, time.perf_counter(), 0
    while done < len(sample) and time.perf_counter() - start < _SECONDS:
        some = sample[done : max(2 * done, done + 1)]
        rows += len(descriptor.transform(some, n_jobs=n_jobs))
        done += len(some)
    return (time.perf_counter() - start) / rows if rows else None


class Sample:
    """Some structures of many, spread evenly over all that were seen, whatever their number."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self._step, self._seen = 1, 0

    def watch(self, frames: Any) -> Any:
        """Hand structures on, and keep some."""
        for frame in frames:
            if self._seen % self._step == 0:
                self.frames.append(frame)
                if len(self.frames) > _STRUCTURES:
                    self.frames, self._step = self.frames[::2], 2 * self._step
            self._seen += 1
            yield frame


def said(descriptor: Any, counts: Counts, sample: Sample, path: str, n_jobs: int | None, reading: float) -> str:
    """Rows, columns, bytes, memory and time, a line each."""
    size, free = _room.needed(descriptor, counts.n_rows), _room.free_disk(path)
    atoms = f"{plural(counts.n_frames, 'structure')} of {plural(counts.n_atoms, 'atom')}"
    memory = _room.free_memory()
    in_memory = size if Path(path).suffix == ".npz" else min(size, 2**27)
    lines = [
        f"{path}: would be {plural(counts.n_rows, 'row')} of {plural(descriptor.n_features, 'feature')} from {atoms}",
        f"on the disk: {_room.spelled(size)} of features as {np.dtype(descriptor.dtype).name}, of"
        f" {_room.spelled(free)} that are free",
        f"in memory: about {_room.spelled(in_memory)} of features"
        + ("" if memory is None else f", of {_room.spelled(memory)} that are free"),
        _time(descriptor, counts, sample, n_jobs, reading),
    ]
    ways = [f"{option} {_room.spelled(n)}" for option, n in _room.smaller(descriptor, counts.n_rows)]
    return "\n".join([*lines, *([f"smaller: {', '.join(ways)}"] if ways and counts.n_rows else [])])


def _time(descriptor: Any, counts: Counts, sample: Sample, n_jobs: int | None, reading: float) -> str:
    each = seconds_a_row(descriptor, sample.frames, n_jobs)
    if each is None:
        return "time: none, as there are no rows"
    return (
        f"time: about {_spelled(each * counts.n_rows)}, an estimate from {plural(len(sample.frames), 'structure')},"
        f" and {_spelled(reading)} to read (measured just now)"
    )


def _spelled(seconds: float) -> str:
    for limit, unit, length in ((120, "s", 1), (7200, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / length:.2g} {unit}"
    return f"{seconds / 86400:.2g} days"
