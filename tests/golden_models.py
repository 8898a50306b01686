"""Silicon with labels, and the sparse points and descriptors that the reference numbers were made with."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

import isoprint as ip

# Rows of `transform` that are sparse points.
ROWS = np.arange(0, 2575, 26)
QUIP = "soap l_max=8 n_max=8 cutoff=5.0 cutoff_transition_width=0.5 atom_sigma=0.5 n_species=1 Z=14 species_Z=14 n_Z=1"


def descriptors():
    return {
        "SOAP": ip.SOAP.from_quip(QUIP),
        "SoapTurbo": ip.SoapTurbo(species=["Si"], r_cut=5.0, n_max=8, l_max=8, sigma=0.5),
    }


@cache
def silicon(part):
    """The frames to fit ("fit"), or those to test on ("test")."""
    with np.load(Path(__file__).parent / "golden/models_silicon.npz") as stored:
        found = {key: stored[f"{part}_{key}"] for key in ("n_atoms", "positions", "cell", "energy", "forces")}
    stops = np.cumsum(found["n_atoms"])
    frames = []
    for place, stop in enumerate(stops):
        own = slice(stop - found["n_atoms"][place], stop)
        atoms = Atoms(f"Si{found['n_atoms'][place]}", found["positions"][own], cell=found["cell"][place], pbc=True)
        atoms.calc = SinglePointCalculator(atoms, energy=found["energy"][place], forces=found["forces"][own])
        frames.append(atoms)
    return frames
