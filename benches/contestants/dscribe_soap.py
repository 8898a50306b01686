"""Gaussian SOAP of DScribe."""

import numpy as np

NAME = "DScribe SOAP"
PACKAGE = "dscribe"
OWN = False
TWIN = "isoprint_from_dscribe"
AGREES = 1e-6
PARALLEL = ()
NOTE = "no analytic derivatives of periodic frames; threads are processes that take several frames"


def cannot(scene, case):
    """Its Gaussian basis is documented up to l_max = 20, and loses its orthonormality."""
    if case["n_max"] > 15:
        return "the overlap of more than 15 functions is not positive in its arithmetic"
    return "l_max above 20" if case["l_max"] > 20 else None


def tasks(scene, case, threads):
    """What is timed."""
    from dscribe.descriptors import SOAP
    from scenes import ELEMENTS, R_CUT, SIGMA, one_by_one

    def make(species, r_cut, **options):
        return SOAP(species=species, r_cut=r_cut, sigma=SIGMA, rbf="gto", **{"periodic": False, **options}, **case)

    if scene == "carbon":
        soap = make(["C"], R_CUT, periodic=True)
        return {"features": soap.create}
    if scene == "molecules":

        def jacobian(atoms):
            return rows.derivatives(atoms, method="analytical", attach=True, return_descriptor=False)

        rows, inner, outer = (make(ELEMENTS, R_CUT, average=average) for average in ("off", "inner", "outer"))
        return {
            "rows": rows.create,
            "sparse rows": make(ELEMENTS, R_CUT, sparse=True).create,
            "one by one": lambda frames: one_by_one(rows.create, frames),
            "inner": inner.create,
            "outer": outer.create,
            "jacobian": lambda frames: one_by_one(jacobian, frames),
        }
    if scene == "construction":
        from ase import Atoms

        def one_a_molecule(script):
            for atoms in script.molecules:
                make(sorted(set(atoms.symbols)), script.r_cut).create(atoms)

        return {
            "new parameters": lambda script: make(["C"], script.r_cut).create(Atoms("C", [[0, 0, 0]])),
            "one a molecule": one_a_molecule,
        }
    return {}


def array(task, result, given):
    """What is compared: the rows of all molecules, one after the other."""
    from contestants._adjoints import together

    if task == "jacobian":
        return np.concatenate([one.ravel() for one in result])
    return together(result)
