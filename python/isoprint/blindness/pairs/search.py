"""A search for two environments with one fingerprint."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.blas import single_threaded
from isoprint._support.parameters import real, whole
from isoprint._support.progress import Report, reporting
from isoprint.blindness.environment import Environment, environment
from isoprint.blindness.pairs._molecules import reference
from isoprint.blindness.pairs._objective import FeatureGuard, Guard, Limits, Objective, SeparationGuard
from isoprint.blindness.pairs.pair import BlindPair, Pairs, ordered, placed
from isoprint.descriptors._base import Descriptor
from isoprint.descriptors.hybrid import Hybrid
from isoprint.descriptors.overlap_matrix import OverlapMatrix
from isoprint.structures.frames import is_frame

if TYPE_CHECKING:
    from isoprint.typing import Differentiable, Fingerprint, FrameLike

Floats = NDArray[np.float64]

# Cutoff of the guard in Å.
_GUARD_CUTOFF = 4.8
# Random displacements in Å, and how many of them, whose median effect is the unit of feature distances.
_USUAL, _DRAWS = 0.02, 20
# Strength of the tether in 1 / Å, and relative decrease of the sum of squares at which the search ends: the first
# stage keeps it near and is hasty, the second hardly disturbs it and goes to the last digit.
_STAGES = ((1e-3, 1e-3), (1e-6, 1e-15))
_TOLERANCE = 1e-15
# Parameters that do not change what a fingerprint sees of a small molecule.
_ASIDE = ("species", "centers", "max_sites", "overflow", "unknown_species", "dtype", "periodic", "degenerate")


def find_blind_pairs(
    descriptor: Differentiable,
    molecule: str | FrameLike = "CH4",
    *,
    center: int = 0,
    guard: Fingerprint | Literal["separation"] | None = None,
    distance: float = 0.05,
    starts: int = 20,
    amplitude: float = 0.15,
    threshold: float = 1e-6,
    max_evaluations: int = 200,
    seed: int = 0,
    progress: Report | bool | None = None,
) -> Pairs[BlindPair]:
    """Search for pairs of environments that a fingerprint cannot tell apart, while another one can.

    Parameters
    ----------
    descriptor : Differentiable
        Has `transform` and `derivatives`; a copy learns its species from the molecule if it has none yet.
    molecule : str or ase.Atoms
        A formula such as "CH4", "NH3" or "H2O", or a frame.
    center : int
        The atom whose fingerprint is meant.
    guard : descriptor or "separation", optional
        What sees that the two are apart. `None`: an `OverlapMatrix` with s and p orbitals. "separation": the distance
        in Å over rigid motions, mirror images and exchanges of like atoms, which sees everything.
    distance : float
        How far apart they shall be for the guard: of its features, or in Å.
    starts : int
        Random pairs to start from.
    amplitude : float
        Largest random displacement of a coordinate at a start, in Å.
    threshold : float
        Largest `relative` distance of features of a blind pair.
    max_evaluations : int
        Evaluations of fingerprints and derivatives for each start.
    seed : int
        Of the starts. Start `k` does not depend on how many there are.
    progress : callable or bool, optional
        Called with (starts done, starts in all); `True` shows a bar.

    Returns
    -------
    list of BlindPair
        One for each start, the blind ones first, then by relative distance. It prints as a table, `.blind` are the
        blind ones, `.write(file)` stores the frames.

    Examples
    --------
    >>> import isoprint as ip
    >>> om = ip.OverlapMatrix(r_cut=4.8, orbitals="s", max_sites=4)
    >>> pairs = ip.find_blind_pairs(om, "NH3", starts=2)
    >>> len(pairs.blind), pairs[0].distance(om) < 1e-7
    (2, True)

    Notes
    -----
    Both structures move. From two random distortions, Levenberg-Marquardt minimizes the squares of
    `(F(a) - F(b)) / s`, with `s` the median effect of displacements of ±0.02 Å, of `(|G(a) - G(b)| - d) / d`, and of
    1e-3 / Å times the displacement from the start; then, from where that ends, again with 1e-6. Sites that nearly
    collide or leave are pushed back. Finding no pair proves nothing; finding one does.
    """
    sites = environment(descriptor, reference(molecule) if isinstance(molecule, str) else _frame(molecule), center)
    _require_shape(sites)
    search = _Search(
        sites,
        _guard(guard, sites),
        Limits(sites.numbers, sites.positions),
        distance=real("distance", distance, above=0.0, remedy="it must be a positive number"),
        amplitude=real(
            "amplitude", amplitude, above=0.0, most=1.0, remedy="it must be a number of Å, more than 0, at most 1"
        ),
        threshold=real("threshold", threshold, above=0.0, most=1.0, remedy="it must be more than 0 and at most 1"),
        budget=whole("max_evaluations", max_evaluations, 10, 10**9),
    )
    n, root = whole("starts", starts, 1, 10**9), whole("seed", seed, 0, 2**63 - 1)
    found = []
    with reporting(progress) as report, single_threaded():
        for start in range(n):
            found.append(search.from_start(start, np.random.default_rng([root, start])))
            if report:
                report(start + 1, n)
    return ordered(found)


def _frame(molecule: Any) -> Any:
    if not is_frame(molecule):
        raise ValueError(
            f"molecule is {short_repr(molecule)}; give a formula such as 'CH4', 'NH3' or 'H2O', or a frame"
        )
    return molecule


def _require_shape(sites: Environment) -> None:
    if len(sites.numbers) < 3:
        raise ValueError(
            f"the center sees {len(sites.numbers) - 1} site: two atoms have a distance and no shape, so that nothing"
            " can be hidden; take three atoms or more"
        )


def _guard(guard: Any, sites: Environment) -> Guard:
    """What sees the difference."""
    if isinstance(guard, str):
        if guard != "separation":
            raise ValueError(
                f"guard is {short_repr(guard)}; give a descriptor, 'separation', or None for an OverlapMatrix"
            )
        return SeparationGuard(sites.numbers)
    if guard is None:
        guard = OverlapMatrix(r_cut=_GUARD_CUTOFF, orbitals="sp", max_sites=len(sites.numbers))
    for block in sites.descriptor.descriptors_ if isinstance(sites.descriptor, Hybrid) else [sites.descriptor]:
        if block is guard or (isinstance(block, Descriptor) and _meaning(block) == _meaning(guard)):
            raise ValueError(
                f"the guard {short_repr(guard)} is the fingerprint in question, or a part of it, which cannot see and"
                " not see the same pair; take another guard, or guard='separation'"
            )
    return FeatureGuard(replace(sites, descriptor=environment(guard, sites.frame(), 0).descriptor))


def _meaning(descriptor: Any) -> Any:
    """What decides about what a fingerprint sees."""
    if not isinstance(descriptor, Descriptor):
        return descriptor
    parameters = descriptor.get_params(deep=False)
    return type(descriptor), [repr(value) for name, value in parameters.items() if name not in _ASIDE]


class _Search(NamedTuple):
    """One question, for any number of starts."""

    sites: Environment
    guard: Guard
    limits: Limits
    distance: float
    amplitude: float
    threshold: float
    budget: int

    def from_start(self, start: int, rng: np.random.Generator) -> BlindPair:
        """Where two random structures lead."""
        shape = self.sites.positions.shape
        x, y = (self.sites.positions + rng.uniform(-self.amplitude, self.amplitude, shape) for _ in range(2))
        scale = _usual_change(self.sites, x, rng)
        objective = Objective(self.sites, self.guard, self.limits, scale=scale, distance=self.distance)
        a, b, separation = placed(*self._optimized(objective, x, y), self.sites.numbers)
        change = float(np.linalg.norm(self.sites.row(a.positions) - self.sites.row(b.positions)))
        seen = self.guard(a.positions, b.positions)[0]
        kept = self.limits.kept(a.positions) and self.limits.kept(b.positions)
        blind = change < self.threshold * scale and seen > 0.5 * self.distance and kept
        return BlindPair(a, b, separation, change, change / scale, seen, blind, start, objective.evaluations)

    def _optimized(self, objective: Objective, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """The nearest structures that are as they should be, or what is left when evaluations have run out."""
        from scipy.optimize import least_squares

        z = np.concatenate([x.ravel(), y.ravel()])
        for place, (tether, enough) in enumerate(_STAGES):
            objective.tie(tether, z)
            left = (self.budget - objective.evaluations) // (len(_STAGES) - place)
            options = {"xtol": _TOLERANCE, "ftol": enough, "gtol": _TOLERANCE, "max_nfev": left, "x_scale": "jac"}
            z = least_squares(objective.residuals, z, jac=objective.jacobian, method="lm", **options).x
        x, y = z.reshape(2, *x.shape)
        return x, y


def _usual_change(sites: Environment, positions: Floats, rng: np.random.Generator) -> float:
    """Median distance of features that small random displacements cause."""
    here = sites.row(positions)
    moved = (positions + rng.uniform(-_USUAL, _USUAL, positions.shape) for _ in range(_DRAWS))
    scale = float(np.median([np.linalg.norm(sites.row(there) - here) for there in moved]))
    if scale == 0.0:
        raise ValueError("the fingerprint does not change with any displacement: take a larger r_cut")
    return scale
