"""isoprint's overlap matrices with the rows of libfp."""

NAME = "isoprint OverlapMatrix.from_libfp"
PACKAGE = "isoprint"
OWN = True
PARALLEL = ("silicon",)
NOTE = "s and p orbitals"


def tasks(scene, case, threads):
    """What is timed."""
    if scene != "silicon":
        return {}
    import isoprint
    from contestants._isoprint import frame_tasks
    from contestants._om import MAX_SITES

    om = isoprint.OverlapMatrix.from_libfp(cutoff=case["r_cut"], orbital="sp", natx=MAX_SITES, species=["Si"])
    tasks = frame_tasks(om, threads)
    # LAPACK is given matrices; ours begins with atoms.
    return {**tasks, "eigenvalues": tasks["features"]}


def array(task, result, given):
    """What is compared."""
    from contestants._isoprint import array

    return array(task, result, given)
