"""Structures from files, one at a time, in memory that does not grow with their number.

Extended XYZ, text dumps of LAMMPS and XDATCAR, which hold most trajectories, are split and converted here, several
times as fast as by ASE and to the same bits. Every other format is ASE's.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from lzma import LZMAError
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from isoprint._support.arrays import short_repr
from isoprint.structures._lammps_dumps import TYPES_ONLY, read_dump
from isoprint.structures._text import Cut, Lines
from isoprint.structures._xdatcar_files import read_xdatcar
from isoprint.structures._xyz_files import read_xyz
from isoprint.structures.atom_types import called, numbers_of_types, table_of
from isoprint.structures.snapshots import Snapshot, information

Types = Mapping[str, int] | None
# By the name that ase has for a format.
_OWN: dict[str, Callable[[Lines, Types], Iterator[Snapshot]]] = {
    "extxyz": lambda lines, _: read_xyz(lines),
    "lammps-dump-text": read_dump,
    "vasp-xdatcar": lambda lines, _: read_xdatcar(lines),
}


def read_frames(
    file: str | os.PathLike[str] | BinaryIO, *, format: str | None = None, types: Any = None
) -> Iterator[Snapshot]:
    """Read structures one after the other.

    Every call that takes structures takes a path as well where it works in batches, and reads it with this function.

    Parameters
    ----------
    file : path or binary file
        In any format that ASE reads, compressed as `.gz`, `.bz2` or `.xz` or not; or a file that is open for reading
        bytes, such as `sys.stdin.buffer`, in extended XYZ or one of the other formats that are read here.
    format : str, optional
        The format, as ASE calls it; by default known by name or content.
    types : str, list or dict, optional
        Elements of types, for files that do not name them: `"Cl,Na"` or `{1: "Cl", 2: "Na"}`.

    Returns
    -------
    iterator of Snapshot
        Structures with `positions`, `numbers`, `cell`, `pbc` and `info`, as ASE would read them; the numbers that ASE
        puts into a calculator, such as the energy, are in `info`.

    Raises
    ------
    ValueError
        Where a structure cannot be read, or the file ends in the middle of one; those before it were yielded. Also
        where it knows types of atoms, and nothing says which elements they are.

    Examples
    --------
    >>> import tempfile
    >>> import isoprint as ip
    >>> from ase.build import bulk, molecule
    >>> from ase.io import write
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(f"{folder}/some.extxyz", [molecule("H2O"), bulk("Si")])
    ...     for frame in ip.read_frames(f"{folder}/some.extxyz"):
    ...         print(len(frame.positions), frame.pbc)
    3 [False False False]
    2 [ True  True  True]
    """
    table = None if types is None else table_of(types)
    if isinstance(file, (str, os.PathLike)):
        return _of_path(os.fsdecode(file), format, table)
    if not hasattr(file, "read"):
        raise TypeError(f"file is {short_repr(file)}; give a path, or a file that is open for reading bytes")
    known = format or "extxyz"
    if known not in _OWN:
        raise ValueError(f"format is {known!r}, which cannot be read from an open file; give one of {', '.join(_OWN)}")
    name = getattr(file, "name", None)
    return _told(_OWN[known](Lines(file), table), str(name) if isinstance(name, str) else "the input", known)


def _of_path(path: str, format: str | None, types: Types) -> Iterator[Snapshot]:
    known = format_of(path, format)
    if known not in _OWN:
        yield from _told(_by_ase(path, known, types), path, known)
        return
    from ase.io.formats import open_with_compression

    # An absolute name cannot be taken for standard input or for the address of a database.
    with closing(open_with_compression(os.path.abspath(path), "rb")) as file:  # noqa: PTH100
        lines: Any = file
        yield from _told(_OWN[known](Lines(lines), types), path, known)


def format_of(path: str, given: str | None = None) -> str:
    """The format of a file, as ase calls it.

    Parameters
    ----------
    path : str
        Of a file that is there.
    given : str, optional
        What somebody has said; by default its name and content tell.

    Returns
    -------
    str
        A format that ase reads.
    """
    from ase.io.formats import UnknownFileTypeError, filetype, ioformats

    if given is not None:
        if given not in ioformats:
            raise ValueError(f"format is {given!r}, which ase does not know; give one such as extxyz, vasp or cif")
        return given
    place = Path(path)
    if not place.is_dir() and not place.is_file():
        if place.exists():
            raise ValueError(f"{path} is a pipe or a device; say what it holds by format")
        raise FileNotFoundError(2, os.strerror(2), path)
    try:
        known = filetype(os.path.abspath(path))  # noqa: PTH100
    except (UnknownFileTypeError, EOFError, zlib.error, LZMAError):
        known = ""
    if known not in ioformats:
        if place.is_file() and not place.stat().st_size:
            raise ValueError(f"{path} is empty")
        raise ValueError(f"the format of {path} is known neither by its name nor by its content; say it by format")
    return str(known)


def _told(frames: Iterator[Snapshot], name: str, known: str) -> Iterator[Snapshot]:
    """The same structures; errors say of which file and which structure they are."""
    place = 0
    try:
        for frame in frames:
            yield frame
            place += 1
    except Cut as cut:
        raise ValueError(
            f"{name} ends in the middle of structure {place}, after {cut.n_found} of its {cut.n_atoms} atoms; what is"
            " before it was read"
        ) from None
    except (EOFError, zlib.error, LZMAError):
        raise ValueError(
            f"{name} is compressed, and its content is damaged or was cut in structure {place}; what is before it was"
            " read"
        ) from None
    except (ImportError, MemoryError):
        raise
    except Exception as problem:  # every format fails in its own way
        if isinstance(problem, OSError) and problem.errno is not None:
            raise
        reason = " ".join(str(problem).split()) or type(problem).__name__
        raise ValueError(f"structure {place} of {name} cannot be read as {known}: {reason}") from None


def _by_ase(path: str, known: str, types: Types) -> Iterator[Snapshot]:
    from ase.io import iread

    options = {"sort_by_id": False} if known == "lammps-data" else {}
    found = iread(
        os.path.abspath(path),  # noqa: PTH100
        index=slice(None),
        format=known,
        do_not_split_by_at_sign=True,
        **options,
    )
    for atoms in found:
        if known == "lammps-data":  # ase would mix up labels of atoms when it sorts these
            atoms = atoms[np.argsort(atoms.arrays["id"], kind="stable")]
        own = called(atoms)
        if types is not None:
            if own is None:
                raise ValueError("types are about types of atoms, and it has none")
            if "type" not in atoms.arrays:  # names of atoms, of which some may be elements as they are
                types = {**{name: int(guess) for name, guess in zip(own, atoms.numbers, strict=True)}, **types}
            numbers = numbers_of_types(own, types)
        else:
            numbers = atoms.numbers
            if known.startswith("lammps") and "masses" not in atoms.arrays and own == list(map(str, numbers)):
                raise ValueError(TYPES_ONLY)
        yield Snapshot(atoms.positions, numbers, atoms.cell.array, atoms.pbc, information(atoms))
