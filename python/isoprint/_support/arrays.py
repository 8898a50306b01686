"""What users give for numbers and arrays of numbers: taken for what it is, or refused, never for what it looks like.

numpy is obliging: it reads numbers out of strings, truth values out of words, drops masks and units, and wraps integers
that are too large. None of that may happen in silence here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Longer texts in messages are cut.
_LONGEST = 300
_TRUTH = (bool, np.bool_)


def short_repr(value: Any) -> str:
    """A value in one line of a message, cut where it is long, and of any kind."""
    try:
        text = " ".join(repr(value).split("\n"))
    except Exception:  # more digits than Python prints, or an object that cannot say what it is
        if isinstance(value, int):
            return f"an integer of {value.bit_length()} bits"
        return f"something of type {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def unit_of(value: Any) -> str:
    """The unit that a number or an array carries, in the manner of pint, astropy, unyt or pymatgen; "" if none."""
    kind = type(value)
    for name in ("units", "unit"):
        if hasattr(kind, name):
            unit = str(getattr(value, name, ""))
            return "" if unit == "dimensionless" else unit
    return ""


def plain(what: str, value: Any) -> NDArray[Any]:
    """`value` as an array of numpy, without a copy where it is one; nothing that it hides gets lost."""
    if type(value) is np.ndarray:
        return value
    if not isinstance(value, (list, tuple)):
        if np.ma.isMaskedArray(value):
            if np.ma.is_masked(value):
                raise ValueError(f"{what} has masked entries; fill them (numpy.ma.filled), or remove them")
            return np.asarray(value.data)
        unit = unit_of(value)
        if unit:
            raise ValueError(
                f"{what} carries the unit {unit}; convert it, to Å where it is a length, and give numbers only"
            )
    try:
        return np.asarray(value)
    except MemoryError:
        raise
    except Exception as problem:  # every library refuses in its own way
        raise ValueError(f"{what} is {short_repr(value)}, of which no array can be made ({problem})") from None


def contains_bool(value: Any) -> bool:
    """Whether a truth value stands somewhere in lists of numbers, where numpy would make it a number."""
    if isinstance(value, (list, tuple)):
        kinds = set(map(type, value))
        if not kinds.isdisjoint(_TRUTH):
            return True
        return not kinds.isdisjoint((list, tuple, np.ndarray)) and any(map(contains_bool, value))
    return isinstance(value, np.ndarray) and value.dtype.kind == "b"


def real_array(what: str, value: Any, verb: str = "is") -> Floats:
    """Return an array of real numbers in contiguous double precision; `verb` is what `what` needs in a sentence."""
    array = plain(what, value)
    if array.dtype.kind not in "fiu":
        kind = (
            f"{array.dtype}, such as {short_repr(array.flat[0])},"
            if array.dtype.kind == "O" and array.size
            else array.dtype
        )
        raise ValueError(f"{what} {verb} of type {kind}; {_must(verb)} real numbers")
    if contains_bool(value):
        raise ValueError(f"{what} {verb} of numbers and truth values mixed; {_must(verb)} real numbers")
    if array.dtype.itemsize <= 8:
        return in_order(array, np.float64)
    with np.errstate(over="ignore"):
        double = np.ascontiguousarray(array, dtype=np.float64)
    if not np.array_equal(np.isfinite(double), np.isfinite(array)):
        raise ValueError(
            f"{what} {verb} of type {array.dtype}, with numbers beyond double precision; make them smaller"
        )
    return double


def integer_array(what: str, value: Any, verb: str = "is") -> NDArray[np.int64]:
    """Return an array of 64-bit integers, where `value` holds integers and nothing else."""
    array = plain(what, value)
    if array.size == 0:
        return np.empty(array.shape, np.int64)
    fits = array.dtype != np.uint64 or array.max() <= np.iinfo(np.int64).max
    if array.dtype.kind not in "iu" or not fits or contains_bool(value):
        raise ValueError(f"{what} {verb} {short_repr(value)}; {_must(verb)} integers")
    return in_order(array, np.int64)


def in_order(array: NDArray[Any], dtype: Any) -> NDArray[Any]:
    """The array contiguous and of a type, and aligned, as what was sent between processes need not be."""
    found = np.ascontiguousarray(array, dtype=dtype)
    return found if found.flags.aligned else found.copy()


def _must(verb: str) -> str:
    return "it must hold" if verb == "is" else "they must be"


def require_writable(out: NDArray[Any], dtypes: tuple[str, ...]) -> None:
    """Raise where results of one of these types cannot be written into the array `out` of a user."""
    if out.dtype.name not in dtypes or not out.dtype.isnative:
        raise ValueError(f"out is of type {out.dtype}; it must be float64 or float32 in native byte order")
    if np.ma.is_masked(out):
        raise ValueError("out has masked entries, which would hide results; pass a plain array")
    if not out.flags.writeable:
        raise ValueError(
            "out is read-only; open a memory map with mode 'r+' or 'w+', or pass an array that may be written"
        )
