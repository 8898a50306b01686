"""The function that a user hands to `fused`, as the compiled module calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import short_repr
from isoprint.descriptors.derivatives import all_finite, shaped
from isoprint.descriptors.rows import Rows, _OfAll
from isoprint.structures.centers import Centers
from isoprint.structures.frames import Frames

AdjointFunction = Callable[[Rows, NDArray[Any]], ArrayLike]
# Rows of a block: enough that a call of a function costs little, so few that what is kept of them stays in a cache (up
# to 150 kB each).
BLOCK = 16


class Questions:
    """Asks a user's function for the adjoint of some rows, and writes their features where they were asked for."""

    def __init__(
        self,
        function: AdjointFunction,
        frames: Frames,
        centers: Centers,
        averaged: bool,
        dtype: str,
        target: NDArray[Any] | None,
    ) -> None:
        if not callable(function):
            raise TypeError(
                f"function is {short_repr(function)}; give one that is called with some rows and their features, and"
                " returns the derivative of your scalar by each feature"
            )
        self._function = function
        self._of_all = _OfAll(frames, centers, averaged)
        self._single = dtype == "float32"
        self._target = target

    def __call__(self, index: NDArray[np.int64], features: NDArray[Any]) -> NDArray[np.float64]:
        """The adjoint of the rows at these places."""
        if self._single:
            with np.errstate(over="ignore"):  # which is told of
                features = features.astype(np.float32)
            require_range(features)
        if self._target is not None:
            self._target[index] = features
        shape = (int(features.shape[0]), int(features.shape[1]))
        answer = self._function(Rows(index, self._of_all), features)
        return shaped("adjoint", answer, shape, "what the function returns has the shape of the features it was given")


def require_range(rows: NDArray[Any]) -> None:
    """Raise where single precision has no room for a number that double precision had."""
    if rows.dtype.char == "f" and not all_finite(rows):
        raise ValueError("there are numbers beyond the range of float32 in the result; take float64")


def require_finite(*gradients: NDArray[np.float64]) -> None:
    """Raise where gradients are not finite, although the adjoint was."""
    if not all(all_finite(gradient) for gradient in gradients):
        raise ValueError("adjoint has entries so large that the result is not finite; make them smaller")
