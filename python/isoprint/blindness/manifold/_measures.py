"""What a path must be compared with: the noise of its fingerprint, and random moves of like size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from isoprint.blindness.environment import Environment
from isoprint.blindness.motion import internal_motions

Floats = NDArray[np.float64]

# A displacement in Å so small that a smooth fingerprint is a straight line over it, to the last digits of float64.
_STRAIGHT = 1e-7
_TRIALS = 3
# Random moves of which the median is taken.
_MOVES = 50


def noise(environment: Environment, start: Floats, jacobian: Floats) -> float:
    """How far the fingerprint of a structure is from a smooth function that does not change with rigid motions.

    The larger of two: what it changes by when the structure is turned and moved as a whole, and what its change by a
    tiny displacement has besides that of its derivatives. The first finds arithmetic in few digits, the second values
    that were rounded afterwards.

    Parameters
    ----------
    environment : Environment
        Evaluates the fingerprint.
    start : ndarray (n_sites, 3)
        Where, in Å.
    jacobian : ndarray (3 n_sites, n_features)
        The derivatives there.

    Returns
    -------
    float
        As `|dF|`.
    """
    rng = np.random.default_rng(0)
    row = environment.row(start)
    found = [0.0]
    for _ in range(_TRIALS):
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        copy = start @ (turn * np.sign(np.linalg.det(turn))) + rng.uniform(-1.0, 1.0, 3)
        found.append(float(np.linalg.norm(environment.row(copy) - row)))
        move = rng.normal(size=start.shape)
        move *= _STRAIGHT / np.linalg.norm(move)
        change = 0.5 * (environment.row(start + move) - environment.row(start - move))
        found.append(float(np.linalg.norm(change - move.reshape(-1) @ jacobian)))
    return max(found)


def contrast(environment: Environment, positions: Floats, start: int, feature_distance: Floats) -> float | None:
    """The largest change of a fingerprint along a path, over the median change of random moves of like size.

    Of like size are moves of the start along its internal motions, in directions that are evenly distributed, as long,
    over all coordinates, as the way from the start to the point of the largest change. They turn with the structure.

    Parameters
    ----------
    environment : Environment
        Evaluates the fingerprint.
    positions : ndarray (n_points, n_sites, 3)
        The path, in Å, turned onto the start.
    start : int
        The point that the changes are counted from.
    feature_distance : ndarray (n_points,)
        The changes.

    Returns
    -------
    float or None
        Nothing where the path is its start alone.
    """
    farthest = int(np.argmax(feature_distance))
    size = float(np.linalg.norm(positions[farthest] - positions[start]))
    if size == 0.0:
        return None
    origin = positions[start]
    row = environment.row(origin)
    internal = internal_motions(origin)
    drawn = np.random.default_rng(0).normal(size=(_MOVES, *origin.shape)) @ _own_axes(origin)
    moves = drawn.reshape(_MOVES, -1) @ internal @ internal.T
    moves *= size / np.linalg.norm(moves, axis=1, keepdims=True)
    changes = [np.linalg.norm(environment.row(origin + move.reshape(-1, 3)) - row) for move in moves]
    usual = float(np.median(changes))
    return float(feature_distance[farthest]) / usual if usual > 0.0 else None


def _own_axes(positions: Floats) -> Floats:
    """Three orthonormal rows that turn with a structure: towards its first site, its second, and across."""
    axes, lengths = np.linalg.qr((positions[1:3] - positions[0]).T)
    first, second = (axes * np.where(np.diag(lengths) < 0.0, -1.0, 1.0)).T
    return np.array([first, second, np.cross(first, second)])
