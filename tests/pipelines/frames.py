"""Structures that pipelines are run on."""

import numpy as np
from ase.build import bulk, fcc111, molecule


def rattled(atoms, seed, stdev=0.05):
    """A copy with atoms displaced by random numbers."""
    copy = atoms.copy()
    copy.positions += np.random.default_rng(seed).normal(scale=stdev, size=copy.positions.shape)
    return copy


def molecules():
    """Small molecules of H, C, N and O."""
    names = ("H2O", "CH4", "NH3", "CH3OH", "C2H6", "HCN", "CO2", "CH3CHO", "C2H4", "H2CO")
    return [rattled(molecule(name), seed, 0.03) for seed, name in enumerate(names)]


def energies(frames):
    """Numbers that depend on structures smoothly: half of the sum of inverse distances, weighted by atomic numbers."""
    found = []
    for atoms in frames:
        distances = atoms.get_all_distances(mic=bool(atoms.pbc.any())) + np.eye(len(atoms))
        weights = np.outer(atoms.numbers, atoms.numbers) / 100.0
        found.append(0.5 * ((1.0 - np.eye(len(atoms))) * weights / distances).sum())
    return np.array(found)


def crystals():
    """Cells of two salts and of a semiconductor, distorted."""
    salt = bulk("NaCl", "rocksalt", a=5.64, cubic=True)
    return [rattled(salt, 1), rattled(salt, 2, 0.1), rattled(bulk("NaCl", "cesiumchloride", a=3.5), 3)]


def silicon():
    """Snapshots of silicon, eight atoms each."""
    return [rattled(bulk("Si", cubic=True), seed, 0.02 + 0.02 * seed) for seed in range(6)]


def surface():
    """A slab of copper, and places above it where something might adsorb."""
    slab = rattled(fcc111("Cu", (2, 2, 2), vacuum=6.0, periodic=True), 4, 0.03)
    top = slab.positions[:, 2].max()
    places = [[*(slab.positions[-1, :2] + shift), top + 1.5] for shift in ((0.0, 0.0), (1.2, 0.7), (0.4, 1.5))]
    return slab, np.array(places)


def waters():
    """Geometries of one molecule of water."""
    return [rattled(molecule("H2O"), seed, 0.08) for seed in range(12)]
