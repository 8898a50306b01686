"""Structures of any size, for programs that are interrupted or run out of memory."""

import numpy as np
from ase import Atoms

rng = np.random.default_rng(0)


def crowd(n):
    """So many atoms that all see each other."""
    return Atoms(f"H{n}", rng.uniform(-3.0, 3.0, (n, 3)))


def gas(n):
    width = (n / 0.05) ** (1 / 3)
    return Atoms(f"H{n}", rng.uniform(0.0, width, (n, 3)), cell=[width] * 3, pbc=True)
