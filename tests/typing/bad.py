"""Mistakes that a type checker must find before anything runs: exactly the lines that end in `# error`."""

from ase.build import molecule

import isoprint as ip
from isoprint.typing import AtomsLike, FramesLike

water = molecule("H2O")
soap = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "O"])

soap.transform("water.xyz")  # error
soap.fit([[0.0, 0.0, 0.0]])  # error
print(soap.transform(water).columns)  # error
soap.set_output(transform="panda")  # error
frame: AtomsLike = water
print(soap.derivatives(frame).jacobian)  # error
print(soap.derivatives([frame]).values)  # error
ip.sensitivity("soap", water, 0)  # error
ip.configuration_distance(soap, water, "water.xyz")  # error
ip.configuration_distance(soap, water, water, kind="median")  # error
ip.follow_manifold(soap, water, 0, direction="backwards")  # error
ip.find_blind_pairs(soap, guard="overlap")  # error
ip.study.start("CH4-z")  # error
ip.study.draw([water] * 4, design="rings")  # error
print(ip.study.learn)  # error
ip.study.hyperparameters(soap, {"sigma": (0.1, 0.5)}, loss=lambda soap: 0.0, models=1, method="genetic")  # error
ip.models.SparseKernelRidge(soap, target="atom")  # error
print(ip.testing.assert_constant)  # error
frames: FramesLike = 3  # error
ip.SOAP(r_cut=4.0, n_max=4, l_max=3, basis="gtoo")  # error
ip.SOAP(r_cut=4.0, n_max=4)  # error
ip.ACSF(r_cut=4.0, cutoff_function="cosine")  # error
print(soap.sigmas)  # error
