"""Symmetry functions of DScribe."""

NAME = "DScribe ACSF"
PACKAGE = "dscribe"
OWN = False
TWIN = "isoprint_acsf"
AGREES = 1e-9
PARALLEL = ()
NOTE = "no analytic derivatives"


def tasks(scene, case, threads):
    """What is timed."""
    from scenes import one_by_one

    from contestants._acsf import parameters, takes_part

    if not takes_part(scene, case):
        return {}
    from dscribe.descriptors import ACSF

    acsf = ACSF(**parameters(scene, case))
    if scene == "silicon":
        return {"features": acsf.create}
    return {"rows": acsf.create, "one by one": lambda frames: one_by_one(acsf.create, frames)}


def array(task, result, given):
    """What is compared."""
    from contestants._adjoints import together

    return together(result)
