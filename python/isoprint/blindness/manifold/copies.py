"""Where a path meets its start again, with like atoms exchanged or in the mirror."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint.blindness.motion import aligned, distances_of_copies, relabelings

Floats = NDArray[np.float64]


class Copy(NamedTuple):
    """A place where the path meets its start again, with like atoms exchanged or in the mirror.

    Attributes
    ----------
    arc : float
        Where, in Å along the path from the start.
    order : tuple of int
        Site `order[i]` of the start stands where site `i` of the path is.
    mirrored : bool
        Whether the mirror image of the start is met.
    distance : float
        Least distance to the path, straight between its points, in Å over all coordinates.
    """

    arc: float
    order: tuple[int, ...]
    mirrored: bool
    distance: float


def copies_along(
    numbers: NDArray[np.int64], positions: Floats, start: int, arc: Floats, *, nearer_than: float
) -> list[Copy]:
    """Copies of one structure that a path comes near to, in order of arc.

    Parameters
    ----------
    numbers : ndarray (n_sites,)
        Atomic numbers, the center first; it is not exchanged.
    positions : ndarray (n_points, n_sites, 3)
        The path, in Å.
    start : int
        The point whose copies are looked for.
    arc : ndarray (n_points,)
        Length of the path to each point, in Å.
    nearer_than : float
        Copies that stay farther off, in Å over all coordinates, are left out.

    Returns
    -------
    list of Copy
        At most one for each exchange, with and without mirror; the start itself is none.
    """
    orders = relabelings(numbers)
    origin = positions[start]
    found = []
    for mirrored in (False, True):
        near = np.array([distances_of_copies(origin, x, orders, mirror=mirrored) for x in positions])
        for k in range(0 if mirrored else 1, len(orders)):
            copied = (-origin if mirrored else origin)[orders[k]]
            where, distance = _nearest(copied, positions, arc, int(np.argmin(near[:, k])))
            if distance < nearer_than:
                found.append(Copy(where, tuple(map(int, orders[k])), mirrored, distance))
    return sorted(found)


def _nearest(copied: Floats, positions: Floats, arc: Floats, near: int) -> tuple[float, float]:
    """Arc and distance of the place nearest to a structure on the two pieces of the path beside a point."""
    best = float(arc[near]), float(np.linalg.norm(aligned(copied, positions[near]) - positions[near]))
    for k in (near - 1, near):
        if not 0 <= k < len(positions) - 1:
            continue
        chord = aligned(positions[k + 1], positions[k]) - positions[k]
        offset = aligned(copied, positions[k]) - positions[k]
        part = float(np.clip(np.sum(offset * chord) / np.sum(chord**2), 0.0, 1.0))
        distance = float(np.linalg.norm(offset - part * chord))
        if distance < best[1]:
            best = float(arc[k] + part * (arc[k + 1] - arc[k])), distance
    return best
