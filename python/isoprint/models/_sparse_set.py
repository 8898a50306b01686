"""The few fingerprints that stand for all, one set for each central element."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import integer_array, real_array
from isoprint._support.parameters import whole
from isoprint.models._kernel import square_distances
from isoprint.models._triangle import Triangle
from isoprint.structures.elements import number_of, symbol_of
from isoprint.structures.frames import Frames

Floats = NDArray[np.float64]
WAYS = ("cur", "fps", "random")
# The key of a mapping of numbers that stands for all sets that are not named.
EACH = "each"
# Nearer than this, `1 - q · p`, two fingerprints are the same to a fit.
_SAME = 1e-12


@dataclass(frozen=True)
class SparseSet:
    """Unit fingerprints by central element; the weights of all stand one after the other."""

    elements: list[int]
    points: list[Floats]

    @property
    def n_points(self) -> int:
        """Fingerprints of all elements together."""
        return sum(map(len, self.points))

    def columns(self) -> Iterator[tuple[int, Floats, slice]]:
        """Element, its points, and their place among all weights."""
        start = 0
        for element, points in zip(self.elements, self.points, strict=True):
            yield element, points, slice(start, start + len(points))
            start += len(points)


@dataclass(frozen=True)
class Kind:
    """What sparse points are of: how their sets are called, and how far apart two of them are."""

    name: Callable[[Any], str]
    key: Callable[[Any], Any]
    """The set of a name, such as the atomic number of a symbol."""
    length: Any = None
    """Units of the features; `None` for unit fingerprints, which are compared by their dot product."""
    ways: tuple[str, ...] = WAYS

    def squared_distance(self, candidates: Floats, one: Floats) -> Floats:
        """Of each candidate from one of them."""
        if self.length is None:
            return np.asarray(2.0 - 2.0 * (candidates @ one))
        return np.asarray((((candidates - one) / self.length) ** 2).sum(axis=1))

    def same(self, points: Floats) -> NDArray[np.bool_]:
        """Whether each point is one of those before it."""
        if self.length is None:
            near = 1.0 - points @ points.T < _SAME
        else:
            near = square_distances(points / self.length, points / self.length) < _SAME
        return np.asarray(np.triu(near, 1).any(axis=0))


OF_ELEMENTS = Kind(symbol_of, lambda key: number_of(key, "sparse"))


def chosen(how: Any, n_sparse: Any, features: Mapping[int, Floats], rng: np.random.Generator) -> SparseSet:
    """Choose among the unit fingerprints `(n, n_features)` of each element."""
    return SparseSet(sorted(features), points_of(how, n_sparse, features, rng, OF_ELEMENTS))


def points_of(
    how: Any, n_sparse: Any, features: Mapping[Any, Floats], rng: np.random.Generator, kind: Kind
) -> list[Floats]:
    """Choose among the features of each set, in the order of the sets."""
    sets = sorted(features)
    if not isinstance(how, str):
        return _given(how, features, kind)
    if how not in kind.ways:
        raise ValueError(f"sparse is {how!r}; choose one of {', '.join(map(repr, kind.ways))}, or give features")
    wanted = _shares(n_sparse, {key: len(features[key]) for key in sets}, kind)
    points = []
    for key in sets:
        candidates = features[key]
        if not len(candidates):
            picked = candidates
        elif how == "uniform":
            picked = np.unique(np.linspace(candidates.min(), candidates.max(), wanted[key]))[:, None]
        else:
            picked = candidates[_pick(how, candidates, min(wanted[key], len(candidates)), rng, kind)]
        points.append(_without_duplicates(picked, kind.name(key), kind))
    return points


def _given(given: Any, features: Mapping[Any, Floats], kind: Kind) -> list[Floats]:
    """Points of the user: a mapping by set of features or of rows, or one array for the only set."""
    sets = sorted(features)
    if not isinstance(given, Mapping):
        if len(sets) != 1:
            raise ValueError(
                f"sparse is one array for {len(sets)} {_called(kind)}; give a mapping such as"
                f" {{{kind.name(sets[0])!r}: features, ...}}"
            )
        given = {sets[0]: given}
    known = {kind.key(key): value for key, value in given.items()}
    points = []
    for key in sets:
        what = f"sparse of {kind.name(key)!r}"
        if key not in known:
            if kind.length is not None and not len(features[key]):
                points.append(features[key])
                continue
            raise ValueError(f"{what} is missing; give features for each")
        points.append(_points(what, known[key], features[key], kind))
    return points


def _called(kind: Kind) -> str:
    return "elements" if kind.key is OF_ELEMENTS.key else "kinds"


def _points(what: str, given: Any, features: Floats, kind: Kind) -> Floats:
    array = np.asarray(given)
    if array.ndim == 1 and array.dtype.kind in "iu":
        rows = integer_array(what, given)
        if len(rows) and not (rows.min() >= 0 and rows.max() < len(features)):
            raise ValueError(f"{what} names row {int(rows.max())}; there are {len(features)} of these")
        return features[rows]
    found = real_array(what, given)
    if found.ndim == 1 and features.shape[1] == 1:
        found = found[:, None]
    if found.ndim != 2 or found.shape[1] != features.shape[1] or not len(found):
        raise ValueError(f"{what} has shape {found.shape}, expected (n_sparse, {features.shape[1]})")
    if kind.length is not None:
        if not np.isfinite(found).all():
            raise ValueError(f"{what} has an entry that is not finite")
        return found
    length = np.linalg.norm(found, axis=1, keepdims=True)
    if not (np.isfinite(length).all() and length.min() > 0.0):
        raise ValueError(f"{what} has a fingerprint that is zero or not finite")
    # Rows that have unit length already keep their bits.
    return np.asarray(np.where(np.abs(length - 1.0) < 1e-12, found, found / length))


def _shares(n_sparse: Any, sizes: dict[Any, int], kind: Kind) -> dict[Any, int]:
    """How many points each set gets: as said, or in proportion to its size, one at least."""
    if isinstance(n_sparse, Mapping):
        known = {kind.key(key): value for key, value in n_sparse.items() if key != EACH}
        if EACH in n_sparse:
            known = {key: known.get(key, n_sparse[EACH]) for key in sizes}
        missing = [kind.name(key) for key in sizes if key not in known]
        if missing:
            raise ValueError(f"n_sparse has no entry for {', '.join(missing)}; give one for each")
        return {key: whole(f"n_sparse of {kind.name(key)!r}", known[key], 1) for key in sizes}
    total = whole("n_sparse", n_sparse, 1)
    everything = max(sum(sizes.values()), 1)
    exact = {key: total * size / everything for key, size in sizes.items()}
    shares = {key: max(1, int(share)) for key, share in exact.items()}
    order = sorted(sizes, key=lambda key: shares[key] - exact[key])
    for key in order[: max(0, total - sum(shares.values()))]:
        shares[key] += 1
    return shares


def _pick(how: str, candidates: Floats, n: int, rng: np.random.Generator, kind: Kind) -> NDArray[np.int64]:
    if how == "random":
        return rng.permutation(len(candidates))[:n]
    return _farthest(candidates, n, kind) if how == "fps" else _leverage(candidates, n, rng)


def _farthest(candidates: Floats, n: int, kind: Kind) -> NDArray[np.int64]:
    """Each the one that is farthest from those before."""
    picked = np.zeros(n, np.int64)
    if not n:
        return picked
    distance = kind.squared_distance(candidates, candidates[0])
    for place in range(1, n):
        picked[place] = distance.argmax()
        np.minimum(distance, kind.squared_distance(candidates, candidates[picked[place]]), out=distance)
    return picked


def _leverage(candidates: Floats, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Drawn without replacement by their weight in the leading directions.

    M. W. Mahoney and P. Drineas, PNAS 106, 697 (2009), eq. 3.
    """
    triangle = Triangle(candidates.shape[1])
    for start in range(0, len(candidates), 4096):
        triangle.push(candidates[start : start + 4096].copy())
    _, values, directions = np.linalg.svd(triangle.factor)
    rank = min(n, int((values > values[0] * 1e-14).sum()))
    weight = ((candidates @ directions[:rank].T / values[:rank]) ** 2).sum(axis=1)
    weight = np.maximum(weight, weight.max() * 1e-300)
    return rng.choice(len(candidates), size=n, replace=False, p=weight / weight.sum())


def _without_duplicates(points: Floats, name: str, kind: Kind) -> Floats:
    near = kind.same(points)
    if near.any():
        warnings.warn(
            f"{int(near.sum())} of {len(points)} sparse points of {name} are the same as others, and are left out",
            UserWarning,
            stacklevel=7,
        )
    return np.asarray(points[~near])


def unit(rows: Floats, normalized: bool, packed: Frames | None = None, first: int = 0) -> tuple[Floats, Floats | None]:
    """Rows of length one, and what their lengths were unless they had it already; they are of these atoms on."""
    if normalized:
        return rows, None
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    if not length.all():
        atom = first + int(np.argmin(length))
        where = f"center {atom}" if packed is None else "atom {1} of frame {0}".format(*packed.locate(atom))
        raise ValueError(
            f"the fingerprint of {where} is zero, and has no direction; it has no neighbors: leave such frames out, or"
            " take a fingerprint that sees its own center"
        )
    return rows / length, length
