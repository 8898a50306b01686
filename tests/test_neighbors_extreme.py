"""No finite coordinate, cell or cutoff loses a neighbor: what exact arithmetic finds is found, or there is an error."""

import itertools
import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

import isoprint as ip

WATER = [[0.0, 0.0, 0.0], [0.0, 0.76, -0.59], [0.0, -0.76, -0.59]]
EVERY_PBC = list(itertools.product([False, True], repeat=3))


class Frame(NamedTuple):
    """A structure as it is, which ASE would not let every cell be."""

    positions: Any
    cell: Any
    pbc: Any

    @property
    def numbers(self):
        return np.ones(len(self.positions), int)


def frame(positions, cell=(1.0, 1.0, 1.0), pbc=(False, False, False)):
    cell = np.array(cell, float)
    return Frame(np.array(positions, float), np.diag(cell) if cell.ndim == 1 else cell, np.array(pbc))


def exact(structure, center, r_cut):
    """Return the atoms within the cutoff, once for every image, those that rounding decides about apart."""
    cell = [[Fraction(x) for x in row] for row, periodic in zip(structure.cell, structure.pbc, strict=True) if periodic]
    limit = Fraction(r_cut) ** 2
    inside, edge = [], []
    for atom, position in enumerate(structure.positions):
        away = [Fraction(x) - Fraction(y) for x, y in zip(position, structure.positions[center], strict=True)]
        for shift in shifts(cell, away, r_cut):
            vector = [x + sum(k * row[i] for k, row in zip(shift, cell, strict=True)) for i, x in enumerate(away)]
            square = sum(x * x for x in vector)
            if atom == center and square == 0:
                continue
            if abs(square - limit) <= limit / 10**9:
                edge.append(atom)
            elif square < limit:
                inside.append(atom)
    return inside, edge


def shifts(cell, away, r_cut):
    """Whole numbers of each lattice vector that may bring `away` within the cutoff of zero."""
    gram = [[sum(x * y for x, y in zip(a, b, strict=True)) for b in cell] for a in cell]
    along = [sum(x * y for x, y in zip(row, away, strict=True)) for row in cell]
    inverse = inverted(gram)
    places = [sum(x * y for x, y in zip(row, along, strict=True)) for row in inverse]
    ranges = []
    for k, place in enumerate(places):
        # 1 / height, a little too large.
        thin = inverse[k][k]
        far = Fraction(r_cut) * Fraction(math.isqrt(int(thin * 10**700)) + 1, 10**350) * Fraction(1001, 1000)
        ranges.append(range(math.ceil(-place - far), math.floor(-place + far) + 1))
    return itertools.product(*ranges)


def inverted(matrix):
    n = len(matrix)
    rows = [[*row, *(Fraction(int(i == j)) for j in range(n))] for i, row in enumerate(matrix)]
    for i in range(n):
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for j in range(n):
            if j != i:
                rows[j] = [x - rows[j][i] * y for x, y in zip(rows[j], rows[i], strict=True)]
    return [row[n:] for row in rows]


def assert_nothing_is_lost(structure, r_cut):
    found = ip.neighbors(structure, r_cut)
    assert np.isfinite(found.vector).all()
    for center in range(len(structure.positions)):
        inside, edge = exact(structure, center, r_cut)
        here = sorted(found.index[found.offsets[center] : found.offsets[center + 1]].tolist())
        for atom in inside:
            assert atom in here, (structure, r_cut, center, inside, here)
            here.remove(atom)
        for atom in edge:
            if atom in here:
                here.remove(atom)
        assert not here, (structure, r_cut, center, inside, here)


@pytest.mark.parametrize("tiny", [5e-324, 1e-310, 1e-200, 1e-160, 1e-20])
@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)])
def test_a_molecule_that_is_all_but_flat_keeps_its_neighbors(tiny, axes):
    positions = np.array(WATER)
    positions[1, list(axes)] += tiny
    for pbc in EVERY_PBC:
        assert_nothing_is_lost(frame(positions, (20.0, 20.0, 20.0), pbc), 3.0)
    assert len(ip.neighbors(frame(positions), 3.0).index) == 6


def test_every_descriptor_sees_them():
    flat = Atoms("OHH", WATER)
    tiny = Atoms("OHH", [[0, 0, 0], [1e-310, 0.76, -0.59], [0, -0.76, -0.59]])
    descriptors = [
        ip.SOAP(species=["H", "O"], r_cut=3.0, n_max=3, l_max=3),
        ip.SoapTurbo(species=["H", "O"], r_cut=3.0, n_max=3, l_max=3),
        ip.ACSF(species=["H", "O"], r_cut=3.0, g2=[(1.0, 0.0)], g4=[(0.01, 1, 1)]),
        ip.OverlapMatrix(species=["H", "O"], r_cut=3.0, max_sites=4),
        ip.CoulombMatrix(species=["H", "O"], r_cut=3.0, max_sites=4),
    ]
    for descriptor in [*descriptors, ip.Hybrid(descriptors, scale=None)]:
        assert np.abs(descriptor.transform(tiny) - descriptor.transform(flat)).max() < 1e-14
        velocity = np.random.default_rng(0).normal(size=(3, 3))
        rates = [descriptor.pushforward(atoms, velocity) for atoms in (flat, tiny)]
        assert np.abs(rates[1] - rates[0]).max() < 1e-12 * np.abs(rates[0]).max()


@pytest.mark.parametrize("pbc", EVERY_PBC)
@pytest.mark.parametrize("far", [1e10, 1e16, 1e100, 1e200, 1e308])
def test_far_atoms_neither_lose_their_neighbors_nor_hide_those_of_others(far, pbc):
    for axis in range(3):
        positions = np.array([*WATER, [0.5, 0.5, 0.5], [0.5, 0.5, 0.5]])
        positions[3:, axis] = -far
        assert_nothing_is_lost(frame(positions, (4.0, 8.0, 5.0), pbc), 3.0)


def test_all_atoms_may_be_far_away():
    for far in [1e200, 1e307, -1.7e308]:
        positions = np.full((2, 3), far)
        assert_nothing_is_lost(frame(positions), 3.0)
        assert_nothing_is_lost(frame(positions, (3.0, 4.0, 7.0), (True, False, True)), 3.5)


def test_far_atoms_of_a_skewed_crystal_are_where_exact_arithmetic_says():
    cell = [[4.0, 0.0, 0.0], [1.3, 5.0, 0.0], [-0.7, 2.1, 6.0]]
    skewed = [[4.0, 0.0, 0.0], [9.3, 5.0, 0.0], [-4.7, 7.1, 6.0]]
    for rows in (cell, skewed):
        for far in [1e9, 1e17, 1e60, 1e300]:
            assert_nothing_is_lost(frame([[far, -far, 0.3], [0.1, 0.2, 0.3], [2.0, far, -far]], rows, (1, 1, 1)), 3.7)


@pytest.mark.parametrize("side", [1e6, 1e10, 1e13, 1e16, 1e30, 1e160, 1e308])
@pytest.mark.parametrize("pbc", [(True, True, True), (True, False, False), (False, True, True)])
def test_a_cell_may_be_of_any_size(side, pbc):
    positions = [[-1.0, -2.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 1.0], [-0.5, side, -1e-3]]
    assert_nothing_is_lost(frame(positions, (side, side, side), pbc), 3.0)
    assert_nothing_is_lost(frame(positions, (5.0, side, 6.0), pbc), 3.0)
    # On both sides of a face, and on the face.
    assert_nothing_is_lost(frame([[0.5 * side, 1, 0], [-0.5 * side, 2, 0]], (side, side, side), pbc), 3.0)


def test_digits_survive_in_a_large_cell():
    found = ip.neighbors(frame([[-1.25e-7, 0, 0], [1.25e-7, 0, 0]], (1e12, 1e12, 1e12), (1, 1, 1)), 3.0)
    assert found.vector[0, 0] == 2.5e-7


@pytest.mark.parametrize("unit", [1e-308, 1e-300, 1e-160, 1e-100, 1e100, 1e160, 1e200, 5e306])
def test_every_unit_finds_the_same(unit):
    positions = np.array([*WATER, [2.5, 0.0, 3.0], [-7.0, 30.0, 0.0]])
    cell = np.array([[5.0, 0.0, 0.0], [1.0, 6.0, 0.0], [0.0, -2.0, 7.0]])
    for pbc in EVERY_PBC:
        plain = ip.neighbors(frame(positions, cell, pbc), 3.1)
        scaled = ip.neighbors(frame(positions * unit, cell * unit, pbc), 3.1 * unit)
        assert sorted(zip(plain.index, np.repeat(np.arange(5), np.diff(plain.offsets)), strict=True)) == sorted(
            zip(scaled.index, np.repeat(np.arange(5), np.diff(scaled.offsets)), strict=True)
        )
        assert np.allclose(np.sort(scaled.vector / unit, axis=0), np.sort(plain.vector, axis=0), atol=1e-12)


def test_a_cutoff_of_any_size():
    assert len(ip.neighbors(frame(WATER), 1e308).index) == 6
    assert len(ip.neighbors(frame([[0.0, 0, 0], [0.0, 0, 0]]), 5e-324).index) == 2
    assert len(ip.neighbors(frame([[0.0, 0, 0], [1e-301, 0, 0], [3e-300, 0, 0]]), 1e-300).index) == 2


@pytest.mark.parametrize("tiny", [1e-310, 1e-200, 1e-156, 1e-152, 1e-149])
def test_atoms_so_near_that_their_distance_has_no_square_are_neighbors(tiny):
    pair = Atoms("OH", [[0, 0, 0], [0, tiny, 0]])
    twice = Atoms("OH", [[0, 0, 0], [0, 0, 0]])
    assert ip.neighbors(pair, 3.0).vector[0, 1] == tiny
    for descriptor in (
        ip.SOAP(species=["H", "O"], r_cut=3.0, n_max=3, l_max=3),
        ip.SoapTurbo(species=["H", "O"], r_cut=3.0, n_max=3, l_max=3),
        ip.OverlapMatrix(species=["H", "O"], r_cut=3.0, max_sites=4, degenerate="raw"),
    ):
        assert np.allclose(descriptor.transform(pair), descriptor.transform(twice), rtol=0, atol=1e-13)
        # Shorter vectors have no direction; along others recursive SOAP has a kink, and its slope is that further out.
        like = twice if tiny < 1e-150 else Atoms("OH", [[0, 0, 0], [0, 1e-12, 0]])
        slopes = [descriptor.pushforward(atoms, np.eye(3)[:2]) for atoms in (pair, like)]
        assert np.allclose(*slopes, rtol=0, atol=1e-10)


def test_points_may_be_anywhere():
    counts = ip.ACSF(species=["H"], r_cut=3.0, cutoff_function="hard")
    pair = Atoms("HH", [[0, 0, 0], [1e200, 0, 0]], cell=[4.0, 5.0, 6.0], pbc=[False, True, False])
    points = [[0.5, 0, 0], [0.5, 5e17, 0], [1e200, 0, 1], [-1e308, 0, 0], [0, -1e308, 1e308], [1e200, 5.0 * 2**1000, 0]]
    seen = counts.transform(pair, centers=points)[:, 0]
    assert seen.tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 1.0]


def test_what_has_no_place_is_an_error():
    slab = [[3.0, 4.0, 0.0], [0.0, 0.0, 5.0], [0.0, 0.0, 0.0]]
    with pytest.raises(
        ValueError, match=r"atom 1 of frame 0 is at .* its place along the periodic ones cannot be told"
    ):
        ip.neighbors(frame([[0.0, 0, 0], [4e40, -3e40, 0]], slab, (True, True, False)), 3.0)
    with pytest.raises(ValueError, match=r"up to 1e300 Å, which cannot be searched with a cutoff of 1e-300 Å"):
        ip.neighbors(frame([[0.0, 0, 0], [1e300, 0, 0]]), 1e-300)
    with pytest.raises(ValueError, match=r"frame 0 has about .* periodic images within the cutoff of 3 Å"):
        ip.neighbors(frame([[0.0, 0, 0]], (1e-310, 1.0, 1.0), (True, False, False)), 3.0)


lengths = st.sampled_from(
    [0.0, 5e-324, 1e-310, 1e-160, 1e-20, 0.3, 1.0, 2.5, 1e3, 1e10, 1e16, 1e30, 1e160, 1e200, 1e308]
)
coordinates = st.builds(lambda length, part: length * part, lengths, st.sampled_from([-1.0, -0.7, 0.9, 1.0]))
sides = st.sampled_from([3.0, 4.5, 8.0, 1e3, 1e7, 1e12, 1e18, 1e40, 1e160, 1e300])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(coordinates, coordinates, coordinates), min_size=1, max_size=4),
    st.tuples(sides, sides, sides),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_what_exact_arithmetic_finds_is_found(positions, cell, pbc):
    assert_nothing_is_lost(frame(positions, cell, pbc), 2.9)
