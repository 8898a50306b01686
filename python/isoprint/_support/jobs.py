"""From scikit-learn's `n_jobs` to a number of threads."""

from __future__ import annotations

import os
import sys

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import integer


def threads(n_jobs: int | None) -> int:
    """Threads for `n_jobs`: 0, the default, for `None`; all cores for -1, all but one for -2."""
    if n_jobs is None:
        return 0
    wanted = integer(n_jobs)
    if not wanted:
        raise ValueError(
            f"n_jobs is {short_repr(n_jobs)}; give a number of threads, -1 for all cores, or None for the default"
        )
    # As many as make no difference stand for any more than that.
    return min(wanted, sys.maxsize) if wanted > 0 else max(1, _cores() + 1 + wanted)


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
