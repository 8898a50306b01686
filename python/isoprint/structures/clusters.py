"""Pairs and triples of atoms near each other: what two-body and three-body terms are functions of."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Lists(Protocol):
    """Neighbors of centers in compressed rows, such as `isoprint.Neighbors`."""

    @property
    def offsets(self) -> Ints:
        """Where the neighbors of each center begin and end."""
        ...

    @property
    def index(self) -> Ints:
        """The atom of which each neighbor is an image."""
        ...

    @property
    def vector(self) -> Floats:
        """From the center to each neighbor, in Å."""
        ...


class Differentiable(NamedTuple):
    """A number of each cluster, and its derivatives by the positions of the members."""

    value: Floats
    """One a cluster, `(n,)`."""
    gradient: Floats
    """By the position of each member, `(n, members, 3)`."""

    def through(self, value: Floats, derivative: Floats) -> Differentiable:
        """A function of this number, by its values and derivatives at it."""
        return Differentiable(value, derivative[:, None, None] * self.gradient)

    def __add__(self, other: Differentiable) -> Differentiable:  # type: ignore[override]
        return Differentiable(self.value + other.value, self.gradient + other.gradient)

    def __sub__(self, other: Differentiable) -> Differentiable:
        return Differentiable(self.value - other.value, self.gradient - other.gradient)

    def __mul__(self, other: Differentiable) -> Differentiable:  # type: ignore[override]
        left, right = self.value[:, None, None], other.value[:, None, None]
        return Differentiable(self.value * other.value, self.gradient * right + left * other.gradient)


class Clusters(NamedTuple):
    """Groups of as many atoms or images each, the center first; the others are neighbors of it."""

    atoms: Ints
    """The atom that each member is, or of which it is an image, `(n, members)`."""
    vectors: Floats
    """From the center to each member in Å, `(n, members, 3)`; zero for the center."""

    def distance(self, a: int, b: int) -> Differentiable:
        """The distance between two members; of members at one place the gradient is taken to be zero."""
        away = self.vectors[:, b] - self.vectors[:, a]
        length = np.sqrt(np.einsum("nx,nx->n", away, away))
        unit = np.divide(away, length[:, None], out=np.zeros_like(away), where=length[:, None] > 0.0)
        gradient = np.zeros(self.vectors.shape)
        gradient[:, b] = unit
        gradient[:, a] = -unit
        return Differentiable(length, gradient)

    def distances(self) -> list[Differentiable]:
        """The distances between all members."""
        return [self.distance(a, b) for a, b in combinations(range(self.atoms.shape[1]), 2)]

    def angle(self) -> list[Differentiable]:
        """Of triples: sum and squared difference of the distances from the center, and the third distance.

        They are the same for either order of the two neighbors: A. P. Bartók and G. Csányi, Int. J. Quantum Chem. 115,
        1051 (2015).
        """
        first, second, third = self.distances()
        apart = first - second
        return [first + second, apart * apart, third]

    def fading(self, r_cut: float, width: float) -> Differentiable:
        """The product over members of a cosine of the distance from the center, which falls from 1 to 0 at `r_cut`."""
        weight: Differentiable | None = None
        for member in range(1, self.atoms.shape[1]):
            distance = self.distance(0, member)
            factor = distance.through(*_cosine(distance.value, r_cut, width))
            weight = factor if weight is None else weight * factor
        assert weight is not None  # clusters have two members at least
        return weight

    def chosen(self, which: NDArray[np.bool_] | slice) -> Clusters:
        """Some of the clusters, by their places or by whether they are wanted."""
        return Clusters(self.atoms[which], self.vectors[which])


def pairs(found: Lists, centers: Ints) -> Clusters:
    """A pair for each neighbor of each center; of all atoms, each pair appears once from either end."""
    first = np.repeat(centers, np.diff(found.offsets))
    vectors = np.zeros((len(found.index), 2, 3))
    vectors[:, 1] = found.vector
    return Clusters(np.stack([first, found.index], axis=1), vectors)


def triples(found: Lists, centers: Ints, *, both_orders: bool) -> Clusters:
    """A triple for each two neighbors of each center, in one order or in both."""
    counts = np.diff(found.offsets)
    # For each neighbor, as the second member, all neighbors of the same center; those that do not count are dropped.
    row = np.repeat(np.arange(len(centers)), counts)
    second = np.repeat(np.arange(len(found.index)), counts[row])
    begin = np.repeat(np.cumsum(counts[row]) - counts[row], counts[row])
    third = found.offsets[row[second]] + np.arange(len(second)) - begin
    keep = third != second if both_orders else third > second
    second, third = second[keep], third[keep]
    vectors = np.zeros((len(second), 3, 3))
    vectors[:, 1], vectors[:, 2] = found.vector[second], found.vector[third]
    return Clusters(np.stack([centers[row[second]], found.index[second], found.index[third]], axis=1), vectors)


def in_any_order(elements: Ints, wanted: tuple[int, ...]) -> NDArray[np.bool_]:
    """Whether elements `(n, members)` are the wanted ones in any order, where 0 is any element."""
    right = np.zeros(len(elements), bool)
    for order in set(permutations(wanted)):
        right |= np.all((elements == order) | (np.array(order) == 0), axis=1)
    return right


def _cosine(r: Floats, r_cut: float, width: float) -> tuple[Floats, Floats]:
    """A cosine from 1 to 0 over the last `width` before the cutoff, and its derivative."""
    if width == 0.0:
        return np.ones_like(r), np.zeros_like(r)
    phase = np.pi * np.clip((r - r_cut + width) / width, 0.0, 1.0)
    return 0.5 * (1.0 + np.cos(phase)), -0.5 * np.pi / width * np.sin(phase)
