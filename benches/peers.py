"""Times isoprint against other programs, in one run, so that the ratios hold on a noisy machine.

    python benches/peers.py --peers-python .venv-peers/bin/python

The peers live in an environment of their own:

    python3 -m venv .venv-peers && .venv-peers/bin/pip install -r benches/requirements-peers.txt

Every case has a fresh process for each contestant. All of them stand ready while the repeats go round, one call each in
turn. A call goes from `ase.Atoms` to the finished array; the descriptor and the atoms are made before. The system is
that of `seed_system.py`, so large that a call takes about ``--target`` seconds, and smaller for slow contestants: times
are per center, and the number of atoms is in the file. Symmetry functions and overlap matrices, which have other
parameters, follow on silicon (`silicon.py`). Results go to ``benches/results/``, as json and as a plot.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path

import contestants
import silicon
from plot_peers import plot

HERE = Path(__file__).resolve().parent
SIZES = (100, 200, 300, 500, 1000, 2000, 5000, 10_000)
# A Jacobian of 10,000 centers would not fit into memory, and one of some hundred MB times the system's pages.
LARGEST = {"jacobian": 100}


def module(name):
    """The module of a contestant."""
    return importlib.import_module(f"contestants.{name}")


class Worker:
    """A contestant in its own process, set to one case and a number of threads."""

    def __init__(self, name, case, threads, python):
        self.name, self.case, self.threads = name, case, threads
        self.contestant = module(name)
        limits = {f"{k}_NUM_THREADS": str(threads) for k in ("OMP", "RAYON", "OPENBLAS", "MKL")}
        self.process = subprocess.Popen(
            [sys.executable if self.contestant.OWN else python, str(HERE / "worker.py")],
            env={**os.environ, **limits, "PYTHONWARNINGS": "ignore"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.about = self.ask(contestant=name, case=case, threads=threads)

    def ask(self, **order):
        """Send one order, wait for its answer."""
        print(json.dumps(order), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.contestant.NAME} ended with status {self.process.wait()} at {order}")
        return json.loads(line)

    def fitting_size(self, task, target, largest):
        """How many atoms keep a call near the target, from two calls on the smallest system (the first warms up)."""
        seconds = [self.ask(task=task, atoms=SIZES[0])["seconds"] for _ in range(2)][1]
        allowed = min(largest, LARGEST.get(task, largest))
        return max([n for n in SIZES if n <= allowed and seconds * n / SIZES[0] <= target], default=SIZES[0])

    def close(self):
        """Let the process end by itself."""
        self.process.stdin.close()
        self.process.wait()


def start(names, case, threads, python):
    """The workers that can run this case, and why the others cannot."""
    workers, missing = [], []
    for name in names:
        contestant = module(name)
        reason = contestant.cannot(case)
        if threads > 1 and not contestant.PARALLEL:
            continue
        if reason is None:
            workers.append(Worker(name, case, threads, python))
        else:
            missing.append({"contestant": name, **case, "threads": threads, "reason": reason})
    return workers, missing


def measure(workers, tasks, args):
    """One record for each worker and task; the repeats of all workers alternate."""
    records = []
    for task in tasks:
        lanes = []
        for worker in workers:
            if task in worker.contestant.TASKS:
                n = worker.fitting_size(task, args.target, args.largest)
                lanes.append((worker, n, []))
        for round_ in range(args.repeats):
            # Who goes first may find the system's memory cold: every round begins with another one.
            first = round_ % max(1, len(lanes))
            for worker, n, seconds in lanes[first:] + lanes[:first]:
                answer = worker.ask(task=task, atoms=n)
                seconds.append(answer["seconds"])
        ours = {worker.name: (n, seconds) for worker, n, seconds in lanes if worker.contestant.OWN}
        for worker, n, seconds in lanes:
            # Round by round: what slows the machine down for a while slows both.
            own = ours.get(worker.name if worker.contestant.OWN else worker.contestant.AGAINST)
            ratios = own and [s / n * own[0] / s_own for s, s_own in zip(seconds, own[1], strict=True)]
            records.append({
                "contestant": worker.name, **worker.case, "threads": worker.threads, "task": task, "atoms": n,
                "seconds": seconds, "us_per_center": 1e6 * statistics.median(seconds) / n,
                "us_per_center_min": 1e6 * min(seconds) / n, "times_isoprint": ratios and statistics.median(ratios),
                "load": round(os.getloadavg()[0], 1),
            })  # fmt: skip
    return records


def machine():
    """What was it run on?"""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        model = next((x.split(":", 1)[1].strip() for x in cpuinfo.read_text().splitlines() if "model name" in x), model)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cpu": model,
        "cores": cores,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def table(records, tasks, names):
    """Median (least) µs per center, and how many times longer than the same of isoprint."""
    lines = []
    for task in tasks:
        for threads in sorted({r["threads"] for r in records}):
            rows = [r for r in records if r["task"] == task and r["threads"] == threads]
            if not rows:
                continue
            lines += [
                "",
                f"{task}, {threads} thread{'s' * (threads > 1)}: µs per center, median (least), times isoprint",
            ]
            present = [n for n in names if any(r["contestant"] == n for r in rows)]
            lines.append("   n  l" + "".join(f"{module(n).NAME:>32}" for n in present))
            for n_max, l_max in dict.fromkeys((r["n_max"], r["l_max"]) for r in rows):
                found = {r["contestant"]: r for r in rows if (r["n_max"], r["l_max"]) == (n_max, l_max)}
                line = f"{n_max:4d} {l_max:2d}"
                for name in present:
                    r = found.get(name)
                    text = "-" if r is None else f"{r['us_per_center']:.1f} ({r['us_per_center_min']:.1f})"
                    if r is not None and r["times_isoprint"] and not module(name).OWN:
                        text += f" x{r['times_isoprint']:.1f}"
                    line += f"{text:>32}"
                lines.append(line)
    return "\n".join(lines)


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--contestants", nargs="+", default=list(contestants.ALL), choices=contestants.ALL)
    parser.add_argument("--sizes", nargs="+", type=int, default=list(range(3, 13)), help="n_max = l_max")
    parser.add_argument("--tasks", nargs="+", help="default: all that the contestants offer")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--target", type=float, default=0.5, help="seconds a call may take")
    parser.add_argument("--largest", type=int, default=10_000, help="largest number of atoms")
    parser.add_argument("--r-cut", type=float, default=5.0)
    parser.add_argument("--sigma", type=float, default=0.5)
    parser.add_argument("--soap-only", action="store_true", help="leave out symmetry functions and overlap matrices")
    parser.add_argument("-o", "--output", type=Path, default=HERE / "results" / "peers.json")
    return parser.parse_args()


def main():
    """Run, print, write."""
    args = arguments()
    tasks = args.tasks or list(dict.fromkeys(t for n in args.contestants for t in module(n).TASKS))
    words = ["PEERS_PYTHON" if before == "--peers-python" else word for before, word in pairwise(sys.argv)]
    result = {
        "machine": machine(), "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join(["python", "benches/peers.py", *words]), "about": {}, "missing": [], "records": [],
    }  # fmt: skip
    for size in args.sizes:
        case = {"n_max": size, "l_max": size, "r_cut": args.r_cut, "sigma": args.sigma}
        for threads in args.threads:
            workers, missing = start(args.contestants, case, threads, args.peers_python)
            result["missing"] += missing
            result["records"] += measure(workers, tasks, args)
            for worker in workers:
                note = {"name": worker.contestant.NAME, "note": worker.contestant.NOTE, "own": worker.contestant.OWN}
                result["about"][worker.name] = {**note, **worker.about}
                worker.close()
        print(f"{size},{size} done", file=sys.stderr, flush=True)
    if not args.soap_only:
        result["silicon"] = silicon.compare(args.peers_python, args.repeats)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(result, indent=1) + "\n")
    plot(result, args.output.with_suffix(".png"))
    print(table(result["records"], tasks, args.contestants))
    if "silicon" in result:
        print(f"\n{silicon.table(result['silicon'])}")
    for m in result["missing"]:
        print(f"{m['contestant']} cannot run {m['n_max']},{m['l_max']}: {m['reason']}")


if __name__ == "__main__":
    main()
