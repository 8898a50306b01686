"""What structures say of themselves: their `info`, `arrays` and results of calculations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.structures.elements import label_of

_OWN = ("numbers", "positions", "cell", "pbc")


def of_structures(frames: Iterable[Any]) -> dict[str, NDArray[Any]]:
    """One entry a structure for each name that any of them has: numbers, with NaN where there is none, or words."""
    said: dict[str, dict[int, Any]] = {}
    n = 0
    for place, frame in enumerate(frames):
        n = place + 1
        for name, value in {**_results(frame), **(getattr(frame, "info", None) or {})}.items():
            plain = _plain(value)
            if plain is not None and isinstance(name, str):
                said.setdefault(name, {})[place] = plain
        said.setdefault("n_atoms", {})[place] = len(_numbers(frame))
    return {name: _column(values, n) for name, values in said.items()}


def of_atoms(frames: Iterable[Any], frame_of: NDArray[Any], atom_of: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """One entry a row for each name that any structure has an array of: numbers, or the lengths of vectors."""
    said: dict[str, dict[int, Any]] = {}
    starts = np.searchsorted(frame_of, np.arange(1 + (frame_of.max() if len(frame_of) else 0) + 1))
    for place, frame in enumerate(frames):
        if place + 1 >= len(starts):
            break
        rows = range(int(starts[place]), int(starts[place + 1]))
        symbols = [label_of(int(number)) for number in _numbers(frame)]
        arrays = {**_per_atom(frame), "element": np.array(symbols)}
        for name, values in arrays.items():
            for row in rows:
                said.setdefault(name, {})[row] = values[atom_of[row]].item()
    return {name: _column(values, len(frame_of)) for name, values in said.items()}


def _numbers(frame: Any) -> Any:
    return frame.numbers if hasattr(frame, "numbers") else frame.atomic_numbers


def _results(frame: Any) -> dict[str, Any]:
    """The energy of a calculation that was done; none is begun."""
    results = getattr(getattr(frame, "calc", None), "results", None) or {}
    return {"energy": results["energy"]} if "energy" in results else {}


def _per_atom(frame: Any) -> dict[str, Any]:
    results = getattr(getattr(frame, "calc", None), "results", None) or {}
    given = {
        **(getattr(frame, "arrays", None) or {}),
        **{k: results[k] for k in ("forces", "energies") if k in results},
    }
    found = {}
    for name, values in given.items():
        array = np.asarray(values)
        if name in _OWN or len(array) != len(_numbers(frame)):
            continue
        if array.ndim == 1 and array.dtype.kind in "iufU":
            found[name] = array
        elif array.ndim == 2 and array.shape[1] == 3 and array.dtype.kind in "iuf":
            found[f"|{name}|"] = np.linalg.norm(array, axis=1)
    return found


def _plain(value: Any) -> float | str | None:
    """A number or a word; nothing else has a place in a column."""
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, float, np.integer, np.floating)):
        return float(value)
    return value if isinstance(value, str) and value else None


def _column(values: dict[int, Any], n: int) -> NDArray[Any]:
    if all(isinstance(value, (int, float)) for value in values.values()):
        column = np.full(n, np.nan)
        column[list(values)] = list(values.values())
        return column
    words = [values.get(place, "") for place in range(n)]
    return np.array([word if isinstance(word, str) else f"{word:g}" for word in words])
