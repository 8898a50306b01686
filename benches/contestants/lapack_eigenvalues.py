"""Eigenvalues of the same matrices by LAPACK, as scipy has it."""

NAME = "LAPACK eigvalsh"
PACKAGE = "scipy"
OWN = False
TWIN = "isoprint_om"
AGREES = 1e-8
PARALLEL = ()
NOTE = "matrices are given: no neighbors, no overlaps; ours begins with the atoms"


def tasks(scene, case, threads):
    """What is timed: matrices are made before."""
    if scene != "silicon":
        return {}
    import numpy as np
    from scipy.linalg import eigvalsh

    from contestants._om import MAX_SITES, matrices

    known = {}

    def eigenvalues(atoms):
        if len(atoms) not in known:
            known[len(atoms)] = matrices(atoms, case["r_cut"])
        rows = np.zeros((len(atoms), 4 * MAX_SITES))
        for row, matrix in zip(rows, known[len(atoms)], strict=True):
            values = eigvalsh(matrix, check_finite=False)[::-1]
            row[: len(values)] = values[: len(row)]
        return rows

    return {"eigenvalues": eigenvalues}
