"""How isoprint grows: with threads, with atoms, and how much memory it takes.

    python benches/scaling.py

* threads 1, 2, 4, ... up to the cores: time of features and of features + pullback on 10,000 atoms;
* atoms 10^3 ... 10^6, output in float32: time, and the peak resident memory of a process of its own. The peak should
  stay within the output plus 300 MB.

Results go to ``benches/results/scaling.json``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path

from peers import machine
from seed_system import seed_system

HERE = Path(__file__).resolve().parent
ALLOWED_MB = 300.0


def descriptor(size, dtype="float64"):
    """The usual parameters with n_max = l_max = size."""
    from isoprint import SoapTurbo

    return SoapTurbo(
        species=["C"],
        r_cut=5.0,
        n_max=size,
        l_max=size,
        sigma=0.5,
        basis="poly3gauss",
        amplitude_scaling=1.0,
        dtype=dtype,
    )


def seconds(call, repeats):
    """Median time of a call, after one that warms up."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def thread_records(args):
    """Time against the number of threads."""
    import numpy as np

    atoms, soap = seed_system(10_000), descriptor(args.size)
    out = np.empty((len(atoms), soap.n_features))
    adjoint = np.random.default_rng(1).standard_normal(out.shape)
    cores = machine()["cores"]
    for threads in sorted({2**k for k in range(cores.bit_length()) if 2**k <= cores} | {cores}):
        forward = seconds(lambda n=threads: soap.transform(atoms, out=out, n_jobs=n), args.repeats)
        back = seconds(lambda n=threads: soap.pullback(atoms, adjoint, n_jobs=n), args.repeats)
        yield {
            "threads": threads, "atoms": len(atoms), "us_per_center_features": 1e6 * forward / len(atoms),
            "us_per_center_pullback": 1e6 * back / len(atoms),
        }  # fmt: skip


def peak_mb():
    """Largest resident memory of this process so far."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def one_size(n_atoms, size):
    """Run in a process of its own: time and memory of one transform."""
    atoms, soap = seed_system(n_atoms), descriptor(size, "float32")
    soap.transform(seed_system(100))  # builds the tables
    before = peak_mb()
    start = time.perf_counter()
    features = soap.transform(atoms)
    elapsed = time.perf_counter() - start
    output, peak = features.nbytes / 2**20, peak_mb()
    return {
        "atoms": n_atoms, "us_per_center": 1e6 * elapsed / n_atoms, "output_mb": output, "peak_mb": peak,
        "peak_before_mb": before, "beyond_output_mb": peak - output, "within_bound": peak - output <= ALLOWED_MB,
    }  # fmt: skip


def atom_records(args):
    """Time and memory against the number of atoms."""
    for n_atoms in args.atoms:
        command = [sys.executable, __file__, "--one", str(n_atoms), "--size", str(args.size)]
        yield json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=8, help="n_max = l_max")
    parser.add_argument("--atoms", type=int, nargs="+", default=[1000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", type=Path, default=HERE / "results" / "scaling.json")
    args = parser.parse_args()
    if args.one:
        print(json.dumps(one_size(args.one, args.size)))
        return
    from isoprint import __version__, _core

    result = {
        "machine": machine(), "isa": _core.isa(), "isoprint": __version__, "size": args.size,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": " ".join(["python", "benches/scaling.py", *sys.argv[1:]]), "threads": [], "atoms": [],
    }  # fmt: skip
    for name, records in (("threads", thread_records(args)), ("atoms", atom_records(args))):
        for record in records:
            result[name].append(record)
            print(
                ", ".join(f"{k} {v:.1f}" if isinstance(v, float) else f"{k} {v}" for k, v in record.items()), flush=True
            )
    args.output.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
