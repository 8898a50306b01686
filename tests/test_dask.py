"""Lazy features are the features, wherever their tasks run and whoever is lost on the way."""

import numpy as np
import pytest
from ase.build import molecule
from ase.io import write

import isoprint as ip

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
    with pytest.raises(ValueError, match="a part has 23 rows, and 5 were announced"):
        wrong.compute(scheduler="synchronous")
    with pytest.raises(ValueError, match="does not know its species"):
        lazily.features(files, ip.SOAP(r_cut=4.0, n_max=3, l_max=2))
    with pytest.raises(TypeError, match="give a list of structures"):
        lazily.features(molecule("H2O"), SOAP)
    (tmp_path / "cut.xyz").write_text("2\n\nH 0 0 0\n")
    (tmp_path / "odd.xyz").write_text("1\n\nH 0 0 0\nH 0 0 0\n")
    with pytest.raises(ValueError, match="where a number of atoms belongs"):
        lazily.features([tmp_path / "odd.xyz"], SOAP)
    with pytest.raises(Exception, match=r".+"):
        lazily.features([tmp_path / "cut.xyz"], SOAP).compute(scheduler="synchronous")
    assert lazily.features([], SOAP).shape == (0, SOAP.n_features)


def test_a_worker_that_dies_costs_its_task_and_nothing_else(files):
    distributed = pytest.importorskip("distributed")
    expected = SOAP.transform(frames())
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        array = lazily.features(frames() * 30, SOAP, batch=20)
        future = client.compute(array)
        victim = next(iter(cluster.workers.values()))
        victim.process.process._process.kill()
        np.testing.assert_array_equal(future.result(timeout=120), np.concatenate([expected] * 30))
