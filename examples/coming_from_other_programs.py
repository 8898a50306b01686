"""The parameters that you have, the columns that you know: SOAP as DScribe, QUIP and featomic write it down."""

import numpy as np
from ase.build import molecule

import isoprint as ip

frames = [molecule(name) for name in ("CH3OH", "CH3CH2OH", "C6H6")]
for atoms in frames:
    atoms.center(vacuum=4.0)

dscribe = ip.SOAP.from_dscribe(species=["H", "C", "O"], r_cut=4.0, n_max=4, l_max=3, sigma=0.4)
quip = ip.SOAP.from_quip(
    "soap n_max=4 l_max=3 cutoff=4.0 cutoff_transition_width=0.5 atom_sigma=0.4 n_species=3 species_Z={1 6 8}"
)
featomic = ip.SOAP.from_featomic(
    cutoff={"radius": 4.0, "smoothing": {"type": "ShiftedCosine", "width": 0.5}},
    density={"type": "Gaussian", "width": 0.4},
    basis={"type": "TensorProduct", "max_angular": 3, "radial": {"type": "Gto", "max_radial": 3}},
    species=["H", "C", "O"],
)
for program, soap in (("DScribe", dscribe), ("QUIP", quip), ("featomic", featomic)):
    features, names = soap.transform(frames), soap.get_feature_names_out()
    print(f"{program:>8}: {features.shape[0]} atoms, {features.shape[1]} columns, {names[0]!r} to {names[-1]!r}")

# What none of them has for every one of its options: gradients without a stored Jacobian, here of a sum of features of
# the first frame; they agree with a difference.
ones = np.ones((len(frames[0]), dscribe.n_features))
gradient = dscribe.pullback(frames[0], ones).positions
step = 1e-5 * gradient / np.linalg.norm(gradient)
ahead, back = frames[0].copy(), frames[0].copy()
ahead.positions += step
back.positions -= step
difference = (dscribe.transform(ahead).sum() - dscribe.transform(back).sum()) / 2e-5
print(f"gradient along itself: {np.linalg.norm(gradient):.9f}, by differences {difference:.9f}")
