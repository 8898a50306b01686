"""Makes `om.npz` from the full set of reference numbers.

    python tests/golden/trim_om.py FULL.npz

The full set (about 600 kB) holds the Jacobian of every center. Here that of the first two is kept; the pullback, kept
for all, covers the others.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
STRUCTURE = ("numbers", "positions", "cell", "pbc")
KEPT_AS = {
    "F": "features_exact",
    "F_libfp": "features_peer",
    "short": "short_exact",
    "short_libfp": "short_peer",
    "short_modulated": "short_modulated",
    "vjp_weights": "adjoint",
    "vjp": "pullback_exact",
}
# Of the first centers only.
OF_CENTERS = {"J": "jacobian_exact", "J_tol": "jacobian_tolerance", "W": "strain_exact", "groups": "groups"}
N_CENTERS = 2
# Cases of another layout, whose fields keep their names.
AS_THEY_ARE = ("distances", "global_and_edges", "contracted_gradient")


def cases_of(path):
    """Fields by case."""
    cases = {}
    with np.load(path) as full:
        for key in full.files:
            case, _, field = key.partition("/")
            cases.setdefault(case, {})[field] = full[key]
    return cases


def trimmed(name, case):
    """What the tests use of one case."""
    meta = json.loads(str(case["meta"]))
    if name in AS_THEY_ARE:
        return {k: v for k, v in case.items() if k != "meta"}
    about = {
        "parameters": {
            "r_cut": meta["rcut"],
            "exponent": meta["nex"],
            "orbitals": meta["shells"],
            "width_scale": meta["width_scale"],
            "max_sites": meta["max_sites"],
        },
        "peer": meta.get("peer"),
        "apart": meta.get("peer_maxdiff", {}),
    }
    kept = {k: case[k] for k in STRUCTURE}
    kept |= {new: case[old] for old, new in KEPT_AS.items() if old in case}
    kept |= {new: case[old][:N_CENTERS] for old, new in OF_CENTERS.items()}
    return kept | {"about": np.array(json.dumps(about))}


def main():
    """Read the full set, write what is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("full", type=Path)
    args = parser.parse_args()
    flat = {
        f"{name}/{field}": value
        for name, case in cases_of(args.full).items()
        for field, value in trimmed(name, case).items()
    }
    np.savez_compressed(HERE / "om.npz", **flat)


if __name__ == "__main__":
    main()
