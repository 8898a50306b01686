"""Files of frames that grow one by one, can be read at any time, and are gone on with."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Protocol

from isoprint._support import output
from isoprint._support.interrupts import uninterrupted

SUFFIXES = (".extxyz", ".xyz", ".traj")


class Trajectory(Protocol):
    """Frames in a file."""

    n_frames: int

    def frame(self, place: int) -> Any:
        """One of them, by its number or from the end."""
        ...

    def append(self, frame: Any) -> None:
        """Add one, as a whole or not at all."""
        ...


def require_place(path: str) -> None:
    """Refuse a path where no trajectory may be put."""
    if Path(path).suffix not in SUFFIXES:
        raise ValueError(f"trajectory is {path!r}; its suffix must be one of {' '.join(SUFFIXES)}")
    output.require_place(path)


def opened(path: str, resume: bool) -> Trajectory:
    """The trajectory with what is there already, if that shall be gone on with; else an empty one."""
    if Path(path).exists() and not resume:
        raise ValueError(
            f"{path} is there already, and is kept; go on from it by --resume, move it, or give another name"
        )
    return _Binary(path) if Path(path).suffix == ".traj" else _Text(path)


class _Text:
    """Extended XYZ."""

    def __init__(self, path: str) -> None:
        self._path, self.n_frames, self._end = path, 0, 0
        if Path(path).exists():
            self.n_frames, self._end = _whole_frames(path)

    def frame(self, place: int) -> Any:
        from ase.io import read

        return read(self._path, index=place if place >= 0 else self.n_frames + place, format="extxyz")

    def append(self, frame: Any) -> None:
        from ase.io import write

        text = io.StringIO()
        write(text, frame, format="extxyz")
        with output.telling(self._path), Path(self._path).open("ab", buffering=0) as opened, uninterrupted():
            left = memoryview(text.getvalue().encode())
            # A run may have been killed while it wrote a frame.
            opened.truncate(self._end)
            try:
                while left:
                    left = left[opened.write(left) :]
            except OSError:
                opened.truncate(self._end)
                raise
            self.n_frames, self._end = self.n_frames + 1, opened.tell()


def _whole_frames(path: str) -> tuple[int, int]:
    """How many frames are there as a whole, and where the last of them ends."""
    n_frames = end = position = missing = 0
    with Path(path).open("rb") as lines:
        for line in lines:
            if not line.endswith(b"\n"):
                break
            if not missing:
                if not line.strip().isdigit():
                    raise ValueError(f"{path} is no trajectory: behind frame {n_frames} stands {line[:40]!r}")
                missing = int(line) + 2
            missing -= 1
            position += len(line)
            if not missing:
                n_frames, end = n_frames + 1, position
    return n_frames, end


class _Binary:
    """ASE's own format, in double precision."""

    def __init__(self, path: str) -> None:
        from ase.io import Trajectory as Stored

        self._path, self.n_frames = path, 0
        if Path(path).exists():
            try:
                with Stored(path) as stored:
                    self.n_frames = len(stored)
            except Exception as problem:  # of a file of another kind, and of a damaged one
                raise ValueError(f"{path} is no trajectory of ase ({type(problem).__name__}: {problem})") from None

    def frame(self, place: int) -> Any:
        from ase.io import read

        return read(self._path, index=place, format="traj")

    def append(self, frame: Any) -> None:
        from ase.io import Trajectory as Stored

        appending: Any = Stored
        with output.telling(self._path), uninterrupted(), appending(self._path, "a") as stored:
            stored.write(frame)
        self.n_frames += 1
