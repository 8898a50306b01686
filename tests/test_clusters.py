"""Pairs and triples of atoms: which there are, and derivatives of what is made of their distances."""

import itertools

import numpy as np
import pytest
from ase import Atoms

import isoprint as ip
from isoprint.structures.clusters import Clusters, pairs, triples


@pytest.fixture
def atoms():
    places = [[0, 0, 0], [0.9, 0.2, 0], [-0.3, 1.0, 0.1], [0.4, -0.5, 1.6]]
    return Atoms("OHHO", places, cell=[[3.1, 0, 0], [0.4, 3.4, 0], [0, 0.2, 3.8]], pbc=True)


def places(atoms, clusters):
    """Atom and position of each member, rounded, as sets of clusters are compared."""
    position = atoms.positions[clusters.atoms[:, :1]] + clusters.vectors
    return [
        tuple((int(atom), *np.round(place, 6) + 0.0) for atom, place in zip(*one, strict=True))
        for one in zip(clusters.atoms, position, strict=True)
    ]


def test_pairs_and_triples_are_all_choices_of_neighbors(atoms):
    centers = np.array([2, 0])
    found = ip.neighbors(atoms, 2.6, centers=centers)
    two = pairs(found, centers)
    one_order, both = (triples(found, centers, both_orders=both) for both in (False, True))
    expected = {2: [], 3: []}
    for row, center in enumerate(centers):
        own = range(found.offsets[row], found.offsets[row + 1])
        expected[2] += [(center, k) for k in own]
        expected[3] += [(center, *two_of) for two_of in itertools.combinations(own, 2)]
    np.testing.assert_array_equal(two.atoms, [[center, found.index[k]] for center, k in expected[2]])
    np.testing.assert_array_equal(one_order.atoms, [[c, found.index[j], found.index[k]] for c, j, k in expected[3]])
    np.testing.assert_array_equal(one_order.vectors[:, 1:], [found.vector[[j, k]] for _, j, k in expected[3]])
    mirrored = Clusters(one_order.atoms[:, [0, 2, 1]], one_order.vectors[:, [0, 2, 1]])
    assert sorted(places(atoms, both)) == sorted(places(atoms, one_order) + places(atoms, mirrored))
    assert (both.vectors[:, 0] == 0.0).all()


def test_there_may_be_none():
    alone = ip.neighbors(Atoms("H"), 2.0)
    for clusters in (pairs(alone, np.arange(1)), triples(alone, np.arange(1), both_orders=True)):
        assert len(clusters.atoms) == 0
        assert clusters.distance(0, 1).gradient.shape == clusters.vectors.shape


def test_derivatives_of_functions_of_distances(atoms):
    clusters = triples(ip.neighbors(atoms, 2.4), np.arange(4), both_orders=False)

    def function(some):
        first, second, third = some.distance(0, 1), some.distance(0, 2), some.distance(1, 2)
        return ((first + second) * (first - third)).through(*both_of((first + second) * (first - third)))

    def both_of(number):
        return np.sin(number.value), np.cos(number.value)

    gradient = function(clusters).gradient
    step = 1e-5
    for member, axis in itertools.product(range(3), range(3)):
        moved = []
        for sign in (1, -1):
            vectors = clusters.vectors.copy()
            vectors[:, member, axis] += sign * step
            moved.append(function(Clusters(clusters.atoms, vectors)).value)
        np.testing.assert_allclose(gradient[:, member, axis], (moved[0] - moved[1]) / (2 * step), atol=1e-8)
    np.testing.assert_allclose(gradient.sum(axis=1), 0.0, atol=1e-12)


def test_members_at_one_place_have_a_distance_of_zero_and_no_gradient():
    distance = Clusters(np.array([[0, 1]]), np.zeros((1, 2, 3))).distance(0, 1)
    assert (distance.value.tolist(), np.abs(distance.gradient).max()) == ([0.0], 0.0)
