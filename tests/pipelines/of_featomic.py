"""What public scripts do with featomic."""

from importlib import import_module

import numpy as np
from sklearn.linear_model import Ridge

from pipelines import frames

HYPERS = {
    "cutoff": {"radius": 4.0, "smoothing": {"type": "ShiftedCosine", "width": 0.5}},
    "density": {"type": "Gaussian", "width": 0.4, "center_atom_weight": 1.0},
    "basis": {"type": "TensorProduct", "max_angular": 3, "radial": {"type": "Gto", "max_radial": 3}},
}


def regression_of_energies(package):
    """Blocks that are moved to samples and properties, averaged over structures, and regressed."""
    calculator = import_module(package).SoapPowerSpectrum(**HYPERS)
    molecules = frames.molecules()
    tensor = calculator.compute(molecules)
    tensor = tensor.keys_to_samples("center_type")
    tensor = tensor.keys_to_properties(["neighbor_1_type", "neighbor_2_type"])
    block = tensor.block()
    values = np.zeros((len(molecules), block.values.shape[1]))
    np.add.at(values, np.asarray(block.samples["system"]), np.asarray(block.values))
    model = Ridge(alpha=1e-4).fit(values[:7], frames.energies(molecules[:7]))
    return {"values": values[:, ::40], "predicted": model.predict(values[7:])}


def forces_of_a_linear_model(package):
    """Positions gradients, contracted with weights and added up by atoms."""
    calculator = import_module(package).SoapPowerSpectrum(**HYPERS)
    atoms = frames.crystals()[2]
    tensor = calculator.compute(atoms, gradients=["positions"])
    tensor = tensor.keys_to_properties(["neighbor_1_type", "neighbor_2_type"])
    forces = np.zeros((len(atoms), 3))
    for _, block in tensor.items():
        weights = np.linspace(-1.0, 1.0, block.values.shape[1])
        gradient = block.gradient("positions")
        np.add.at(forces, np.asarray(gradient.samples["atom"]), -np.asarray(gradient.values) @ weights)
    return {"forces": forces}


def chosen_samples(package):
    """Rows of some atoms only."""
    import metatensor

    calculator = import_module(package).SoapPowerSpectrum(**HYPERS)
    samples = metatensor.Labels(["system", "atom"], np.array([[0, 0], [1, 0], [3, 1]], dtype=np.int32))
    tensor = calculator.compute(frames.molecules()[:4], selected_samples=samples)
    return {"rows": np.vstack([np.asarray(block.values) for block in tensor.blocks()])[:, ::9]}


def invariants_of_an_expansion(package):
    """Norms of the coefficients of each degree, from a spherical expansion."""
    calculator = import_module(package).SphericalExpansion(**HYPERS)
    tensor = calculator.compute(frames.waters()[0])
    found = []
    for key, block in tensor.items():
        norms = (np.asarray(block.values) ** 2).sum(axis=1)
        found.append([key["o3_lambda"], key["center_type"], key["neighbor_type"], norms.sum()])
    return {"norms": np.array(found)}


# The peer interpolates radial functions to about 1e-8.
TOLERANCES = dict.fromkeys(
    (regression_of_energies, forces_of_a_linear_model, chosen_samples, invariants_of_an_expansion), 1e-6
)
WARNS = {}

PIPELINES = [regression_of_energies, forces_of_a_linear_model, chosen_samples, invariants_of_an_expansion]
