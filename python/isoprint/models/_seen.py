"""What a fit has seen so far: triangles of rows, and rows that wait until there are enough to be factorized."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from isoprint._support.interrupts import uninterrupted
from isoprint.models._triangle import Triangle

Floats = NDArray[np.float64]
Key = tuple[str, str]
"""Kind of label, and group of frames."""

# Rows of the least-squares problem that are factorized at a time.
ROWS = 3000


@dataclass
class Seen:
    """Rows of whole frames, one frame after the other."""

    triangles: dict[Key, Triangle] = field(default_factory=dict)
    waiting: dict[Key, list[Floats]] = field(default_factory=dict)
    n_frames: int = 0
    is_whole: bool = True
    """Whether it holds all rows of `n_frames` frames, and nothing else."""

    @classmethod
    def after(cls, triangles: Mapping[Key, Triangle]) -> Seen:
        """More than these triangles have seen, which stay as they are."""
        return cls({key: Triangle.of(known.factor.copy(), known.n_rows) for key, known in triangles.items()})

    def add(self, rows: Iterable[tuple[Key, Floats]]) -> None:
        """Take in the rows of the next frame; Control-C waits until they are in."""
        found = list(rows)
        with uninterrupted():
            self.is_whole = False
            for key, own in found:
                queue = self.waiting.setdefault(key, [])
                queue.append(own)
                if sum(map(len, queue)) >= ROWS:
                    self._push(key)
            self.n_frames += 1
            self.is_whole = True

    def finished(self) -> dict[Key, Triangle]:
        """The triangles of all rows."""
        self.is_whole = False
        for key in self.waiting:
            self._push(key)
        return self.triangles

    def _push(self, key: Key) -> None:
        queue = self.waiting[key]
        if not queue:
            return
        rows = np.concatenate(queue)
        if key not in self.triangles:
            self.triangles[key] = Triangle(rows.shape[1])
        self.triangles[key].push(rows)
        queue.clear()
