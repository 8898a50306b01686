"""Makes `atom_matrices.npz`: matrices of whole structures as DScribe computes them.

    python tests/golden/make_atom_matrices.py tests/golden/atom_matrices.npz

with an interpreter that has dscribe 2.1.2 and an ASE before 3.26.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk, molecule
from ase.collections import g2
from dscribe.descriptors import CoulombMatrix, EwaldSumMatrix, SineMatrix

KINDS = {"CoulombMatrix": CoulombMatrix, "SineMatrix": SineMatrix, "EwaldSumMatrix": EwaldSumMatrix}
N_ATOMS_MAX = 9
PERMUTATIONS = ("sorted_l2", "none", "eigenspectrum")
# Arguments of `create` that each permutation of the Ewald sum matrix is made with.
SUMS = (
    {},
    {"accuracy": 1e-9},
    {"accuracy": 1e-7, "w": 3.0},
    {"r_cut": 11.0, "g_cut": 8.0},
    {"r_cut": 13.0, "g_cut": 10.0, "a": 0.55},
)
# Molecules whose atoms are alike, in an order that rounding decides.
SYMMETRIC = ("CH4", "NH3", "C2H6", "C2H4", "CH3CH3", "SiH4", "BF3", "C2Cl4", "PH3", "H2CO")
RANDOM = {"permutation": "random", "sigma": 2.0, "seed": 5}


def structures():
    """Molecules and crystals without symmetry, and a few with."""
    rng = np.random.default_rng(0)
    molecules = [molecule(name) for name in ("H2O", "CH3OH", "CH3CN")]
    crystals = [bulk("NaCl", "rocksalt", a=5.64), bulk("GaAs", "zincblende", a=5.65) * (2, 1, 1)]
    for atoms in (*molecules, *crystals):
        atoms.rattle(0.05, seed=int(rng.integers(100)))
    for n in (1, 4, 9):
        cell = np.diag(rng.uniform(5.0, 7.0, 3)) + rng.uniform(-1.0, 1.0, (3, 3))
        crystals.append(Atoms(rng.choice([1, 6, 8, 14], n), rng.uniform(-3.0, 9.0, (n, 3)), cell=cell, pbc=True))
    return molecules, crystals


def main():
    """Compute, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    kept, (molecules, crystals) = {}, structures()
    for name, frames in (("molecules", molecules), ("crystals", crystals)):
        kept[f"{name}/offsets"] = np.cumsum([0] + [len(atoms) for atoms in frames])
        for field in ("numbers", "positions"):
            kept[f"{name}/{field}"] = np.concatenate([getattr(atoms, field) for atoms in frames])
        kept[f"{name}/cells"] = np.array([atoms.cell.array for atoms in frames])
    for kind, descriptor in KINDS.items():
        frames = molecules if kind == "CoulombMatrix" else crystals
        asked = [({"permutation": permutation}, {}) for permutation in PERMUTATIONS] + [(RANDOM, {})]
        if kind == "EwaldSumMatrix":
            asked += [({"permutation": "none"}, sums) for sums in SUMS[1:]]
        for place, (options, sums) in enumerate(asked):
            case = f"{kind}/{place}"
            kept[f"{case}/about"] = np.array(json.dumps({"options": options, "sums": sums}))
            kept[f"{case}/features"] = descriptor(n_atoms_max=N_ATOMS_MAX, **options).create(frames, **sums)
    alike = [molecule(name) for name in SYMMETRIC if name in g2.names]
    kept["symmetric/names"] = np.array([name for name in SYMMETRIC if name in g2.names])
    kept["symmetric/features"] = CoulombMatrix(n_atoms_max=N_ATOMS_MAX).create(alike)
    np.savez_compressed(parser.parse_args().output, **kept)


if __name__ == "__main__":
    main()
