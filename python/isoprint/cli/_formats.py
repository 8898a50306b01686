"""Which format a file has, and what was wrong where it cannot be read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from isoprint.cli._warnings import held_back

# As much of a file as is looked at to tell its format.
_HEAD = 4096
# Larger ones are not searched for the line of a fault, in bytes.
_SEARCHED = 2**27
_COMPRESSED = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ": ".xz", b"PK\x03\x04": ".zip", b"(\xb5/\xfd": ".zst"}
_UNPACKED = (".gz", ".bz2", ".xz")
_EXAMPLES = ("lammps-data", "extxyz", "vasp", "cif")
_LAMMPS_DATA = re.compile(rb"^\s*\d+\s+atoms\s*(#.*)?$.*^[^#\n]*\b(xlo\s+xhi|avec)\b", re.MULTILINE | re.DOTALL)
_XYZ = ("xyz", "extxyz")
# Formats that say how many atoms there are: ase reads what is left of a file that was cut, without a word.
_COUNTED = ("gromacs", "lammps-dump-text", "mol", "sdf")


def detect_format(path: Path, given: str | None) -> str:
    """The format of a file, as ase calls it: as given, or by its name and content."""
    from ase.io.formats import UnknownFileTypeError, filetype, get_ioformat, ioformats

    if given is not None:
        if given not in ioformats:
            near = difflib.get_close_matches(given, ioformats, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "such as extxyz, vasp, cif or lammps-data"
            raise ValueError(f"--format is {given!r}, which ase does not know; {hint}")
        known = given
    elif path.is_dir():
        known = "bundletrajectory" if (path / "metadata.json").exists() else ""
        if not known:
            raise ValueError(f"{path} is a folder; name a file in it")
    elif not path.is_file():
        raise ValueError(f"{path} is a pipe or a device; say what it holds by --format, or write it to a file first")
    else:
        head = _head(path)
        if _LAMMPS_DATA.search(head):
            return "lammps-data"
        try:
            known = str(filetype(_local(path)))
        except UnknownFileTypeError:
            known = ""
        if known not in ioformats:
            hint = f"give --format, such as {', '.join(_EXAMPLES)}"
            raise ValueError(
                f"the format of {path} is known neither by its name nor by its content; {_compressed(path) or hint}"
            )
    if not get_ioformat(known).can_read:
        raise ValueError(f"ase writes {known}, but does not read it; convert {path} to a format such as extxyz")
    return known


def _head(path: Path) -> bytes:
    """The first bytes; an empty file is an error here."""
    from ase.io.formats import open_with_compression

    try:
        with open_with_compression(_local(path), "rb") as file:
            head = bytes(file.read(_HEAD))
    except Exception as problem:  # compressed files fail in their own ways
        raise _failure(path, "", problem) from None
    if not head:
        raise ValueError(f"{path} is empty")
    return head


def _local(path: Path) -> str:
    """A name that cannot be taken for standard input or for the address of a database."""
    return str(path.absolute())


def read_frames(path: Path, index: int | slice | str, known: str) -> list[Any]:
    """The structures that an index means, perhaps none."""
    from ase.io import read
    from ase.io.formats import get_ioformat

    chosen = slice(index, index + 1 or None) if isinstance(index, int) else index
    single = get_ioformat(known).single
    every = slice(None) if single and not isinstance(chosen, str) else chosen
    try:
        with held_back():
            frames = list(read(_local(path), index=every, **_options(known)))
    except (ImportError, MemoryError):
        raise
    except Exception as problem:  # every format fails in its own way
        if isinstance(chosen, slice) and chosen != slice(None) and count(path, known):
            return []
        raise _failure(path, known, problem) from None
    if known == "lammps-data":
        frames = list(map(_by_id, frames))
    if single and isinstance(chosen, slice):
        frames = frames[chosen]
    if known in _COUNTED and isinstance(chosen, slice):
        _require_all_atoms(path, known, frames, chosen)
    return frames


def _options(known: str) -> dict[str, Any]:
    """How ase is to read: names as they are, and atoms in the order of the file where it would mix up their labels."""
    options: dict[str, Any] = {"format": known, "do_not_split_by_at_sign": True}
    return {**options, "sort_by_id": False} if known == "lammps-data" else options


def _by_id(frame: Any) -> Any:
    """A frame with its atoms in the order of their numbers."""
    return frame[np.argsort(frame.arrays["id"], kind="stable")]


def count(path: Path, known: str) -> int:
    """How many structures a file has; 0 where it cannot be read."""
    from ase.io import read

    try:
        with held_back():
            return len(read(_local(path), index=slice(None), **_options(known)))
    except Exception:  # every format fails in its own way
        return 0


def lines(path: Path) -> Iterator[str]:
    """The lines of a text file, compressed or not."""
    from ase.io.formats import open_with_compression

    with open_with_compression(_local(path), "r") as file:
        yield from file


def _require_all_atoms(path: Path, known: str, frames: list[Any], chosen: slice) -> None:
    """Raise where a structure has not as many atoms as its file says."""
    ends = (chosen.start or 0) >= 0 and (chosen.step or 1) > 0 and (chosen.stop or 0) > 0
    declared = list(islice(_declared(path, known), chosen.stop if ends else None))
    for place, (n, frame) in enumerate(zip(declared[chosen], frames, strict=False)):
        if len(frame) != n:
            number = range(len(declared))[chosen][place]
            raise ValueError(
                f"{path}, read as {known}: structure {number} should have {n} atoms, and {len(frame)} are there; was"
                " the file cut?"
            )


def _declared(path: Path, known: str) -> Iterator[int]:
    """How many atoms each structure should have, as far as the file says it."""
    text = lines(path)
    counts: Iterator[str]
    if known == "lammps-dump-text":
        counts = (next(text, "") for line in text if "ITEM: NUMBER OF ATOMS" in line)
    elif known == "gromacs":
        counts = islice(text, 1, 2)
    else:
        counts = (line[:3] for line in islice(text, 3, 4) if "V3000" not in line)
    yield from (int(count) for count in counts if count.strip().isdecimal())


def _failure(path: Path, known: str, problem: Exception) -> Exception:
    """What to tell of a file that cannot be read."""
    from ase.io.formats import get_compression, ioformats

    if isinstance(problem, OSError) and problem.errno is not None:
        return ValueError(f"{path} cannot be read: {problem.strerror}")
    if get_compression(path.name)[1] is not None and not _unpacks(path):
        return ValueError(f"{path} cannot be read: its compressed content is damaged or was cut; copy it anew")
    text = None if ioformats[known].isbinary and known != "cif" else _text(path)
    if text is None and (type(problem) is not ValueError or " " not in str(problem)):
        return ValueError(f"{path} is no file of the format {known}, or damaged; {suggest_format(path, known)}")
    text = text or []
    reason = _wrong_in_xyz(text) if known in _XYZ else None
    reason = reason or _wrong_element(known, problem, text) or _wrong_in_general(problem, text)
    return ValueError(f"{path} cannot be read as {known}: {reason}")


def _text(path: Path) -> list[str] | None:
    """The lines in which a fault is looked for: none of a file too large for that, `None` where it is no text."""
    try:
        return list(lines(path)) if path.stat().st_size < _SEARCHED else []
    except (OSError, UnicodeDecodeError):
        return None


def _unpacks(path: Path) -> bool:
    """Whether a compressed file is whole."""
    from ase.io.formats import open_with_compression

    try:
        with open_with_compression(_local(path), "rb") as file:
            while file.read(2**20):
                pass
    except Exception:  # every kind fails in its own way
        return False
    return True


def suggest_format(path: Path, known: str) -> str:
    """What to do about a file that is perhaps something else than it was taken for."""
    examples = [name for name in _EXAMPLES if name != known]
    return _compressed(path) or f"if it is something else, say so by --format, such as {', '.join(examples)}"


def _compressed(path: Path) -> str | None:
    """What to do about a compressed file that is not named as one, or that ase does not unpack."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError:
        return None
    for magic, suffix in _COMPRESSED.items():
        if start.startswith(magic) and suffix not in _UNPACKED:
            return "it is compressed: unpack it first"
        if start.startswith(magic) and path.suffix != suffix:
            return f"it is compressed: unpack it, or name it {path.name}{suffix}"
    return None


def _wrong_in_xyz(text: list[str]) -> str | None:
    """The first line of an XYZ file that is not as it should be."""
    place, frame = 0, 0
    while place < len(text) and text[place].strip():
        first = text[place].strip()
        if not first.isdecimal():
            before = "; the structure before may have more atoms than it says" if frame else ""
            return f"line {place + 1} is {first[:60]!r}, where the number of atoms of structure {frame} belongs{before}"
        n = int(first)
        rows = [row for row in text[place + 2 : place + 2 + n] if row.strip()]
        if len(rows) < n:
            return (
                f"it ends after {len(rows)} of the {n} atoms of structure {frame}, in line {len(text)}; the file may"
                " have been cut"
            )
        least = 0 if "Properties=" in "".join(text[place + 1 : place + 2]) else 4
        for k, row in enumerate(rows):
            if len(row.split()) < least:
                return f"line {place + 3 + k} is {row.strip()[:60]!r}; an atom needs a symbol and three coordinates"
        place, frame = place + 2 + n, frame + 1
        while place < len(text) and text[place].startswith("VEC"):
            place += 1
    return None


def _wrong_element(known: str, problem: Exception, text: list[str]) -> str | None:
    """An element that does not exist, which ase meets as a key of a table."""
    told = str(problem.args[0]) if problem.args else ""
    named = (
        told
        if isinstance(problem, KeyError) and re.fullmatch(r"[A-Za-z]{1,4}\d*|\d{1,3}", told)
        else _quoted(told, "symbol")
    )
    where = _line_of(named, text[2:] if known in _XYZ else text) if named else None
    if where is None:
        if "Could not determine chemical symbols" in told:
            return "it names no elements; write their symbols into it, before their numbers of atoms as since VASP 5"
        if "chemical symbols" in told or "species" in told:
            return f"{told.rstrip('. ')}; write the symbols of the elements into the file"
        return None
    line = where + (2 if known in _XYZ else 0)
    return f"line {line} names the element {named!r}, which does not exist; write its symbol, such as H or Cl"


def _quoted(told: str, about: str) -> str | None:
    words = re.findall(r"'([^'\s]+)'|\"([^\"\s]+)\"", told)
    return (words[-1][0] or words[-1][1]) if words and about in told.lower() else None


def _line_of(word: str, text: list[str]) -> int | None:
    """The first line, counted from one, in which a word stands."""
    for number, line in enumerate(text, 1):
        if word in re.findall(r"[^\s,=]+", line) or re.search(rf"(?<![A-Za-z]){re.escape(word)}\d*(?![A-Za-z])", line):
            return number
    return None


# Errors whose words are about a program rather than about a file.
_INTERNAL = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, OSError, StopIteration, TypeError)


def _wrong_in_general(problem: Exception, text: list[str]) -> str:
    """What ase says where that is about the file, with the line that it means."""
    told = " ".join(str(problem).split())
    if isinstance(problem, _INTERNAL) or "StopIteration" in told or " " not in told or "shape" in told:
        return "it has not all that this format needs: it was cut, or is of another format; check --format"
    word = _quoted(told, "")
    where = _line_of(word, text) if word else None
    if "style" in told.lower():
        return (
            f"the style of its atoms is not known ({told}); write it after the word, as in 'Atoms # charge': atomic,"
            " charge, bond, angle, molecular or full"
        )
    told = re.sub(r"invalid literal for int\(\) with base 10: (.*)", r"\1 is no whole number", told)
    told = re.sub(r"could not convert string to float: (.*)", r"\1 is no number", told)
    return f"{told.rstrip('. ')}{f', in line {where}' if where else ''}"
