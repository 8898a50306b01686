"""From one structure along the manifold on which its fingerprint hardly changes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import plain, real_array, short_repr
from isoprint._support.parameters import choice, real, whole
from isoprint._support.plural import plural
from isoprint.blindness.environment import Environment, environment
from isoprint.blindness.manifold._assembly import joined
from isoprint.blindness.manifold._finer import followed
from isoprint.blindness.manifold._valley import Follower, Rules
from isoprint.blindness.manifold._walk import Walk
from isoprint.blindness.manifold.path import Path
from isoprint.blindness.motion import centered, internal_motions
from isoprint.blindness.sensitivity import RANK_RTOL, decomposed, triangle

if TYPE_CHECKING:
    from isoprint.typing import Differentiable, Fingerprint, FramesLike

Floats = NDArray[np.float64]
Told = Callable[[int, float], Any]

Direction = Literal["both", "forward", "backward"]
DIRECTIONS = get_args(Direction)
# Two modes this near in singular value do not say which way to go.
_DEGENERATE_RATIO = 1.0 + 1e-6
# A nudge in Å that breaks the symmetry of a structure, to tell symmetry from a fingerprint that is blind anyway.
_SYMMETRY_BREAKING = 0.02
# A motion that symmetry hides is seen so many times better once the symmetry is broken; where the atoms are displaced
# already, a nudge of like size makes little difference, even if it lifts some motions over the threshold.
_VISIBLE_RATIO = 1e3
# Parts of the largest singular value that are rounding alone: the symmetry is exact.
_ROUNDING = 1e-12


def follow_manifold(
    descriptor: Differentiable,
    frame: FramesLike,
    center: int,
    *,
    step: float = 0.004,
    largest_step: float | None = None,
    smallest_step: float | None = None,
    max_steps: int = 1000,
    max_arc: float = 2.0,
    largest_ratio: float | None = None,
    mode: int | ArrayLike = 0,
    direction: Direction = "both",
    tolerance: float = 1e-8,
    longest_correction: float = 0.02,
    reference: Fingerprint | None = None,
    progress: Told | None = None,
) -> Path:
    """Follow the curve of structures along which the fingerprint of a center stays nearly constant.

    From the start along the softest mode of the sensitivity matrix, and then along the floor of the valley of
    `|F - F0|²`, until the curve closes into a ring, or ends. A step that might be a jump into another valley is
    made shorter; one that still might at the smallest length is accepted and counted, see `Path.weak_steps`, and a ring
    with such steps is one only if it stays closed with steps of half and of quarter length. The same call gives the
    same path.

    Parameters
    ----------
    descriptor : Differentiable
        Has `transform` and `derivatives`; learns its species from the frame if it has not yet.
    frame : ase.Atoms or alike
        The structure to begin with. Not a symmetric one: there several modes are equally soft. See `helical_start`.
    center : int
        The atom whose fingerprint is meant.
    step : float
        First step in Å. Like all lengths here over all coordinates of all sites; about 1/15 of the amplitude of the
        ring.
    largest_step, smallest_step : float, optional
        Bounds of later steps; by default 1.5 `step` and `step` / 20.
    max_steps : int
        Most steps of each direction; the path may be resumed. Where steps are halved, twice as many.
    max_arc : float
        Longest path of each direction, in Å.
    largest_ratio : float, optional
        Stop where smallest over largest eigenvalue of the sensitivity matrix exceeds this.
    mode : int or array_like (n_sites, 3)
        Which mode to start along, 0 is the softest; or a displacement of the sites, the center first.
    direction : {"both", "forward", "backward"}
        Along the mode, against it, or both ways, joined, where the first does not close.
    tolerance : float
        Length of the last correction of a point, in Å.
    longest_correction : float
        Bound on a single correction, in Å.
    reference : descriptor, optional
        What `reference_distance` is measured with; by default `OverlapMatrix` with the same cutoff.
    progress : callable, optional
        Is told (points, arc in Å) after every point; if it returns `False`, the path ends there. A ring with weak
        steps is told again, from its start, when it is followed more finely.

    Returns
    -------
    Path
        Its `status` is one of

        * "closed": a ring. The last structure is the first again; `gap` is how far the steps missed it. How blind the
          fingerprint is to it, `contrast` says.
        * "fold": the floor of the valley ends or turns sharply.
        * "noise": the fingerprint has too few digits to say where the valley leads on, see `Path.noise`. A larger
          `tolerance` may help: above the noise over the second smallest singular value.
        * "arc", "steps": a limit was reached; `resume` goes on.
        * "ratio": the fingerprint sees too much, by `largest_ratio`.
        * "interrupted": `progress` asked for the end; `resume` goes on.
        * "cutoff": a site has crossed the cutoff, and the environment is another one beyond.

    Raises
    ------
    ValueError
        Where no way leads on: a lonely center, a pair of atoms, a symmetric structure.

    Examples
    --------
    >>> import isoprint as ip
    >>> start = ip.helical_start("NH3", stretch=0.04, bend=0.16, seed=0)
    >>> ring = ip.follow_manifold(ip.ACSF.standard(), start, 0)
    >>> ring.status
    'closed'

    Notes
    -----
    The object was found by Parsaeifard & Goedecker, J. Chem. Phys. 156, 034302 (2022). They walked along the softest
    mode in small steps, which drifts out of the valley; correcting each step keeps to it and needs few points.
    """
    first_step = _length("step", step)
    largest = 1.5 * first_step if largest_step is None else largest_step
    rules = Rules(
        step=first_step,
        largest_step=_length("largest_step", largest),
        smallest_step=_length("smallest_step", first_step / 20.0 if smallest_step is None else smallest_step),
        tolerance=_length("tolerance", tolerance),
        longest_correction=_length("longest_correction", longest_correction),
        max_arc=_length("max_arc", max_arc),
        max_steps=whole("max_steps", max_steps, 1, 10**9),
        largest_ratio=np.inf if largest_ratio is None else _length("largest_ratio", largest_ratio),
    )
    if not rules.smallest_step <= rules.step <= rules.largest_step:
        raise ValueError(
            f"smallest_step is {rules.smallest_step}, step {rules.step}, largest_step {rules.largest_step};"
            " they must not decrease in this order"
        )
    choice("direction", direction, DIRECTIONS)
    if reference is not None and not callable(getattr(reference, "transform", None)):
        raise ValueError(f"reference is {short_repr(reference)}; give a descriptor, or None for an OverlapMatrix")
    if progress is not None and not callable(progress):
        raise TypeError(f"progress is {short_repr(progress)}; give None, or a function of (points, arc in Å)")
    sites = environment(descriptor, frame, center)
    if len(sites.numbers) < 3:
        raise ValueError(
            "a pair of atoms has a single internal motion, the bond length, which leaves no room for a path;"
            " take a center with two neighbors or more within its reach"
        )
    follower = Follower(sites, centered(sites.positions), rules)
    first = follower.first(partial(_tangent, sites, mode))
    ways = {"both": (1.0, -1.0), "forward": (1.0,), "backward": (-1.0,)}[direction]
    walks: list[Walk] = []
    walkers: list[Follower] = []
    for way in ways:
        start = first._replace(tangent=way * first.tangent)
        # Where shorter steps were needed on one side, they are taken on the other.
        follower, walk = followed(follower, Walk([start], follower.rules.step), _reporting(progress, walks))
        if walk.status == "closed":
            walks.clear()
            walkers.clear()
        walks.append(walk)
        walkers.append(follower)
        if walk.status in ("closed", "interrupted"):
            break
    return Path(**joined(walkers[0], walks, reference))


def _length(name: str, value: Any) -> float:
    return real(name, value, above=0.0, remedy="it must be a positive number")


def _reporting(progress: Told | None, walks: list[Walk]) -> Callable[[Walk], Any]:
    """Turns news of one direction into news of the path."""
    before = sum(len(walk.points) for walk in walks)

    def report(walk: Walk) -> Any:
        if progress is None:
            return None
        return progress(before + len(walk.points), walk.arc)

    return report


def _tangent(sites: Environment, mode: Any, s: Floats, modes: Floats) -> Floats:
    """The first direction, from all singular values and modes of the start."""
    if plain("mode", mode).ndim > 0:
        return _given(sites, mode)
    index = whole("mode", mode, 0, len(s) - 1)
    _require_way(sites, s)
    twins = [
        k
        for k in (index - 1, index + 1)
        if 0 <= k < len(s) and s[k] <= _DEGENERATE_RATIO * s[index] <= _DEGENERATE_RATIO**2 * s[k]
    ]
    if twins:
        raise ValueError(
            f"modes {index} and {twins[0]} are equally soft ({s[index]:.3g} / Å), so the first direction is arbitrary;"
            " displace the atoms a little, or give mode as a displacement (n_sites, 3)"
        )
    return np.asarray(modes[index])


def _require_way(sites: Environment, s: Floats) -> None:
    """Refuse a structure whose softness is that of its symmetry, and a fingerprint that is blind to a whole surface."""
    here = s / s[-1]
    unseen = int(np.sum(here <= RANK_RTOL))
    if not unseen:
        return
    start = centered(sites.positions)
    displaced = start + np.random.default_rng(0).uniform(-_SYMMETRY_BREAKING, _SYMMETRY_BREAKING, start.shape)
    values, _ = decomposed(triangle(sites.jacobian(displaced)), internal_motions(displaced))
    there = values / values[-1]
    blind = int(np.sum(there <= RANK_RTOL))
    # From the stiffest on: atoms in line have one motion more, the softest.
    both = min(len(here), len(there))
    before, after = here[-both:], there[-both:]
    visible = before[(before <= RANK_RTOL) & (after > RANK_RTOL) & (after > _VISIBLE_RATIO * before)]
    if len(visible):
        nearly = "" if visible.max() < _ROUNDING else "nearly "
        what = f"{plural(unseen, 'internal motion')} of this structure change{'s' if unseen == 1 else ''} nothing"
        raise ValueError(
            f"{what}, {blind} of a displaced one: it is {nearly}symmetric or flat, and a path would begin by symmetry"
            " alone; displace the atoms by 0.02 Å or more, or take helical_start"
        )
    if unseen > 1:
        raise ValueError(
            f"{unseen} internal motions of this environment change nothing in the fingerprint (less than 1e-10 of what"
            f" the stiffest does; of a displaced one {blind} do not), so there is no single path but a whole surface;"
            " take a descriptor with more features, or a smaller environment"
        )


def _given(sites: Environment, mode: ArrayLike) -> Floats:
    """A displacement of the sites, without its rigid part and of unit length."""
    shape = sites.positions.shape
    wanted = real_array("mode", mode)
    if wanted.shape != shape or not np.isfinite(wanted).all():
        raise ValueError(f"mode has shape {wanted.shape}, expected finite numbers of shape {shape}: one row a site")
    internal = internal_motions(sites.positions)
    inner = internal @ (internal.T @ wanted.reshape(-1))
    size = float(np.linalg.norm(inner))
    if not size > 1e-6 * np.linalg.norm(wanted):
        raise ValueError("mode is a translation or rotation, or zero; give a displacement that changes the shape")
    return np.asarray(inner / size)
