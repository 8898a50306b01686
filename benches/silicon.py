"""Symmetry functions and overlap matrices beside DScribe, QUIP and libfp, one thread, calls taking turns.

    python benches/silicon.py --peers-python .venv-peers/bin/python

Silicon, 64 atoms displaced by 0.05 Å: microseconds an atom, the best and the median of all rounds. Symmetry functions
are ten of distance and 48 of angles (`ACSF.standard`) with cutoffs of 4.8 and 6 Å, overlap matrices have s and p
orbitals and cutoffs of 5 and 6 Å. DScribe has no analytic derivatives, and those of libfp crash with p orbitals.
libfp takes the BLAS of the system: on Debian's reference BLAS it is slower by a third to a half than on OpenBLAS, which
it had in the results kept here. Prints one table; `peers.py` ends with the same.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
from statistics import median

import turns

CUTOFFS = {"ACSF": (4.8, 6.0), "OM": (5.0, 6.0)}
BOHR = 0.52917721090
ETA_2 = (0.001, 0.01, 0.02, 0.035, 0.06, 0.1, 0.2, 0.4, 0.8, 1.6)
ETA_4 = (0.0001, 0.003, 0.008, 0.015, 0.025, 0.045)
ANGULAR = [(eta, zeta, sign) for eta in ETA_4 for zeta in (1, 2, 4, 16) for sign in (-1, 1)]
MAX_SITES = 60


def silicon():
    """The structure."""
    from ase.build import bulk

    atoms = bulk("Si", "diamond", a=5.43, cubic=True).repeat(2)
    atoms.rattle(0.05, seed=1)
    return atoms


def calls_of(descriptor, atoms):
    """Values and gradients of a descriptor of isoprint."""
    import numpy as np

    descriptor.fit([atoms])
    adjoint = np.random.default_rng(0).standard_normal((len(atoms), descriptor.n_features))
    return {
        "values": lambda: descriptor.transform(atoms, n_jobs=1),
        "pullback": lambda: descriptor.pullback(atoms, adjoint, n_jobs=1),
        "jacobian": lambda: descriptor.derivatives(atoms, n_jobs=1),
    }


def isoprint_acsf(atoms, r_cut):
    """Our symmetry functions."""
    import isoprint as ip

    return calls_of(ip.ACSF.standard(species=["Si"], r_cut=r_cut), atoms)


def isoprint_om(atoms, r_cut):
    """Our overlap matrices."""
    import isoprint as ip

    return calls_of(ip.OverlapMatrix(r_cut=r_cut, orbitals="sp", max_sites=MAX_SITES), atoms)


def dscribe_acsf(atoms, r_cut):
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


def quip_acsf(atoms, r_cut):
    """Values, and values with the Jacobian."""
    from quippy.descriptors import Descriptor

    functions = [f"2:0:{eta}:0.0:{r_cut / BOHR}" for eta in ETA_2]
    functions += [f"3:0:0:{eta}:{sign}:{zeta}:{r_cut / BOHR}" for eta, zeta, sign in ANGULAR]
    behler = Descriptor(f"behler Z=0 cutoff={r_cut} specification={{{'|'.join(functions)}}}")
    return {"values": lambda: behler.calc(atoms), "jacobian": lambda: behler.calc(atoms, grad=True)}


def libfp_om(atoms, r_cut):
    """Values. The wheel expects a BLAS and a LAPACK that somebody has loaded; be fair and make them OpenBLAS."""
    for library in ("libblas.so.3", "liblapack.so.3"):
        ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
    import libfp
    import numpy as np

    cell = (atoms.cell.array, atoms.positions, np.ones(len(atoms), int), [14])
    return {"values": lambda: libfp.get_lfp(cell, cutoff=r_cut, log=False, orbital="sp", natx=MAX_SITES)}


# What is compared, and who with what.
PROGRAMS = {
    "isoprint ACSF": isoprint_acsf,
    "DScribe ACSF": dscribe_acsf,
    "QUIP ACSF": quip_acsf,
    "isoprint OM": isoprint_om,
    "libfp OM": libfp_om,
}


def prepare(name):
    """All calls of a program, by cutoff and task."""
    atoms = silicon()
    return {
        f"{r_cut} {what}": call
        for r_cut in CUTOFFS[name.split()[1]]
        for what, call in PROGRAMS[name](atoms, r_cut).items()
    }


def compare(peers_python, rounds):
    """One record for each program, cutoff and task; without an interpreter that has the peers, ours alone."""
    commands = {}
    for name in PROGRAMS:
        own = name.startswith("isoprint")
        if own or peers_python:
            commands[name] = [sys.executable if own else peers_python, __file__, "--serve", name]
    n_atoms = len(silicon())
    taken = turns.take(commands, rounds)
    records = []
    for (name, call), times in taken.items():
        r_cut, what = call.split()
        own = taken[f"isoprint {name.split()[1]}", call]
        ratio = median(t / t_own for t, t_own in zip(times, own, strict=True))
        each = [t / n_atoms for t in times]
        records.append(
            {"program": name, "r_cut": float(r_cut), "task": what, "us_per_center": each, "times_isoprint": ratio}
        )
    return records


def table(records):
    """Best (median) µs an atom, and how many times longer than the same of isoprint."""
    lines = ["64 silicon atoms, one thread, µs an atom: best (median), times isoprint"]
    for r in sorted(records, key=lambda r: (r["program"].split()[1], r["task"], r["r_cut"])):
        times = f"{min(r['us_per_center']):9.1f} ({median(r['us_per_center']):.1f})"
        ratio = "" if r["program"].startswith("isoprint") else f" x{r['times_isoprint']:.1f}"
        lines.append(f"{r['r_cut']:4.1f} Å  {r['task']:9s} {r['program']:14s}{times}{ratio}")
    return "\n".join(lines)


def main():
    """Start the programs, let them take turns, print what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", help="an interpreter with the peers; without it they are left out")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--serve", choices=PROGRAMS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        turns.serve(lambda: prepare(args.serve))
    else:
        print(table(compare(args.peers_python, args.rounds)))


if __name__ == "__main__":
    main()
