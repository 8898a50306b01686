"""Overlap matrices of libfp."""

NAME = "libfp get_lfp"
PACKAGE = "libfp"
OWN = False
TWIN = "isoprint_om"
AGREES = 1e-8
PARALLEL = ()
NOTE = "values only, because its derivatives crash with p orbitals; on OpenBLAS, the one of quippy-ase"


def load_blas():
    """The wheel expects a BLAS and a LAPACK that somebody has loaded; be fair and make them OpenBLAS."""
    import ctypes
    import importlib.util
    from pathlib import Path

    folder = Path(importlib.util.find_spec("quippy").origin).parent.parent / "quippy_ase.libs"
    for name in ("libquadmath", "libgfortran", "libopenblas"):
        for library in folder.glob(f"{name}*"):
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)


def tasks(scene, case, threads):
    """What is timed."""
    if scene != "silicon":
        return {}
    load_blas()
    import libfp
    import numpy as np

    from contestants._om import MAX_SITES

    def features(atoms):
        cell = (atoms.cell.array, atoms.positions, np.ones(len(atoms), int), [14])
        return libfp.get_lfp(cell, cutoff=case["r_cut"], log=False, orbital="sp", natx=MAX_SITES)

    return {"features": features}
