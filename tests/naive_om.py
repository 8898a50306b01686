"""Fingerprints made of eigenvalues, as they are defined: one pair of sites after the other, integrals by quadrature."""

import numpy as np

import isoprint as ip
from isoprint.structures.radii import covalent_radius


def sites_of(atoms, center, r_cut):
    """Numbers and positions, relative to the center, of the center and its neighbors; a point is no site."""
    neighbors = ip.neighbors(atoms, r_cut)
    if np.ndim(center):
        moved = atoms.copy()
        moved.extend(type(atoms)("X", positions=[center]))
        neighbors = ip.neighbors(moved, r_cut)
        places = [(atoms.numbers[j], d) for j, d in zip(*around(neighbors, len(atoms)), strict=True) if j < len(atoms)]
    else:
        places = [(atoms.numbers[center], np.zeros(3))]
        places += [(atoms.numbers[j], d) for j, d in zip(*around(neighbors, center), strict=True)]
    return np.array([z for z, _ in places], int), np.array([d for _, d in places]).reshape(-1, 3)


def around(neighbors, center):
    part = slice(*neighbors.offsets[center : center + 2])
    return neighbors.index[part], neighbors.vector[part]


def amplitudes(positions, r_cut, exponent):
    return (1 - np.sum(positions**2, axis=1) / r_cut**2) ** exponent


HARMONICS = {
    0: [lambda x, y, z: np.ones_like(x)],
    1: [lambda x, y, z: x, lambda x, y, z: y, lambda x, y, z: z],
    2: [
        lambda x, y, z: x * y,
        lambda x, y, z: y * z,
        lambda x, y, z: x * z,
        lambda x, y, z: 2 * z**2 - x**2 - y**2,
        lambda x, y, z: x**2 - y**2,
    ],
    3: [
        lambda x, y, z: x * y * z,
        lambda x, y, z: x * (y**2 - z**2),
        lambda x, y, z: y * (z**2 - x**2),
        lambda x, y, z: z * (x**2 - y**2),
        lambda x, y, z: x * (2 * x**2 - 3 * y**2 - 3 * z**2),
        lambda x, y, z: y * (2 * y**2 - 3 * x**2 - 3 * z**2),
        lambda x, y, z: z * (2 * z**2 - 3 * x**2 - 3 * y**2),
    ],
}
NODES, WEIGHTS = np.polynomial.hermite.hermgauss(8)
GRID = np.stack(np.meshgrid(NODES, NODES, NODES, indexing="ij"), axis=-1).reshape(-1, 3)
GRID_WEIGHTS = (WEIGHTS[:, None, None] * WEIGHTS[None, :, None] * WEIGHTS).ravel()


def integral(f, a, alpha, g, b, beta):
    """Of two harmonics times Gaussians: a polynomial times a Gaussian about a point in between, so this is exact."""
    both = alpha + beta
    middle = (alpha * a + beta * b) / both
    x = middle + GRID / np.sqrt(both)
    faint = np.exp(-alpha * beta / both * np.sum((a - b) ** 2))
    return faint * both**-1.5 * np.sum(GRID_WEIGHTS * f(*(x - a).T) * g(*(x - b).T))


def overlap(numbers, positions, shells, width):
    """Overlap matrix, site of each row and degree of each row; `width(number, factor)` is that of a shell."""
    functions = [
        (site, l, f, positions[site], 0.5 / width(number, factor) ** 2)
        for site, number in enumerate(numbers)
        for l, factor in shells
        for f in HARMONICS[l]
    ]
    norms = [integral(f, r, alpha, f, r, alpha) ** -0.5 for _, _, f, r, alpha in functions]
    matrix = np.array(
        [[integral(f, a, alpha, g, b, beta) for *_, g, b, beta in functions] for *_, f, a, alpha in functions]
    ).reshape(len(functions), len(functions))
    return (
        matrix * np.outer(norms, norms),
        np.array([site for site, *_ in functions], int),
        np.array([l for _, l, *_ in functions], int),
    )


def overlap_matrix(
    atoms, center, *, r_cut, shells, exponent=2, max_sites=100, width=lambda z, c: c * covalent_radius(int(z))
):
    """The row of one center."""
    numbers, positions = sites_of(atoms, center, r_cut)
    s, site, _ = overlap(numbers, positions, shells, width)
    f = amplitudes(positions, r_cut, exponent)[site]
    values = np.linalg.eigvalsh(s * np.outer(f, f))[::-1]
    row = np.zeros(max_sites * sum(2 * l + 1 for l, _ in shells))
    row[: len(values)] = values[: len(row)]
    return row


def contracted(atoms, center, *, r_cut, shells, species, exponent=2, modulated=False):
    """The short row of one center."""
    numbers, positions = sites_of(atoms, center, r_cut)
    s, site, degree = overlap(numbers, positions, shells, lambda z, c: c * covalent_radius(int(z)))
    f = amplitudes(positions, r_cut, exponent)[site]
    m = s * np.outer(f, f)
    v = np.linalg.eigh(m)[1][:, -1]
    degrees = sorted({l for l, _ in shells})
    kind = [
        (0 if a == 0 else 1 + species.index(numbers[a])) * len(degrees) + degrees.index(l)
        for a, l in zip(site, degree, strict=True)
    ]
    u = np.zeros((len(v), len(degrees) * (len(species) + 1)))
    u[np.arange(len(v)), kind] = v
    return np.linalg.eigvalsh(u.T @ (m if modulated else s) @ u)[::-1]


def coulomb_matrix(atoms, center, *, r_cut, exponent=2, max_sites=100, magnitude=False):
    """The row of one center."""
    numbers, positions = sites_of(atoms, center, r_cut)
    z = numbers.astype(float)
    r = np.linalg.norm(positions[:, None] - positions, axis=-1)
    matrix = np.outer(z, z) / (r + np.eye(len(z)))
    np.fill_diagonal(matrix, 0.5 * z**2.4)
    f = amplitudes(positions, r_cut, exponent)
    values = np.zeros(max(max_sites, len(z)))
    values[: len(z)] = np.linalg.eigvalsh(matrix * np.outer(f, f))
    order = np.argsort(-np.abs(values)) if magnitude else np.argsort(-values)
    return values[order][:max_sites]
