"""How far a fingerprint sees, also one that is not from here."""

from __future__ import annotations

from typing import Any

import numpy as np

from isoprint._support.parameters import real


def reach_of(thing: Any, who: str) -> float:
    """How far a fingerprint sees, in Å; infinite where it does not say, or says zero."""
    said = (getattr(thing, name, None) for name in ("reach", "r_cut"))
    reach = next((length for length in said if length is not None and not np.array_equal(length, 0)), np.inf)
    if isinstance(reach, (float, np.floating)) and reach == np.inf:
        return np.inf
    return real(f"r_cut of {who}", reach, above=0.0, remedy="it must be a positive number of Å, or infinite")
