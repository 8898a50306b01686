"""Extended XYZ, structure after structure: what ASE reads, in a tenth of its time.

Columns are split and converted by loops that Python and numpy run in C. What is unusual goes to ASE, one structure at a
time, so that nothing is read in two ways.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np

from isoprint.structures._text import Cut, Lines, Symbols, columns_of, floats, require_rows
from isoprint.structures.snapshots import Snapshot, information

# A key, and a value that is one word or stands in quotes; whatever else ASE understands is left to it.
_PAIR = re.compile(r"\s*([^\s=\"'{}\[\]\\]+)(?:=(?:\"([^\"\\]*)\"|([^\s=\"'{}\[\]\\]+)))?(?=\s|$)")
_PLAIN = "species:S:1:pos:R:3"
_TRUTH = {word: word[0] in "tT" for word in ("T", "F", "true", "false", "True", "False", "TRUE", "FALSE")}
# Names of columns from which ASE makes something else than what is read here.
_TAKEN = {"positions", "numbers", "symbols"}


class _Header(NamedTuple):
    """What the second line says of cell and columns."""

    cell: Any
    pbc: Any
    n_columns: int
    place: int
    element: int
    by_number: bool


def read_xyz(lines: Lines) -> Iterator[Snapshot]:
    """Structures of a file in extended XYZ.

    Parameters
    ----------
    lines : Lines
        Of the file.

    Yields
    ------
    Snapshot
        One structure after the other.
    """
    symbols = Symbols()
    while True:
        first = lines.next()
        if not first.strip():
            _require_end(lines)
            return
        try:
            n = int(first)
        except ValueError:
            n = -1
        if n < 0:
            raise ValueError(f"{first.strip()[:60]!r} stands where the number of atoms belongs")
        comment = lines.next()
        rows = lines.take(n)
        vectors = lines.take_while(lambda line: line.lstrip().startswith(b"VEC"))
        if not comment:
            raise Cut(0, n)
        require_rows(rows, n)
        header = None if vectors else _header(comment)
        found = None if header is None or not n else _read(rows, header, symbols, comment)
        yield found or _by_ase(b"".join((first, comment, *rows, *vectors)))


def _require_end(lines: Lines) -> None:
    """Raise where something follows a line that is blank; ASE would pass over it without a word."""
    for line in lines.rest():
        if line.strip():
            raise ValueError(f"a line is blank where the number of atoms belongs, and {line.strip()[:60]!r} follows")


def _read(rows: list[bytes], header: _Header, symbols: Symbols, comment: bytes) -> Snapshot | None:
    """A structure; `None` where it is not as plain as it looked."""
    columns = columns_of(rows)
    if columns is None or len(columns) != header.n_columns:
        return None
    try:
        positions = floats(columns[header.place : header.place + 3])
        elements = columns[header.element]
        numbers = np.array(list(map(int, elements)), np.int64) if header.by_number else symbols.numbers(elements)
    except (ValueError, KeyError, OverflowError):
        return None
    return Snapshot(positions, numbers, header.cell.copy(), header.pbc.copy(), partial(_info, comment))


def _info(comment: bytes) -> dict[str, Any]:
    """What ASE makes of a comment, beside cell and columns."""
    from ase.io.extxyz import key_val_str_to_dict

    text = comment.decode().strip()
    found = key_val_str_to_dict(text) if text else {}
    return {key: value for key, value in found.items() if key not in ("Lattice", "pbc", "Properties")}


def _header(comment: bytes) -> _Header | None:
    """What a comment says; `None` where ASE has to be asked."""
    try:
        said = _pairs(comment.decode().strip())
        if said is None or any(said.get(name, "") is None for name in ("Lattice", "pbc", "Properties")):
            return None
        return _understood(said.get("Lattice"), said.get("pbc"), said.get("Properties", _PLAIN) or "")
    except (ValueError, KeyError):
        return None


def _pairs(text: str) -> dict[str, str | None] | None:
    found: dict[str, str | None] = {}
    place = 0
    while place < len(text):
        match = _PAIR.match(text, place)
        if match is None:
            return None
        found[match[1]] = match[2] if match[3] is None else match[3]
        place = match.end()
    return found


@lru_cache(256)
def _understood(lattice: str | None, periodic: str | None, properties: str) -> _Header | None:
    numbers = [] if lattice is None else lattice.replace(",", " ").split()
    if len(numbers) not in (0, 9) or (lattice is not None and not numbers):
        return None
    cell = np.array([float(number) for number in numbers] or [0.0] * 9).reshape(3, 3)
    words = ["T" if numbers else "F"] if periodic is None else periodic.replace(",", " ").split()
    if len(words) not in (1, 3):
        return None
    pbc = np.array([_TRUTH[word] for word in words] * (3 // len(words)))
    fields = properties.split(":")
    names, types, widths = fields[::3], fields[1::3], list(map(int, fields[2::3]))
    if not len(names) == len(types) == len(widths) == len(set(names)) or _TAKEN & set(names) or min(widths) < 1:
        return None
    if not set(types) <= set("RISL"):
        return None
    starts = dict(zip(names, np.cumsum([0, *widths]).tolist(), strict=False))
    kinds = dict(zip(names, zip(types, widths, strict=True), strict=True))
    element = "Z" if "Z" in kinds else "species"
    if kinds.get("pos") != ("R", 3) or kinds.get(element) != (("I" if element == "Z" else "S"), 1):
        return None
    return _Header(cell, pbc, sum(widths), starts["pos"], starts[element], element == "Z")


def _by_ase(text: bytes) -> Snapshot:
    """One structure as ASE reads it."""
    from ase.io import read

    atoms: Any = read(io.StringIO(text.decode(), newline=None), index=0, format="extxyz")
    found = Snapshot.of(atoms)
    found._info = information(atoms)
    return found
