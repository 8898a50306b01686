"""Spherical harmonics alone, of all neighbors, by sphericart."""

NAME = "sphericart harmonics"
PACKAGE = "sphericart"
OWN = False
PARALLEL = ("carbon",)
NOTE = (
    "harmonics of given vectors and nothing else: no neighbors, no radial functions, no power spectrum; isoprint's own"
    " harmonics cannot be called from Python, so there is no ratio, and whole rows stand beside"
)


def tasks(scene, case, threads):
    """What is timed: vectors are found before."""
    if scene != "carbon":
        return {}
    import numpy as np
    from scenes import R_CUT
    from scipy.spatial import cKDTree
    from sphericart import SphericalHarmonics

    harmonics, vectors = SphericalHarmonics(case["l_max"]), {}

    def of(atoms):
        if len(atoms) not in vectors:
            edge = atoms.cell[0, 0]
            positions = atoms.get_positions(wrap=True) % edge
            shifts = edge * np.array(np.meshgrid(*[[-1, 0, 1]] * 3)).reshape(3, -1).T
            images = (positions[None] + shifts[:, None]).reshape(-1, 3)
            found = cKDTree(positions).query_ball_tree(cKDTree(images), R_CUT)
            away = np.concatenate([images[j] - x for x, j in zip(positions, found, strict=True)])
            vectors[len(atoms)] = away[np.sum(away**2, axis=1) > 1e-6]
        return vectors[len(atoms)]

    return {
        "harmonics": lambda atoms: harmonics.compute(of(atoms)),
        "harmonics and gradients": lambda atoms: harmonics.compute_with_gradients(of(atoms)),
    }


def array(task, result, given):
    """One row a neighbor."""
    return result[0] if isinstance(result, tuple) else result
