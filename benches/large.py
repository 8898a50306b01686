"""What one very large structure costs: time and memory of every call, for each atom.

    python benches/large.py                                   100,000 and 1,000,000 atoms
    python benches/large.py --atoms 100000 1000000 10000000   takes an hour and, for 10,000,000 atoms, 26 GB of disk

The structure is carbon-like: a cubic lattice of 0.1 atoms for each Å^3, every atom displaced at random; with
`--shuffled`, atoms that are neighbors in space are nowhere near each other in the file. Positions, features and
adjoints are files that are mapped to memory. Each call is measured in a process of its own, which looks at its own
anonymous memory (what no file stands behind: `RssAnon`) fifty times a second: `peak_mb` is the most beyond what the
interpreter and the libraries had before there was a structure; atomic numbers, 8 bytes an atom, are part of it.
`transform` is measured on one thread and on two, all else on two.
`write alone` fills as large a file and computes nothing: what it takes is the system's. Results go to
``benches/results/large.json``, where those of other calls and sizes stay, and as a table to
``docs/data/large_structures.inc``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from machine import machine

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "large.json"
TABLE = HERE.parent / "docs" / "data" / "large_structures.inc"
DENSITY = 0.1
# Centers of calls whose results are too large to be had of all.
FEW = 20_000


class Memory:
    """The largest anonymous memory of this process while a block runs, beyond what it had before, in bytes."""

    def __enter__(self):
        self.before, self.peak, self._ended = anonymous(), 0, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def _look(self):
        while not self._ended.wait(0.02):
            self.peak = max(self.peak, anonymous() - self.before)

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        self.peak = max(self.peak, anonymous() - self.before)


def anonymous():
    """Bytes of this process that no file stands behind."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("RssAnon")).split()[1])


def descriptor(dtype="float32"):
    """A usual one."""
    import isoprint as ip

    return ip.SOAP(r_cut=5.0, n_max=8, l_max=8, species=["C"], dtype=dtype)


def write_positions(path, n, shuffled):
    """A displaced lattice, written some planes at a time; returns the length of its cubic cell."""
    m = round(n ** (1 / 3))
    while m**3 < n:
        m += 1
    side, rng = DENSITY ** (-1 / 3), np.random.default_rng(0)
    positions = np.lib.format.open_memmap(path, "w+", np.float64, (n, 3))
    for start in range(0, n, 1 << 20):
        place = np.arange(start, min(start + (1 << 20), n))
        lattice = np.stack(np.unravel_index(place, (m, m, m)), axis=1)
        positions[start : start + len(place)] = side * lattice + rng.uniform(-0.3, 0.3, (len(place), 3))
    if shuffled:
        rng.shuffle(positions)
    positions.flush()
    return m * side


def structure(path, length):
    """The structure, with its positions left in their file."""
    positions = np.load(path, mmap_mode="r")
    numbers = np.full(len(positions), 6)
    return SimpleNamespace(positions=positions, numbers=numbers, cell=length * np.eye(3), pbc=[True] * 3)


def rows_of(path, n, soap):
    return np.lib.format.open_memmap(path, "w+", soap.dtype, (n, soap.n_features))


def write_alone(folder, frame, n_jobs):
    """As many numbers, that are not computed."""
    out = rows_of(folder / "features.npy", len(frame.numbers), descriptor())
    for start in range(0, len(out), 4096):
        out[start : start + 4096] = 1.0
    return len(out)


def transform(folder, frame, n_jobs, dtype="float32"):
    """Into a file that is mapped to memory."""
    soap = descriptor(dtype)
    out = rows_of(folder / "features.npy", len(frame.numbers), soap)
    soap.transform(frame, out=out, n_jobs=n_jobs)
    return len(out)


def transform_double(folder, frame, n_jobs):
    return transform(folder, frame, n_jobs, "float64")


def stream(folder, frame, n_jobs):
    """Rows that are used and forgotten."""
    n, total = 0, 0.0
    for features, rows in descriptor().stream(frame, n_jobs=n_jobs):
        n, total = n + len(rows), total + float(features[0, 0])
    return n


def write_features(folder, frame, n_jobs):
    """To a store that survives."""
    import isoprint as ip

    return ip.write_features(folder / "store.npy", [frame], descriptor(), n_jobs=n_jobs).n_rows


def pullback(folder, frame, n_jobs):
    """Of an adjoint in single precision, in a file."""
    soap = descriptor()
    path = folder / "features.npy"
    adjoint = rows_of(path, len(frame.numbers), soap) if not path.exists() else np.load(path, mmap_mode="r")
    soap.pullback(frame, adjoint, n_jobs=n_jobs)
    return len(adjoint)


def pushforward(folder, frame, n_jobs):
    """Of some centers, along a motion of all atoms."""
    n = min(FEW, len(frame.numbers))
    descriptor().pushforward(frame, np.ones((len(frame.numbers), 3)), centers=np.arange(n), n_jobs=n_jobs)
    return n


def iter_derivatives(folder, frame, n_jobs):
    """The derivatives of some rows, a few at a time."""
    n, soap = 0, descriptor()
    for blocks in soap.iter_derivatives(frame, n_jobs=n_jobs):
        n += blocks.n_rows
        if n >= FEW:
            break
    return n


def neighbors(folder, frame, n_jobs):
    """All pairs in one list."""
    import isoprint as ip

    ip.neighbors(frame, 5.0, n_jobs=n_jobs)
    return len(frame.numbers)


def transform_average(folder, frame, n_jobs):
    """The mean over all atoms."""
    import isoprint as ip

    soap = ip.SOAP(r_cut=5.0, n_max=8, l_max=8, species=["C"], average="outer")
    soap.transform(frame, n_jobs=n_jobs)
    return len(frame.numbers)


def fused(folder, frame, n_jobs):
    """Features and gradients of a linear function of them, in one pass."""
    soap = descriptor("float64")
    weights = np.linspace(-1.0, 1.0, soap.n_features)
    soap.fused(frame, lambda _, features: np.broadcast_to(weights, features.shape).copy(), n_jobs=n_jobs, block=256)
    return len(frame.numbers)


def kernel(folder, frame, n_jobs):
    """Similarity of the structure to itself, by the mean of the kernels of all pairs of its atoms."""
    import isoprint as ip

    ip.kernels.AverageKernel(descriptor())([frame], n_jobs=n_jobs)
    return len(frame.numbers)


CALLS = {
    "write alone": write_alone,
    "transform": transform,
    "transform, double precision": transform_double,
    "transform, average": transform_average,
    "stream": stream,
    "write_features": write_features,
    "pullback": pullback,
    "fused": fused,
    "pushforward": pushforward,
    "iter_derivatives": iter_derivatives,
    "neighbors": neighbors,
    "kernel of structures": kernel,
}
THREADS = {"write alone": (1,), "transform": (1, 2)}
# What these hold grows with atoms by kilobytes each; there is another way, see docs/large_structures.md.
NOT_FOR_MORE_THAN = {"neighbors": 2_000_000, "kernel of structures": 2_000_000}


def one_call(folder, name, length, n_jobs):
    """Make one call in this process, and tell what it took."""
    descriptor().n_features  # noqa: B018  (tables are made before anything is measured)
    with Memory() as memory:
        frame = structure(folder / "positions.npy", length)
        start, worked = time.perf_counter(), time.process_time()
        rows = CALLS[name](folder, frame, n_jobs)
        seconds, worked = time.perf_counter() - start, time.process_time() - worked
    n = len(frame.numbers)
    return {
        "call": name,
        "atoms": n,
        "rows": rows,
        "threads": n_jobs,
        "seconds": seconds,
        "microseconds_a_row": 1e6 * seconds / rows,
        "processor_microseconds_a_row": 1e6 * worked / rows,
        "peak_mb": memory.peak / 2**20,
        "bytes_an_atom": memory.peak / n,
    }


def measured(folder, name, length, n_jobs):
    """One call in a process of its own."""
    command = [sys.executable, __file__, "--run", name, "--folder", str(folder), "--length", str(length)]
    found = subprocess.run([*command, "--threads", str(n_jobs)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(found.stdout)


def all_calls(n, names, folder, shuffled):
    length = write_positions(folder / "positions.npy", n, shuffled)
    for name in names:
        if n > NOT_FOR_MORE_THAN.get(name, n):
            continue
        for n_jobs in THREADS.get(name, (2,)):
            found = measured(folder, name, length, n_jobs)
            print(json.dumps(found), flush=True)
            yield found
        if name != "transform":
            for path in folder.glob("store*"):
                path.unlink()


def main() -> None:
    """Read options, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atoms", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--calls", nargs="+", default=list(CALLS), choices=list(CALLS))
    parser.add_argument("--shuffled", action="store_true", help="atoms in an order that knows nothing of space")
    parser.add_argument("--folder", type=Path, help="where files are for a while; /dev/shm leaves the disk out")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--length", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=2, help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    args = parser.parse_args()
    if args.run:
        print(json.dumps(one_call(args.folder, args.run, args.length, args.threads)))
        return
    for n in args.atoms:
        folder = Path(tempfile.mkdtemp(dir=args.folder))
        try:
            for found in all_calls(n, args.calls, folder, args.shuffled):
                keep(args.output, found, args.shuffled)
        finally:
            shutil.rmtree(folder)


def keep(path, found, shuffled):
    """Put what was measured in the place of an older result of the same call, and write the table anew."""
    found["shuffled"] = shuffled
    names = ("call", "atoms", "threads", "shuffled")
    older = json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else []
    others = [one for one in older if any(one[name] != found[name] for name in names)]
    order = list(CALLS)
    results = sorted([*others, found], key=lambda one: (one["shuffled"], one["atoms"], order.index(one["call"])))
    path.write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n", encoding="utf-8")
    if path == RESULTS:
        TABLE.write_text(table(results), encoding="utf-8")


def table(results):
    """Memory and time of every call, as Markdown."""
    results = [one for one in results if not one["shuffled"]]
    sizes = sorted({one["atoms"] for one in results})
    known = {(one["call"], one["threads"], one["atoms"]): one for one in results}
    powers = [f"{n:,}" for n in sizes]
    head = ["call", "threads", *(f"MB, {n} atoms" for n in powers), "bytes an atom"]
    head += [f"µs a row, {n}" for n in powers]
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for call, threads in dict.fromkeys((one["call"], one["threads"]) for one in results):
        of_size = [known.get((call, threads, n)) for n in sizes]
        there = [one for one in of_size if one is not None]
        cells = [call, str(threads)]
        cells += ["" if one is None else f"{one['peak_mb']:,.0f}" for one in of_size]
        cells.append(f"{there[-1]['bytes_an_atom']:,.0f}")
        cells += ["" if one is None else f"{one['microseconds_a_row']:.1f}" for one in of_size]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
