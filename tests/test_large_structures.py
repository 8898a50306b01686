"""A structure that is too large for one batch comes in parts, and every part has the bits of the whole."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse
from ase import Atoms
from ase.build import molecule

import isoprint as ip
from isoprint.descriptors import _streams, _values
from isoprint.structures.frames import pack
from test_stores import LIBRARIES, SUFFIXES, Killed, arrays, same

SOAP = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"])


def structure(n=300, seed=0):
    """A displaced lattice of three elements, in an order that knows nothing of space."""
    rng = np.random.default_rng(seed)
    m = int(np.ceil(n ** (1 / 3)))
    lattice = np.stack(np.unravel_index(rng.permutation(m**3)[:n], (m, m, m)), axis=1)
    positions = 2.2 * lattice + rng.uniform(-0.2, 0.2, (n, 3))
    atoms = Atoms(rng.choice([1, 6, 8], n), positions, cell=[2.2 * m] * 3, pbc=True)
    atoms.info["energy"] = -1.5
    return atoms


def molecules(n):
    return [molecule("CH3OH") for _ in range(n)]


@pytest.fixture
def parts_of(monkeypatch):
    """Makes batches of so many rows of this SOAP the usual ones."""
    return lambda rows: monkeypatch.setattr(_streams, "_BATCH", 8 * SOAP.n_features * rows)


# Streams


def test_a_stream_cuts_a_structure_that_is_larger_than_a_batch_and_no_other(parts_of):
    parts_of(70)
    frames = [*molecules(3), structure(), *molecules(2)]
    found = list(SOAP.stream(frames))
    assert [len(features) for features, _ in found] == [18, 70, 70, 70, 70, 20, 12]
    assert np.concatenate([features for features, _ in found]).tobytes() == SOAP.transform(frames).tobytes()
    expected = SOAP.rows(frames)
    for name in ("index", "frame", "atom", "species"):
        told = np.concatenate([getattr(rows, name) for _, rows in found])
        np.testing.assert_array_equal(told, getattr(expected, name), err_msg=name)


def test_batches_that_are_asked_for_have_whole_structures(parts_of):
    parts_of(70)
    frames = [structure(), *molecules(2)]
    assert [len(features) for features, _ in SOAP.stream(frames, batch=2)] == [306, 6]


def test_neighbors_of_a_structure_in_parts_are_searched_for_once():
    frames = pack([molecule("CH3OH"), structure(), structure(100, seed=1)])
    call = SOAP._call([molecule("CH3OH"), structure(), structure(100, seed=1)], None, 1)
    assert frames.n_atoms == call.n_rows
    found = [(rows.start, rows.stop, piece.first, piece.prepared) for rows, piece in call.pieces(60)]
    assert [(start, stop) for start, stop, *_ in found] == [(k, min(k + 60, 406)) for k in range(0, 406, 60)]
    assert [first for _, _, first, _ in found] == [(0, 0), (1, 54), (1, 114), (1, 174), (1, 234), (1, 294), (2, 54)]
    of_second = {id(prepared) for _, _, first, prepared in found if first[0] == 1 and prepared is not None}
    assert len(of_second) == 1


def test_an_error_of_a_part_names_the_center_of_the_whole(monkeypatch):
    positions = 20.0 * np.stack(np.unravel_index(np.arange(300), (7, 7, 7)), axis=1)
    positions[251:258] = positions[251] + np.random.default_rng(0).uniform(-1.0, 1.0, (7, 3))
    atoms = Atoms("C300", positions)
    matrix = ip.OverlapMatrix(r_cut=5.0, max_sites=6, species=["C"])
    monkeypatch.setattr(_streams, "_BATCH", 8 * matrix.n_features * 70)
    with pytest.raises(ValueError, match="center 251 of frame 0 cannot be described: it has 7 sites"):
        matrix.transform(atoms)
    with pytest.raises(ValueError, match="center 251 of frame 0 cannot be described: it has 7 sites"):
        list(matrix.stream([atoms]))


# Stores


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("every", [1, 2])
def test_a_store_is_written_in_parts_and_goes_on_in_the_middle_of_a_structure(
    suffix, every, tmp_path, parts_of, monkeypatch
):
    pytest.importorskip(LIBRARIES[suffix])
    monkeypatch.setattr("isoprint.stores._zarr._CHUNK", 8 * SOAP.n_features * 5)
    monkeypatch.setattr("isoprint.stores._zarr._TOGETHER", 2)
    parts_of(70)
    frames = [*molecules(3), structure(), *molecules(2), structure(seed=1)]
    whole, cut, told = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}", []
    found = ip.write_features(whole, frames, SOAP, info=["energy"], progress=lambda *done: told.append(done))
    assert (found.n_frames, found.n_rows) == (7, 630)
    assert told[:5] == [(3, 18), (3, 88), (3, 158), (3, 228), (3, 298)]
    assert told[5:7] == [(4, 318), (6, 330)]
    count = 0

    def ends(n_frames, n_rows):
        nonlocal count
        count += 1
        if count % (every + 1) == 0:
            raise Killed

    interrupted = 0
    while interrupted < 60:
        try:
            ip.write_features(cut, frames, SOAP, info=["energy"], progress=ends)
            break
        except Killed:
            interrupted += 1
    assert 1 < interrupted < 60
    assert same(whole, cut)
    for beside in tmp_path.glob("whole.*.npy"):
        assert same(beside, tmp_path / beside.name.replace("whole", "cut", 1))
    stored, rows = arrays(whole), SOAP.rows(frames)
    np.testing.assert_array_equal(stored["features"], SOAP.transform(frames))
    for name in ("frame", "atom", "species"):
        np.testing.assert_array_equal(stored[name], getattr(rows, name))
    assert np.isnan(stored["info_energy"][:18]).all()
    assert (stored["info_energy"][18:318] == -1.5).all()


def test_a_structure_that_changed_in_the_middle_is_refused(tmp_path, parts_of):
    parts_of(70)
    path, atoms = tmp_path / "features.npy", structure()

    def ends(n_frames, n_rows):
        if n_rows >= 210:
            raise Killed

    with pytest.raises(Killed):
        ip.write_features(path, [atoms], SOAP, progress=ends)
    before = path.read_bytes()
    atoms.positions[0] += 1e-9
    with pytest.raises(ValueError, match="structures 0 to 0 are not those that were written"):
        ip.write_features(path, [atoms], SOAP)
    assert path.read_bytes() == before
    atoms.positions[0] -= 1e-9


def test_a_journal_of_another_format_is_refused_and_stays(tmp_path):
    path = tmp_path / "features.npy"
    ip.write_features(path, molecules(3), SOAP)
    journal = tmp_path / "features.npy.journal"
    first, *rest = journal.read_bytes().splitlines(keepends=True)
    older = json.loads(first) | {"format": 1}
    journal.write_bytes(json.dumps(older).encode() + b"\n" + b"".join(rest))
    before = path.read_bytes(), journal.read_bytes()
    with pytest.raises(ValueError, match=r"is of format 1, and this version .* format 2; .* resume=False"):
        ip.write_features(path, molecules(3), SOAP)
    assert (path.read_bytes(), journal.read_bytes()) == before
    assert ip.write_features(path, molecules(3), SOAP, resume=False).n_rows == 18


# Rows


def test_an_array_on_disk_gets_parts_of_a_large_structure(tmp_path, monkeypatch):
    zarr = pytest.importorskip("zarr")
    monkeypatch.setattr(_values, "_PIECE", 8 * SOAP.n_features * 50)
    frames = [*molecules(3), structure()]
    expected = SOAP.transform(frames)
    out = zarr.create_array(str(tmp_path / "z"), shape=expected.shape, dtype="f8", chunks=(40, SOAP.n_features))
    SOAP.transform(frames, out=out)
    assert out[...].tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_fingerprints_that_are_put_together_are_written_in_parts(dtype, monkeypatch):
    columns = np.arange(0, SOAP.n_features, 7)
    both = ip.Hybrid([ip.Selected(SOAP, columns), SOAP], scale=None, dtype=dtype)
    frames = [*molecules(3), structure()]
    expected, told = both.transform(frames), []
    monkeypatch.setattr(_values, "_PIECE", 8 * both.n_features * 50)
    found = both.transform(frames, progress=lambda *done: told.append(done))
    assert found.dtype == dtype
    assert found.tobytes() == expected.tobytes()
    assert told[0] == (50, 318)
    assert told[-1] == (318, 318)
    assert both.transform(frames, out=np.empty_like(expected)).tobytes() == expected.tobytes()


def test_rows_of_more_centers_than_a_stretch_are_those_of_each_center():
    """Half a million rows are written together; these are a few more."""
    n, side = 530_000, 2.0
    m = int(np.ceil(n ** (1 / 3)))
    rng = np.random.default_rng(0)
    positions = side * np.stack(np.unravel_index(rng.permutation(m**3)[:n], (m, m, m)), axis=1) + rng.uniform(
        0.0, 0.5, (n, 3)
    )
    frame = SimpleNamespace(positions=positions, numbers=np.full(n, 6), cell=np.eye(3) * side * m, pbc=[True] * 3)
    acsf = ip.ACSF(species=["C"], r_cut=2.6, g2=[(1.0, 0.5)], dtype="float32")
    every = acsf.transform(frame)
    near = (1 << 19) + np.arange(-600, 600)
    for some in (near, np.arange(600), rng.permutation(n)[:3000]):
        assert acsf.transform(frame, centers=some).tobytes() == every[some].tobytes()
    assert len(np.unique(every)) > 1000


def test_centers_of_a_large_frame_may_come_twice_and_be_points():
    atoms = structure(9000)
    n = len(atoms)
    rng = np.random.default_rng(1)
    index = np.concatenate([rng.integers(0, n, 1100), [5, 5, 5]])
    every = SOAP.transform(atoms)
    assert SOAP.transform(atoms, centers=index).tobytes() == every[index].tobytes()
    few = [*index[:1000].tolist(), *atoms.positions[:60], *index[1000:].tolist()]
    found = SOAP.transform(atoms, centers=few)
    assert found[:1000].tobytes() == every[index[:1000]].tobytes()
    assert found[1060:].tobytes() == every[index[1000:]].tobytes()
    assert found[1000:1060].tobytes() == SOAP.transform(atoms, centers=atoms.positions[:60]).tobytes()


def test_known_neighbors_of_many_centers_that_come_twice():
    atoms = structure(1200)
    index = np.concatenate([np.arange(1200), [7, 7, 3]])
    known = ip.neighbors(atoms, SOAP.reach, centers=index)
    found = SOAP.transform(atoms, centers=index, neighbors=known)
    np.testing.assert_allclose(found, SOAP.transform(atoms)[index], rtol=0.0, atol=1e-12)


def test_positions_in_a_file_are_not_copied(tmp_path):
    atoms = structure()
    np.save(tmp_path / "positions.npy", atoms.positions)
    positions = np.load(tmp_path / "positions.npy", mmap_mode="r")
    frame = SimpleNamespace(positions=positions, numbers=atoms.numbers, cell=atoms.cell.array, pbc=atoms.pbc)
    packed = pack([frame])
    assert np.shares_memory(packed.positions, positions)
    assert np.shares_memory(packed.numbers, atoms.numbers)
    assert SOAP.transform(frame).tobytes() == SOAP.transform(atoms).tobytes()


# Derivatives


def test_derivatives_in_parts_are_a_sparse_matrix_in_parts():
    atoms = structure(60)
    whole = SOAP.derivatives(atoms).to_scipy()
    parts = [blocks.to_scipy() for blocks in SOAP.iter_derivatives(atoms, max_bytes=1 << 18)]
    assert len(parts) > 3
    joined = scipy.sparse.vstack(parts, format="csr")
    assert joined.shape == whole.shape
    assert (joined.indptr.tolist(), joined.indices.tolist()) == (whole.indptr.tolist(), whole.indices.tolist())
    assert joined.data.tobytes() == whole.data.tobytes()


DESCRIPTORS = {
    "SOAP": SOAP,
    "inner": ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"], average="inner"),
    "outer": ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"], average="outer"),
    "linear": ip.ACSF(species=["H", "C", "O"], r_cut=4.0, g2=[(1.0, 0.5)]),
    "some columns": ip.Selected(SOAP, range(0, 30, 3)),
    "several": ip.Hybrid([SOAP, ip.ACSF(species=["H", "C", "O"], r_cut=4.0, g2=[(1.0, 0.5)])], scale=None),
    "frames": ip.SineMatrix(n_atoms_max=40, permutation="eigenspectrum"),
}


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_an_adjoint_in_single_precision_is_read_as_it_is(name, tmp_path):
    descriptor, frames = DESCRIPTORS[name], [structure(40), structure(7)]
    n_rows = len(descriptor.rows(frames))
    adjoint = np.random.default_rng(0).normal(size=(n_rows, descriptor.n_features)).astype(np.float32)
    expected = descriptor.pullback(frames, adjoint.astype(np.float64))
    path = tmp_path / "adjoint.npy"
    np.save(path, adjoint)
    mapped = np.load(path, mmap_mode="r")
    for given in (adjoint, mapped, np.asfortranarray(adjoint), adjoint.tolist()):
        for n_jobs in (1, 2):
            found = descriptor.pullback(frames, given, n_jobs=n_jobs)
            assert found.positions.tobytes() == expected.positions.tobytes()
            assert found.strain.tobytes() == expected.strain.tobytes()
    assert isinstance(mapped, np.memmap)
    assert mapped.tobytes() == adjoint.tobytes()


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_what_is_wrong_with_an_adjoint_in_single_precision_is_told(name):
    descriptor, frame = DESCRIPTORS[name], structure(7)
    adjoint = np.ones((len(descriptor.rows(frame)), descriptor.n_features), np.float32)
    adjoint[-1, 2] = np.nan
    row = len(adjoint) - 1
    with pytest.raises(ValueError, match=rf"adjoint has the entry NaN in row {row}, column 2"):
        descriptor.pullback(frame, adjoint)
    with pytest.raises(ValueError, match="adjoint has shape"):
        descriptor.pullback(frame, adjoint[:, 1:])
