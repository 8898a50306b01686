"""Pairs read from the files that they were written to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from isoprint._support import checksums

if TYPE_CHECKING:
    from isoprint.blindness.pairs.pair import Pair

_NUMBERS = {"float": (int, float, np.number), "int": (int, np.integer), "bool": (bool, np.bool_)}


def read(file: str | os.PathLike[str], kinds: Mapping[str, type[Pair]]) -> list[Pair]:
    """The pairs in a file of `Pairs.write`.

    Parameters
    ----------
    file : path
        The file.
    kinds : mapping
        Kinds of pairs by an attribute that only they have; the first that a file names counts, and the last of all
        stands for pairs of which it names none.
    """
    stored = checksums.read(file, "list of pairs")
    found: list[Pair] = []
    for number in range(len(stored.frames) // 2 + len(stored.frames) % 2):
        both = slice(2 * number, 2 * number + 2)
        places, frames = stored.places[both], stored.frames[both]
        for place, frame, member in zip(places, frames, "ab", strict=False):
            if (frame.info.get("pair"), frame.info.get("member")) != (number, member):
                raise ValueError(f"{place}: it is not structure {member} of pair {number}; take a file of Pairs.write")
        if len(frames) < 2:
            raise ValueError(f"{places[0]}: it is one of a pair, and the other is missing; the file was cut")
        found.append(_pair(kinds, places, *frames))
    checksums.warn_without_checksums(stored, file)
    return found


def _pair(kinds: Mapping[str, type[Pair]], places: list[str], a: Any, b: Any) -> Pair:
    from ase import Atoms

    if not np.array_equal(a.numbers, b.numbers):
        raise ValueError(
            f"{places[1]}: it is {b.symbols}, and the other of the pair is {a.symbols}; both must be alike"
        )
    for place, frame in zip(places, (a, b), strict=True):
        if not np.isfinite(frame.positions).all():
            raise ValueError(f"{place}: its positions are not finite; the file is damaged")
    kind = next((kind for key, kind in kinds.items() if key in a.info), [*kinds.values()][-1])
    said = {
        field.name: _number(places[0], field.name, a.info.get(field.name), str(field.type))
        for field in fields(kind)
        if field.name not in ("a", "b")
    }
    first, second = (Atoms(numbers=frame.numbers, positions=frame.positions) for frame in (a, b))
    return kind(first, second, **said)


def _number(place: str, name: str, value: Any, kind: str) -> Any:
    right = isinstance(value, _NUMBERS[kind]) and (kind == "bool" or not isinstance(value, (bool, np.bool_)))
    if not right or value != value:
        raise ValueError(f"{place}: {name} is {value!r:.60}; the file is damaged, or none of Pairs.write")
    return {"float": float, "int": int, "bool": bool}[kind](value)
