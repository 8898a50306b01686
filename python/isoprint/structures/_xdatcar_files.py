"""XDATCAR files of VASP, structure after structure; ASE reads all of them before it gives the first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from isoprint.structures._text import Lines, Symbols, cartesian, columns_of, floats, require_rows
from isoprint.structures.snapshots import Snapshot

_MARK = b"Direct configuration="


def read_xdatcar(lines: Lines) -> Iterator[Snapshot]:
    """Structures of an XDATCAR, where cell and elements are said once, or again before every structure.

    Parameters
    ----------
    lines : Lines
        Of the file.

    Yields
    ------
    Snapshot
        One structure after the other.
    """
    cell, numbers = np.eye(3), None
    while True:
        blank = lines.take_while(lambda line: not line.strip())
        following = lines.look()
        if not following:
            return
        line = b"" if blank and _MARK not in following else lines.next()  # a title may be blank
        if _MARK not in line:
            cell, numbers, line = _header(line, lines)
        if numbers is None:
            raise ValueError("it begins without a cell and elements")
        rows = lines.take(len(numbers))
        require_rows(rows, len(numbers))
        columns = columns_of(rows)
        if columns is None or len(columns) != 3:
            raise ValueError("its atoms do not all have three coordinates")
        yield Snapshot(cartesian(floats(columns), cell), numbers.copy(), cell.copy(), np.ones(3, bool), {})


def _header(title: bytes, lines: Lines) -> tuple[np.ndarray, np.ndarray, bytes]:
    """Cell, atomic numbers, and the line before the positions."""
    try:
        scale = float(lines.next())
        cell = np.array([list(map(float, row.split())) for row in lines.take(3)]) * scale
        names = lines.next().split()
        counts = list(map(int, lines.next().split()))
        if cell.shape != (3, 3) or scale <= 0 or not names or len(names) != len(counts):
            raise ValueError
    except ValueError:
        raise ValueError(
            f"what follows {title.strip()[:40]!r} is not the scale, the cell, the elements and their numbers"
        ) from None
    try:
        numbers = np.repeat(Symbols(capitalize=False).numbers(names), counts)
    except KeyError as unknown:
        raise ValueError(
            f"it names the element {unknown.args[0].decode(errors='replace')!r}, which does not exist"
        ) from None
    mark = lines.next()
    if _MARK not in mark:
        raise ValueError(f"{mark.strip()[:40]!r} stands where 'Direct configuration=' belongs")
    return cell, numbers, mark
