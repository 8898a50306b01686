"""Makes `soap_turbo.npz` and the tables of the Rust tests from the full set of reference numbers.

    python tests/golden/trim_soap_turbo.py FULL.npz

The full set (about 4 MB) holds a derivative for each periodic image and every center. Here images of one atom are
summed, as isoprint does, and the Jacobian of the first centers is kept; the pullback, kept whole, covers the others.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
TABLES = HERE.parent.parent / "rust" / "core" / "tests" / "golden" / "tables.txt"
KEPT_AS = {
    "numbers": "numbers",
    "positions": "positions",
    "cell": "cell",
    "pbc": "pbc",
    "string": "string",
    "centres": "centers",
    "q_exact": "features_exact",
    "norm_exact": "norm_exact",
    "q_quippy": "features_quippy",
    "vjp_seed": "adjoint",
    "vjp_exact": "pullback_exact",
}
# Jacobians of this many centers: the exact one, the peer's.
N_EXACT, N_PEER = 2, 1
RADIAL_PARAMETERS = (
    "basis",
    "alpha_max",
    "rcut_hard",
    "rcut_soft",
    "nf",
    "atom_sigma_r",
    "atom_sigma_r_scaling",
    "atom_sigma_t",
    "atom_sigma_t_scaling",
    "amplitude_scaling",
    "radial_enhancement",
    "central_weight",
)


def cases_of(path):
    """Fields by case."""
    cases = {}
    with np.load(path) as full:
        for key in full.files:
            case, _, field = key.partition("/")
            cases.setdefault(case, {})[field] = full[key]
    return cases


def summed(pairs, blocks, centers, n_atoms):
    """Sum the images of each atom: ``(n_centers, n_atoms, 3, n_features)``."""
    dense = np.zeros((len(centers), n_atoms, 3, blocks.shape[2]))
    for (center, atom), block in zip(pairs, blocks, strict=True):
        if center in centers:
            dense[centers.index(center), atom] += block
    return dense


def trimmed(case):
    """What the tests use of one case."""
    kept = {KEPT_AS[k]: v for k, v in case.items() if k in KEPT_AS}
    kept["species"] = np.array(json.loads(str(case["params"]))["species_Z"])
    rows = list(dict.fromkeys(case["grad_index"][:, 0].tolist()))
    kept["jacobian_centers"] = np.array(rows[:N_EXACT])
    for kind, n in (("exact", N_EXACT), ("quippy", N_PEER)):
        if f"grad_{kind}" in case:
            dense = summed(case["grad_index"], case[f"grad_{kind}"], rows[:n], len(case["numbers"]))
            kept[f"jacobian_{kind}"] = dense
    kept.update({k.replace("W_wheel", "basis_matrix"): v for k, v in case.items() if k.startswith("W_wheel")})
    return kept


def radial_parameters(case):
    """One row of numbers for one species; the basis is 0 for poly3 and 1 for poly3gauss."""
    params = json.loads(str(case["params"]))
    params["basis"] = ("poly3", "poly3gauss").index(params["basis"])
    return np.array([float(np.ravel(params[name])[0]) for name in RADIAL_PARAMETERS])


def write_tables(tables, path):
    """Plain text: a line ``array NAME SHAPE...`` and then its numbers, which read back to the same bits."""
    lines = [
        "# Reference numbers, correctly rounded to f64 from 60 to 120 digits. A line `array NAME SHAPE...`, then the",
        "# numbers, a row a line, first axis slowest. Made by tests/golden/trim_soap_turbo.py, explained beside it.",
    ]
    for name, array in tables.items():
        lines.append(f"array {name} {' '.join(map(str, array.shape))}")
        rows = array.reshape(-1, array.shape[-1])
        lines += [" ".join(repr(float(x)) for x in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")


def main():
    """Read the full set, write the two files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("full", type=Path)
    args = parser.parse_args()
    cases = cases_of(args.full)
    tables = {k.replace("centre", "center"): v for k, v in cases.pop("aux").items()}
    cases.pop("quippy_version")
    for key in [k for k in tables if k.startswith("radial_r_")]:
        name = key.removeprefix("radial_r_")
        tables[f"radial_parameters_{name}"] = radial_parameters(cases[name])
    write_tables(tables, TABLES)
    flat = {f"{name}/{field}": v for name, case in cases.items() for field, v in trimmed(case).items()}
    np.savez_compressed(HERE / "soap_turbo.npz", **flat)


if __name__ == "__main__":
    main()
