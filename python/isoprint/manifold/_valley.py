"""A predictor-corrector along the floor of the valley of `|F - F0|²`.

The softest mode of the sensitivity matrix predicts, Gauss-Newton in the plane normal to it corrects, and the next
tangent is the mode that overlaps most with the step just made. A step that could be a jump into another valley is made
shorter, and never accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint._blas import single_threaded
from isoprint._motion import aligned, centered, complement, rigid_motions, rotation_onto
from isoprint.environment import Environment
from isoprint.sensitivity import decomposed, triangle

Floats = NDArray[np.float64]

# Softest modes among which the next tangent is looked for.
_CANDIDATES = 3
# Consecutive tangents, and the step between them, agree at least so well.
_LEAST_COSINE = 0.97
_MOST_ITERATIONS = 25
# Singular values below this part of the largest cannot be divided by: they belong to motions that change nothing.
_UNSEEN = 1e-13


@dataclass(frozen=True)
class Rules:
    """How far a path goes, and how carefully. Lengths in Å, over all coordinates of all sites."""

    step: float
    largest_step: float
    smallest_step: float
    tolerance: float
    longest_correction: float
    max_arc: float
    max_steps: int
    largest_ratio: float


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


class _Corrected(NamedTuple):
    positions: Floats
    jacobian: Floats
    """The triangular factor of the Jacobian, `(k, 3 n_sites)`."""
    feature_distance: float
    iterations: int
    converged: bool


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


class Follower:
    """Walks along the valley through one structure.

    Parameters
    ----------
    environment : Environment
        Where the center and its sites are.
    start : ndarray (n_sites, 3)
        The structure whose fingerprint is kept, with its centroid at the origin.
    rules : Rules
        Lengths and limits.
    """

    def __init__(self, environment: Environment, start: Floats, rules: Rules) -> None:
        self.environment = environment
        self.start = start
        self.rules = rules
        self.target = environment.row(start)
        self.outside = environment.outside - environment.positions.mean(axis=0)

    def first(self, choose: Callable[[Floats, Floats], Floats]) -> Point:
        """The start as a point of the path; `choose` picks a tangent from singular values and modes."""
        jacobian = triangle(self.environment.jacobian(self.start))
        s, modes, spectrum = self._spectrum(jacobian, self.start)
        return Point(self.start, choose(s, modes), spectrum, 0.0, 0.0, 0, 0)

    def walk(self, walk: Walk, told: Callable[[Walk], Any]) -> Walk:
        """Go on until the path closes or ends.

        Parameters
        ----------
        walk : Walk
            At least one point.
        told : callable
            Is given the walk after every point, and ends it by returning `False`.
        """
        with single_threaded():
            while walk.status == "open":
                walk.status = self._onwards(walk)
                if told(walk) is False and walk.status == "open":
                    walk.status = "interrupted"
        return walk

    def _onwards(self, walk: Walk) -> str:
        """Add a point, and say how the path stands."""
        if walk.arc >= self.rules.max_arc:
            return "arc"
        if len(walk.points) - 1 >= self.rules.max_steps:
            return "steps"
        here = walk.points[-1]
        there, walk.step = self._stepped(here, walk.step)
        if there is None:
            return "fold"
        if self._crosses_cutoff(there.positions):
            return "cutoff"
        turn = rotation_onto(there.positions, self.start)
        if walk.turned(float(_turned(there.tangent, turn) @ walk.origin.tangent)) and self._closes(walk, there):
            return "closed"
        walk.add(there)
        softest = there.spectrum[len(rigid_motions(there.positions))]
        return "ratio" if softest > self.rules.largest_ratio * there.spectrum[-1] else "open"

    def _stepped(self, here: Point, step: float) -> tuple[Point | None, float]:
        """The next point and the length of the step after it; no point where the valley ends."""
        rules = self.rules
        h = step
        while True:
            guess = here.positions + h * here.tangent.reshape(-1, 3)
            found = self._correct(guess, here.tangent)
            there = self._point(found, here)
            chord = (there.positions - here.positions).reshape(-1) / there.step
            ahead = float(here.tangent @ chord)
            good = (
                found.converged
                and ahead > _LEAST_COSINE
                and float(there.tangent @ here.tangent) > _LEAST_COSINE
                and there.step < 2.5 * h
            )
            if good or h <= rules.smallest_step:
                break
            h = max(0.5 * h, rules.smallest_step)
        if not good and (not found.converged or there.step > 4.0 * h or ahead < 0.5):
            return None, h
        return there, min(1.3 * h, rules.largest_step) if good and found.iterations <= 4 else h

    def _correct(self, guess: Floats, tangent: Floats) -> _Corrected:
        """Least `|F - F0|` in the plane through `guess` normal to the tangent, by Gauss-Newton."""
        free = complement(_orthonormal(np.vstack([rigid_motions(guess), tangent])))
        positions = guess
        iterations = 0
        while True:
            rows = self.environment.jacobian(positions)
            change = self.environment.row(positions) - self.target
            # The residual is one more column, so that the same factorization compresses it.
            factor = triangle(np.vstack([rows, change]), overwrite=True)
            jacobian, residual = factor[:, :-1], factor[:, -1]
            u, s, vt = np.linalg.svd(jacobian @ free, full_matrices=False)
            inverse = np.divide(1.0, s, out=np.zeros_like(s), where=s > _UNSEEN * s[0])
            correction = -(free @ (vt.T @ (inverse * (u.T @ residual))))
            size = float(np.linalg.norm(correction))
            if size < self.rules.tolerance or iterations == _MOST_ITERATIONS:
                break
            if size > self.rules.longest_correction:
                correction *= self.rules.longest_correction / size
            positions = positions + correction.reshape(-1, 3)
            iterations += 1
        return _Corrected(positions, jacobian, float(np.linalg.norm(residual)), iterations, size < self.rules.tolerance)

    def _point(self, found: _Corrected, here: Point) -> Point:
        """A corrected structure turned onto the one before, with its spectrum and the tangent that leads on."""
        own = centered(found.positions)
        turn = rotation_onto(own, here.positions)
        positions = own @ turn
        # A turned structure has a turned Jacobian, because the fingerprint does not change.
        k, n = len(found.jacobian), len(own)
        _, modes, spectrum = self._spectrum((found.jacobian.reshape(k, n, 3) @ turn).reshape(k, 3 * n), positions)
        chord = (positions - here.positions).reshape(-1)
        overlap = modes[:_CANDIDATES] @ chord
        rank = int(np.argmax(np.abs(overlap)))
        return Point(
            positions,
            modes[rank] * (1.0 if overlap[rank] >= 0.0 else -1.0),
            spectrum,
            found.feature_distance,
            float(np.linalg.norm(chord)),
            rank,
            found.iterations,
        )

    def _spectrum(self, jacobian: Floats, positions: Floats) -> tuple[Floats, Floats, Floats]:
        """Singular values and internal modes, softest first, and all eigenvalues in ascending order."""
        rigid = rigid_motions(positions)
        s, modes = decomposed(jacobian, complement(rigid))
        unseen = np.sort(np.linalg.norm(jacobian @ rigid.T, axis=0))
        return s, modes, np.concatenate([unseen, s]) ** 2

    def _crosses_cutoff(self, positions: Floats) -> bool:
        """Whether a site has left the environment, or another has come in."""
        r_cut = self.environment.r_cut
        inside = np.linalg.norm(positions[1:] - positions[0], axis=1)
        outside = np.linalg.norm(self.outside - positions[0], axis=1)
        return bool((inside >= r_cut).any() or (outside < r_cut).any())

    def _closes(self, walk: Walk, there: Point) -> bool:
        """Whether the step to `there` has crossed the plane through the start, near to it; then the ring is closed.

        The plane is normal to the first tangent. The gap is how far from the start the straight step crosses it;
        the correction from there must lead to the start itself, which becomes the last point.
        """
        here, normal = walk.points[-1], walk.origin.tangent
        before, after = (aligned(point.positions, self.start) for point in (here, there))
        below, above = (float((x - self.start).reshape(-1) @ normal) for x in (before, after))
        if not below < 0.0 <= above:
            return False
        crossing = before - below / (above - below) * (after - before)
        gap = float(np.linalg.norm(crossing - self.start))
        if gap >= max(0.25 * self.rules.largest_step, 0.02 * walk.width):
            return False
        found = self._correct(crossing, normal)
        end = self._point(found, here)
        missed = float(np.linalg.norm(aligned(end.positions, self.start) - self.start))
        if not found.converged or missed > 0.1 * gap + 1e-6:
            return False
        walk.add(end)
        walk.gap = gap
        return True


def _turned(displacement: Floats, turn: Floats) -> Floats:
    return np.asarray((displacement.reshape(-1, 3) @ turn).reshape(-1))


def _orthonormal(rows: Floats) -> Floats:
    """Orthonormal rows that span the same displacements."""
    q, _ = np.linalg.qr(rows.T)
    return np.ascontiguousarray(q.T)
