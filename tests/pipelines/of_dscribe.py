"""What public scripts do with DScribe."""

from importlib import import_module
from multiprocessing import get_context

import numpy as np
from ase.build import molecule
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler, normalize

from pipelines import frames

HCNO = ["H", "C", "N", "O"]


def descriptors(package):
    """`from dscribe.descriptors import ...`."""
    return import_module(f"{package}.descriptors")


def kernels(package):
    """`from dscribe.kernels import ...`."""
    return import_module(f"{package}.kernels")


def soap_of_every_atom(package):
    """A list of molecules of unequal size gives a list of arrays; of equal size, one array; of one, a matrix."""
    soap = descriptors(package).SOAP(species=HCNO, r_cut=4.0, n_max=4, l_max=3, sigma=0.4)
    ragged = soap.create(frames.molecules())
    equal = soap.create(frames.waters()[:3])
    single = soap.create(molecule("H2O"))
    assert isinstance(ragged, list)
    assert (equal.ndim, single.ndim) == (3, 2)
    assert soap.get_number_of_features() == single.shape[1]
    return {"ragged": np.vstack(ragged)[::5], "equal": equal[1], "single": single}


def inner_average_and_kernel_ridge(package):
    """One row a molecule, and a regression of energies."""
    SOAP = descriptors(package).SOAP
    molecules = frames.molecules()
    soap = SOAP(species=set("HCNO"), r_cut=4.0, n_max=4, l_max=3, average="inner", periodic=False)
    rows = soap.create(molecules)
    scaled = StandardScaler().fit_transform(rows)
    model = KernelRidge(kernel="rbf", gamma=1e-3, alpha=1e-3).fit(scaled[:7], frames.energies(molecules[:7]))
    return {"rows": rows[:, ::20], "predicted": model.predict(scaled[7:])}


def outer_average_and_pca(package):
    """Two principal components of averaged rows; their signs mean nothing."""
    soap = descriptors(package).SOAP(
        species=["Na", "Cl"], periodic=True, r_cut=5.0, n_max=4, l_max=4, sigma=0.5, average="outer"
    )
    rows = soap.create([*frames.crystals(), frames.rattled(frames.crystals()[0], 9, 0.2)], n_jobs=2)
    components = PCA(n_components=2, svd_solver="full").fit_transform(normalize(rows))
    return {"components": np.abs(components)}


def polynomial_basis(package):
    """The other radial basis, and the crossover compression."""
    soap = descriptors(package).SOAP(
        species=["O", "H"], r_cut=4.0, n_max=4, l_max=3, sigma=0.5, rbf="polynomial", compression={"mode": "crossover"}
    )
    return {"rows": soap.create(molecule("H2O"), centers=[0, 1])}


def _kernel_pipeline(package, kernel):
    soap = descriptors(package).SOAP(species=HCNO, r_cut=4.0, n_max=3, l_max=3, sigma=0.5)
    molecules = frames.molecules()
    features = [normalize(rows) for rows in soap.create(molecules)]
    train, test = features[:7], features[7:]
    known = frames.energies(molecules)[:7]
    matrix = kernel.create(train)
    model = KernelRidge(kernel="precomputed", alpha=1e-4).fit(matrix, known)
    across = kernel.create(test, train)
    return {"kernel": matrix, "across": across, "predicted": model.predict(across)}


def average_kernel_linear(package):
    """Kernel ridge regression on the average kernel."""
    return _kernel_pipeline(package, kernels(package).AverageKernel(metric="linear"))


def average_kernel_rbf(package):
    """The same, with Gaussians of distances between atoms."""
    return _kernel_pipeline(package, kernels(package).AverageKernel(metric="rbf", gamma=1))


def average_kernel_laplacian(package):
    """The same, with exponentials of distances."""
    return _kernel_pipeline(package, kernels(package).AverageKernel(metric="laplacian", gamma=0.1))


def average_kernel_polynomial(package):
    """The same, with powers of scalar products, not normalized."""
    kernel = kernels(package).AverageKernel(metric="polynomial", degree=2, gamma=1.0, coef0=0.0, normalize_kernel=False)
    return _kernel_pipeline(package, kernel)


def rematch_kernel(package):
    """Regularized matches of atoms."""
    return _kernel_pipeline(package, kernels(package).REMatchKernel(metric="rbf", gamma=1, alpha=1, threshold=1e-6))


def rematch_kernel_linear(package):
    """The same on scalar products."""
    return _kernel_pipeline(package, kernels(package).REMatchKernel(metric="linear", alpha=0.5, threshold=1e-6))


def clusters_of_environments(package):
    """Groups of atoms in a slab, by the distances of their normalized rows."""
    slab, _ = frames.surface()
    soap = descriptors(package).SOAP(species=["Cu"], periodic=True, r_cut=4.5, n_max=6, l_max=4, sigma=0.5)
    rows = normalize(soap.create(slab))
    found = KMeans(n_clusters=2, random_state=0, n_init=10).fit(rows)
    return {"sizes": np.sort(np.bincount(found.labels_)), "inertia": np.array([found.inertia_])}


def gaussian_process_of_molecules(package):
    """A Gaussian process with the kernel (q·q')^ζ summed over atoms, written by hand."""
    soap = descriptors(package).SOAP(species=["H", "O"], r_cut=3.0, n_max=4, l_max=4, sigma=0.4)
    waters = frames.waters()
    rows = [normalize(one) for one in soap.create(waters)]

    def covariance(a, b):
        return ((a @ b.T) ** 4).sum()

    matrix = np.array([[covariance(a, b) for b in rows] for a in rows])
    known = frames.energies(waters)
    factor = np.linalg.cholesky(matrix[:8, :8] + 1e-6 * np.eye(8))
    weights = np.linalg.solve(factor.T, np.linalg.solve(factor, known[:8] - known[:8].mean()))
    return {"matrix": matrix[:4], "predicted": matrix[8:, :8] @ weights + known[:8].mean()}


def network_of_symmetry_functions(package):
    """A small network on symmetry functions; forces by the chain rule."""
    acsf = descriptors(package).ACSF(
        species=["H", "O"],
        r_cut=5.0,
        g2_params=[[1.0, 1.0], [1.0, 2.0], [0.5, 3.0]],
        g4_params=[[0.1, 1, 1], [0.1, 2, -1]],
    )
    derivatives, rows = acsf.derivatives(frames.waters(), return_descriptor=True, attach=True)
    random = np.random.default_rng(0)
    first, second = random.normal(size=(rows.shape[-1], 6)), random.normal(size=6)
    hidden = np.tanh(rows @ first)
    slope = ((1.0 - hidden**2) * second) @ first.T
    forces = -np.einsum("fcaxd,fcd->fax", derivatives, slope)
    return {"rows": rows[0], "energies": (hidden @ second).sum(axis=1), "forces": forces}


def forces_and_energies(package):
    """The tutorial on forces: one center between two atoms, derivatives with respect to both."""
    from ase import Atoms

    pair = [Atoms("HH", [[-0.5 * d, 0, 0], [0.5 * d, 0, 0]]) for d in np.linspace(2.5, 5.0, 6)]
    soap = descriptors(package).SOAP(species=["H"], periodic=False, r_cut=5.0, sigma=0.5, n_max=3, l_max=0)
    derivatives, rows = soap.derivatives(pair, centers=[[[0, 0, 0]]] * len(pair), method="analytical")
    known = np.array([(1 / len(one)) * 1.0 / one.get_distance(0, 1) ** 6 for one in pair])
    model = Ridge(alpha=1e-8).fit(rows[:, 0], known)
    return {"derivatives": derivatives[:, 0], "rows": rows[:, 0], "forces": derivatives[:, 0] @ model.coef_}


def derivatives_in_every_form(package):
    """Attached and fixed centers, some atoms included, some excluded, numerical or not."""
    soap = descriptors(package).SOAP(species=HCNO, r_cut=3.5, n_max=3, l_max=2, sigma=0.5)
    atoms = frames.rattled(molecule("CH3OH"), 5)
    attached = soap.derivatives(atoms, attach=True, return_descriptor=False)
    fixed, rows = soap.derivatives(atoms, centers=[0, 1], include=[1, 3], method="numerical")
    without = soap.derivatives(atoms, centers=[[0.1, 0.2, 0.3]], exclude=[0, 1], return_descriptor=False)
    assert (attached.shape[:3], fixed.shape[:3], without.shape[:3]) == ((6, 6, 3), (2, 2, 3), (1, 4, 3))
    return {
        "attached": attached[0, :, :, ::7],
        "fixed": fixed[..., ::7],
        "rows": rows[:, ::7],
        "without": without[..., ::7],
    }


def adsorption_sites(package):
    """Rows of points above a slab, and the similarity of the sites."""
    slab, places = frames.surface()
    soap = descriptors(package).SOAP(
        species=["Cu", "H"], periodic=True, r_cut=6.0, n_max=6, l_max=4, sigma=0.5, sparse=False
    )
    rows = soap.create(slab, centers=places.tolist())
    unit = normalize(rows)
    return {"rows": rows[:, ::11], "similar": unit @ unit.T}


def positional_arguments(package):
    """Everything by position, as short scripts do."""
    names = descriptors(package)
    soap = names.SOAP(4.0, 3, 2, 0.5, "gto", None, "off", {"mode": "off", "species_weighting": None}, ["H", "O"], False)
    acsf = names.ACSF(4.0, [[1, 1]], None, [[1, 1, 1]], None, ["H", "O"])
    matrix = names.CoulombMatrix(5, "sorted_l2")
    water = frames.waters()[0]
    return {"soap": soap.create(water, [0, 2]), "acsf": acsf.create(water, [1]), "matrix": matrix.create(water)}


def one_task_of_a_pool(task):
    """What a pool is given, by position."""
    create, arguments = task
    return create(*arguments)


def pool_of_processes(package):
    """`Pool.starmap(descriptor.create, ...)`."""
    soap = descriptors(package).SOAP(species=["H", "O"], r_cut=4.0, n_max=3, l_max=2)
    with get_context("spawn").Pool(2) as pool:
        rows = pool.starmap(soap.create, [(atoms, [0]) for atoms in frames.waters()[:4]])
    return {"rows": np.vstack(rows)}


def setters(package):
    """Parameters that are set one after the other."""
    names = descriptors(package)
    acsf = names.ACSF(species=["H", "O"], r_cut=4.0)
    water = frames.waters()[1]
    found = {"g1": acsf.create(water)}
    acsf.g2_params = [[1, 2], [4, 5]]
    acsf.g4_params = [(1, 2, -1)]
    acsf.species = ["O", "H", "C"]
    acsf.r_cut = 5.0
    found["more"] = acsf.create(water)
    soap = names.SOAP(species=["O", "H"], r_cut=4.0, n_max=2, l_max=2)
    soap.species = ["O", "H", "C"]
    soap.compression = {"mode": "mu2", "species_weighting": None}
    found["soap"] = soap.create(water)
    soap.periodic = True
    cell = water.copy()
    cell.set_cell([3.0, 4.0, 5.0])
    cell.set_pbc(True)
    found["periodic"] = soap.create(cell)
    return found


def sparse_rows(package):
    """Sparse rows, regressed as scipy has them."""
    soap = descriptors(package).SOAP(species=HCNO, r_cut=4.0, n_max=3, l_max=2, average="outer", sparse=True)
    molecules = frames.molecules()
    rows = soap.create(molecules)
    model = Ridge(alpha=1e-3).fit(rows.to_scipy_sparse().tocsr()[:7], frames.energies(molecules[:7]))
    return {
        "rows": rows.todense()[:, ::13],
        "predicted": model.predict(rows.to_scipy_sparse().tocsr()[7:]),
        "single": soap.create(molecules[0]).todense()[..., ::13],
    }


def columns_by_species(package):
    """Parts of rows that belong to two elements."""
    soap = descriptors(package).SOAP(species=["H", "C", "O"], r_cut=4.0, n_max=3, l_max=2)
    rows = soap.create(molecule("CH3OH"))
    return {"CH": rows[:, soap.get_location(("C", "H"))], "OO": rows[:, soap.get_location(("O", "O"))]}


def weighting_and_compression(package):
    """Neighbors that count less with distance, and rows that are shorter."""
    SOAP = descriptors(package).SOAP
    atoms = frames.rattled(molecule("CH3OH"), 6)
    found = {}
    for name, weighting in {
        "poly": {"function": "poly", "r0": 4.0, "c": 1.0, "m": 2},
        "pow": {"function": "pow", "r0": 2.0, "c": 1.0, "d": 1.0, "m": 4.0, "threshold": 1e-2},
        "exp": {"function": "exp", "r0": 1.0, "c": 1.0, "d": 1.0, "threshold": 1e-2, "w0": 0.5},
    }.items():
        found[name] = SOAP(species=HCNO, n_max=2, l_max=2, sigma=0.4, weighting=weighting).create(atoms, [0])
    for mode in ("mu1nu1", "mu2"):
        compression = {"mode": mode, "species_weighting": None}
        found[mode] = SOAP(r_cut=4.0, species=HCNO, n_max=3, l_max=2, compression=compression).create(atoms, [1])
    return found


def single_precision(package):
    """Rows that take half the memory."""
    soap = descriptors(package).SOAP(species=["H", "O"], r_cut=4.0, n_max=3, l_max=2, dtype="float32")
    rows = soap.create(molecule("H2O"))
    assert rows.dtype == np.float32
    return {"rows": rows}


def coulomb_matrices(package):
    """Sorted matrices, their eigenvalues, and a regression on them."""
    CoulombMatrix = descriptors(package).CoulombMatrix
    molecules = frames.molecules()
    sorted_rows = CoulombMatrix(n_atoms_max=8).create(molecules)
    spectra = CoulombMatrix(n_atoms_max=8, permutation="eigenspectrum").create(molecules)
    plain = CoulombMatrix(n_atoms_max=8, permutation="none").create(molecules[0])
    model = KernelRidge(kernel="laplacian", gamma=1e-3, alpha=1e-6).fit(spectra[:7], frames.energies(molecules[:7]))
    return {"sorted": sorted_rows[:, :16], "spectra": spectra, "plain": plain, "predicted": model.predict(spectra[7:])}


def matrices_of_crystals(package):
    """Sine and Ewald matrices of periodic cells."""
    names = descriptors(package)
    sine = names.SineMatrix(n_atoms_max=8, permutation="eigenspectrum").create(frames.crystals())
    ewald = names.EwaldSumMatrix(n_atoms_max=8, permutation="sorted_l2").create(frames.crystals()[2], accuracy=1e-7)
    return {"sine": sine, "ewald": ewald[:12]}


def many_body_tensors(package):
    """MBTR of inverse distances, and the part of it that belongs to two elements."""
    mbtr = descriptors(package).MBTR(
        species=HCNO,
        geometry={"function": "inverse_distance"},
        grid={"min": 0, "max": 1, "n": 40, "sigma": 0.05},
        weighting={"function": "exp", "scale": 0.5, "threshold": 1e-3},
        normalization="l2",
    )
    molecules = frames.molecules()
    rows = mbtr.create(molecules, n_jobs=2)
    model = KernelRidge(kernel="laplacian", gamma=0.1, alpha=1e-6).fit(rows[:7], frames.energies(molecules[:7]))
    return {"rows": rows[:, ::7], "CH": rows[:, mbtr.get_location(("C", "H"))], "predicted": model.predict(rows[7:])}


def many_body_angles(package):
    """MBTR of angles in a cell."""
    mbtr = descriptors(package).MBTR(
        species=["Na", "Cl"],
        periodic=True,
        geometry={"function": "cosine"},
        grid={"min": -1, "max": 1, "n": 30, "sigma": 0.1},
        weighting={"function": "exp", "scale": 0.5, "threshold": 1e-3},
        normalization="n_atoms",
    )
    return {"rows": mbtr.create(frames.crystals()[2])}


def tensors_of_sites(package):
    """LMBTR of points above a slab."""
    slab, places = frames.surface()
    lmbtr = descriptors(package).LMBTR(
        species=["Cu"],
        periodic=True,
        geometry={"function": "distance"},
        grid={"min": 0, "max": 6, "n": 40, "sigma": 0.2},
        weighting={"function": "exp", "scale": 0.5, "threshold": 1e-3},
        normalization="l2",
    )
    return {"rows": lmbtr.create(slab, centers=places.tolist())}


def valle_oganov(package):
    """Fluctuations of the pair distribution."""
    descriptor = descriptors(package).ValleOganov(species=["Na", "Cl"], function="distance", n=40, sigma=0.2, r_cut=6.5)
    return {"rows": descriptor.create(frames.crystals()[2])}


def names_of_version_1(package):
    """Arguments as they were called before version 2; a peer of version 2 is asked by the new names."""
    new = not package.startswith("isoprint")
    names = descriptors(package)
    renamed = {"r_cut": 4.0, "n_max": 3, "l_max": 2} if new else {"rcut": 4.0, "nmax": 3, "lmax": 2}
    soap = names.SOAP(species=["H", "O"], periodic=False, **renamed)
    rows = soap.create(molecule("H2O"), **{"centers" if new else "positions": [0, 1]})
    return {"rows": rows}


# What a pipeline calls what it warns of, where it is right that it does.
WARNS = {names_of_version_1: DeprecationWarning}

# Largest differences that are allowed where they are not 1e-8 in parts of the largest number: numerical derivatives,
# iterations, another basis, single precision.
TOLERANCES = {
    derivatives_in_every_form: 1e-6,
    polynomial_basis: 1e-7,
    single_precision: 1e-6,
    rematch_kernel: 1e-5,
    rematch_kernel_linear: 1e-5,
    outer_average_and_pca: 1e-7,
}

PIPELINES = [
    soap_of_every_atom,
    inner_average_and_kernel_ridge,
    outer_average_and_pca,
    polynomial_basis,
    average_kernel_linear,
    average_kernel_rbf,
    average_kernel_laplacian,
    average_kernel_polynomial,
    rematch_kernel,
    rematch_kernel_linear,
    clusters_of_environments,
    gaussian_process_of_molecules,
    network_of_symmetry_functions,
    forces_and_energies,
    derivatives_in_every_form,
    adsorption_sites,
    positional_arguments,
    pool_of_processes,
    setters,
    sparse_rows,
    columns_by_species,
    weighting_and_compression,
    single_precision,
    coulomb_matrices,
    matrices_of_crystals,
    many_body_tensors,
    many_body_angles,
    tensors_of_sites,
    valle_oganov,
    names_of_version_1,
]
