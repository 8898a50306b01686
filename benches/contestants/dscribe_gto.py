"""Gaussian SOAP of DScribe."""

NAME = "DScribe SOAP gto"
PACKAGE = "dscribe"
OWN = False
AGAINST = "isoprint_soap"
PARALLEL = False
TASKS = ("features",)
NOTE = "r_cut is padded: more neighbors than the others; threads work on several frames, not within one"


def cannot(case):
    """Its Gaussian basis is documented up to l_max = 20, and loses its orthonormality."""
    if case["n_max"] > 15:
        return "the overlap of more than 15 functions is not positive in its arithmetic"
    return "l_max above 20" if case["l_max"] > 20 else None


def tasks(case, threads):
    """What is timed."""
    from dscribe.descriptors import SOAP

    descriptor = SOAP(
        species=["C"], r_cut=case["r_cut"], n_max=case["n_max"], l_max=case["l_max"], sigma=case["sigma"],
        rbf="gto", periodic=True,
    )  # fmt: skip
    return {"features": lambda atoms: descriptor.create(atoms, n_jobs=threads)}
