"""DScribe's symmetry functions as MDescriptor has them."""

NAME = "MDescriptor ACSF"
PACKAGE = "MDescriptor"
OWN = False
TWIN = "isoprint_acsf"
AGREES = 1e-9
PARALLEL = ("silicon", "molecules")
NOTE = "no derivatives"


def tasks(scene, case, threads):
    """What is timed."""
    from scenes import one_by_one

    from contestants._acsf import parameters, takes_part

    if not takes_part(scene, case):
        return {}
    from mdescriptor import ExecutionOptions
    from mdescriptor.descriptors import ACSF

    given = parameters(scene, case)
    del given["periodic"]  # frames say so
    given["species"] = [14] if scene == "silicon" else [1, 6, 7, 8, 9]
    acsf = ACSF(**given, execution=ExecutionOptions(num_threads=threads))
    if scene == "silicon":
        return {"features": lambda atoms: acsf.compute(atoms).values}
    return {
        "rows": lambda frames: acsf.compute(frames).values,
        "one by one": lambda frames: one_by_one(lambda atoms: acsf.compute(atoms).values, frames),
    }


def array(task, result, given):
    """What is compared."""
    from contestants._adjoints import together

    return together(result)
