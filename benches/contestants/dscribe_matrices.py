"""Matrices of whole structures of DScribe."""

NAME = "DScribe matrices"
PACKAGE = "dscribe"
OWN = False
TWIN = "isoprint_matrices"
AGREES = 1e-9
PARALLEL = ()
NOTE = "no analytic derivatives; its sine matrix needs an ASE before 3.26"


def tasks(scene, case, threads):
    """What is timed."""
    from dscribe.descriptors import CoulombMatrix, EwaldSumMatrix, SineMatrix

    from contestants._matrices import ACCURACY, KINDS, N_ATOMS_MAX, takes_part, task_of

    if not takes_part(scene, case):
        return {}
    made = {}
    for permutation in KINDS:
        if scene == "molecules":
            made[task_of("Coulomb", permutation)] = CoulombMatrix(N_ATOMS_MAX, permutation).create
            continue
        if _runs_with_this_ase():
            made[task_of("sine", permutation)] = SineMatrix(N_ATOMS_MAX, permutation).create
        ewald = EwaldSumMatrix(N_ATOMS_MAX, permutation)
        made[task_of("Ewald", permutation)] = lambda given, ewald=ewald: ewald.create(given, accuracy=ACCURACY)
    return made


def _runs_with_this_ase():
    """Whether its structures can be made of those of ASE."""
    from ase.build import bulk
    from dscribe.core import System

    try:
        System.from_atoms(bulk("Cu"))
    except (AttributeError, TypeError):
        return False
    return True


def array(task, result, given):
    """What is compared."""
    import numpy as np

    return np.atleast_2d(result)
