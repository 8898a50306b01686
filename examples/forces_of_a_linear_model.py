"""A linear model of silicon, fitted to energies and forces.

The energy of a frame is a sum over its atoms of `weights · features`. To fit forces, each of them needs the derivative
of every feature: that is what `derivatives` returns, in sparse blocks. To predict forces only the derivative of one
number is needed, the energy: `pullback` gives it in one pass and stores no Jacobian.
"""

from pathlib import Path

import numpy as np
from ase.io import read

import isoprint as ip

FORCE_WEIGHT, PENALTY = 0.1, 1e-6

frames = read(Path(__file__).parent / "silicon.extxyz", ":")
held_out, training = frames[::4], [a for k, a in enumerate(frames) if k % 4]
# Not normalized: the energy should see how many neighbors there are. Smooth at the cutoff, for smooth forces.
soap = ip.SoapTurbo(species=["Si"], r_cut=5.0, n_max=6, l_max=4, sigma=0.6, basis="jacobi", normalize=False)


def sums(frames):
    """The features of each frame, summed over its atoms, with a column of ones for each atom."""
    features = soap.transform(frames)
    of_frame = np.repeat(np.arange(len(frames)), [len(a) for a in frames])
    total = np.zeros((len(frames), features.shape[1] + 1))
    np.add.at(total, of_frame, np.column_stack([features, np.ones(len(features))]))
    return total


def force_rows(atoms):
    """d forces / d weights: minus the derivatives, summed over the centers that see an atom."""
    d = soap.derivatives(atoms)
    rows = np.zeros((len(atoms), 3, soap.n_features + 1))
    np.add.at(rows[..., :-1], d.atom, -d.values)
    return rows.reshape(-1, soap.n_features + 1)


def fit(frames):
    """Ridge regression on energies per atom and forces, with every column scaled alike."""
    n_atoms = np.array([len(a) for a in frames])
    energies = np.array([a.get_potential_energy() for a in frames]) / n_atoms
    forces = np.concatenate([a.get_forces().ravel() for a in frames])
    design = np.concatenate(
        [sums(frames) / n_atoms[:, None], FORCE_WEIGHT * np.concatenate([force_rows(a) for a in frames])]
    )
    target = np.concatenate([energies, FORCE_WEIGHT * forces])
    scale = np.linalg.norm(design, axis=0)
    scaled = design / scale
    normal = scaled.T @ scaled + PENALTY * np.eye(len(scale))
    return np.linalg.solve(normal, scaled.T @ target) / scale


def predict(frames, weights):
    """Energies per atom, and forces."""
    n_rows = sum(len(a) for a in frames)
    adjoint = np.tile(weights[:-1], (n_rows, 1))
    energies = sums(frames) @ weights / [len(a) for a in frames]
    return energies, -soap.pullback(frames, adjoint).positions


weights = fit(training)
energies, forces = predict(held_out, weights)
true_energies = np.array([a.get_potential_energy() / len(a) for a in held_out])
true_forces = np.concatenate([a.get_forces() for a in held_out])
print(f"{len(training)} frames for training, {len(held_out)} held out, {soap.n_features} features")


def error_and_spread(predicted, true):
    """Root mean square error, and standard deviation of what was to be predicted."""
    return np.sqrt(np.mean((predicted - true) ** 2)), true.std()


print("energy: {:.3f} eV/atom (spread {:.3f})".format(*error_and_spread(energies, true_energies)))
print("forces: {:.3f} eV/Å (spread {:.3f})".format(*error_and_spread(forces, true_forces)))
