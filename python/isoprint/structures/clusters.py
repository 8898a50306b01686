"""Pairs and triples of atoms near each other: what two-body and three-body terms are functions of."""

from __future__ import annotations

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
