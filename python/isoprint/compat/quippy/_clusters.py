"""`distance_2b`, `distance_Nb` and `angle_3b`: rows are pairs or triples of atoms."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

from isoprint.compat.quippy._results import Described, Gradients
from isoprint.compat.quippy._structure import Structure, near
from isoprint.structures.clusters import Clusters, Differentiable, in_any_order, pairs, triples
from isoprint.translators.quip_clusters import Shape

# Clusters that are computed together: what a processor's cache holds.
_TOGETHER = 4096


class ClusterRows:
    """Pairs or triples, each with its distances and a weight that fades out at the cutoff."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.cutoff = shape.r_cut

    @property
    def n_features(self) -> int:
        """Numbers in a row."""
        if self.shape.kind == "angle":
            return 3
        return len(self.shape.exponents) if self.shape.members == 2 else 3

    def permutations(self) -> NDArray[np.int32]:
        """Orders of the features that belong to equal atoms in another order, counted from 1."""
        members, numbers = self.shape.members, sorted((self.shape.center, *self.shape.others))
        if self.shape.kind == "angle" or len(self.shape.exponents) > 1 or not self.shape.permuted:
            return np.arange(1, self.n_features + 1, dtype=np.int32)[None]
        places = {pair: place for place, pair in enumerate(combinations(range(members), 2), 1)}
        return np.array(
            [
                [places[min(order[a], order[b]), max(order[a], order[b])] for a, b in places]
                for order in permutations(range(members))
                if all(numbers[new] == numbers[old] for old, new in enumerate(order))
            ],
            np.int32,
        )

    def describe(self, structure: Structure, gradients: bool, n_jobs: int | None) -> Described:
        """All rows of a structure."""
        clusters = self._found(structure, n_jobs)
        count, members = clusters.atoms.shape
        values, weights = np.empty((count, self.n_features)), np.empty(count)
        slopes = np.empty((count if gradients else 0, members, 3, self.n_features))
        fading = np.empty((count if gradients else 0, members, 3))
        for begin in range(0, count, _TOGETHER):
            part = slice(begin, begin + _TOGETHER)
            some = clusters.chosen(part)
            weight = some.fading(self.shape.r_cut, self.shape.width)
            weights[part] = weight.value
            if gradients:
                fading[part] = weight.gradient
            for column, feature in enumerate(self._features(some)):
                values[part, column] = feature.value
                if gradients:
                    slopes[part, ..., column] = feature.gradient
        centers = clusters.atoms[:, 0] if self.shape.kind == "angle" else clusters.atoms.ravel()
        rows = _gradients(clusters, slopes, fading, structure) if gradients else None
        return Described(values, weights, centers, rows)

    def sizes(self, structure: Structure, n_jobs: int | None) -> tuple[int, int]:
        """Numbers of rows and of rows of gradients."""
        count = len(self._found(structure, n_jobs).atoms)
        return count, count * self.shape.members

    def _found(self, structure: Structure, n_jobs: int | None) -> Clusters:
        """The clusters of the wanted elements."""
        shape, numbers = self.shape, structure.numbers
        centers = np.flatnonzero(structure.mask)
        found = near(structure, shape.r_cut, centers, n_jobs)
        if shape.members == 2:
            clusters = pairs(found, centers)
        else:
            clusters = triples(found, centers, both_orders=shape.kind == "angle")
        elements = numbers[clusters.atoms]
        if shape.kind == "angle":
            right = in_any_order(elements[:, 1:], shape.others)
            right &= (elements[:, 0] == shape.center) | (shape.center == 0)
        else:
            right = in_any_order(elements, (shape.center, *shape.others))
        return clusters.chosen(right)

    def _features(self, clusters: Clusters) -> list[Differentiable]:
        if self.shape.kind == "angle":
            return clusters.angle()
        if self.shape.members > 2:
            return clusters.distances()
        distance = clusters.distance(0, 1)
        r = distance.value
        return [
            distance.through(r ** float(power), power * r ** float(power - 1)) if power != 1 else distance
            for power in self.shape.exponents
        ]


def _gradients(
    clusters: Clusters, slopes: NDArray[np.float64], fading: NDArray[np.float64], structure: Structure
) -> Gradients:
    count, members = clusters.atoms.shape
    return Gradients(
        slopes.reshape(count * members, *slopes.shape[2:]),
        fading.reshape(-1, 3),
        np.arange(count + 1) * members,
        np.repeat(clusters.atoms[:, 0], members),
        clusters.atoms.ravel(),
        (structure.positions[clusters.atoms[:, :1]] + clusters.vectors).reshape(-1, 3),
    )
