"""Sparse rows: the numbers of the dense ones, without those that are zero for want of a species."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from sklearn.base import clone
from sklearn.decomposition import TruncatedSVD
from sklearn.pipeline import make_pipeline

import isoprint as ip
from catalog import EVERY_DESCRIPTOR_AND_OPTION, in_cells

FIVE = ["H", "C", "N", "O", "F"]
SMALL = {"r_cut": 4.0, "n_max": 4, "l_max": 3, "species": FIVE}
MOLECULES = [molecule(name) for name in ("H2O", "CH4", "HCN", "N2", "CH3OH")]

every = pytest.mark.parametrize("case", EVERY_DESCRIPTOR_AND_OPTION, ids=repr)


def structures(elements):
    """Some frames in which not every element is there, one without atoms, and a periodic one."""
    rng = np.random.default_rng(3)
    of = [elements[:1] * 2, list(elements), list(elements[-1:]) * 3, [], list(elements[::-1]) + list(elements[:1])]
    frames = [Atoms(symbols, rng.uniform(0.0, 2.2, (len(symbols), 3))) for symbols in of]
    frames[-1].set_cell([3.5, 3.6, 3.7])
    frames[-1].set_pbc(True)
    return frames


def same_bits(sparse, dense):
    found = sparse.toarray()
    assert found.dtype == dense.dtype
    assert found.shape == dense.shape
    # A zero that is not stored has no sign.
    np.testing.assert_array_equal(found, dense)
    assert sparse.has_canonical_format


@every
def test_sparse_rows_are_the_dense_rows(case):
    frames = in_cells(case, structures(case.elements))
    dense = case.descriptor.transform(frames)
    for jobs in (1, 2):
        same_bits(case.descriptor.transform(frames, sparse="scipy", n_jobs=jobs), dense)


@pytest.mark.parametrize("average", [None, "inner", "outer"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("make", [ip.SOAP, ip.SoapTurbo, ip.SOAP.from_dscribe, ip.SOAP.from_featomic])
def test_zeros_are_stored_only_where_a_pair_of_species_is_there(make, dtype, average):
    theirs = make == ip.SOAP.from_dscribe
    options = dict(SMALL, average=average or "off" if theirs else average, dtype=dtype)
    if make == ip.SOAP.from_featomic:
        basis = {"type": "TensorProduct", "max_angular": 3, "radial": {"type": "Gto", "max_radial": 3}}
        cutoff = {"radius": 4.0, "smoothing": {"type": "ShiftedCosine", "width": 0.5}}
        density = {"type": "Gaussian", "width": 0.4}
        soap = make(cutoff=cutoff, density=density, basis=basis, species=FIVE, dtype=dtype)
        soap.set_params(average=average)
    else:
        soap = make(**options)
    dense, sparse = soap.transform(MOLECULES), soap.transform(MOLECULES, sparse="scipy")
    same_bits(sparse, dense)
    names = [name.replace(".", " ").split() for name in soap.get_feature_names_out()]
    of_rows = [set(atoms.symbols) for atoms in MOLECULES for _ in range(1 if average else len(atoms))]
    for row, there in enumerate(of_rows):
        expected = [k for k, name in enumerate(names) if {name[0], name[2]} <= there]
        stored = sparse.indices[sparse.indptr[row] : sparse.indptr[row + 1]].tolist()
        assert stored == expected or (average == "outer" and set(stored) <= set(expected))
    assert sparse.nnz < 0.5 * dense.size


def test_rows_keep_their_order_in_large_frames_and_lists_of_centers():
    crystal = bulk("NaCl", "rocksalt", 5.64, cubic=True).repeat(6)
    crystal.rattle(0.1, seed=1)
    soap = ip.SOAP(r_cut=3.5, n_max=2, l_max=2, species=["C", "Na", "Cl"])
    for jobs in (1, 2):
        same_bits(soap.transform([crystal, molecule("CH4")[[0]]], sparse="scipy", n_jobs=jobs),
                  soap.transform([crystal, molecule("CH4")[[0]]], n_jobs=1))  # fmt: skip
    centers = [7, [0.3, 0.2, 0.1], 3, 7]
    same_bits(soap.transform(crystal, centers=centers, sparse="scipy"), soap.transform(crystal, centers=centers))


def test_nothing_to_describe_is_an_array_without_entries():
    soap = ip.SOAP(**SMALL)
    assert soap.transform([], sparse="scipy").shape == (0, soap.n_features)
    assert soap.transform(molecule("H2O"), centers=[], sparse="scipy").shape == (0, soap.n_features)


def test_memory_is_that_of_the_entries():
    """A hundred thousand columns, of which a center sees one in a hundred."""
    soap = ip.SOAP(r_cut=3.0, n_max=4, l_max=4, species=list(range(1, 51)))
    frames = [molecule("CH4")] * 400
    rows = soap.transform(frames, sparse="scipy")
    assert rows.shape == (2000, 100500)
    assert rows.nnz == 2000 * 5 * 36
    assert rows.indices.dtype == rows.indptr.dtype == np.int32


def test_coo_of_the_package_sparse():
    sparse = pytest.importorskip("sparse")
    soap = ip.SOAP(**SMALL)
    found = soap.transform(MOLECULES, sparse="pydata")
    assert isinstance(found, sparse.COO)
    np.testing.assert_array_equal(found.todense(), soap.transform(MOLECULES))


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sparse", None)
    with pytest.raises(ImportError, match=r"isoprint\[sparse\].*or take sparse='scipy'"):
        ip.SOAP(**SMALL).transform(MOLECULES, sparse="pydata")


def test_sparse_rows_in_a_pipeline():
    soap = ip.SOAP(**{**SMALL, "species": None}, average="inner").set_output(transform="scipy")
    dense = ip.SOAP(**SMALL, average="inner").transform(MOLECULES)
    found = clone(soap).fit_transform(MOLECULES)
    # One species fewer: sums over rows of another length, so not the same bits.
    np.testing.assert_allclose(found.toarray(), dense[:, [k for k, name in enumerate(
        ip.SOAP(**SMALL).get_feature_names_out()) if "F" not in name]], rtol=1e-13, atol=1e-16)  # fmt: skip
    few = make_pipeline(soap, TruncatedSVD(2)).fit_transform(MOLECULES)
    assert few.shape == (5, 2)
    assert isinstance(soap.transform(MOLECULES, sparse=False), np.ndarray)
    out = np.empty((5, soap.n_features))
    assert soap.transform(MOLECULES, out=out) is out


@pytest.mark.parametrize("given", ["csr", True, 1, "SCIPY"])
def test_other_words_are_refused(given):
    with pytest.raises(ValueError, match=r"sparse is .*choose one of 'scipy', 'pydata', False"):
        ip.SOAP(**SMALL).transform(MOLECULES, sparse=given)


def test_out_and_sparse_exclude_each_other():
    soap = ip.SOAP(**SMALL)
    with pytest.raises(ValueError, match=r"out is given with sparse='scipy'.*so give one"):
        soap.transform(MOLECULES, sparse="scipy", out=np.empty((19, soap.n_features)))


def test_numbers_beyond_single_precision_are_an_error():
    soap = ip.SOAP(**SMALL, normalize=False, dtype="float32", central_weight=1e30)
    with pytest.raises(ValueError, match="beyond the range of float32"):
        soap.transform(MOLECULES, sparse="scipy")


@every
def test_rows_do_not_depend_on_what_their_array_held(case, monkeypatch):
    """Nor on the centers before, which may have seen other species."""
    frames = in_cells(case, structures(case.elements))
    together = case.descriptor.transform(frames, n_jobs=1)
    one_by_one = np.concatenate([case.descriptor.transform(frame, n_jobs=1) for frame in frames])
    assert together.tobytes() == one_by_one.tobytes()
    out = np.full_like(together, np.nan)
    assert case.descriptor.transform(frames, out=out, n_jobs=1).tobytes() == together.tobytes()
    # Of arrays that large only what is not zero is written.
    monkeypatch.setattr("isoprint.descriptors._outputs._FRESH", 0)
    assert case.descriptor.transform(frames, n_jobs=1).tobytes() == together.tobytes()
