"""Jacobians into memory of one's own, of many frames at once, and piece by piece."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

import isoprint as ip
from catalog import EVERY_DESCRIPTOR_AND_OPTION
from isoprint.descriptors.derivatives import Derivatives

every_case = pytest.mark.parametrize("case", EVERY_DESCRIPTOR_AND_OPTION, ids=repr)


def soap(**options):
    return ip.SOAP(**{"r_cut": 4.0, "n_max": 3, "l_max": 2, "species": ["H", "C", "O"], **options})


def frames_of(case):
    """Three frames of different sizes, one of them periodic."""
    rng = np.random.default_rng(3)
    sizes, cell = (4, 1, 6), [4.0, 4.5, 5.0]
    places = [rng.uniform(0.0, 4.0, (n, 3)) for n in sizes]
    kinds = [[case.elements[k % len(case.elements)] for k in range(n)] for n in sizes]
    return [Atoms(kind, at, cell=cell, pbc=n == 6) for kind, at, n in zip(kinds, places, sizes, strict=True)]


def assert_same(found, expected):
    assert np.array_equal(found.values, expected.values)
    assert found.values.dtype == expected.values.dtype
    assert np.array_equal(found.center, expected.center)
    assert np.array_equal(found.atom, expected.atom)
    assert (found.n_rows, found.n_atoms) == (expected.n_rows, expected.n_atoms)


# Many frames


@every_case
def test_a_list_of_frames_gives_what_each_frame_gives(case):
    frames = frames_of(case)
    alone = [case.descriptor.derivatives(frame) for frame in frames]
    for n_jobs in (1, 3):
        together = case.descriptor.derivatives(frames, n_jobs=n_jobs)
        assert len(together) == len(frames)
        first = 0
        for place, (found, expected) in enumerate(zip(together, alone, strict=True)):
            assert_same(found, expected)
            assert (found.frame, found.rows) == (place, slice(first, first + found.n_rows))
            first += found.n_rows
            assert found.dense().shape == expected.dense().shape
    owner = together[0].values.base
    assert owner is not None
    assert all(found.values.base is owner for found in together)


def test_a_list_gives_a_list(water):
    descriptor = soap()
    alone = descriptor.derivatives(water)
    assert isinstance(alone, Derivatives)
    assert alone.rows == slice(0, 3)
    for given in ([water], (water,), iter([water])):
        (only,) = descriptor.derivatives(given)
        assert_same(only, alone)
    assert descriptor.derivatives([]) == []
    assert soap(average="outer").derivatives([]) == []
    assert ip.Hybrid([descriptor], scale=None).derivatives([]) == []


def test_centers_of_many_frames(water):
    descriptor, methane = soap(), molecule("CH4")
    centers = [[2, (0.1, 0.2, 0.3)], [], None]
    found = descriptor.derivatives([water, water, methane], centers=centers)
    for own, frame, expected in zip(found, (water, water, methane), centers, strict=True):
        assert_same(own, descriptor.derivatives(frame, centers=expected))
    assert [own.rows for own in found] == [slice(0, 2), slice(2, 2), slice(2, 7)]


# Memory of one's own


@every_case
def test_out_holds_the_same_bits(case):
    frames = frames_of(case)
    alone, together = case.descriptor.derivatives(frames[0]), case.descriptor.derivatives(frames)
    shape = (sum(len(own.values) for own in together) + 5, 3, case.descriptor.n_features)
    out = np.full(shape, np.nan, alone.values.dtype)
    found = case.descriptor.derivatives(frames[0], out=out)
    assert_same(found, alone)
    assert found.values.base is out
    assert np.isnan(out[len(alone.values) :]).all()
    for own, expected in zip(case.descriptor.derivatives(frames, out=out), together, strict=True):
        assert_same(own, expected)
        assert np.shares_memory(own.values, out) or not own.values.size
    assert np.isnan(out[-5:]).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_array_decides_about_the_precision(water, dtype):
    for descriptor in (soap(), ip.Hybrid([soap(), soap(n_max=2)], scale=None)):
        expected = descriptor.derivatives(water).values
        out = np.empty(expected.shape, dtype)
        assert descriptor.derivatives(water, out=out).values is out
        assert np.array_equal(out, expected.astype(dtype))


def test_a_file_may_be_written_to(water, tmp_path):
    descriptor = soap()
    expected = descriptor.derivatives(water).values
    out = np.memmap(tmp_path / "blocks", float, "w+", shape=(10, *expected.shape[1:]))
    found = descriptor.derivatives(water, out=out)
    assert isinstance(found.values, np.memmap)
    out.flush()
    assert np.array_equal(np.fromfile(tmp_path / "blocks").reshape(out.shape)[:9], expected)


def readonly(array):
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("kind", ["one", "several"])
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda n: [[0.0]], r"out is a list, expected a C-contiguous numpy array of shape \(n_blocks or more, 3, "),
        (lambda n: np.zeros((9, n)), r"out is an array of shape \(9, .*expected a C-contiguous"),
        (lambda n: np.zeros((9, 3, n + 1)), r"out is an array of shape \(9, 3, .*expected a C-contiguous"),
        (lambda n: np.zeros((8, 3, n)), "out has room for 8 blocks of derivatives, but there are 9; pass an array"),
        (lambda n: np.zeros((9, 3, n), int), "out is of type int64; it must be float64 or float32"),
        (lambda n: np.zeros((9, 3, n), ">f8"), "out is of type >f8; it must be float64 or float32 in native"),
        (lambda n: readonly(np.zeros((9, 3, n))), "out is read-only; open a memory map"),
        (lambda n: np.ma.masked_less(np.zeros((9, 3, n)), 1.0), "out has masked entries"),
        (lambda n: np.zeros((9, 3, 2 * n))[:, :, ::2], r"out has gaps between its entries \(strides"),
        (lambda n: np.zeros((9, n, 3)).transpose(0, 2, 1), r"out has gaps between its entries \(strides"),
    ],
)
def test_what_cannot_be_written_to(water, make, message, kind):
    descriptor = soap() if kind == "one" else ip.Hybrid([soap(), soap(n_max=2)], scale=None)
    with pytest.raises(ValueError, match=message):
        descriptor.derivatives(water, out=make(descriptor.n_features))


def test_no_block_is_written_over_what_it_is_computed_from():
    descriptor = soap()
    out = np.zeros((9, 3, descriptor.n_features))
    frame = molecule("H2O")
    positions = out.reshape(-1)[-9:].reshape(3, 3)
    positions[...] = frame.positions
    shared = SimpleNamespace(positions=positions, numbers=frame.numbers)
    with pytest.raises(ValueError, match="out shares memory with positions of frame 0"):
        descriptor.derivatives(shared, out=out)
    with pytest.raises(ValueError, match="out shares memory with positions of frame 1"):
        descriptor.derivatives([frame, shared], out=out)
    points = out.reshape(-1)[:6].reshape(2, 3)
    with pytest.raises(ValueError, match="out shares memory with centers"):
        descriptor.derivatives(frame, centers=points, out=out)
    assert np.array_equal(positions, frame.positions)


def test_two_calls_do_not_write_to_one_array(water):
    descriptor = soap()
    out = np.zeros((9, 3, descriptor.n_features))

    def meanwhile(done, total):
        with pytest.raises(ValueError, match="out shares memory with that of a call that still runs"):
            descriptor.derivatives(water, out=out[:])
        raise LookupError("seen")

    with pytest.raises(LookupError, match="seen"):
        descriptor.derivatives(water, out=out, progress=meanwhile)
    descriptor.derivatives(water, out=out)


# Piece by piece


@every_case
@pytest.mark.parametrize("max_bytes", [1, 20_000, None])
def test_pieces_are_those_of_the_whole(case, max_bytes):
    frames = frames_of(case)
    whole = case.descriptor.derivatives(frames)
    pieces = list(case.descriptor.iter_derivatives(frames, max_bytes=max_bytes))
    row = 0
    for frame, expected in enumerate(whole):
        own = [piece for piece in pieces if piece.frame == frame]
        assert [piece.n_atoms for piece in own] == [expected.n_atoms] * len(own)
        for piece in own:
            assert piece.first_row == row
            row += piece.n_rows
        assert np.array_equal(np.concatenate([piece.values for piece in own]), expected.values)
        assert np.array_equal(np.concatenate([piece.atom for piece in own]), expected.atom)
        rows = np.concatenate([piece.center + piece.first_row - expected.first_row for piece in own])
        assert np.array_equal(rows, expected.center)
    if max_bytes == 1 and not case.descriptor.average:
        assert max(piece.n_rows for piece in pieces) == 1


def test_pieces_of_a_crystal_stay_within_their_size():
    frame = bulk("Si", cubic=True) * (9, 9, 9)
    descriptor = soap(species=["Si"])
    size = 3 * 8 * descriptor.n_features
    pieces, seen = descriptor.iter_derivatives(frame, max_bytes=200 * size, n_jobs=2), 0
    whole = descriptor.derivatives(frame)
    for piece in pieces:
        assert len(piece.values) <= 200
        assert len(piece.values) > 180 or piece.rows.stop == len(frame)
        assert np.array_equal(piece.values, whole.values[seen : seen + len(piece.values)])
        seen += len(piece.values)
    assert seen == len(whole.values)


def test_pieces_of_points_and_of_chosen_centers(water):
    centers = [(0.0, 0.0, 3.0), 1, (9.0, 9.0, 9.0), 1, 2]
    for descriptor in (soap(), ip.Hybrid([soap(), soap(r_cut=3.0)], scale=None)):
        whole = descriptor.derivatives(water, centers=centers)
        pieces = list(descriptor.iter_derivatives(water, centers=centers, max_bytes=1))
        assert [piece.rows for piece in pieces] == [slice(k, k + 1) for k in range(5)]
        assert np.array_equal(np.concatenate([piece.values for piece in pieces]), whole.values)


class Stranger:
    """A fingerprint of another package, which knows one frame at a time."""

    def __init__(self):
        self._soap = soap(n_max=2)
        self.n_features, self.r_cut = self._soap.n_features, self._soap.r_cut

    def transform(self, frame, centers=None):
        return self._soap.transform(frame, centers=centers)

    def derivatives(self, frame, centers=None):
        found = self._soap.derivatives(frame, centers=centers)
        order = np.random.default_rng(0).permutation(len(found.values))
        return SimpleNamespace(values=found.values[order], center=found.center[order], atom=found.atom[order])


def test_blocks_of_other_packages_join_in(water):
    frames = [water, molecule("CH4"), bulk("C", cubic=True)]
    ours, strange = (ip.Hybrid([soap(r_cut=2.0), other], scale=None) for other in (soap(n_max=2), Stranger()))
    for found, expected in zip(strange.derivatives(frames), ours.derivatives(frames), strict=True):
        assert_same(found, expected)
    assert_same(strange.derivatives(water, centers=[1]), ours.derivatives(water, centers=[1]))
    for max_bytes in (1, 10_000, None):
        pieces = list(strange.iter_derivatives(frames, max_bytes=max_bytes))
        rows = [row for piece in pieces for row in range(piece.rows.start, piece.rows.stop)]
        assert rows == list(range(16))
        whole = np.concatenate([blocks.values for blocks in ours.derivatives(frames)])
        assert np.array_equal(np.concatenate([piece.values for piece in pieces]), whole)


def test_errors_count_frames_and_centers_from_the_first():
    apart = Atoms("HHHH", np.eye(4, 3) * 2.0)
    twice = Atoms("HHHH", [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]])
    acsf = ip.ACSF.standard(species=["H"])
    with pytest.raises(ValueError, match=r"center [23] of frame 1") as expected:
        acsf.derivatives([apart, twice])
    for max_bytes in (1, 4000, 1 << 20):
        with pytest.raises(ValueError, match="frame 1") as found:
            list(acsf.iter_derivatives([apart, twice], max_bytes=max_bytes))
        assert str(found.value) == str(expected.value)
    broken = Atoms("HH", [[0, 0, 0], [0, 0, np.nan]])
    with pytest.raises(ValueError, match="atom 1 of frame 2"):
        list(acsf.iter_derivatives([apart, apart, broken], max_bytes=1))


def test_arguments_are_looked_at_before_the_first_piece(water):
    descriptor = soap()
    for max_bytes in (0, -1, 2.5, "64 MiB", True):
        with pytest.raises(ValueError, match=r"max_bytes is .*must be an integer from 1 on"):
            descriptor.iter_derivatives(water, max_bytes=max_bytes)
    with pytest.raises(ValueError, match="center 3 of frame 0 is out of range"):
        descriptor.iter_derivatives(water, centers=[3])


def test_progress_counts_all_rows():
    frame = bulk("C", cubic=True) * 3
    for average, total in ((None, 216), ("inner", 216)):
        calls = []

        def progress(*call, calls=calls):
            calls.append(call)

        for _ in soap(average=average).iter_derivatives([frame] * 2, max_bytes=1 << 20, progress=progress):
            pass
        assert calls[-1] == (2 * total, 2 * total)
        assert calls == sorted(calls)
        assert {all_rows for _, all_rows in calls} == {2 * total}


def test_what_progress_raises_ends_the_pieces():
    frame, calls = bulk("C", cubic=True) * 3, []

    def progress(done, total):
        calls.append(done)
        if done > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        for _ in soap().iter_derivatives(frame, max_bytes=1 << 20, progress=progress):
            pass
    assert 100 < calls[-1] < 216


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_pieces_that_are_kept_stay_as_they_are(n_jobs):
    frame = bulk("C", cubic=True) * 3
    descriptor = soap()
    kept, copies = [], []
    for piece in descriptor.iter_derivatives(frame, max_bytes=1 << 20, n_jobs=n_jobs):
        kept.append(piece.values[1:])
        copies.append(piece.values[1:].copy())
        del piece
    assert len(kept) > 5
    assert all(np.array_equal(own, copy) for own, copy in zip(kept, copies, strict=True))


def test_threads_iterate_at_the_same_time():
    frame = bulk("C", cubic=True) * 2
    descriptor = soap()
    expected = descriptor.derivatives(frame).values
    found = []

    def work():
        for _ in range(5):
            pieces = [piece.values for piece in descriptor.iter_derivatives(frame, max_bytes=1 << 18)]
            found.append(np.array_equal(np.concatenate(pieces), expected))

    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert found == [True] * 20
