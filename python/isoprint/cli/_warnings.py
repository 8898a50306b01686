"""Warnings of the command: one line each on stderr, as errors are."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def warn(message: str) -> None:
    """Say on stderr, in one line, what a user may want to know."""
    print(f"isoprint: warning: {' '.join(message.split())}", file=sys.stderr)


@contextmanager
def in_one_line() -> Iterator[None]:
    """Show what is warned of within as `warn` does, and the same words once only."""
    said: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        if str(message) not in said:
            said.add(str(message))
            warn(str(message))

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


@contextmanager
def held_back() -> Iterator[None]:
    """Keep what libraries warn of within until it ends well; where it fails, the error says what there is to say."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        yield
    for kept in caught:
        if not issubclass(kept.category, (DeprecationWarning, PendingDeprecationWarning, FutureWarning)):
            warnings.warn_explicit(kept.message, kept.category, kept.filename, kept.lineno)
