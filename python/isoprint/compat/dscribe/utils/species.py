"""Chemical elements, by symbol or by atomic number."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint.structures.elements import number_of


def symbols_to_numbers(symbols: Iterable[str]) -> NDArray[np.int64]:
    """Atomic numbers of chemical symbols, in their order.

    Examples
    --------
    >>> symbols_to_numbers(["O", "H"]).tolist()
    [8, 1]
    """
    numbers = []
    for symbol in symbols:
        if not isinstance(symbol, str):
            raise ValueError(f"symbols contains {short_repr(symbol)}; write chemical symbols such as 'C'")
        numbers.append(number_of(symbol, "symbols"))
    return np.array(numbers, dtype=int)


def get_atomic_numbers(species: Any) -> NDArray[np.int64]:
    """Atomic numbers of species, sorted, each once.

    Parameters
    ----------
    species : iterable of str, or of int
        Symbols or atomic numbers, not both.

    Raises
    ------
    ValueError
        If this is no iterable of one of the two.

    Examples
    --------
    >>> get_atomic_numbers(["O", "H", "O"]).tolist()
    [1, 8]
    """
    if isinstance(species, str) or not isinstance(species, Iterable):
        raise ValueError(f"species is {short_repr(species)}; give a list of symbols or atomic numbers")
    given = list(species)
    if all(isinstance(one, (int, np.integer)) for one in given):
        numbers = [number_of(one) for one in given]
    elif all(isinstance(one, str) for one in given):
        numbers = symbols_to_numbers(given).tolist()
    else:
        raise ValueError(f"species is {short_repr(species)}; give symbols or atomic numbers, not both in one list")
    return np.array(sorted(set(numbers)), dtype=int)
