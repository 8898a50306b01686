"""Matrices of all atoms, as they are defined: one pair of atoms after the other."""

import numpy as np
from scipy.special import erfc


def coulomb(atoms):
    """Rupp et al. 2012, equation 1."""
    n = len(atoms)
    entry = lambda i, j: atoms.numbers[i] * atoms.numbers[j] / np.linalg.norm(atoms.positions[i] - atoms.positions[j])  # noqa: E731
    return np.array([[diagonal(atoms.numbers[i]) if i == j else entry(i, j) for j in range(n)] for i in range(n)])


def diagonal(number):
    return 0.5 * float(number) ** 2.4


def sine(atoms):
    """Faber et al. 2015, equation 24."""
    n, cell = len(atoms), atoms.cell.array

    def entry(i, j):
        along = np.linalg.solve(cell.T, atoms.positions[i] - atoms.positions[j])
        return atoms.numbers[i] * atoms.numbers[j] / np.linalg.norm(np.sin(np.pi * along) ** 2 @ cell)

    return np.array([[diagonal(atoms.numbers[i]) if i == j else entry(i, j) for j in range(n)] for i in range(n)])


def ewald(atoms, a, reach=6):
    """Faber et al. 2015, equations 18 to 21, with an inverse width `a` and so many cells to each side."""
    n, cell, volume = len(atoms), atoms.cell.array, abs(np.linalg.det(atoms.cell.array))
    steps = np.stack(np.meshgrid(*[np.arange(-reach, reach + 1)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    images = steps @ cell
    waves = 2.0 * np.pi * steps[(steps != 0).any(axis=1)] @ np.linalg.inv(cell).T
    squares = np.sum(waves**2, axis=1)
    strengths = 4.0 * np.pi / volume * np.exp(-squares / (4.0 * a * a)) / squares
    matrix = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            separation = atoms.positions[i] - atoms.positions[j]
            lengths = np.linalg.norm(separation + images, axis=1)
            lengths = lengths[lengths > 1e-9] if i == j else lengths
            energy = np.sum(erfc(a * lengths) / lengths) + np.sum(strengths * np.cos(waves @ separation))
            energy -= np.pi / (volume * a * a)
            energy = 0.5 * energy - a / np.sqrt(np.pi) if i == j else energy
            matrix[i, j] = atoms.numbers[i] * atoms.numbers[j] * energy
    return matrix


def permuted(matrix, permutation, n_atoms_max):
    """The row that is made of a matrix."""
    n = len(matrix)
    if permutation == "eigenspectrum":
        values = np.linalg.eigvalsh(matrix)
        return np.pad(values[np.argsort(-np.abs(values))], (0, n_atoms_max - n))
    if permutation == "sorted_l2":
        order = np.argsort(-np.linalg.norm(matrix, axis=1), kind="stable")
        matrix = matrix[order][:, order]
    return np.pad(matrix, (0, n_atoms_max - n)).ravel()
