"""Matrices of whole structures."""

NAME = "isoprint matrices"
PACKAGE = "isoprint"
OWN = True
PARALLEL = ("molecules",)
NOTE = "Coulomb matrices of molecules; sine and Ewald sum matrices of a crystal"


def tasks(scene, case, threads):
    """What is timed."""
    import isoprint as ip
    from contestants._matrices import ACCURACY, KINDS, N_ATOMS_MAX, takes_part, task_of

    if not takes_part(scene, case):
        return {}
    options = {"n_atoms_max": N_ATOMS_MAX}
    made = {}
    for permutation in KINDS:
        both = {**options, "permutation": permutation}
        if scene == "molecules":
            made[task_of("Coulomb", permutation)] = ip.GlobalCoulombMatrix(**both)
        else:
            made[task_of("sine", permutation)] = ip.SineMatrix(**both)
            made[task_of("Ewald", permutation)] = ip.EwaldSumMatrix(**both, accuracy=ACCURACY)
    n_jobs = {"n_jobs": threads}
    return {task: lambda given, matrix=matrix: matrix.transform(given, **n_jobs) for task, matrix in made.items()}
