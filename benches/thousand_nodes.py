"""What 10⁹ environments would take on 16, 256 and 4096 cores, and what would break first.

    python benches/thousand_nodes.py            measures, simulates, writes results, page and figure
    python benches/thousand_nodes.py --again    page and figure of the results that are there

Measured here: the time of a center and how it varies from task to task, the time that the scheduler of dask is busy
with a task and with a worker, the start of a process, the merge of two covariances. With these, `cluster_model.py`
says what many cores take. It is compared with what dask takes here: two workers that describe structures, and many
threads that sleep as long as a task takes. Results go to ``benches/results/thousand_nodes.json``; the page and the
figure are in ``docs``. Needs distributed and simpy.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import tables
from cluster_model import Costs, Plan, Storage, best_task, limits, simulated
from machine import machine

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "thousand_nodes.json"
DOCS = HERE.parent / "docs"

CENTERS, CORES = 1e9, (16, 256, 4096)
# Assumed, not measured: of one good disk, and of file systems of a department and of a large center.
STORAGES = (
    Storage("a disk", 1e9, 5e8, 1e3),
    Storage("10 GB/s", 1e10, 1e9, 1e4),
    Storage("100 GB/s", 1e11, 1e9, 3e4),
)
# Worker processes, threads of each, seconds that a task sleeps, tasks.
COMPARED = ((2, 1, 0.01, 1000), (2, 16, 0.1, 3000), (2, 16, 0.01, 3000), (2, 32, 0.03, 6000))
# Columns of a row beside the features: frame, atom and species, of eight bytes.
BESIDE = 24


def structures(n):
    """Some as those of `streams.py`."""
    from streams import frames

    return [atoms.copy() for atoms in frames(n)]


def of_tasks(n_tasks=60, n_structures=100):
    """Seconds of the processor that tasks of equal size take: a task describes structures and adds up covariances."""
    from streams import descriptor

    soap, some = descriptor(), structures(n_structures)
    soap.transform(some, n_jobs=1)
    times = []
    for _ in range(n_tasks):
        start = time.process_time()
        soap.transform(some, n_jobs=1)
        times.append(time.process_time() - start)
    return np.array(times), sum(map(len, some))


def of_merge(width, n=50):
    """Seconds to add a covariance to another."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, width, width))
    start = time.process_time()
    for _ in range(n):
        first += second + np.outer(first[0], second[0])
    return (time.process_time() - start) / n


def of_start():
    """Seconds until a new process has described a structure, by the clock."""
    code = (
        "from streams import descriptor, frames; descriptor().transform(next(frames(1)), n_jobs=1); import distributed"
    )
    times = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=HERE)
        times.append(time.perf_counter() - start)
    return min(times)


def nothing(number):
    """A task that takes no time."""
    return number


def slept(seconds):
    """A task that takes no processor."""
    time.sleep(seconds)
    return seconds


def of_scheduler(n_tasks=10_000):
    """Seconds that the process with scheduler and client is busy with a task that takes no time."""
    from distributed import Client, LocalCluster

    options = {"threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(n_workers=2, **options) as cluster, Client(cluster) as client:
        client.gather(client.map(nothing, range(100)))
        start = time.process_time()
        client.gather(client.map(nothing, range(1000, 1000 + n_tasks)))
        return (time.process_time() - start) / n_tasks


def of_worker(n=50):
    """Seconds that scheduler and workers in one process are busy with a worker that comes."""
    from distributed import Client, LocalCluster

    start = time.process_time()
    with (
        LocalCluster(n_workers=n, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(n)
        return (time.process_time() - start) / n


def measured():
    """What one machine can tell."""
    from streams import descriptor

    times, n_centers = of_tasks()
    width = descriptor().n_features
    return Costs(
        center=float(np.median(times)) / n_centers,
        row_bytes=4.0 * width + BESIDE,
        task=of_scheduler(),
        worker=of_worker(),
        start=of_start(),
        merge=of_merge(width),
        spread=tuple(np.round(times / times.mean(), 4).tolist()),
    )


def compared(costs):
    """What dask takes for tasks that sleep, and the simulation for the same."""
    from distributed import Client, LocalCluster

    found = []
    for processes, threads, seconds, n in (
        (2, 1, 0.01, 1000),
        (2, 16, 0.1, 3000),
        (2, 16, 0.01, 3000),
        (2, 32, 0.03, 6000),
    ):
        with (
            LocalCluster(n_workers=processes, threads_per_worker=threads, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            client.gather(client.map(nothing, range(1000)))
            times = np.random.default_rng(0).choice(costs.spread, n) * seconds
            start = time.perf_counter()
            client.gather(client.map(slept, times.tolist(), pure=False))
            took = time.perf_counter() - start
        plan = Plan(n * seconds / costs.center, processes * threads, seconds / costs.center)
        free = Costs(**{**asdict(costs), "start": 0.0, "worker": 0.0, "merge": 0.0})
        played = simulated(plan, free, times=times)
        found.append({"slots": processes * threads, "task": seconds, "tasks": n, "dask": took, "simulated": played})
    return found


def planned(costs):
    """Seconds for all centers, by the formula and by the simulation, and what decides."""
    found = []
    for storage in (None, *STORAGES):
        for cores in CORES:
            size = best_task(CENTERS, cores, costs, storage)
            plan = Plan(CENTERS, cores, size, storage)
            parts = limits(plan, costs)
            found.append(
                {
                    "storage": storage.name if storage else None,
                    "cores": cores,
                    "task_centers": round(size),
                    "tasks": plan.n_tasks,
                    **{f"{part} s": seconds for part, seconds in parts.items()},
                    "first": max(parts, key=parts.get),
                    "formula_s": max(parts.values()),
                    "simulated_s": simulated(plan, costs),
                    "ideal_s": CENTERS * costs.center / cores,
                }
            )
    return found


def page(result):
    """The tables of `docs/thousand_nodes.md`."""
    costs, short = result["costs"], tables.markdown
    cost_rows = [
        ["a center, 324 columns", f"{1e6 * costs['center']:.0f} µs", "one core, SOAP 8,8, about 50 neighbors"],
        ["its row in a store", f"{costs['row_bytes']:,.0f} bytes", "float32, with frame, atom and species"],
        ["a task", f"{1e3 * costs['task']:.2f} ms", "of the process with dask's scheduler and the client"],
        ["a worker that comes", f"{1e3 * costs['worker']:.0f} ms", "of the same process, and of the worker"],
        ["a new process", f"{costs['start']:.1f} s", "until its first structure is described"],
        ["merging two covariances", f"{1e3 * costs['merge']:.2f} ms", "324 columns"],
        ["tasks of equal size", f"± {100 * np.std(costs['spread']):.1f} %", "standard deviation of their times"],
    ]
    plan_rows = [
        [
            p["storage"] or "reduced, nothing stored",
            f"{p['cores']:,}",
            f"{p['task_centers']:,}",
            clock(p["formula_s"]),
            clock(p["simulated_s"]),
            f"{100 * p['ideal_s'] / p['simulated_s']:.0f} %",
            p["first"],
        ]
        for p in result["plans"]
    ]
    check_rows = [
        [
            f"{c['slots']}",
            f"{1e3 * c['task']:.0f} ms",
            f"{c['tasks']:,}",
            f"{c['dask']:.2f} s",
            f"{c['simulated']:.2f} s",
        ]
        for c in result["compared"]
    ]
    return {
        "costs": short(["", "measured", "of what"], cost_rows),
        "plans": short(
            ["storage", "cores", "centers a task", "formula", "simulation", "of the cores used", "what decides"],
            plan_rows,
        ),
        "compared": short(["threads", "a task sleeps", "tasks", "dask took", "simulation"], check_rows),
    }


def clock(seconds):
    """Three digits."""
    return f"{seconds / 60:.0f} min" if seconds >= 600 else f"{seconds:.3g} s"


def drawn(result, path):
    """Time against cores, for each storage, and the share of the cores that is used."""
    from draw import figure_of

    costs = Costs(**{**result["costs"], "spread": tuple(result["costs"]["spread"])})
    cores = np.unique(np.geomspace(1, 16384, 57).round().astype(int))
    figure, (times, shares) = figure_of(1, 2, figsize=(9.5, 3.8))
    for number, storage in enumerate((None, *STORAGES)):
        plans = [Plan(CENTERS, int(n), best_task(CENTERS, int(n), costs, storage), storage) for n in cores]
        taken = np.array([max(limits(plan, costs).values()) for plan in plans])
        name = storage.name if storage else "reduced"
        times.plot(cores, taken, color=f"C{number}", label=name)
        shares.plot(cores, 100 * CENTERS * costs.center / cores / taken, color=f"C{number}")
        played = [p for p in result["plans"] if p["storage"] == (storage.name if storage else None)]
        times.plot([p["cores"] for p in played], [p["simulated_s"] for p in played], "o", color=f"C{number}")
        shares.plot(
            [p["cores"] for p in played],
            [100 * p["ideal_s"] / p["simulated_s"] for p in played],
            "o",
            color=f"C{number}",
        )
    times.plot(cores, CENTERS * costs.center / cores, color="gray", linewidth=0.8, label="cores alone")
    times.set(xscale="log", yscale="log", xlabel="cores", ylabel="seconds for 10⁹ centers")
    shares.set(xscale="log", xlabel="cores", ylabel="share of the cores that is used, %", ylim=(0, 105))
    for axis in (times, shares):
        axis.grid(alpha=0.3)
    times.legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Read options, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", action="store_true", help="measure nothing")
    args = parser.parse_args()
    if args.again:
        result = json.loads(RESULTS.read_text(encoding="utf-8"))
    else:
        costs = measured()
        print(costs, flush=True)
        result = {"machine": machine(), "costs": asdict(costs), "compared": compared(costs), "plans": planned(costs)}
        RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for name, text in page(result).items():
        (DOCS / "data" / f"thousand_nodes_{name}.inc").write_text(text + "\n", encoding="utf-8")
        print(text, end="\n\n")
    drawn(result, DOCS / "figures" / "thousand_nodes.png")


if __name__ == "__main__":
    main()
