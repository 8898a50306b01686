"""Structures from which a manifold can be followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import real, whole
from isoprint.blindness.environment import environment
from isoprint.blindness.sensitivity import analyze

if TYPE_CHECKING:
    from ase import Atoms

    from isoprint.typing import Differentiable, FramesLike

Floats = NDArray[np.float64]

# Bond length in Å and angle between two bonds in degrees, near to experiment; other molecules come from ase.
_SHAPES = {"NH3": (1.012, 106.7), "CH4": (1.087, None)}
_TETRAHEDRAL = float(np.degrees(np.arccos(-1.0 / 3.0)))
# Random changes of the threefold structure that is distorted: relative bond length, polar angle in degrees, and for
# four neighbors how far the fourth bond (Å) and the polar angle (degrees) are from the tetrahedron.
_BOND, _ANGLE = 0.03, 4.0
_FOURTH, _OPENED = (0.08, 0.16), (6.0, 10.0)


class Start(NamedTuple):
    """A structure to begin with.

    Attributes
    ----------
    frame : ase.Atoms
        The center first.
    isolation : float
        Of its softest mode, see `Sensitivity.isolation`.
    """

    frame: Atoms
    isolation: float


def helical_start(molecule: str, *, stretch: float = 0.03, bend: float = 0.07, seed: int = 0) -> Atoms:
    """A distorted molecule XY3 or XY4 from which a ring closes.

    Three like neighbors stand about an axis. Their bond lengths are distorted by a wave once around the axis, their
    polar angles by the same wave a quarter of a turn ahead or behind, which makes the distortion go around like
    circularly polarized light. Of four neighbors the fourth is on the axis, with a bond and polar angles that are
    clearly not those of the tetrahedron.

    Parameters
    ----------
    molecule : str
        Formula such as "NH3", "CH4", "PH3" or "SiH4".
    stretch, bend : float
        Amplitudes of the two waves in Å. The ring is half to twice as wide as the larger.
    seed : int
        Of phase and handedness, and of the undistorted structure.

    Returns
    -------
    ase.Atoms
        The center first, with its axis along z.

    Examples
    --------
    >>> import isoprint as ip
    >>> ip.helical_start("CH4", stretch=0.02, bend=0.07, seed=3).get_chemical_formula()
    'CH4'
    """
    from ase import Atoms

    a = real("stretch", stretch, least=0.0, most=0.5, remedy="it must be an amplitude in Å, from 0 to 0.5")
    b = real("bend", bend, least=0.0, most=0.5, remedy="it must be an amplitude in Å, from 0 to 0.5")
    if a == 0.0 and b == 0.0:
        raise ValueError("stretch and bend are both 0: the structure would be symmetric; give one an amplitude")
    numbers, bond, polar = _shape(molecule)
    rng = np.random.default_rng(whole("seed", seed, 0, 2**63 - 1))
    phase, hand = rng.uniform(0.0, 2.0 * np.pi), rng.choice([-1.0, 1.0])
    around = 2.0 * np.pi * np.arange(3) / 3.0
    if len(numbers) == 4:
        bond *= 1.0 + rng.uniform(-_BOND, _BOND)
        polar += rng.uniform(-_ANGLE, _ANGLE)
        on_axis = np.empty((0, 3))
    else:
        polar += rng.choice([-1.0, 1.0]) * rng.uniform(*_OPENED)
        on_axis = np.array([[0.0, 0.0, bond + rng.choice([-1.0, 1.0]) * rng.uniform(*_FOURTH)]])
    r = bond + a * np.cos(around + phase)
    theta = np.radians(polar) + b / bond * np.cos(around + phase + hand * np.pi / 2.0)
    turned = np.column_stack([np.sin(theta) * np.cos(around), np.sin(theta) * np.sin(around), np.cos(theta)])
    return Atoms(numbers=numbers, positions=np.vstack([np.zeros((1, 3)), r[:, None] * turned, on_axis]))


def _shape(molecule: Any) -> tuple[list[int], float, float]:
    """Atomic numbers, the center first, bond length in Å and polar angle in degrees of the three like neighbors."""
    from ase.build import molecule as build
    from ase.formula import Formula

    if not isinstance(molecule, str):
        raise ValueError(f"molecule is {short_repr(molecule)}; give a formula such as 'NH3' or 'CH4'")
    from ase.data import atomic_numbers

    try:
        count = Formula(molecule).count()
    except ValueError:
        count = {}
    if not set(count) <= set(atomic_numbers) or sorted(count.values()) not in ([1, 3], [1, 4]):
        raise ValueError(
            f"molecule is {molecule!r}; a helical start has one center and three or four like neighbors, such as"
            " 'NH3' or 'CH4'"
        )
    center, ligand = sorted(count, key=count.__getitem__)
    numbers = [atomic_numbers[center], *[atomic_numbers[ligand]] * count[ligand]]
    bond, between = _SHAPES.get(molecule, (None, None))
    if bond is None:
        try:
            known: Any = build(molecule)
        except (KeyError, NotImplementedError):
            raise ValueError(
                f"ase knows no structure of {molecule!r}; distort one yourself, or take random_starts"
            ) from None
        arms = known.positions[known.numbers == numbers[1]] - known.positions[known.numbers == numbers[0]]
        bond = float(np.linalg.norm(arms, axis=1).mean())
        between = known.get_angle(*_bent(known, numbers))
    if count[ligand] == 4:
        return numbers, bond, _TETRAHEDRAL
    # Three bonds at polar angle θ enclose the angle φ with sin(φ / 2) = sqrt(3) / 2 sin(θ).
    return numbers, bond, 180.0 - float(np.degrees(np.arcsin(min(1.0, 2.0 / np.sqrt(3.0) * _half_sine(between)))))


def _half_sine(degrees: Any) -> float:
    return float(np.sin(np.radians(float(degrees) / 2.0)))


def _bent(known: Any, numbers: list[int]) -> tuple[int, int, int]:
    """Two neighbors of the center, with the center between them."""
    (center,) = np.flatnonzero(known.numbers == numbers[0])
    first, second = np.flatnonzero(known.numbers == numbers[1])[:2]
    return int(first), int(center), int(second)


def random_starts(
    descriptor: Differentiable,
    frame: FramesLike,
    center: int,
    *,
    amplitude: float = 0.05,
    n: int = 20,
    isolation: float = 30.0,
    seed: int = 0,
) -> list[Start]:
    """Random distortions of a structure whose softest mode is clearly softer than all others.

    Parameters
    ----------
    descriptor : Differentiable
        Has `transform` and `derivatives`.
    frame : ase.Atoms or alike
        The structure; it may be symmetric.
    center : int
        The atom whose fingerprint is meant.
    amplitude : float
        Every coordinate of every site moves by up to this, in Å.
    n : int
        Distortions that are tried.
    isolation : float
        Least isolation of a start; above 30 most paths from a small molecule close.
    seed : int
        Of the distortions.

    Returns
    -------
    list of Start
        The most isolated first; perhaps none.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> starts = ip.random_starts(ip.ACSF.standard(), molecule("NH3"), 0, n=5)
    >>> all(start.isolation >= 30.0 for start in starts)
    True
    >>> path = ip.follow_manifold(ip.ACSF.standard(), starts[0].frame, 0, max_steps=2)
    """
    most = real("amplitude", amplitude, above=0.0, remedy="it must be a positive number of Å")
    least = real("isolation", isolation, least=1.0, remedy="it must be a ratio of eigenvalues, 1 or more")
    sites = environment(descriptor, frame, center)
    rng = np.random.default_rng(whole("seed", seed, 0, 2**63 - 1))
    found = []
    for _ in range(whole("n", n, 1, 10**9)):
        positions = sites.positions + rng.uniform(-most, most, sites.positions.shape)
        value = analyze(sites, positions, sites.jacobian(positions)).isolation
        if value >= least:
            found.append(Start(sites.frame(positions), value))
    return sorted(found, key=lambda start: -start.isolation)
