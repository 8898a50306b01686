"""isoprint's symmetry functions with the columns of DScribe."""

NAME = "isoprint ACSF.from_dscribe"
PACKAGE = "isoprint"
OWN = True
PARALLEL = ("silicon", "molecules")
NOTE = "silicon: ten functions of distance and 48 of angles; molecules: five and eight; and G1"


def tasks(scene, case, threads):
    """What is timed."""
    from contestants._acsf import parameters, takes_part

    if not takes_part(scene, case):
        return {}
    import isoprint
    from contestants._isoprint import frame_tasks, molecule_tasks

    def make():
        return isoprint.ACSF.from_dscribe(**parameters(scene, case))

    return molecule_tasks(make, threads) if scene == "molecules" else frame_tasks(make(), threads)


def array(task, result, given):
    """What is compared."""
    from contestants._isoprint import array

    return array(task, result, given)
