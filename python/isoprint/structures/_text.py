"""Lines of large text files, and columns of numbers in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from isoprint.structures.elements import SYMBOLS

# Columns for which it pays to ask polars, in words.
_LONG = 128
# Rows that must be equally long before a shorter one is taken for cut.
_SEVERAL = 8


_NUMBERS = {symbol.encode(): number for number, symbol in enumerate(SYMBOLS)}


class Cut(ValueError):
    """A structure that has fewer atoms than it says, because its file ends there.

    Parameters
    ----------
    n_found, n_atoms : int
        Atoms that are there, and that should be.
    """

    def __init__(self, n_found: int, n_atoms: int) -> None:
        super().__init__(f"the file ends in the middle of it, after {n_found} of {n_atoms} atoms")
        self.n_found, self.n_atoms = n_found, n_atoms


class Lines:
    """The lines of a file, one of which can be looked at before it is taken.

    Parameters
    ----------
    file : binary file
        Open for reading; it may be a pipe.
    """

    def __init__(self, file: BinaryIO | Iterable[bytes]) -> None:
        self._lines = iter(file)
        self._held: list[bytes] = []

    def next(self) -> bytes:
        """A line, which is empty at the end of the file."""
        return self._held.pop(0) if self._held else next(self._lines, b"")

    def look(self) -> bytes:
        """The next line, which stays; empty at the end of the file."""
        if not self._held:
            self._held = list(islice(self._lines, 1))
        return self._held[0] if self._held else b""

    def take(self, n: int) -> list[bytes]:
        """So many lines, or fewer where the file ends."""
        held, self._held = self._held[:n], self._held[n:]
        return held + list(islice(self._lines, n - len(held)))

    def take_while(self, wanted: Callable[[bytes], bool]) -> list[bytes]:
        """Lines as long as they are wanted."""
        found = []
        while line := self.next():
            if not wanted(line):
                self._held.append(line)
                break
            found.append(line)
        return found

    def rest(self) -> Iterator[bytes]:
        """What is left."""
        yield from self._held
        self._held = []
        yield from self._lines


class Symbols:
    """Atomic numbers of columns of symbols; the last column is remembered, as the next structure often has the same."""

    def __init__(self, capitalize: bool = True) -> None:
        self._known = _NUMBERS.copy()
        self._capitalize = capitalize
        self._last: Any = None
        self._numbers = np.empty(0, np.int64)

    def numbers(self, column: Sequence[bytes]) -> NDArray[np.int64]:
        """Atomic numbers; a `KeyError` where one is no element."""
        if column != self._last:
            for symbol in set(column) - self._known.keys():
                if not self._capitalize:
                    raise KeyError(symbol)
                self._known[symbol] = self._known[symbol.decode().capitalize().encode()]
            self._numbers = np.array([self._known[symbol] for symbol in column], np.int64)
            self._last = column
        copied: NDArray[np.int64] = self._numbers.copy()
        return copied


def require_rows(rows: Sequence[bytes], n_atoms: int) -> None:
    """Raise where a file ends before, or in the middle of, the last of so many rows.

    Digits that are missing at the end of a file cannot be told from digits that were never there; but where all rows
    are equally long and the last, without an end of its line, is shorter, it was cut.

    Parameters
    ----------
    rows : sequence of bytes
        One an atom, as they stand in the file.
    n_atoms : int
        How many there should be.
    """
    n = len(rows)
    if n == n_atoms and n > _SEVERAL and not rows[-1].endswith(b"\n"):
        lengths = {len(row.rstrip(b"\r\n")) for row in rows[:-1]}
        n -= len(lengths) == 1 and len(rows[-1]) < lengths.pop()
    if n < n_atoms:
        raise Cut(n, n_atoms)


def columns_of(rows: Sequence[bytes]) -> list[list[bytes]] | None:
    """The columns of a table; `None` where its rows do not have the same number of words."""
    widths = set(map(len, map(bytes.split, rows)))
    if len(widths) != 1:
        return None
    # Split once more, as one text: a list a row, all held at the same time, is what the collector of garbage looks at.
    words, width = b" ".join(rows).split(), widths.pop()
    return [words[place::width] for place in range(width)]


def floats(columns: Sequence[Sequence[bytes]]) -> NDArray[np.float64]:
    """Columns of numbers as an array, each number exactly as Python reads it.

    Parameters
    ----------
    columns : sequence of sequences of bytes
        Words.

    Returns
    -------
    ndarray (n_rows, n_columns)
        Numbers; a `ValueError` where one is none.
    """
    table = np.empty((len(columns[0]), len(columns)))
    for place, column in enumerate(columns):
        found = _by_polars(column) if len(column) >= _LONG else None
        table[:, place] = np.fromiter(map(float, column), np.float64, len(column)) if found is None else found
    return table


def _by_polars(words: Sequence[bytes]) -> Any:
    """Numbers to the same bits in a fifth of the time, where polars is installed and knows all of these."""
    polars = _polars()
    if polars is None:
        return None
    try:
        return polars.Series(words, dtype=polars.Binary).cast(polars.String).cast(polars.Float64).to_numpy()
    except polars.exceptions.PolarsError:
        return None


@cache
def _polars() -> Any:
    try:
        import polars
    except ImportError:
        return None
    return polars


def cartesian(scaled: NDArray[np.float64], cell: NDArray[np.float64]) -> NDArray[np.float64]:
    """Positions from parts of the cell, by the product that ASE takes."""
    from ase.cell import Cell

    return np.asarray(Cell(cell).cartesian_positions(scaled))
