"""Overlap matrices of s and p orbitals on silicon, for LAPACK."""

import numpy as np

MAX_SITES = 60
RADIUS = 1.11


def matrices(atoms, r_cut):
    """One matrix a center: overlaps of normalized Gaussians, times the amplitudes of both sites."""
    from ase.neighborlist import neighbor_list

    center, vector = neighbor_list("iD", atoms, r_cut)
    found = []
    for i in range(len(atoms)):
        positions = np.concatenate([np.zeros((1, 3)), vector[center == i]])
        amplitude = np.repeat((1 - np.sum(positions**2, axis=1) / r_cut**2) ** 2, 4)
        found.append(overlaps(positions) * np.outer(amplitude, amplitude))
    return found


def overlaps(positions):
    """s, x, y, z of each site: a p orbital is the derivative of an s orbital by its center, divided by √α."""
    alpha = 0.5 / RADIUS**2
    d = positions[:, None] - positions
    s = np.exp(-0.5 * alpha * np.sum(d**2, axis=-1))
    whole = np.empty((len(d), 4, len(d), 4))
    whole[:, 0, :, 0] = s
    by_a = -alpha * d * s[..., None]
    whole[:, 1:, :, 0] = np.moveaxis(by_a, 2, 1) / np.sqrt(alpha)
    whole[:, 0, :, 1:] = -by_a / np.sqrt(alpha)
    both = alpha * (np.eye(3) - alpha * d[..., :, None] * d[..., None, :]) * s[..., None, None]
    whole[:, 1:, :, 1:] = np.moveaxis(both, 2, 1) / alpha
    return whole.reshape(4 * len(d), 4 * len(d))
