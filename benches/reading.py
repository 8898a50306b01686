"""What reading takes beside describing: our readers, ASE's, and other libraries; in a thread ahead, and in a process.

    python benches/reading.py                 four formats, structures of 20 and of 1000 atoms
    python benches/reading.py --quick

Structures are silica-like: random places, two elements. Times are of the processor, a structure, medians of rounds in
which all take turns; `describe` is SOAP(8, 8) within 5 Å on one thread. `share` is what reading is of reading and
describing together, where one core does both. `stream` and `process` are seconds of the clock of a whole run that reads
ahead, in a thread and in a process that is spawned, over those of `transform` of the same structures in memory.
chemfiles and extxyz are measured where they are installed. Results go to ``benches/results/reading.json``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import machine

RESULTS = Path(__file__).resolve().parent / "results" / "reading.json"
FORMATS = {"extxyz": "extxyz", "lammps": "lammps-dump-text", "xdatcar": "vasp-xdatcar", "traj": "traj"}
FILES = {"extxyz": "a.extxyz", "lammps": "a.lammpstrj", "xdatcar": "XDATCAR", "traj": "a.traj"}


def structures(n, n_atoms):
    """Random ones, at a tenth of an atom a cubic Å."""
    from ase import Atoms

    rng, edge = np.random.default_rng(0), (10.0 * n_atoms) ** (1 / 3)
    numbers = np.where(np.arange(n_atoms) % 3, 8, 14)
    numbers.sort()
    for i in range(n):
        places = rng.uniform(0.0, edge, (n_atoms, 3))
        yield Atoms(numbers, places, cell=[edge] * 3, pbc=True, info={"energy": -0.1 * i})


def write_all(folder, frames):
    """One file of each format."""
    from ase.io import write

    for name in ("extxyz", "traj", "xdatcar"):
        write(folder / FILES[name], frames, format=FORMATS[name])
    with (folder / FILES["lammps"]).open("w", encoding="ascii") as file:
        for i, atoms in enumerate(frames):
            edge = float(atoms.cell[0, 0])
            file.write(f"ITEM: TIMESTEP\n{i}\nITEM: NUMBER OF ATOMS\n{len(atoms)}\nITEM: BOX BOUNDS pp pp pp\n")
            file.write(f"0 {edge}\n" * 3 + "ITEM: ATOMS id type element x y z\n")
            for k, (symbol, (x, y, z)) in enumerate(zip(atoms.symbols, atoms.positions, strict=True), 1):
                file.write(f"{k} {1 + (symbol == 'Si')} {symbol} {x:.8g} {y:.8g} {z:.8g}\n")


def ours(path, form):
    """Structures as isoprint reads them."""
    import isoprint as ip

    return sum(1 for _ in ip.read_frames(path, format=form))


def without_polars(path, form):
    """The same, where polars is not installed."""
    from isoprint.structures import _text

    found, _text._polars = _text._polars, lambda: None
    try:
        return ours(path, form)
    finally:
        _text._polars = found


def by_ase(path, form):
    """Structures as ASE reads them."""
    from ase.io import iread

    return sum(1 for _ in iread(path, index=slice(None), format=form))


def by_chemfiles(path, form):
    """Positions, cells and names of atoms."""
    import chemfiles

    with chemfiles.Trajectory(str(path), "r", {"extxyz": "XYZ", "lammps-dump-text": "LAMMPS"}[form]) as file:
        for _ in range(file.nsteps):
            frame = file.read()
            _ = frame.positions.copy(), frame.cell.matrix, [atom.type for atom in frame.atoms]
        return file.nsteps


def by_extxyz(path, form):
    """The library of the format, with its fastest parser."""
    import extxyz

    return sum(1 for _ in extxyz.iread_dicts(str(path), use_cleri=False))


def readers(name):
    """Who reads a format."""
    found = {"isoprint": ours, "isoprint without polars": without_polars, "ase": by_ase}
    for module, reader, formats in (
        ("chemfiles", by_chemfiles, ("extxyz", "lammps")),
        ("extxyz", by_extxyz, ("extxyz",)),
    ):
        try:
            __import__(module)
        except ImportError:
            continue
        if name in formats:
            found[module] = reader
    return found


def processor(call):
    """Seconds of the processor, and what came back."""
    start = time.process_time()
    found = call()
    return time.process_time() - start, found


def clock(call):
    """Seconds of the clock."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def hand_over(path, form, batch, queue):
    """Read in a process of its own, and send batches."""
    import isoprint as ip
    from isoprint.structures.batches import in_batches

    for some in in_batches(ip.read_frames(path, format=form), batch, 1, False):
        queue.put([(frame.positions, frame.numbers, frame.cell, frame.pbc) for frame in some])
    queue.put(None)


def from_process(soap, path, form, batch):
    """Describe what a process reads ahead."""
    from isoprint.structures.snapshots import Snapshot

    context = multiprocessing.get_context("spawn")
    queue = context.Queue(2)
    child = context.Process(target=hand_over, args=(path, form, batch, queue))
    child.start()
    while (some := queue.get()) is not None:
        soap.transform([Snapshot(*parts, {}) for parts in some], n_jobs=1)
    child.join()


def measured(n, n_atoms, rounds, folder):
    """Every format, in structures of one size."""
    import isoprint as ip

    frames = list(structures(n, n_atoms))
    write_all(folder, frames)
    soap = ip.SOAP(r_cut=5.0, n_max=8, l_max=8, species=["O", "Si"], dtype="float32")
    soap.transform(frames[:2], n_jobs=1)
    describe = float(np.median([processor(lambda: soap.transform(frames, n_jobs=1))[0] / n for _ in range(rounds)]))
    batch, found = max(1, 4000 // n_atoms), {"describe_us": 1e6 * describe}
    for name, form in FORMATS.items():
        path, who = folder / FILES[name], readers(name)
        times = {reader: [] for reader in who}
        for read in who.values():  # libraries are loaded once
            read(path, form)
        ratios = {"stream": [], "process": []}
        for _ in range(rounds):
            for reader, read in who.items():
                seconds, count = processor(lambda read=read, path=path, form=form: read(path, form))
                assert count == n, (reader, name, count)
                times[reader].append(seconds / n)
            alone = clock(lambda: [soap.transform(frames[i : i + batch], n_jobs=1) for i in range(0, n, batch)])
            stream = clock(lambda path=path: [None for _ in soap.stream(path, batch=batch, n_jobs=1)])
            process = clock(lambda path=path, form=form: from_process(soap, path, form, batch))
            ratios["stream"].append(stream / alone)
            ratios["process"].append(process / alone)
        medians = {reader: float(np.median(values)) for reader, values in times.items()}
        found[name] = {
            "read_us": {reader: 1e6 * value for reader, value in medians.items()},
            "share": {reader: value / (value + describe) for reader, value in medians.items()},
            **{kind: float(np.median(values)) for kind, values in ratios.items()},
        }
        print(n_atoms, name, json.dumps(found[name]), file=sys.stderr, flush=True)
    return found


def main() -> None:
    """Read options, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the structures, one round")
    parser.add_argument("-o", "--output", type=Path, default=RESULTS)
    args = parser.parse_args()
    result, less = {"machine": machine()}, 10 if args.quick else 1
    for n, n_atoms in ((1000, 20), (40, 1000)):
        folder = Path(tempfile.mkdtemp())
        try:
            result[str(n_atoms)] = measured(n // less, n_atoms, 1 if args.quick else 3, folder)
        finally:
            shutil.rmtree(folder)
    args.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
