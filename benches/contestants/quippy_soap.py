"""Gaussian SOAP as packaged in quippy-ase."""

NAME = "quippy soap"
PACKAGE = "quippy-ase"
OWN = False
TWIN = "isoprint_from_quip_soap"
AGREES = 1e-6
PARALLEL = ()
NOTE = "no gradient of a sum: a Jacobian, contracted in numpy; the wheel runs on one thread whatever is asked"


def tasks(scene, case, threads):
    """What is timed."""
    from contestants._quippy import soap_tasks

    return soap_tasks(scene, case)


def array(task, result, given):
    """What is compared."""
    from contestants._quippy import array

    return array(task, result, given)
