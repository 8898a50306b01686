"""Structures and molecules of pymatgen are frames."""

from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Molecule, Structure

import isoprint as ip

diamond = Structure.from_spacegroup("Fd-3m", Lattice.cubic(3.57), ["C"], [[0.0, 0.0, 0.0]])
water = Molecule(["O", "H", "H"], [[0.0, 0.0, 0.12], [0.0, 0.76, -0.48], [0.0, -0.76, -0.48]])
soap = ip.SOAP(r_cut=3.0, n_max=3, l_max=2, species=["H", "C", "O"])
assert soap.transform(diamond).shape == (8, soap.n_features)
assert soap.transform([diamond, water]).shape == (11, soap.n_features)
found = ip.sensitivity(soap, water, 0)
