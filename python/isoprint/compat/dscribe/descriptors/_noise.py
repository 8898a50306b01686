"""Normal deviates as DScribe draws them, so that one seed gives one order of atoms in both."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_WORDS = 2.0**32
_BELOW_ONE = math.nextafter(1.0, 0.0)
# Attempts that are drawn together.
_AT_ONCE = 128


class CompiledNoise:
    """Deviates of the compiled part: the polar method on words of a Mersenne twister, one of two deviates thrown away.

    Parameters
    ----------
    seed : int
        Of the twister.
    """

    def __init__(self, seed: int) -> None:
        self._twister = np.random.RandomState(seed)
        self._words = np.empty(0, np.uint32)

    def around(self, means: Floats, sigma: float) -> Floats:
        """One deviate of this width around each mean."""
        if not len(means):
            return np.empty(0)
        while True:
            # Each attempt takes four words, whether it succeeds or not.
            words = self._words.reshape(-1, 2, 2).astype(np.float64)
            x, y = 2.0 * np.minimum((words[..., 0] + words[..., 1] * _WORDS) / _WORDS**2, _BELOW_ONE).T - 1.0
            squares = x * x + y * y
            good = np.flatnonzero((squares > 0.0) & (squares <= 1.0))[: len(means)]
            if len(good) == len(means):
                break
            more = self._twister.randint(0, 2**32, size=4 * _AT_ONCE, dtype=np.uint32)
            self._words = np.concatenate([self._words, more])
        self._words = self._words[4 * (good[-1] + 1) :]
        deviates: Floats = y[good] * np.sqrt(-2.0 * np.log(squares[good]) / squares[good])
        return means + sigma * deviates


class NumpyNoise:
    """Deviates of numpy's old generator.

    Parameters
    ----------
    seed : int or None
        As of `numpy.random.RandomState`.
    """

    def __init__(self, seed: int | None) -> None:
        self.random_state = np.random.RandomState(seed)

    def around(self, means: Floats, sigma: float) -> Floats:
        """One deviate of this width around each mean."""
        return self.random_state.normal(means, sigma)
