"""Kernel ridge regression on unit fingerprints that are known: sparse points, weights, predictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isoprint.models._kernel import Power
from isoprint.models._solver import prior_factor
from isoprint.models._sparse_set import SparseSet
from isoprint.models._triangle import Triangle
from isoprint.structures.elements import symbol_of

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

# Rows of the least-squares problem that are factorized at a time.
_ROWS = 3000


@dataclass(frozen=True)
class Data:
    """Unit fingerprints, and to which target each belongs."""

    features: Floats
    species: Indices
    target: Indices
    n_targets: int
    weight: Floats
    """Of each fingerprint in its target."""

    def of(self, targets: Indices) -> Data:
        """Those of some targets, numbered anew."""
        place = np.full(self.n_targets, -1, np.int64)
        place[targets] = np.arange(len(targets))
        own = np.flatnonzero(place[self.target] >= 0)
        return Data(self.features[own], self.species[own], place[self.target[own]], len(targets), self.weight[own])


@dataclass(frozen=True)
class Weights:
    """What was learned."""

    points: SparseSet
    kernel: Power
    prior: Floats
    factor: Floats
    alpha: Floats
    intercept: Floats


def learned(
    points: SparseSet, kernel: Power, data: Data, y: Floats, intercept: Floats, sigma: float, jitter: float
) -> Weights:
    """Weights for targets `(n_targets, n_outputs)`, of which the intercept was taken."""
    from scipy.linalg import solve_triangular

    prior = prior_factor(points, kernel, jitter)
    m, outputs = points.n_points, y.shape[1]
    triangle = Triangle(m + outputs)
    triangle.push(np.hstack([prior.T, np.zeros((m, outputs))]))
    for rows, which in kernels(points, kernel, data):
        triangle.push(np.hstack([rows, y[which]]) / sigma)
    factor = np.triu(triangle.factor[:m, :m])
    alpha = solve_triangular(factor, triangle.factor[:m, m:])
    return Weights(points, kernel, prior, factor, alpha, intercept)


def kernels(points: SparseSet, kernel: Power, data: Data) -> Iterator[tuple[Floats, slice]]:
    """Kernels of some targets at a time with every sparse point, `(n, m)`, and which targets they are."""
    order = np.argsort(data.target, kind="stable")
    ends = np.searchsorted(data.target[order], np.arange(data.n_targets + 1))
    first = 0
    while first < data.n_targets:
        last = int(np.searchsorted(ends, ends[first] + _ROWS, side="right")) - 1
        last = min(max(last, first + 1), data.n_targets)
        own = order[ends[first] : ends[last]]
        rows = np.zeros((len(own), points.n_points))
        for element, some, columns in points.columns():
            mine = data.species[own] == element
            if mine.any():
                rows[mine, columns] = kernel.value_and_slope(data.features[own[mine]] @ some.T)[0]
        rows *= data.weight[own, None]
        if last - first != len(own):
            rows = np.add.reduceat(rows, ends[first:last] - ends[first], axis=0)
        yield rows, slice(first, last)
        first = last


def predicted(known: Weights, data: Data) -> Floats:
    """Every target, `(n_targets, n_outputs)`."""
    _require_known(known.points, data)
    found = np.empty((data.n_targets, known.alpha.shape[1]))
    for rows, which in kernels(known.points, known.kernel, data):
        found[which] = rows @ known.alpha
    share = np.bincount(data.target, data.weight, data.n_targets)
    return np.asarray(found + share[:, None] * known.intercept)


def _require_known(points: SparseSet, data: Data) -> None:
    known = np.isin(data.species, points.elements)
    if not known.all():
        row = int(np.argmin(known))
        told = ", ".join(symbol_of(element) for element in points.elements)
        raise ValueError(
            f"row {row} has a center of {symbol_of(int(data.species[row]))!r}, of which this model has seen none; it"
            f" knows {told}: fit on frames that contain it"
        )


def spread(known: Weights, data: Data) -> Floats:
    """Standard deviations: of the weights, and what the sparse points cannot say."""
    from scipy.linalg import solve_triangular

    found = np.empty(data.n_targets)
    alone = len(data.features) == data.n_targets  # one fingerprint a target, in their order
    for rows, which in kernels(known.points, known.kernel, data):
        weights = (solve_triangular(known.factor, rows.T, trans="T") ** 2).sum(axis=0)
        said = (solve_triangular(known.prior, rows.T, lower=True) ** 2).sum(axis=0)
        if alone:
            own = data.weight[which] ** 2 * known.kernel.on_diagonal()
        else:
            own = np.array([_own(known.kernel, data, target) for target in range(which.start, which.stop)])
        found[which] = np.sqrt(weights + np.maximum(own - said, 0.0))
    return found


def _own(kernel: Power, data: Data, target: int) -> float:
    """The kernel of a target with itself."""
    own = np.flatnonzero(data.target == target)
    value, _ = kernel.value_and_slope(data.features[own] @ data.features[own].T)
    value[data.species[own][:, None] != data.species[own][None, :]] = 0.0
    return float(data.weight[own] @ value @ data.weight[own])
