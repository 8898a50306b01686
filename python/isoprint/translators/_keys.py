"""Keys of nested parameters: those that are unknown are named, and those that are missing."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from isoprint._support.arrays import short_repr


def keys(what: str, given: Any, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, Any]:
    """The entries of a mapping that has all `required` keys and none but these and `optional`."""
    if not isinstance(given, Mapping):
        raise ValueError(f"{what} is {short_repr(given)}; give a mapping with the keys {', '.join(required)}")
    known = [*required, *optional]
    for key in given:
        if key not in known:
            raise ValueError(f"{what} has the unknown key {key!r}; {hint(key, known)}")
    missing = [key for key in required if key not in given]
    if missing:
        raise ValueError(f"{what} has no {', '.join(missing)}; {'it is' if len(missing) == 1 else 'they are'} required")
    return dict(given)


def hint(key: Any, known: Sequence[str]) -> str:
    """What may have been meant by an unknown word."""
    near = difflib.get_close_matches(str(key), known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"


def only(what: str, value: Any, supported: Sequence[str]) -> str:
    """One of the few words that are supported."""
    for word in supported:
        if isinstance(value, str) and value == word:
            return word
    raise ValueError(
        f"{what} is {short_repr(value)}, which is not supported; choose {' or '.join(map(repr, supported))}"
    )
