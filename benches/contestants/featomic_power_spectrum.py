"""Gaussian SOAP of featomic."""

NAME = "featomic SoapPowerSpectrum"
PACKAGE = "featomic"
OWN = False
AGAINST = "isoprint_soap"
PARALLEL = True
TASKS = ("features", "jacobian")
NOTE = "all n1, n2 are stored, not n1 <= n2: n² (l+1) features; the Jacobian is positions only"


def cannot(case):
    """Runs everything asked so far."""


def tasks(case, threads):
    """What is timed."""
    from featomic import SoapPowerSpectrum

    calculator = SoapPowerSpectrum(
        cutoff={"radius": case["r_cut"], "smoothing": {"type": "ShiftedCosine", "width": 0.5}},
        density={"type": "Gaussian", "width": case["sigma"]},
        basis={
            "type": "TensorProduct",
            "max_angular": case["l_max"],
            "radial": {"type": "Gto", "max_radial": case["n_max"] - 1},
        },
    )
    return {
        "features": lambda atoms: calculator.compute(atoms).block(0).values,
        "jacobian": lambda atoms: (
            calculator.compute(atoms, gradients=["positions"]).block(0).gradient("positions").values
        ),
    }
