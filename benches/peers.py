"""Times isoprint against other programs, in one run, so that the ratios hold on a noisy machine.

    python benches/peers.py --peers-python .venv-peers/bin/python
    python benches/peers.py --peers-python ... --quick                      about a minute
    python benches/peers.py --peers-python ... --scenes molecules --contestants dscribe_soap isoprint_from_dscribe

The peers live in an environment of their own:

    python3 -m venv .venv-peers && .venv-peers/bin/pip install -r benches/requirements-peers.txt

What is compared writes the same columns from the same neighbors: every peer has a twin here (`SOAP.from_featomic` and
so on), and before anything is timed the arrays of both are compared on a small input. A peer whose numbers differ by
more than its accuracy is shown without a ratio. Our own order of columns, which is the fastest, stands beside.

Every case has a fresh process for each contestant; all stand ready while the turns go round, and each turn repeats a
call for a while. Frames are copied before each call, which is not timed. A call goes from `ase.Atoms` to the finished
array. Where a call of a peer takes long, its frame is smaller: times are per center. Ratios are medians over rounds, of
the time of the processor with one thread, of the clock with several. Results go to ``benches/results/peers.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import sys
import tempfile
from datetime import datetime, timezone
from itertools import pairwise
from pathlib import Path

import tables
import turns
from agreement import compare
from contestants import ALL, FOR_A_PEER, OWN_ORDER, module
from machine import machine
from scenes import SCENES

HERE = Path(__file__).resolve().parent
LONG = 1.0


class Worker(turns.Program):
    """A contestant in its own process, set to one case and a number of threads."""

    def __init__(self, name, scene, case, threads, python):
        self.contestant, self.scene = module(name), SCENES[scene]
        command = [sys.executable if self.contestant.OWN else python, str(HERE / "worker.py")]
        super().__init__(name, command, threads=threads)
        self.order = {"contestant": name, "scene": scene, "case": case, "threads": threads}

    def fitting_size(self, task, target, largest):
        """The largest input with which a call keeps below the target, judged by the smallest."""
        sizes = self.scene.sizes
        if len(sizes) == 1:
            return sizes[0]
        seconds = self.ask(time=task, size=sizes[0], seconds=0.0)["seconds"] / sizes[0]
        allowed = min(largest, dict(self.scene.largest).get(task, largest))
        return max([n for n in sizes if n <= allowed and n * seconds <= target], default=sizes[0])


def start(names, scene, case, threads, python):
    """Workers that are ready, what they say about themselves, and why others are not there."""
    workers, missing = [], []
    for name in names:
        one = module(name)
        reason = one.cannot(scene, case) if hasattr(one, "cannot") and "n_max" in case else None
        if reason is not None:
            missing.append({"contestant": name, "scene": scene, **case, "reason": reason})
        elif threads == 1 or scene in one.PARALLEL:
            workers.append(Worker(name, scene, case, threads, python))
    ready = []
    for worker in workers:
        try:
            worker.about = worker.ask(start=worker.order)
        except turns.Failed as problem:
            missing.append({**worker.order, **case, "reason": str(problem)})
        else:
            if worker.about["calls"]:
                ready.append(worker)
                continue
        worker.close()
    return ready, missing


def taking_part(workers, task):
    """Peers, their twins, and our own order; nobody where a peer with a twin has nobody to be compared with."""
    able = [worker for worker in workers if task in worker.about["calls"]]
    twins = {getattr(worker.contestant, "TWIN", None) for worker in able}
    own = {worker.name for worker in able if worker.contestant.OWN}
    wanted = twins if task in FOR_A_PEER else twins | set(OWN_ORDER)
    present = {*own, None}
    return [
        worker
        for worker in able
        if (worker.name in wanted if worker.contestant.OWN else getattr(worker.contestant, "TWIN", None) in present)
    ]


def lanes_of(workers, task, args, missing):
    """Who does a task, at which size, judged before the turns begin; and the seconds of the slowest call."""
    lanes, slowest = [], 0.0
    for worker in taking_part(workers, task):
        try:
            size = worker.fitting_size(task, args.target, args.largest)
            seconds = worker.ask(time=task, size=size, seconds=0.0)["seconds"]
        except turns.Failed as problem:
            missing.append({**worker.order, **worker.order["case"], "task": task, "reason": str(problem)})
        else:
            lanes.append((worker, size, []))
            slowest = max(slowest, seconds)
    return lanes, slowest


def measure(workers, tasks, args, missing):
    """One record for each worker and task; the turns of all workers alternate."""
    records = []
    for task in tasks:
        lanes, slowest = lanes_of(workers, task, args, missing)
        # A call of seconds is longer than most disturbances.
        for round_ in range(args.rounds if slowest < LONG else min(args.rounds, 3)):
            for worker, size, taken in turns.in_turn(round_, lanes):
                taken.append(worker.ask(time=task, size=size, seconds=args.turn))
        own = {worker.name: taken for worker, _, taken in lanes if worker.contestant.OWN}
        for worker, size, taken in lanes:
            records.append(record(worker, task, size, taken, own.get(getattr(worker.contestant, "TWIN", None))))
    return records


def record(worker, task, size, taken, twin):
    """What is kept of the turns of one worker with one task."""
    threads = worker.order["threads"]
    kept = {key: statistics.median(turn[key] for turn in taken) for key in ("wall", "processor", "user", "system")}
    clock = "processor" if threads == 1 else "wall"
    # Round by round: what slows the machine down for a while slows both.
    ratios = twin and [a[clock] / b[clock] for a, b in zip(taken, twin, strict=True)]
    return {
        "contestant": worker.name, "scene": worker.order["scene"], **worker.order["case"], "threads": threads,
        "task": task, "size": size, **{key: round(value, 3) for key, value in kept.items()},
        "least": round(min(turn[clock] for turn in taken), 3),
        "times_twin": ratios and round(statistics.median(ratios), 3), "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


# What several threads are shown for; the other tasks say nothing new.
WITH_THREADS = ("features", "pullback", "jacobian", "rows", "inner")


def tasks_of(workers, wanted, threads):
    """All tasks that somebody offers, or those of them that are wanted."""
    offered = dict.fromkeys(task for worker in workers for task in worker.about["calls"])
    if wanted is None and threads > 1:
        wanted = WITH_THREADS
    return [task for task in offered if wanted is None or task in wanted]


def run_case(result, scene, case, threads, args):
    """All contestants of one case: compare, measure, let go."""
    workers, missing = start(args.contestants, scene, case, threads, args.peers_python)
    tasks = tasks_of(workers, args.tasks, threads)
    if threads == 1:
        with tempfile.TemporaryDirectory() as folder:
            result["compared"] += compare(workers, tasks, Path(folder))
    result["records"] += measure(workers, tasks, args, missing)
    result["missing"] += missing
    for worker in workers:
        one = worker.contestant
        about = {"name": one.NAME, "note": one.NOTE, "own": one.OWN, "twin": getattr(one, "TWIN", None)}
        kept = {key: worker.about[key] for key in ("version", "numpy", "python", "isa") if key in worker.about}
        result["about"][worker.name] = {**about, **kept}
        worker.close()


def without_ratios(result):
    """Take the ratios from those whose numbers are not those of their twins."""
    keys = ("contestant", "scene", "task")
    differ = {(*(c[key] for key in keys), c["case"]) for c in result["compared"] if not c["agrees"]}
    for one in result["records"]:
        if (*(one[key] for key in keys), tables.case_of(one)) in differ:
            one["times_twin"] = None


def arguments(given=None):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter that has the peers")
    parser.add_argument("--contestants", nargs="+", default=list(ALL), choices=ALL, metavar="NAME")
    parser.add_argument("--scenes", nargs="+", default=list(SCENES), choices=SCENES)
    parser.add_argument("--sizes", nargs="+", metavar="N,L", help="n_max,l_max in place of those of the scenes")
    parser.add_argument("--tasks", nargs="+", help="default: all that somebody offers")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--turn", type=float, default=0.06, help="seconds for which a call is repeated")
    parser.add_argument("--target", type=float, default=0.2, help="seconds that one call may take")
    parser.add_argument("--largest", type=int, default=2000, help="largest number of atoms or molecules")
    parser.add_argument("--quick", action="store_true", help="small sizes, one thread, few turns")
    parser.add_argument("-o", "--output", type=Path, default=HERE / "results" / "peers.json")
    args = parser.parse_args(given)
    if args.quick:
        args.threads, args.rounds, args.turn, args.target, args.largest = [1], 3, 0.02, 0.05, 500
    return args


def cases_of(scene, args):
    """The parameters of a scene, or those of the command line where they have n_max."""
    cases = SCENES[scene].cases
    if args.sizes and "n_max" in cases[0]:
        pairs = [[int(word) for word in size.split(",")] for size in args.sizes]
        cases = [{"n_max": pair[0], "l_max": pair[-1]} for pair in pairs]
    return cases[:1] if args.quick and not args.sizes else cases


def main():
    """Run, print, write."""
    args = arguments()
    words = ["PEERS_PYTHON" if before == "--peers-python" else word for before, word in pairwise(sys.argv)]
    result = {
        "machine": machine(), "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": shlex.join(["python", "benches/peers.py", *words]),
        "about": {}, "compared": [], "missing": [], "records": [],
    }  # fmt: skip
    for scene in args.scenes:
        for case in cases_of(scene, args):
            for threads in args.threads:
                run_case(result, scene, case, threads, args)
                done = f"{scene} {tables.case_of(case)}, {threads} thread{'s' * (threads > 1)}"
                print(f"{done} done", file=sys.stderr, flush=True)
    without_ratios(result)
    args.output.parent.mkdir(parents=True, exist_ok=True)
    args.output.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(tables.everything(result))


if __name__ == "__main__":
    main()
