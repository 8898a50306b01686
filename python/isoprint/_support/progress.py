"""Progress of long work: a callback, a bar, or a line on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from isoprint._support.arrays import short_repr
from isoprint._support.plural import plural

Report = Callable[[int, int], None]


@contextmanager
def reporting(progress: Report | bool | None, unit: str = "row") -> Iterator[Report | None]:
    """Turn a user's `progress` into a function that is told how many rows, or other units, of how many are done.

    `None` or `False`: silence. A function: itself. `True`: a bar of tqdm, or a plain line on stderr without tqdm.
    """
    if progress is None or progress is False:
        yield None
    elif progress is True:
        bar = _bar(unit)
        try:
            yield bar.report
        finally:
            bar.close()
    else:
        require_report(progress)
        yield progress


def require_report(progress: Any) -> None:
    """Raise where `progress` is nothing that `reporting` takes."""
    if progress is not None and not isinstance(progress, bool) and not callable(progress):
        raise TypeError(
            f"progress is {short_repr(progress)}; give True, None, or a function of (rows done, rows in all)"
        )


def _bar(unit: str) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return PlainBar(unit)
    return _TqdmBar(tqdm, unit)


class _TqdmBar:
    def __init__(self, tqdm: Any, unit: str) -> None:
        self._bar = tqdm(unit=f" {unit}s", leave=False)

    def report(self, done: int, total: int) -> None:
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class PlainBar:
    """One line on stderr that counts up, at most once for every percent."""

    def __init__(self, unit: str = "row") -> None:
        self._shown, self._unit = -1, unit

    def report(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        percent = 100 * done // max(total, 1)
        if percent != self._shown:
            self._shown = percent
            print(f"\r{percent:3d} % of {plural(total, self._unit)}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the line."""
        if self._shown >= 0:
            print(file=sys.stderr)
