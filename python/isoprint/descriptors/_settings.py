"""What the constructors of compiled fingerprints have in common: values by species, and one compilation for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from isoprint.structures.elements import per_species, spell

# Compiled fingerprints that are kept, with the buffers of their last calls. Their tables of radial functions are kept
# in the compiled module, many more of them and whatever the species are.
KEPT = 8
_PLAIN = frozenset((float, int, str, bool, type(None)))


def of_each(name: str, given: Any, species: list[int]) -> list[tuple[str, Any]]:
    """A label for messages and a value for each species."""
    several = isinstance(given, Mapping)
    values = per_species(name, given, species)
    return [
        (f"{name} of {spell([number])}" if several else name, value)
        for number, value in zip(species, values, strict=True)
    ]


class _Settings:
    """Checked parameters that compare by value; arrays by their bytes."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values: dict[str, Any] | None = values
        self.key = _frozen(values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Settings) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def _frozen(value: Any) -> Any:
    """Return a hashable form of a value; numbers of another type are another value."""
    kind = type(value)
    if kind in _PLAIN:
        # Most are; to ask about the abstract kinds below takes ten times as long.
        return kind, value
    if isinstance(value, Mapping):
        return tuple((key, _frozen(entry)) for key, entry in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(map(_frozen, value))
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    return kind, value


@lru_cache(maxsize=KEPT)
def _made(kind: Callable[..., Any], settings: _Settings) -> Any:
    assert settings.values is not None
    return kind(settings.values)


def compiled(kind: Callable[..., Any], values: dict[str, Any]) -> Any:
    """The fingerprint that `kind` makes of these parameters; fingerprints never change, so all may share one."""
    settings = _Settings(values)
    core = _made(kind, settings)
    settings.values = None  # the key is kept, and arrays of the user need not be
    return core
