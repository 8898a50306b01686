"""Pairs and triples of atoms as terms of a model: what they are functions of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import real
from isoprint.models._estimator import Parameters
from isoprint.structures.clusters import Clusters, Differentiable, in_any_order, pairs, triples
from isoprint.structures.elements import number_of, symbol_of
from isoprint.structures.neighbors import neighbors

# Atomic numbers of the members of a kind of cluster, 0 for any.
Group = tuple[int, ...]


class ClusterTerm(Parameters):
    """What pairs and triples have in common: a cutoff, and kinds of clusters that are kept apart."""

    members: ClassVar[int]
    n_features: ClassVar[int]
    r_cut: float
    cutoff_width: float

    def _groups(self, elements: Sequence[int]) -> list[Group]:
        """The kinds of clusters that are told apart, of those that these elements make."""
        raise NotImplementedError

    def _found(self, frame: Any, numbers: NDArray[np.int64], groups: list[Group], n_jobs: int | None) -> list[Clusters]:
        """The clusters of a frame, by kind."""
        raise NotImplementedError

    def _features(self, clusters: Clusters) -> list[Differentiable]:
        """What the kernel compares."""
        raise NotImplementedError

    def _weight(self, clusters: Clusters) -> Differentiable:
        """How much of each cluster counts: one, and less near the cutoff."""
        return clusters.fading(self.r_cut, self.cutoff_width)

    def _require(self) -> None:
        """Complain of parameters that make no sense."""
        real("r_cut", self.r_cut, above=0.0, remedy="it must be a positive number of Å")
        real("cutoff_width", self.cutoff_width, least=0.0, remedy="it must be a number of Å, not negative")


class TwoBody(ClusterTerm):
    """Pairs of atoms, by their distance: a pair potential that is learned.

    The local energy of an atom is a sum over its neighbors, each weighted by a cosine that falls to zero over the last
    `cutoff_width` before `r_cut`. Pairs of other elements are learned apart. What `distance_2b` is in QUIP.

    Parameters
    ----------
    r_cut : float
        Pairs are within this distance, in Å.
    cutoff_width : float
        Of the shell in which pairs fade out, in Å.
    pairs : sequence of pairs of elements, optional
        Which pairs count, such as `[("C", "H"), ("H", "H")]`; "any" stands for every element. By default all that there
        are.

    Examples
    --------
    >>> import isoprint as ip
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3)
    >>> two = ip.models.Term(ip.models.TwoBody(r_cut=6.0), delta=0.5, n_sparse=15)
    >>> model = ip.models.SparseGP([two, ip.models.Term(soap, delta=0.1)])
    """

    members = 2
    n_features = 1

    def __init__(self, *, r_cut: float, cutoff_width: float = 1.0, pairs: Any = None) -> None:
        self.r_cut = r_cut
        self.cutoff_width = cutoff_width
        self.pairs = pairs

    def _groups(self, elements: Sequence[int]) -> list[Group]:
        """Pairs of elements, in the order of their numbers."""
        if self.pairs is None:
            return list(combinations_with_replacement(sorted(elements), 2))
        return _given("pairs", self.pairs, 2, lambda numbers: tuple(sorted(numbers)))

    def _found(self, frame: Any, numbers: NDArray[np.int64], groups: list[Group], n_jobs: int | None) -> list[Clusters]:
        """Each pair appears once from either end."""
        known = neighbors(frame, self.r_cut, n_jobs=n_jobs)
        all_of = pairs(known, np.arange(len(numbers)))
        elements = numbers[all_of.atoms]
        return [all_of.chosen(in_any_order(elements, group)) for group in groups]

    def _features(self, clusters: Clusters) -> list[Differentiable]:
        """The distance."""
        return [clusters.distance(0, 1)]


class ThreeBody(ClusterTerm):
    """Two neighbors of an atom: sum and squared difference of their distances, and the distance between them.

    Both neighbors fade out over the last `cutoff_width` before `r_cut`. Other elements are learned apart. What
    `angle_3b` is in QUIP. The number of triples grows as the square of the number of neighbors: keep `r_cut` short.

    Parameters
    ----------
    r_cut : float
        Both neighbors are within this distance of the center, in Å.
    cutoff_width : float
        Of the shell in which they fade out, in Å.
    triples : sequence of triples of elements, optional
        Which triples count, the center first, such as `[("O", "H", "H")]`; "any" stands for every element. By default
        all that there are.

    Examples
    --------
    >>> import isoprint as ip
    >>> bends = ip.models.Term(ip.models.ThreeBody(r_cut=3.0), delta=0.3, n_sparse=100)
    >>> model = ip.models.SparseGP([ip.models.TwoBody(r_cut=6.0), bends])
    """

    members = 3
    n_features = 3

    def __init__(self, *, r_cut: float, cutoff_width: float = 0.5, triples: Any = None) -> None:
        self.r_cut = r_cut
        self.cutoff_width = cutoff_width
        self.triples = triples

    def _groups(self, elements: Sequence[int]) -> list[Group]:
        """Centers, each with two neighbors in the order of their numbers."""
        if self.triples is None:
            others = list(combinations_with_replacement(sorted(elements), 2))
            return [(center, *two) for center in sorted(elements) for two in others]
        return _given("triples", self.triples, 3, lambda numbers: (numbers[0], *sorted(numbers[1:])))

    def _found(self, frame: Any, numbers: NDArray[np.int64], groups: list[Group], n_jobs: int | None) -> list[Clusters]:
        """Each two neighbors of a center appear in both orders."""
        known = neighbors(frame, self.r_cut, n_jobs=n_jobs)
        all_of = triples(known, np.arange(len(numbers)), both_orders=True)
        elements = numbers[all_of.atoms]
        return [
            all_of.chosen(in_any_order(elements[:, 1:], group[1:]) & ((elements[:, 0] == group[0]) | (group[0] == 0)))
            for group in groups
        ]

    def _features(self, clusters: Clusters) -> list[Differentiable]:
        """Three numbers that are the same for either order of the neighbors."""
        return clusters.angle()


def _given(name: str, given: Any, members: int, order: Any) -> list[Group]:
    """Kinds of clusters as a user names them."""
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ValueError(f"{name} is {short_repr(given)}; give a list such as [{('H',) * members}]")
    groups: list[Group] = []
    for one in given:
        if isinstance(one, str) or not isinstance(one, Sequence) or len(one) != members:
            raise ValueError(f"{name} contains {short_repr(one)}; each must name {members} elements")
        groups.append(order([0 if element == "any" else number_of(element, name) for element in one]))
    if len(set(groups)) != len(groups):
        raise ValueError(f"{name} names the same elements twice; list them once")
    return groups


def name_of(group: Group) -> str:
    """A kind of cluster in letters, such as `C-H`."""
    return "-".join("any" if number == 0 else symbol_of(number) for number in group)


def group_of(name: str) -> Group:
    """The kind of cluster of that name."""
    return tuple(0 if word == "any" else number_of(word, "sparse") for word in name.split("-"))
