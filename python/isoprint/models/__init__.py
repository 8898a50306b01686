"""Models on fingerprints: energies, forces and stress by Gaussian processes on a few sparse points.

>>> import isoprint as ip
>>> soap = ip.SoapTurbo(r_cut=5.0, n_max=8, l_max=8, species=["Si"])
>>> model = ip.models.SparseGP(soap, n_sparse=100, sigma_energy=1e-3, sigma_forces=0.05)

Energies are in eV, lengths in Å, stress in eV/Å³.
"""

from __future__ import annotations

from isoprint.models.clusters import ThreeBody, TwoBody
from isoprint.models.errors import Errors
from isoprint.models.file import load
from isoprint.models.gap_files import from_gap
from isoprint.models.kernels import DotProduct, Kernel, PiecewisePolynomial, SquaredExponential
from isoprint.models.linear import Linear
from isoprint.models.pair_potential import PairPotential
from isoprint.models.prediction import Prediction
from isoprint.models.share import Share
from isoprint.models.sparse_gp import SparseGP
from isoprint.models.sparse_kernel_ridge import SparseKernelRidge
from isoprint.models.term import Term

__all__ = [
    "DotProduct",
    "Errors",
    "Kernel",
    "Linear",
    "PairPotential",
    "PiecewisePolynomial",
    "Prediction",
    "Share",
    "SparseGP",
    "SparseKernelRidge",
    "SquaredExponential",
    "Term",
    "ThreeBody",
    "TwoBody",
    "from_gap",
    "load",
]
