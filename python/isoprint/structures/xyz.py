"""Structures in extended XYZ files with every digit; ASE itself would keep eight decimals."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support import output

Floats = NDArray[np.float64]


def block(
    numbers: NDArray[np.int64], positions: Floats, about: Mapping[str, Any], arrays: Mapping[str, Floats] | None = None
) -> str:
    """One open structure as text.

    Parameters
    ----------
    numbers : ndarray (n_sites,)
        Atomic numbers.
    positions : ndarray (n_sites, 3)
        In Å.
    about : mapping
        What is said of the structure: truth, numbers, plain words, and anything that JSON knows.
    arrays : mapping, optional
        Arrays `(n_sites, 3)` by name, beside the positions.
    """
    from ase.data import chemical_symbols

    extra = arrays or {}
    columns = "".join(f":{name}:R:3" for name in extra)
    comment = " ".join([f"Properties=species:S:1:pos:R:3{columns}", 'pbc="F F F"', *map(_said, about.items())])
    table = np.hstack([positions, *extra.values()]).tolist()
    rows = [" ".join([chemical_symbols[number], *map(repr, row)]) for number, row in zip(numbers, table, strict=True)]
    return "\n".join([str(len(rows)), comment, *rows, ""])


def _said(entry: tuple[str, Any]) -> str:
    """A key with its value: JSON in the way of ASE, where it is no single word."""
    key, value = entry
    if isinstance(value, bool):
        return f"{key}={'FT'[value]}"
    if isinstance(value, (int, float)) or (isinstance(value, str) and value.isalnum()):
        return f"{key}={value}"
    quoted = json.dumps(value).replace('"', '\\"')
    return f'{key}="_JSON {quoted}"'


def store(file: str | os.PathLike[str], blocks: Sequence[str]) -> None:
    """Write a file that appears under its name only when it is complete; compressed where its name says so."""
    from ase.io.formats import open_with_compression

    content = "".join(blocks).encode()
    with output.replacing(file) as part, output.telling(file), open_with_compression(str(part), "wb") as opened:
        opened.write(content)
