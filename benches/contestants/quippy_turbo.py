"""soap_turbo as packaged in quippy-ase. The wheel keeps its radial basis per process: one process a case."""

NAME = "quippy soap_turbo"
PACKAGE = "quippy-ase"
OWN = False
TWIN = "isoprint_from_quip_turbo"
# Its basis is orthonormal to so many digits: 1e-6 with 8 functions, 1e-3 with 11.
AGREES = 1e-4
PARALLEL = ()
NOTE = "no gradient of a sum: a Jacobian, contracted in numpy; the wheel runs on one thread whatever is asked"


def cannot(scene, case):
    """The program refuses large bases."""
    return "more than 11 radial functions abort the process" if case["n_max"] > 11 else None


def tasks(scene, case, threads):
    """What is timed."""
    from scenes import R_CUT

    from contestants._quippy import frame_tasks, turbo_string

    return frame_tasks(turbo_string(["C"], R_CUT, case)) if scene == "carbon" else {}


def array(task, result, given):
    """What is compared."""
    from contestants._quippy import array

    return array(task, result, given)
