"""Summaries of features of any number of structures, none of which is kept.

>>> import isoprint as ip
>>> from ase.build import molecule
>>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
>>> ip.reduce([molecule("H2O")] * 10, soap, ip.reductions.Moments()).variance.shape
(144,)
"""

from isoprint.reductions.cover import Cover
from isoprint.reductions.farthest import Farthest
from isoprint.reductions.histogram import Histogram
from isoprint.reductions.kernel_sums import KernelSums
from isoprint.reductions.kmeans import KMeans
from isoprint.reductions.moments import Moments
from isoprint.reductions.nearest import Nearest
from isoprint.reductions.principal_components import PrincipalComponents
from isoprint.reductions.reducer import Reducer

__all__ = [
    "Cover",
    "Farthest",
    "Histogram",
    "KMeans",
    "KernelSums",
    "Moments",
    "Nearest",
    "PrincipalComponents",
    "Reducer",
]
