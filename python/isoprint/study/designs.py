"""Where training and test structures come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import integer_array, real_array
from isoprint._support.parameters import choice, real, whole
from isoprint.blindness.motion import aligned

Floats = NDArray[np.float64]

Design = Literal["center", "start", "tube", "center+ring", "start+ring", "tube+ring"]
DESIGNS = get_args(Design)
# With "+ring", one training structure in ten lies on the ring.
RING_SHARE = 10
# Training and test structures have streams of random numbers of their own, so that more of one leave the other alone.
_TRAIN, _TEST = 0, 1


@dataclass(frozen=True, eq=False)
class Ring:
    """A closed sequence of structures of the same sites, moved rigidly onto the first.

    Attributes
    ----------
    positions : ndarray (n_points, n_sites, 3)
        In Å, the center first.
    numbers : ndarray (n_sites,)
        Atomic numbers.

    Examples
    --------
    >>> from isoprint import study
    >>> ring = study.Ring.of([study.start("NH3-a"), study.start("NH3-b")] * 2)
    >>> len(ring), ring.center.shape
    (4, (4, 3))
    """

    positions: Floats
    numbers: NDArray[np.int64]

    @classmethod
    def of(cls, path: Any, numbers: Any = None) -> Ring:
        """Make one of a followed path, of frames, or of positions and numbers.

        Parameters
        ----------
        path : Path, sequence of frames, or array_like
            A `Path` (anything with `frames`), a sequence of frames, or an array `(n_points, n_sites, 3)` in Å. The
            center is the first atom of each.
        numbers : sequence of int, optional
            Atomic numbers, where `path` is an array.

        Raises
        ------
        ValueError
            For fewer than four points, other atoms on the way, or positions that are not finite.

        Examples
        --------
        >>> from ase.build import molecule
        >>> from isoprint import study
        >>> ring = study.Ring.of([molecule("CH4")] * 4)
        >>> ring.positions.shape, ring.numbers.tolist()
        ((4, 5, 3), [6, 1, 1, 1, 1])
        """
        frames = getattr(path, "frames", path)
        if numbers is None:
            positions, numbers = _stacked(frames)
        else:
            positions = real_array("positions of the ring", frames, "are")
        order = integer_array("numbers of the ring", numbers, "are")
        if positions.ndim != 3 or positions.shape[1:] != (len(order), 3):
            raise ValueError(
                f"positions of the ring have shape {positions.shape}, expected (n_points, {len(order)}, 3): one entry"
                " a structure, the center first"
            )
        if len(positions) < 4:
            raise ValueError(f"the ring has {len(positions)} points; at least 4 are needed, every other one for a test")
        if not np.isfinite(positions).all():
            point, site, _ = map(int, np.argwhere(~np.isfinite(positions))[0])
            raise ValueError(
                f"point {point} of the ring has site {site} at {positions[point, site]}; it must be finite"
            )
        return cls(np.stack([aligned(each, positions[0]) for each in positions]), order)

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def center(self) -> Floats:
        """The mean structure `(n_sites, 3)`: the middle of the ring."""
        return np.asarray(self.positions.mean(axis=0))


@dataclass(frozen=True, eq=False)
class Sample:
    """Structures to learn from and to be tested on.

    Attributes
    ----------
    train : ndarray (n_train, n_sites, 3)
        In Å, the center first.
    test : ndarray (n_test, n_sites, 3)
        Random, drawn like the random ones of `train`.
    ring : ndarray (n_points, n_sites, 3)
        Points of the ring: all, or the odd-numbered ones where others are in `train`.
    numbers : ndarray (n_sites,)
        Atomic numbers.
    design : str
        How they were drawn.
    amplitude : float
        Largest random displacement of a coordinate, in Å.
    seed : int
        The draw.

    Examples
    --------
    >>> from isoprint import study
    >>> ring = study.Ring.of([study.start("NH3-a"), study.start("NH3-b")] * 2)
    >>> sample = study.draw(ring, n_train=30, n_test=10)
    >>> sample.train.shape, sample.test.shape, sample.ring.shape
    ((30, 4, 3), (10, 4, 3), (4, 4, 3))
    """

    train: Floats
    test: Floats
    ring: Floats
    numbers: NDArray[np.int64]
    design: str
    amplitude: float
    seed: int


def draw(
    ring: Any,
    *,
    design: Design = "center",
    n_train: int = 1000,
    n_test: int = 1000,
    amplitude: float = 0.05,
    seed: int = 0,
) -> Sample:
    """Random structures around a ring.

    Every coordinate of every site, the center too, is displaced by a uniform random number up to `amplitude`. A larger
    training set of the same seed begins with a smaller one, but for the ring points in it.

    Parameters
    ----------
    ring : Ring, or what `Ring.of` takes
        The ring.
    design : {"center", "start", "tube", "center+ring", "start+ring", "tube+ring"}
        What is displaced: the mean of the ring, its first point, or any of its points. With "+ring", even-numbered
        points of the ring take the place of the last tenth of the training set, repeated as often as it takes, and the
        test is on odd-numbered ones.
    n_train, n_test : int
        How many.
    amplitude : float
        In Å.
    seed : int
        The draw.

    Returns
    -------
    Sample
        `train`, `test` and `ring`.

    Examples
    --------
    >>> from isoprint import study
    >>> ring = study.Ring.of([study.start("NH3-a"), study.start("NH3-b")] * 2)
    >>> study.draw(ring, design="tube+ring", n_train=20, n_test=5, amplitude=0.1).train.shape
    (20, 4, 3)
    """
    points = ring if isinstance(ring, Ring) else Ring.of(ring)
    base, _, extra = choice("design", design, DESIGNS).partition("+")
    size = real("amplitude", amplitude, least=0.0, remedy="give a length of at least 0 Å")
    whole("seed", seed, 0, 2**63 - 1)
    train = _random(points, base, whole("n_train", n_train, 2, 10**7), size, (seed, _TRAIN))
    test = _random(points, base, whole("n_test", n_test, 2, 10**7), size, (seed, _TEST))
    on_ring = points.positions
    if extra:
        replaced = n_train // RING_SHARE
        even = on_ring[::2]
        if replaced:
            train[-replaced:] = even[np.arange(replaced) % len(even)]
        on_ring = on_ring[1::2]
    return Sample(train, test, on_ring, points.numbers, design, size, seed)


def _random(ring: Ring, base: str, count: int, amplitude: float, seed: tuple[int, int]) -> Floats:
    rng = np.random.default_rng(seed)
    # One call a structure for every number that it needs: the first structures do not depend on how many follow.
    numbers = rng.random((count, 1 + ring.center.size))
    shift = amplitude * (2.0 * numbers[:, 1:] - 1.0).reshape(count, *ring.center.shape)
    if base == "tube":
        return np.asarray(ring.positions[(numbers[:, 0] * len(ring)).astype(int)] + shift)
    return np.asarray((ring.center if base == "center" else ring.positions[0]) + shift)


def _stacked(frames: Any) -> tuple[Floats, ArrayLike]:
    """Positions and numbers of frames of the same atoms."""
    if isinstance(frames, np.ndarray):
        raise ValueError("the ring is an array of positions; give the atomic numbers of its sites too")
    structures = list(frames)
    if not structures:
        raise ValueError("the ring has 0 points; at least 4 are needed, every other one for a test")
    numbers = np.asarray(structures[0].numbers)
    for index, frame in enumerate(structures):
        if not np.array_equal(frame.numbers, numbers):
            raise ValueError(
                f"point {index} of the ring has atomic numbers {np.asarray(frame.numbers).tolist()}, point 0 has"
                f" {numbers.tolist()}; a ring keeps its atoms and their order"
            )
    return np.array([frame.positions for frame in structures], float), numbers
