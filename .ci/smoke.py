"""Does an installed wheel work? Run from a folder without sources."""

from pathlib import Path

import numpy as np
from ase.build import bulk

import isoprint

assert "site-packages" in str(Path(isoprint.__file__)), f"{isoprint.__file__} is not the wheel"
assert (Path(isoprint.__file__).parent / "py.typed").exists()

frame = bulk("Si", cubic=True) * (2, 2, 2)
frame.rattle(0.05, seed=0)
soap = isoprint.SoapTurbo(species=["Si"], r_cut=5.0, n_max=8, l_max=8)
features = soap.transform(frame)
assert features.shape == (64, 324)
np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1.0)

weights = np.random.default_rng(0).standard_normal(features.shape)
gradient = soap.pullback(frame, weights).positions
move = np.random.default_rng(1).standard_normal((64, 3))
difference = []
for step in (1e-4, -1e-4):
    moved = frame.copy()
    moved.positions += step * move
    difference.append((weights * soap.transform(moved)).sum())
slope = (difference[0] - difference[1]) / 2e-4
assert abs((gradient * move).sum() - slope) < 1e-5 * np.abs(gradient).sum()
print(f"isoprint {isoprint.__version__}: {features.shape} features, pullback agrees with differences")
