"""Maps of structures, or of their atoms: what is alike lies side by side.

>>> import isoprint as ip
>>> from ase.build import molecule
>>> frames = [molecule(name) for name in ("H2O", "CH4", "CH3OH", "C2H6")]
>>> ip.explore(frames, ip.SOAP(r_cut=4.0, n_max=4, l_max=3)).coordinates.shape
(4, 2)
"""

from isoprint.maps.exploring import explore
from isoprint.maps.map import Map

__all__ = ["Map", "explore"]
