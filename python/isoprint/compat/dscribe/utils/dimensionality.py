"""What is a list of numbers, and what a list of such lists."""

from __future__ import annotations

from typing import Any

import numpy as np


def is1d(array: Any, dtype: Any = np.integer) -> bool:
    """Whether every entry is of a kind of numbers.

    Examples
    --------
    >>> is1d([1, 2]), is1d([[1], [2]]), is1d(3)
    (True, False, False)
    """
    try:
        return all(np.issubdtype(type(entry), dtype) for entry in array)
    except TypeError:
        return False


def is2d(array: Any, dtype: Any = np.integer) -> bool:
    """Whether every entry of every entry is of a kind of numbers.

    Examples
    --------
    >>> is2d([[1], [2, 3]]), is2d([1, 2])
    (True, False)
    """
    try:
        return all(np.issubdtype(type(entry), dtype) for row in array for entry in row)
    except TypeError:
        return False
