"""Text dumps of LAMMPS, structure after structure: what ASE reads, in a fraction of its time.

Which element an atom has must be said, by the file or by the caller: ASE takes type 1 for hydrogen where it is not.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.structures._text import Cut, Lines, Symbols, cartesian, columns_of, floats, require_rows
from isoprint.structures.atom_types import numbers_of_types
from isoprint.structures.snapshots import Snapshot

# Columns of positions in the order in which ASE looks for them, and whether they are in parts of the cell.
_POSITIONS = (
    (("x", "y", "z"), False),
    (("xs", "ys", "zs"), True),
    (("xu", "yu", "zu"), False),
    (("xsu", "ysu", "zsu"), True),
)
# A mass that is farther than this from that of its element, in u and by ratio, is that of something else.
_CLOSE, _RATIO = 0.01, 1e-3
TYPES_ONLY = (
    "it names types of atoms and no elements; say which they are, as in read_frames(file, types='Cl,Na') or, on the"
    " command line, --types Cl,Na"
)


def read_dump(lines: Lines, types: Mapping[str, int] | None = None) -> Iterator[Snapshot]:
    """Structures of a text dump.

    Parameters
    ----------
    lines : Lines
        Of the file.
    types : mapping, optional
        Atomic numbers by type, for dumps without a column `element`; where it is given, it holds for all of them.

    Yields
    ------
    Snapshot
        One structure after the other, atoms in the order of their numbers where these are there.
    """
    symbols = Symbols(capitalize=False)
    while (about := _items(lines)) is not None:
        rows = lines.take(about["n"])
        require_rows(rows, about["n"])
        columns = columns_of(rows)
        names: list[str] = about["columns"]
        if rows and (columns is None or len(columns) != len(names)):
            raise ValueError(f"its atoms do not all have the {len(names)} entries that it announces: {' '.join(names)}")
        table = dict(zip(names, columns or [[] for _ in names], strict=True))
        yield _structure(table, about, symbols, types)


def _items(lines: Lines) -> dict[str, Any] | None:
    """What stands before the atoms; `None` at the end of the file."""
    about: dict[str, Any] = {}
    while line := lines.next():
        name = line.strip()
        if name.startswith(b"ITEM: TIMESTEP"):
            about["timestep"] = int(lines.next().split()[0])
        elif name.startswith(b"ITEM: NUMBER OF ATOMS"):
            about["n"] = int(lines.next().split()[0])
        elif name.startswith(b"ITEM: BOX BOUNDS"):
            about["box"] = b"".join([line, *lines.take(3)])
        elif name.startswith(b"ITEM: ATOMS"):
            about["columns"] = name.decode().split()[2:]
            missing = {"timestep": "TIMESTEP", "n": "NUMBER OF ATOMS", "box": "BOX BOUNDS"}.keys() - about.keys()
            if missing:
                raise ValueError(f"it has no {' and no '.join(sorted(missing))} before its atoms")
            return about
        elif name.startswith(b"ITEM:"):  # units, time, and what comes in later versions
            lines.next()
        elif name:
            raise ValueError(f"{name[:60]!r} stands where a line with ITEM belongs")
    if about:
        raise Cut(0, about.get("n", 0)) if "n" in about else ValueError("the file ends in its first lines")
    return None


def _structure(table: dict[str, Any], about: dict[str, Any], symbols: Symbols, types: Any) -> Snapshot:
    cell, pbc = _box(about["box"])
    names, scaled = next(((names, scaled) for names, scaled in _POSITIONS if names[0] in table), ((), False))
    if not names:
        raise ValueError(f"it has no positions: no x, xs, xu or xsu among {' '.join(table)}")
    if not set(names) <= table.keys():
        raise ValueError(f"it has a column {names[0]}, but not all of {' '.join(names)}")
    positions = floats([table[name] for name in names])
    numbers = _numbers(table, symbols, types)
    if "id" in table:
        # The sort that ASE does, for the same order where numbers of atoms are not unique.
        order = np.argsort(np.array(list(map(int, table["id"])), np.int64))
        positions, numbers = positions[order], numbers[order]
    if scaled:
        positions = cartesian(positions, cell)
    return Snapshot(positions, numbers, cell.copy(), pbc.copy(), {"timestep": about["timestep"]})


def _numbers(table: dict[str, Any], symbols: Symbols, types: Mapping[str, int] | None) -> NDArray[np.int64]:
    if types is not None:
        if "type" not in table:
            raise ValueError("it has no column type, and elements of types were given")
        return numbers_of_types(table["type"], types)
    if "element" in table:
        try:
            return symbols.numbers(table["element"])
        except KeyError as unknown:
            raise ValueError(
                f"it names the element {unknown.args[0].decode(errors='replace')!r}, which does not exist"
            ) from None
    if "mass" in table:
        return _by_mass(table["mass"])
    raise ValueError(TYPES_ONLY)


def _by_mass(column: Any) -> NDArray[np.int64]:
    """Elements of the nearest masses, as ASE takes them, where these are near."""
    from ase.data import atomic_masses

    nearest = {}
    for word in sorted(set(column)):
        mass = float(word)
        number = int(np.argmin(np.abs(atomic_masses - mass)))
        if abs(atomic_masses[number] - mass) > max(_CLOSE, _RATIO * mass):
            raise ValueError(
                f"it names no elements, and {mass:g} is the mass of none; say which they are, as in"
                " read_frames(file, types='Cl,Na') or, on the command line, --types Cl,Na"
            )
        nearest[word] = number
    return np.array([nearest[word] for word in column], np.int64)


@lru_cache(256)
def _box(text: bytes) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Cell and periodicity; those of a box with right angles are read here, others by ASE."""
    first, *rows = text.splitlines()
    words = first.decode().split()[3:]
    bounds = [list(map(float, row.split())) for row in rows]
    if len(bounds) < 3:
        raise ValueError("the file ends in its first lines")
    if len(words) == 3 and all(len(row) == 2 for row in bounds):
        lengths = [high - low for low, high in bounds]
        return np.diag(lengths), np.array(["p" in word.lower() for word in words])
    from ase.io import read

    one = b"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\n" + text + b"ITEM: ATOMS id element x y z\n1 H 0 0 0\n"
    atoms: Any = read(io.StringIO(one.decode(), newline=None), format="lammps-dump-text")
    return atoms.cell.array.copy(), atoms.pbc.copy()
