"""Walks put together to a path, and a path taken apart to walk on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from isoprint._support.parameters import real, whole
from isoprint.blindness.manifold import _measures
from isoprint.blindness.manifold._finer import followed
from isoprint.blindness.manifold._valley import Follower
from isoprint.blindness.manifold._walk import Point, Walk
from isoprint.blindness.motion import rotation_onto

if TYPE_CHECKING:
    from isoprint.blindness.manifold.path import Path

# What a path knows of each of its points.
_OF_POINTS = ("positions", "tangents", "spectra", "feature_distance", "steps", "iterations", "ranks")
# Nothing leads on from such an end.
_FINAL = ("closed", "fold", "cutoff", "noise")


def joined(follower: Follower, walks: list[Walk], reference: Any) -> dict[str, Any]:
    """The attributes of the path of one walk, or of one onwards and one backwards."""
    onwards = walks[0]
    backwards = walks[1].points[:0:-1] if len(walks) > 1 else []
    # Seen from the other end, the tangents point the other way and each step belongs to the point after.
    before = [point._replace(tangent=-point.tangent) for point in backwards]
    points = [*before, *onwards.points]
    steps = [0.0, *(point.step for point in backwards), *(point.step for point in onwards.points[1:])]
    turns = [rotation_onto(point.positions, follower.start) for point in points]
    n = len(follower.start)
    positions = np.array([point.positions @ turn for point, turn in zip(points, turns, strict=True)])
    distance = np.array([point.feature_distance for point in points])
    return {
        "numbers": follower.environment.numbers,
        "positions": positions,
        "tangents": np.array([point.tangent.reshape(n, 3) @ turn for point, turn in zip(points, turns, strict=True)]),
        "spectra": np.array([point.spectrum for point in points]),
        "feature_distance": distance,
        "steps": np.array(steps),
        "iterations": np.array([point.iterations for point in points]),
        "ranks": np.array([point.rank for point in points]),
        "status": onwards.status,
        "start": len(before),
        "first_status": walks[1].status if len(walks) > 1 else None,
        "gap": onwards.gap,
        "contrast": _measures.contrast(follower.environment, positions, len(before), distance),
        "noise": follower.noise,
        "rules": follower.rules,
        "next_step": onwards.step,
        "r_cut": follower.environment.r_cut,
        "outside": follower.outside,
        "descriptor": follower.environment.descriptor,
        "reference": reference,
    }


def longer(
    path: Path,
    descriptor: Any,
    *,
    max_steps: int | None,
    max_arc: float | None,
    progress: Callable[[int, float], Any] | None,
) -> Path:
    """A path continued at its last point; see `Path.resume`."""
    if path.status in _FINAL:
        return path
    rules = path.rules
    steps = 2 * rules.max_steps if max_steps is None else whole("max_steps", max_steps, 1, 10**9)
    arc = 2.0 * rules.max_arc if max_arc is None else max_arc
    rules = replace(
        rules,
        max_steps=steps,
        max_arc=real("max_arc", arc, above=0.0, remedy="it must be a positive number of Å"),
        largest_ratio=np.inf if path.status == "ratio" else rules.largest_ratio,
    )
    follower = Follower(path.environment(descriptor), path.positions[path.start], rules)
    walk = _walk(path)

    def report(walk: Walk) -> Any:
        return None if progress is None else progress(path.start + len(walk.points), walk.arc)

    follower, walk = followed(follower, walk, report)
    found = replace(path, **joined(follower, [walk], path.reference))
    return found if path.start == 0 or found.closed else _with_beginning(path, found)


def _walk(path: Path) -> Walk:
    """The points from the start on, as they were walked."""
    points = [
        Point(
            path.positions[k],
            path.tangents[k].reshape(-1),
            path.spectra[k],
            float(path.feature_distance[k]),
            float(path.steps[k]) if k > path.start else 0.0,
            int(path.ranks[k]),
            int(path.iterations[k]),
        )
        for k in range(path.start, len(path))
    ]
    walk = Walk(points, path.next_step)
    for point in points:
        walk.turned(float(point.tangent @ walk.origin.tangent))
    return walk


def _with_beginning(path: Path, found: Path) -> Path:
    """The points of a path before its start, and then those that were found from the start on."""
    whole_path: dict[str, Any] = {
        name: np.concatenate([getattr(path, name)[: path.start], getattr(found, name)]) for name in _OF_POINTS
    }
    whole_path["steps"][path.start] = path.steps[path.start]
    return contrasted(replace(found, **whole_path, start=path.start, first_status=path.first_status))


def contrasted(path: Path) -> Path:
    """A path that knows its fingerprint, with its contrast."""
    contrast = _measures.contrast(path.environment(), path.positions, path.start, path.feature_distance)
    return replace(path, contrast=contrast)
