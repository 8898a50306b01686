"""Makes `soap_gaussian.npz` from the full set of reference numbers.

    python tests/golden/trim_soap_gaussian.py FULL.npz

The full set (about 2 MB) holds the features and two Jacobians of every center. Here those of the first centers are
kept, and of these the derivatives with respect to the first atoms; the pullback, kept whole, covers the others.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
KEPT_AS = {
    "numbers": "numbers",
    "positions": "positions",
    "cell": "cell",
    "pbc": "pbc",
    "exact": "features_exact",
    "peer": "features_peer",
    "vjp_g": "adjoint",
    "vjp_positions": "pullback_exact",
    "vjp_strain": "strain_exact",
}
# Features of this many centers; derivatives of so many centers with respect to so many atoms.
N_ROWS = 6
N_CENTERS, N_ATOMS = 2, 2


def cases_of(path):
    """Fields by case."""
    cases = {}
    with np.load(path) as full:
        for key in full.files:
            case, _, field = key.partition("/")
            cases.setdefault(case, {})[field] = full[key]
    return cases


def trimmed(case):
    """What the tests use of one case."""
    kept = {KEPT_AS[k]: v for k, v in case.items() if k in KEPT_AS}
    for name in ("features_exact", "features_peer"):
        kept[name] = np.atleast_2d(kept[name])[:N_ROWS]  # an average is one row
    meta = json.loads(str(case["meta"]))
    about = {
        "program": meta["kind"],
        "version": f"{meta['peer']} {meta['version']}",
        "parameters": meta["params"],
        "centers": meta["centres"],
        "attached": meta["attach"],
        "features_apart": meta["max_abs_peer_minus_exact"],
    }
    if "jac_exact" in case:
        about["jacobian_apart"] = meta["max_abs_jac_peer_minus_exact"]
        kept["jacobian_exact"] = case["jac_exact"][:N_CENTERS, :N_ATOMS]
        kept["jacobian_peer"] = case["jac_peer"][:1, :N_ATOMS]
    kept["about"] = np.array(json.dumps(about))
    return kept


def main():
    """Read the full set, write what is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("full", type=Path)
    args = parser.parse_args()
    flat = {f"{name}/{field}": v for name, case in cases_of(args.full).items() for field, v in trimmed(case).items()}
    np.savez_compressed(HERE / "soap_gaussian.npz", **flat)


if __name__ == "__main__":
    main()
