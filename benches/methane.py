"""What following a manifold costs: one environment of methane beside QUIP, one thread, calls taking turns.

    python benches/methane.py --peers-python .venv-peers/bin/python --json benches/results/methane.json

SOAP with 16 radial functions and degrees up to 16 (8977 features), width 0.3 Å, cutoff 4.8 Å, of the carbon atom:
microseconds for the row, for the Jacobian and for both, best and median of all rounds, and how many times longer than
isoprint. QUIP computes the row with every Jacobian. Then the ring of methane from the start CH4-a: seconds in all, and
in the descriptor alone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median

import turns

SOAP = (
    "soap n_max=16 l_max=16 atom_sigma=0.3 cutoff=4.8 cutoff_transition_width=0.5"
    " n_species=2 species_Z={1 6} Z=6 n_Z=1 central_weight=1"
)


def methane():
    """The structure, the center first."""
    from ase import Atoms

    positions = [
        [-0.10, -0.03, 0.13],
        [0.60, 0.69, 0.63],
        [0.64, -0.51, -0.71],
        [-0.74, 0.57, -0.66],
        [-0.58, -0.49, 0.54],
    ]
    return Atoms("CH4", positions)


def isoprint():
    """Ours; both is what a follower needs of each point."""
    import isoprint as ip

    atoms, soap = methane(), ip.SOAP.from_quip(SOAP)

    def both():
        soap.transform(atoms, centers=[0], n_jobs=1)
        soap.derivatives(atoms, centers=[0], n_jobs=1)

    return {
        "row": lambda: soap.transform(atoms, centers=[0], n_jobs=1),
        "Jacobian": lambda: soap.derivatives(atoms, centers=[0], n_jobs=1),
        "row and Jacobian": both,
    }


def quip():
    """QUIP computes the row on the way to the Jacobian."""
    from quippy.descriptors import Descriptor

    atoms, soap = methane(), Descriptor(SOAP)
    gradient = partial(soap.calc, atoms, grad=True)
    return {"row": partial(soap.calc, atoms), "Jacobian": gradient, "row and Jacobian": gradient}


PROGRAMS = {"isoprint": isoprint, "QUIP": quip}


def ring():
    """Seconds of one ring: in all, and in the descriptor."""
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1"))
    import isoprint as ip
    from isoprint.blindness.environment import Environment

    inside = 0.0

    def timed(method):
        def call(self, positions):
            nonlocal inside
            start = time.perf_counter()
            result = method(self, positions)
            inside += time.perf_counter() - start
            return result

        return call

    Environment.row, Environment.jacobian = timed(Environment.row), timed(Environment.jacobian)
    start = time.perf_counter()
    path = ip.follow_manifold(ip.SOAP.from_quip(SOAP), ip.study.start("CH4-a"), 0)
    total = time.perf_counter() - start
    return {"points": len(path), "status": path.status, "seconds": total, "seconds_in_descriptor": inside}


def main():
    """Let the programs take turns, follow one ring, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", help="an interpreter with quippy; without it ours runs alone")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--json", type=Path, help="where the figures are kept")
    parser.add_argument("--serve", choices=PROGRAMS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        turns.serve(lambda: turns.plain(PROGRAMS[args.serve]()))
        return
    own = {"isoprint": [sys.executable, __file__, "--serve", "isoprint"]}
    peer = {"QUIP": [args.peers_python, __file__, "--serve", "QUIP"]} if args.peers_python else {}
    taken = turns.take({**own, **peer}, args.rounds)
    records = []
    for (program, task), times in taken.items():
        ratio = median(t / t_own for t, t_own in zip(times, taken["isoprint", task], strict=True))
        records.append({"program": program, "task": task, "us": [round(t, 1) for t in times], "times_isoprint": ratio})
        print(f"{program:10}{task:18}{min(times):9.0f} ({median(times):.0f}) µs   x{ratio:.1f}")
    found = ring()
    print("ring of {points} points: {seconds:.2f} s, of these {seconds_in_descriptor:.2f} s in SOAP".format(**found))
    if args.json:
        args.json.write_text(json.dumps({"calls": records, "ring": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
