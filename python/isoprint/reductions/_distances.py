"""Squared distances of many rows from a few, by a product of matrices where that is exact enough."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Where less than this part of the squared lengths is left of their difference, differences are taken first.
_CANCELS = 1e-4
# Numbers of a stretch of differences.
_STRETCH = 1 << 20
# What a distance from a product may be wrong by, in parts of it.
ROUNDING = 1e-11


def squared(rows: Floats, others: Floats) -> Floats:
    """`|row - other|²`, `(n_rows, n_others)`, each to 1e-11 of it and better."""
    origin = others.mean(axis=0)
    a, b = rows - origin, others - origin
    lengths = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b)
    found = a @ b.T
    found *= -2.0
    found += lengths
    near, which = np.nonzero(found < _CANCELS * lengths)
    step = max(1, _STRETCH // max(rows.shape[1], 1))
    for start in range(0, len(near), step):
        own, theirs = near[start : start + step], which[start : start + step]
        found[own, theirs] = of_pairs(rows[own], others[theirs])
    return np.asarray(found)


def of_pairs(rows: Floats, others: Floats) -> Floats:
    """`|row - other|²` of each row from the other beside it, from differences: the same bits in any batch."""
    left = rows - others
    left *= left
    return np.asarray(left.sum(axis=1))


def nearest(rows: Floats, others: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The nearest of the others, of those alike the first, and its squared distance from differences."""
    found = squared(rows, others)
    least = found.min(axis=1)
    which = np.argmax(found <= (1.0 + ROUNDING) * least[:, None], axis=1)
    return which, of_pairs(rows, others[which])
