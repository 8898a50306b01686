"""What a model says of frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prediction:
    """Energies, and what else was asked for; in eV and Å.

    Attributes
    ----------
    energy : ndarray (n_frames,)
        Of each frame.
    energies : ndarray (n_atoms,)
        Local energies, of the atoms of all frames one after the other; `energy` is their sum.
    forces : ndarray (n_atoms, 3), or None
        Minus the derivative of the energy of the frame by the position of each atom.
    stress : ndarray (n_frames, 3, 3), or None
        Derivative of the energy by strain over the volume; NaN where a frame has no volume.
    energy_std : ndarray (n_frames,), or None
        Standard deviation of `energy`: what the data leave open of the weights, and what `calibrate` makes of that.
    energies_std : ndarray (n_atoms,), or None
        That of each local energy, with what the sparse points cannot say of such a fingerprint.
    forces_std : ndarray (n_atoms, 3), or None
        That of `forces`.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import bulk
    >>> silicon = bulk("Si", cubic=True)
    >>> silicon.info["energy"] = -43.4
    >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
    >>> model.fit(silicon).predict([silicon, silicon], stress=True)
    Prediction(energy of 2 frames, forces, stress)
    """

    energy: Floats
    energies: Floats
    forces: Floats | None = None
    stress: Floats | None = None
    energy_std: Floats | None = None
    energies_std: Floats | None = None
    forces_std: Floats | None = None

    def __repr__(self) -> str:
        known = [name for name in ("forces", "stress", "energy_std", "forces_std") if getattr(self, name) is not None]
        return f"Prediction(energy of {len(self.energy)} frames{''.join(', ' + name for name in known)})"
