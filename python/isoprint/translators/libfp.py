"""Arguments of libfp's fingerprints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isoprint._support.parameters import flag, real, whole
from isoprint.structures.elements import SYMBOLS
from isoprint.translators._keys import hint, only

_ARGUMENTS = ("cutoff", "orbital", "natx", "log", "contract")
_OURS = ("species", "centers", "dtype", "overflow", "degenerate", "degenerate_tol", "average", "unknown_species")
# Where its table of radii differs.
_RADII = {"Tb": 1.0, **dict.fromkeys(SYMBOLS[113:], 1.0)}


def overlap_matrix(arguments: Mapping[str, Any], max_rows: int) -> dict[str, Any]:
    """Parameters of `isoprint.OverlapMatrix` that mean the same as those of libfp.

    Parameters
    ----------
    arguments : mapping
        Of libfp.
    max_rows : int
        Rows of the largest matrix that there is.
    """
    for name in arguments:
        if name not in (*_ARGUMENTS, *_OURS):
            raise ValueError(f"libfp has no argument {name!r}; {hint(name, _ARGUMENTS)}")
    flag("log", arguments.get("log", True))
    orbital = only("orbital", arguments.get("orbital", "s"), ("s", "sp"))
    return {
        "r_cut": real("cutoff", arguments.get("cutoff", 4.0), above=0.0, remedy="it must be a positive number of Å"),
        "orbitals": orbital,
        "max_sites": whole("natx", arguments.get("natx", 300), 1, max_rows // (1 if orbital == "s" else 4)),
        "radii": _RADII,
        "contracted": flag("contract", arguments.get("contract", False)),
        **{name: arguments[name] for name in _OURS if name in arguments},
    }
