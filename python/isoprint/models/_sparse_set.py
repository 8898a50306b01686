"""The few fingerprints that stand for all, one set for each central element."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import integer_array, real_array
from isoprint._support.parameters import whole
from isoprint.models._triangle import Triangle
from isoprint.structures.elements import number_of, symbol_of

Floats = NDArray[np.float64]
WAYS = ("cur", "fps", "random")
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


def chosen(how: Any, n_sparse: Any, features: Mapping[int, Floats], rng: np.random.Generator) -> SparseSet:
    """Choose among the unit fingerprints `(n, n_features)` of each element."""
    elements = sorted(features)
    if not isinstance(how, str):
        return _given(how, features)
    if how not in WAYS:
        raise ValueError(f"sparse is {how!r}; choose one of {', '.join(map(repr, WAYS))}, or give fingerprints")
    wanted = _shares(n_sparse, {element: len(features[element]) for element in elements})
    points = []
    for element in elements:
        candidates = features[element]
        picked = candidates[_pick(how, candidates, min(wanted[element], len(candidates)), rng)]
        points.append(_without_duplicates(picked, element))
    return SparseSet(elements, points)


def _given(given: Any, features: Mapping[int, Floats]) -> SparseSet:
    """Points of the user: a mapping by element of fingerprints or of rows, or one array for the only element."""
    elements = sorted(features)
    if not isinstance(given, Mapping):
        if len(elements) != 1:
            raise ValueError(
                f"sparse is one array for {len(elements)} elements; give a mapping such as"
                f" {{{symbol_of(elements[0])!r}: fingerprints, ...}}"
            )
        given = {elements[0]: given}
    known = {number_of(key, "sparse"): value for key, value in given.items()}
    points = []
    for element in elements:
        what = f"sparse of {symbol_of(element)!r}"
        if element not in known:
            raise ValueError(f"{what} is missing; give fingerprints for every element")
        points.append(_points(what, known[element], features[element]))
    return SparseSet(elements, points)


def _points(what: str, given: Any, features: Floats) -> Floats:
    array = np.asarray(given)
    if array.ndim == 1 and array.dtype.kind in "iu":
        rows = integer_array(what, given)
        if len(rows) and not (rows.min() >= 0 and rows.max() < len(features)):
            raise ValueError(f"{what} names row {int(rows.max())}; there are {len(features)} of this element")
        return features[rows]
    found = real_array(what, given)
    if found.ndim != 2 or found.shape[1] != features.shape[1] or not len(found):
        raise ValueError(f"{what} has shape {found.shape}, expected (n_sparse, {features.shape[1]})")
    length = np.linalg.norm(found, axis=1, keepdims=True)
    if not (np.isfinite(length).all() and length.min() > 0.0):
        raise ValueError(f"{what} has a fingerprint that is zero or not finite")
    # Rows that have unit length already keep their bits.
    return np.asarray(np.where(np.abs(length - 1.0) < 1e-12, found, found / length))


def _shares(n_sparse: Any, sizes: dict[int, int]) -> dict[int, int]:
    """How many points each element gets: as said, or in proportion to its atoms, one at least."""
    if isinstance(n_sparse, Mapping):
        known = {number_of(key, "n_sparse"): value for key, value in n_sparse.items()}
        missing = [symbol_of(element) for element in sizes if element not in known]
        if missing:
            raise ValueError(f"n_sparse has no entry for {', '.join(missing)}; give one for each element")
        return {element: whole(f"n_sparse of {symbol_of(element)!r}", known[element], 1) for element in sizes}
    total = whole("n_sparse", n_sparse, 1)
    atoms = sum(sizes.values())
    exact = {element: total * size / atoms for element, size in sizes.items()}
    shares = {element: max(1, int(share)) for element, share in exact.items()}
    order = sorted(sizes, key=lambda element: shares[element] - exact[element])
    for element in order[: max(0, total - sum(shares.values()))]:
        shares[element] += 1
    return shares


def _pick(how: str, candidates: Floats, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    if how == "random":
        return rng.permutation(len(candidates))[:n]
    return _farthest(candidates, n) if how == "fps" else _leverage(candidates, n, rng)


def _farthest(candidates: Floats, n: int) -> NDArray[np.int64]:
    """Each the one that is farthest, by `2 - 2 q · p`, from those before."""
    picked = np.zeros(n, np.int64)
    distance = 2.0 - 2.0 * (candidates @ candidates[0])
    for place in range(1, n):
        picked[place] = distance.argmax()
        np.minimum(distance, 2.0 - 2.0 * (candidates @ candidates[picked[place]]), out=distance)
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


def _without_duplicates(points: Floats, element: int) -> Floats:
    near = np.triu(1.0 - points @ points.T < _SAME, 1).any(axis=0)
    if near.any():
        warnings.warn(
            f"{int(near.sum())} of {len(points)} sparse points of {symbol_of(element)} are the same as others, and are"
            " left out",
            UserWarning,
            stacklevel=5,
        )
    return np.asarray(points[~near])


def unit(rows: Floats, normalized: bool, where: str = "") -> tuple[Floats, Floats | None]:
    """Rows of length one, and what their lengths were unless they had it already."""
    if normalized:
        return rows, None
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    if not length.all():
        raise ValueError(
            f"the fingerprint of center {int(np.argmin(length))} {where}is zero, and has no direction; it has no"
            " neighbors: leave such frames out, or take a fingerprint that sees its own center"
        )
    return rows / length, length
