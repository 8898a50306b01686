"""Sites that are occupied in part: a fingerprint is of whole atoms, whichever library read the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

# Occupancies closer to one than this are one.
_WHOLE = 1e-6
_REMEDY = "fingerprints are of whole atoms, so choose an ordered structure"


def require_whole(frames: Sequence[Any]) -> None:
    """Raise where a frame says, in the way of ASE, that a site of it is occupied in part."""
    try:
        suspects = [
            k
            for k, own in enumerate(frames)
            if "occupancy" in own.info or "occupancy" in own.arrays or "occupancies" in own.arrays
        ]
    except (AttributeError, TypeError):
        suspects = list(range(len(frames)))
    for place in suspects:
        for atom, said in _partial(frames[place]):
            raise ValueError(
                f"atom {atom} of frame {place} is on a site that is occupied in part ({said}); {_REMEDY}, and remove"
                " 'occupancy' from info and arrays of this one if it is ordered"
            )


def disordered(frame: Any, place: int) -> ValueError:
    """The error for a structure of pymatgen that has no definite elements."""
    for atom, site in enumerate(getattr(frame, "sites", ())):
        if not getattr(site, "is_ordered", True):
            said = str(site.species_string).replace(":", " ")
            return ValueError(f"atom {atom} of frame {place} is on a site that is occupied in part ({said}); {_REMEDY}")
    return ValueError(f"frame {place} has sites without a definite element; {_REMEDY}")


def _partial(frame: Any) -> Iterator[tuple[int, str]]:
    """Atoms on sites that are occupied in part, and by what."""
    info, arrays = getattr(frame, "info", None), getattr(frame, "arrays", None)
    if not isinstance(info, Mapping) or not isinstance(arrays, Mapping):
        return
    table = info.get("occupancy")
    if isinstance(table, Mapping):
        kinds = arrays.get("spacegroup_kinds")
        for atom, kind in enumerate(table if kinds is None else kinds):
            entry = table.get(kind, table.get(str(kind)))
            if isinstance(entry, Mapping) and not _is_whole(entry):
                yield atom, ", ".join(f"{symbol} {part}" for symbol, part in entry.items())
    # Files of proteins give 0 where nothing is known, and 1; what is between is one of several places.
    column = np.asarray(arrays.get("occupancy", arrays.get("occupancies", ())))
    if column.ndim == 1 and column.dtype.kind == "f":
        for place in np.flatnonzero((column > 0.0) & (column < 1.0 - _WHOLE)).tolist():
            yield place, f"{column[place]:g}"


def _is_whole(entry: Mapping[Any, Any]) -> bool:
    """Whether one element has the site, and no other."""
    try:
        parts = [float(part) for part in entry.values()]
    except (TypeError, ValueError):
        return True  # something else of the same name
    return abs(max(parts, default=1.0) - 1.0) < _WHOLE and abs(sum(parts) - max(parts, default=0.0)) < _WHOLE
