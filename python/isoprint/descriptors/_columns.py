"""Readable names for the components of a power spectrum, in the order of the rows.

`C.1 H.3 l=2` is the product of the first radial function of carbon and the third of hydrogen, at degree 2. A label that
was summed over is a star: `*.1 H.*`. A component has the same name in every convention, whatever its place; only where
both orders of the two factors are columns does the order of the names matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np

from isoprint.descriptors._compression import Compression, Matrix

CONVENTIONS = ("isoprint", "quip", "dscribe", "featomic")


class _Function(NamedTuple):
    """A radial function of a species, or what is left of it after a sum."""

    species: str
    n: str

    def __str__(self) -> str:
        return f"{self.species}.{self.n}"


_Pair = tuple[_Function, _Function]


def power_spectrum(
    symbols: list[str],
    n_max: list[int],
    l_max: int,
    compression: Compression,
    convention: str = "isoprint",
    constant: bool = False,
) -> list[str]:
    """The names of all features."""
    tail = ["constant"] if constant else []
    if isinstance(compression, Matrix):
        return _combined(_whole(symbols, n_max, l_max, convention), compression) + tail
    if compression is None or isinstance(compression, str):
        return _whole(symbols, n_max, l_max, convention, _KEEPS[compression]) + tail
    return _of_factors(symbols, n_max[0], l_max, convention, *compression) + tail


_KEEPS: dict[str | None, Callable[[_Function, _Function], bool]] = {
    None: lambda a, b: True,
    "trivial": lambda a, b: "1" in (a.n, b.n),
    "crossover": lambda a, b: a.species == b.species,
    "diagonal": lambda a, b: a.n == b.n,
}


def _whole(
    symbols: list[str],
    n_max: list[int],
    l_max: int,
    convention: str,
    keeps: Callable[[_Function, _Function], bool] = _KEEPS[None],
) -> list[str]:
    blocks = [_functions(symbol, count) for symbol, count in zip(symbols, n_max, strict=True)]
    return _listed(_SYMMETRIC[convention](blocks), l_max, convention, keeps)


def _of_factors(symbols: list[str], n_max: int, l_max: int, convention: str, nu_r: int, nu_s: int) -> list[str]:
    """The first factor keeps a label that is kept at least once, the second one that is kept twice."""
    first = [_functions(symbol, n_max if nu_r >= 1 else 0) for symbol in (symbols if nu_s >= 1 else ["*"])]
    second = [_functions(symbol, n_max if nu_r == 2 else 0) for symbol in (symbols if nu_s == 2 else ["*"])]
    if nu_r % 2 == 0 and nu_s % 2 == 0:
        return _listed(_SYMMETRIC[convention](first), l_max, convention)
    if convention in ("isoprint", "quip"):
        return _listed([_products([*chain(*first)], [*chain(*second)])], l_max, convention)
    return _listed([_products(a, b) for a in first for b in second], l_max, convention)


def _functions(symbol: str, n_max: int) -> list[_Function]:
    return [_Function(symbol, str(n)) for n in (range(1, n_max + 1) if n_max else "*")]


def _products(first: list[_Function], second: list[_Function]) -> list[_Pair]:
    return [(a, b) for a in first for b in second]


def _upper(blocks: list[list[_Function]]) -> Iterator[list[_Pair]]:
    """One block of pairs with the first not after the second."""
    functions = [*chain(*blocks)]
    yield [(a, b) for k, a in enumerate(functions) for b in functions[k:]]


def _lower(blocks: list[list[_Function]]) -> Iterator[list[_Pair]]:
    """The same pairs, sorted by the second."""
    functions = [*chain(*blocks)]
    yield [(a, b) for k, b in enumerate(functions) for a in functions[: k + 1]]


def _by_species(blocks: list[list[_Function]]) -> Iterator[list[_Pair]]:
    """A block for each pair of species, its equal pairs once."""
    for k, first in enumerate(blocks):
        yield next(_upper([first]))
        for second in blocks[k + 1 :]:
            yield _products(first, second)


def _by_species_in_full(blocks: list[list[_Function]]) -> Iterator[list[_Pair]]:
    """A block for each pair of species, all its pairs."""
    for k, first in enumerate(blocks):
        for second in blocks[k:]:
            yield _products(first, second)


_SYMMETRIC: dict[str, Callable[[list[list[_Function]]], Iterator[list[_Pair]]]] = {
    "isoprint": _upper,
    "quip": _lower,
    "dscribe": _by_species,
    "featomic": _by_species_in_full,
}


def _listed(
    blocks: Iterator[list[_Pair]] | list[list[_Pair]],
    l_max: int,
    convention: str,
    keeps: Callable[[_Function, _Function], bool] = _KEEPS[None],
) -> list[str]:
    """Every pair at every degree: degrees run fastest, or slowest in each block."""
    degrees = range(l_max + 1)
    names: list[str] = []
    for block in blocks:
        kept = [f"{a} {b}" for a, b in block if keeps(a, b)]
        if convention in ("isoprint", "quip"):
            names += [f"{pair} l={l}" for pair in kept for l in degrees]
        else:
            names += [f"{pair} l={l}" for l in degrees for pair in kept]
    return names


def _combined(components: list[str], matrix: Matrix) -> list[str]:
    """Rows that pick one component are called after it, all others by their place: `P17`."""
    entries = np.bincount(matrix.row, minlength=matrix.n_rows)
    picks = (entries[matrix.row] == 1) & (matrix.value == 1.0)
    names = [f"P{place}" for place in range(1, matrix.n_rows + 1)]
    picked = matrix.column[picks]
    times = np.bincount(picked, minlength=len(components))
    for row, column in zip(matrix.row[picks], picked, strict=True):
        if times[column] == 1:
            names[row] = components[column]
    return names
