"""isoprint's kernels of structures, with DScribe's interface."""

NAME = "isoprint kernels"
PACKAGE = "isoprint"
OWN = True
PARALLEL = ("kernels",)
NOTE = "REMatch ends its iterations where DScribe does"


def tasks(scene, case, threads):
    """What is timed."""
    from contestants._kernels import kernel_tasks
    from isoprint.compat.dscribe import kernels

    return kernel_tasks(kernels, scene)
