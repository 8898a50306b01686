"""What a call of isoprint costs: by neighbors, functions, degrees, elements, atoms and threads; choices; memory.

    python benches/costs.py
    python benches/costs.py --quick                 fewer points, fewer turns
    python benches/costs.py --largest 1000000       memory of a million atoms, too

Random carbon at the density of `seed_system.py`, a cutoff of 5 Å (52 neighbors), 8 radial functions and `l_max=8`
unless something is varied; one thread, microseconds of the processor for each center, the median of some turns. Memory
is the largest resident memory of a process of its own, as Linux tells it. Results go to ``benches/results/costs.json``;
`performance.py` draws them and makes the tables of the documentation.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path

from machine import machine
from seed_system import EDGE, N_ATOMS, seed_system
from turns import Call, timed

HERE = Path(__file__).resolve().parent
N_CENTERS = 500
ELEMENTS = ("H", "C", "N", "O", "F", "S")
KINDS = ("SOAP", "SoapTurbo", "ACSF", "OverlapMatrix")
DENSITY = N_ATOMS / EDGE**3
POINTS = {
    "neighbors": (10, 20, 52, 100, 200),
    "n_max": (2, 4, 6, 8, 9, 10, 12, 16, 17, 20),
    "l_max": (0, 2, 4, 6, 8, 10, 12, 16, 20),
    "species": (1, 2, 3, 4, 5),
    "atoms": (10, 100, 1000, 10_000),
}
KINDS_OF = {"neighbors": KINDS, "n_max": KINDS[:2], "l_max": KINDS[:2], "species": KINDS[:3], "atoms": KINDS}


def r_cut_of(neighbors):
    """The radius within which an atom has so many neighbors on average."""
    return (3.0 * neighbors / (4.0 * math.pi * DENSITY)) ** (1 / 3)


@lru_cache(maxsize=2)
def system(n_atoms, n_species):
    """The seed system, its atoms of several elements in turn."""
    atoms = seed_system(n_atoms)
    atoms.symbols = [ELEMENTS[i % n_species] if n_species > 1 else "C" for i in range(n_atoms)]
    return atoms


def descriptor(kind, *, r_cut=5.0, n_max=8, l_max=8, n_species=1, **options):
    """A fingerprint of one kind."""
    import isoprint as ip

    species = list(ELEMENTS[:n_species]) if n_species > 1 else ["C"]
    if kind == "ACSF":
        return ip.ACSF.standard(species=species, r_cut=r_cut, **options)
    if kind == "OverlapMatrix":
        sites = math.ceil(2 * (4.0 * math.pi * DENSITY / 3.0 * r_cut**3) + 8)
        return ip.OverlapMatrix(species=species, r_cut=r_cut, orbitals="s", max_sites=sites, **options)
    given = {"r_cut": r_cut, "n_max": n_max, "l_max": l_max, "species": species, **options}
    return ip.SoapTurbo(basis="poly3gauss", **given) if kind == "SoapTurbo" else ip.SOAP(**given)


def calls_of(soap, atoms, n_jobs=1):
    """What is timed of one fingerprint."""
    import numpy as np

    rows = soap.transform(atoms, n_jobs=n_jobs)
    adjoint = np.random.default_rng(1).standard_normal(rows.shape)
    few = atoms if len(atoms) <= 64 else range(64)
    calls = {
        "features": Call(lambda given: soap.transform(given, n_jobs=n_jobs), atoms.copy, len(atoms)),
        "pullback": Call(lambda given: soap.pullback(given, adjoint, n_jobs=n_jobs), atoms.copy, len(atoms)),
    }
    if hasattr(soap, "fused"):
        calls["features+pullback"] = Call(
            lambda given: soap.fused(given, lambda rows, features: adjoint[rows.atom], features=True, n_jobs=n_jobs),
            atoms.copy,
            len(atoms),
        )
    centers = None if few is atoms else few
    calls["jacobian"] = Call(
        lambda given: soap.derivatives(given, centers=centers, n_jobs=n_jobs), atoms.copy, len(few)
    )
    return calls


def cost(call, args, clock="processor"):
    """Microseconds a center: the median of some turns."""
    once = timed(call, 1)["wall"]
    count = max(1, round(args.turn / (1e-6 * once * call.units)))
    return round(statistics.median(timed(call, count)[clock] for _ in range(args.turns)), 3)


def parameters(what, value):
    """Of a fingerprint, when one quantity is varied."""
    if what == "atoms":
        return {}
    if what == "neighbors":
        return {"r_cut": r_cut_of(value)}
    return {"n_species" if what == "species" else what: value}


def varied(args):
    """One record for each quantity that is varied, kind, value and call."""
    for what, points in POINTS.items():
        for kind in KINDS_OF[what]:
            for value in points[:: 2 if args.quick else 1]:
                n_atoms = value if what == "atoms" else N_CENTERS
                # An average of 200 sites makes large matrices.
                if kind == "OverlapMatrix" and (what, value) in (("neighbors", 200), ("atoms", 10_000)):
                    continue
                given = parameters(what, value)
                soap = descriptor(kind, **given)
                for name, call in calls_of(soap, system(n_atoms, given.get("n_species", 1))).items():
                    yield {
                        "varied": what, "value": value, "kind": kind, "call": name, "us": cost(call, args),
                        "n_features": soap.n_features,
                    }  # fmt: skip


def threads(args):
    """Time by the clock against the number of threads."""
    n_atoms = 1000 if args.quick else 5000
    cores = machine()["cores"]
    for kind in KINDS[:2]:
        for n_jobs in sorted({2**k for k in range(cores.bit_length()) if 2**k <= cores} | {cores}):
            for name, call in calls_of(descriptor(kind), system(n_atoms, 1), n_jobs).items():
                yield {"kind": kind, "threads": n_jobs, "call": name, "us": cost(call, args, "wall")}


def choices(args):
    """The same frame, 8 functions and l_max=8, in every way that there is to ask for it."""
    import numpy as np
    from guard_descriptors import QUIP_SOAP, featomic

    import isoprint as ip

    atoms = system(N_CENTERS, 1)
    n = len(atoms)
    given = {"species": ["C"], "r_cut": 5.0, "n_max": 8, "l_max": 8}
    soap = ip.SOAP(**given)
    out = np.empty((n, soap.n_features))
    makers = {
        "SOAP, own order": lambda: soap,
        "SOAP, dtype='float32'": lambda: ip.SOAP(**given, dtype="float32"),
        "SOAP, precision='single'": lambda: ip.SOAP(**given, precision="single"),
        "SOAP, average='inner'": lambda: ip.SOAP(**given, average="inner"),
        "SOAP, average='outer'": lambda: ip.SOAP(**given, average="outer"),
        "SOAP.from_featomic, all n, n'": lambda: ip.SOAP.from_featomic(**featomic(5.0), species=["C"]),
        "SOAP.from_quip": lambda: ip.SOAP.from_quip(QUIP_SOAP.format(r_cut=5.0)),
        "SOAP.from_dscribe, padded cutoff": lambda: ip.SOAP.from_dscribe(**given, sigma=0.5, periodic=True),
        "SoapTurbo, own order": lambda: ip.SoapTurbo(**given),
        "SoapTurbo, compression='trivial'": lambda: ip.SoapTurbo(**given, compression="trivial"),
    }
    for name, make in makers.items():
        try:
            one = make()
        except (TypeError, ValueError):
            continue  # not in this version
        for call, timed_call in calls_of(one, atoms).items():
            if "average" not in name or call != "jacobian":
                yield {"choice": name, "call": call, "us": cost(timed_call, args), "n_features": one.n_features}
    into = Call(lambda frame: soap.transform(frame, out=out, n_jobs=1), atoms.copy, n)
    yield {"choice": "SOAP, out=", "call": "features", "us": cost(into, args), "n_features": soap.n_features}
    try:
        kept = np.empty_like(soap.derivatives(atoms, centers=range(64)).values)
        keep = Call(lambda frame: soap.derivatives(frame, centers=range(64), out=kept, n_jobs=1), atoms.copy, 64)
        yield {"choice": "SOAP, out=", "call": "jacobian", "us": cost(keep, args), "n_features": soap.n_features}
    except TypeError:
        pass  # not in this version


MEMORY = ("transform, float64", "transform, float32", "pullback", "fused", "derivatives of 500 centers")


def resident_mb(key):
    """Resident memory of this process now (VmRSS) or at most (VmHWM); Linux says both."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 2**10
    raise OSError(f"there is no {key}")


def forget_peak():
    """What was needed before does not count."""
    Path("/proc/self/clear_refs").write_text("5")


def one_memory(what, n_atoms):
    """Run in a process of its own: what one call needs beside what it is given and what it returns."""
    import numpy as np

    atoms = seed_system(n_atoms)
    soap = descriptor("SoapTurbo", dtype="float32" if what.endswith("float32") else "float64")
    adjoint = np.ones((n_atoms, soap.n_features)) if what == "pullback" else None
    soap.transform(seed_system(100))  # builds the tables
    forget_peak()
    before = resident_mb("VmRSS")
    if what.startswith("transform"):
        result = soap.transform(atoms).nbytes
    elif what == "pullback":
        result = soap.pullback(atoms, adjoint).positions.nbytes
    elif what == "fused":
        result = soap.fused(atoms, lambda rows, features: features).positions.nbytes
    else:
        result = soap.derivatives(atoms, centers=range(500)).values.nbytes
    grown = resident_mb("VmHWM") - before
    return {"call": what, "atoms": n_atoms, "result_mb": result / 2**20, "beside_mb": grown - result / 2**20}


def memory(args):
    """Memory against the number of atoms."""
    for what in MEMORY:
        for n_atoms in (10_000, 100_000, 1_000_000):
            if n_atoms > args.largest or (what == "pullback" and n_atoms > 100_000):
                continue
            command = [sys.executable, __file__, "--memory", what, "--largest", str(n_atoms)]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode == 0:
                yield {key: round(value, 1) if isinstance(value, float) else value
                       for key, value in json.loads(done.stdout).items()}  # fmt: skip
            else:
                print(f"left out: {what}: {done.stderr.splitlines()[-1]}", file=sys.stderr)


def main():
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--turn", type=float, default=0.03, help="seconds for which a call is repeated in each turn")
    parser.add_argument("--largest", type=int, default=100_000, help="atoms whose memory is measured")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--memory", choices=MEMORY, help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", type=Path, default=HERE / "results" / "costs.json")
    args = parser.parse_args()
    if args.memory:
        print(json.dumps(one_memory(args.memory, args.largest)))
        return
    if args.quick:
        args.turns, args.turn, args.largest = 3, 0.01, 10_000
    import isoprint
    from isoprint import _core

    result = {
        "machine": machine(), "isa": _core.isa(), "isoprint": isoprint.__version__,
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": " ".join(["python", "benches/costs.py", *sys.argv[1:]]),
    }  # fmt: skip
    for name, measured in (("varied", varied), ("choices", choices), ("threads", threads), ("memory", memory)):
        result[name] = []
        for record in measured(args):
            result[name].append(record)
            print(", ".join(str(value) for value in record.values()), flush=True)
    args.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
