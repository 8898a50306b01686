"""Compares `isoprint.compat.quippy` with quippy: all argument strings of `tests/golden/quippy_strings.txt`, every key.

    python benches/quippy_strings.py --peers-python .venv-peers/bin/python

Two structures a string, an open cluster and a periodic cell thinner than the cutoff, with an atom of an element that
the string does not name. The largest differences go to `results/quippy_strings.json`.
"""

import argparse
import json
import subprocess
import tempfile
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np
from ase import Atoms
from quippy_differences import differences

from isoprint.compat.quippy.descriptors import Descriptor

HERE = Path(__file__).resolve().parent
MAKER = HERE.parent / "tests" / "golden" / "make_quippy.py"


def cases_of(path):
    """What the peer returned, by case."""
    cases = {}
    with np.load(path) as found:
        for key in found.files:
            case, _, name = key.rpartition("/")
            cases.setdefault(case, {})[name] = found[key]
    return cases


def compared(case):
    """The largest difference of each key of one case."""
    atoms = Atoms(case["numbers"], case["positions"], cell=case["cell"], pbc=case["pbc"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        descriptor = Descriptor(str(case["string"]))
    ours = descriptor.calc(atoms, grad="grad_data" in case)
    found = differences(ours, case)
    found["sizes"] = float(descriptor.sizes(atoms) != tuple(case["sizes"]))
    found["permutations"] = float(not np.array_equal(descriptor.permutations(), case["permutations"]))
    return found


def main():
    """Compare, print and store."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--peers-python", required=True, help="a Python that has quippy-ase")
    options.add_argument("--output", type=Path, default=HERE / "results" / "quippy_strings.json")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "quippy.npz"
        subprocess.run([chosen.peers_python, str(MAKER), str(path), "--whole"], check=True)
        cases = cases_of(path)
    entries = []
    for name, case in cases.items():
        found = compared(case)
        entries.append({"case": name, "string": str(case["string"]), "n_dim": int(case["n_dim"]), **found})
        worst = ", ".join(f"{key} {value:.0e}" for key, value in found.items() if value)
        print(f"{name:20} {str(case['string'])[:50]:50} {worst}")
    about = {"isoprint": metadata.version("isoprint"), "quippy-ase": "0.10.3", "differences": "largest, absolute"}
    chosen.output.write_text(json.dumps({"about": about, "cases": entries}, indent=1) + "\n")
    for kind in ("soap ", "soap_turbo", "distance", "angle"):
        own = [entry for entry in entries if entry["string"].startswith(kind)]
        for key in ("data", "grad_data"):
            print(f"{kind:11} {key:10} {max((entry.get(key, 0.0) for entry in own), default=0.0):.1e}")


if __name__ == "__main__":
    main()
