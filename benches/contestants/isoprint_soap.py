"""isoprint's classic SOAP."""

NAME = "isoprint SOAP"
PACKAGE = "isoprint"
OWN = True
PARALLEL = True
TASKS = ("features", "pullback", "features+pullback", "jacobian", "neighbors")
NOTE = "basis gto, a cutoff shell of 0.5 Å; other bases cost the same; pullback as for SoapTurbo"


def cannot(case):
    """Runs everything."""


def tasks(case, threads):
    """What is timed."""
    import isoprint
    from contestants._isoprint import tasks_of

    descriptor = isoprint.SOAP(
        species=["C"], r_cut=case["r_cut"], n_max=case["n_max"], l_max=case["l_max"], sigma=case["sigma"],
    )  # fmt: skip
    return tasks_of(descriptor, case, threads)
