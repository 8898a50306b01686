"""Scripts as people write them with DScribe, as functions of its module of descriptors, or of ours.

Each returns a few numbers; `golden/make_dscribe_pipelines.py` keeps those of DScribe itself.
"""

from multiprocessing.pool import ThreadPool

import numpy as np
from ase.build import add_adsorbate, bulk, fcc111, molecule

MOLECULES = ["H2O", "CH4", "NH3", "CO2", "CH3OH", "HCN", "C2H4", "H2CO", "CH3CN", "N2O"]
ELEMENTS = ["H", "C", "N", "O"]


def molecules():
    return [molecule(name) for name in MOLECULES]


def targets():
    return np.array([len(atoms) + 0.1 * atoms.numbers.sum() for atoms in molecules()])


def ridge_of_averages(descriptors):
    """Kernel ridge regression on one averaged row a molecule."""
    from sklearn.kernel_ridge import KernelRidge

    soap = descriptors.SOAP(species=ELEMENTS, r_cut=4.0, n_max=4, l_max=3, average="outer")
    x = soap.create(molecules(), n_jobs=1)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return KernelRidge(alpha=1e-3, kernel="linear").fit(x[:7], targets()[:7]).predict(x[7:])


def gaussian_process_by_hand(descriptors):
    """A Gaussian kernel of distances of averages, solved with numpy."""
    soap = descriptors.SOAP(species=set(ELEMENTS), r_cut=3.5, n_max=3, l_max=3, average="inner", dtype="float64")
    x = np.vstack([soap.create(atoms) for atoms in molecules()])
    x /= np.linalg.norm(x, axis=1)[:, None]
    kernel = np.exp(-((x[:, None] - x[None]) ** 2).sum(axis=2) / 0.5)
    return kernel[7:, :7] @ np.linalg.solve(kernel[:7, :7] + 1e-3 * np.eye(7), targets()[:7])


def principal_components(descriptors):
    """A map of environments, whose axes have no sign."""
    from sklearn.decomposition import PCA

    soap = descriptors.SOAP(r_cut=4.0, n_max=4, l_max=4, sigma=0.4, species=["Cu", "O"], periodic=True)
    slab = fcc111("Cu", (2, 2, 2), vacuum=6.0)
    add_adsorbate(slab, "O", 1.2, "fcc")
    x = soap.create(slab)
    return np.abs(PCA(2).fit_transform(x / np.linalg.norm(x, axis=1)[:, None]))


def clusters_of_sites(descriptors):
    """Points above a surface, sorted by what is below them."""
    from sklearn.cluster import KMeans

    slab = fcc111("Cu", (2, 2, 3), vacuum=6.0)
    top = slab.positions[:, 2].max()
    points = [[x, y, top + 1.5] for x in np.arange(0.0, 5.0, 0.9) for y in np.arange(0.0, 4.0, 0.9)]
    x = descriptors.SOAP(5.0, 4, 4, species=["Cu"], periodic=True).create(slab, centers=points)
    found = KMeans(3, n_init=10, random_state=0).fit(x / np.linalg.norm(x, axis=1)[:, None])
    return np.array([found.inertia_, *sorted(np.bincount(found.labels_))])


def forces_of_a_linear_model(descriptors):
    """Symmetry functions and their derivatives, contracted as in networks of Behler and Parrinello."""
    acsf = descriptors.ACSF(
        6.0, g2_params=[[1, 1], [1, 2], [1, 3]], g4_params=[[0.1, 1, 1], [0.1, 2, -1]], species=ELEMENTS
    )
    weights = np.linspace(-1.0, 1.0, acsf.get_number_of_features())
    derivatives, x = acsf.derivatives(molecule("CH3OH"), attach=True)
    return np.vstack([-np.einsum("caxf,f->ax", derivatives, weights), [(x @ weights).sum(), 0.0, 0.0]])


def energies_and_forces(descriptors):
    """A fit to energies and forces, from the derivatives of a few frames."""
    rng = np.random.default_rng(0)
    frames = [molecule("H2O") for _ in range(3)]
    for atoms in frames:
        atoms.positions += rng.normal(scale=0.05, size=(3, 3))
    soap = descriptors.SOAP(species=["H", "O"], r_cut=3.0, n_max=2, l_max=2, average="off", sparse=False)
    derivatives, x = soap.derivatives(frames, centers=[[0, 1, 2]] * 3, attach=True, method="analytical", n_jobs=1)
    energy_rows = x.sum(axis=1)
    force_rows = -derivatives.sum(axis=1).reshape(-1, energy_rows.shape[1])
    design = np.vstack([energy_rows, force_rows])
    return np.linalg.svd(design, compute_uv=False)[:6]


def jobs_of_a_pool(descriptors):
    """One call a molecule, with positional arguments, in a pool."""
    soap = descriptors.SOAP(4.0, 3, 2, 0.5, "gto", None, "off", {"mode": "mu1nu1"}, ELEMENTS)
    jobs = [(atoms, [0], 1) for atoms in molecules()]
    with ThreadPool(2) as pool:
        return np.vstack(pool.starmap(soap.create, jobs)).sum(axis=1)


def settings_of_one_object(descriptors):
    """One descriptor whose attributes are set again and again."""
    soap = descriptors.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "O"])
    found = []
    for name in MOLECULES[:4]:
        atoms = molecule(name)
        soap.species = sorted(set(atoms.get_chemical_symbols()))
        soap.average = "outer"
        found.append(soap.create(atoms)[soap.get_location((soap.species[0], soap.species[0]))].sum())
    return np.array(found)


def sparse_rows(descriptors):
    """Sparse rows of all atoms, as a matrix of scipy."""
    soap = descriptors.SOAP(species=ELEMENTS, r_cut=4.0, n_max=3, l_max=2, sparse=True)
    stacked = [soap.create(atoms).tocsr() for atoms in molecules()]
    return np.array([[np.sum(np.abs(matrix.data) > 1e-9), matrix.sum()] for matrix in stacked])


def one_species_at_a_time(descriptors):
    """Rows of the atoms of an element, of crystals."""
    soap = descriptors.SOAP(species=[11, 17], periodic=True, r_cut=6.0, n_max=4, l_max=4, rbf="polynomial", sigma=0.6)
    found = []
    for a in (5.4, 5.6):
        salt = bulk("NaCl", "rocksalt", a=a) * (2, 1, 1)
        indices = [index for index, symbol in enumerate(salt.get_chemical_symbols()) if symbol == "Na"]
        found.append(soap.create(salt, centers=indices).mean(axis=0)[:20])
    return np.array(found)


def ridge_of_matrices(descriptors):
    """Sorted eigenvalues of Coulomb matrices, of molecules of different sizes."""
    from sklearn.kernel_ridge import KernelRidge

    matrix = descriptors.CoulombMatrix(n_atoms_max=8, permutation="eigenspectrum")
    x = matrix.create(molecules())
    return KernelRidge(alpha=1e-4, kernel="laplacian", gamma=1e-2).fit(x[:7], targets()[:7]).predict(x[7:])


def ridge_of_tensors(descriptors):
    """Inverse distances, spread and normalized."""
    from sklearn.linear_model import Ridge

    tensor = descriptors.MBTR(
        species=ELEMENTS,
        geometry={"function": "inverse_distance"},
        grid={"min": 0, "max": 1, "n": 50, "sigma": 0.05},
        weighting={"function": "exp", "scale": 0.5, "threshold": 1e-3},
        periodic=False,
        normalization="l2",
    )
    x = tensor.create(molecules(), n_jobs=1)
    return Ridge(alpha=1e-2).fit(x[:7], targets()[:7]).predict(x[7:])


PIPELINES = [
    ridge_of_averages, gaussian_process_by_hand, principal_components, clusters_of_sites, forces_of_a_linear_model,
    energies_and_forces, jobs_of_a_pool, settings_of_one_object, sparse_rows, one_species_at_a_time, ridge_of_matrices,
    ridge_of_tensors,
]  # fmt: skip
