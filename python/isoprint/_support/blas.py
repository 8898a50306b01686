"""One thread for linear algebra on small matrices."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any


def single_threaded() -> AbstractContextManager[Any]:
    """Keep numpy's and scipy's BLAS to one thread, where `threadpoolctl` is installed (scikit-learn brings it).

    Matrices with a handful of columns gain nothing from a second thread, and where other work keeps the cores busy
    they wait for it: ten times as long in all.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[Any] = threadpool_limits(limits=1, user_api="blas")
    return limits
