"""Which rows of a result some rows are."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.structures.centers import Centers
from isoprint.structures.frames import Frames


class _OfAll:
    """Frame, atom and species of every row of a call, once they are asked for."""

    def __init__(self, frames: Frames, centers: Centers, averaged: bool, before: tuple[int, int] = (0, 0)) -> None:
        self._frames, self._centers, self._averaged = frames, centers, averaged
        self.n_frames = frames.n_frames
        # Frames and rows of a stream that came before these.
        self.before = before

    def every(self) -> Rows:
        """All rows, in their order."""
        n = self.n_frames if self._averaged else len(self._centers.atom)
        return Rows(np.arange(n), self)

    @cached_property
    def frame(self) -> NDArray[np.int64]:
        counts = 1 if self._averaged else np.diff(self._centers.offsets)
        return np.repeat(np.arange(self._frames.n_frames), counts)

    @cached_property
    def atom(self) -> NDArray[np.int64]:
        return np.full(self._frames.n_frames, -1) if self._averaged else self._centers.atom

    @cached_property
    def species(self) -> NDArray[np.int64]:
        if not len(self._frames.numbers):
            return np.zeros(len(self.atom), np.int64)
        numbers = self._frames.numbers[np.maximum(self._frames.offsets[self.frame] + self.atom, 0)]
        return np.where(self.atom < 0, 0, numbers)


class Rows:
    """Some rows of a result: which they are, and what each describes.

    `descriptor.rows` tells of all rows of a result without computing it; `descriptor.fused` hands one to its function
    together with the features of some rows.

    Attributes
    ----------
    index : ndarray (n,) of int
        Places of these rows among those of `transform`. Within `fused`, atoms of a large frame that are near each other
        come together.
    frame : ndarray (n,) of int
        The frame of each.
    atom : ndarray (n,) of int
        The atom of each, as its index in the frame; -1 for a point in space, and for the average of a frame.
    species : ndarray (n,) of int
        Atomic number of that atom, 0 where there is none.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> def energy(rows, features):
    ...     print(rows, rows.frame, rows.atom, rows.species)
    ...     return features  # the adjoint of Σ features² / 2
    >>> gradient = soap.fused([molecule("H2O"), molecule("OH")], energy)
    Rows(5 rows of 2 frames) [0 0 0 1 1] [0 1 2 0 1] [8 1 1 8 1]

    The oxygen atoms of some frames:

    >>> frames = [molecule("H2O"), molecule("OH")]
    >>> rows, features = soap.rows(frames), soap.transform(frames)
    >>> features[rows.species == 8].shape
    (2, 144)
    """

    def __init__(self, index: NDArray[np.int64], of_all: _OfAll) -> None:
        self._index = index
        self._of_all = of_all

    @property
    def index(self) -> NDArray[np.int64]:
        """The place of each row among all."""
        return self._index + self._of_all.before[1]

    @property
    def frame(self) -> NDArray[np.int64]:
        """The frame of each row."""
        return self._of_all.frame[self._index] + self._of_all.before[0]

    @property
    def atom(self) -> NDArray[np.int64]:
        """The atom of each row, as its index in the frame; -1 where there is none."""
        return self._of_all.atom[self._index]

    @property
    def species(self) -> NDArray[np.int64]:
        """Atomic number of the atom of each row; 0 where there is none."""
        return self._of_all.species[self._index]

    def split(self, features: Any) -> list[Any]:
        """What there is of each row, by frame.

        Parameters
        ----------
        features : ndarray, data frame or sparse array of `n` rows
            The result of `transform` for these rows, or anything that has one entry a row.

        Returns
        -------
        list of the same kind
            As many parts as there are frames; a frame without rows has an empty one. Parts of a numpy array are views
            of it where the rows of a frame stand together, as those of `transform` do.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> frames = [molecule("H2O"), molecule("OH")]
        >>> rows = soap.rows(frames)
        >>> [part.shape for part in rows.split(soap.transform(frames))]
        [(3, 144), (2, 144)]
        >>> rows.split(rows.atom)
        [array([0, 1, 2]), array([0, 1])]
        """
        whole: Any = features if hasattr(features, "shape") else np.asarray(features)
        found = whole.shape[0] if whole.shape else None
        if found != len(self):
            raise ValueError(
                f"features is of shape {tuple(whole.shape)}, but there are {len(self)} rows; give one entry a row, of"
                " the same frames and centers"
            )
        frame = self._of_all.frame[self._index]
        order = None if np.all(frame[:-1] <= frame[1:]) else np.argsort(frame, kind="stable")
        ends = np.searchsorted(frame if order is None else frame[order], np.arange(self._of_all.n_frames + 1))
        taken = whole.iloc if hasattr(whole, "iloc") else whole
        return [
            taken[start:stop] if order is None else taken[order[start:stop]]
            for start, stop in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
        ]

    def __len__(self) -> int:
        return len(self._index)

    def __repr__(self) -> str:
        return f"Rows({len(self)} rows of {len(np.unique(self.frame))} frames)"


def frames_until(rows: Rows) -> int:
    """Frames up to the last of a batch of a stream, be they with rows or without."""
    return rows._of_all.before[0] + rows._of_all.n_frames
