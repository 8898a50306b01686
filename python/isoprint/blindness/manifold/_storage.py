"""Paths in extended XYZ files: what ASE and OVITO show, and everything that is needed to go on."""

from __future__ import annotations

import dataclasses
import math
import os
import reprlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from isoprint._support import checksums
from isoprint.blindness.manifold._valley import Rules
from isoprint.blindness.motion import aligned, centered
from isoprint.structures import xyz

if TYPE_CHECKING:
    from isoprint.blindness.manifold.path import Path

# Of how the header of a path is to be understood. The first version did not say.
_FORMAT = 2

Check = Callable[[Any], Any]


def _number(value: Any) -> float:
    """A number, infinite ones too."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ValueError("it must be a number")
    if math.isnan(value):
        raise ValueError("it must be a number")
    return float(value)


def _size(value: Any) -> float:
    """A number that is not negative."""
    if _number(value) < 0.0:
        raise ValueError("it must not be negative")
    return float(value)


def _count(value: Any) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)) or value < 0:
        raise ValueError("it must be a whole number, 0 or more")
    return int(value)


def _word(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("it must be a word")
    return value


def _or_none(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


# What is said of every point and of the whole path: one line an attribute, with what makes sure of its kind. Where a
# file does not have one, the default of the attribute counts, if there is one.
_OF_POINTS: dict[str, Check] = {"feature_distance": _size, "steps": _size, "iterations": _count, "ranks": _count}
_OF_THE_PATH: dict[str, Check] = {
    "status": _word,
    "start": _count,
    "first_status": _or_none(_word),
    "gap": _size,
    "contrast": _or_none(_size),
    "noise": _or_none(_size),
    "next_step": _size,
    "r_cut": _size,
}


def write(path: Path, file: str | os.PathLike[str]) -> None:
    """Store a path; the file appears under its name only when it is complete."""
    blocks = []
    for k in range(len(path)):
        about: dict[str, Any] = {"arc": float(path.arc[k])}
        about.update({name: _plain(getattr(path, name)[k]) for name in _OF_POINTS})
        about["spectrum"] = path.spectra[k].tolist()
        if k == 0:
            about["isoprint_path"] = _about(path)
        blocks.append(xyz.block(path.numbers, path.positions[k], about, {"tangent": path.tangents[k]}))
    xyz.store(file, checksums.with_checksums(blocks))


def _about(path: Path) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        **{name: _plain(getattr(path, name)) for name in _OF_THE_PATH},
        "rules": dataclasses.asdict(path.rules),
        "outside": path.outside.tolist(),
        "descriptor": None if path.descriptor is None else repr(path.descriptor),
    }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def read(file: str | os.PathLike[str], kind: type[Path]) -> Path:
    """Read a path that was stored by `write`."""
    stored = checksums.read(file, "path")
    header = stored.frames[0].info.get("isoprint_path")
    if not isinstance(header, dict):
        raise ValueError(
            f"{os.fsdecode(file)!r} is no path: its first frame has no isoprint_path; take a file of Path.write"
        )
    checksums.warn_without_checksums(stored, file)
    about = _Said(stored.places[0], header)
    if about.entry("format", _count, 1) > _FORMAT:
        raise ValueError(f"{about.place}: format is {header['format']}, which only a newer isoprint can read")
    numbers = stored.frames[0].numbers.astype(np.int64)
    defaults = {field.name: field.default for field in dataclasses.fields(kind)}
    points = [
        _point(place, frame, numbers, defaults) for place, frame in zip(stored.places, stored.frames, strict=True)
    ]
    columns: dict[str, Any] = {name: np.array([point[name] for point in points]) for name in points[0]}
    arc = columns.pop("arc")
    path = kind(
        numbers=numbers,
        rules=_rules(about),
        outside=about.entry("outside", _vectors),
        **columns,
        **{name: about.entry(name, check, defaults[name]) for name, check in _OF_THE_PATH.items()},
    )
    _require_consistent(path, arc, stored)
    return path


@dataclasses.dataclass
class _Said:
    """What is said somewhere in a file."""

    place: str
    values: Any

    def entry(self, name: str, check: Check, default: Any = dataclasses.MISSING) -> Any:
        """A value, if it is of its kind."""
        if name not in self.values:
            if default is dataclasses.MISSING:
                raise ValueError(f"{self.place}: it does not say {name}; the file is damaged")
            return default
        value = self.values[name]
        try:
            return check(value)
        except (ValueError, TypeError) as problem:
            said = " ".join(reprlib.repr(value).split())
            raise ValueError(f"{self.place}: {name} is {said}; {problem}") from None


def _point(place: str, frame: Any, numbers: Any, defaults: dict[str, Any]) -> dict[str, Any]:
    """All that is said of one point."""
    if not np.array_equal(frame.numbers, numbers):
        raise ValueError(f"{place}: it is {frame.symbols}, not the atoms of the first frame; the file is damaged")
    said = _Said(place, {**frame.info, **frame.arrays})
    shape = (len(numbers), 3)
    found = {
        "arc": said.entry("arc", _number),
        "positions": said.entry("positions", _array(shape)),
        "tangents": said.entry("tangent", _array(shape)),
        "spectra": said.entry("spectrum", _array((3 * len(numbers),))),
    }
    return {**found, **{name: said.entry(name, check, defaults[name]) for name, check in _OF_POINTS.items()}}


def _array(shape: tuple[int, ...]) -> Check:
    """Finite numbers in this shape."""

    def check(value: Any) -> Any:
        array = np.asarray(value)
        if array.dtype.kind not in "fi" or array.shape != shape:
            raise ValueError(f"it must be {' x '.join(map(str, shape))} numbers")
        if not np.isfinite(array).all():
            raise ValueError("all of it must be finite")
        return array.astype(float)

    return check


def _vectors(value: Any) -> Any:
    """Any number of finite vectors, from lists."""
    if not isinstance(value, list):
        raise ValueError("it must be a list of vectors")
    return _array((len(value), 3))(value) if value else np.empty((0, 3))


def _rules(about: _Said) -> Rules:
    values = about.entry("rules", _mapping)
    fields = {field.name: field for field in dataclasses.fields(Rules)}
    unknown = sorted(values.keys() - fields.keys())
    if unknown:
        raise ValueError(f"{about.place}: rules have {unknown[0]!r}, which this isoprint does not know")
    said = _Said(about.place, values)
    return Rules(
        **{
            name: said.entry(name, _count if field.type == "int" else _size, field.default)
            for name, field in fields.items()
        }
    )


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it must be a table of names and values")
    return value


def _require_consistent(path: Path, arc: Any, stored: checksums.StoredFrames) -> None:
    """What can be checked where there are no checksums, too."""
    if path.start >= len(path):
        raise ValueError(f"{stored.places[0]}: start is {path.start}, but there are {len(path)} points; it was cut")
    wrong = np.flatnonzero(~(np.abs(arc - path.arc) < 1e-6))
    if len(wrong):
        k = int(wrong[0])
        raise ValueError(
            f"{stored.places[k]}: arc is {arc[k]:.6f}, but the steps up to there add up to {path.arc[k]:.6f};"
            " a point is missing, repeated, exchanged or changed"
        )
    if not stored.has_checksums:
        _require_likely(path, stored.places)


def _require_likely(path: Path, places: list[str]) -> None:
    """What geometry says of a path without checksums."""
    for k in range(1, len(path)):
        own = centered(path.positions[k])
        distance = float(np.linalg.norm(own - aligned(path.positions[k - 1], own)))
        if not abs(distance - path.steps[k]) < 1e-5:
            raise ValueError(
                f"{places[k]}: the point is {distance:.6f} Å from the one before, but steps is {path.steps[k]:.6f};"
                " the file is damaged"
            )
    apart = float(np.linalg.norm(path.positions[-1] - path.positions[0]))
    if path.closed and (len(path) < 3 or apart > 0.2 * path.gap + 1e-5):
        raise ValueError(
            f"{places[-1]}: the ring is closed, but its last point is {apart:.6f} Å from its first, and it has"
            f" {len(path)} points; it was cut"
        )
