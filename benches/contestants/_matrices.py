"""What the matrices of whole structures have in common."""

N_ATOMS_MAX = 64
# DScribe leaves out what is smaller, in parts of the first term.
ACCURACY = 1e-6
KINDS = ("sorted_l2", "eigenspectrum")


def takes_part(scene, case):
    """Molecules once, whatever the parameters of the others, and the crystal once."""
    return (scene, case.get("n_max", case.get("r_cut"))) in (("molecules", 4), ("silicon", 5.0))


def task_of(matrix, permutation):
    """What a row is called in the tables."""
    return f"{matrix} matrix" if permutation == "sorted_l2" else f"{matrix} matrix, eigenvalues"
