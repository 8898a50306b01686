"""Makes `mbtr.npz` with DScribe, on an ASE that it works with (`dscribe==2.1.2`, `ase<3.26`).

    python tests/golden/make_mbtr.py

Each case is a structure, what DScribe's class was told, and its rows and derivatives.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk, molecule
from dscribe.descriptors import LMBTR, MBTR, ValleOganov

HERE = Path(__file__).resolve().parent

EXP = {"function": "exp", "r_cut": 4.1, "threshold": 1e-3}
SCALE = {"function": "exp", "scale": 0.9, "threshold": 0.017}
SQUARE = {"function": "inverse_square", "r_cut": 5.3}
SMOOTH = {"function": "smooth_cutoff", "r_cut": 3.7, "sharpness": 3}
R = {"min": 0.3, "max": 4.2, "sigma": 0.3, "n": 10}
INVERSE = {"min": 0.0, "max": 1.1, "sigma": 0.07, "n": 9}
ANGLE = {"min": 0, "max": 180, "sigma": 11.0, "n": 8}
COSINE = {"min": -1.0, "max": 1.0, "sigma": 0.04, "n": 7}
NUMBER = {"min": 0, "max": 20, "sigma": 1.5, "n": 9}


def crystal():
    """Two species in a skewed cell that is thinner than the cutoffs, out of their symmetry."""
    atoms = bulk("NaCl", "rocksalt", a=5.64)
    atoms.rattle(0.15, seed=5)
    atoms.set_cell(atoms.cell.array + np.array([[0.1, 0, 0.2], [0.0, 0.3, 0], [-0.1, 0, 0.0]]), scale_atoms=True)
    return atoms


def open_molecule():
    atoms = molecule("CH3OH")
    atoms.rattle(0.05, seed=1)
    return atoms


FRAMES = {"crystal": crystal(), "molecule": open_molecule()}


def told(function, grid, weighting=None, **options):
    return {"geometry": {"function": function}, "grid": dict(grid), "weighting": weighting, **options}


CASES = {
    "numbers": ("MBTR", "molecule", told("atomic_number", NUMBER, normalization="n_atoms")),
    "distances, all": ("MBTR", "molecule", told("distance", R)),
    "distances, exp": ("MBTR", "crystal", told("distance", R, EXP, normalization="n_atoms")),
    "distances, scale": ("MBTR", "crystal", told("distance", R, SCALE, normalize_gaussians=False)),
    "inverse distances, l2": ("MBTR", "crystal", told("inverse_distance", INVERSE, EXP, normalization="l2")),
    "inverse distances, all": ("MBTR", "molecule", told("inverse_distance", INVERSE)),
    "distances, square": ("MBTR", "crystal", told("distance", R, SQUARE)),
    "angles, exp": ("MBTR", "crystal", told("angle", ANGLE, {**EXP, "r_cut": 5.0})),
    "angles, all": ("MBTR", "molecule", told("angle", ANGLE, normalize_gaussians=False)),
    "cosines, exp": ("MBTR", "molecule", told("cosine", COSINE, SCALE)),
    "cosines, smooth": ("MBTR", "crystal", told("cosine", COSINE, SMOOTH, normalization="n_atoms")),
    "local distances, exp": ("LMBTR", "crystal", told("distance", R, SCALE)),
    "local inverse distances, l2": ("LMBTR", "molecule", told("inverse_distance", INVERSE, None, normalization="l2")),
    "local angles, exp": ("LMBTR", "crystal", told("angle", ANGLE, {**SCALE, "scale": 0.6})),
    "local cosines, all": ("LMBTR", "molecule", told("cosine", COSINE, None)),
    "crystal, distances": ("ValleOganov", "crystal", {"function": "distance", "n": 10, "sigma": 0.25, "r_cut": 5.1}),
    "crystal, angles": ("ValleOganov", "crystal", {"function": "angle", "n": 8, "sigma": 12.0, "r_cut": 4.2}),
}


def computed(kind, frame, options):
    """Rows, and derivatives with respect to the first two atoms where DScribe has analytical ones."""
    species = sorted(set(frame.get_chemical_symbols()))
    more = {} if kind == "ValleOganov" else {"periodic": bool(frame.pbc.any())}
    made = {"MBTR": MBTR, "LMBTR": LMBTR, "ValleOganov": ValleOganov}[kind](species=species, **options, **more)
    found = {"features": np.atleast_2d(made.create(frame))}
    smooth = options.get("normalization") != "l2" and "angle" not in json.dumps(options)
    if kind != "LMBTR" and smooth:
        found["jacobian"] = made.derivatives(frame, include=[0, 1], method="analytical", return_descriptor=False)
    return found


def main():
    arrays = {}
    for name, (kind, structure, options) in CASES.items():
        frame: Atoms = FRAMES[structure]
        about = {"program": "DScribe 2.1.2", "class": kind, "options": options}
        fields = {
            "numbers": frame.numbers,
            "positions": frame.positions,
            "cell": frame.cell.array,
            "pbc": frame.pbc,
            "about": np.array(json.dumps(about)),
            **computed(kind, frame, options),
        }
        arrays.update({f"{name}/{field}": value for field, value in fields.items()})
    np.savez_compressed(HERE / "mbtr.npz", **arrays)


if __name__ == "__main__":
    main()
