"""Fits that survive: what a fit has seen, in a file that a second run with the same arguments goes on from."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._core import __version__
from isoprint._support.arrays import short_repr
from isoprint._support.output import PathLike, require_place
from isoprint._support.plural import plural
from isoprint.models import _archive, _made_with
from isoprint.models._labels import KINDS, Keys, Labels
from isoprint.models._seen import Seen
from isoprint.models._triangle import Triangle
from isoprint.structures.frames import Frames

Sparse = dict[str, dict[str, NDArray[np.float64]]]
"""Sparse points by the name of a term, then by element or elements."""

# Seconds between two writings of the file, at least; and how many times as long as a writing takes.
EVERY = 30.0
RARELY = 20.0
_KIND = "checkpoint of a fit"


class Checkpoint:
    """A fit under way, in a file.

    Parameters
    ----------
    path : path
        Of the file; it need not be there.
    made_with : mapping
        What the fit is made with, in words by name.
    frames : list of str
        A checksum of each frame with its labels.
    """

    def __init__(self, path: PathLike, made_with: Mapping[str, str], frames: list[str]) -> None:
        require_place(path)
        self._path, self._made_with, self._frames = path, dict(made_with), frames
        self._next = 0.0
        self._failed = False
        self.sparse: Sparse = {}
        self.seen = Seen()
        if os.path.exists(path):  # noqa: PTH110  (pathlib may not find a name)
            self._resume()

    def begun(self, sparse: Sparse) -> Seen:
        """What was seen by earlier runs; where there was none, the file has the sparse points from now on."""
        if not self.sparse:
            self.sparse = sparse
            self.write(self.seen)
        return self.seen

    @contextmanager
    def kept(self, seen: Seen) -> Iterator[None]:
        """Write what was seen, if the block ends early, be it by Control-C."""
        try:
            yield
        except BaseException:
            if seen.is_whole and not self._failed:
                self.finish(seen)
            raise

    def finish(self, seen: Seen) -> None:
        """Write all that was seen; where that fails there is nothing left that should end because of it."""
        try:
            self.write(seen)
        except OSError as problem:
            warnings.warn(f"the checkpoint is older than the fit: {problem}", UserWarning, stacklevel=2)

    def write_from_time_to_time(self, seen: Seen) -> None:
        """Write what was seen, unless that was done a moment ago."""
        if time.monotonic() >= self._next:
            self.write(seen)

    def write(self, seen: Seen) -> None:
        """Put the file in its place once it is whole; the older one stays if that fails."""
        start = time.monotonic()
        arrays: dict[str, NDArray[Any]] = {}
        for term, sets in self.sparse.items():
            arrays |= {f"sparse_{term}_{key}": points for key, points in sets.items()}
        groups = []
        for place, key in enumerate(dict.fromkeys([*seen.triangles, *seen.waiting])):
            triangle, queue = seen.triangles.get(key), seen.waiting.get(key)
            if triangle is not None:
                arrays[f"triangle_{place}"] = triangle.factor
            if queue:
                arrays[f"waiting_{place}"] = np.concatenate(queue)
            groups.append([*key, triangle.n_rows if triangle is not None else 0, bool(queue)])
        fields = {
            "format": _archive.FORMAT,
            "model": _KIND,
            "made_with": self._made_with,
            "frames": self._frames,
            "n_frames": seen.n_frames,
            "sparse": {term: list(sets) for term, sets in self.sparse.items()},
            "groups": groups,
        }
        try:
            _archive.write(self._path, fields, arrays)
        except BaseException:
            self._failed = True
            raise
        now = time.monotonic()
        self._next = now + max(EVERY, RARELY * (now - start))

    def _resume(self) -> None:
        """Read the file, and refuse it where it is of another fit."""
        reader = _archive.Reader(self._path)
        if reader.field("model", str) != _KIND:
            raise reader.wrong("it is no checkpoint of a fit; give another name")
        self._require_same(reader)
        for term, keys in reader.field("sparse", dict).items():
            if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
                raise reader.wrong(f"sparse of {term!r} is {short_repr(keys)}; it must be a list of names")
            self.sparse[term] = {key: reader.array(f"sparse_{term}_{key}", (None, None)) for key in keys}
        n_frames = reader.field("n_frames", int)
        if not 0 <= n_frames <= len(self._frames):
            raise reader.wrong(f"n_frames is {n_frames}; it must be from 0 to {len(self._frames)}")
        self.seen = Seen(n_frames=n_frames)
        width = sum(len(points) for sets in self.sparse.values() for points in sets.values()) + 1
        for place, entry in enumerate(reader.field("groups", list)):
            if not (isinstance(entry, list) and [type(word) for word in entry] == [str, str, int, bool]):
                raise reader.wrong(f"groups have the entry {short_repr(entry)}, which is none")
            kind, group, n_rows, waits = entry
            if n_rows:
                factor = reader.array(f"triangle_{place}", (width, width))
                self.seen.triangles[kind, group] = Triangle.of(factor, n_rows)
            if waits:
                self.seen.waiting[kind, group] = [reader.array(f"waiting_{place}", (None, width))]

    def _require_same(self, reader: _archive.Reader) -> None:
        there, here = reader.field("made_with", dict), self._made_with
        differences = _made_with.differences(there, here)
        frames = reader.field("frames", list)
        if len(frames) != len(self._frames):
            differences.append(f"there were {plural(len(frames), 'frame')}, and are {len(self._frames)}")
        elif frames != self._frames:
            pairs = enumerate(zip(frames, self._frames, strict=True))
            place = next(place for place, (before, now) in pairs if before != now)
            differences.append(f"frame {place} or its labels are others")
        if differences:
            more = f"; and {len(differences) - 3} more" if len(differences) > 3 else ""
            raise reader.wrong(
                f"it is the checkpoint of another fit: {'; '.join(differences[:3])}{more}. Give what was given then, or"
                " another name for the checkpoint"
            )


def opened(path: PathLike | None, model: Any, keys: Keys, packed: Frames, labels: list[Labels]) -> Checkpoint | None:
    """The checkpoint of this fit, with what an earlier run has left there."""
    if path is None:
        return None
    made_with = {"isoprint": __version__, "model": type(model).__name__, **_made_with.told(model)}
    made_with |= {f"the key of {kind}": repr(getattr(keys, kind)) for kind in KINDS}
    return Checkpoint(path, made_with, [_checksum(packed, place, label) for place, label in enumerate(labels)])


def _checksum(packed: Frames, place: int, label: Labels) -> str:
    own = slice(int(packed.offsets[place]), int(packed.offsets[place + 1]))
    hashed = blake2b(digest_size=8)
    for array in (packed.positions[own], packed.numbers[own], packed.cells[place], packed.pbc[place]):
        hashed.update(np.ascontiguousarray(array).tobytes())
    for value in (label.energy, label.forces, label.virial):
        hashed.update(b"-" if value is None else np.ascontiguousarray(value, np.float64).tobytes())
    hashed.update(repr((label.config_type, sorted(label.sigma.items()))).encode())
    return hashed.hexdigest()
