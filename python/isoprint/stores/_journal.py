"""What is safe on disk: one line of JSON for what is written at all, and one for each batch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from isoprint._support.arrays import short_repr

# Of journals and of the stores that they are about: another one is not gone on with.
FORMAT = 2


@dataclass(frozen=True)
class Batch:
    """Structures whose rows are on disk: how many structures and rows there are up to its end, and of which input."""

    frames: int
    rows: int
    input: str


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
        self._about: dict[str, Any] = json.loads(json.dumps({"format": FORMAT, **about}))
        self.batches: list[Batch] = []
        self.is_complete = False

    def begin(self) -> None:
        """Start a new journal."""
        with self._path.open("xb") as file:
            _add(file, self._about)
        _settle(self._path.parent)

    def resume(self) -> None:
        """Read what an earlier run left.

        Raises
        ------
        ValueError
            Where that run was another one.
        """
        lines = _whole_lines(self._path)
        first = next(lines, None)
        self._require_same(first)
        for line in lines:
            if line.get("complete"):
                self.is_complete = True
                break
            self.batches.append(Batch(**line))
        with self._path.open("r+b") as file:  # of a line that was being written, a part may be there
            file.truncate(_end_of_whole_lines(self._path))

    def _require_same(self, found: Any) -> None:
        if not isinstance(found, dict) or "format" not in found:
            raise ValueError(f"{self._path} is no journal of isoprint; move it, or give another name")
        for name, value in self._about.items():
            if found.get(name) != value:
                raise ValueError(
                    f"{self._path.name} was begun with {name} = {short_repr(found.get(name))}, and this is"
                    f" {name} = {short_repr(value)}; use the same arguments to go on, or resume=False to start anew"
                )

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
            for line in (self._about, *map(asdict, self.batches)):
                _add(file, line)
        part.replace(self._path)
        _settle(self._path.parent)


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
    for number, line in enumerate(content.splitlines(), 1):
        try:
            yield json.loads(line)
        except ValueError:
            raise ValueError(
                f"line {number} of {path} is damaged; remove it and its store, or give resume=False"
            ) from None
