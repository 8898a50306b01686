"""What a potential costs: a fit to silicon, and steps of molecular dynamics with it, beside QUIP.

    python benches/potential.py silicon.extxyz --peers-python .venv-peers/bin/python \\
        --json benches/results/potential.json

SoapTurbo with 8 radial functions and degrees up to 8, cutoff 5 Å. A step moves all atoms a little and asks ASE for
forces and stress; models with 500 and 1000 sparse points, crystals of 64 and 1000 atoms, one thread and two; calls take
turns, milliseconds of the processor (of the clock with two threads). QUIP has a model that its own `gap_fit` has made
of the same frames. A fit is a process of its own: seconds of the processor and of the clock, and memory beyond that of
the frames.

Without `--full`, fits see every fifth frame.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import turns
from machine import machine

SIZES = {64: 2, 1000: 5}
POINTS = (500, 1000)
GAP = (
    "soap_turbo l_max=8 alpha_max={8} atom_sigma_r={0.5} atom_sigma_t={0.5} atom_sigma_r_scaling={0.0}"
    " atom_sigma_t_scaling={0.0} zeta=4 rcut_hard=5.0 rcut_soft=4.5 basis=poly3gauss scaling_mode=polynomial"
    " amplitude_scaling={1.0} n_species=1 species_Z={14} central_index=1 central_weight={1.0} radial_enhancement=0"
    " compress_mode=trivial sparse_method=cur_points delta=1.0 n_sparse=%d covariance_type=dot_product add_species=F"
)


def crystal(n_atoms):
    """Silicon at some temperature."""
    from ase.build import bulk

    atoms = bulk("Si", cubic=True).repeat(SIZES[n_atoms])
    atoms.rattle(0.05, seed=1)
    return atoms


def descriptor():
    """The fingerprint of all models of ours."""
    import isoprint as ip

    return ip.SoapTurbo(species=["Si"], r_cut=5.0, n_max=8, l_max=8, sigma=0.5)


def steps(calculators):
    """Steps of molecular dynamics with each calculator, by number of sparse points and of atoms."""
    rng = np.random.default_rng(2)

    def step(n_points, n_atoms):
        atoms = crystal(n_atoms)
        atoms.calc = calculators[n_points]()

        def move():
            atoms.positions += 1e-3 * rng.standard_normal(atoms.positions.shape)
            atoms.get_forces()
            atoms.get_stress()

        return move

    return {f"{n_points} {n_atoms}": step(n_points, n_atoms) for n_points in calculators for n_atoms in SIZES}


def serve_isoprint(folder, compress):
    """Ours."""
    import isoprint as ip

    models = {n: ip.models.load(Path(folder, f"{n}.isoprint")) for n in POINTS}
    options = {"compress": float(compress)} if compress else {}
    return steps({n: (lambda model=model: model.calculator(**options)) for n, model in models.items()})


def serve_quip(folder):
    """QUIP's."""
    from quippy.potential import Potential

    def calculator(n):
        return lambda: Potential("IP GAP", param_filename=str(Path(folder, f"{n}.xml")))

    return steps({n: calculator(n) for n in POINTS if Path(folder, f"{n}.xml").exists()})


def fit(path, every, n_points, out):
    """Fit one model; what it took."""
    from ase.io import read

    import isoprint as ip

    frames = read(path, ":")[::every]
    model = ip.models.SparseGP(descriptor(), n_sparse=n_points)
    model.fit(frames[:1])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, processor = time.perf_counter(), time.process_time()
    model.fit(frames)
    taken = {"seconds": time.perf_counter() - start, "processor": time.process_time() - processor}
    taken["MiB"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    model.save(out)
    return {**taken, "atoms": sum(map(len, frames)), "rows": model.report_["rows"]}


def fit_gap(program, frames, n_points, folder):
    """A fit of `gap_fit`; what it took, with the start of the program."""
    from ase.io import write

    path = Path(folder, "train.xyz")
    write(path, frames)
    command = [
        program, f"at_file={path}", "gap={" + GAP % n_points + "}", "default_sigma={0.001 0.05 0.1 0.0}",
        "energy_parameter_name=dft_energy", "force_parameter_name=dft_forces", "sparse_jitter=1e-8",
        "e0_method=average", f"gp_file={Path(folder, f'{n_points}.xml')}", "do_copy_at_file=F",
    ]  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=one_thread(), check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise turns.Failed(f"gap_fit ended with status {done.returncode}: {done.stdout[-400:]} {done.stderr[-400:]}")
    return {
        "seconds": time.perf_counter() - start,
        "processor": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "MiB": after.ru_maxrss / 1024,
        "atoms": sum(map(len, frames)),
    }


def one_thread(threads=1):
    """The environment of a process with so many threads."""
    import os

    return {**os.environ, **{f"{kind}_NUM_THREADS": str(threads) for kind in ("OMP", "RAYON", "OPENBLAS", "MKL")}}


def labelled(path, every):
    """Frames with labels under names of their own, which `gap_fit` is told."""
    from ase.io import read

    frames = []
    for frame in read(path, ":")[::every]:
        frame.info = {"dft_energy": frame.get_potential_energy()}
        frame.arrays["dft_forces"] = frame.get_forces()
        frame.calc = None
        frames.append(frame)
    return frames


def fits(args, folder):
    """All fits, one after the other."""
    every = 1 if args.full else 5
    records = []
    for n_points in (*POINTS, *args.points):
        for threads in (2, 1):
            command = [sys.executable, __file__, str(args.frames), "--fit", str(n_points), "--every", str(every)]
            out = Path(folder, f"{n_points}.isoprint")
            done = subprocess.run(
                [*command, "--out", str(out)], capture_output=True, text=True, env=one_thread(threads), check=True
            )
            found = json.loads(done.stdout.splitlines()[-1])
            records.append({"program": "isoprint", "points": n_points, "threads": threads, **found})
            print(told(records[-1]))
    if args.peers_python:
        program = str(Path(args.peers_python).parent / "gap_fit")
        for n_points in POINTS:
            found = fit_gap(program, labelled(args.frames, every), n_points, folder)
            records.append({"program": "gap_fit", "points": n_points, "threads": 1, **found})
            print(told(records[-1]))
    return records


def told(record):
    """A fit as a line of text."""
    return (
        "{program:9} {points:6d} points {threads} threads {atoms:6d} atoms {seconds:8.2f} s"
        " ({processor:.2f} of the processor) {MiB:7.0f} MiB".format(**record)
    )


def race(args, folder):
    """Steps of all programs in turns: milliseconds, and how many times as long as ours with one thread."""
    own = [sys.executable, __file__, "--serve", "isoprint", "--folder", folder]
    commands = {("isoprint", 1): own, ("isoprint", 2): own}
    if args.compress:
        commands["isoprint, compressed", 1] = [*own, "--compress", str(args.compress)]
    if args.peers_python:
        commands["QUIP", 1] = [args.peers_python, __file__, "--serve", "QUIP", "--folder", folder]
    programs = {key: turns.Program(key[0], command, threads=key[1]) for key, command in commands.items()}
    taken = {}
    try:
        for key, program in programs.items():
            taken.update({(*key, call): [] for call in program.ask(start={})["calls"]})
        for round_ in range(args.rounds):
            for (name, threads, call), times in turns.in_turn(round_, list(taken.items())):
                answer = programs[name, threads].ask(time=call, seconds=0.2)
                times.append(answer["processor" if threads == 1 else "wall"] / 1e3)
    finally:
        for program in programs.values():
            program.close()
    records = []
    for (name, threads, call), times in taken.items():
        points, atoms = map(int, call.split())
        ratio = median(t / t_own for t, t_own in zip(times, taken["isoprint", 1, call], strict=True))
        records.append(
            {"program": name, "threads": threads, "points": points, "atoms": atoms, "ms": [round(t, 3) for t in times],
             "times_isoprint": ratio}
        )  # fmt: skip
        print(f"{name:22}{threads} threads {points:5d} points {atoms:5d} atoms {median(times):9.2f} ms   x{ratio:.2f}")
    return records


def main():
    """Fit, let the programs take turns, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("frames", type=Path, nargs="?", help="labelled frames of silicon, as extended xyz")
    parser.add_argument("--peers-python", help="an interpreter with quippy-ase; without it ours runs alone")
    parser.add_argument("--full", action="store_true", help="fit to all frames, gap_fit too (some minutes, 3 GB)")
    parser.add_argument("--points", type=int, nargs="*", default=[], help="more numbers of sparse points to fit with")
    parser.add_argument("--compress", type=float, help="race a model of compressed fingerprints, too")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, help="where the figures are kept")
    parser.add_argument("--serve", choices=("isoprint", "QUIP"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--fit", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--every", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve == "isoprint":
        turns.serve(lambda: turns.plain(serve_isoprint(args.folder, args.compress)))
    elif args.serve == "QUIP":
        turns.serve(lambda: turns.plain(serve_quip(args.folder)))
    elif args.fit:
        print(json.dumps(fit(args.frames, args.every, args.fit, args.out)))
    else:
        with tempfile.TemporaryDirectory() as folder:
            record = {"machine": machine(), "fits": fits(args, folder), "steps": race(args, folder)}
        if args.json:
            args.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
