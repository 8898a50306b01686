"""Matrices of all atoms of a frame: against their plain twins, their derivatives, and at their limits."""

import pickle

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

import isoprint as ip
import naive_atom_matrices as naive
from catalog import ATOM_MATRICES
from isoprint.testing import (
    assert_jacobian_consistent,
    assert_pullback_is_the_derivative,
    assert_same_for_any_threads,
    assert_strain_is_the_derivative,
)
from isoprint.testing.strategies import frames
from test_gradients import without_kinks

every = pytest.mark.parametrize("case", ATOM_MATRICES, ids=repr)
precise = pytest.mark.parametrize("case", [c for c in ATOM_MATRICES if c.descriptor.dtype == "float64"], ids=repr)
seeds = st.integers(0, 2**32 - 1)
spread = frames(max_atoms=5, min_distance=0.6, min_cell=3.0)
crowded = frames(max_atoms=5, min_cell=2.5)
TWINS = [
    (ip.GlobalCoulombMatrix, naive.coulomb),
    (ip.SineMatrix, naive.sine),
    (ip.EwaldSumMatrix, lambda atoms: naive.ewald(atoms, 0.8, reach=9)),
]
PERMUTATIONS = ("none", "sorted_l2", "eigenspectrum")
kinds = pytest.mark.parametrize("kind", [kind for kind, _ in TWINS])


def of(case_or_kind, atoms):
    """The same atoms as a molecule, or as a crystal."""
    kind = getattr(case_or_kind, "descriptor", case_or_kind)
    kind = kind if isinstance(kind, type) else type(kind)
    moved = atoms.copy()
    moved.pbc = kind is not ip.GlobalCoulombMatrix
    return moved


def assume_apart(atoms):
    """No atom near an image of another: what is a molecule in one cell may be a heap in the crystal."""
    assume(not len(ip.neighbors(atoms, 0.5).index))


def assume_ordered(case, atoms):
    """No two rows about equally long, so that a small step does not change their order."""
    bare = clone(case.descriptor).set_params(permutation="none", sigma=None, seed=None)
    matrix = bare.transform(atoms)[0].reshape(bare.n_atoms_max, -1)
    lengths = np.sort(np.linalg.norm(matrix, axis=1)[: len(atoms)])
    if case.descriptor.permutation in ("sorted_l2", "random"):
        assume((np.diff(lengths) > 1e-3 * lengths[1:]).all())


# Values


@pytest.mark.parametrize("permutation", PERMUTATIONS)
@pytest.mark.parametrize(("kind", "twin"), TWINS)
@given(atoms=spread)
def test_agrees_with_the_definition(kind, twin, permutation, atoms):
    atoms = of(kind, atoms)
    assume_apart(atoms)
    matrix = twin(atoms)
    lengths = np.sort(np.linalg.norm(matrix, axis=1))
    assume((np.diff(lengths) > 1e-9 * lengths[1:]).all() or permutation != "sorted_l2")
    row = kind(n_atoms_max=6, permutation=permutation, r_core=1e-6).transform(atoms)[0]
    expected = naive.permuted(matrix, permutation, 6)
    np.testing.assert_allclose(row, expected, rtol=0, atol=2e-11 * np.abs(expected).max())


def test_the_upper_triangle_of_the_ewald_matrix_is_the_energy():
    """Madelung's constant of rock salt, from charges of one sign: the background is that of half of them."""
    salt = bulk("NaCl", "rocksalt", a=5.64)
    matrix = ip.EwaldSumMatrix(n_atoms_max=2, permutation="none").transform(salt).reshape(2, 2)
    numbers = salt.numbers[:, None] * salt.numbers
    bare = matrix / numbers  # charges of one electron each
    energy = bare[0, 0] + bare[1, 1] - bare[0, 1]
    assert energy == pytest.approx(-1.747564594633 / 2.82, abs=1e-10)


@pytest.mark.parametrize(
    "options", [{"a": 0.9, "r_cut": 9.0, "g_cut": 14.0}, {"w": 5.0}, {"w": 0.2}, {"a": 1.4}, {"accuracy": 1e-14}]
)
def test_how_the_sums_are_parted_does_not_matter(options):
    atoms = bulk("GaAs", "zincblende", a=5.65) * (2, 1, 1)
    atoms.rattle(0.1, seed=1)
    expected = ip.EwaldSumMatrix(n_atoms_max=4).transform(atoms)
    np.testing.assert_allclose(ip.EwaldSumMatrix(n_atoms_max=4, **options).transform(atoms), expected, rtol=1e-10)


# Invariance


def rotated(rng):
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    return turn * np.linalg.det(turn)


@every
@given(atoms=crowded, seed=seeds)
def test_rows_do_not_depend_on_how_a_structure_is_written(case, atoms, seed):
    atoms, rng = of(case, atoms), np.random.default_rng(seed)
    row = case.descriptor.transform(atoms)
    turn, shift, order = rotated(rng), rng.uniform(-3.0, 3.0, 3), rng.permutation(len(atoms))
    lengths = np.linalg.norm(
        clone(case.descriptor)
        .set_params(permutation="none", sigma=None, seed=None)
        .transform(atoms)
        .reshape(case.descriptor.n_atoms_max, -1)[: len(atoms)],
        axis=1,
    )
    if case.descriptor.permutation in ("sorted_l2", "random"):
        assume((np.diff(np.sort(lengths)) > 1e-6 * np.sort(lengths)[1:]).all())
    allowed = (1e-5 if case.descriptor.dtype == "float32" else 1e-9) * np.abs(row).max()

    def same(positions, cell, order=slice(None)):
        moved = Atoms(atoms.numbers[order], positions[order], cell=cell, pbc=atoms.pbc)
        np.testing.assert_allclose(case.descriptor.transform(moved), row, rtol=0, atol=allowed)

    cell = atoms.cell.array
    same(atoms.positions @ turn, cell @ turn)
    same(atoms.positions + shift, cell)
    if case.descriptor.permutation in ("sorted_l2", "eigenspectrum"):
        same(atoms.positions, cell, order)
    if atoms.pbc.all():
        same(atoms.positions + rng.integers(-2, 3, (len(atoms), 3)) @ cell, cell)
    if isinstance(case.descriptor, ip.EwaldSumMatrix):  # the sine matrix depends on which vectors span the lattice
        same(atoms.positions, np.array([cell[0], cell[1], cell[0] + cell[1] - cell[2]]))


# Derivatives


@precise
@given(atoms=spread, seed=seeds)
def test_pullback_is_the_difference(case, atoms, seed):
    atoms = of(case, atoms)
    assume_apart(atoms)
    assume_ordered(case, atoms)
    assert_pullback_is_the_derivative(without_kinks(case), atoms, seed=seed, tolerance=1e-6, step=1e-4)


@precise
@given(atoms=spread, seed=seeds)
def test_strain_is_the_difference(case, atoms, seed):
    atoms = of(case, atoms)
    assume_apart(atoms)
    assume_ordered(case, atoms)
    assert_strain_is_the_derivative(without_kinks(case), atoms, seed=seed, tolerance=1e-6)


@every
@given(atoms=crowded, seed=seeds)
def test_all_derivatives_are_one_jacobian(case, atoms, seed):
    """Coincident atoms too: there derivatives are a convention, but the same one everywhere."""
    assert_jacobian_consistent(case.descriptor, of(case, atoms), seed=seed)


@every
def test_threads_do_not_change_a_bit(case, several):
    kept = [frame for frame in several if len(frame) <= case.descriptor.n_atoms_max]
    for frame in kept:
        frame.set_cell(frame.cell.array if frame.cell.rank == 3 else [7.0, 8.0, 9.0])
    assert_same_for_any_threads(case.descriptor, [of(case, frame) for frame in kept * 8])


@pytest.mark.parametrize("degenerate", ["average", "raw"])
def test_degenerate_eigenvalues_have_a_mean_that_changes_smoothly(degenerate):
    """Methane has three equal eigenvalues; their sum has a derivative, whatever theirs are taken to be."""
    atoms, rng = molecule("CH4"), np.random.default_rng(2)
    half = 0.63 * np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    atoms.positions = half
    matrix = ip.GlobalCoulombMatrix(n_atoms_max=5, permutation="eigenspectrum", degenerate=degenerate)
    along = rng.standard_normal((5, 3))
    change = matrix.pushforward(atoms, along)[0]
    if degenerate == "average":
        assert np.ptp(change[2:]) < 1e-12
    moved = [Atoms("CH4", half + step * along) for step in (1e-4, -1e-4)]
    forth, back = matrix.transform(moved)
    assert change.sum() == pytest.approx((forth - back).sum() / 2e-4, abs=1e-6)


def test_degenerate_may_be_an_error():
    atoms = Atoms("CH4", 0.63 * np.array([[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]))
    eigen = ip.GlobalCoulombMatrix(n_atoms_max=5, permutation="eigenspectrum", degenerate="error")
    ordered = ip.GlobalCoulombMatrix(n_atoms_max=5, degenerate="error")
    assert np.isfinite(eigen.transform(atoms)).all()
    assert np.isfinite(ordered.transform(atoms)).all()
    with pytest.raises(ValueError, match=r"frame 0 cannot be described: its eigenvalues 1 and 2, .* are degenerate"):
        eigen.derivatives(atoms)
    with pytest.raises(ValueError, match="the rows of atoms 1 and 2 are equally long"):
        ordered.pullback(atoms, np.ones((1, 25)))


# The order of atoms


def test_atoms_that_are_alike_keep_their_order_whatever_rounding_does():
    atoms, rng = molecule("C6H6"), np.random.default_rng(0)
    matrix = ip.GlobalCoulombMatrix(n_atoms_max=12)
    row = matrix.transform(atoms)
    for _ in range(5):
        atoms.positions = atoms.positions @ rotated(rng) + rng.uniform(-1.0, 1.0, 3)
        np.testing.assert_allclose(matrix.transform(atoms), row, atol=1e-12 * row.max())


def test_noise_is_the_same_for_the_same_seed_and_frame():
    atoms = molecule("CH3CH2OH")
    noisy = ip.GlobalCoulombMatrix(n_atoms_max=9, permutation="random", sigma=5.0, seed=3)
    row = noisy.transform(atoms)
    np.testing.assert_array_equal(noisy.transform([atoms, atoms]), [row[0], row[0]])
    others = [clone(noisy).set_params(seed=seed).transform(atoms) for seed in range(10)]
    assert len({other.tobytes() for other in others}) > 5
    plain = ip.GlobalCoulombMatrix(n_atoms_max=9, permutation="none").transform(atoms)
    np.testing.assert_array_equal(np.sort(row), np.sort(plain))
    quiet = clone(noisy).set_params(sigma=1e-9)
    lengths = np.linalg.norm(quiet.transform(atoms).reshape(9, 9), axis=1)
    assert (np.diff(lengths) < 1e-6).all()


# What is no frame for them


@kinds
def test_atoms_in_one_place_have_finite_features(kind):
    atoms = of(kind, Atoms("CHO", [[1, 1, 1], [1, 1, 1], [2.2, 1.1, 1]], cell=[5, 6, 7]))
    matrix = kind(n_atoms_max=4)
    assert np.isfinite(matrix.transform(atoms)).all()
    assert np.isfinite(matrix.derivatives(atoms).values).all()
    assert np.isfinite(matrix.pullback(atoms, np.ones((1, 16))).strain).all()


@kinds
def test_an_empty_frame_is_a_row_of_zeros(kind):
    atoms = of(kind, Atoms(cell=[4, 4, 4]))
    for permutation in PERMUTATIONS:
        matrix = kind(n_atoms_max=3, permutation=permutation)
        assert not matrix.transform(atoms).any()
        assert matrix.derivatives(atoms).values.shape == (0, 3, matrix.n_features)
        assert not matrix.pullback(atoms, np.ones((1, matrix.n_features))).strain.any()
        assert matrix.transform([]).shape == (0, matrix.n_features)


@kinds
def test_a_single_atom_has_one_entry(kind):
    atoms = of(kind, Atoms("N", [[1, 2, 3]], cell=[4, 4, 4]))
    matrix = kind(n_atoms_max=2, permutation="eigenspectrum")
    row = matrix.transform(atoms)[0]
    assert row[0] != 0.0
    assert row[1] == 0.0
    assert not matrix.derivatives(atoms).values.any()


@pytest.mark.parametrize(
    ("kind", "options", "atoms", "message"),
    [
        (ip.GlobalCoulombMatrix, {}, bulk("Cu"), r"frame 0 .*periodic \(pbc \[true, true, true\]\).*periodic=False"),
        (ip.SineMatrix, {}, molecule("H2O"), "frame 0 .*not periodic along all three axes.*GlobalCoulombMatrix"),
        (ip.EwaldSumMatrix, {}, Atoms("H", cell=[3, 3, 3], pbc=[1, 1, 0]), "not periodic along all three axes"),
        (ip.SineMatrix, {}, Atoms("H", cell=[3, 3, 0], pbc=True), "cell .* of frame 0 has no volume"),
        (ip.EwaldSumMatrix, {}, Atoms("H", cell=[[1, 1, 0], [2, 2, 0], [0, 0, 1]], pbc=True), "has no volume"),
        (ip.GlobalCoulombMatrix, {}, molecule("C6H6"), "it has 12 atoms, and n_atoms_max is 3; raise n_atoms_max"),
        (ip.GlobalCoulombMatrix, {}, Atoms("H", [[np.nan, 0, 0]]), "position of atom 0 of frame 0 is"),
        (ip.GlobalCoulombMatrix, {}, Atoms("H2", [[0, 0, 0], [1e200, 0, 0]]), "up to 1e200 Å; check their unit"),
        (ip.EwaldSumMatrix, {"r_cut": 1e4, "g_cut": 1.0}, Atoms("H", cell=[1, 1, 1], pbc=True), "would take 8.* terms"),
        (ip.EwaldSumMatrix, {"r_cut": 5.0}, bulk("Cu"), "r_cut is 5.0; it is given without g_cut"),
        (ip.EwaldSumMatrix, {"g_cut": 5.0}, bulk("Cu"), "g_cut is 5.0; it is given without r_cut"),
        (ip.EwaldSumMatrix, {"accuracy": 1.0}, bulk("Cu"), "accuracy is 1.0; it must be between 0 and 1"),
        (ip.EwaldSumMatrix, {"w": -1}, bulk("Cu"), "w is -1; it must be a positive number"),
        (ip.EwaldSumMatrix, {"a": "1"}, bulk("Cu"), "a is '1'; it must be a positive number"),
        (ip.SineMatrix, {"n_atoms_max": 0}, bulk("Cu"), "n_atoms_max is 0; it must be an integer from 1"),
        (ip.SineMatrix, {"n_atoms_max": 20_000}, bulk("Cu"), "n_atoms_max is 20000; it must be an integer from 1"),
        (ip.SineMatrix, {"n_atoms_max": "3"}, bulk("Cu"), "n_atoms_max is '3'"),
        (ip.SineMatrix, {"permutation": "sorted"}, bulk("Cu"), "permutation is 'sorted'; choose one of"),
        (ip.SineMatrix, {"permutation": "random"}, bulk("Cu"), "sigma is None; permutation=\"random\" needs one"),
        (ip.SineMatrix, {"sigma": 1.0}, bulk("Cu"), "sigma is 1.0; it is the noise of permutation=\"random\""),
        (ip.SineMatrix, {"permutation": "random", "sigma": -1.0}, bulk("Cu"), "sigma is -1.0; it must be a positive"),
        (ip.SineMatrix, {"permutation": "random", "sigma": 1.0, "seed": -1}, bulk("Cu"), "seed is -1; it must be"),
        (ip.SineMatrix, {"r_core": 0.0}, bulk("Cu"), "r_core is 0.0; it must be at least 1e-6 Å"),
        (ip.SineMatrix, {"degenerate": "directional"}, bulk("Cu"), "degenerate is 'directional'; choose one of"),
        (ip.SineMatrix, {"dtype": "int"}, bulk("Cu"), "dtype is 'int'; choose one of"),
    ],
)  # fmt: skip
def test_messages(kind, options, atoms, message):
    with pytest.raises(ValueError, match=message):
        kind(**{"n_atoms_max": 3, **options}).transform(atoms)


def test_periodic_false_takes_frames_for_open_ones():
    atoms = Atoms("CO", [[0, 0, 0], [0, 0, 1.1]], cell=[3, 3, 3], pbc=True)
    row = ip.GlobalCoulombMatrix(n_atoms_max=2, periodic=False).transform(atoms)
    atoms.pbc = False
    np.testing.assert_array_equal(row, ip.GlobalCoulombMatrix(n_atoms_max=2).transform(atoms))


def test_rows_are_of_frames():
    water = molecule("H2O")
    matrix = ip.GlobalCoulombMatrix(n_atoms_max=3)
    for method in (matrix.transform, matrix.derivatives):
        with pytest.raises(ValueError, match=r"centers is \[0\], and GlobalCoulombMatrix describes whole frames"):
            method(water, centers=[0])
        with pytest.raises(ValueError, match=r"neighbors is .*, and GlobalCoulombMatrix describes whole frames"):
            method(water, neighbors=ip.neighbors(water, 2.0))


# Like any other fingerprint


@every
def test_pickles_and_clones(case):
    atoms = of(case, Atoms("COH", [[0, 0, 0], [1.2, 0, 0], [0, 1.0, 0.3]], cell=[4, 5, 6]))
    expected = case.descriptor.transform(atoms)
    for other in (pickle.loads(pickle.dumps(case.descriptor)), clone(case.descriptor)):
        np.testing.assert_array_equal(other.transform(atoms), expected)
    assert len(case.descriptor.get_feature_names_out()) == len(set(case.descriptor.get_feature_names_out()))
    assert case.descriptor.n_features == expected.shape[1]
    sparse = case.descriptor.transform([atoms] * 3, sparse="scipy")
    np.testing.assert_array_equal(sparse.toarray(), np.repeat(expected, 3, axis=0))


def test_fit_learns_the_size_of_the_largest_frame():
    matrix = ip.GlobalCoulombMatrix()
    with pytest.raises(ValueError, match="does not know how large a frame may be; call fit"):
        matrix.transform(molecule("H2O"))
    assert matrix.fit([molecule("H2O"), molecule("CH4")]).n_atoms_max_ == 5
    assert pickle.loads(pickle.dumps(matrix)).n_features == 25
    assert ip.GlobalCoulombMatrix(n_atoms_max=7).fit(molecule("CH4")).n_atoms_max_ == 7
    with pytest.raises(ValueError, match="no atoms to learn the size of a frame from"):
        ip.GlobalCoulombMatrix().fit([Atoms()])


def test_in_a_pipeline():
    frames = [molecule(name) for name in ("H2O", "CH4", "NH3", "C2H6", "CH3OH")]
    model = make_pipeline(ip.GlobalCoulombMatrix(permutation="eigenspectrum"), Ridge())
    energies = model.fit(frames, np.arange(5.0)).predict(frames)
    assert energies.shape == (5,)
    table = ip.GlobalCoulombMatrix().set_output(transform="pandas").fit_transform(frames)
    assert table.columns[1] == "cm 1 2"
    assert len(table) == 5


@every
def test_fused_is_a_pullback(case):
    atoms = of(case, Atoms("COH", [[0, 0, 0], [1.2, 0, 0], [0, 1.0, 0.3]], cell=[4, 5, 6]))
    frames = [atoms, atoms[:2], atoms]
    seen = []

    def function(rows, features):
        seen.extend(rows.frame)
        return 2.0 * features

    features, gradient = case.descriptor.fused(frames, function, features=True, block=2)
    np.testing.assert_array_equal(features, case.descriptor.transform(frames))
    expected = case.descriptor.pullback(frames, 2.0 * features)
    np.testing.assert_allclose(gradient.positions, expected.positions, atol=1e-12 * abs(expected.positions).max())
    np.testing.assert_allclose(gradient.strain, expected.strain, atol=1e-12 * abs(expected.strain).max())
    assert seen == [0, 1, 2]


def test_jacobians_of_several_frames_and_piece_by_piece():
    frames = [molecule("H2O"), molecule("CH4"), molecule("CO2")]
    matrix = ip.GlobalCoulombMatrix(n_atoms_max=5)
    together = matrix.derivatives(frames)
    for found, frame in zip(together, frames, strict=True):
        np.testing.assert_array_equal(found.values, matrix.derivatives(frame).values)
        assert found.dense().shape == (1, len(frame), 3, 25)
    pieces = list(matrix.iter_derivatives(frames, max_bytes=1))
    assert [piece.frame for piece in pieces] == [0, 1, 2]
    for piece, found in zip(pieces, together, strict=True):
        np.testing.assert_array_equal(piece.values, found.values)


def test_beside_averages_in_a_hybrid():
    frames = [molecule("H2O"), molecule("CH3OH")]
    soap = ip.SOAP(r_cut=3.0, n_max=2, l_max=1, species=["H", "C", "O"], average="outer")
    matrix = ip.GlobalCoulombMatrix(n_atoms_max=6)
    both = ip.Hybrid([soap, matrix], scale=None)
    rows = both.transform(frames)
    np.testing.assert_array_equal(rows, np.hstack([soap.transform(frames), matrix.transform(frames)]))
    assert_jacobian_consistent(both, frames[1])
    with pytest.raises(ValueError, match="centers are given, and GlobalCoulombMatrix describes whole frames"):
        both.transform(frames, centers=[[0], [0]])
    with pytest.raises(ValueError, match="average is None for block"):
        ip.Hybrid([soap.set_params(average=None), matrix], scale=None).transform(frames)


def test_a_bad_frame_is_counted_among_all():
    frames = [molecule("H2O")] * 20 + [molecule("C6H6")]
    matrix = ip.GlobalCoulombMatrix(n_atoms_max=3)
    with pytest.raises(ValueError, match="frame 20 cannot be described: it has 12 atoms"):
        matrix.transform(frames)
    with pytest.raises(ValueError, match="frame 20 cannot be described"):
        matrix.fused(frames, lambda rows, features: features, block=4)
    with pytest.raises(ValueError, match="frame 20 cannot be described"):
        ip.GlobalCoulombMatrix(n_atoms_max=5, dtype="float32").transform(frames, sparse="scipy")
    with pytest.raises(ValueError, match="frame 20 cannot be described"):
        list(matrix.iter_derivatives(frames, max_bytes=1))
    adjoint = np.ones((2, 9))
    adjoint[1, 4] = np.nan
    with pytest.raises(ValueError, match="adjoint has the entry NaN in row 1, column 4"):
        matrix.pullback(frames[:2], adjoint)


def test_work_can_be_stopped_and_tells_how_far_it_is():
    told = []
    frames = [molecule("H2O")] * 100
    ip.GlobalCoulombMatrix(n_atoms_max=3).transform(frames, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (100, 100)

    def stop(done, total):
        raise LookupError("enough")

    big = Atoms("H400", np.random.default_rng(0).uniform(0.0, 30.0, (400, 3)), cell=[30] * 3, pbc=True)
    with pytest.raises(LookupError, match="enough"):
        ip.EwaldSumMatrix(n_atoms_max=400).transform([big] * 50, progress=stop)
