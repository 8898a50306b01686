"""Makes `acsf.npz` from the full sets of reference numbers.

    python tests/golden/trim_acsf.py FULL.npz FULL_OF_OTHER_PROGRAMS.npz

The full sets hold the Jacobian of every center. Here those of the first centers are kept; the pullback, kept whole,
covers the others.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
FRAME = ("numbers", "positions", "cell", "pbc")
KEPT_AS = {"vjp_weights": "adjoint", "vjp": "pullback", "virial": "strain"}
# Derivatives of so many centers.
N_CENTERS = 2


def cases_of(path):
    """Fields by case; those of other programs are named `acsf/<case>`."""
    cases = {}
    with np.load(path) as full:
        for key in full.files:
            case, _, field = key.removeprefix("acsf/").partition("/")
            cases.setdefault(case, {})[field] = full[key]
    return cases


def trimmed(case, others):
    """What the tests use of one case."""
    meta = json.loads(str(case["meta"]))
    kept = {name: case[name] for name in FRAME}
    kept.update({new: case[old] for old, new in KEPT_AS.items() if old in case})
    about = {name: meta[name] for name in ("front_end", "note", "rcut", "species", "cutoff", "alpha") if name in meta}
    about["parameters"] = {name: meta[name] for name in ("g2", "g3", "g4", "g5", "functions") if name in meta}
    about["peer"] = meta.get("peer", "n2p2 v2.3.0")
    kept["about"] = np.array(json.dumps(about))
    for field, values in case.items():
        # `G` and `J`; with several cutoff functions `G_<name>_<alpha>`, `J_<name>_<alpha>` of the first center.
        if field == "G" or (field.startswith("G_") and field[-1].isdigit()):
            kept[field.replace("G", "features", 1)] = values
        elif field == "J":
            kept["jacobian"] = values[:N_CENTERS]
        elif field.startswith("J_") and field[-1].isdigit():
            kept[field.replace("J", "jacobian", 1)] = values[None]
        elif field in ("G_dscribe", "G_quip"):
            kept["peer"] = values
        elif field == "J_quip":
            kept["peer_jacobian"] = values[:N_CENTERS]
    for field, values in others.items():
        if field.startswith("G"):
            kept[field.removesuffix("_n2p2").replace("G", "peer", 1)] = values
    return kept


def main():
    """Read the full sets, write what is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("full", type=Path)
    parser.add_argument("others", type=Path)
    args = parser.parse_args()
    others = cases_of(args.others)
    cases = {name: case for name, case in cases_of(args.full).items() if "positions" in case}
    kept = {name: trimmed(case, others.get(name, {})) for name, case in cases.items()}
    flat = {f"{name}/{field}": values for name, case in kept.items() for field, values in case.items()}
    np.savez_compressed(HERE / "acsf.npz", **flat)


if __name__ == "__main__":
    main()
