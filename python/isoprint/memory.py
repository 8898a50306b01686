"""Memory that large results leave behind for the next ones.

The system clears the memory that it hands out, which takes as long as computing a small Jacobian. So what `derivatives`
returns is kept as spare memory once it is dropped, with all arrays that look at it, and the next call writes there. It
is never more than eight pieces and a limit: a sixteenth of the memory of the machine and 1 GiB at most, or the number
of bytes in the environment variable `ISOPRINT_SPARE_MEMORY`. Under Linux the system takes it back where memory is
short; in any case it is given up before a request is refused.

>>> from isoprint import memory
>>> before = memory.get_spare_limit()
>>> memory.set_spare_limit(0)  # keep nothing
>>> memory.spare()
0
>>> memory.set_spare_limit(before)
"""

from __future__ import annotations

import sys

from isoprint import _core
from isoprint._core import get_spare_limit
from isoprint._support.parameters import whole

__all__ = ["get_spare_limit", "release", "set_spare_limit", "spare"]


def set_spare_limit(n_bytes: int) -> None:
    """Set how much memory is kept for later results, in the whole process, and give back what is more.

    Parameters
    ----------
    n_bytes : int
        Bytes at most; 0 to keep nothing.

    Examples
    --------
    >>> from isoprint import memory
    >>> before = memory.get_spare_limit()
    >>> memory.set_spare_limit(2**28)
    >>> memory.get_spare_limit() == 2**28
    True
    >>> memory.set_spare_limit(before)
    """
    _core.set_spare_limit(min(whole("n_bytes", n_bytes), sys.maxsize))


def spare() -> int:
    """How much memory is kept now.

    Returns
    -------
    int
        Bytes. The system counts them as used by this process until it takes them back.

    Examples
    --------
    >>> from isoprint import memory
    >>> memory.spare() <= memory.get_spare_limit()
    True
    """
    return _core.spare_memory()


def release() -> None:
    """Give back all that is kept; results that are alive stay as they are.

    Examples
    --------
    >>> from isoprint import memory
    >>> memory.release()
    >>> memory.spare()
    0
    """
    _core.release_spare_memory()
