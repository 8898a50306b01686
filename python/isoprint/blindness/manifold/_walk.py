"""Points of a path as they are found, in one direction."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint.blindness.motion import rotation_onto

Floats = NDArray[np.float64]

# Consecutive tangents, and the step between them, agree at least so well.
LEAST_COSINE = 0.97
_TINY = np.finfo(float).tiny


class Point(NamedTuple):
    """A structure on the path."""

    positions: Floats
    """`(n_sites, 3)`, centroid at the origin, turned so that it is nearest to the point before."""
    tangent: Floats
    """Unit displacement `(3 n_sites,)` onwards."""
    spectrum: Floats
    """Eigenvalues of the sensitivity matrix, rigid motions first, `(3 n_sites,)`."""
    feature_distance: float
    """`|F - F0|`."""
    step: float
    """Distance to the point before."""
    rank: int
    """Which of the soft modes the tangent is; 0 is the softest."""
    iterations: int
    """Corrections that were made."""


class Walk:
    """Points of one direction, and why they end.

    Attributes
    ----------
    points : list of Point
        The start first.
    arc : float
        Length so far, in Å.
    width : float
        Largest distance of a point from the start, in Å over all coordinates.
    step : float
        Length of the next step.
    left : bool
        Whether the path has turned against its first direction, as a ring must somewhere.
    status : str
        "open" as long as it goes on.
    gap : float
        How far from the start a ring crossed the plane through it.
    """

    def __init__(self, points: list[Point], step: float) -> None:
        self.points: list[Point] = []
        self.arc, self.width, self.gap = 0.0, 0.0, np.inf
        self.step, self.left, self.status = step, False, "open"
        for point in points:
            self.add(point)

    @property
    def origin(self) -> Point:
        """The start."""
        return self.points[0]

    @property
    def weak(self) -> bool:
        """Whether any step is weak, see `weak_steps`."""
        positions = np.array([point.positions for point in self.points])
        tangents = np.array([point.tangent for point in self.points]).reshape(positions.shape)
        return bool(weak_steps(positions, tangents, 0, closed=self.status == "closed").any())

    def add(self, point: Point) -> None:
        """One more point."""
        self.points.append(point)
        self.arc += point.step
        offset = point.positions - self.origin.positions
        self.width = max(self.width, float(np.linalg.norm(offset)))

    def turned(self, forward: float) -> bool:
        """Whether the path leads forward again, once it has led backward; `forward` is its first direction's share."""
        self.left = self.left or forward < 0.0
        return self.left and forward > 0.0


def weak_steps(positions: Floats, tangents: Floats, start: int, *, closed: bool) -> NDArray[np.bool_]:
    """Which steps do not go along the tangents: those that were accepted at the smallest length only.

    Parameters
    ----------
    positions, tangents : ndarray (n_points, n_sites, 3)
        The path; before the start steps were made from a point to the one before it.
    start : int
        The point it was begun from.
    closed : bool
        Whether the last step ends at the start itself; that one may be too short to have a direction of its own, and
        the tangents on both sides of it are compared alone.

    Returns
    -------
    ndarray of bool (n_points,)
        Of the step to each point.
    """
    n = len(positions)
    weak = np.zeros(n, bool)
    if n > 1:
        to = np.arange(1, n)
        here, there = np.where(to > start, to - 1, to), np.where(to > start, to, to - 1)
        turn = rotation_onto(positions[there], positions[here])
        chord = (positions[there] @ turn - positions[here]) * np.where(to > start, 1.0, -1.0)[:, None, None]
        ahead = np.sum(chord * tangents[here], axis=(1, 2)) / np.maximum(np.linalg.norm(chord, axis=(1, 2)), _TINY)
        if closed:
            ahead[-1] = 1.0
        weak[1:] = np.minimum(ahead, np.sum((tangents[there] @ turn) * tangents[here], axis=(1, 2))) <= LEAST_COSINE
    return weak
