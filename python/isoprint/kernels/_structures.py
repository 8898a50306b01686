"""Lists of structures, whose rows of features are had a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import plain, real_array, short_repr

Floats = NDArray[np.float64]

# Bytes of features that are kept rather than computed again for every block.
KEPT = 1 << 30


class Structures:
    """Structures that have a row of features for each environment."""

    offsets: NDArray[np.int64]
    """Where the rows of each structure begin, and where those of the last one end."""
    n_features: int | None
    """Number of columns; `None` where there is no structure to tell."""

    def rows(self, start: int, stop: int) -> Floats:
        """The rows of some structures, contiguous and finite."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def blocks(self, n_rows: int) -> Iterator[tuple[int, int]]:
        """Stretches of structures with so many rows together at most; one structure at least."""
        start = 0
        while start < len(self):
            stop = int(np.searchsorted(self.offsets, self.offsets[start] + n_rows, side="right")) - 1
            stop = max(start + 1, stop)
            yield start, stop
            start = stop

    def bounds(self, start: int, stop: int) -> NDArray[np.int64]:
        """Where the rows of some structures begin among those of these."""
        return np.ascontiguousarray(self.offsets[start : stop + 1] - self.offsets[start])

    def kept(self) -> Structures:
        """The same with all rows in one array of its own."""
        every = np.array(self.rows(0, len(self))) if len(self) else np.empty((0, self.n_features or 0))
        return _Together(every, self.offsets, self.n_features)


class _Together(Structures):
    """Rows that stand in one array."""

    def __init__(self, every: Floats, offsets: NDArray[np.int64], n_features: int | None) -> None:
        self._every, self.offsets, self.n_features = every, offsets, n_features

    def rows(self, start: int, stop: int) -> Floats:
        """A view."""
        return self._every[self.offsets[start] : self.offsets[stop]]

    def kept(self) -> Structures:
        """Itself."""
        return self


class Arrays(Structures):
    """Structures given as arrays of features."""

    def __init__(self, arrays: Any) -> None:
        if isinstance(arrays, (str, bytes)) or not hasattr(arrays, "__iter__"):
            raise ValueError(f"structures are {short_repr(arrays)}; {_GIVE}")
        self._arrays = list(arrays)
        shapes = [self._shape(place, array) for place, array in enumerate(self._arrays)]
        for place, shape in enumerate(shapes):
            if shape[1] != shapes[0][1]:
                raise ValueError(
                    f"structure {place} has {shape[1]} features and structure 0 has {shapes[0][1]}; compute them with"
                    " the same descriptor"
                )
        self.n_features = shapes[0][1] if shapes else None
        counts = np.array([shape[0] for shape in shapes], np.int64)
        self.offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])

    def _shape(self, place: int, array: Any) -> tuple[int, int]:
        shape = getattr(array, "shape", None)
        if hasattr(array, "positions") or hasattr(array, "cart_coords"):
            raise ValueError(
                f"structure {place} is a {type(array).__name__}, not an array of features; give the kernel a"
                " descriptor, as in AverageKernel(SOAP(...)), or compute features first"
            )
        if shape is None:
            self._arrays[place] = array = plain(f"structure {place}", array)
            shape = array.shape
        if len(shape) != 2:
            raise ValueError(f"structure {place} is an array of shape {tuple(shape)}; {_GIVE}")
        if not shape[0] or not shape[1]:
            raise ValueError(
                f"structure {place} is an array of shape {tuple(shape)}, without environments or features; leave it out"
            )
        return int(shape[0]), int(shape[1])

    def rows(self, start: int, stop: int) -> Floats:
        """Together in one array."""
        parts = [_dense(f"structure {start + k}", array) for k, array in enumerate(self._arrays[start:stop])]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


_GIVE = "give a list with an array (n_environments, n_features) for each structure"


def _dense(what: str, array: Any) -> Floats:
    """Features as they are computed with: dense, double and finite."""
    if hasattr(array, "toarray"):
        array = array.toarray()
    elif hasattr(array, "todense"):
        array = array.todense()
    values = real_array(f"features of {what}", array, "are")
    if not np.isfinite(values).all():
        row, column = (int(k) for k in np.argwhere(~np.isfinite(values))[0])
        raise ValueError(
            f"features of {what} have {values[row, column]} at [{row}, {column}]; they must be finite, so leave this"
            " structure out, or repair it"
        )
    return values


class Described(Structures):
    """Frames, and the descriptor that makes their features."""

    def __init__(self, descriptor: Any, frames: list[Any], n_jobs: int | None) -> None:
        self._descriptor, self._frames, self._n_jobs = descriptor, frames, n_jobs
        counts = np.bincount(descriptor.rows(frames).frame, minlength=len(frames))
        if len(counts) and counts.min() == 0:
            raise ValueError(
                f"frame {int(np.argmin(counts))} has no environments: no atoms, or none that the descriptor's centers"
                " name; leave it out"
            )
        self.offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
        self.n_features = descriptor.n_features
        self._every: Structures | None = None

    def rows(self, start: int, stop: int) -> Floats:
        """As they were computed, or anew where they would take too much memory to be kept."""
        if self._every is None and 8 * int(self.offsets[-1]) * (self.n_features or 0) <= KEPT:
            self._every = _Together(self._computed(0, len(self)), self.offsets, self.n_features)
        return self._computed(start, stop) if self._every is None else self._every.rows(start, stop)

    def _computed(self, start: int, stop: int) -> Floats:
        features = self._descriptor.transform(self._frames[start:stop], n_jobs=self._n_jobs, sparse=False)
        return np.ascontiguousarray(features, dtype=np.float64)
