"""Atomic fingerprints: the surroundings of an atom as a vector, with exact derivatives.

>>> import isoprint as ip
>>> soap = ip.SoapTurbo(r_cut=5.0, n_max=8, l_max=6, species=["H", "O"])

Lengths are in Å, derivatives in d feature / d Å, rows of every result are centers in frame order, then atom order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from isoprint import descriptors
from isoprint import memory as _memory  # noqa: F401 (so that `ip.memory` is there)
from isoprint import threads as _threads  # noqa: F401 (tells threadpoolctl about our threads)
from isoprint._core import __version__
from isoprint._support import moved
from isoprint.blindness.distances import Matching, configuration_distance, match_rows
from isoprint.blindness.four_body import four_body_energy, four_body_gradient
from isoprint.blindness.manifold.follow import follow_manifold
from isoprint.blindness.manifold.path import Path
from isoprint.blindness.manifold.starts import helical_start, random_starts
from isoprint.blindness.pairs.exact import degenerate_pairs
from isoprint.blindness.pairs.pair import BlindPair, DegeneratePair, Pairs
from isoprint.blindness.pairs.search import find_blind_pairs
from isoprint.blindness.sensitivity import Sensitivity, sensitivity
from isoprint.descriptors import *  # noqa: F403 (every fingerprint, by the list there)
from isoprint.descriptors.derivatives import Derivatives, Projection, Pullback
from isoprint.descriptors.rows import Rows
from isoprint.structures.neighbors import Neighbors, neighbors
from isoprint.structures.reading import read_frames

if TYPE_CHECKING:
    from isoprint import kernels, maps, models, reductions, select, study, testing
    from isoprint.maps.exploring import explore
    from isoprint.reductions.reducing import reduce
    from isoprint.stores.stored import stored_features
    from isoprint.stores.writing import write_features

__all__ = [
    "BlindPair",
    "DegeneratePair",
    "Derivatives",
    "Matching",
    "Neighbors",
    "Pairs",
    "Path",
    "Projection",
    "Pullback",
    "Rows",
    "Sensitivity",
    "__version__",
    "configuration_distance",
    "degenerate_pairs",
    "explore",
    "find_blind_pairs",
    "follow_manifold",
    "four_body_energy",
    "four_body_gradient",
    "helical_start",
    "kernels",
    "maps",
    "match_rows",
    "models",
    "neighbors",
    "random_starts",
    "read_frames",
    "reduce",
    "reductions",
    "select",
    "sensitivity",
    "stored_features",
    "study",
    "testing",
    "write_features",
]
__all__ += descriptors.__all__

moved.install()


# What a calculation of features does not need is loaded at its first use: rooms, and functions by where they are.
_ROOMS = ("kernels", "maps", "models", "reductions", "select", "study", "testing")
_FUNCTIONS = {
    "explore": "isoprint.maps.exploring",
    "reduce": "isoprint.reductions.reducing",
    "stored_features": "isoprint.stores.stored",
    "write_features": "isoprint.stores.writing",
}


def __getattr__(name: str) -> Any:
    """Load a room such as `isoprint.kernels`, or a function of one."""
    from importlib import import_module

    path = f"isoprint.{name}"
    if name in _ROOMS or path in moved.MOVED:
        return import_module(path)
    if name in _FUNCTIONS:
        return getattr(import_module(_FUNCTIONS[name]), name)
    raise AttributeError(f"module 'isoprint' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
