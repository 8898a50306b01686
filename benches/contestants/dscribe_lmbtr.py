"""Local many-body tensor representations of DScribe."""

NAME = "DScribe LMBTR"
PACKAGE = "dscribe"
OWN = False
TWIN = "isoprint_lmbtr"
AGREES = 1e-9
PARALLEL = ()
NOTE = "needs `ase<3.26`"


def tasks(scene, case, threads):
    """What is timed."""
    from contestants._mbtr import of_dscribe, takes_part, tasks_of

    return tasks_of(of_dscribe("LMBTR", scene, case).create, scene) if takes_part(scene, case) else {}


def array(task, result, given):
    """What is compared."""
    from contestants._adjoints import together

    return together(result)
