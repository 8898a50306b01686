"""How far apart two structures are, when nobody says which atom is which.

Every atom of one structure is paired with one of the other, so that the differences of their fingerprints add up to as
little as possible (the assignment problem, solved exactly by `scipy.optimize.linear_sum_assignment`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import integer_array, real_array, short_repr
from isoprint._support.parameters import choice, flag
from isoprint.descriptors.derivatives import shaped
from isoprint.structures.elements import spell
from isoprint.structures.frames import pack

if TYPE_CHECKING:
    from isoprint.typing import Fingerprint, FrameLike

Kind = Literal["rms", "mean", "sum", "l2n"]
KINDS = get_args(Kind)
# Whether only atoms of one element are paired, where nobody says; what is minimized; what is told.
_BY_ELEMENT = {"rms": True, "mean": True, "sum": False, "l2n": False}


class Matching(NamedTuple):
    """The best pairing of the rows of two arrays.

    Attributes
    ----------
    distance : float
        The distance of the two structures.
    order : ndarray (n,)
        For each row of the first array the row of the second that it is paired with.

    Examples
    --------
    >>> import isoprint as ip
    >>> distance, order = ip.match_rows([[0.0], [2.0]], [[2.0], [0.0]])
    >>> distance, order.tolist()
    (0.0, [1, 0])
    """

    distance: float
    order: NDArray[np.intp]


def match_rows(
    one: ArrayLike, other: ArrayLike, *, numbers: Sequence[ArrayLike] | None = None, kind: Kind = "rms"
) -> Matching:
    """Pair the rows of two arrays of fingerprints, and say how far apart the two are.

    Parameters
    ----------
    one, other : array_like (n, n_features)
        Fingerprints of the atoms of two structures.
    numbers : pair of sequences of int, optional
        Atomic numbers of the rows of both: only equal ones are paired. `None`: any two rows may be.
    kind : {"rms", "mean", "sum", "l2n"}
        With `d` the Euclidean distances of paired rows: `sqrt(Σ d² / n)`, `Σ d / n`, `Σ d`, or `sqrt(Σ d²) / n`. The
        first minimizes `Σ d²`, the others `Σ d`. "rms" and "mean" are metrics.

    Returns
    -------
    Matching
        `distance` and `order`.

    Examples
    --------
    >>> import isoprint as ip
    >>> ip.match_rows([[0.0, 1.0], [3.0, 4.0]], [[3.0, 4.0], [0.0, 1.5]], kind="mean")
    Matching(distance=0.25, order=array([1, 0]))
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    choice("kind", kind, KINDS)
    a = real_array("one", one)
    if a.ndim != 2:
        raise ValueError(f"one has shape {a.shape}; give one row an atom, one column a feature")
    b = shaped("other", other, (len(a), a.shape[1]), "as many rows and columns as the first array has")
    distance = cdist(a, b)
    if not np.isfinite(distance).all():
        raise ValueError("one or other has entries that are not finite; fingerprints must be finite numbers")
    cost = distance**2 if kind == "rms" else distance
    order = np.empty(len(a), np.intp)
    for mine, theirs in _blocks(numbers, len(a)):
        first, second = linear_sum_assignment(cost[np.ix_(mine, theirs)])
        order[mine[first]] = theirs[second]
    paired = distance[np.arange(len(a)), order]
    n = max(1, len(a))
    total = {
        "rms": np.sqrt(np.sum(paired**2) / n),
        "mean": np.sum(paired) / n,
        "sum": np.sum(paired),
        "l2n": np.sqrt(np.sum(paired**2)) / n,
    }
    return Matching(float(total[kind]), order)


def configuration_distance(
    descriptor: Fingerprint, one: FrameLike, other: FrameLike, *, kind: Kind = "rms", by_element: bool | None = None
) -> float:
    """Distance of two structures of the same composition, whatever the order of their atoms.

    It is zero for structures that are equal but for a motion, a mirror image or a permutation. Frames of one crystal
    in cells of different size must be repeated first, to the same number of atoms.

    Parameters
    ----------
    descriptor : Fingerprint
        Has `transform`; one row an atom, so without `centers` or `average`.
    one, other : ase.Atoms or alike
        The structures.
    kind : {"rms", "mean", "sum", "l2n"}
        As in `match_rows`. "mean" is what libfp computes, "sum" and "l2n" what programs of the Basel group compute.
    by_element : bool, optional
        Pair only atoms of the same element. By default so for "rms" and "mean", and not for the two others, as in the
        programs they come from.

    Returns
    -------
    float
        In the unit of the features; zero only where the fingerprint cannot tell the two apart.

    Examples
    --------
    >>> from ase.build import molecule
    >>> import isoprint as ip
    >>> om = ip.OverlapMatrix(r_cut=5.0, species=["H", "C"], max_sites=10)
    >>> ethane = molecule("C2H6")
    >>> ip.configuration_distance(om, ethane, ethane[::-1]) < 1e-12
    True
    """
    separate = _BY_ELEMENT[choice("kind", kind, KINDS)] if by_element is None else flag("by_element", by_element)
    if not callable(getattr(descriptor, "transform", None)):
        raise ValueError(f"descriptor is {short_repr(descriptor)}; give a fingerprint, which has a method transform")
    numbers = [pack([frame]).numbers for frame in (one, other)]
    if len(numbers[0]) != len(numbers[1]):
        raise ValueError(
            f"the structures have {len(numbers[0])} and {len(numbers[1])} atoms; only equal numbers can be paired,"
            " so repeat the smaller cell first"
        )
    rows = [np.asarray(descriptor.transform(frame), float) for frame in (one, other)]
    if len(rows[0]) != len(numbers[0]):
        raise ValueError(
            f"the descriptor makes {len(rows[0])} rows of {len(numbers[0])} atoms; it must have neither centers nor"
            " average"
        )
    return match_rows(*rows, numbers=numbers if separate else None, kind=kind).distance


def _blocks(numbers: Any, n: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows of either array that may be paired."""
    if numbers is None:
        return [(np.arange(n), np.arange(n))]
    if not isinstance(numbers, (tuple, list, np.ndarray)) or len(numbers) != 2:
        raise ValueError(
            f"numbers is {short_repr(numbers)}; give the atomic numbers of both, a pair of sequences, or None"
        )
    mine, theirs = (integer_array("an entry of numbers", each) for each in numbers)
    for each in (mine, theirs):
        if each.shape != (n,):
            raise ValueError(f"numbers has an entry of shape {each.shape}, expected two of shape ({n},)")
    if not np.array_equal(np.sort(mine), np.sort(theirs)):
        apart = sorted(z for z in {*mine.tolist(), *theirs.tolist()} if np.sum(mine == z) != np.sum(theirs == z))
        raise ValueError(
            f"the structures have different numbers of {spell(apart)}; only structures of the same composition"
            " can be paired element by element"
        )
    return [(np.flatnonzero(mine == z), np.flatnonzero(theirs == z)) for z in np.unique(mine)]
