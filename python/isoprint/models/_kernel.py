"""Kernels with their variances: of the dot product of two unit fingerprints, or of a distance between features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class DotProductKernel(Protocol):
    """What a model asks of a kernel of unit vectors `q`, `p`: a function of `q · p`, and its derivative."""

    def value_and_slope(self, dots: Floats) -> tuple[Floats, Floats]:
        """`k(d)` and `dk/dd` of every dot product; neither may be the array that was given."""
        ...

    def on_diagonal(self) -> float:
        """`k(1)`, the prior variance of a local value."""
        ...


@dataclass(frozen=True)
class Power:
    """`delta² (q · p)^zeta`, as in A. P. Bartók et al., Phys. Rev. B 87, 184115 (2013), eq. 36."""

    zeta: float
    delta: float

    def value_and_slope(self, dots: Floats) -> tuple[Floats, Floats]:
        """`k` and `dk/d(q · p)` from the same power of the dot product."""
        below = self._power_below(dots)
        slope = below * (self.delta**2 * self.zeta)
        below *= dots
        below *= self.delta**2
        return below, slope

    def on_diagonal(self) -> float:
        """The prior variance of a local value."""
        return self.delta**2

    def _power_below(self, dots: Floats) -> Floats:
        """`dots^(zeta - 1)`; whole powers by products, which take a fifth of the time of `**`."""
        if self.zeta != int(self.zeta):
            if dots.min(initial=1.0) < 0.0:
                raise ValueError(
                    f"zeta is {self.zeta}, and two fingerprints have a negative dot product ({dots.min():.3g}), of"
                    " which there is no such power; take a whole number"
                )
            return np.power(dots, self.zeta - 1.0)
        return _whole_power(dots, int(self.zeta) - 1)


@dataclass(frozen=True)
class OfProduct:
    """`delta² k(q · p)` of any kernel of a dot product."""

    kernel: Any
    delta: float

    def value_and_slope(self, dots: Floats) -> tuple[Floats, Floats]:
        """`k` and `dk/d(q · p)`."""
        value, slope = self.kernel.value_and_slope(dots)
        return self.delta**2 * value, self.delta**2 * slope

    def on_diagonal(self) -> float:
        """The prior variance of a local value."""
        return float(self.value_and_slope(np.ones(1))[0][0])


@dataclass(frozen=True)
class OfDistance:
    """`delta² k(D)` of any kernel of the squared distance `D = Σ ((x - s) / length)²` of two rows of features."""

    kernel: Any
    delta: float
    length: Floats
    """One for each feature, `(n_features,)`."""

    def value_and_slope(self, rows: Floats, points: Floats) -> tuple[Floats, Floats]:
        """`k` and `dk/dD` of rows and points in units of the lengths, `(n_rows, n_points)`."""
        value, slope = self.kernel.value_and_slope(square_distances(rows, points))
        return self.delta**2 * value, self.delta**2 * slope

    def on_diagonal(self) -> float:
        """`k(0)`, the prior variance."""
        return self.delta**2 * float(self.kernel.value_and_slope(np.zeros(1))[0][0])


def square_distances(rows: Floats, points: Floats) -> Floats:
    """`Σ (x - s)²` for rows and points; of few features by differences, which are exact where things are near."""
    if rows.shape[1] <= 4:
        found = np.zeros((len(rows), len(points)))
        for feature in range(rows.shape[1]):
            found += (rows[:, feature, None] - points[None, :, feature]) ** 2
        return found
    squares = np.einsum("nf,nf->n", rows, rows)[:, None] + np.einsum("nf,nf->n", points, points)
    return np.asarray(np.maximum(squares - 2.0 * (rows @ points.T), 0.0))


def _whole_power(base: Floats, exponent: int) -> Floats:
    result = np.ones_like(base)
    square = base
    while exponent:
        if exponent & 1:
            result *= square
        exponent >>= 1
        if exponent:
            square = square * square
    return result
