"""What is safe on disk: one line of JSON for what is written at all, and one for each batch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from isoprint._support.arrays import short_repr

# Of journals and of the stores that they are about: another one is not gone on with. In 2, chunks of Zarr are written
# together, and parts of a structure have lines of their own.
FORMAT = 2


@dataclass(frozen=True)
class Batch:
    """Rows that are on disk: how many whole structures and rows there are up to its end, of which input, and which of
    how many parts of these structures it is.
    """

    frames: int
    rows: int
    input: str
    part: int = 0
    parts: int = 1

    @property
    def is_last(self) -> bool:
        """Whether the structures have no further part."""
        return self.part == self.parts - 1


class Journal:
    """A file beside a store, to which a line is added when a batch is safe.

    Parameters
    ----------
    path : Path
        Of the journal.
    about : dict
        What the store is made of, as far as JSON says it.
    """

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        self._path = path
        self.about: dict[str, Any] = json.loads(json.dumps({"format": FORMAT, **about})) if about else {}
        self._lock: Any = None
        self._earlier: list[dict[str, Any]] = []
        self.base = Batch(0, 0, "")
        """Where the structures of this call begin, after those of earlier calls that were complete."""
        self.batches: list[Batch] = []
        """Of this call, and of runs of the same call that were interrupted."""
        self.is_complete = False

    def lock(self) -> None:
        """Refuse a journal that another program writes; the lock ends with its program, however that ends."""
        self._lock = locked(self._path)

    def close(self) -> None:
        """Let others write."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def begin(self) -> None:
        """Start a new journal."""
        with self._path.open("xb") as file:
            _add(file, self.about)
        self.lock()
        _settle(self._path.parent)

    def resume(self, append: bool = False) -> None:
        """Read what an earlier run left.

        Parameters
        ----------
        append : bool
            Whether structures of this call may come from elsewhere than those before.

        Raises
        ------
        ValueError
            Where that run was another one.
        """
        found = self.read()
        self._require_same(found, ("source",) if append else ())
        self.about = found
        with self._path.open("r+b") as file:  # of a line that was being written, a part may be there
            file.truncate(_end_of_whole_lines(self._path))

    def read(self) -> dict[str, Any]:
        """What is there, whoever wrote it; the first line is returned."""
        lines = list(_whole_lines(self._path))
        if not lines:
            raise ValueError(f"{self._path} is no journal of isoprint; move it, or give another name")
        ends = [place for place, line in enumerate(lines) if "complete" in line]
        last = ends[-1] if ends else 0
        self.is_complete = bool(ends) and last == len(lines) - 1
        self._earlier = lines[1 : last + 1]
        batches = [Batch(**line) for line in self._earlier if "complete" not in line]
        self.base = batches[-1] if batches else Batch(0, 0, "")
        self.batches = [Batch(**line) for line in lines[last + 1 :]]
        self.about = self.about or lines[0]
        return lines[0]

    def _require_same(self, found: dict[str, Any], besides: tuple[str, ...]) -> None:
        if found["format"] != FORMAT:
            raise ValueError(
                f"{self._path.name} is of format {short_repr(found['format'])}, and this version of isoprint goes on"
                f" with journals of format {FORMAT}; go on with the version that began it, or start anew with"
                " resume=False"
            )
        for name, value in self.about.items():
            if name in besides or found.get(name) == value:
                continue
            if name == "isoprint":
                raise ValueError(
                    f"{self._path.name} was begun by isoprint {found.get('isoprint')}, and this is isoprint"
                    f" {self.about.get('isoprint')}, whose numbers may have other last digits; nothing was touched: go"
                    " on with that version, give another name, or resume=False to start anew"
                )
            raise ValueError(
                f"{self._path.name} was begun with {name} = {short_repr(found.get(name))}, and this is"
                f" {name} = {short_repr(value)}; use the same arguments to go on, or resume=False to start anew"
            )

    def go_on(self) -> None:
        """Begin with more structures behind those that are complete."""
        self.is_complete = False

    def add(self, batch: Batch) -> None:
        """Say that a batch is safe."""
        with self._path.open("ab") as file:
            _add(file, asdict(batch))
        self.batches.append(batch)

    def complete(self) -> None:
        """Say that there is nothing more to come."""
        with self._path.open("ab") as file:
            _add(file, {"complete": True})
        self.is_complete = True

    def back_to(self, n_batches: int) -> None:
        """Forget later batches."""
        del self.batches[n_batches:]
        part = self._path.with_name(self._path.name + ".part")
        with part.open("wb") as file:
            for line in (self.about, *self._earlier, *map(asdict, self.batches)):
                _add(file, line)
        before, self._lock = self._lock, locked(part)
        part.replace(self._path)
        if before is not None:
            before.close()
        _settle(self._path.parent)

    @property
    def last(self) -> Batch:
        """How much is safe."""
        return self.batches[-1] if self.batches else self.base


def locked(path: Path) -> Any:
    """An open file that nobody else can lock until it is closed, or its program ends.

    Parameters
    ----------
    path : Path
        Of a journal.
    """
    file = path.open("rb")
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise ValueError(
            f"{path} is being written by another program; wait until it ends, or give another name"
        ) from None
    except (ImportError, OSError):  # Windows, and file systems without locks
        pass
    return file


def _add(file: Any, line: dict[str, Any]) -> None:
    file.write(json.dumps(line).encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    """Make names of new files survive a power failure, where folders can be opened."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


def _end_of_whole_lines(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    content = path.read_bytes()[: _end_of_whole_lines(path)]
    before = Batch(0, 0, "")
    for number, line in enumerate(content.splitlines(), 1):
        found: Any
        try:
            found = json.loads(line)
        except ValueError:
            found = None
        if number == 1 and (not isinstance(found, dict) or "format" not in found):
            raise ValueError(f"{path} is no journal of isoprint; move it, or give another name")
        batch = None if number == 1 or not isinstance(found, dict) else _batch(found, before)
        if batch is None and not (number == 1 or (isinstance(found, dict) and "complete" in found)):
            raise ValueError(
                f"line {number} of {path} is damaged; the {before.frames} structures before it are safe: remove this"
                " line and all after it to go on there, or give resume=False to start anew"
            )
        before = batch or before
        yield found


def _batch(line: dict[str, Any], before: Batch) -> Batch | None:
    """What a line says is safe; `None` where it does not follow the line before."""
    try:
        found = Batch(**line)
        follows = found.frames >= before.frames and found.rows >= before.rows and found.part < found.parts
        moves = (found.frames, found.rows) != (before.frames, before.rows)
        return found if follows and moves and isinstance(found.input, str) else None
    except TypeError:
        return None
