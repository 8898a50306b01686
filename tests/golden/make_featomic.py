"""Make featomic.npz: what featomic's calculators compute of two small structures.

Run with an interpreter that has featomic 0.6.7 and metatensor-core 0.2.6:

    python make_featomic.py
"""

import json
from pathlib import Path

import featomic
import numpy as np
from ase import Atoms

# As fine as featomic's splines go before their own sums of rounding show.
SPLINE_ACCURACY = 1e-12

CUTOFF = {"radius": 3.4, "smoothing": {"type": "ShiftedCosine", "width": 0.7}}
SCALING = {"type": "Willatt2018", "scale": 2.0, "rate": 1.5, "exponent": 3}
DENSITY = {"type": "Gaussian", "width": 0.5, "center_atom_weight": 0.6, "scaling": SCALING}
RADIAL = {"type": "Gto", "max_radial": 1}
PRODUCT = {"type": "TensorProduct", "max_angular": 2, "radial": RADIAL, "spline_accuracy": SPLINE_ACCURACY}

CALCULATORS = {
    "SoapPowerSpectrum": {"cutoff": CUTOFF, "density": DENSITY, "basis": PRODUCT},
    "SphericalExpansion": {"cutoff": CUTOFF, "density": DENSITY, "basis": PRODUCT},
    "SoapRadialSpectrum": {
        "cutoff": CUTOFF,
        "density": DENSITY,
        "basis": {"radial": RADIAL, "spline_accuracy": SPLINE_ACCURACY},
    },
}

WATER = Atoms("OHH", positions=[[0.1, 0.0, 0.1], [0.8, 0.5, -0.2], [-0.7, 0.6, 0.1]])
SALT = Atoms(
    [11, 8, 1],
    positions=[[7.3, 0.2, -0.1], [2.1, 1.9, 2.2], [2.3, 2.0, 1.1]],
    cell=[[3.1, 0.2, 0.0], [0.1, 3.4, -0.3], [0.4, 0.0, 3.6]],
    pbc=True,
)


def main() -> None:
    """Compute everything, and store labels and values of every block."""
    stored: dict[str, np.ndarray] = {}
    for place, system in enumerate((WATER, SALT)):
        stored |= {f"system_{place}/{name}": np.array(getattr(system, name)) for name in ("numbers", "positions")}
        stored[f"system_{place}/cell"], stored[f"system_{place}/pbc"] = system.cell.array, system.pbc
    for name, hypers in CALCULATORS.items():
        calculator = getattr(featomic, name)(**hypers)
        tensor = calculator.compute([WATER, SALT], gradients=["positions", "strain", "cell"])
        stored[f"{name}/hypers"] = np.array(json.dumps(hypers))
        stored[f"{name}/names"] = np.array([calculator.name, calculator.c_name])
        stored[f"{name}/keys"], stored[f"{name}/key_names"] = tensor.keys.values, np.array(tensor.keys.names)
        blocks = list(tensor.blocks())
        stored[f"{name}/properties"] = blocks[0].properties.values
        stored[f"{name}/property_names"] = np.array(blocks[0].properties.names)
        for kind in ("values", "positions", "strain", "cell"):
            # One block after the other.
            found = [block if kind == "values" else block.gradient(kind) for block in blocks]
            stored[f"{name}/{kind}"] = np.concatenate([part.values.ravel() for part in found])
            stored[f"{name}/{kind}/shapes"] = np.array([part.values.shape for part in found])
            stored[f"{name}/{kind}/samples"] = np.concatenate([part.samples.values for part in found])
            stored[f"{name}/{kind}/sample_names"] = np.array(found[0].samples.names)
            stored[f"{name}/{kind}/component_names"] = np.array([part.names[0] for part in found[0].components])
    np.savez_compressed(Path(__file__).with_name("featomic.npz"), **stored)


if __name__ == "__main__":
    main()
