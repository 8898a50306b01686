"""Similarities of all pairs of structures, a block of products at a time."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint.kernels._environments import Environments
from isoprint.kernels._structures import Structures

Floats = NDArray[np.float64]

# Environments of a block: a product of so many rows and columns is over within a tenth of a second.
ROWS = 1024
_PRODUCT = 1 << 30


class Matching(NamedTuple):
    """How similarities of environments make that of two structures; an `alpha` of zero asks for a best match."""

    alpha: float
    limit: float
    of_marginals: bool
    max_iter: int


class Pairs:
    """Structures with structures."""

    def __init__(self, environments: Environments, matching: Matching | None, threads: int) -> None:
        self._environments, self._matching, self._threads = environments, matching, threads
        self.unfinished = 0

    def symmetric(self, structures: Structures, out: NDArray[Any]) -> None:
        """Write the kernel of structures among themselves."""
        size = _rows_of_a_block(structures)
        for start, stop in structures.blocks(size):
            rows = structures.rows(start, stop)
            for first, last in structures.blocks(size):
                if first < start:
                    continue
                others = rows if first == start else structures.rows(first, last)
                found = np.zeros((stop - start, last - first))
                bounds = structures.bounds(start, stop), structures.bounds(first, last)
                self._matched(self._values(rows, others), bounds, found, None, first == start)
                if first == start:
                    found = np.triu(found) + np.triu(found, 1).T
                out[start:stop, first:last] = found
                out[first:last, start:stop] = found.T

    def between(self, structures: Structures, others: Structures, out: NDArray[Any]) -> None:
        """Write the kernel of structures with others."""
        size = max(_rows_of_a_block(structures), _rows_of_a_block(others))
        for start, stop in structures.blocks(size):
            rows = structures.rows(start, stop)
            for first, last in others.blocks(size):
                found = np.empty((stop - start, last - first))
                bounds = structures.bounds(start, stop), others.bounds(first, last)
                values = self._values(rows, others.rows(first, last))
                self._matched(values, bounds, found, None, False)
                out[start:stop, first:last] = found

    def diagonal(self, structures: Structures) -> Floats:
        """The kernel of each structure with itself."""
        found = np.empty(len(structures))
        for place in range(len(structures)):
            rows, bounds = structures.rows(place, place + 1), structures.bounds(place, place + 1)
            own = np.empty((1, 1))
            self._matched(self._values(rows, rows), (bounds, bounds), own, None, False)
            found[place] = own[0, 0]
        return found

    def gradient(
        self, structures: Structures, others: Structures, adjoint: Floats, scales: tuple[Floats, Floats] | None
    ) -> Floats:
        """Derivative of `Σ adjoint · kernel` by the features of the structures.

        With `scales`, the kernel of each structure with itself, it is that of the normalized kernel.
        """
        size = max(_rows_of_a_block(structures), _rows_of_a_block(others))
        back = np.zeros((int(structures.offsets[-1]), structures.n_features or 0))
        of_self = np.zeros(len(structures))
        for start, stop in structures.blocks(size):
            rows = structures.rows(start, stop)
            out = back[structures.offsets[start] : structures.offsets[stop]]
            for first, last in others.blocks(size):
                weights = np.array(adjoint[start:stop, first:last], dtype=np.float64, order="C")
                if scales is not None:
                    weights *= np.outer(_inverse_root(scales[0][start:stop]), _inverse_root(scales[1][first:last]))
                columns, found = others.rows(first, last), np.empty(weights.shape)
                bounds = structures.bounds(start, stop), others.bounds(first, last)
                out += self._pulled(rows, columns, bounds, found, weights)
                if scales is not None:
                    of_self[start:stop] -= (
                        0.5 * (weights * found).sum(axis=1) * _inverse_root(scales[0][start:stop]) ** 2
                    )
            if scales is not None:
                self._add_own(structures, start, stop, of_self, out)
        return back

    def _add_own(self, structures: Structures, start: int, stop: int, weights: Floats, back: Floats) -> None:
        """What the kernel of each structure with itself pulls back, which depends on its features twice."""
        for place in range(start, stop):
            rows, bounds = structures.rows(place, place + 1), structures.bounds(place, place + 1)
            values = self._values(rows, rows)
            derivative, own = values.copy(), np.empty((1, 1))
            self._matched(derivative, (bounds, bounds), own, weights[place].reshape(1, 1), False)
            first = structures.offsets[place] - structures.offsets[start]
            back[first : first + len(rows)] += self._environments.pullback(
                rows, rows, values, derivative + derivative.T
            )

    def _pulled(self, rows: Floats, columns: Floats, bounds: Any, found: Floats, weights: Floats) -> Floats:
        values = self._values(rows, columns)
        derivative = values.copy()
        self._matched(derivative, bounds, found, weights, False)
        return self._environments.pullback(rows, columns, values, derivative)

    def _values(self, rows: Floats, columns: Floats) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):  # which is told of
            return self._environments.values(rows, columns)

    def _matched(self, values: Floats, bounds: Any, out: Floats, adjoint: Floats | None, upper_half: bool) -> None:
        if not np.isfinite(values).all():
            raise ValueError(
                "the kernel of some environments is not a finite number: features are too large for it; scale them down"
            )
        self.unfinished += _core.match_structures(
            values,
            bounds[0],
            bounds[1],
            out,
            matching=self._matching,
            adjoint=adjoint,
            upper_half=upper_half,
            threads=self._threads,
        )


def _rows_of_a_block(structures: Structures) -> int:
    """Rows that are taken together: so few that a signal is heard in time."""
    width = max(structures.n_features or 1, 1)
    return int(max(16, min(ROWS, (_PRODUCT / width) ** 0.5)))


def _inverse_root(values: Floats) -> Floats:
    """One over the root; zero for a structure that is similar to nothing, itself included."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0.0, 1.0 / np.sqrt(values), 0.0)
