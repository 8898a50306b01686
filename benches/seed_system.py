"""The seed system of every benchmark: random carbon at the density of M. A. Caro, Phys. Rev. B 100, 024112 (2019).

10,000 atoms in a periodic cube of 46.371 Å, no two closer than 0.7 Å: about 52 neighbors within 5 Å, no order that a
program could profit from. Other sizes keep the density. The same number and seed give the same atoms everywhere.

    python benches/seed_system.py --atoms 10000 -o seed.extxyz
"""

from __future__ import annotations

import argparse

import numpy as np
from ase import Atoms
from scipy.spatial import cKDTree

N_ATOMS = 10_000
EDGE = 46.371
CLOSEST = 0.7


def seed_system(n_atoms: int = N_ATOMS, seed: int = 0) -> Atoms:
    """Random carbon atoms in a periodic cube.

    Parameters
    ----------
    n_atoms : int
        How many; the edge of the cube follows from the density.
    seed : int
        Of the random numbers.

    Returns
    -------
    ase.Atoms
        Periodic in all directions.
    """
    rng = np.random.default_rng(seed)
    edge = EDGE * (n_atoms / N_ATOMS) ** (1 / 3)
    positions = rng.uniform(0.0, edge, (n_atoms, 3))
    while True:
        pairs = cKDTree(positions, boxsize=edge).query_pairs(CLOSEST, output_type="ndarray")
        if len(pairs) == 0:
            return Atoms("C" * n_atoms, positions=positions, cell=[edge] * 3, pbc=True)
        # Draw again the later atom of each close pair; few are left after a handful of rounds.
        again = np.unique(pairs.max(axis=1))
        positions[again] = rng.uniform(0.0, edge, (len(again), 3))


def main() -> None:
    """Write the system to a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--atoms", type=int, default=N_ATOMS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--output", default="seed.extxyz")
    args = parser.parse_args()
    seed_system(args.atoms, args.seed).write(args.output)


if __name__ == "__main__":
    main()
