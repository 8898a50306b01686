"""The four-body energy: its numbers, what leaves it alone, and its gradient."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip

EXPECTED = {"NH3-a": 0.260174, "NH3-b": 0.930046, "CH4-a": 3.310805, "CH4-b": 3.375123}
# Two environments with the same distances and angles, in another arrangement.
PAIR = [
    [[0.688889491340, 0.793044525438, 0.279429149149], [0.575251039997, -0.271882619005, -0.881325752753],
     [-0.699542930917, 0.726681093415, -0.405145993781], [-0.825726575641, -0.684502311918, -0.176638634673]],
    [[1.030713972627, -0.007131486227, 0.345176546910], [-0.208965690269, 0.061235113323, 1.064966009404],
     [-0.004482263926, -1.085129840992, -0.063577806651], [0.124455675713, 0.122796504022, -1.072847054982]],
]  # fmt: skip


@st.composite
def surroundings(draw):
    """A center and three to six neighbors, no two of which are nearly in line with it."""
    seed, n = draw(st.integers(0, 10**6)), draw(st.integers(3, 6))
    rng = np.random.default_rng(seed)
    while True:
        u = rng.normal(size=(n, 3))
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        if np.abs(u @ u.T - np.eye(n)).max() < 0.95:
            center = rng.normal(size=(1, 3))
            return np.vstack([center, center + u * rng.uniform(0.8, 1.5, (n, 1))])


def spelled_out(x):
    """Torsions one by one, as angles between planes."""
    u = [site - x[0] for site in x[1:]]
    total = 0.0
    for j in range(len(u)):
        others = [k for k in range(len(u)) if k != j]
        for a in others:
            for b in others:
                if a < b:
                    p, q = np.cross(u[a], u[j]), np.cross(u[b], u[j])
                    total += (p @ q) ** 2 / ((p @ p) * (q @ q))
    return total


def turned(x, seed):
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return x @ (q * np.sign(np.diag(r)))


@pytest.mark.parametrize(("name", "energy"), [*EXPECTED.items()])
def test_known_numbers(name, energy):
    assert ip.four_body_energy(ip.study.start(name).positions) == pytest.approx(energy, abs=6e-7)


@pytest.mark.parametrize(("neighbors", "energy"), [*zip(PAIR, (4.431914, 4.017742), strict=True)])
def test_it_tells_a_degenerate_pair_apart(neighbors, energy):
    assert ip.four_body_energy([[0.0, 0.0, 0.0], *neighbors]) == pytest.approx(energy, abs=6e-7)


@given(polar=st.floats(0.3, 1.4))
def test_three_equal_angles_by_hand(polar):
    """With the angle θ between any two bonds, every cosine is cos θ / (1 + cos θ)."""
    turn = 2 * np.pi * np.arange(3) / 3
    u = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.full(3, np.cos(polar))], axis=1)
    cosine = u[0] @ u[1]
    assert ip.four_body_energy([[0, 0, 0], *u]) == pytest.approx(3 * (cosine / (1 + cosine)) ** 2, rel=1e-11, abs=1e-13)


@given(x=surroundings(), seed=st.integers(0, 100))
def test_what_leaves_it_alone(x, seed):
    energy = ip.four_body_energy(x)
    rng = np.random.default_rng(seed)
    assert energy == pytest.approx(spelled_out(x), rel=1e-11)
    assert ip.four_body_energy(turned(x, seed) + rng.normal(size=3)) == pytest.approx(energy, rel=1e-11)
    assert ip.four_body_energy(-x) == pytest.approx(energy, rel=1e-12)
    order = np.concatenate([[0], 1 + rng.permutation(len(x) - 1)])
    assert ip.four_body_energy(x[order]) == pytest.approx(energy, rel=1e-12)
    stretched = x[0] + (x - x[0]) * rng.uniform(0.5, 2.0, (len(x), 1))
    assert ip.four_body_energy(stretched) == pytest.approx(energy, rel=1e-11)


@given(x=surroundings(), seed=st.integers(0, 100))
def test_gradient_is_the_derivative(x, seed):
    """An imaginary step that is too small to matter: exact to rounding."""
    v = np.random.default_rng(seed).normal(size=x.shape)
    gradient = ip.four_body_gradient(x)
    expected = spelled_out(x + 1e-30j * v).imag / 1e-30
    assert np.sum(gradient * v) == pytest.approx(expected, abs=1e-12 * np.abs(gradient).max() * x.size)
    np.testing.assert_allclose(gradient.sum(axis=0), 0.0, atol=1e-12 * np.abs(gradient).max())
    torque = np.cross(x - x[0], gradient).sum(axis=0)
    np.testing.assert_allclose(torque, 0.0, atol=1e-11 * np.abs(gradient).max())


def test_many_structures_at_once():
    x = np.random.default_rng(0).normal(size=(3, 2, 5, 3))
    energy, gradient = ip.four_body_energy(x), ip.four_body_gradient(x)
    assert energy.shape == (3, 2)
    assert gradient.shape == x.shape
    np.testing.assert_allclose(energy[1, 1], ip.four_body_energy(x[1, 1]), rtol=1e-14)
    np.testing.assert_allclose(gradient[2, 0], ip.four_body_gradient(x[2, 0]), rtol=1e-12)


@pytest.mark.parametrize("name", ["H2O", "CO2", "OH"])
def test_fewer_than_three_neighbors_have_no_torsion(name):
    x = molecule(name).positions
    assert ip.four_body_energy(x) == 0.0
    assert not ip.four_body_gradient(x).any()


LINE = [[0, 0, 0], [1, 0, 0], [-1.2, 0, 0], [0, 1, 0], [0, 0, 1.0]]


@pytest.mark.parametrize(
    ("positions", "words"),
    [
        (LINE, "sites 1 and 2 are in line with the center"),
        ([molecule("CH4").positions, LINE], "of structure 1 are in line"),
        ([[0, 0, 0], [1, 0, 0], [0, 0, 0], [0, 1, 0]], "site 2 is on the center"),
        ([[0, 0, 0], [1, 0, np.nan]], r"positions\[1, 2\] is nan"),
        ([0.0, 1.0, 2.0], r"shape \(3,\)"),
        (np.zeros((0, 3)), r"shape \(0, 3\)"),
    ],
)
@pytest.mark.parametrize("function", [ip.four_body_energy, ip.four_body_gradient])
def test_bad_positions(function, positions, words):
    with pytest.raises(ValueError, match=words):
        function(positions)


def test_calculator():
    from isoprint.extras.four_body import FourBody

    methane = ip.study.start("CH4-b")
    shuffled = methane[[3, 0, 1, 2, 4]]
    shuffled.calc = FourBody(center=1, unit=2.0)
    assert shuffled.get_potential_energy() == pytest.approx(2 * EXPECTED["CH4-b"], abs=2e-6)
    expected = -2 * ip.four_body_gradient(methane.positions)[[3, 0, 1, 2, 4]]
    np.testing.assert_allclose(shuffled.get_forces(), expected, atol=1e-14)
    shuffled.positions[0] += 0.1
    assert shuffled.get_potential_energy() != pytest.approx(2 * EXPECTED["CH4-b"], abs=1e-3)


def test_calculator_errors():
    from isoprint.extras.four_body import FourBody

    for atoms, calculator, words in [
        (Atoms("CH4", molecule("CH4").positions, cell=[9, 9, 9], pbc=True), FourBody(), "periodic"),
        (molecule("CH4"), FourBody(center=5), "center is 5"),
        (molecule("CH4"), FourBody(unit=np.nan), "unit is nan"),
    ]:
        atoms.calc = calculator
        with pytest.raises(ValueError, match=words):
            atoms.get_potential_energy()


def test_energies_along_a_path():
    """The energy runs over 0.034 along the ring of methane."""
    from isoprint.extras.four_body import FourBody

    path = ip.follow_manifold(ip.ACSF.standard(), ip.study.start("CH4-b"), 0)
    energies = path.energies(FourBody())
    np.testing.assert_allclose(energies, ip.four_body_energy(path.positions), rtol=1e-12)
    assert np.ptp(energies) == pytest.approx(0.0340, rel=0.05)
