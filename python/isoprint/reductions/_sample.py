"""A sample of rows drawn by their content, so that it does not depend on their order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]


class Sample:
    """The different rows with the smallest keys, where a key is a random function of all bits of a row.

    Parameters
    ----------
    n : int
        How many.
    seed : int
        Chooses the function.
    """

    def __init__(self, n: int, seed: int) -> None:
        self.n, self._seed = n, seed
        self.keys: Keys = np.empty(0, np.uint64)
        self.rows: Floats | None = None

    def push(self, rows: Floats) -> None:
        """Draw among some rows as well."""
        # Zeros of both signs are the same number.
        self._keep(self._keys(rows + 0.0), rows)

    def join(self, other: Sample) -> None:
        """Draw among those of another sample as well."""
        if other.rows is not None:
            self._keep(other.keys, other.rows)

    def _keep(self, keys: Keys, rows: Floats) -> None:
        if len(self.keys) == self.n:
            few = np.flatnonzero(keys < self.keys[-1])
            keys, rows = keys[few], rows[few]
        keys, first = np.unique(keys, return_index=True)
        keys, first = keys[: self.n], first[: self.n]
        if self.rows is None:
            self.keys, self.rows = keys, rows[first]
            return
        every, place = np.unique(np.concatenate([self.keys, keys]), return_index=True)
        place = place[: self.n]
        self.keys, self.rows = every[: self.n], np.concatenate([self.rows, rows[first]])[place]

    def _keys(self, rows: Floats) -> Keys:
        """Sums of words times odd random factors, modulo 2⁶⁴, and mixed."""
        rng = np.random.default_rng(self._seed)
        factors = rng.integers(0, 2**64, rows.shape[1], dtype=np.uint64) | np.uint64(1)
        words = np.ascontiguousarray(rows).view(np.uint64)
        words = words ^ (words >> np.uint64(32))
        words *= factors
        words ^= words >> np.uint64(29)
        keys = words.sum(axis=1, dtype=np.uint64)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            keys = (keys ^ (keys >> np.uint64(shift))) * np.uint64(factor)
        return np.asarray(keys ^ (keys >> np.uint64(31)))
