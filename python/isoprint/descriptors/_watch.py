"""Whether parameters are still those that something was made from.

A parameter that is set drops what was made (`Estimator.__setattr__`); what goes on inside of lists and mappings, and in
descriptors that are parameters of others, is noticed by a `Watch`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import is_
from typing import Any

_SEQUENCES = (list, tuple)
_PLAIN = frozenset((float, int, str, bool, type(None)))


def changeable(value: Any) -> bool:
    """Whether this is a container whose content may be exchanged in place. Arrays are taken for what they are."""
    if type(value) in _PLAIN:
        return False  # most are; to ask for a mapping takes ten times as long
    if isinstance(value, tuple):
        return any(map(changeable, value))
    return isinstance(value, (list, Mapping))


class Watch:
    """Notices when something in a container, at any depth, has been exchanged for something else.

    Entries are compared by identity, which is quick, and a truth value for arrays too. Where they are others, words and
    numbers are compared by value, and it does not matter whether they are in a list or a tuple.
    """

    def __init__(self, container: Any) -> None:
        self.container = container
        self.entries = list(_entries(container))
        self.inner = [(place, Watch(entry)) for place, entry in enumerate(self.entries) if changeable(entry)]

    def unchanged(self, now: Any = None) -> bool:
        """Whether everything is as it was, in the container or in the one that is there `now`."""
        entries = _entries(self.container if now is None else now)
        if len(entries) != len(self.entries):
            return False
        if not (all(map(is_, entries, self.entries)) or self._alike(entries)):
            return False
        return not self.inner or all(watch.unchanged(entries[place]) for place, watch in self.inner)

    def _alike(self, entries: Sequence[Any]) -> bool:
        """Whether entries that are others are equal, and containers of the same kind."""
        inner = {place for place, _ in self.inner}
        return all(
            _kind(before) == _kind(now) is not None if place in inner else _same(before, now)
            for place, (before, now) in enumerate(zip(self.entries, entries, strict=True))
        )


def _entries(container: Any) -> Sequence[Any]:
    if isinstance(container, _SEQUENCES):
        return container
    return [*container, *container.values()]


def _kind(value: Any) -> type | tuple[type, ...] | None:
    return next((kind for kind in (Mapping, _SEQUENCES) if isinstance(value, kind)), None)


def _same(before: Any, now: Any) -> bool:
    if before is now:
        return True
    if isinstance(before, tuple) and isinstance(now, _SEQUENCES):
        return len(before) == len(now) and all(map(_same, before, now))
    return isinstance(before, (str, bool, int, float)) and type(before) is type(now) and bool(before == now)
