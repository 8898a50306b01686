"""Readable names for the components of a power spectrum, in the order of the rows.

`C.1 H.3 l=2` is the product of the first radial function of carbon and the third of hydrogen, at degree 2. A label that
was summed over is a star: `*.1 H.*`.
"""

from __future__ import annotations

import numpy as np

from isoprint.descriptors._compression import Compression, Matrix


def power_spectrum(symbols: list[str], n_max: list[int], l_max: int, compression: Compression) -> list[str]:
    """The names of all features."""
    if isinstance(compression, Matrix):
        return _combined(_components(_functions(symbols, n_max), l_max), compression)
    if compression == "trivial":
        return _with_first(symbols, n_max, l_max)
    if compression is None:
        return _components(_functions(symbols, n_max), l_max)
    assert not isinstance(compression, str)
    return _of_factors(symbols, n_max[0], l_max, *compression)


def _functions(symbols: list[str], n_max: list[int]) -> list[str]:
    return [f"{symbol}.{n}" for symbol, count in zip(symbols, n_max, strict=True) for n in range(1, count + 1)]


def _components(functions: list[str], l_max: int) -> list[str]:
    """Pairs with the first not after the second, degree fastest."""
    return [f"{a} {b} l={l}" for k, a in enumerate(functions) for b in functions[k:] for l in range(l_max + 1)]


def _with_first(symbols: list[str], n_max: list[int], l_max: int) -> list[str]:
    functions = _functions(symbols, n_max)
    first = {f"{symbol}.1" for symbol in symbols}
    return [
        f"{a} {b} l={l}"
        for k, a in enumerate(functions)
        for b in functions[k:]
        if a in first or b in first
        for l in range(l_max + 1)
    ]


def _of_factors(symbols: list[str], n_max: int, l_max: int, nu_r: int, nu_s: int) -> list[str]:
    """The first factor keeps a label that is kept at least once, the second one that is kept twice."""
    first = _groups(symbols if nu_s >= 1 else ["*"], n_max if nu_r >= 1 else 0)
    second = _groups(symbols if nu_s == 2 else ["*"], n_max if nu_r == 2 else 0)
    if nu_r % 2 == 0 and nu_s % 2 == 0:
        return _components(first, l_max)
    return [f"{a} {b} l={l}" for a in first for b in second for l in range(l_max + 1)]


def _groups(symbols: list[str], n_max: int) -> list[str]:
    return [f"{symbol}.{n}" for symbol in symbols for n in (range(1, n_max + 1) if n_max else "*")]


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
