"""The parameters of featomic, for itself and for its twin."""

from scenes import SIGMA


def hypers(r_cut, case):
    """Of a power spectrum."""
    return {
        "cutoff": {"radius": r_cut, "smoothing": {"type": "ShiftedCosine", "width": 0.5}},
        "density": {"type": "Gaussian", "width": SIGMA},
        "basis": {
            "type": "TensorProduct",
            "max_angular": case["l_max"],
            "radial": {"type": "Gto", "max_radial": case["n_max"] - 1},
        },
    }
