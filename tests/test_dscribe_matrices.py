"""The matrices of DScribe's interface: its numbers, forms and errors."""

import pickle
import platform
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

import isoprint as ip
from isoprint.compat.dscribe.descriptors import CoulombMatrix, EwaldSumMatrix, SineMatrix
from test_golden_atom_matrices import CASES, GOLDEN, case_of, structures

KINDS = {"CoulombMatrix": CoulombMatrix, "SineMatrix": SineMatrix, "EwaldSumMatrix": EwaldSumMatrix}
every = pytest.mark.parametrize("kind", KINDS.values())


def crystal(n=3):
    rng = np.random.default_rng(n)
    return Atoms("CHO"[:n], rng.uniform(0.0, 4.0, (n, 3)), cell=[5.0, 5.5, 6.0], pbc=True)


@pytest.mark.parametrize("case", CASES)
def test_numbers_are_those_of_dscribe(case):
    kind, options, sums, expected = case_of(case)
    frames = structures(kind)
    tolerance = {"rtol": 0, "atol": 1e-12 * np.abs(expected).max()}
    descriptor = KINDS[kind](n_atoms_max=9, **options)
    np.testing.assert_allclose(descriptor.create(frames, **sums), expected, **tolerance)
    again = KINDS[kind](n_atoms_max=9, **options)
    for frame, row in zip(frames, expected, strict=True):  # the noise goes on from call to call
        np.testing.assert_allclose(again.create(frame, **sums), row, **tolerance)


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the powers of another library, another rounding"
)
def test_atoms_that_are_alike_are_ordered_as_rounding_has_it_there():
    frames = [molecule(name) for name in GOLDEN["symmetric/names"]]
    rows = CoulombMatrix(9).create(frames)
    np.testing.assert_array_equal(rows, GOLDEN["symmetric/features"])
    ours = ip.GlobalCoulombMatrix(n_atoms_max=9).transform(frames)
    assert not np.allclose(ours, rows)
    np.testing.assert_allclose(np.sort(ours), np.sort(rows), rtol=1e-14)


@every
def test_forms_of_results(kind):
    frames = [crystal(), crystal(2)]
    descriptor = kind(4)
    assert descriptor.get_number_of_features() == 16
    assert descriptor.create(frames[0]).shape == descriptor.create(frames[:1]).shape == (16,)
    rows = descriptor.create(frames, n_jobs=2)
    assert rows.shape == (2, 16)
    assert descriptor.unflatten(rows).shape == (2, 4, 4)
    assert descriptor.unflatten(rows[0]).shape == (4, 4)
    assert kind(4, "eigenspectrum").create(frames).shape == (2, 4)
    sparse = pytest.importorskip("sparse")
    found = kind(4, sparse=True).create(frames)
    assert isinstance(found, sparse.COO)
    np.testing.assert_array_equal(found.todense(), rows)
    assert kind(4, sparse=True).unflatten(found).shape == (2, 4, 4)
    assert kind(4, sparse=True).create(frames[0]).shape == (16,)


@every
def test_derivatives(kind):
    frames = [crystal(), crystal()]
    descriptor = kind(4, permutation="none")
    derivatives, row = descriptor.derivatives(frames[0])
    assert derivatives.shape == (3, 3, 16)
    np.testing.assert_array_equal(row, descriptor.create(frames[0]))
    numerical = descriptor.derivatives(frames[0], method="numerical", return_descriptor=False)
    np.testing.assert_allclose(derivatives, numerical, atol=1e-4 * np.abs(derivatives).max())
    some = descriptor.derivatives(frames, include=[2, 0], return_descriptor=False)
    np.testing.assert_array_equal(some[1], derivatives[[2, 0]])
    assert descriptor.derivatives(frames, exclude=[1])[0].shape == (2, 2, 3, 16)
    mixed, rows = descriptor.derivatives([crystal(), crystal(2)])
    assert [one.shape for one in mixed] == [(3, 3, 16), (2, 3, 16)]
    assert len(rows) == 2
    with pytest.raises(ValueError, match="Invalid method"):
        descriptor.derivatives(frames, method="analytical")


@every
def test_errors(kind):
    with pytest.raises(ValueError, match="must be a positive number"):
        kind(-1)
    with pytest.raises(ValueError, match="Unknown permutation option 'unknown'"):
        kind(5, permutation="unknown")
    with pytest.raises(ValueError, match="Please specify sigma"):
        kind(5, permutation="random")
    with pytest.raises(ValueError, match="Sigma value specified"):
        kind(5, sigma=1.0)
    with pytest.raises(ValueError, match=r"more atoms \(3\) than allowed by n_atoms_max \(2\)"):
        kind(2).create([crystal()])


@pytest.mark.parametrize("kind", [SineMatrix, EwaldSumMatrix])
def test_a_cell_without_volume_is_an_error(kind):
    with pytest.raises(ValueError, match="no volume"):
        kind(3).create(molecule("H2O"))
    with pytest.raises(ValueError, match="Invalid output data type"):
        kind(3, dtype="int")


@every
def test_attributes_may_be_set(kind):
    descriptor = kind(3)
    before = descriptor.create(crystal())
    descriptor.permutation = "eigenspectrum"
    assert descriptor.create(crystal()).shape == (3,)
    descriptor.n_atoms_max = 5
    assert descriptor.create(crystal()).shape == (5,)
    descriptor.permutation = "random"
    descriptor.n_atoms_max, descriptor.sigma, descriptor.seed = 3, 100.0, 7
    first = [descriptor.create(crystal()) for _ in range(5)]
    descriptor.seed = 7
    np.testing.assert_array_equal([descriptor.create(crystal()) for _ in range(5)], first)
    assert len({row.tobytes() for row in first}) > 1
    np.testing.assert_allclose(np.sort(first[0]), np.sort(before))
    descriptor.permutation, descriptor.sigma = "sorted_l2", None
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(descriptor)).create(crystal()), before)


@every
def test_the_matrix_itself(kind):
    atoms = crystal()
    matrix = kind(5).get_matrix(atoms)
    assert matrix.shape == (3, 3)
    descriptor = kind(5, permutation="none")
    np.testing.assert_array_equal(descriptor.unflatten(descriptor.create(atoms))[:3, :3], matrix)
    np.testing.assert_allclose(descriptor.zero_pad(descriptor.sort(matrix)).ravel(), kind(5).create(atoms))
    eigenvalues = kind(5, permutation="eigenspectrum").create(atoms)
    np.testing.assert_allclose(descriptor.get_eigenspectrum(matrix), eigenvalues[:3], atol=1e-10)


def test_periodicity_is_what_the_class_says():
    closed = crystal()
    opened = closed.copy()
    opened.pbc = False
    for kind in KINDS.values():
        np.testing.assert_array_equal(kind(3).create(closed), kind(3).create(opened))


def test_atoms_in_one_place_have_infinite_entries():
    atoms = Atoms("H2", [[0, 0, 0], [10, 20, 10]], cell=[[10, 10, 0], [0, 10, 0], [0, 0, 10]], pbc=True)
    assert np.isinf(SineMatrix(2, "none").create(atoms)[1])
    atoms.positions[1] = 0.0
    assert np.isinf(CoulombMatrix(2, "none").create(atoms)[1])
    assert np.isfinite(EwaldSumMatrix(2, "none").create(atoms)).all()


def test_sums_of_each_structure():
    frames = [crystal(), crystal(2)]
    ewald = EwaldSumMatrix(3, "none")
    rows = ewald.create(frames, accuracy=[1e-5, 1e-9], w=2)
    np.testing.assert_array_equal(rows[0], ewald.create(frames[0], accuracy=1e-5, w=2))
    np.testing.assert_array_equal(rows[1], ewald.create(frames[1], 1e-9, 2))
    assert not np.array_equal(rows[1], ewald.create(frames[1], 1e-5, 2))
    np.testing.assert_array_equal(ewald.create_single(frames[1], accuracy=1e-9, w=2), rows[1])
    for given in ({"r_cut": 10}, {"g_cut": 10}):
        with pytest.raises(ValueError, match="provide both cutoffs"):
            ewald.create(frames, **given)
    assert np.isfinite(ewald.create(bulk("NaCl", "rocksalt", a=5.64), a=0.5)).all()


def test_half_the_place():
    row = SineMatrix(3, dtype="float32").create(crystal())
    assert row.dtype == np.float32
