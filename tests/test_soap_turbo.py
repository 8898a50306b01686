"""Recursive SOAP: against its definition, its columns, its compressions, its averages."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from scipy import sparse

import isoprint as ip
from catalog import SOAP_TURBO, turbo
from naive_turbo import NaiveTurbo, listed

# The twin inverts the root of an overlap matrix in double precision, and knows one policy.
EXACT = [case for case in SOAP_TURBO if "reference" not in case.name and case.name not in ("large", "one species")]


def ethanol_in_a_box():
    atoms = molecule("CH3OCH3")
    atoms.set_cell([[4.0, 0, 0], [0.7, 4.2, 0], [-0.3, 0.5, 3.8]])
    atoms.pbc = [True, True, False]
    return atoms


@pytest.mark.parametrize("case", EXACT, ids=repr)
def test_values_and_derivatives_are_those_of_the_definition(case):
    soap, atoms = case.descriptor, ethanol_in_a_box()
    if case.elements == ("C",):
        atoms = atoms[atoms.numbers == 6]
    centers = [0, 4, [0.3, 0.2, -0.4], 2][: len(atoms)]
    naive = NaiveTurbo(**listed(soap._settings(soap._species())))
    frame = atoms.positions, atoms.numbers, atoms.cell.array, atoms.pbc
    at = [center if np.ndim(center) == 0 else np.array(center) for center in centers]
    expected = naive.rows(frame, at, soap.average)
    rounding = 1e-6 if soap.dtype == "float32" else 1e-9
    found = soap.transform(atoms, centers=centers)
    np.testing.assert_allclose(found, expected, atol=rounding * np.abs(expected).max())
    rng = np.random.default_rng(0)
    move, strain, adjoint = (
        rng.standard_normal((len(atoms), 3)),
        rng.standard_normal((3, 3)),
        rng.standard_normal(found.shape),
    )
    along = naive.derivative(frame, at, move, average=soap.average)
    np.testing.assert_allclose(
        soap.pushforward(atoms, move, centers=centers), along, atol=rounding * np.abs(along).max()
    )
    back = soap.pullback(atoms, adjoint, centers=centers)
    strained = naive.derivative(frame, at, None, strain=strain, average=soap.average)
    for derivative, direction, gradient in ((along, move, back.positions), (strained, strain, back.strain[0])):
        allowed = 1e-9 * np.linalg.norm(adjoint) * np.linalg.norm(derivative)
        assert abs(np.sum(gradient * direction) - np.sum(adjoint * derivative)) < allowed


@pytest.mark.parametrize("case", SOAP_TURBO, ids=repr)
def test_names_are_unique_and_as_many_as_columns(case):
    names = case.descriptor.get_feature_names_out()
    assert names.dtype == object
    assert len(set(names)) == len(names) == case.descriptor.n_features
    assert case.descriptor.transform([]).shape == (0, len(names))


def test_names_say_what_a_column_is():
    names = list(turbo(n_max={"H": 1, "C": 2, "O": 1}, l_max=1).get_feature_names_out())
    assert names[:6] == ["H.1 H.1 l=0", "H.1 H.1 l=1", "H.1 C.1 l=0", "H.1 C.1 l=1", "H.1 C.2 l=0", "H.1 C.2 l=1"]
    assert names[-1] == "O.1 O.1 l=1"
    assert list(turbo(n_max=2, l_max=0, compression="1_2").get_feature_names_out())[:4] == [
        "H.1 H.* l=0", "H.1 C.* l=0", "H.1 O.* l=0", "H.2 H.* l=0",
    ]  # fmt: skip
    assert list(turbo(n_max=2, l_max=0, compression="0_0").get_feature_names_out()) == ["*.* *.* l=0"]
    assert list(turbo(n_max=2, l_max=0, compression="1_0").get_feature_names_out()) == ["*.1 *.* l=0", "*.2 *.* l=0"]
    assert list(turbo(n_max=2, compression="2_2").get_feature_names_out()) == list(
        turbo(n_max=2).get_feature_names_out()
    )


def test_a_column_depends_on_the_species_in_its_name():
    soap = turbo(normalize=False, central_weight=0.0)
    names = soap.get_feature_names_out()
    only_oxygen = soap.transform(Atoms("HOO", positions=[[0, 0, 0], [1, 0, 0], [0, 1.2, 0]]), centers=[0])[0]
    for name, value in zip(names, only_oxygen, strict=True):
        assert (abs(value) > 0) == ("H." not in name and "C." not in name), name


def test_the_given_order_of_species_orders_the_columns():
    water = molecule("H2O")
    one, other = turbo(species=["H", "O"]), turbo(species=["O", "H"])
    assert other.get_feature_names_out()[0] == "O.1 O.1 l=0"
    a = dict(zip(one.get_feature_names_out(), one.transform(water).T, strict=True))
    b = dict(zip(other.get_feature_names_out(), other.transform(water).T, strict=True))
    np.testing.assert_allclose(a["O.2 O.3 l=1"], b["O.2 O.3 l=1"], atol=1e-14)
    np.testing.assert_allclose(a["H.1 O.3 l=2"], b["O.3 H.1 l=2"], atol=1e-14)


def test_jacobi_and_poly3_have_the_same_kernel():
    atoms = ethanol_in_a_box()
    for options in ({}, {"compression": "2_0", "sigma_scaling": 0.1}):
        one, other = (turbo(basis=basis, n_max=8, **options).transform(atoms) for basis in ("poly3", "jacobi"))
        np.testing.assert_allclose(one @ one.T, other @ other.T, atol=1e-11)


def test_rows_have_length_one_unless_told_otherwise(several):
    rows = turbo().transform(several)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-13)
    raw = turbo(normalize=False).transform(several)
    np.testing.assert_allclose(raw / np.linalg.norm(raw, axis=1, keepdims=True), rows, atol=1e-13)


def test_a_matrix_multiplies_the_whole_spectrum():
    atoms, rng = ethanol_in_a_box(), np.random.default_rng(3)
    whole = turbo(normalize=False).transform(atoms)
    dense = rng.standard_normal((7, whole.shape[1])) * (rng.random((7, whole.shape[1])) < 0.1)
    for given in (dense, dense.tolist(), sparse.csr_array(dense), sparse.coo_matrix(dense), sparse.csc_matrix(dense)):
        found = turbo(normalize=False, compression=given).transform(atoms)
        np.testing.assert_allclose(found, whole @ dense.T, atol=1e-12 * np.abs(whole).max())


def test_rows_of_a_matrix_that_pick_a_component_are_called_after_it():
    whole = turbo().get_feature_names_out()
    dense = np.zeros((5, len(whole)))
    dense[0, 3] = dense[1, 5] = dense[2, 5] = 1.0
    dense[3, 7] = 2.0
    dense[4, [8, 9]] = 1.0
    assert list(turbo(compression=dense).get_feature_names_out()) == [whole[3], "P2", "P3", "P4", "P5"]


def test_entries_of_one_place_are_summed():
    n = turbo().n_features
    twice = sparse.coo_array(([0.5, 0.5, 1.0], ([0, 0, 1], [4, 4, 9])), shape=(2, n))
    atoms = ethanol_in_a_box()
    np.testing.assert_allclose(
        turbo(compression=twice).transform(atoms), turbo(compression=twice.toarray()).transform(atoms), atol=1e-14
    )
    assert twice.nnz == 3


@pytest.mark.parametrize("mode", ["trivial", "0_0", "0_1", "1_1", "2_1", "1_2"])
def test_compressions_are_linear(mode):
    """Every mode is a matrix: features of normalize=False are a fixed combination of the whole spectrum."""
    frames = [
        ethanol_in_a_box(),
        molecule("CH3COOH"),
        molecule("C2H6CHOH"),
        *[bulk("C", a=3.2 + 0.1 * k) for k in range(3)],
    ]
    whole = turbo(normalize=False, n_max=2, l_max=0).transform(frames)
    packed = turbo(normalize=False, n_max=2, l_max=0, compression=mode).transform(frames)
    scale = np.abs(whole).max()
    combination = np.linalg.lstsq(whole / scale, packed / scale, rcond=None)[0]
    np.testing.assert_allclose(whole @ combination, packed, atol=1e-8 * scale)


def test_compress_files(tmp_path):
    atoms = ethanol_in_a_box()
    soap = turbo(normalize=False)
    whole = soap.transform(atoms)
    selection, combined = tmp_path / "selection.dat", tmp_path / "combined.dat"
    selection.write_text("3 3 3 2 135\n" + "\n".join(map(str, [1, 20, 135])) + "\n")
    combined.write_text("3 3 3 2 135\nP_transformation\n1 1 0.5\n1 3 -2\n3 135 1\nend_transformation\n")
    found = turbo(normalize=False, compression=str(selection))
    np.testing.assert_allclose(found.transform(atoms), whole[:, [0, 19, 134]], rtol=1e-12)
    assert list(found.get_feature_names_out()) == list(soap.get_feature_names_out()[[0, 19, 134]])
    found = turbo(normalize=False, compression=combined).transform(atoms)
    expected = np.stack([0.5 * whole[:, 0] - 2 * whole[:, 2], 0 * whole[:, 0], whole[:, 134]], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12 * np.abs(whole).max())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3 3 3 4 135\n1\n", "is not for n_max"),
        ("3 3 3 2 135\nP_transformation\n1 1 1\n", "cannot be read"),
        ("3 3 3 2 135\n0\n", "indices below 1"),
        ("3 3 3 2 135\n136\n", "has 136 columns, but the power spectrum has 135 components"),
        ("3 3 3 2 135\nx\n", "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_broken_compress_files_are_named(tmp_path, text, message):
    path = tmp_path / "broken.dat"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"broken.dat.*{message}"):
        turbo(compression=path).transform([])


def test_outer_average_is_the_mean_of_rows(several):
    rows = turbo().transform(several)
    parts = np.split(rows, np.cumsum([len(frame) for frame in several])[:-1])
    np.testing.assert_allclose(
        turbo(average="outer").transform(several), [part.mean(axis=0) for part in parts], atol=1e-14
    )


def test_a_sum_is_that_of_rows_and_of_everything_that_follows_from_them(several):
    rows, summed = turbo().transform(several), turbo(average="sum")
    parts = np.split(rows, np.cumsum([len(frame) for frame in several])[:-1])
    np.testing.assert_allclose(summed.transform(several), [part.sum(axis=0) for part in parts], atol=1e-13)
    np.testing.assert_array_equal(summed.transform(several[:1], centers=[[]]), 0.0)
    frame = several[0]
    adjoint = np.random.default_rng(2).standard_normal((1, summed.n_features))
    of_rows = turbo().pullback(frame, np.repeat(adjoint, len(frame), axis=0))
    of_sum = summed.pullback(frame, adjoint)
    np.testing.assert_allclose(of_sum.positions, of_rows.positions, atol=1e-12)
    np.testing.assert_allclose(of_sum.strain, of_rows.strain, atol=1e-12)
    dense = turbo().derivatives(frame).dense().sum(axis=0)
    np.testing.assert_allclose(summed.derivatives(frame).dense()[0], dense, atol=1e-12)


def test_averages_of_one_center_are_its_row(water):
    row = turbo().transform(water, centers=[0])
    for average in ("inner", "outer"):
        np.testing.assert_allclose(turbo(average=average).transform(water, centers=[0]), row, atol=1e-14)
    assert not np.allclose(turbo(average="inner").transform(water), turbo(average="outer").transform(water))


def test_centers_of_the_constructor_choose_rows(several):
    every, numbers = turbo().transform(several), np.concatenate([frame.numbers for frame in several])
    assert np.array_equal(turbo(centers=["O"]).transform(several), every[numbers == 8])
    assert np.array_equal(turbo(centers=("C", 1)).transform(several), every[np.isin(numbers, [1, 6])])
    assert np.array_equal(turbo(centers="O").transform(several, centers=[None, [0], None])[:1], every[numbers == 8][:1])


def test_a_point_at_an_atom_differs_by_the_atom(water):
    """A point sees the atom under it as a neighbor at distance zero; an atom has its own weighted density instead."""
    soap = turbo(central_weight=1.0)
    np.testing.assert_allclose(
        soap.transform(water, centers=[water.positions[0]]), soap.transform(water, centers=[0]), atol=1e-12
    )


def test_invisible_atoms_change_nothing():
    soap = turbo(species=["O", "C"], unknown_species="ignore")
    atoms = molecule("CH3OH")
    heavy = atoms[np.isin(atoms.numbers, [6, 8])]
    rows = soap.transform(atoms)
    assert len(rows) == len(atoms)
    np.testing.assert_allclose(rows[np.isin(atoms.numbers, [6, 8])], soap.transform(heavy), atol=1e-14)
    back = soap.pullback(atoms, np.ones_like(rows), centers=None)
    assert back.positions.shape == (len(atoms), 3)


def test_out_receives_the_rows(tmp_path, several):
    soap = turbo()
    rows = soap.transform(several)
    for out in (
        np.empty_like(rows),
        np.empty(rows.shape, np.float32),
        np.empty((len(rows), 2 * rows.shape[1]))[:, ::2],
        np.lib.format.open_memmap(tmp_path / "rows.npy", mode="w+", shape=rows.shape, dtype=float),
    ):
        assert soap.transform(several, out=out) is out
        np.testing.assert_allclose(out, rows, atol=1e-7 if out.dtype == np.float32 else 0)
    assert np.array_equal(np.load(tmp_path / "rows.npy"), rows)


def test_single_precision_is_the_rounded_double(several):
    rows = turbo(dtype="float32").transform(several)
    assert rows.dtype == np.float32
    assert np.array_equal(rows, turbo().transform(several).astype(np.float32))
    assert np.array_equal(turbo(dtype=np.float32).transform(several), rows)
    assert turbo(dtype="float32").derivatives(several[0]).values.dtype == np.float32


def test_frames_do_not_see_each_other(several):
    soap = turbo()
    together = soap.transform(several)
    assert np.array_equal(together, np.concatenate([soap.transform(frame) for frame in several]))
    adjoint = np.random.default_rng(0).standard_normal(together.shape)
    back = soap.pullback(several, adjoint)
    start = 0
    for place, frame in enumerate(several):
        alone = soap.pullback(frame, adjoint[start : start + len(frame)])
        np.testing.assert_allclose(back.positions[start : start + len(frame)], alone.positions, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(back.strain[place], alone.strain[0], rtol=1e-13, atol=1e-12)
        start += len(frame)


def test_progress_is_reported(several):
    calls = []
    turbo().transform(several, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (11, 11)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_progress_may_stop_the_work(several):
    def stop(done, total):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        turbo().transform(several, progress=stop)


def test_derivatives_of_every_kind_agree():
    atoms = ethanol_in_a_box()
    soap = turbo()
    sparse_blocks = soap.derivatives(atoms, centers=[3, 0])
    dense = sparse_blocks.dense()
    assert dense.shape == (2, len(atoms), 3, soap.n_features)
    matrix = sparse_blocks.to_scipy()
    assert matrix.shape == (2 * soap.n_features, 3 * len(atoms))
    np.testing.assert_allclose(matrix.toarray().reshape(2, soap.n_features, len(atoms), 3), dense.transpose(0, 3, 1, 2))
    rng = np.random.default_rng(0)
    adjoint, move = rng.standard_normal((2, soap.n_features)), rng.standard_normal((len(atoms), 3))
    np.testing.assert_allclose(sparse_blocks.pullback(adjoint), np.einsum("raxf,rf->ax", dense, adjoint), atol=1e-12)
    np.testing.assert_allclose(sparse_blocks.pushforward(move), np.einsum("raxf,ax->rf", dense, move), atol=1e-12)
    np.testing.assert_allclose((matrix @ move.ravel()).reshape(2, -1), sparse_blocks.pushforward(move), atol=1e-12)
    assert "2 rows" in repr(sparse_blocks)


def test_no_neighbors_no_blocks_but_its_own():
    lonely = Atoms("HC", positions=[[0, 0, 0], [50, 0, 0]])
    blocks = turbo().derivatives(lonely)
    assert np.abs(blocks.dense()).max() == 0
    assert blocks.to_scipy().shape == (2 * blocks.n_features, 6)
    empty = turbo().derivatives(Atoms())
    assert empty.dense().shape == (0, 0, 3, turbo().n_features)
    assert empty.to_scipy().shape == (0, 0)


def test_hand_made_corners_are_finite():
    """Coincident, collinear, lonely, empty, and along the axes."""
    soap = turbo(sigma_t=0.2)
    for positions in (
        [[0, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 1e-9]],
        [[0, 0, -1], [0, 0, 0], [0, 0, 1.5]],
        [[0, 0, 0], [1e-160, 0, 1]],
        [[0, 0, 0]],
        [[0, 0, 0], [2.9999999999, 0, 0]],
    ):
        atoms = Atoms("H" * len(positions), positions=positions)
        rows = soap.transform(atoms)
        assert np.isfinite(rows).all()
        back = soap.pullback(atoms, np.ones_like(rows))
        assert np.isfinite(back.positions).all()
        assert np.isfinite(soap.derivatives(atoms).values).all()
        assert np.isfinite(soap.pushforward(atoms, np.ones((len(atoms), 3)))).all()


@pytest.mark.parametrize("pbc", [False, [True, False, False], [True, True, False]])
def test_a_point_may_be_far_from_all_atoms(pbc):
    cell = np.array([[3.0, 0.2, 0.1], [-0.4, 3.2, 0.0], [0.3, 0.5, 2.9]])
    atoms = Atoms("HO", [[0, 0, 0], [1.1, 0.2, -0.3]], cell=cell, pbc=pbc)
    shifts = np.array([[i, j, 0] for i in range(-9, 10) for j in range(-9, 10)]) * np.broadcast_to(pbc, 3)
    sites = (atoms.positions + (shifts @ cell)[:, None]).reshape(-1, 3)
    points = np.random.default_rng(5).uniform(-9.0, 9.0, (200, 3))
    rows = turbo().transform(atoms, centers=points)
    near = np.linalg.norm(sites - points[:, None], axis=2).min(axis=1) < 3.0
    assert (rows.any(axis=1) == near).all()
    assert not turbo().transform(atoms, centers=[[1e7, -1e7, 1e7]]).any()


def test_a_learned_descriptor_equals_a_told_one(several):
    assert np.array_equal(
        ip.SoapTurbo(r_cut=3.0, n_max=2, l_max=1).fit_transform(several),
        turbo(sigma=0.5, n_max=2, l_max=1).transform(several),
    )
