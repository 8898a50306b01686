"""Elements of atoms whose file knows types or names only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint.structures.elements import number_of

# Where ase keeps what a file calls its atoms.
_CALLED = ("type", "atomtypes", "dlp4_labels", "labels")


def table_of(given: Any, name: str = "types") -> dict[str, int]:
    """Atomic numbers by type.

    Parameters
    ----------
    given : str, list or dict
        Elements by type: `"Cl,Na"`, `["Cl", "Na"]`, `"1=Cl,2=Na"` or `{1: "Cl", 2: "Na"}`.
    name : str
        What is blamed.

    Returns
    -------
    dict
        Atomic numbers by what a file calls its atoms.
    """
    if isinstance(given, Mapping):
        pairs = [(str(key), symbol) for key, symbol in given.items()]
    elif isinstance(given, Iterable) and not isinstance(given, (str, bytes)):
        pairs = [(str(place), symbol) for place, symbol in enumerate(given, 1)]
    elif isinstance(given, str):
        pairs = _of_text(given, name)
    else:
        raise TypeError(f"{name} is {short_repr(given)}; give elements by type as in 'Cl,Na', or {{1: 'Cl', 2: 'Na'}}")
    return {key: number_of(_plain(symbol), name) for key, symbol in pairs}


def _of_text(given: str, name: str) -> list[tuple[str, Any]]:
    words = [word.strip() for word in given.split(",")]
    pairs: list[tuple[str, Any]] = []
    for place, word in enumerate(words, 1):
        key, equals, symbol = map(str.strip, word.partition("="))
        pairs.append((key, symbol) if equals else (str(place), key))
    if len({"=" in word for word in words}) > 1 or len({key for key, _ in pairs}) < len(pairs):
        raise ValueError(f"{name} is {given!r}; give one element a type as in Cl,Na, or each type once as in 1=Cl,2=Na")
    return pairs


def _plain(symbol: Any) -> Any:
    return int(symbol) if isinstance(symbol, str) and symbol.isdecimal() and len(symbol) < 4 else symbol


def called(atoms: Any) -> list[str] | None:
    """What a file calls its atoms, as ase keeps it.

    Parameters
    ----------
    atoms : ase.Atoms
        As it was read.

    Returns
    -------
    list of str or None
        A name for each atom; `None` where the file has elements only.
    """
    for key in _CALLED:
        if key in atoms.arrays and atoms.arrays[key].ndim == 1:
            return [str(name) for name in atoms.arrays[key]]
    return None


def numbers_of_types(column: Iterable[Any], types: Mapping[str, int]) -> NDArray[np.int64]:
    """Atomic numbers of atoms whose types are known.

    Parameters
    ----------
    column : iterable of bytes or str
        The type of each atom.
    types : mapping
        Atomic numbers by type.

    Returns
    -------
    ndarray (n_atoms,)
        Atomic numbers.
    """
    words = [name.decode() if isinstance(name, bytes) else str(name) for name in column]
    missing = sorted(set(words) - types.keys())
    if missing:
        raise ValueError(f"nothing is said of its types {', '.join(missing)}; types says what {', '.join(types)} are")
    return np.array([types[word] for word in words], np.int64)
