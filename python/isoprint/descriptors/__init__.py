"""The fingerprints.

>>> from isoprint.descriptors import SOAP
>>> SOAP(r_cut=5.0, n_max=8, l_max=6, species=["Si"]).n_features
252
"""

from isoprint.descriptors.acsf import ACSF
from isoprint.descriptors.coulomb_matrix import CoulombMatrix
from isoprint.descriptors.density_coefficients import DensityCoefficients
from isoprint.descriptors.ewald_sum_matrix import EwaldSumMatrix
from isoprint.descriptors.global_coulomb_matrix import GlobalCoulombMatrix
from isoprint.descriptors.hybrid import Hybrid
from isoprint.descriptors.mbtr import MBTR, LocalMBTR, ValleOganov
from isoprint.descriptors.overlap_matrix import OverlapMatrix
from isoprint.descriptors.radial_distribution import RadialDistribution
from isoprint.descriptors.selected import Selected
from isoprint.descriptors.sine_matrix import SineMatrix
from isoprint.descriptors.soap import SOAP
from isoprint.descriptors.soap_turbo import SoapTurbo

__all__ = [
    "SoapTurbo",
    "SOAP",
    "DensityCoefficients",
    "ACSF",
    "OverlapMatrix",
    "CoulombMatrix",
    "RadialDistribution",
    "GlobalCoulombMatrix",
    "SineMatrix",
    "EwaldSumMatrix",
    "MBTR",
    "LocalMBTR",
    "ValleOganov",
    "Hybrid",
    "Selected",
]
