"""What it costs to share work out to processes: dask, joblib and concurrent.futures beside one process with threads.

    python benches/clusters.py                 830,000 environments, 64 MiB of features a task, three turns of each
    python benches/clusters.py --tasks 4 --turns 1      a quick look

Two workers of one thread against one process with two threads, on the same structures in memory, reduced to mean and
variance. One dask run has a worker killed in its middle, and must give the same numbers. Besides: overhead of a task,
bytes of a task, seconds of a merge, and the time of a model fit in shares. Turns of all contestants follow one another,
and medians are kept. Results go to ``benches/results/clusters.json``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import pickle
import signal
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from machine import machine

import isoprint as ip

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "clusters.json"
WORKERS = 2
ATOMS = 20


def descriptor():
    """A usual one, 324 columns."""
    return ip.SOAP(r_cut=5.0, n_max=8, l_max=8, species=["C"])


def structures(n):
    """Displaced copies of one cell of twenty atoms."""
    from ase import Atoms

    rng = np.random.default_rng(0)
    places = rng.uniform(0.0, 6.0, (ATOMS, 3))
    noise = rng.normal(scale=0.1, size=(n, ATOMS, 3))
    return [Atoms(f"C{ATOMS}", places + own, cell=[6.0, 6.0, 6.0], pbc=True) for own in noise]


def share(frames):
    """What a task of joblib or concurrent.futures does."""
    return ip.reduce(frames, descriptor(), ip.reductions.Moments(), n_jobs=1)


def merged(shares):
    """One reducer of those of all tasks, in their order."""
    first, *others = shares
    for other in others:
        first.merge(other, follows=True)
    return first


class Deadly(ip.reductions.Moments):
    """Kills the process that it is in, once, after some batches in all processes."""

    def __init__(self, folder, after):
        self.folder, self.after, self.parent = str(folder), after, os.getpid()
        super().__init__()

    def _take(self, features, places):
        super()._take(features, places)
        calls, killed = Path(self.folder, "calls"), Path(self.folder, "killed")
        with calls.open("ab") as file:
            file.write(b".")
        if os.getpid() != self.parent and calls.stat().st_size >= self.after and not killed.exists():
            killed.write_text("")
            os.kill(os.getpid(), signal.SIGKILL)


def seconds(function, *args):
    """What a call gives, and how long it takes."""
    start = time.perf_counter()
    found = function(*args)
    return found, time.perf_counter() - start


def of_arrays(frames, per_task):
    """`transform` of arrays in memory, some structures at a time, and sums of its rows: nothing else to be done."""
    soap, total, n = descriptor(), 0.0, 0
    for first in range(0, len(frames), per_task):
        features = soap.transform(frames[first : first + per_task], n_jobs=WORKERS)
        total, n = total + features.sum(axis=0), n + len(features)
    return total / n


def races(frames, per_task, turns, client):
    """Median seconds of each contestant, and whether means agree."""
    from joblib import Parallel, delayed

    from isoprint.extras import dask as lazily

    lists = [frames[first : first + per_task] for first in range(0, len(frames), per_task)]
    soap = descriptor()
    # Of spawned processes, each imports the package for itself.
    pool = ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn"))
    contestants = {
        "transform, two threads": lambda: of_arrays(frames, per_task),
        "reduce, two threads": lambda: ip.reduce(frames, soap, ip.reductions.Moments(), n_jobs=WORKERS).mean,
        "reduce, one thread": lambda: ip.reduce(frames, soap, ip.reductions.Moments(), n_jobs=1).mean,
        "dask": lambda: lazily.reduce(frames, soap, ip.reductions.Moments(), batch=per_task).mean,
        "joblib": lambda: merged(Parallel(WORKERS)(delayed(share)(some) for some in lists)).mean,
        "concurrent.futures": lambda: merged(pool.map(share, lists)).mean,
    }
    with pool:
        Parallel(WORKERS)(delayed(share)(frames[:20]) for _ in range(WORKERS))
        list(pool.map(share, [frames[:20]] * WORKERS))
        lazily.reduce(frames[:40], soap, ip.reductions.Moments(), batch=10)
        times, means = {name: [] for name in contestants}, {}
        for _ in range(turns):
            for name, run in contestants.items():
                means[name], spent = seconds(run)
                times[name].append(spent)
    for name, mean in means.items():
        np.testing.assert_allclose(mean, means["transform, two threads"], rtol=1e-12, err_msg=name)
    medians = {name: float(np.median(own)) for name, own in times.items()}
    return {
        "seconds": medians,
        "throughput_of_transform": {name: medians["transform, two threads"] / own for name, own in medians.items()},
        "seconds_per_center": medians["reduce, one thread"] / (ATOMS * len(frames)),
    }


def with_a_killed_worker(frames, per_task):
    """Seconds of a run in which a worker is killed in the middle; its result is compared."""
    from isoprint.extras import dask as lazily

    with tempfile.TemporaryDirectory() as folder:
        deadly = Deadly(folder, max(2, len(frames) // per_task // 2))
        found, spent = seconds(lambda: lazily.reduce(frames, descriptor(), deadly, batch=per_task))
        was_killed = Path(folder, "killed").exists()
    expected = ip.reduce(frames, descriptor(), ip.reductions.Moments(), n_jobs=WORKERS)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-12)
    np.testing.assert_allclose(found.variance, expected.variance, rtol=1e-12)
    return {"seconds": spent, "was_killed": was_killed, "same_result": found.n_rows == expected.n_rows}


def nothing(place):
    """A task that does nothing."""
    return place


def of_tasks(frames, per_task, client):
    """Overhead and bytes of a task, and the time to send structures."""
    from distributed.protocol.pickle import dumps

    from isoprint.extras import dask as lazily

    n = 2000
    client.gather(client.map(nothing, range(200)))
    submit = lambda: client.gather(client.map(nothing, range(n), pure=False))  # noqa: E731
    empty = float(np.median([seconds(submit)[1] for _ in "123"]))
    small, soap = frames[:n], descriptor()
    ours = [seconds(lambda: lazily.reduce(small, soap, ip.reductions.Moments(), batch=1))[1] for _ in "123"]
    alone = [seconds(lambda: [soap.transform(one, n_jobs=1) for one in small])[1] for _ in "123"]
    tasks = dict(lazily.features(frames[: 2 * per_task], soap, batch=per_task).__dask_graph__())
    sizes = [len(dumps(task)) for key, task in tasks.items() if "_describe" in str(key)]
    graph, packing = seconds(lambda: lazily.features(frames, soap, batch=per_task))
    _, pickling = seconds(lambda: dumps(dict(graph.__dask_graph__())))
    described = float(np.median(ours))
    return {
        "empty_task_ms": 1e3 * empty / n,
        # Wall time of a task of one structure of twenty atoms, its merge included, less what describing it takes.
        "small_task_ms": 1e3 * (described - float(np.median(alone)) / WORKERS) / n,
        "small_tasks": n,
        "bytes_per_task": max(sizes),
        "bytes_per_atom": max(sizes) / (ATOMS * per_task),
        "bytes_of_a_task_of_a_file": len(dumps(next(iter(dict(_of_a_file(soap)).values())))),
        "bytes_of_the_fingerprint": len(pickle.dumps(soap)),
        "seconds_to_pack_and_pickle_all": packing + pickling,
    }


def _of_a_file(soap):
    from isoprint.extras import dask as lazily

    graph = dict(lazily.features(["/scratch/trajectories/part-00000.extxyz"], soap, rows=[1000]).__dask_graph__())
    return {key: task for key, task in graph.items() if "_describe" in str(key)}


def of_merges():
    """Seconds and bytes of one merge of each kind of summary."""
    rng, width = np.random.default_rng(0), descriptor().n_features
    rows = rng.normal(size=(3000, width))
    makes = {
        "Moments": ip.reductions.Moments,
        "Moments(covariance=True)": lambda: ip.reductions.Moments(covariance=True),
        "PrincipalComponents(10)": lambda: ip.reductions.PrincipalComponents(10),
        "PrincipalComponents(10, exact=False)": lambda: ip.reductions.PrincipalComponents(10, exact=False),
        "Histogram(100)": lambda: ip.reductions.Histogram(100, (-5.0, 5.0)),
        "Nearest(100 landmarks, k=10)": lambda: ip.reductions.Nearest(rows[:100], 10),
        "KernelSums(1000 landmarks)": lambda: ip.reductions.KernelSums(rows[:1000]),
    }
    found = {}
    for name, make in makes.items():
        one, other = make().add(rows[:1500]), make().add(rows[1500:])
        sent, spent = seconds(pickle.dumps, other)
        merges = [seconds(one.merge, other)[1] for _ in range(7)]
        found[name] = {"seconds": float(np.median(merges)), "bytes": len(sent), "seconds_to_pickle": spent}
    return found


def of_fits(n, turns):
    """A model of energies and forces of so many crystals of 27 atoms, fitted here and in shares."""
    from ase.build import bulk
    from ase.calculators.lj import LennardJones
    from ase.calculators.singlepoint import SinglePointCalculator

    from isoprint.extras import dask as lazily

    labelled = []
    for seed in range(n):
        atoms = bulk("C", "sc", 2.2) * (3, 3, 3)
        atoms.rattle(0.1, seed=seed)
        pair = atoms.copy()
        pair.calc = LennardJones(sigma=2.0, epsilon=0.1, rc=5.0, smooth=True)
        results = {"energy": pair.get_potential_energy(), "forces": pair.get_forces()}
        atoms.calc = SinglePointCalculator(atoms, **results)
        labelled.append(atoms)
    make = lambda: ip.models.SparseGP(descriptor(), n_sparse=200, e0=0.0, sigma_energy=1e-3, sigma_forces=0.05)  # noqa: E731
    times = {"fit, two threads": [], "dask": []}
    for _ in range(turns):
        here, spent = seconds(lambda: make().fit(labelled, n_jobs=WORKERS))
        times["fit, two threads"].append(spent)
        shared, spent = seconds(lambda: lazily.fit(make(), labelled))
        times["dask"].append(spent)
    one, other = (np.asarray(each.predict(labelled[:50]).forces) for each in (here, shared))
    share = here.share(labelled[:2])
    twice = [seconds(share.merge, share)[1] for _ in range(5)]
    return {
        "frames": len(labelled),
        "n_sparse": 200,
        "seconds": {name: float(np.median(own)) for name, own in times.items()},
        "largest_difference_of_forces": float(np.abs(one - other).max() / np.abs(one).max()),
        "seconds_per_merge": float(np.median(twice)),
        "bytes_of_a_share": len(pickle.dumps(share)),
    }


def main() -> None:
    """Read options, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=32, help="of 64 MiB of features each")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    args = parser.parse_args()
    from distributed import Client, LocalCluster

    # The structures are in memory here, as the comparison asks for; files would be read by the workers.
    warnings.filterwarnings("ignore", "Sending large graph")
    per_task = 2**26 // (8 * descriptor().n_features) // ATOMS
    frames = structures(args.tasks * per_task)
    options = {"threads_per_worker": 1, "dashboard_address": ":0", "silence_logs": 50}
    with LocalCluster(n_workers=WORKERS, **options) as cluster, Client(cluster) as client:
        result = {
            "machine": machine(),
            "workers": WORKERS,
            "frames": len(frames),
            "centers": ATOMS * len(frames),
            "columns": descriptor().n_features,
            "tasks": args.tasks,
            "centers_per_task": ATOMS * per_task,
            **races(frames, per_task, args.turns, client),
            "tasks_of_dask": of_tasks(frames, per_task, client),
            "merges": of_merges(),
            "fit": of_fits(400, args.turns),
            "killed": with_a_killed_worker(frames, per_task),
        }
    args.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
