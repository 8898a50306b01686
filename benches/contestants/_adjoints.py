"""One adjoint for everybody, as a model would hand it in, and results as arrays."""

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=8)
def adjoint(rows, features):
    """Made once, and the same in every process."""
    return np.random.default_rng(1).standard_normal((rows, features))


def contracted(values, row, atom, n_atoms, rows):
    """The gradient of Σ adjoint · features from the blocks of a Jacobian, `values` (block, 3, feature)."""
    weights = adjoint(rows, values.shape[-1])[row]
    gradient = np.zeros((n_atoms, 3))
    np.add.at(gradient, atom, np.einsum("bxf,bf->bx", values, weights))
    return gradient


def dense(values, row, atom, n_atoms, rows):
    """Blocks of a Jacobian as one array, those of the same atom added."""
    whole = np.zeros((rows, n_atoms, *values.shape[1:]))
    np.add.at(whole, (row, atom), values)
    return whole


def together(result):
    """Rows of several frames as one dense array; nothing where there is nothing to compare."""
    if result is None:
        return np.empty(0)
    if isinstance(result, list):
        return np.concatenate([together(one) for one in result])
    return next((getattr(result, name)() for name in ("toarray", "todense") if hasattr(result, name)), result)
