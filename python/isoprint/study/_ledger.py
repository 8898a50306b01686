"""Results of a study as lines of JSON, each on the disk before the next is waited for."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

from isoprint._core import __version__
from isoprint._support.arrays import short_repr
from isoprint._support.output import PathLike, telling

try:
    import fcntl
except ImportError:  # Windows, where nobody is kept from writing to the same file
    fcntl = None  # type: ignore[assignment]

FORMAT = 1

Record = dict[str, Any]


class Ledger:
    """A file that begins with what the study is and goes on with one line a model.

    A last line that is cut short, as a killed run leaves it, is removed; anything else that is wrong is an error.
    """

    def __init__(self, path: PathLike, study: dict[str, Any]) -> None:
        self.path = Path(path)
        head = {"format": FORMAT, "isoprint": __version__, "study": json.loads(json.dumps(study))}
        if self.path.exists() and not self.path.is_file():
            raise ValueError(f"{str(self.path)!r} is no file, to which results could be added one by one; name another")
        # Without a buffer: what is written is written, and nothing waits to fail a second time.
        with telling(path):
            self._file = self.path.open("a+b", buffering=0)
        try:
            self._lock()
            known, records, whole = _parsed(self._content(), str(self.path))
            if known is not None:
                _require_same(known["study"], head["study"], str(self.path))
            self.records = records
            os.ftruncate(self._file.fileno(), whole)
            if known is None:
                self._write(head)
        except BaseException:
            self._file.close()
            raise

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"another run is writing to {str(self.path)!r}; wait for it, or name another file"
            ) from None
        except OSError:  # a file system without locks
            pass

    def _content(self) -> bytes:
        self._file.seek(0)
        return self._file.read()

    def _write(self, record: Record) -> None:
        line = memoryview(json.dumps(record, ensure_ascii=False, allow_nan=False).encode() + b"\n")
        with telling(self.path):
            while line:
                line = line[self._file.write(line) :]
            try:
                os.fsync(self._file.fileno())
            except OSError as problem:
                if problem.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that cannot do that
                    raise

    def add(self, record: Record) -> None:
        """Have one more model on the disk."""
        self._write(record)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def read(path: PathLike) -> tuple[dict[str, Any], list[Record]]:
    """What a file says of its study, and its models."""
    head, records, _ = _parsed(Path(path).read_bytes(), str(path))
    if head is None:
        raise ValueError(f"{str(path)!r} is empty; it must begin with what the study is")
    return head["study"], list(records.values())


def _parsed(content: bytes, name: str) -> tuple[dict[str, Any] | None, dict[int, Record], int]:
    """The head, the models, and the length of what is whole."""
    whole = content.rfind(b"\n") + 1
    lines = content[:whole].splitlines()
    if not lines:
        if content and not b'{"format"'.startswith(content[:9]) and not content.startswith(b'{"format"'):
            raise ValueError(f"{name!r} is no file of a study; name another one")
        return None, {}, 0
    head = _json(lines[0])
    if not isinstance(head, dict) or not isinstance(head.get("study"), dict):
        raise ValueError(f"{name!r} is no file of a study; name another one")
    if head.get("format") != FORMAT:
        raise ValueError(f"{name!r} has the format {short_repr(head.get('format'))}; this isoprint knows {FORMAT}")
    records: dict[int, Record] = {}
    for place, line in enumerate(lines[1:], 2):
        record = _json(line)
        if not _is_record(record):
            raise ValueError(
                f"line {place} of {name!r} is {short_repr(line.decode(errors='replace'))}, which is no model"
            )
        records[record["model"]] = record
    return head, records, whole


def _is_record(record: Any) -> bool:
    if not isinstance(record, dict):
        return False
    loss, error = record.get("loss"), record.get("error")
    return (
        type(record.get("model")) is int
        and record["model"] >= 0
        and isinstance(record.get("parameters"), dict)
        and (isinstance(loss, (int, float)) if error is None else loss is None and isinstance(error, str))
    )


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _require_same(known: dict[str, Any], wanted: dict[str, Any], name: str) -> None:
    for key in dict.fromkeys([*wanted, *known]):
        if known.get(key) != wanted.get(key):
            raise ValueError(
                f"{name!r} holds a study of another {key}: {short_repr(known.get(key))}, and not"
                f" {short_repr(wanted.get(key))}; name another file, or go on with the same"
            )
