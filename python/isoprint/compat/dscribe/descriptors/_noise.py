"""Normal deviates as DScribe draws them, so that one seed gives one order of atoms in both."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_WORDS = 2.0**32
_BELOW_ONE = math.nextafter(1.0, 0.0)
# Words that are drawn together.
_AT_ONCE = 512


class CompiledNoise:
    """Deviates of the compiled part: the polar method on words of a Mersenne twister, one of two deviates thrown away.

    Parameters
    ----------
    seed : int
        Of the twister.
    """

    def __init__(self, seed: int) -> None:
        self._twister = np.random.RandomState(seed)
        self._words: list[int] = []

    def around(self, means: Floats, sigma: float) -> Floats:
        """One deviate of this width around each mean."""
        return np.array([mean + sigma * self._deviate() for mean in means.tolist()])

    def _word(self) -> int:
        if not self._words:
            # The last one is taken first.
            self._words = self._twister.randint(0, 2**32, size=_AT_ONCE, dtype=np.uint32)[::-1].tolist()
        return self._words.pop()

    def _uniform(self) -> float:
        low = self._word()
        return min((low + self._word() * _WORDS) / (_WORDS * _WORDS), _BELOW_ONE)

    def _deviate(self) -> float:
        while True:
            x, y = 2.0 * self._uniform() - 1.0, 2.0 * self._uniform() - 1.0
            square = x * x + y * y
            if 0.0 < square <= 1.0:
                return y * math.sqrt(-2.0 * math.log(square) / square)


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
