"""Which components of a power spectrum are kept, or how they are combined."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import plain, short_repr
from isoprint._support.parameters import integer
from isoprint.structures.elements import per_species

_MODES = "two counts such as '1_1', the path of a compress file, or a matrix with one column a component"
TRIVIAL = ("trivial",)
NAMED = ("mu2", "mu1nu1", "crossover", "diagonal", "trivial")
# Other names of counts: how many of the two factors keep their radial label, and how many their species.
_COUNTS = {"mu2": (2, 0), "mu1nu1": (2, 1)}


class Matrix(NamedTuple):
    """A sparse matrix from components to features, counted from zero."""

    n_rows: int
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    value: NDArray[np.float64]


Compression = str | tuple[int, int] | Matrix | None


def n_components(n_max: list[int], l_max: int, convention: str = "isoprint") -> int:
    """Number of components of the whole power spectrum."""
    n, equal = sum(n_max), sum(count * (count + 1) // 2 for count in n_max)
    half = sum(count**2 for count in n_max) - equal if convention == "featomic" else 0  # both orders in one species
    return (n * (n + 1) // 2 + half) * (l_max + 1)


def compiled(kind: Any, parameters: dict[str, Any]) -> Any:
    """The fingerprint that a class of the compiled module makes, which takes matrices apart."""
    compression, common = parameters["compression"], {**parameters}
    del common["compression"]
    if isinstance(compression, Matrix):
        return kind(common, matrix=tuple(compression))
    if isinstance(compression, tuple):
        return kind({**common, "compression": {"factors": compression}})
    return kind(common if compression is None else {**common, "compression": compression})


def of_columns(kind: Any, settings: dict[str, Any], columns: list[int]) -> Any:
    """The fingerprint of some columns; `None` where the others are needed for its length, or are no components."""
    found, places = settings["compression"], np.asarray(columns, np.int64)
    if settings["normalize"] or settings.get("constant") or not (found is None or isinstance(found, Matrix)):
        return None
    if found is None:
        chosen = Matrix(len(places), np.arange(len(places)), places, np.ones(len(places)))
    else:
        entries = [np.flatnonzero(found.row == place) for place in places]
        every = np.concatenate(entries)
        row = np.repeat(np.arange(len(places)), [len(own) for own in entries])
        chosen = Matrix(len(places), row, found.column[every], found.value[every])
    return compiled(kind, {**settings, "compression": chosen})


def resolve(
    given: Any,
    n_max: Any,
    l_max: Any,
    species: list[int],
    names: tuple[str, ...] = TRIVIAL,
    convention: str = "isoprint",
) -> Compression:
    """What is meant by the parameter `compression`, where `names` are the words that are understood."""
    if given is None:
        return None
    counts, degree = [integer(count) for count in per_species("n_max", n_max, species)], integer(l_max)
    if None in counts or degree is None:
        return None  # and the compiled module says what they must be
    return _resolved(given, [count for count in counts if count is not None], degree, names, convention)


def _resolved(given: Any, n_max: list[int], l_max: int, names: tuple[str, ...], convention: str) -> Compression:
    n_columns = n_components(n_max, l_max, convention)
    modes = f"None, {', '.join(map(repr, names))}, {_MODES}"
    if isinstance(given, str):
        if given in names:
            return _COUNTS.get(given, given)
        factors = re.fullmatch(r"([0-2])_([0-2])", given)
        if factors:
            if len(set(n_max)) > 1:
                raise ValueError(
                    f"compression is {short_repr(given)} while n_max is {n_max}; it needs the same n_max for every"
                    " species"
                )
            return int(factors[1]), int(factors[2])
    if isinstance(given, (str, os.PathLike)):
        path = Path(given)
        if not path.is_file():
            raise ValueError(f"compression is {short_repr(given)}, which is no file either; give {modes}")
        return _checked(read_compress_file(path, n_max, l_max), n_columns, f"compress file {str(path)!r}")
    return _checked(_matrix(given, modes), n_columns, "compression")


def read_compress_file(path: Path, n_max: list[int], l_max: int) -> tuple[tuple[int, int], Any, Any, Any]:
    """The matrix in a compress file of soap_turbo, as (shape, row, column, value)."""
    lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
    try:
        header = [int(word) for word in lines[0]]
        if header[:-1] != [*n_max, l_max]:
            raise ValueError(f"its first line {' '.join(lines[0])!r} is not for n_max = {n_max}, l_max = {l_max}")
        if len(lines) > 1 and lines[1] == ["P_transformation"]:
            body = lines[2 : lines.index(["end_transformation"])]
            row = [int(words[0]) - 1 for words in body]
            column = [int(words[1]) - 1 for words in body]
            value = [float(words[2]) for words in body]
        else:
            column = [int(words[0]) - 1 for words in lines[1:]]
            row, value = list(range(len(column))), [1.0] * len(column)
        if min(row + column, default=-1) < 0:
            raise ValueError("it has no entries, or indices below 1")
    except (ValueError, IndexError) as problem:
        raise ValueError(f"compress file {str(path)!r} cannot be read: {problem}") from None
    return (max(row) + 1, n_components(n_max, l_max)), row, column, value


def _matrix(given: Any, modes: str) -> tuple[tuple[int, int], Any, Any, Any]:
    """Shape, row, column and value of a sparse or dense matrix."""
    if hasattr(given, "tocsr"):
        rows = given.tocsr(copy=True)
        rows.sum_duplicates()
        if rows.data.dtype.kind not in "fiub":
            raise ValueError(f"compression is a sparse matrix of {rows.data.dtype}; it must hold real numbers")
        return given.shape, np.repeat(np.arange(given.shape[0]), np.diff(rows.indptr)), rows.indices, rows.data
    dense = plain("compression", given)
    if dense.ndim != 2 or dense.dtype.kind not in "fiub":
        raise ValueError(f"compression is {short_repr(given)}; give {modes}")
    row, column = np.nonzero(dense)
    return (dense.shape[0], dense.shape[1]), row, column, dense[row, column]


def _checked(entries: tuple[tuple[int, int], Any, Any, Any], n_columns: int, what: str) -> Matrix:
    shape, *triplets = entries
    row, column = (np.ascontiguousarray(index, dtype=np.int64) for index in triplets[:2])
    value = np.ascontiguousarray(triplets[2], dtype=np.float64)
    if shape[1] != n_columns or (column >= n_columns).any():
        found = max(shape[1], int(column.max(initial=-1)) + 1)
        raise ValueError(
            f"{what} has {found} columns, but the power spectrum has {n_columns} components; make them agree"
        )
    if shape[0] == 0 or not np.isfinite(value).all():
        raise ValueError(f"{what} has no rows, or entries that are not finite; every entry must be a finite number")
    return Matrix(shape[0], row, column, value)
