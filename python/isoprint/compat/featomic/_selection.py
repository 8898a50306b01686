"""Which keys, samples and properties of all that there are a user wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.compat.featomic._kinds import Key, Kind
from isoprint.compat.featomic.status import FeatomicError
from isoprint.extras.metatensor import labels, metatensor


class Selections:
    """Selections of one call, checked for their type."""

    def __init__(self, samples: Any, properties: Any, keys: Any) -> None:
        package = metatensor()
        for kind, given in (("samples", samples), ("properties", properties)):
            if given is not None and not isinstance(given, (package.Labels, package.TensorMap)):
                raise ValueError(
                    f"expected selected {kind} to be either an `metatensor.Labels` instance, or an got"
                    f" `metatensor.TensorMap` instance, got {type(given)} instead"
                )
        if keys is not None and not isinstance(keys, package.Labels):
            raise ValueError(f"expected selected keys to be a `metatensor.Labels` instance, got {type(keys)} instead")
        self._samples, self._properties, self._keys = samples, properties, keys

    def keys(self, kind: Kind, default: list[Key]) -> list[Key]:
        """The keys to compute."""
        selection = self._keys
        if selection is None:
            return default
        if len(selection) == 0:
            raise FeatomicError("invalid parameter: selected keys can not be empty")
        if list(selection.names) == list(kind.key_names):
            return [kind.key(tuple(values)) for values in selection.values.tolist()]
        every = labels(kind.key_names, [key.values for key in default])
        return [default[place] for place in _selected(every, selection, "keys").tolist()]

    def samples(self, kind: Kind, key: Key, default: Any) -> Any:
        """The samples of a block, of which all that there are by default are given."""
        return self._of_block("samples", self._samples, kind, key, default)

    def properties(self, kind: Kind, key: Key, default: Any) -> tuple[Any, NDArray[np.int64] | None]:
        """The properties of a block, and their places among all; `None` for all of them."""
        chosen = self._of_block("properties", self._properties, kind, key, default)
        if chosen is default:
            return default, None
        places = np.array([default.position(entry) for entry in chosen.values], dtype=object)
        missing = np.flatnonzero(places == None)  # noqa: E711 (entry by entry)
        if len(missing):
            entry = dict(zip(default.names, chosen.values[missing[0]].tolist(), strict=True))
            raise FeatomicError(f"invalid parameter: there is no property {entry} in this calculator")
        return chosen, places.astype(np.int64)

    def _of_block(self, what: str, given: Any, kind: Kind, key: Key, default: Any) -> Any:
        if given is None:
            return default
        if isinstance(given, metatensor().Labels):
            places = _selected(default, given, what)
            return labels(default.names, default.values[places])
        if list(given.keys.names) != list(kind.key_names):
            raise FeatomicError(
                f"invalid parameter: invalid key names in predefined {what}: expected [{','.join(kind.key_names)}], but"
                f" got [{', '.join(given.keys.names)}]"
            )
        place = given.keys.position(list(key.values))
        if place is None:
            spelled = ", ".join(f"{name}={value}" for name, value in zip(kind.key_names, key.values, strict=True))
            raise FeatomicError(f"invalid parameter: expected a block for ({spelled}) in predefined {what} selection")
        found = getattr(given.block_by_id(place) if hasattr(given, "block_by_id") else given.block(place), what)
        if list(found.names) != list(default.names):
            raise FeatomicError(
                f"invalid parameter: invalid predefined {what} names: expected [{', '.join(default.names)}], but got"
                f" [{', '.join(found.names)}]"
            )
        return found


def _selected(every: Any, selection: Any, what: str) -> NDArray[Any]:
    """Places of the entries that a selection names, which may have fewer names."""
    _require_names(every.names, selection.names, what)
    return np.asarray(every.select(selection), np.int64)


def _require_names(known: Sequence[str], given: Sequence[str], what: str) -> None:
    for name in given:
        if name not in known:
            raise FeatomicError(
                f"invalid parameter: '{name}' in {what} selection is not part of the {what} of this calculator"
            )
