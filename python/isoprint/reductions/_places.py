"""Where the rows of a batch come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.descriptors.rows import Rows, frames_until

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """Row, frame, atom and species of every row of a batch.

    Attributes
    ----------
    index : ndarray (n,) of int
        Rows among all, from 0.
    frame, atom : ndarray (n,) of int
        Where each is; -1 where nothing is said of it.
    species : ndarray (n,) of int
        Atomic numbers, 0 where there is none.
    n_frames : int
        Frames up to the last of the batch.
    is_known : bool
        Whether frames, atoms and species were said.
    """

    index: Indices
    frame: Indices
    atom: Indices
    species: Indices
    n_frames: int
    is_known: bool

    def after(self, n_frames: int, n_rows: int) -> Places:
        """The same after so many more frames and rows."""
        frame = self.frame + n_frames if self.is_known else self.frame
        return replace(self, index=self.index + n_rows, frame=frame, n_frames=self.n_frames + n_frames)

    def settled(self, before: tuple[int, int]) -> tuple[int, int]:
        """Frames and rows before the last frame, which the next batch may have more of, after so many."""
        if not len(self.frame) or self.frame[-1] == before[0]:
            return before
        first = int(np.argmax(self.frame == self.frame[-1]))
        return int(self.frame[-1]), int(self.index[first])

    def some(self, which: NDArray[np.bool_]) -> Places:
        """Those of some of the rows."""
        chosen = (self.index[which], self.frame[which], self.atom[which], self.species[which])
        return Places(*chosen, self.n_frames, self.is_known)


def places_of(rows: Any, n: int, n_rows: int) -> Places:
    """What `rows` say of `n` rows; without them, rows follow those that were seen."""
    if isinstance(rows, Places):
        found = rows
    elif rows is None:
        nowhere = np.full(n, -1)
        return Places(np.arange(n_rows, n_rows + n), nowhere, nowhere, np.zeros(n, np.int64), 0, False)
    else:
        last = frames_until(rows) if isinstance(rows, Rows) else int(np.max(rows.frame, initial=-1)) + 1
        found = Places(rows.index, rows.frame, rows.atom, rows.species, last, True)
    if len(found.index) != n:
        raise ValueError(f"features have {n} rows, and rows tell of {len(found.index)}; give those of the same batch")
    return found
