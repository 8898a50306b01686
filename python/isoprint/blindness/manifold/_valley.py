"""A predictor-corrector along the floor of the valley of `|F - F0|²`.

The softest mode of the sensitivity matrix predicts, Gauss-Newton in the plane normal to it corrects, and the next
tangent is the mode that overlaps most with the step just made. A step that could be a jump into another valley is made
shorter; at the smallest length it is accepted if it leads onwards at all, and counts as weak.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint._support.blas import single_threaded
from isoprint.blindness.environment import Environment
from isoprint.blindness.manifold import _measures
from isoprint.blindness.manifold._walk import LEAST_COSINE, Point, Walk
from isoprint.blindness.motion import aligned, centered, complement, rigid_motions, rotation_onto
from isoprint.blindness.sensitivity import decomposed, triangle

Floats = NDArray[np.float64]

# Softest modes among which the next tangent is looked for.
_CANDIDATES = 3
# A step of the smallest length, and the tangent it begins with, agree at least so well.
_WEAKEST_COSINE = 0.5
_MOST_ITERATIONS = 25
# Noise of the derivatives above this part of the second softest singular value turns tangents by more than they may.
_MOST_TURNING = 0.1
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


class _Corrected(NamedTuple):
    positions: Floats
    jacobian: Floats
    """The triangular factor of the Jacobian, `(k, 3 n_sites)`."""
    feature_distance: float
    iterations: int
    converged: bool


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

    @cached_property
    def noise(self) -> float:
        """How far the fingerprint of the start is from a smooth invariant function, as `|dF|`."""
        return _measures.noise(self.environment, self.start, self.environment.jacobian(self.start))

    def finer(self) -> Follower:
        """One that takes steps half as long, and twice as many."""
        rules = self.rules
        halved = replace(
            rules,
            step=0.5 * rules.step,
            largest_step=0.5 * rules.largest_step,
            smallest_step=0.5 * rules.smallest_step,
            max_steps=2 * rules.max_steps,
        )
        return Follower(self.environment, self.start, halved)

    def first(self, choose: Callable[[Floats, Floats], Floats]) -> Point:
        """The start as a point of the path; `choose` picks a tangent from singular values and modes."""
        jacobian = triangle(self.environment.jacobian(self.start))
        s, modes, spectrum = self._spectrum(jacobian, self.start)
        return Point(self.start, choose(s, modes), spectrum, 0.0, 0.0, 0, 0)

    def walk(self, walk: Walk, report: Callable[[Walk], Any]) -> Walk:
        """Go on until the path closes or ends.

        Parameters
        ----------
        walk : Walk
            At least one point.
        report : callable
            Is given the walk after every point, and ends it by returning `False`.
        """
        with single_threaded():
            while walk.status == "open":
                walk.status = self._onwards(walk)
                if report(walk) is False and walk.status == "open":
                    walk.status = "interrupted"
        return walk

    def _onwards(self, walk: Walk) -> str:
        """Add a point, and say how the path stands."""
        if walk.arc >= self.rules.max_arc:
            return "arc"
        if len(walk.points) - 1 >= self.rules.max_steps:
            return "steps"
        here = walk.points[-1]
        there, leads_on, walk.step = self._stepped(here, walk.step)
        if not leads_on:
            return "noise" if self._lost_in_noise(here, there.feature_distance) else "fold"
        if self._crosses_cutoff(there.positions):
            return "cutoff"
        turn = rotation_onto(there.positions, self.start)
        if walk.turned(float(_turned(there.tangent, turn) @ walk.origin.tangent)) and self._closes(walk, there):
            return "closed"
        walk.add(there)
        softest = there.spectrum[len(rigid_motions(there.positions))]
        return "ratio" if softest > self.rules.largest_ratio * there.spectrum[-1] else "open"

    def _stepped(self, here: Point, step: float) -> tuple[Point, bool, float]:
        """The next point, whether it is one or the valley ends, and the length of the step after it."""
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
                and ahead > LEAST_COSINE
                and float(there.tangent @ here.tangent) > LEAST_COSINE
                and there.step < 2.5 * h
            )
            if good or h <= rules.smallest_step:
                break
            h = max(0.5 * h, rules.smallest_step)
        if not good and (not found.converged or there.step > 4.0 * h or ahead < _WEAKEST_COSINE):
            return there, False, h
        return there, True, min(1.3 * h, rules.largest_step) if good and found.iterations <= 4 else h

    def _lost_in_noise(self, here: Point, residual: float) -> bool:
        """Whether the noise of the fingerprint hides where the valley leads on; `residual` is `|F - F0|` there.

        What tells the path from all else is the second softest motion. Along it the floor is shifted by noise of the
        values, and where `F - F0` is not zero by noise of the derivatives, and corrections do not become shorter than
        these shifts; noise of the derivatives turns the tangents, too.
        """
        n_rigid = len(rigid_motions(here.positions))
        across = float(np.sqrt(here.spectrum[n_rigid + 1]))
        turning = float(np.sqrt(here.spectrum[:n_rigid].max()))
        shift = self.noise * across + turning * residual
        return shift > self.rules.tolerance * across**2 or turning > _MOST_TURNING * across

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
        if not found.converged or missed > 0.1 * gap + max(1e-6, 10.0 * self.rules.tolerance):
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
