"""What a pair of environments should be: alike to one fingerprint, apart for another. Values and derivatives."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from isoprint.blindness.environment import Environment
from isoprint.blindness.motion import centered, distances_of_copies, relabelings, rotation_onto
from isoprint.blindness.sensitivity import triangle
from isoprint.structures.radii import covalent_radius

Floats = NDArray[np.float64]

# Two sites shall not come nearer than this part of the sum of their covalent radii, and none shall go farther from the
# center than this multiple of its distance at the start: both are ways to become invisible, and no molecules.
NEAREST, FARTHEST = 0.7, 1.5


class Guard(Protocol):
    """A distance of two environments and its gradients."""

    def __call__(self, x: Floats, y: Floats) -> tuple[float, Floats]:
        """The distance, and its gradient `(2 * 3 n_sites,)` with respect to both."""
        ...


class FeatureGuard:
    """The distance that a fingerprint sees."""

    def __init__(self, sites: Environment) -> None:
        self._sites = sites

    def __call__(self, x: Floats, y: Floats) -> tuple[float, Floats]:
        """Return length and gradient of the difference of features; at length zero the gradient is zero."""
        change = self._sites.row(x) - self._sites.row(y)
        length = float(np.linalg.norm(change))
        unit = change / max(length, np.finfo(float).tiny)
        return length, np.concatenate([self._sites.jacobian(x) @ unit, -(self._sites.jacobian(y) @ unit)])


class SeparationGuard:
    """The least distance over rigid motions, mirror images and exchanges of like atoms: it sees everything."""

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        self._orders = relabelings(numbers)

    def __call__(self, x: Floats, y: Floats) -> tuple[float, Floats]:
        """Length and gradient of the best copy: that it is the best one has no effect to first order."""
        both = [distances_of_copies(x, y, self._orders, mirror=mirror) for mirror in (False, True)]
        mirror, place = np.unravel_index(np.argmin(both), np.shape(both))
        order, sign = self._orders[place], -1.0 if mirror else 1.0
        own, onto = sign * centered(x)[order], centered(y)
        turn = rotation_onto(own, onto)
        change = own @ turn - onto
        length = float(np.linalg.norm(change))
        unit = change / max(length, np.finfo(float).tiny)
        of_x = np.empty_like(unit)
        of_x[order] = sign * unit @ turn.T
        return length, np.concatenate([of_x.ravel(), -unit.ravel()])


class Limits:
    """Distances that a structure shall keep, as residuals that are zero where it does."""

    def __init__(self, numbers: NDArray[np.int64], positions: Floats) -> None:
        radii = np.array([covalent_radius(int(number)) for number in numbers])
        self._i, self._j = np.triu_indices(len(numbers), 1)
        self._least = NEAREST * (radii[self._i] + radii[self._j])
        self._most = np.where(self._i == 0, FARTHEST * self._distances(positions)[1], np.inf)

    def __call__(self, positions: Floats) -> tuple[Floats, Floats]:
        """Residuals `(n_pairs,)` and derivatives `(n_pairs, 3 n_sites)`."""
        vector, distance = self._distances(positions)
        near, far = 1.0 - distance / self._least, distance / self._most - 1.0
        slope = np.where(near > 0.0, -1.0 / self._least, np.where(far > 0.0, 1.0 / self._most, 0.0))
        along = (slope / np.maximum(distance, np.finfo(float).tiny))[:, None] * vector
        derivatives = np.zeros((len(distance), *positions.shape))
        rows = np.arange(len(distance))
        derivatives[rows, self._i], derivatives[rows, self._j] = along, -along
        return np.maximum(0.0, np.maximum(near, far)), derivatives.reshape(len(distance), -1)

    def kept(self, positions: Floats) -> bool:
        """Whether all distances are within limits, but for a hundredth."""
        return bool((self(positions)[0] < 0.01).all())

    def _distances(self, positions: Floats) -> tuple[Floats, Floats]:
        vector = positions[self._i] - positions[self._j]
        return vector, np.linalg.norm(vector, axis=1)


class Evaluation(NamedTuple):
    """Residuals and derivatives at one place."""

    residuals: Floats
    jacobian: Floats


class Objective:
    """Residuals of both structures `z = (x, y)`, raveled, and their derivatives.

    They are `(F(x) - F(y)) / scale`, `(guard(x, y) - distance) / distance`, `tether (z - start)`, and what the limits
    say. The first has as many entries as the fingerprint has features; a QR decomposition of derivatives and residual
    together leaves as many rows as there are unknowns, with the same lengths and products, and squares nothing.
    """

    def __init__(self, sites: Environment, guard: Guard, limits: Limits, *, scale: float, distance: float) -> None:
        self._sites, self._guard, self._limits = sites, guard, limits
        self._scale, self._distance = scale, distance
        self._tether, self._start = 0.0, np.zeros(2 * sites.positions.size)
        self.evaluations = 0
        self._last: tuple[bytes, Evaluation] | None = None

    def residuals(self, z: Floats) -> Floats:
        """All residuals at one place."""
        return self._at(z).residuals

    def jacobian(self, z: Floats) -> Floats:
        """Return the derivatives of the residuals."""
        return self._at(z).jacobian

    def tie(self, tether: float, start: Floats) -> None:
        """Another strength of the tether, and what it is tied to."""
        self._tether, self._start, self._last = tether, start, None

    def _at(self, z: Floats) -> Evaluation:
        """Both at once, as the factors of one decomposition belong together; remembered for the second question."""
        key = z.tobytes()
        if self._last is None or self._last[0] != key:
            self._last = key, self._evaluated(z)
        return self._last[1]

    def _evaluated(self, z: Floats) -> Evaluation:
        self.evaluations += 1
        x, y = np.reshape(z, (2, -1, 3))
        change = self._sites.row(x) - self._sites.row(y)
        rows = np.vstack([self._sites.jacobian(x), -self._sites.jacobian(y), change])
        factor = triangle(rows) / self._scale
        length, slope = self._guard(x, y)
        (out_x, slope_x), (out_y, slope_y) = self._limits(x), self._limits(y)
        none = np.zeros_like(slope_x)
        return Evaluation(
            np.concatenate(
                [
                    factor[:, -1],
                    [length / self._distance - 1.0],
                    self._tether * (z - self._start),
                    out_x,
                    out_y,
                ]
            ),
            np.vstack(
                [
                    factor[:, :-1],
                    slope / self._distance,
                    self._tether * np.eye(len(z)),
                    np.hstack([slope_x, none]),
                    np.hstack([none, slope_y]),
                ]
            ),
        )
