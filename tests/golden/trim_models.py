"""Makes `models_silicon.npz`: silicon to fit a model to, and to test it on.

python trim_models.py silicon_mlearn.extxyz

The input is the training set of Y. Zuo et al., J. Phys. Chem. A 124, 731 (2020), `data/Si/training.json` of the
repository materialsvirtuallab/mlearn (commit 10c427a5480c, BSD-3-Clause), as extended XYZ: every fifth frame to fit,
and frames 1 and 3 to test.
"""

import sys
from pathlib import Path

import numpy as np
from ase.io import read

frames = read(sys.argv[1], ":")
made = {}
for name, some in (("fit", frames[::5]), ("test", [frames[1], frames[3]])):
    arrays = {
        "n_atoms": np.array([len(frame) for frame in some]),
        "positions": np.concatenate([frame.positions for frame in some]),
        "cell": np.array([frame.cell.array for frame in some]),
        "energy": np.array([frame.get_potential_energy() for frame in some]),
        "forces": np.concatenate([frame.get_forces() for frame in some]),
    }
    made |= {f"{name}_{key}": value for key, value in arrays.items()}
np.savez_compressed(Path(__file__).parent / "models_silicon.npz", **made)
