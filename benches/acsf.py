"""Symmetry functions beside those of DScribe and QUIP, one thread, calls taking turns.

    python benches/acsf.py --peers-python .venv-peers/bin/python

Silicon, 64 atoms displaced by 0.05 Å, ten functions of distance and 48 of angles (`ACSF.standard`), cutoffs of 4.8 and
6 Å: microseconds an atom, the best and the median of all rounds. DScribe has no analytic derivatives. Prints one table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from statistics import median

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
CUTOFFS = (4.8, 6.0)
BOHR = 0.52917721090
ETA_2 = (0.001, 0.01, 0.02, 0.035, 0.06, 0.1, 0.2, 0.4, 0.8, 1.6)
ETA_4 = (0.0001, 0.003, 0.008, 0.015, 0.025, 0.045)
ANGULAR = [(eta, zeta, sign) for eta in ETA_4 for zeta in (1, 2, 4, 16) for sign in (-1, 1)]


def silicon():
    """The structure."""
    from ase.build import bulk

    atoms = bulk("Si", "diamond", a=5.43, cubic=True).repeat(2)
    atoms.rattle(0.05, seed=1)
    return atoms


def isoprint_calls(atoms, r_cut):
    """Values and gradients."""
    import numpy as np

    import isoprint as ip

    acsf = ip.ACSF.standard(species=["Si"], r_cut=r_cut)
    adjoint = np.random.default_rng(0).standard_normal((len(atoms), acsf.n_features))
    return {
        "values": lambda: acsf.transform(atoms, n_jobs=1),
        "pullback": lambda: acsf.pullback(atoms, adjoint, n_jobs=1),
        "jacobian": lambda: acsf.derivatives(atoms, n_jobs=1),
    }


def dscribe_calls(atoms, r_cut):
    """Values."""
    from dscribe.descriptors import ACSF

    acsf = ACSF(
        r_cut=r_cut,
        species=["Si"],
        g2_params=[(eta / BOHR**2, 0.0) for eta in ETA_2],
        g4_params=[(eta / BOHR**2, zeta, sign) for eta, zeta, sign in ANGULAR],
        periodic=True,
    )
    return {"values": lambda: acsf.create(atoms)}


def quip_calls(atoms, r_cut):
    """Values, and values with the Jacobian."""
    from quippy.descriptors import Descriptor

    functions = [f"2:0:{eta}:0.0:{r_cut / BOHR}" for eta in ETA_2]
    functions += [f"3:0:0:{eta}:{sign}:{zeta}:{r_cut / BOHR}" for eta, zeta, sign in ANGULAR]
    behler = Descriptor(f"behler Z=0 cutoff={r_cut} specification={{{'|'.join(functions)}}}")
    return {"values": lambda: behler.calc(atoms), "jacobian": lambda: behler.calc(atoms, grad=True)}


PROGRAMS = {"isoprint": isoprint_calls, "dscribe": dscribe_calls, "quip": quip_calls}


def serve(name):
    """Times one call for each line on stdin, as `r_cut what`; says first what there is."""
    atoms = silicon()
    calls = {(r_cut, what): call for r_cut in CUTOFFS for what, call in PROGRAMS[name](atoms, r_cut).items()}
    for call in calls.values():
        call()
    print(json.dumps(list(calls)), flush=True)
    for line in sys.stdin:
        r_cut, what = line.split()
        call = calls[float(r_cut), what]
        start, count = time.perf_counter(), 0
        while count == 0 or time.perf_counter() - start < 0.05:
            call()
            count += 1
        print(1e6 * (time.perf_counter() - start) / count / len(atoms), flush=True)


def main():
    """Start the programs, let them take turns, print what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--peers-python", help="an interpreter with dscribe and quippy-ase; without it they are left out"
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--serve", choices=PROGRAMS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        serve(args.serve)
        return
    pythons = {"isoprint": sys.executable}
    if args.peers_python:
        pythons |= {"dscribe": args.peers_python, "quip": args.peers_python}
    running, taken = {}, {}
    for name, python in pythons.items():
        command = [python, __file__, "--serve", name]
        running[name] = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **ONE_THREAD}
        )
    try:
        for name, process in running.items():
            line = next((line for line in process.stdout if line.startswith("[")), "[]")
            taken.update({(r_cut, what, name): [] for r_cut, what in json.loads(line)})
        for _ in range(args.rounds):
            for (r_cut, what, name), times in taken.items():
                running[name].stdin.write(f"{r_cut} {what}\n")
                running[name].stdin.flush()
                times.append(float(running[name].stdout.readline()))
    finally:
        for process in running.values():
            process.stdin.close()
            process.wait()
    print(f"{platform.processor() or platform.machine()}, one thread, µs an atom: best (median)")
    for (r_cut, what, name), times in sorted(taken.items()):
        print(f"{r_cut:4.1f} Å  {what:9s} {name:9s} {min(times):9.1f} ({median(times):.1f})")


if __name__ == "__main__":
    main()
