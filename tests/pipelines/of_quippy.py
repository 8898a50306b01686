"""What public scripts do with quippy."""

from importlib import import_module

import numpy as np
from sklearn.decomposition import PCA

from pipelines import frames


def descriptor_class(package):
    """`from quippy.descriptors import Descriptor`."""
    return import_module(f"{package}.descriptors").Descriptor


def kernel_of_environments(package):
    """The kernel (q·q')^ζ between atoms, averaged over structures and normalized."""
    descriptor = descriptor_class(package)(
        "soap l_max=6 n_max=6 cutoff=4.5 atom_sigma=0.5 zeta=4 n_species=1 species_Z=14"
    )
    rows = [descriptor.calc(atoms)["data"] for atoms in frames.silicon()]
    matrix = np.array([[((a @ b.T) ** 4).mean() for b in rows] for a in rows])
    scale = np.sqrt(np.diag(matrix))
    return {"kernel": matrix / np.outer(scale, scale)}


def map_of_averages(package):
    """One averaged vector a structure, and two principal components."""
    descriptor = descriptor_class(package)(
        "soap l_max=4 n_max=4 atom_sigma=0.5 cutoff=5 n_Z=2 Z={11 17} n_species=2 species_Z={11 17} average=T"
    )
    rows = np.vstack([result["data"] for result in descriptor.calc(frames.crystals())])
    return {"rows": rows[:, ::10], "components": np.abs(PCA(2, svd_solver="full").fit_transform(rows))}


def farthest_points(package):
    """A subset of atoms that are as different as can be, by the distances of their rows."""
    descriptor = descriptor_class(package)("soap l_max=4 n_max=4 cutoff=4.0 atom_sigma=0.5")
    rows = np.vstack(descriptor.calc_descriptor(frames.silicon()))
    chosen = [0]
    for _ in range(5):
        distance = np.min([np.linalg.norm(rows - rows[k], axis=1) for k in chosen], axis=0)
        chosen.append(int(distance.argmax()))
    return {"chosen": np.array(chosen), "distance": distance}


def forces_of_a_network(package):
    """Energies per element by a small network on `soap_turbo`, forces by a loop over the rows of gradients."""
    Descriptor = descriptor_class(package)
    base = (
        "soap_turbo l_max=3 rcut_hard=3.7 rcut_soft=3.2 basis=poly3gauss scaling_mode=polynomial add_species=F"
        " radial_enhancement=1 compress_mode=trivial alpha_max={4 4} atom_sigma_r={0.5 0.5} atom_sigma_t={0.5 0.5}"
        " atom_sigma_r_scaling={0.0 0.0} atom_sigma_t_scaling={0.0 0.0} amplitude_scaling={1.0 1.0}"
        " central_weight={1. 1.} n_species=2 species_Z={1 8} "
    )
    atoms = frames.waters()[0]
    atoms.set_cell([4.0, 4.2, 4.4])
    atoms.set_pbc(True)
    energy, forces = 0.0, np.zeros((len(atoms), 3))
    centers = []
    for index in (1, 2):
        out = Descriptor(f"{base}central_index={index}").calc(atoms, grad=True)
        weights = np.random.default_rng(index).normal(size=out["data"].shape[1])
        slope = {int(out["ci"][k]) - 1: 1.0 - np.tanh(row @ weights) ** 2 for k, row in enumerate(out["data"])}
        energy += np.tanh(out["data"] @ weights).sum()
        centers += list(out["ci"])
        for j in range(len(out["grad_index_0based"])):
            center, neighbor = out["grad_index_0based"][j]
            forces[neighbor] -= slope[int(center)] * out["grad_data"][j] @ weights
    return {"energy": np.array([energy]), "forces": forces, "centers": np.array(centers)}


def histogram_of_distances(package):
    """All distances between two elements, each weighted by what it counts."""
    descriptor = descriptor_class(package)("distance_2b Z1=11 Z2=17 cutoff=5.0 cutoff_transition_width=1.0")
    found = [descriptor.calc(atoms) for atoms in frames.crystals()]
    counts = [
        np.histogram(one["data"].flatten(), bins=20, range=(2.0, 5.0), weights=one["covariance_cutoff"])[0]
        for one in found
    ]
    return {"counts": np.array(counts), "sizes": np.array([descriptor.sizes(atoms) for atoms in frames.crystals()])}


def bonds_and_angles(package):
    """Triples around one element: sums of distances and the third side."""
    descriptor = descriptor_class(package)("angle_3b Z_center=8 Z1=1 Z2=1 cutoff=2.0")
    rows = np.vstack([descriptor.calc_descriptor(atoms) for atoms in frames.waters()])
    return {"rows": rows}


def converted_atoms(package):
    """Atoms that are converted first, with neighbors found by hand."""
    ase_to_quip = import_module(f"{package}.convert").ase_to_quip
    descriptor = descriptor_class(package)("soap cutoff=3 l_max=4 n_max=6 atom_sigma=0.4")
    atoms = ase_to_quip(frames.silicon()[2])
    atoms.set_cutoff(descriptor.cutoff() + 0.1)
    atoms.calc_connect()
    return {"rows": descriptor.calc_descriptor(atoms)[:, ::9], "dimensions": np.array([descriptor.dimensions()])}


# Largest differences that are allowed, in parts of the largest number, where they are not 1e-10.
TOLERANCES = {farthest_points: 1e-9}
WARNS = {kernel_of_environments: UserWarning}

PIPELINES = [
    kernel_of_environments,
    map_of_averages,
    farthest_points,
    forces_of_a_network,
    histogram_of_distances,
    bonds_and_angles,
    converted_atoms,
]
