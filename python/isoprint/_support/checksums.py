"""Checksums of structures in extended XYZ, so that files know whether they are whole.

Each comment line ends in `check=`, a checksum of the place of the structure and of its lines, and the first one has the
number of structures and a checksum of all others before it: `frames=74 seal=... check=...`. What is summed up is the
text itself, so that any changed digit is noticed; only the way in which lines end may change. Files without these
words, as the first version wrote them, are read with a warning.
"""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

# A letter comes first, so that no program takes the checksum for a number.
_CHECK = re.compile(r" check=(x[0-9a-f]{32})$")
_SEAL = re.compile(r" frames=(\d+) seal=(x[0-9a-f]{32})$")
_ANY = re.compile(r" frames=\d+ seal=| check=x")


class FrameText(NamedTuple):
    """The lines of one structure."""

    line: int
    """Number of its first line, from 1."""
    lines: list[str]
    """How many atoms, the comment, the atoms."""


class StoredFrames(NamedTuple):
    """What was found in a file."""

    frames: list[Any]
    """Structures, as `ase.Atoms`."""
    places: list[str]
    """Where each of them is, for messages."""
    has_checksums: bool
    """Whether there were checksums, and all of them were right."""


def with_checksums(blocks: Sequence[str]) -> list[str]:
    """Return structures with counts and checksums in their comments.

    Parameters
    ----------
    blocks : sequence of str
        Of `xyz.block`.
    """
    bare = [block.split("\n") for block in blocks]
    checks = [_checksum(place, lines) for place, lines in enumerate(bare)]
    bare[0][1] += f" frames={len(bare)} seal={_checksum_of_rest(checks)}"
    checks[0] = _checksum(0, bare[0])
    for lines, check in zip(bare, checks, strict=True):
        lines[1] += f" check={check}"
    return ["\n".join(lines) for lines in bare]


def _checksum(place: int, lines: Sequence[str]) -> str:
    """Checksum of a structure without its own `check`; a last empty line is only the end of the one before."""
    text = "\n".join([str(place), *lines]).rstrip("\n")
    return "x" + sha256(text.encode()).hexdigest()[:32]


def _checksum_of_rest(checks: Sequence[str]) -> str:
    """What ties the structures after the first to it."""
    return "x" + sha256(" ".join(checks[1:]).encode()).hexdigest()[:32]


def read(file: str | os.PathLike[str], kind: str) -> StoredFrames:
    """The structures of a file that `with_checksums` has made.

    Parameters
    ----------
    file : path
        May be compressed, as its name says.
    kind : str
        What the file should hold, for messages.

    Returns
    -------
    StoredFrames
        Structures that are all there.

    Raises
    ------
    ValueError
        Where anything is missing, too much, or changed; it says where. A file without checksums is only understood.
    """
    name = os.fsdecode(file)
    text = _text(name)
    blocks = _blocks(name, text)
    if not blocks:
        raise ValueError(f"{name!r} is no {kind}: it is empty")
    known = any(_ANY.search(block.lines[1]) for block in blocks)
    if known:
        _verify(name, blocks)
    places = [_at(name, place, block) for place, block in enumerate(blocks)]
    return StoredFrames([_parsed(*found) for found in zip(places, blocks, strict=True)], places, known)


def warn_without_checksums(stored: StoredFrames, file: str | os.PathLike[str]) -> None:
    """Warn whoever reads a path or pairs where a file has no checksums.

    Parameters
    ----------
    stored : StoredFrames
        What was read.
    file : path
        From where.
    """
    if not stored.has_checksums:
        warnings.warn(
            f"{os.fsdecode(file)!r} has no checksums, so that nobody can tell whether it is whole: an older isoprint"
            " wrote it, or another program; read and write it again to have them",
            UserWarning,
            stacklevel=4,
        )


def warn_if_damaged(file: str | os.PathLike[str]) -> None:
    """Warn where a file of ours that another program may read as well is not whole; of other files nothing is said.

    Parameters
    ----------
    file : path
        Any file.
    """
    name = os.fsdecode(file)
    if not Path(name).is_file():
        return
    with Path(name).open("rb") as opened:
        head = opened.readline(100), opened.readline(10**7)
    if not _CHECK.search(head[1].decode(errors="replace").rstrip("\r\n")):
        return
    try:
        _verify(name, _blocks(name, _text(name)))
    except ValueError as problem:
        warnings.warn(f"{problem}; what is left of it is taken", UserWarning, stacklevel=3)


def _at(name: str, place: int, block: FrameText) -> str:
    """Where something is wrong, for messages."""
    return f"{name!r}, frame {place} (line {block.line})"


def _text(name: str) -> str:
    from ase.io.formats import open_with_compression

    if not os.path.lexists(name):
        raise ValueError(f"there is no file {name!r}")
    if Path(name).is_dir():
        raise ValueError(f"{name!r} is a folder, not a file")
    try:
        with open_with_compression(name, "rb") as opened:
            content: bytes = opened.read()
    except FileNotFoundError:
        raise ValueError(f"there is no file {name!r}: it is a link that leads nowhere") from None
    except PermissionError:
        raise
    except Exception as problem:  # of gzip, bz2, lzma, zlib
        raise ValueError(f"{name!r} is damaged: it cannot be unpacked ({problem})") from None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise ValueError(f"{name!r}, line {line}: byte {problem.start} is no text; the file is damaged") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _blocks(name: str, text: str) -> list[FrameText]:
    """The lines of each structure."""
    *lines, rest = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    blocks: list[FrameText] = []
    start = 0
    while start < len(lines):
        number = lines[start].strip()
        if not re.fullmatch(r"[1-9][0-9]{0,8}", number):
            said = number if len(number) < 40 else f"{number[:40]}..."
            raise ValueError(
                f"{name!r}, line {start + 1}: there is {said!r} where the number of atoms of frame {len(blocks)} should"
                f" be{_remains(name, blocks)}"
            )
        stop = start + 2 + int(number)
        if stop > len(lines):
            raise _cut(name, blocks, start, f"it should have {number} atoms, ")
        blocks.append(FrameText(start + 1, lines[start:stop]))
        start = stop
    if rest.strip():
        raise _cut(name, blocks, start)
    return blocks


def _cut(name: str, blocks: list[FrameText], start: int, expected: str = "") -> ValueError:
    place = _at(name, len(blocks), FrameText(start + 1, []))
    return ValueError(f"{place}: {expected}but the file ends before: it was cut{_remains(name, blocks)}")


def _remains(name: str, blocks: list[FrameText]) -> str:
    """What can be saved of a damaged file."""
    whole = next((place for place, block in enumerate(blocks) if _wrong(place, block)), len(blocks))
    if not whole:
        return ""
    return f"; the structures before are whole: ase.io.read({name!r}, ':{whole}') reads them"


def _verify(name: str, blocks: list[FrameText]) -> None:
    """Raise where a structure is not the one that was written there, or where one is missing."""
    for place, block in enumerate(blocks):
        wrong = _wrong(place, block)
        if wrong:
            others = (other for other in range(2 * len(blocks) + 100) if not _wrong(other, block))
            other = next(others, None)
            if other is not None:
                wrong = f"it was written as frame {other}: frames are missing, repeated or exchanged"
            raise ValueError(f"{_at(name, place, block)}: {wrong}{_remains(name, blocks)}")
    head = _SEAL.search(_bare(blocks[0])[1])
    if head is None:
        raise ValueError(f"{_at(name, 0, blocks[0])}: it does not say how many frames there are; the file is damaged")
    if int(head[1]) != len(blocks):
        raise ValueError(
            f"{name!r} has {len(blocks)} of {head[1]} frames: it was cut after line"
            f" {blocks[-1].line - 1 + len(blocks[-1].lines)}{_remains(name, blocks)}"
        )
    if head[2] != _checksum_of_rest([_check(block) for block in blocks]):
        raise ValueError(f"{_at(name, 0, blocks[0])}: it was not written together with the frames after it")


def _wrong(place: int, block: FrameText) -> str:
    """What is wrong with a structure at its place; nothing is an empty text."""
    found = _CHECK.search(block.lines[1])
    if found is None:
        return "its comment does not end in a checksum; the file is damaged"
    if found[1] != _checksum(place, _bare(block)):
        return "its lines are not as they were written; the file is damaged or was edited"
    return ""


def _check(block: FrameText) -> str:
    return block.lines[1].rpartition(" check=")[2]


def _bare(block: FrameText) -> list[str]:
    """The lines without the checksum of the structure."""
    number, comment, *atoms = block.lines
    return [number, comment.rpartition(" check=")[0], *atoms]


def _parsed(place: str, block: FrameText) -> Any:
    from ase.io import read as read_frames

    # A count of columns is believed, and room made for them, however many there are.
    counts = re.findall(r":[SRIL]:([^:\s\"]*)", block.lines[1])
    if any(not re.fullmatch("[1-9][0-9]{0,2}", count) for count in counts):
        raise ValueError(f"{place}: its Properties are not as they were written; the file is damaged")
    try:
        return read_frames(io.StringIO("\n".join([*block.lines, ""])), index=0, format="extxyz")
    except Exception as problem:  # every kind there is, from assertions to recursion
        detail = f"{type(problem).__name__}: {problem}"[:200]
        raise ValueError(f"{place}: it cannot be understood ({detail})") from None
