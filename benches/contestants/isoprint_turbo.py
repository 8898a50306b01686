"""isoprint's recursive SOAP."""

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
    from contestants._isoprint import tasks_of

    descriptor = isoprint.SoapTurbo(
        species=["C"], r_cut=case["r_cut"], r_soft=case["r_cut"] - 0.5, n_max=case["n_max"], l_max=case["l_max"],
        sigma=case["sigma"], basis="poly3gauss",
    )  # fmt: skip
    return tasks_of(descriptor, case, threads)
