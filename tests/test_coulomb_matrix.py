"""Eigenvalues of the Coulomb matrix: against its plain twin, and at its limits."""

import re

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from hypothesis import assume, given
from hypothesis import strategies as st

import isoprint as ip
import naive_om
from isoprint.testing.strategies import frames

SPECIES = ["H", "C", "O"]


def cm(**options):
    return ip.CoulombMatrix(**{"r_cut": 2.6, "species": SPECIES, **options})


@given(
    atoms=frames(max_atoms=4, min_cell=2.8, min_distance=0.3),
    exponent=st.integers(0, 3),
    magnitude=st.booleans(),
    point=st.booleans(),
)
def test_agrees_with_the_definition(atoms, exponent, magnitude, point):
    order = "magnitude" if magnitude else "value"
    center = [0.3, -0.2, 0.6] if point else 0
    found = len(naive_om.sites_of(atoms, center, 2.6)[0])
    assume(found <= 60)
    got = cm(exponent=exponent, order=order, max_sites=60).transform(atoms, centers=[center])[0]
    expected = naive_om.coulomb_matrix(atoms, center, r_cut=2.6, exponent=exponent, max_sites=60, magnitude=magnitude)
    if magnitude:  # equal magnitudes have no order
        got, expected = np.abs(got), np.abs(expected)
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-12 * max(1.0, np.abs(expected).max()))


def test_two_atoms():
    """Eigenvalues of a matrix of two rows, on paper."""
    atoms = Atoms("HH", [[0, 0, 0], [0, 0, 0.8]])
    row = cm(exponent=0, max_sites=4).transform(atoms, centers=[0])[0]
    np.testing.assert_allclose(row, [0.5 + 1 / 0.8, 0, 0, 0.5 - 1 / 0.8], atol=1e-15)
    row = cm(exponent=0, max_sites=4, order="magnitude").transform(atoms, centers=[0])[0]
    np.testing.assert_allclose(row, [0.5 + 1 / 0.8, 0.5 - 1 / 0.8, 0, 0], atol=1e-15)
    whole = cm(exponent=0, max_sites=2, r_cut=50.0)
    np.testing.assert_allclose(whole.transform(molecule("O2"), centers=[0]).sum(), 8**2.4, rtol=1e-14)


def test_the_core_joins_the_law_smoothly():
    d = cm(r_core=0.5, max_sites=2, exponent=0)

    def largest(r):
        return d.transform(Atoms("HH", [[0, 0, 0], [0, 0, r]]), centers=[0])[0, 0] - 0.5

    for r in (0.5, 0.7, 2.0):
        assert abs(largest(r) - 1 / r) < 1e-14
    assert largest(0.0) == pytest.approx(1.875 / 0.5)
    h = 1e-4
    for order in (1, 2):
        inside, outside = (
            np.diff([largest(0.5 + side * k * h) for k in range(3)], n=order)[0] / (side * h) ** order
            for side in (-1, 1)
        )
        assert abs(inside - outside) < 0.02 * abs(outside)
    atoms = Atoms("CC", [[0, 0, 0], [0, 0, 0.2]])
    ip.testing.assert_pullback_is_the_derivative(d, atoms, step=1e-5)
    for apart in (0.0, 1e-200, 1e-12):
        pair = Atoms("OO", [[0, 0, 0], [apart, 0, 0]])
        assert np.isfinite(cm().transform(pair)).all()
        assert np.isfinite(cm().derivatives(pair).values).all()


def test_a_row_is_continuous_where_a_neighbor_enters():
    d = cm(max_sites=5)
    inside, outside = (Atoms("COH", [[0, 0, 0], [0.9, 0, 0], [0, r, 0]]) for r in (2.6 - 1e-6, 2.6 + 1e-6))
    a, b = (d.transform(atoms, centers=[0])[0] for atoms in (inside, outside))
    assert b.min() < -0.9  # of the pair that stays, behind the zeros
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)


def test_too_many_sites():
    with pytest.raises(ValueError, match="it has 3 sites, the center included, and max_sites is 2"):
        cm(max_sites=2).transform(molecule("H2O"))
    few = cm(max_sites=2, overflow="truncate").transform(molecule("H2O"))
    np.testing.assert_allclose(few, cm(max_sites=3).transform(molecule("H2O"))[:, :2], atol=1e-13)


def test_symmetric_molecules():
    methane = molecule("CH4")
    d = cm(max_sites=5)
    ip.testing.assert_jacobian_consistent(d, methane)
    with pytest.raises(ValueError, match="are degenerate and have no derivatives of their own"):
        cm(max_sites=5, degenerate="error").derivatives(methane, centers=[0])
    directional = cm(max_sites=5, degenerate="directional")
    move = np.random.default_rng(0).standard_normal((5, 3))
    moved = methane.copy()
    moved.positions += 1e-6 * move
    expected = (d.transform(moved) - d.transform(methane)) / 1e-6
    np.testing.assert_allclose(directional.pushforward(methane, move), expected, atol=1e-3)


def test_names_and_learning():
    d = ip.CoulombMatrix(r_cut=3.0, max_sites=4).fit([molecule("H2O")])
    assert list(d.get_feature_names_out()) == ["cm 1", "cm 2", "cm 3", "cm 4"]
    assert d.species_ == ["H", "O"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"r_cut": -1}, "r_cut is -1; it must be a positive number of Å"),
        ({"r_core": 0}, "r_core is 0; it must be at least 1e-6 Å"),
        ({"order": "size"}, "order is 'size'; choose one of 'value', 'magnitude'"),
        ({"max_sites": 3001}, "max_sites is 3001; it must be an integer from 1 to 3000"),
        ({"exponent": 21}, "exponent is 21; it must be an integer from 0 to 20"),
    ],
)
def test_parameters_must_make_sense(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        cm(**options).transform(molecule("H2O"))
