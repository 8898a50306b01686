"""DScribe's SOAP as MDescriptor has it."""

import numpy as np

NAME = "MDescriptor SOAP"
PACKAGE = "MDescriptor"
OWN = False
TWIN = "isoprint_from_dscribe"
AGREES = 1e-6
PARALLEL = ("carbon", "molecules")
NOTE = "no derivatives; rows come with samples and labels, which are part of its result"


def tasks(scene, case, threads):
    """What is timed."""
    from mdescriptor import ExecutionOptions, OutputOptions
    from mdescriptor.descriptors import SOAP
    from scenes import R_CUT, SIGMA, one_by_one

    def make(species, r_cut, average="off", sparse=False):
        return SOAP(
            species=species, r_cut=r_cut, sigma=SIGMA, rbf="gto", average=average,
            execution=ExecutionOptions(num_threads=threads), output=OutputOptions(sparse=sparse), **case,
        )  # fmt: skip

    if scene == "carbon":
        soap = make([6], R_CUT)
        return {"features": lambda atoms: soap.compute(atoms).values}
    if scene == "molecules":
        rows, inner, outer = (make([1, 6, 7, 8, 9], R_CUT, average) for average in ("off", "inner", "outer"))
        sparse = make([1, 6, 7, 8, 9], R_CUT, sparse=True)
        return {
            "rows": lambda frames: rows.compute(frames).values,
            "sparse rows": lambda frames: sparse.compute(frames).values,
            "one by one": lambda frames: one_by_one(lambda atoms: rows.compute(atoms).values, frames),
            "inner": lambda frames: inner.compute(frames).values,
            "outer": lambda frames: outer.compute(frames).values,
        }
    if scene == "construction":
        from ase import Atoms

        def one_a_molecule(script):
            for atoms in script.molecules:
                make(np.unique(atoms.numbers), script.r_cut).compute(atoms)

        return {
            "new parameters": lambda script: make([6], script.r_cut).compute(Atoms("C", [[0, 0, 0]])).values,
            "one a molecule": one_a_molecule,
        }
    return {}


def array(task, result, given):
    """What is compared."""
    from contestants._adjoints import together

    return together(result)
