"""isoprint's recursive SOAP."""

import numpy as np

NAME = "isoprint SoapTurbo"
PACKAGE = "isoprint"
OWN = True
PARALLEL = True
TASKS = ("features", "pullback", "features+pullback", "jacobian", "neighbors")
NOTE = "pullback: one reverse pass from an adjoint to positions and strain (it computes the coefficients again)"


def cannot(case):
    """Runs everything."""


def tasks(case, threads):
    """What is timed."""
    import isoprint

    descriptor = isoprint.SoapTurbo(
        species=["C"], r_cut=case["r_cut"], r_soft=case["r_cut"] - 0.5, n_max=case["n_max"], l_max=case["l_max"],
        sigma=case["sigma"], basis="poly3gauss",
    )  # fmt: skip
    adjoints = {}

    def adjoint(atoms):
        """Made once and reused: a model would hand it in."""
        if len(atoms) not in adjoints:
            adjoints[len(atoms)] = np.random.default_rng(1).standard_normal((len(atoms), descriptor.n_features))
        return adjoints[len(atoms)]

    def features(atoms):
        return descriptor.transform(atoms, n_jobs=threads)

    def pullback(atoms):
        return descriptor.pullback(atoms, adjoint(atoms), n_jobs=threads)

    return {
        "features": features,
        "pullback": pullback,
        "features+pullback": lambda atoms: (features(atoms), pullback(atoms)),
        "jacobian": lambda atoms: descriptor.derivatives(atoms).values,
        "neighbors": lambda atoms: isoprint.neighbors(atoms, case["r_cut"], n_jobs=threads),
    }
