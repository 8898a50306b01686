"""Gaussian SOAP of featomic."""

import numpy as np

NAME = "featomic SoapPowerSpectrum"
PACKAGE = "featomic"
OWN = False
TWIN = "isoprint_from_featomic"
# Its radial integrals are splines, to 1e-8 unless told otherwise; their derivatives have fewer digits.
AGREES = 1e-5
PARALLEL = ("carbon", "molecules")
NOTE = "no gradient of a sum: a Jacobian, contracted in numpy; molecules are put into one array, as its manual does"


def tasks(scene, case, threads):
    """What is timed."""
    if scene == "silicon":
        return {}
    from featomic import SoapPowerSpectrum
    from metatensor import Labels

    from contestants._adjoints import adjoint, contracted
    from contestants._featomic import hypers

    calculator = SoapPowerSpectrum(**hypers(5.0, case))

    def jacobian(atoms):
        return calculator.compute(atoms, gradients=["positions"]).block(0).gradient("positions")

    def positions(atoms):
        gradient = jacobian(atoms)
        samples = np.asarray(gradient.samples.values)
        return contracted(gradient.values, samples[:, 0], samples[:, 2], len(atoms), len(atoms))

    def strain(atoms):
        values = calculator.compute(atoms, gradients=["strain"]).block(0).gradient("strain").values
        return np.einsum("rxyf,rf->xy", values, adjoint(len(values), values.shape[-1]))

    if scene == "carbon":
        return {
            "features": lambda atoms: calculator.compute(atoms).block(0).values,
            "jacobian": jacobian,
            "jacobian into out": jacobian,
            "pullback by the Jacobian": positions,
            "strain": strain,
        }
    from scenes import ELEMENTS, one_by_one

    numbers = {"H": 1, "C": 6, "N": 7, "O": 8, "F": 9}
    pairs = [(numbers[a], numbers[b]) for i, a in enumerate(ELEMENTS) for b in ELEMENTS[i:]]
    keys = Labels(["neighbor_1_type", "neighbor_2_type"], np.array(sorted(pairs)))

    def rows(frames):
        return calculator.compute(frames).keys_to_samples("center_type").keys_to_properties(keys).block(0)

    if scene == "molecules":
        return {"rows": rows, "one by one": lambda frames: one_by_one(rows, frames)}
    if scene == "construction":
        from ase import Atoms

        def new_parameters(script):
            return SoapPowerSpectrum(**hypers(script.r_cut, case)).compute(Atoms("C", [[0, 0, 0]])).block(0).values

        def one_a_molecule(script):
            for atoms in script.molecules:
                calculator = SoapPowerSpectrum(**hypers(script.r_cut, case))
                spectrum = calculator.compute(atoms).keys_to_samples("center_type")
                spectrum.keys_to_properties(["neighbor_1_type", "neighbor_2_type"])

        return {"new parameters": new_parameters, "one a molecule": one_a_molecule}
    raise ValueError(f"there is no scene {scene!r}")


def array(task, result, given):
    """What is compared: rows sorted by atom, a Jacobian with a place for every atom."""
    from contestants._adjoints import dense, together

    if task.startswith("jacobian"):
        samples = np.asarray(result.samples.values)
        return dense(result.values, samples[:, 0], samples[:, 2], len(given), len(given)).ravel()
    if task in ("rows", "one by one"):
        return np.concatenate([in_order(one) for one in (result if isinstance(result, list) else [result])])
    return together(result)


def in_order(block):
    """Rows by frame and atom; it has them by element."""
    samples = np.asarray(block.samples.values)
    return block.values[np.lexsort((samples[:, 1], samples[:, 0]))]
