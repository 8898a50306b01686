"""A few rows of features that all others are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import real_array
from isoprint.structures.elements import number_of


def landmarks_of(given: Any) -> tuple[NDArray[np.float64], NDArray[np.int64] | None]:
    """Rows, and their elements where they are given by element, as the sparse points of a model are."""
    if not isinstance(given, Mapping):
        return _rows("landmarks", given), None
    if not given:
        raise ValueError("landmarks are an empty mapping; give rows of features by element")
    rows = {number_of(key, "landmarks"): _rows(f"landmarks of {key!r}", own) for key, own in given.items()}
    widths = {own.shape[1] for own in rows.values()}
    if len(widths) > 1:
        told = " and ".join(map(str, sorted(widths)))
        raise ValueError(f"landmarks have {told} columns; give rows of one fingerprint")
    species = np.repeat(np.array(list(rows)), [len(own) for own in rows.values()])
    return np.concatenate(list(rows.values())), species


def _rows(what: str, given: Any) -> NDArray[np.float64]:
    found = real_array(what, given, "are")
    if found.ndim != 2 or not found.size:
        raise ValueError(f"{what} have shape {found.shape}, expected (n, n_features), one row at least")
    if not np.isfinite(found).all():
        raise ValueError(f"{what} have an entry that is not finite")
    return found


def require_width(landmarks: NDArray[np.float64], features: NDArray[np.float64]) -> None:
    """Refuse features of another number of columns."""
    if features.shape[1] != landmarks.shape[1]:
        raise ValueError(
            f"features have {features.shape[1]} columns, and landmarks {landmarks.shape[1]}; give those of one"
            " fingerprint"
        )
