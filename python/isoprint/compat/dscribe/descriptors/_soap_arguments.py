"""Arguments of DScribe's SOAP, looked at one by one; errors are of the types that DScribe raises."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import integer, number, whole
from isoprint.compat.dscribe.descriptors._old_names import warn_of
from isoprint.translators.dscribe import WEIGHTS


def whole_of(name: str, value: Any, least: int) -> int:
    """An integer that counts something."""
    found = integer(value)
    if found is None:
        raise TypeError(f"{name} is {short_repr(value)}; it must be an integer from {least} on")
    return whole(name, found, least)


def number_in(name: str, value: Any) -> float:
    """A number of Å."""
    found = number(value)
    if math.isnan(found):
        raise TypeError(f"{name} is {short_repr(value)}; it must be a number of Å")
    return found


def weighting_of(given: Any) -> Any:
    """The weights, without what their function does not know, which DScribe passes over."""
    if not isinstance(given, Mapping):
        return {} if given is None else given
    known = ("function", "w0", "threshold", *WEIGHTS.get(str(given.get("function")), ()))
    strange = [key for key in given if key not in known]
    if strange and given.get("function") in WEIGHTS:
        warnings.warn(
            f"weighting has {', '.join(map(repr, strange))}, which {given['function']!r} does not know and which"
            " changes nothing; leave it out",
            UserWarning,
            stacklevel=4,
        )
    return {key: value for key, value in given.items() if key in known}


def compression_of(given: Any, crossover: Any, species_weighting: Any) -> Any:
    """The compression, also as the first version says it."""
    if crossover is None and species_weighting is None:
        return {"mode": "off", "species_weighting": None} if given is None else given
    found = {} if given is None else dict(given)
    if crossover is not None:
        mode = "off" if crossover else "crossover"
        warn_of("crossover", f"write compression={{'mode': {mode!r}}}", stacklevel=5)
        found.setdefault("mode", mode)
    if species_weighting is not None:
        warn_of("species_weighting", "write compression={'species_weighting': ...}", stacklevel=5)
        found.setdefault("species_weighting", species_weighting)
    return found
