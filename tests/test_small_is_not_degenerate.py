"""Small is not degenerate: tiny eigenvalues, faint densities and coincident atoms mean what they mean."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

import isoprint as ip

WATER = Atoms("OHH", [[0, 0, 0], [0, 0.76, -0.59], [0, -0.76, -0.59]])
ON_CENTER = Atoms("OHHH", [[0, 0, 0], [0, 0, 0], [0, 0.76, -0.59], [0, -0.76, -0.59]])


def difference(function, step):
    """Derivative of `function` at zero."""
    below, above = [function(-2 * step), function(-step)], [function(step), function(2 * step)]
    return (below[0] - 8 * below[1] + 8 * above[0] - above[1]) / (12 * step)


def rate(descriptor, atoms, velocity, step=1e-4):
    """Change of the first center's row, by differences."""

    def moved(t):
        copy = atoms.copy()
        copy.positions += t * velocity
        return descriptor.transform(copy, centers=[0])[0]

    return difference(moved, step)


# Overlap and Coulomb matrices


def faint(gap=2e-2):
    """Two neighbors so near the cutoff that their eigenvalues are a few 1e-9, and far apart from each other."""
    towards = np.array([np.cos(0.1), np.sin(0.1), 0.0])
    return Atoms("CHHH", [[0, 0, 0], [0.3, 0.2, 1.1], [5 - gap, 0, 0], *[(5 - 0.75 * gap) * towards]])


@pytest.mark.parametrize("options", [{}, {"exponent": 1}, {"contracted": True}], ids=repr)
def test_small_eigenvalues_have_derivatives_of_their_own(options):
    overlap = ip.OverlapMatrix(species=["C", "H"], r_cut=5.0, max_sites=5, orbitals="s", **options)
    atoms, velocity = faint(), np.random.default_rng(0).normal(size=(4, 3))
    row = overlap.transform(atoms, centers=[0])[0]
    expected = rate(overlap, atoms, velocity)
    adjoint = np.zeros((1, overlap.n_features))
    for feature in range(overlap.n_features):
        adjoint[:] = 0.0
        adjoint[0, feature] = 1.0
        found = float(np.sum(overlap.pullback(atoms, adjoint, centers=[0]).positions * velocity))
        assert abs(found - expected[feature]) < 1e-11 + 1e-6 * abs(expected[feature]), (feature, row)
    if not options:
        assert 0 < row[3] < row[2] - 1e-9 < 1e-8
        assert abs(expected[2] - expected[3]) > 1e-8


def test_no_refusal_of_small_eigenvalues():
    atoms = faint()
    careful = ip.OverlapMatrix(species=["C", "H"], r_cut=5.0, max_sites=4, orbitals="s", degenerate="error")
    raw = ip.OverlapMatrix(species=["C", "H"], r_cut=5.0, max_sites=4, orbitals="s", degenerate="raw")
    assert np.array_equal(careful.derivatives(atoms, centers=[0]).values, raw.derivatives(atoms, centers=[0]).values)


@pytest.mark.parametrize("orbitals", ["s", "sp"])
def test_symmetric_tails_still_share_their_derivatives(orbitals):
    """Degenerate eigenvalues are degenerate however small they are: derivatives turn with the structure."""
    crystal = bulk("Si", "diamond", 5.43, cubic=True)
    overlap = ip.OverlapMatrix(species=["Si"], r_cut=5.0, max_sites=40, orbitals=orbitals)
    turned = crystal.copy()
    turned.rotate(37.0, (1.0, 2.0, -0.5), rotate_cell=True)
    turned.positions += [1.2, -33.0, 4.0]
    matrix = np.linalg.lstsq(crystal.cell.array, turned.cell.array, rcond=None)[0]
    adjoint = np.random.default_rng(1).normal(size=(1, overlap.n_features))
    here, there = (overlap.pullback(atoms, adjoint, centers=[0]) for atoms in (crystal, turned))
    assert np.abs(there.positions - here.positions @ matrix).max() < 1e-9
    assert np.abs(there.strain - matrix.T @ here.strain @ matrix).max() < 1e-9


def test_degeneracy_knows_no_unit():
    """The Coulomb matrix of hydrogen in units of 1e4 Å is that in Å over 1e4, but for the diagonal."""
    wide = Atoms("H4", 1e4 * np.array([[0, 0, 0], [1.0, 0, 0], [0, 1.3, 0.1], [0.2, 0.3, 1.7]]))
    coulomb = ip.CoulombMatrix(species=["H"], r_cut=1e5, max_sites=5, exponent=0)
    velocity = np.random.default_rng(3).normal(size=(4, 3))
    found = coulomb.pushforward(wide, velocity, centers=[0])[0]
    expected = rate(coulomb, wide, velocity, 10.0)
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


# Functions of angles

ANGLES = {
    "g4": [(0.01, 1, 1), (0.01, 4, -1), (0.1, 2.5, 0.5), (0.02, 1, 0.0)],
    "g5": [(0.02, 2, 1), (0.01, 1, -1), (0.01, 3, 0.25)],
}


@pytest.mark.parametrize("options", [{}, {"cutoff_function": "tanh3"}, {"weights": "number"}], ids=repr)
def test_an_atom_on_the_center_counts_as_the_mean_over_all_directions(options):
    acsf = ip.ACSF(species=["H", "O"], r_cut=6.0, g2=[(1.0, 0.5)], g3=[1.0], **ANGLES, **options)
    n = 400
    k = np.arange(n) + 0.5
    polar, azimuth = np.arccos(1 - 2 * k / n), np.pi * (1 + 5**0.5) * k
    directions = np.stack([np.cos(azimuth) * np.sin(polar), np.sin(azimuth) * np.sin(polar), np.cos(polar)], axis=1)
    frames = []
    for direction in directions:
        frames.append(ON_CENTER.copy())
        frames[-1].positions[1] = 1e-7 * direction
    mean = acsf.transform(frames, centers=[[0]] * n).mean(axis=0)
    row = acsf.transform(ON_CENTER, centers=[0])[0]
    assert np.abs(row - mean).max() < 1e-5 * np.abs(row).max()


def test_the_mean_turns_with_nothing_and_takes_any_number_of_atoms():
    acsf = ip.ACSF(species=["H", "O"], r_cut=6.0, **ANGLES)
    crowd = Atoms("OHHOH", [[0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0.2, 0], [-0.3, 1, 0.1]])
    turned = crowd.copy()
    turned.rotate(50.0, (1, -2, 3))
    turned.positions += 7.7
    swapped = crowd[[0, 2, 1, 3, 4]]
    rows = acsf.transform([crowd, turned, swapped], centers=[[0]] * 3)
    assert np.isfinite(rows).all()
    assert np.abs(rows[1:] - rows[0]).max() < 1e-13
    # Both of a pair on the center: every angle between them is as likely as the cosine says.
    pair = ip.ACSF(species=["H"], r_cut=6.0, g1=False, g5=[(0.0, 1, 1), (0.0, 3, -1)])
    assert pair.transform(Atoms("H3", np.zeros((3, 3))), centers=[0])[0] == pytest.approx([1.0, 0.5], rel=1e-14)


def test_derivatives_there_name_frame_center_and_atom():
    acsf = ip.ACSF(species=["H", "O"], r_cut=6.0, **ANGLES)
    told = (
        r"center 1 of frame 1 cannot be described: atom 0 lies 0\.0e0 Å from it, where functions of angles have values"
    )
    adjoint = np.ones((4, acsf.n_features))
    with pytest.raises(ValueError, match=told):
        acsf.pullback([WATER, ON_CENTER], adjoint, centers=[[0, 1], [2, 1]])
    assert np.isfinite(acsf.derivatives(ON_CENTER, centers=[2, 3]).values).all()
    hybrid = ip.Hybrid([acsf, ip.SOAP(species=["H", "O"], r_cut=4.0, n_max=3, l_max=2)], scale=None)
    assert np.isfinite(hybrid.transform([WATER, ON_CENTER])).all()
    for call in (hybrid.derivatives, lambda atoms: ip.sensitivity(acsf, atoms, 0)):
        with pytest.raises(ValueError, match="atom 1 lies"):
            call(ON_CENTER)


def test_on_the_center_knows_no_unit():
    metres = Atoms(WATER.symbols, WATER.positions * 1e-10)
    acsf = ip.ACSF(species=["H", "O"], r_cut=6e-10, g1=False, g4=[(0.0, 1, 1), (0.0, 4, -1)])
    plain = ip.ACSF(species=["H", "O"], r_cut=6.0, g1=False, g4=[(0.0, 1, 1), (0.0, 4, -1)])
    assert np.allclose(acsf.transform(metres), plain.transform(WATER), rtol=1e-12)
    slopes = [acsf.derivatives(metres).values * 1e-10, plain.derivatives(WATER).values]
    assert np.allclose(*slopes, rtol=0, atol=1e-12)


# Lengths of rows


def gone(r, kind="OH"):
    return Atoms(kind, [[0, 0, 0], [0, 0.3 * r, np.sqrt(0.91) * r]])


@pytest.mark.parametrize("basis", ["poly3", "poly3gauss", "jacobi"])
def test_a_row_keeps_its_length_up_to_the_cutoff(basis):
    turbo = ip.SoapTurbo(species=["H", "O"], r_cut=5.0, n_max=5, l_max=3, central_weight=0.0, basis=basis)
    distances = [*np.arange(4.5, 4.99, 0.01), 4.99, 4.999, 4.9999, 4.99999]
    rows = turbo.transform([gone(r) for r in distances], centers=[[0]] * len(distances))
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, rtol=1e-12)
    jumps = np.linalg.norm(np.diff(rows, axis=0), axis=1)
    assert (jumps < np.diff(distances)).all()
    assert not turbo.transform(gone(5.0), centers=[0]).any()


@pytest.mark.parametrize("r", [4.9, 4.95, 4.999])
def test_derivatives_of_short_rows_are_those_of_their_values(r):
    turbo = ip.SoapTurbo(species=["H", "O"], r_cut=5.0, n_max=5, l_max=3, central_weight=0.0)
    atoms = gone(r)
    atoms += Atoms("H", [[0.6 * 4.97, 0.8 * 4.97, 0]])
    velocity = np.random.default_rng(4).normal(size=(3, 3))
    expected = rate(turbo, atoms, velocity, 1e-5)
    scale = np.abs(expected).max()
    assert np.abs(turbo.pushforward(atoms, velocity, centers=[0])[0] - expected).max() < 1e-6 * scale
    jacobian = turbo.derivatives(atoms, centers=[0]).dense()[0]
    assert np.abs(np.einsum("axf,ax->f", jacobian, velocity) - expected).max() < 1e-6 * scale
    adjoint = np.random.default_rng(5).normal(size=(1, turbo.n_features))
    pull = turbo.pullback(atoms, adjoint, centers=[0]).positions
    assert abs(np.sum(pull * velocity) - adjoint[0] @ expected) < 1e-6 * scale * np.abs(adjoint).sum()


def test_the_reference_keeps_its_floor():
    reference = ip.SoapTurbo(
        species=["H", "O"], r_cut=5.0, r_soft=4.5, n_max=4, l_max=3, central_weight=0.0, policy="reference"
    )
    lengths = np.linalg.norm(reference.transform([gone(4.6), gone(4.97)], centers=[[0], [0]]), axis=1)
    assert lengths[0] == pytest.approx(1.0)
    assert lengths[1] < 1e-5


@pytest.mark.parametrize("weight", [1e-12, 1e-60, 1e-100, 1e-150, 1e60])
def test_weights_of_any_size_give_the_same_normalized_rows(weight):
    kwargs = {"species": ["H", "O"], "r_cut": 4.0, "n_max": 4, "l_max": 3}
    plain = ip.SOAP(**kwargs)
    scaled = ip.SOAP(**kwargs, species_weight={"H": weight, "O": weight})
    frames = [WATER, molecule("CH3OH")[[1, 2, 3]]]
    rows = plain.transform(frames)
    assert np.abs(scaled.transform(frames) - rows).max() < 1e-13
    velocity, adjoint = np.random.default_rng(6).normal(size=(6, 3)), np.random.default_rng(7).normal(size=rows.shape)
    assert np.allclose(scaled.pushforward(frames, velocity), plain.pushforward(frames, velocity), rtol=0, atol=1e-11)
    pulls = [soap.pullback(frames, adjoint).positions for soap in (scaled, plain)]
    assert np.allclose(*pulls, rtol=0, atol=1e-11)
    blocks = [soap.derivatives(WATER).values for soap in (scaled, plain)]
    assert np.allclose(*blocks, rtol=0, atol=1e-11)


# Weights without bounds


def test_a_weight_without_bounds_names_the_atom_that_has_none():
    weighting = {"function": "pow", "r0": 2.0, "c": 1.0, "d": 0.0, "m": 1.5, "w0": 1.0}
    soap = ip.SOAP(species=["H", "O"], r_cut=4.0, n_max=3, l_max=2, weighting=weighting)
    near = ON_CENTER.copy()
    near.positions[1, 0] = 2e-16
    told = r"center 0 of frame 1 cannot be described: atom 1 lies 2\.0e-16 Å from it, where a weight that grows without"
    with pytest.raises(ValueError, match=told):
        soap.transform([WATER, near])
    with pytest.raises(ValueError, match=told):
        soap.pullback([WATER, near], np.ones((7, soap.n_features)))
    # Exactly there the weight was given, and a bounded one needs no distance.
    assert np.isfinite(soap.transform(ON_CENTER)).all()
    bounded = ip.SOAP(species=["H", "O"], r_cut=4.0, n_max=3, l_max=2, weighting={**weighting, "d": 1e-3})
    assert np.isfinite(bounded.derivatives(near).values).all()
