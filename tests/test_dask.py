"""Lazy features are the features, wherever their tasks run and whoever is lost on the way."""

import os
import pickle
import signal
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from ase.build import molecule
from ase.io import read, write

import isoprint as ip
from isoprint.extras import _dask_parts

dask = pytest.importorskip("dask")
lazily = pytest.importorskip("isoprint.extras.dask")

SOAP = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"])
NAMES = ("H2O", "CH4", "CO2", "CH3OH")


def frames(n=20):
    return [molecule(NAMES[i % 4]) for i in range(n)]


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"part{i}.extxyz" for i in range(4)]
    for i, path in enumerate(paths):
        write(path, frames()[5 * i : 5 * i + 5])
    return paths


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
@pytest.mark.parametrize("average", [None, "inner"])
def test_lazy_features_are_the_features(scheduler, average):
    soap = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"], average=average)
    array = lazily.features(frames(), soap, batch=6)
    expected = soap.transform(frames())
    assert array.shape == expected.shape
    assert len(array.chunks[0]) == 4
    np.testing.assert_array_equal(array.compute(scheduler=scheduler, num_workers=2), expected)
    np.testing.assert_allclose(array.mean(axis=0).compute(scheduler="synchronous"), expected.mean(axis=0))


def test_files_are_counted_without_being_read(files):
    array = lazily.features(files, SOAP)
    counts = tuple(len(SOAP.rows(frames()[5 * i : 5 * i + 5])) for i in range(4))
    assert array.chunks[0] == counts
    np.testing.assert_allclose(array.compute(scheduler="threads"), SOAP.transform(frames()), rtol=0, atol=1e-7)
    of_frames = lazily.features(files, ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"], average="outer"))
    assert of_frames.chunks[0] == (5, 5, 5, 5)


def test_a_bag_and_other_files_have_sizes_that_are_told_or_found(files, tmp_path):
    bag = pytest.importorskip("dask.bag")
    expected = SOAP.transform(frames())
    array = lazily.features(bag.from_sequence(frames(), npartitions=3), SOAP)
    assert np.isnan(array.shape[0])
    np.testing.assert_array_equal(array.compute(scheduler="synchronous"), expected)
    with dask.config.set(scheduler="synchronous"):
        assert array.compute_chunk_sizes().shape == expected.shape
    write(tmp_path / "one.traj", frames(3))
    told = lazily.features([tmp_path / "one.traj"], SOAP, rows=[len(SOAP.rows(frames(3)))])
    np.testing.assert_allclose(told.compute(scheduler="synchronous"), SOAP.transform(frames(3)), rtol=0, atol=1e-7)


def test_what_does_not_fit_is_told(files, tmp_path):
    with pytest.raises(ValueError, match="rows has 1 entries, and there are 4 parts"):
        lazily.features(files, SOAP, rows=[5])
    wrong = lazily.features(files, SOAP, rows=[5, 5, 5, 5])
    with pytest.raises(ValueError, match=r"part\d.extxyz has 23 rows, and 5 were announced"):
        wrong.compute(scheduler="synchronous")
    with pytest.raises(ValueError, match="does not know its species"):
        lazily.features(files, ip.SOAP(r_cut=4.0, n_max=3, l_max=2))
    with pytest.raises(TypeError, match="give a list of structures"):
        lazily.features(molecule("H2O"), SOAP)
    (tmp_path / "odd.xyz").write_text("1\n\nH 0 0 0\nH 0 0 0\n")
    with pytest.raises(
        ValueError, match=r"frame 1 of .*odd.xyz begins with b'H 0 0 0.*where a number of atoms belongs"
    ):
        lazily.features([tmp_path / "odd.xyz"], SOAP)
    assert lazily.features([], SOAP).shape == (0, SOAP.n_features)
    for wrong in ([tmp_path / "odd.xyz", molecule("H2O")], 3):
        with pytest.raises((TypeError, ValueError), match="frame"):
            lazily.features(wrong, SOAP)
    with pytest.raises(TypeError, match="give a SparseGP or a Linear"):
        lazily.fit(ip.models.SparseKernelRidge(SOAP), frames())
    with pytest.raises(TypeError, match=r"give a dask.array.Array"):
        lazily.reduce_rows(np.zeros((3, 2)), ip.reductions.Moments())
    with pytest.raises(ValueError, match="has begun with other structures"):
        lazily.reduce(frames(), SOAP, lazily.reduce(frames(), SOAP, ip.reductions.KMeans(2)))


@pytest.mark.parametrize("n_lines", [1, 2, 5, 8, 9])
def test_a_file_that_ends_in_the_middle_is_named(n_lines, tmp_path):
    write(tmp_path / "whole.xyz", frames(2))
    lines = (tmp_path / "whole.xyz").read_text().splitlines(keepends=True)
    path = tmp_path / "cut.xyz"
    path.write_text("".join(lines[:n_lines]))
    if n_lines == 5:  # one whole structure
        assert lazily.features([path], SOAP).shape[0] == 3
        return
    place = 0 if n_lines < 5 else 1
    with pytest.raises(
        ValueError, match=rf"{path} ends in the middle of frame {place}, which has \d+ of its \d+ atoms"
    ):
        lazily.features([path], SOAP)
    with pytest.raises(ValueError, match=rf"frame {place} of {path} cannot be read \(.+\); was the file cut?"):
        lazily.features([path], SOAP, rows=[8]).compute(scheduler="synchronous")
    with (
        dask.config.set(scheduler="synchronous"),
        pytest.raises(ValueError, match=f"frame {place} of {path} cannot be"),
    ):
        lazily.reduce([path], SOAP, ip.reductions.Moments())


def test_cell_vectors_behind_the_atoms_are_no_atoms(tmp_path):
    path = tmp_path / "vectors.xyz"
    path.write_text(2 * "2\nno key\nC 0 0 0\nC 0 0 1.2\nVEC1 5 0 0\nVEC2 0 5 0\nVEC3 0 0 5\n")
    array = lazily.features([path], SOAP)
    np.testing.assert_array_equal(array.compute(scheduler="synchronous"), SOAP.transform(read(path, ":")))
    assert array.shape[0] == 4


@pytest.mark.parametrize("number", [262, -250])
def test_numbers_of_no_element_do_not_become_one_on_the_way(number):
    wrong = SimpleNamespace(positions=np.zeros((1, 3)), numbers=np.array([number]), cell=None, pbc=None)
    with pytest.raises(ValueError, match=f"atomic number {number}"):
        lazily.features([wrong], SOAP).compute(scheduler="synchronous")


def test_what_is_wrong_with_a_structure_names_its_file(files):
    write(files[2], [*frames(3), molecule("NH3")])
    with pytest.raises(ValueError, match=r"part2.extxyz: .*frame 3"):
        lazily.features(files, SOAP).compute(scheduler="synchronous")
    with dask.config.set(scheduler="synchronous"), pytest.raises(ValueError, match=r"part2.extxyz: .*frame 1"):
        lazily.reduce(files, SOAP, ip.reductions.Moments(), batch=2)


def test_files_of_any_size_and_format_and_some_centers(tmp_path):
    counts = {"a.extxyz": 7, "empty.xyz": 0, "b.traj": 1, "c.extxyz": 12}
    first = 0
    for name, n in counts.items():
        path = tmp_path / name
        write(path, frames()[first : first + n]) if n else path.write_bytes(b"")
        first += n
    paths = [tmp_path / name for name in counts]
    for descriptor in (SOAP, soap(centers=["O"]), soap(average="outer"), soap(centers=["C"], average="inner")):
        expected = descriptor.transform(frames())
        unknown = lazily.features(paths, descriptor)
        assert np.isnan(unknown.shape[0])
        np.testing.assert_allclose(unknown.compute(scheduler="synchronous"), expected, rtol=0, atol=1e-6)
        xyz = [path for path in paths if path.suffix != ".traj"]
        known = lazily.features(xyz, descriptor)
        n_rows = len(descriptor.rows(frames()[:7])), len(descriptor.rows(frames()[8:]))
        assert lazily.features([tmp_path / "empty.xyz"], descriptor).compute().shape == (0, descriptor.n_features)
        if descriptor.centers is None or descriptor.average is not None:
            assert known.chunks[0] == n_rows
        with dask.config.set(scheduler="synchronous"):
            moments = lazily.reduce(paths, descriptor, ip.reductions.Moments(), batch=3)
        assert (moments.n_frames, moments.n_rows) == (20, len(expected))
        np.testing.assert_allclose(moments.mean, expected.mean(axis=0), atol=1e-6)


def soap(**options):
    return ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"], **options)


def reducers():
    return {
        "moments": ip.reductions.Moments(covariance=True),
        "nearest": ip.reductions.Nearest(SOAP.transform(molecule("CH3OH")), 3),
        "sums": ip.reductions.KernelSums(SOAP.transform(molecule("CH3OH")), per="frame"),
        "farthest": ip.reductions.Farthest(6),
        "clusters": ip.reductions.KMeans(3),
    }


def moved(n=60):
    found = frames(n)
    for seed, atoms in enumerate(found):
        atoms.rattle(0.05, seed=seed)
    return found


def assert_as_in_one_process(found, expected):
    assert found["moments"].n_frames == expected["moments"].n_frames
    np.testing.assert_allclose(found["moments"].covariance, expected["moments"].covariance, rtol=1e-12, atol=1e-15)
    for name in ("index", "frame", "atom"):
        for which in ("nearest", "farthest"):
            np.testing.assert_array_equal(getattr(found[which], name), getattr(expected[which], name))
    np.testing.assert_allclose(found["sums"].sums, expected["sums"].sums, rtol=1e-12)
    np.testing.assert_allclose(found["clusters"].centers, expected["clusters"].centers, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(found["clusters"].counts, expected["clusters"].counts)


@pytest.mark.parametrize("batch", [1, 7, 100])
@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_reductions_are_those_of_one_process(scheduler, batch):
    with dask.config.set(scheduler=scheduler, num_workers=2):
        found = lazily.reduce(moved(), SOAP, reducers(), batch=batch)
        assert_as_in_one_process(found, ip.reduce(moved(), SOAP, reducers()))
        moments = lazily.reduce(moved(8), SOAP, lazily.reduce(moved(5), SOAP, ip.reductions.Moments()))
    assert moments.n_frames == 13


def test_reductions_take_bags_lists_that_were_delayed_and_files(tmp_path):
    bag = pytest.importorskip("dask.bag")
    paths = [tmp_path / f"{i}.traj" for i in range(3)]
    for i, path in enumerate(paths):
        write(path, moved(12)[4 * i : 4 * i + 4])
    late = [dask.delayed(read)(path, ":") for path in map(str, paths)]
    expected = ip.reduce(moved(12), SOAP, ip.reductions.Moments())
    with dask.config.set(scheduler="synchronous"):
        for given in (bag.from_sequence(moved(12), npartitions=3), late, paths):
            found = lazily.reduce(given, SOAP, ip.reductions.Moments())
            np.testing.assert_allclose(found.variance, expected.variance, rtol=1e-12)
        np.testing.assert_array_equal(lazily.features(late, SOAP).compute(), SOAP.transform(moved(12)))


def test_rows_of_lazy_arrays_are_reduced():
    array = lazily.features(moved(), SOAP, batch=11)
    expected = ip.reductions.PrincipalComponents(3).add(SOAP.transform(moved()))
    with dask.config.set(scheduler="synchronous"):
        for given in (array, array.rechunk({1: 40})):
            found = lazily.reduce_rows(given, ip.reductions.PrincipalComponents(3))
            np.testing.assert_allclose(found.explained_variance, expected.explained_variance, rtol=1e-11)
            np.testing.assert_allclose(found.components, expected.components, rtol=0, atol=1e-9)
        clusters = lazily.reduce_rows(array, ip.reductions.KMeans(3))
    assert clusters.counts.sum() == len(array)


def test_tasks_carry_their_structures_as_arrays_and_the_fingerprint_once():
    distributed = pytest.importorskip("distributed.protocol.pickle")
    heavy = soap()
    heavy.set_params(weights=None) if "weights" in heavy.get_params() else None
    array = lazily.features(moved(), heavy, batch=20)
    sizes = {str(key): len(distributed.dumps(task)) for key, task in dict(array.__dask_graph__()).items()}
    describing = [size for key, size in sizes.items() if "_describe" in key]
    own = len(pickle.dumps(heavy))
    assert len(describing) == 3
    assert sum(size >= own for key, size in sizes.items() if key.startswith("SOAP")) == 1
    n_atoms = sum(map(len, moved()))
    # Three coordinates and a byte of an atom; cell, periodicity and offset of a structure; names of the task.
    assert sum(describing) < 25 * n_atoms + 83 * 60 + 3 * 1000
    bundle = _dask_parts.Bundle(moved(3))
    assert [atoms.numbers.tolist() for atoms in bundle.frames()] == [atoms.numbers.tolist() for atoms in moved(3)]
    assert len(bundle) == 3


def test_arrays_that_arrive_at_odd_addresses_are_described():
    atoms = molecule("CH3OH")
    for name, array in atoms.arrays.items():
        memory = np.empty(array.nbytes + 1, np.uint8)[1:]
        odd = memory.view(array.dtype).reshape(array.shape)
        odd[...] = array
        atoms.arrays[name] = odd
    assert not atoms.positions.flags.aligned
    np.testing.assert_array_equal(SOAP.transform(atoms), SOAP.transform(molecule("CH3OH")))
    np.testing.assert_array_equal(SOAP.transform([atoms] * 2), SOAP.transform([molecule("CH3OH")] * 2))


# On processes


class Threads(ip.reductions.Reducer):
    """Threads that the process of a task has for its work."""

    def _clear(self):
        super()._clear()
        self.most = 0

    def _take(self, features, places):
        names = [Path(f"/proc/self/task/{task}/comm").read_text() for task in os.listdir("/proc/self/task")]  # noqa: PTH208
        self.most = 1 + sum(name.startswith("isoprint-") for name in names)

    def _join(self, other, n_frames, n_rows):
        self.most = max(self.most, other.most)


class Deadly(ip.reductions.Moments):
    """Kills the process that it is in, once, in the middle of its work."""

    def __init__(self, folder, in_merge=False):
        self.folder, self.in_merge, self.parent = str(folder), in_merge, os.getpid()
        super().__init__()

    def _take(self, features, places):
        super()._take(features, places)
        if not self.in_merge:
            self.come_nearer()

    def _join(self, other, n_frames, n_rows):
        super()._join(other, n_frames, n_rows)
        if self.in_merge:
            self.come_nearer()

    def come_nearer(self):
        """Kill at the fourth call in all processes."""
        calls, killed = Path(self.folder, "calls"), Path(self.folder, "killed")
        with calls.open("ab") as file:
            file.write(b".")
        if os.getpid() != self.parent and calls.stat().st_size >= 4 and not killed.exists():
            killed.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    options = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    # Workers that were killed are missed in silence, and started again.
    with distributed.LocalCluster(n_workers=2, processes=True, **options) as cluster, distributed.Client(cluster):
        yield cluster


@pytest.mark.parametrize("in_merge", [False, True])
def test_a_worker_that_is_killed_in_the_middle_costs_its_task_and_nothing_else(in_merge, cluster, tmp_path):
    found = lazily.reduce(moved(), SOAP, Deadly(tmp_path, in_merge), batch=6)
    assert (tmp_path / "killed").read_text().isdigit()
    expected = ip.reduce(moved(), SOAP, ip.reductions.Moments())
    assert (found.n_frames, found.n_rows) == (expected.n_frames, expected.n_rows)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(found.variance, expected.variance, rtol=1e-12, atol=1e-18)


def test_reductions_on_processes_are_those_of_one(cluster):
    assert_as_in_one_process(lazily.reduce(moved(), SOAP, reducers(), batch=7), ip.reduce(moved(), SOAP, reducers()))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_a_task_has_as_many_threads_as_it_was_given(cluster):
    large = molecule("C60")
    many = [large] * 12
    for n_jobs in (1, 2):
        found = lazily.reduce(many, SOAP, Threads(), batch=3, n_jobs=n_jobs)
        assert found.most == n_jobs


def test_lazy_features_survive_a_worker(cluster):
    expected = SOAP.transform(frames())
    from distributed import get_client

    future = get_client().compute(lazily.features(frames() * 30, SOAP, batch=20))
    os.kill(next(iter(get_client().run(os.getpid).values())), signal.SIGKILL)
    np.testing.assert_array_equal(future.result(timeout=120), np.concatenate([expected] * 30))
