"""Structures one batch after the other give the rows that they give all at once."""

import threading
from contextlib import contextmanager

import numpy as np
import pytest
from ase.build import bulk, molecule
from ase.io import write

import isoprint as ip
from isoprint.structures import batches

SOAP = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"])
NAMES = ("H2O", "CH4", "CO2", "CH3OH", "H2O2", "C2H6", "CO")


def frames(n=20):
    return [molecule(NAMES[i % len(NAMES)]) for i in range(n)]


def joined(stream):
    features, rows = zip(*stream, strict=True)
    return np.concatenate(features), {
        name: np.concatenate([getattr(some, name) for some in rows]) for name in ("index", "frame", "atom", "species")
    }


@pytest.mark.parametrize("batch", [1, 3, 20, 1000, None])
@pytest.mark.parametrize("average", [None, "inner"])
def test_a_stream_gives_the_rows_of_transform(batch, average):
    soap = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"], average=average)
    features, rows = joined(soap.stream(iter(frames()), batch=batch))
    assert features.tobytes() == soap.transform(frames()).tobytes()
    expected = soap.rows(frames())
    for name, found in rows.items():
        assert found.tolist() == getattr(expected, name).tolist(), name


def test_batches_have_as_many_structures_as_asked_for_or_as_have_so_many_rows(monkeypatch):
    assert [len(rows.split(features)) for features, rows in SOAP.stream(frames(7), batch=3)] == [3, 3, 1]
    monkeypatch.setattr("isoprint.descriptors._streams._BATCH", 8 * SOAP.n_features * 10)
    assert [len(features) for features, _ in SOAP.stream([molecule("H2O")] * 9)] == [12, 12, 3]


def test_a_file_is_a_stream(tmp_path):
    write(tmp_path / "some.extxyz", frames())
    features, _ = joined(SOAP.stream(tmp_path / "some.extxyz", batch=6))
    np.testing.assert_allclose(features, SOAP.transform(frames()), rtol=0, atol=1e-7)


def test_an_iterator_may_change_what_it_handed_out():
    def moving():
        atoms = molecule("H2O")
        for _ in range(10):
            yield atoms
            atoms.positions[0, 2] += 0.01
            atoms.info.clear()

    expected = []
    for atoms in moving():
        expected.append(SOAP.transform(atoms))
    features, _ = joined(SOAP.stream(moving(), batch=4))
    assert features.tobytes() == np.concatenate(expected).tobytes()


def test_memory_and_reading_do_not_run_ahead_of_the_work():
    read = []

    def counted():
        for i in range(100):
            read.append(i)
            yield molecule("H2O")

    stream = SOAP.stream(counted(), batch=1)
    next(stream)
    next(stream)
    assert len(read) <= 2 + batches._AHEAD + 2
    stream.close()
    assert not [thread for thread in threading.enumerate() if "isoprint" in thread.name]
    assert len(read) < 10


def test_errors_arrive_and_count_frames_from_the_first():
    def broken():
        yield from frames(5)
        raise RuntimeError("the disk is gone")

    stream = SOAP.stream(broken(), batch=2)
    assert [len(next(stream)[1].split(np.zeros(8))) for _ in range(1)] == [2]
    with pytest.raises(RuntimeError, match="the disk is gone"):
        list(stream)
    with pytest.raises(ValueError, match=r"frame 1.*\(of a batch whose frame 0 is frame 4 of all\)"):
        list(SOAP.stream([*frames(5), molecule("NH3")], batch=2))
    with pytest.raises(TypeError, match="frame 0 is 'CH4'"):
        list(SOAP.stream(["CH4"]))
    with pytest.raises(TypeError, match="frames is 3; give structures"):
        list(SOAP.stream(3))


def test_arguments_are_looked_at_before_anything_is_read():
    def untouched():
        raise AssertionError("was read")
        yield

    for batch in (0, -1, 2.5, "all"):
        with pytest.raises(ValueError, match="batch is"):
            SOAP.stream(untouched(), batch=batch)
    with pytest.raises(ValueError, match="does not know its species"):
        ip.SOAP(r_cut=4.0, n_max=3, l_max=2).stream(untouched())
    with pytest.raises(ValueError, match="n_jobs"):
        SOAP.stream(untouched(), n_jobs=0)


def test_nothing_comes_of_nothing_and_one_structure_is_a_stream():
    assert list(SOAP.stream([])) == []
    [(features, rows)] = SOAP.stream(bulk("C"))
    assert features.shape == (2, SOAP.n_features)
    assert rows.frame.tolist() == [0, 0]


@pytest.mark.parametrize("library", ["zarr", "h5py"])
@pytest.mark.parametrize("average", [None, "inner"])
def test_arrays_on_disk_are_written_some_rows_at_a_time(library, average, tmp_path, monkeypatch):
    pytest.importorskip(library)
    soap = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"], average=average)
    monkeypatch.setattr("isoprint.descriptors._values._PIECE", 8 * soap.n_features * 7)
    large = bulk("C", cubic=True).repeat((2, 2, 1))
    given, centers = [*frames(9), large, large[:0], *frames(4)], [None] * 15
    centers[2], centers[9] = [1, (0.0, 0.1, 0.2), 0], list(range(1, 30))
    expected = soap.transform(given, centers=centers)
    calls = []
    with on_disk(library, tmp_path, expected.shape) as out:
        assert soap.transform(given, centers=centers, out=out, progress=lambda *n: calls.append(n)) is out
        np.testing.assert_array_equal(out[...], expected)
    assert calls[-1] == (len(expected), len(expected))
    assert len(calls) == -(-len(expected) // 7)


@contextmanager
def on_disk(library, folder, shape, dtype="float64"):
    if library == "zarr":
        import zarr

        group = zarr.open_group(str(folder / "x.zarr"), mode="w")
        make = getattr(group, "create_array", None) or group.create_dataset
        yield make("x", shape=shape, dtype=dtype, chunks=(5, shape[1]))
        return
    import h5py

    with h5py.File(folder / "x.h5", "w") as file:
        yield file.create_dataset("x", shape, dtype)


@pytest.mark.parametrize("library", ["zarr", "h5py"])
def test_arrays_on_disk_must_have_room_for_numbers(library, tmp_path):
    pytest.importorskip(library)
    with (
        on_disk(library, tmp_path, (3, SOAP.n_features + 1)) as out,
        pytest.raises(ValueError, match=r"out is of shape \(3, \d+\), expected \(3, \d+\): one row a center"),
    ):
        SOAP.transform(molecule("H2O"), out=out)
    with (
        on_disk(library, tmp_path, (3, SOAP.n_features), "int64") as out,
        pytest.raises(ValueError, match="out has numbers of type int64; it must be of float64 or float32"),
    ):
        SOAP.transform(molecule("H2O"), out=out)
