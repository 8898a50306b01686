"""Results are never written over what they are computed from."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from numpy.lib.stride_tricks import as_strided

import isoprint as ip
from catalog import acsf, soap, turbo
from isoprint._support import shared_memory

COLUMNS = 12


class Stranger:
    """A fingerprint of another package, as wide as the others here."""

    n_features = COLUMNS // 2

    def transform(self, frame, centers=None):
        return np.repeat(np.linalg.norm(frame.positions[centers], axis=1)[:, None], self.n_features, axis=1)

    def derivatives(self, frame, centers=None):
        raise AssertionError("never asked: nothing here needs derivatives of a stranger")


def half():
    return ip.CoulombMatrix(r_cut=3.0, species=["H", "C", "O"], max_sites=COLUMNS // 2)


# As many columns each, so that an array of positions can be one of rows.
KINDS = {
    "SoapTurbo": lambda: turbo(compression=np.eye(COLUMNS, 135)),
    "SOAP": lambda: soap(compression=np.eye(COLUMNS, 135)),
    "ACSF": lambda: acsf(species="any", g2=[(0.1 * k, 0.0) for k in range(COLUMNS - 1)], g4=()),
    "OverlapMatrix": lambda: ip.OverlapMatrix(r_cut=3.0, species=["H", "C", "O"], orbitals="s", max_sites=COLUMNS),
    "CoulombMatrix": lambda: ip.CoulombMatrix(r_cut=3.0, species=["H", "C", "O"], max_sites=COLUMNS),
    "averages": lambda: acsf(species="any", g2=[(0.1 * k, 0.0) for k in range(COLUMNS - 1)], g4=(), average="outer"),
    "Hybrid": lambda: ip.Hybrid([half(), half()], scale=None),
    "Hybrid of strangers": lambda: ip.Hybrid([half(), Stranger()], scale=None),
    "Hybrid in single precision": lambda: ip.Hybrid([half(), half()], scale=[1.0, 2.0], dtype="float32"),
}
N = 4


def refuses(name):
    return pytest.raises(ValueError, match=f"out shares memory with {re.escape(name)}")


def structure(**arrays):
    """Four atoms, which begin an array that has room for as many rows."""
    room = np.zeros(N * COLUMNS)
    own = {
        "positions": np.random.default_rng(3).uniform(0.0, 2.5, (N, 3)),
        "numbers": np.array([6, 1, 1, 8]),
        "cell": np.diag([7.0, 8.0, 9.0]),
        "pbc": np.array([True, False, True]),
    }
    return room, SimpleNamespace(**{**own, **{name: place(room, own[name]) for name, place in arrays.items()}})


def inside(room, value):
    """The same values in the memory of `room`."""
    found = room.view(value.dtype)[: value.size].reshape(value.shape)
    found[...] = value
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["positions", "numbers", "cell", "pbc"])
def test_no_result_is_written_over_the_structure_it_describes(kind, name):
    descriptor = KINDS[kind]()
    room, frame = structure(**{name: inside})
    before = np.array(getattr(frame, name))
    out = room.reshape(N, COLUMNS)[: 1 if descriptor.average else N]
    with refuses(f"{name} of frame 0"):
        descriptor.transform(frame, out=out)
    assert np.array_equal(getattr(frame, name), before)


@pytest.mark.parametrize("kind", KINDS)
def test_nor_over_one_of_many_structures(kind):
    """Many are copied on the way in, so that results would be right; what was given would not be, afterwards."""
    descriptor = KINDS[kind]()
    _, first = structure()
    _, last = structure()
    out = np.zeros((3 if descriptor.average else 3 * N, COLUMNS))
    last.positions = inside(out.reshape(-1)[-3 * N :], last.positions)
    with refuses("positions of frame 2"):
        descriptor.transform([first, first, last], out=out)
    with refuses("positions of frame 0"):
        descriptor.transform((frame for frame in [last, first, first]), out=out)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_nor_where_it_is_copied_at_the_end(kind, dtype):
    """Rows with gaps between them are filled from an array without."""
    descriptor = KINDS[kind]()
    _, frame = structure()
    n_rows = 1 if descriptor.average else N
    wide = np.zeros((n_rows, 2 * COLUMNS), dtype)
    # Where the halves of the rows that are written lie, and in between.
    frame.positions = as_strided(wide.view(np.float64), (N, 3), (0 if n_rows == 1 else wide.strides[0], 8))
    with refuses("positions of frame 0"):
        descriptor.transform(frame, out=wide[:, :COLUMNS])
    if dtype is np.float64 and n_rows > 1 and kind != "Hybrid in single precision":
        frame.positions = wide[:, COLUMNS : COLUMNS + 3]
        frame.positions[...] = structure()[1].positions
        descriptor.transform(frame, out=wide[:, :COLUMNS])  # interlaced, and apart
        assert np.array_equal(wide[:, :COLUMNS], np.asarray(descriptor.transform(frame), float))


def test_nor_over_the_structures_of_ase():
    om = ip.OverlapMatrix(r_cut=3.0, species=["H", "C", "O"], orbitals="s", max_sites=3)
    om.overflow = "truncate"
    for descriptor in (om, ip.Hybrid([om], scale=None)):
        atoms = Atoms("CHHO", positions=structure()[1].positions)
        with refuses("positions of frame 0"):
            descriptor.transform(atoms, out=atoms.positions)
        with refuses("positions of frame 1"):
            descriptor.transform([Atoms(), atoms], out=atoms.positions)
        with refuses("cell of frame 0"):
            descriptor.transform(atoms := atoms[:3], out=atoms.cell.array)


@pytest.mark.parametrize("kind", KINDS)
def test_nor_over_the_centers(kind):
    descriptor = KINDS[kind]()
    _, frame = structure()
    out = np.zeros((1 if descriptor.average else 2, COLUMNS))
    index, points = out.view(np.int64).reshape(-1)[:2], out.reshape(-1)[:6].reshape(2, 3)
    strange = kind == "Hybrid of strangers"
    for centers in [index, [index]] if strange else [index, points, [0, points[0]], iter([points[0], points[1]])]:
        frames = frame
        if isinstance(centers, list) and centers[0] is index:
            frames = [frame]
        with refuses("centers"):
            descriptor.transform(frames, centers=centers, out=out)


def test_nor_over_parameters():
    matrix = np.eye(COLUMNS, 135)
    with refuses("compression"):
        turbo(compression=matrix).transform(structure()[1], out=matrix.reshape(-1)[: N * COLUMNS].reshape(N, COLUMNS))
    matrix = np.eye(COLUMNS, 135)
    both = ip.Hybrid([turbo(compression=matrix)], scale=None)
    with refuses("soapturbo__compression"):
        both.transform(structure()[1], out=matrix.reshape(-1)[: N * COLUMNS].reshape(N, COLUMNS))
    scale = np.ones(N * COLUMNS)
    with refuses("scale"):
        ip.Hybrid([half(), half()], scale=scale[:2]).transform(structure()[1], out=scale.reshape(N, COLUMNS))


def test_nor_over_what_was_learned():
    both = ip.Hybrid([half(), half()]).fit([structure()[1], Atoms("CO", [[0, 0, 0], [1, 0, 0]])])
    both._known = both._known._replace(scales=(room := np.ones(N * COLUMNS))[:2])
    with refuses("scales_"):
        both.transform(structure()[1], out=room.reshape(N, COLUMNS))


def test_nor_over_the_same_file_mapped_twice(tmp_path):
    path = tmp_path / "shared.bin"
    room = np.memmap(path, float, "w+", shape=(3 * N * COLUMNS,))
    room[: 3 * N] = structure()[1].positions.reshape(-1)
    room.flush()
    _, frame = structure()
    frame.positions = np.memmap(path, float, "r", shape=(N, 3))
    same = np.memmap(path, float, "r+", shape=(N, COLUMNS))
    later = np.memmap(path, float, "r+", offset=8 * N * COLUMNS, shape=(N, COLUMNS))
    for kind in ("CoulombMatrix", "Hybrid"):
        descriptor = KINDS[kind]()
        for out in (same, np.asarray(same), same[::-1]):
            with refuses("positions of frame 0"):
                descriptor.transform(frame, out=out)
        descriptor.transform(frame, out=later)  # another part of the file
        assert np.array_equal(later, descriptor.transform(frame))


@pytest.mark.parametrize("kind", KINDS)
def test_nor_over_results_that_are_being_written(kind):
    descriptor = KINDS[kind]()
    _, frame = structure()
    out = np.zeros((20 if descriptor.average else 20 * N, 2 * COLUMNS))[:, :COLUMNS]
    refusals = []

    def told(done, total):
        if not refusals:
            with pytest.raises(ValueError, match=r"out shares memory with .*call that still runs") as refusal:
                descriptor.transform(frame, out=out[: 1 if descriptor.average else N])
            refusals.append(refusal)

    descriptor.transform([frame] * 20, out=out, progress=told)
    assert refusals
    assert descriptor.transform([frame] * 20, out=out) is out  # it is free again


def test_of_two_calls_that_begin_at_once_one_is_refused_at_least(monkeypatch):
    out, both = np.zeros(3), threading.Barrier(2, timeout=60)

    class Meeting(dict):
        def __setitem__(self, key, value):
            both.wait()  # whoever has looked at the others already has seen none
            super().__setitem__(key, value)

    monkeypatch.setattr(shared_memory, "_written", Meeting())

    def write():
        try:
            with shared_memory.ExclusiveOutput(out):
                both.wait()
        except ValueError:
            both.wait()
            return 1
        return 0

    with ThreadPoolExecutor(2) as pool:
        refused = [pool.submit(write) for _ in range(2)]
        assert sum(one.result() for one in refused) >= 1
    assert not shared_memory._written


@pytest.mark.parametrize("kind", KINDS)
def test_rows_must_have_places_of_their_own(kind):
    descriptor = KINDS[kind]()
    _, frame = structure()
    shape = (2 if descriptor.average else 2 * N), COLUMNS
    for strides in ((0, 8), (8, 8), (8 * (COLUMNS - 1), 8), (8, 0), (4, 8)):
        with pytest.raises(ValueError, match="out has rows that share memory with each other"):
            descriptor.transform([frame, frame], out=as_strided(np.zeros(500), shape, strides))
    with pytest.raises(ValueError, match=r"read-only|share memory"):
        descriptor.transform([frame, frame], out=np.broadcast_to(np.zeros(COLUMNS), shape))


def test_unusual_places_are_used_as_before():
    """Reversed, interlaced, transposed and mapped arrays, matrices and parts of a record: all have room."""
    descriptor = KINDS["CoulombMatrix"]()
    _, frame = structure()
    expected = descriptor.transform(frame)
    record = np.zeros(N, [("name", "S3"), ("row", float, COLUMNS)])
    for out in (
        np.zeros((N, COLUMNS))[::-1, ::-1],
        np.zeros((COLUMNS, N)).T,
        np.zeros((2 * N, 3 * COLUMNS))[::2, ::3],
        # Entries of four rows, three places apart, between each other.
        as_strided(np.zeros(500), (N, COLUMNS), (8 * 3, 8 * 3 * N + 8)),
        as_strided(np.zeros(500), (N, COLUMNS), (8, 8 * N)),
        np.zeros((N, COLUMNS)).view(np.matrix),
        np.ma.zeros((N, COLUMNS)),
        record["row"],
    ):
        assert descriptor.transform(frame, out=out) is out
        assert np.array_equal(np.asarray(out), expected)


def test_places_that_hide_or_change_results_are_refused():
    descriptor = KINDS["CoulombMatrix"]()
    _, frame = structure()
    shape = (N, COLUMNS)
    hidden = np.ma.zeros(shape)
    hidden[0, 0] = np.ma.masked
    frozen = np.zeros(shape)
    frozen.flags.writeable = False
    for out, message in (
        (hidden, "out has masked entries"),
        (frozen, "out is read-only"),
        (np.zeros(shape, ">f8"), "out is of type >f8"),
        (np.zeros(shape, np.float16), "out is of type float16"),
        # Where it is no other name of float64.
        *[(np.zeros(shape, np.longdouble), "out is of type")] * bool(np.finfo(np.longdouble).max > np.finfo(float).max),
        (np.zeros(shape, object), "out is of type object"),
        (np.zeros(shape, complex), "out is of type complex128"),
        (np.zeros(shape, [("a", float)]), r"out is of type"),
        (np.zeros(N * COLUMNS), r"out is an array of shape \(48,\)"),
        ([[0.0] * COLUMNS] * N, "out is a list"),
        ("rows.npy", "out is a str"),
    ):
        with pytest.raises(ValueError, match=message):
            descriptor.transform(frame, out=out)


def test_arguments_stay_as_they_are():
    """Whatever is asked, nothing that was given is changed."""
    for kind in ("SoapTurbo", "ACSF", "OverlapMatrix", "Hybrid"):
        descriptor = KINDS[kind]()
        _, frame = structure()
        atoms = Atoms(frame.numbers, frame.positions, cell=frame.cell, pbc=frame.pbc, momenta=np.ones((N, 3)))
        twin = atoms.copy()
        adjoint, move = np.ones((N, COLUMNS)), np.ones((N, 3))
        given = [atoms.positions, atoms.numbers, adjoint, move]
        before = [array.copy() for array in given]
        for array in given:
            array.flags.writeable = False
        descriptor.transform(atoms)
        descriptor.pullback(atoms, adjoint)
        descriptor.pushforward(atoms, move)
        descriptor.derivatives(atoms)
        assert all(map(np.array_equal, given, before))
        assert atoms == twin
        assert np.array_equal(atoms.get_momenta(), twin.get_momenta())
