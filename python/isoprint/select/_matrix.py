"""The matrix that rows or columns are chosen from."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import plain, short_repr
from isoprint._support.parameters import choice, whole

Axis = Literal["rows", "columns"]


def matrix(features: Any) -> NDArray[Any]:
    """Features as they are computed with: an array of two axes, in single or double precision, finite."""
    if hasattr(features, "toarray"):
        features = features.toarray()
    elif hasattr(features, "todense"):
        features = features.todense()
    elif hasattr(features, "to_numpy"):
        features = features.to_numpy()
    values = plain("features", features)
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        kind = f"of shape {values.shape} and type {values.dtype}"
        raise ValueError(f"features is an array {kind}; give real numbers (n_rows, n_features), as transform does")
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    # Stretch by stretch, so that nothing as large as the matrix is made.
    step = max(1, (1 << 20) // max(1, values.shape[1]))
    for start in range(0, len(values), step):
        finite = np.isfinite(values[start : start + step])
        if not finite.all():
            row, column = (int(k) for k in np.argwhere(~finite)[0])
            raise ValueError(
                f"features have {values[start + row, column]} at [{start + row}, {column}]; they must be finite, so"
                " leave this row out, or repair it"
            )
    return values


def chosen_from(values: NDArray[Any], n: Any, axis: Any) -> tuple[NDArray[Any], int]:
    """The matrix with what is chosen along its rows, and how many are."""
    along = values.T if choice("axis", axis, ("rows", "columns")) == "columns" else values
    wanted = whole("n", n, 1)
    if wanted > len(along):
        raise ValueError(f"n is {wanted}, but there are {len(along)} {axis}; choose fewer")
    return along, wanted


def generator(random_state: Any) -> np.random.Generator:
    """A source of random numbers, of whatever scikit-learn takes for one."""
    if isinstance(random_state, np.random.Generator):
        return random_state
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(0, 2**31, size=4))
    try:
        return np.random.default_rng(whole("random_state", random_state))
    except ValueError:
        raise ValueError(
            f"random_state is {short_repr(random_state)}; give an integer from 0 on, a generator of numpy, or None"
        ) from None
