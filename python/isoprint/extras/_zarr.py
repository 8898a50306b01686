"""Zarr stores by way of zarr; they are folders, so that care is taken which of them is replaced."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from isoprint.extras._hdf5 import Rows

# What is in a group and in an array beside arrays and chunks, in the formats 2 and 3.
_OF_GROUPS = frozenset({"zarr.json", ".zgroup", ".zattrs", ".zmetadata"})
_OF_ARRAYS = ("zarr.json", ".zarray", ".zattrs")
_CHUNK = re.compile(r"\d+(\.\d+)*")
_AUTHOR = "written_by"


@contextmanager
def opened(part: Path, shape: tuple[int, int], dtype: str, about: dict[str, Any], telling: Any) -> Iterator[Any]:
    """A new store with an array `features`; see `isoprint.extras.storage.create`."""
    try:
        import zarr
    except ImportError:
        raise ValueError('writing Zarr needs zarr: pip install "isoprint[storage]"') from None
    with telling():
        rows = Rows(_filled(zarr, part, shape, dtype, about), telling)
    yield rows


def _filled(zarr: Any, part: Path, shape: tuple[int, int], dtype: str, about: dict[str, Any]) -> Any:
    group = zarr.open_group(str(part), mode="w")
    make = getattr(group, "create_array", None) or group.create_dataset  # the second is the name before zarr 3
    chunks = (max(1, min(shape[0], 2**20 // max(shape[1], 1))), max(shape[1], 1))
    rows = make("features", shape=shape, dtype=dtype, chunks=chunks)
    arrays = ["features"]
    for name, value in about.items():
        if isinstance(value, np.ndarray):
            make(name, shape=value.shape, dtype=value.dtype, chunks=tuple(max(n, 1) for n in value.shape))[...] = value
            arrays.append(name)
        else:
            group.attrs[name] = value
    group.attrs[_AUTHOR] = {"program": "isoprint", "arrays": arrays}
    return rows


def is_ours(folder: Path) -> bool:
    """Whether a folder is a store that was written here, and holds nothing that was not.

    Parameters
    ----------
    folder : Path
        An existing folder.
    """
    try:
        known = _arrays_of(_attributes(folder))
        with os.scandir(folder) as entries:
            return all(
                entry.name in known and _holds_chunks(entry.path, (*_OF_ARRAYS, "c"))
                if entry.is_dir(follow_symlinks=False)
                else entry.name in _OF_GROUPS and entry.is_file(follow_symlinks=False)
                for entry in entries
            )
    except (OSError, ValueError, LookupError, AttributeError, TypeError, RecursionError):
        return False


def _attributes(folder: Path) -> Any:
    if (folder / "zarr.json").is_file():
        return json.loads((folder / "zarr.json").read_bytes())["attributes"]
    return json.loads((folder / ".zattrs").read_bytes())


def _arrays_of(attributes: Any) -> set[str]:
    """The names of the arrays that were written; stores of the first version do not tell who wrote them."""
    author, parameters = (attributes.get(name) for name in (_AUTHOR, "parameters"))
    if isinstance(author, dict) and author.get("program") == "isoprint":
        return set(author["arrays"])
    if isinstance(parameters, dict) and {"isoprint", "descriptor"} <= parameters.keys():
        return {"features", "offsets", "atom"}
    raise ValueError("a store of somebody else")


def _holds_chunks(folder: str, known: Sequence[str] = ()) -> bool:
    """Whether there are chunks of numbers and nothing else but these names."""
    with os.scandir(folder) as entries:
        return all(
            (entry.name in known or _CHUNK.fullmatch(entry.name) is not None)
            and (
                _holds_chunks(entry.path)
                if entry.is_dir(follow_symlinks=False)
                else entry.is_file(follow_symlinks=False)
            )
            for entry in entries
        )
