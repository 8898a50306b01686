"""A file in, an array with named columns out; then: which atoms of an amorphous solid look alike?"""

from pathlib import Path

import numpy as np
from ase.io import read

import isoprint as ip

frames = read(Path(__file__).parent / "carbon.extxyz", ":")
soap = ip.SoapTurbo(r_cut=5.0, n_max=8, l_max=6, species=["C"])
features = soap.transform(frames)
names = soap.get_feature_names_out()
print(f"{len(frames)} frames, {len(features)} atoms, {features.shape[1]} features: {names[0]!r} to {names[-1]!r}")

# Rows have unit length, so a product of two rows is their similarity: 1 for equal surroundings.
start = 0
for atoms in frames:
    rows = features[start : start + len(atoms)]
    start += len(atoms)
    similarity = rows @ rows.T
    print(f"{atoms.get_chemical_formula():>6}: least alike two atoms {similarity.min():.4f}")
np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1.0)
