"""Elements of files that know types or names of atoms only: as the user says, or with a warning as ase guesses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from isoprint.cli import _formats
from isoprint.cli._warnings import warn
from isoprint.structures.atom_types import called, table_of
from isoprint.structures.elements import SYMBOLS, symbol_of

# A mass that is farther than this from that of its element, in u and by ratio, is that of something else.
_CLOSE, _RATIO = 0.01, 1e-3


def named(frames: list[Any], path: Path, known: str, given: str | None) -> list[Any]:
    """The frames with the elements that `--types` says; without it, a warning where their elements are guesses."""
    if given is not None:
        table = table_of(given, "--types")
        for place, frame in enumerate(frames):
            _name(frame, table, f"structure {place} of {path}")
        return frames
    guess = _guess(frames, path, known)
    if guess:
        warn(f"{path} {guess}")
    return frames


def _name(frame: Any, table: dict[str, int], what: str) -> None:
    """Give the atoms of a frame the elements of their types; names that are not in the table keep the guess."""
    own = called(frame)
    if own is None:
        raise ValueError(
            f"--types is about types of atoms, but {what} has none: it has the elements {_elements(frame)}"
        )
    present = list(dict.fromkeys(own))
    missing = [name for name in present if name not in table]
    if len(missing) == len(present) or (missing and "type" in frame.arrays):
        raise ValueError(
            f"--types says nothing of the types {', '.join(sorted(missing))} of {what}; it says what"
            f" {', '.join(table)} are"
        )
    frame.numbers = np.array([table.get(name, int(guess)) for name, guess in zip(own, frame.numbers, strict=True)])


def _elements(frame: Any) -> str:
    return ", ".join(symbol_of(number) for number in np.unique(frame.numbers).tolist())


def _guess(frames: list[Any], path: Path, known: str) -> str | None:
    """How the elements were guessed; `None` where the file names them."""
    if known == "lammps-dump-binary":
        return _by_type(frames)
    if known == "lammps-dump-text":
        columns = next((line.split()[2:] for line in _formats.lines(path) if line.startswith("ITEM: ATOMS")), [])
        if "element" in columns:
            return None
        return _by_mass(frames, always=True) if "mass" in columns else _by_type(frames)
    if known == "lammps-data":
        if all("masses" in frame.arrays for frame in frames):
            return _by_mass(frames, always=False)
        labelled = any(line.startswith("Atom Type Labels") for line in _formats.lines(path))
        by_type = all(np.array_equal(frame.numbers, frame.arrays["type"]) for frame in frames)
        return _by_type(frames) if by_type and not labelled else None
    if known in ("gromacs", "gromos") or (known == "proteindatabank" and not _has_element_columns(path)):
        return _by_name(frames)
    if any("type" in frame.arrays and not frame.numbers.all() for frame in frames):
        return "names types of atoms, and no elements; name these as in --types Cl,Na"
    return None


def _taken(frames: list[Any]) -> dict[str, str]:
    """What each type or name was taken for."""
    pairs: set[tuple[str, int]] = set()
    for frame in frames:
        numbers = frame.numbers.tolist()
        pairs.update(zip(called(frame) or map(str, numbers), numbers, strict=True))
    return {name: symbol_of(number) for name, number in sorted(pairs)}


def _listed(frames: list[Any]) -> str:
    return ", ".join(f"{name} for {symbol}" for name, symbol in _taken(frames).items())


def _by_type(frames: list[Any]) -> str:
    return f"names no elements, so that type {_listed(frames)} is a guess; say which they are, as in --types Cl,Na"


def _by_mass(frames: list[Any], always: bool) -> str | None:
    if always:
        return f"names no elements, so that type {_listed(frames)} is a guess by masses; say better as in --types C,H"
    from ase.data import atomic_masses

    far: dict[str, str] = {}
    for frame in frames:
        masses, usual = frame.arrays["masses"], atomic_masses[frame.numbers]
        for k in np.flatnonzero(np.abs(masses - usual) > np.maximum(_CLOSE, _RATIO * usual)):
            symbol = SYMBOLS[frame.numbers[k]]
            far[str(frame.arrays["type"][k])] = f"{masses[k]:g} for {symbol} ({usual[k]:g})"
    if not far:
        return None
    taken = ", ".join(f"type {name} with the mass {text}" for name, text in sorted(far.items()))
    return f"names no elements, and by its masses takes {taken}; say which they are, as in --types C,H"


def _by_name(frames: list[Any]) -> str | None:
    """Names that could be of another element than they were taken for."""
    if any(called(frame) is None for frame in frames):
        return "names no elements: those of its atoms are guessed from their names"
    doubtful = [f"{name} for {symbol}" for name, symbol in _taken(frames).items() if _doubtful(name, symbol)]
    if not doubtful:
        return None
    return f"names no elements: {', '.join(doubtful)} is a guess by names of atoms; say better as in --types CA=Ca,MW=X"


def _doubtful(name: str, symbol: str) -> bool:
    """Whether a name begins with two symbols of elements, as CA does, or was not taken for what it begins with."""
    letters = name.lstrip("0123456789")
    two = letters[:2].capitalize()
    if letters[: len(symbol)].capitalize() != symbol:
        return True
    return len(two) == 2 and two in SYMBOLS and not (symbol == two == letters[:2])


def _has_element_columns(path: Path) -> bool:
    """Whether every atom of a PDB file has its element in the columns for that."""
    atoms = (line for line in _formats.lines(path) if line.startswith(("ATOM", "HETATM")))
    return all(line[76:78].strip().isalpha() for line in atoms)
