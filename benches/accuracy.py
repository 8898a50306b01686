"""How exact are the features? Against 60-digit arithmetic, and the peer's error by size of the basis.

    python benches/accuracy.py --peers-python .venv-peers/bin/python

The first two tables compare isoprint with `tests/golden`, the third takes isoprint for the truth and compares quippy's
soap_turbo with it on 100 atoms of `seed_system.py`, l_max = 4, each size in a process of its own.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from ase import Atoms
from seed_system import seed_system

HERE = Path(__file__).resolve().parent
GOLDEN = HERE.parent / "tests" / "golden" / "soap_turbo.npz"
PEER = "import numpy, sys; from ase.io import read; from quippy.descriptors import Descriptor; numpy.save(sys.argv[3], Descriptor(sys.argv[1]).calc(read(sys.argv[2]))['data'])"  # noqa: E501
STRING = (
    "soap_turbo l_max=4 alpha_max={{{n}}} rcut_hard=5.0 rcut_soft=4.5 atom_sigma_r={{0.5}} atom_sigma_t={{0.5}} "
    "atom_sigma_r_scaling={{0.0}} atom_sigma_t_scaling={{0.0}} amplitude_scaling={{1.0}} central_weight={{1.0}} "
    "radial_enhancement=0 basis={basis} scaling_mode=polynomial species_Z={{6}} n_species=1 central_index=1 "
    "add_species=F compress_mode=None"
)


def against_digits():
    """Largest errors of each case: features, Jacobian, pullback."""
    from isoprint import SoapTurbo

    with np.load(GOLDEN) as file:
        numbers = dict(file)
    for name in dict.fromkeys(key.split("/")[0] for key in numbers):
        case = {key.split("/")[1]: value for key, value in numbers.items() if key.startswith(f"{name}/")}
        atoms = Atoms(**{k: case[k] for k in ("numbers", "positions", "cell", "pbc")})
        string = str(case["string"])
        soap = SoapTurbo.from_quip(string)
        errors = (
            soap.transform(atoms, centers=case["centers"]) - case["features_exact"],
            soap.derivatives(atoms, centers=case["jacobian_centers"]).dense() - case["jacobian_exact"],
            soap.pullback(atoms, case["adjoint"], centers=case["centers"]).positions - case["pullback_exact"],
        )
        peer = np.abs(case["features_quippy"] - case["features_exact"]).max() if "features_quippy" in case else None
        found = [
            re.search(pattern, string).group(1) for pattern in (r"basis=(\w+)", r"alpha_max=\{(.*?)\}", r"l_max=(\d+)")
        ]
        yield name, *found, *(np.abs(e).max() for e in errors), peer


def classic_against_digits():
    """Largest errors of each case of classic SOAP, relative to the largest number: ours, then the peer's."""
    sys.path.insert(0, str(HERE.parent / "tests"))
    from test_golden_soap import CASES, Case

    def relative(got, exact):
        return np.abs(got - exact).max() / (np.abs(exact).max() or 1.0)

    for name in CASES:
        case = Case(name)
        exact = case["features_exact"]
        errors = [relative(case.features(exact), exact), None, None]
        if "jacobian_exact" in case.numbers:
            errors[1] = relative(case.jacobian(case["jacobian_exact"]), case["jacobian_exact"])
        if "pullback_exact" in case.numbers:
            back = case.soap.pullback(case.atoms, case["adjoint"], centers=case.centers)
            errors[2] = relative(back.positions, case["pullback_exact"])
        yield name, case.about["program"], *errors, relative(case["features_peer"], exact)


def peer_error(n, basis, python):
    """Largest difference of the peer's features, or None where it gives up."""
    from isoprint import SoapTurbo

    atoms, string = seed_system(100), STRING.format(n=n, basis=basis)
    with tempfile.TemporaryDirectory() as folder:
        structure, result = Path(folder) / "atoms.extxyz", Path(folder) / "features.npy"
        atoms.write(structure)
        done = subprocess.run(
            [python, "-c", PEER, string, str(structure), str(result)], capture_output=True, check=False
        )
        if done.returncode or not result.exists():
            return None
        return np.abs(np.load(result) - SoapTurbo.from_quip(string).transform(atoms)).max()


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", help="interpreter that has quippy; none: only the first table")
    args = parser.parse_args()
    print(
        "| case | basis | n_max | l_max | features | Jacobian | pullback | the peer's features |\n" + "|---" * 8 + "|"
    )
    for name, basis, n, l_max, *errors, peer in against_digits():
        shown = " | ".join(f"{e:.0e}" for e in errors)
        print(f"| {name} | {basis} | {n} | {l_max} | {shown} | {'-' if peer is None else f'{peer:.0e}'} |", flush=True)
    print("\n| case | program | features | Jacobian | pullback | the peer's features |\n" + "|---" * 6 + "|")
    for name, program, *errors in classic_against_digits():
        shown = " | ".join("-" if e is None else f"{e:.0e}" for e in errors)
        print(f"| {name} | {program} | {shown} |", flush=True)
    if args.peers_python:
        print("\n| n_max | poly3 | poly3gauss |\n|---|---|---|")
        for n in range(3, 13):
            errors = [peer_error(n, basis, args.peers_python) for basis in ("poly3", "poly3gauss")]
            print(f"| {n} | " + " | ".join("stops" if e is None else f"{e:.0e}" for e in errors) + " |", flush=True)


if __name__ == "__main__":
    main()
