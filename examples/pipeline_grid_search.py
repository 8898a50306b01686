"""A fingerprint inside a scikit-learn pipeline: cross-validation chooses its cutoff and width."""

from pathlib import Path

import numpy as np
from ase.io import read
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import isoprint as ip

frames = read(Path(__file__).parent / "silicon.extxyz", ":")
energies = np.array([atoms.get_potential_energy() / len(atoms) for atoms in frames])

# average="outer": one row a frame, the mean of the rows of its atoms.
soap = ip.SoapTurbo(species=["Si"], r_cut=5.0, n_max=4, l_max=3, average="outer")
pipeline = make_pipeline(soap, StandardScaler(), Ridge())
search = GridSearchCV(
    pipeline,
    {"soapturbo__r_cut": [4.0, 5.0], "soapturbo__sigma": [0.4, 0.6], "ridge__alpha": [1e-3, 1e-1]},
    scoring="neg_root_mean_squared_error",
    cv=KFold(4, shuffle=True, random_state=0),
)
search.fit(frames, energies)
print(f"best: {search.best_params_}")
print(f"error {-1e3 * search.best_score_:.0f} meV/atom, spread of the energies {1e3 * energies.std():.0f}")
