"""What it costs to describe more structures than fit into memory, beside `transform` of arrays that are there already.

    python benches/streams.py                         100,000 structures of 20 atoms, made on the fly, to a Zarr store
    python benches/streams.py --frames 1000000 --kills 10

Structures are displaced copies of one cell of carbon. The time of `transform` is that of one thread for arrays in
memory; in the stream, making structures and writing rows go on beside it. Memory is the peak of the process. With
`--kills` the run is killed so many times at random and goes on, and the store is compared with one that was never
interrupted. Results go to ``benches/results/streams.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import machine

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "streams.json"


def descriptor():
    """A usual one."""
    import isoprint as ip

    return ip.SOAP(r_cut=5.0, n_max=8, l_max=8, species=["C"], dtype="float32")


def frames(n):
    """Structures of twenty atoms, one object that is changed."""
    from ase import Atoms

    rng = np.random.default_rng(0)
    places = rng.uniform(0.0, 6.0, (20, 3))
    atoms = Atoms("C20", places, cell=[6.0, 6.0, 6.0], pbc=True)
    for _ in range(n):
        atoms.positions[:] = places + rng.normal(scale=0.1, size=places.shape)
        yield atoms


def one_run(store, n):
    """Write, and tell what it took."""
    import isoprint as ip

    start = time.perf_counter()
    ip.write_features(store, frames(n), descriptor(), n_jobs=1)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def transform_alone(n):
    """Seconds that `transform` takes for as many structures, which are there already."""
    soap = descriptor()
    few = [atoms.copy() for atoms in frames(min(n, 4000))]
    soap.transform(few[:10], n_jobs=1)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        soap.transform(few, n_jobs=1)
        times.append((time.perf_counter() - start) / len(few))
    return float(np.median(times)) * n


def child(store, n, **options):
    """A run in a process of its own."""
    return subprocess.Popen([sys.executable, __file__, "--run", str(store), "--frames", str(n)], **options)


def killed(folder, n, kills, n_batches):
    """A store whose program was killed so many times, at random places among the batches, and how often that was."""
    rng, store, done = random.Random(0), folder / "killed.zarr", 0
    journal = store.with_name("killed.zarr.journal")
    for place in sorted(rng.uniform(0.0, 1.0) for _ in range(kills)):
        process = child(store, n, stdout=subprocess.DEVNULL)
        while process.poll() is None and batches_of(journal) < place * n_batches:
            time.sleep(0.02)
        # Anywhere within a batch, too.
        time.sleep(rng.uniform(0.0, 0.3))
        if process.poll() is None:
            process.kill()
            done += 1
        process.wait()
    if child(store, n, stdout=subprocess.DEVNULL).wait():
        raise SystemExit("a run that went on failed")
    return store, done


def batches_of(journal):
    """How many batches a journal says are safe."""
    return max(0, journal.read_bytes().count(b"\n") - 1) if journal.exists() else 0


def contents(store):
    """A hash of every file of a store, by its name: two stores of a million structures would fill a disk."""
    files = sorted(path for path in store.rglob("*") if path.is_file())
    return {str(path.relative_to(store)): hashlib.blake2b(path.read_bytes()).hexdigest() for path in files}


def measured(n, kills, folder):
    """Throughput, memory and, where it was killed, whether the bytes are the same."""
    whole = folder / "whole.zarr"
    before = transform_alone(n)
    found = json.loads(child(whole, n, stdout=subprocess.PIPE, text=True).communicate()[0])
    alone = (before + transform_alone(n)) / 2.0
    result = {
        "frames": n,
        "rows": 20 * n,
        "columns": descriptor().n_features,
        "seconds": found["seconds"],
        "transform_seconds": alone,
        "throughput": alone / found["seconds"],
        "peak_mb": found["peak_mb"],
    }
    if kills:
        expected, n_batches = contents(whole), batches_of(folder / "whole.zarr.journal")
        shutil.rmtree(whole)
        store, times = killed(folder, n, kills, n_batches)
        result |= {"kills": times, "files": len(expected), "same_bytes": contents(store) == expected}
    return result


def main() -> None:
    """Read options, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where the stores are for a while")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    args = parser.parse_args()
    if args.run:
        print(json.dumps(one_run(args.run, args.frames)))
        return
    folder = Path(tempfile.mkdtemp(dir=args.folder))
    try:
        result = {"machine": machine(), **measured(args.frames, args.kills, folder)}
    finally:
        shutil.rmtree(folder)
    args.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
