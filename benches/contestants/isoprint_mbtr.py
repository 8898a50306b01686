"""isoprint's many-body tensor representations with the columns of DScribe."""

NAME = "isoprint compat.dscribe MBTR"
PACKAGE = "isoprint"
OWN = True
PARALLEL = ("silicon", "molecules")
NOTE = "silicon: distances, molecules: cosines; 100 points, exponential weights, of whole structures"


def tasks(scene, case, threads):
    """What is timed."""
    from functools import partial

    from contestants._mbtr import parameters, takes_part, tasks_of

    if not takes_part(scene, case):
        return {}
    from isoprint.compat.dscribe.descriptors import MBTR

    given = parameters(scene, case)
    made = MBTR(**{**given, "geometry": {"function": given["geometry"]}})
    return tasks_of(partial(made.create, n_jobs=threads), scene)


def array(task, result, given):
    """What is compared."""
    from contestants._adjoints import together

    return together(result)
