"""Kernels of structures: how similar two sets of environments are.

>>> import isoprint as ip
>>> from ase.build import molecule
>>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"])
>>> kernel = ip.kernels.REMatch(soap, alpha=0.5)
>>> kernel([molecule("CH3OH"), molecule("CH4"), molecule("H2O")]).shape
(3, 3)
"""

from isoprint.kernels.average import AverageKernel
from isoprint.kernels.best_match import BestMatch
from isoprint.kernels.rematch import REMatch

__all__ = ["AverageKernel", "BestMatch", "REMatch"]
