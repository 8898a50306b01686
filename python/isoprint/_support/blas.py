"""One thread for linear algebra on small matrices."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()
# Blocks that are open in all threads, and what the first of them has to undo: limits are of the process.
_open: list[Any] = [0, None]


@contextmanager
def single_threaded() -> Iterator[None]:
    """Keep numpy's and scipy's BLAS to one thread, where `threadpoolctl` is installed (scikit-learn brings it).

    Matrices with a handful of columns gain nothing from a second thread, and where other work keeps the cores busy
    they wait for it: ten times as long in all.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        yield
        return
    with _lock:
        if not _open[0]:
            _open[1] = threadpool_limits(limits=1, user_api="blas")
        _open[0] += 1
    try:
        yield
    finally:
        with _lock:
            _open[0] -= 1
            if not _open[0]:
                _open[1].restore_original_limits()
