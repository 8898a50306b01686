"""Structures of which the literature and independent programs say what a fingerprint sees of them.

Coordinates in Å, the center first. The starts lead to rings (Parsaeifard & Goedecker, J. Chem. Phys. 156, 034302
(2022), with coordinates of our own); the two of the pair have the same distances and angles about C, and differ.
"""

import numpy as np
from ase import Atoms

import isoprint as ip

_PAIR = {
    "pair-A": """
        0 0 0  0.688889491340  0.793044525438  0.279429149149
         0.575251039997 -0.271882619005 -0.881325752753  -0.699542930917  0.726681093415 -0.405145993781
        -0.825726575641 -0.684502311918 -0.176638634673""",
    "pair-B": """
        0 0 0  1.030713972627 -0.007131486227  0.345176546910
        -0.208965690269  0.061235113323  1.064966009404  -0.004482263926 -1.085129840992 -0.063577806651
         0.124455675713  0.122796504022 -1.072847054982""",
}


def reference(name):
    """One of the structures as open atoms."""
    if name in _PAIR:
        return Atoms("CH4", np.array(_PAIR[name].split(), float).reshape(-1, 3))
    return ip.study.start(name)


def symmetric(name):
    """H2O, NH3 or CH4 in the symmetry of the molecule, the center first."""
    if name == "CH4":
        corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3.0)
        return Atoms("CH4", np.vstack([np.zeros((1, 3)), 1.087 * corners]))
    n, bond, between = {"H2O": (2, 0.9575, 104.51), "NH3": (3, 1.012, 106.7)}[name]
    sine = np.sin(np.radians(between / 2.0)) / np.sin(np.pi / n)
    turn = 2.0 * np.pi * np.arange(n) / n
    arms = np.column_stack([sine * np.cos(turn), sine * np.sin(turn), np.full(n, -np.sqrt(1.0 - sine**2))])
    return Atoms(f"{'O' if n == 2 else 'N'}H{n}", np.vstack([np.zeros((1, 3)), bond * arms]))


def soap(center, n_max=16, l_max=16, sigma=0.3):
    """SOAP as in the study of manifolds: unit norm, cutoff 4.8 Å."""
    z = Atoms(center).numbers[0]
    return ip.SOAP.from_quip(
        f"soap n_max={n_max} l_max={l_max} atom_sigma={sigma} cutoff=4.8 cutoff_transition_width=0.5"
        f" n_species=2 species_Z={{1 {z}}} Z={z} n_Z=1 central_weight=1"
    )


def overlap(orbitals="sp"):
    """OverlapMatrix as in the study of manifolds."""
    return ip.OverlapMatrix(r_cut=4.8, orbitals=orbitals, species=["H", "C", "N", "O"], max_sites=8)
