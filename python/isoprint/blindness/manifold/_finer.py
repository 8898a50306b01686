"""A ring is believed where its steps are sound, or where shorter ones lead around it too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isoprint.blindness.manifold._valley import Follower
from isoprint.blindness.manifold._walk import Walk

# A ring with weak steps is followed again with a half and with a quarter of its steps.
_HALVINGS = 2
# Rings of like length, to this part of it, are one ring.
_SAME_LENGTH = 0.02


def followed(follower: Follower, walk: Walk, report: Callable[[Walk], Any]) -> tuple[Follower, Walk]:
    """Go on until the path closes or ends, and look more finely where it closes over weak steps.

    Parameters
    ----------
    follower : Follower
        Takes the steps.
    walk : Walk
        At least one point.
    report : callable
        Is given the walk after every point, and ends it by returning `False`.

    Returns
    -------
    Follower, Walk
        The walk, if it stands, with its follower; else the finer one that does not close, with its own.
    """
    follower.walk(walk, report)
    finer, again = follower, walk
    for _ in range(_HALVINGS):
        if again.status != "closed" or not again.weak:
            break
        finer = finer.finer()
        again = finer.walk(Walk([walk.origin], finer.rules.step), report)
        if again.status == "closed" and abs(again.arc - walk.arc) > _SAME_LENGTH * walk.arc:
            # Another ring. Without weak steps it is the true one; with them, neither is.
            again.status = "fold" if again.weak else "closed"
            return finer, again
    return (follower, walk) if again.status == "closed" else (finer, again)
