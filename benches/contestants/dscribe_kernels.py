"""Kernels of structures of DScribe."""

NAME = "DScribe kernels"
PACKAGE = "dscribe"
OWN = False
TWIN = "isoprint_kernels"
AGREES = 1e-12
PARALLEL = ()
NOTE = "one pair of structures after the other"


def tasks(scene, case, threads):
    """What is timed."""
    from dscribe import kernels

    from contestants._kernels import kernel_tasks

    return kernel_tasks(kernels, scene)
