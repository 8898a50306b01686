"""Every kind of fingerprint that the guard times, and what is asked of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SMALL_FRAME_ATOMS = 64
ELEMENTS = ("H", "C", "N", "O", "F")
FEATOMIC = {
    "cutoff": {"radius": 5.0, "smoothing": {"type": "ShiftedCosine", "width": 0.5}},
    "density": {"type": "Gaussian", "width": 0.5},
    "basis": {"type": "TensorProduct", "max_angular": 8, "radial": {"type": "Gto", "max_radial": 7}},
}
QUIP_SOAP = "soap l_max=8 n_max=8 cutoff={r_cut} cutoff_transition_width=0.5 atom_sigma=0.5 n_species=1 species_Z={{6}}"

# Name, and how to make it of the package, the elements and a cutoff.
DESCRIPTORS: dict[str, Callable[[Any, list[str], float], Any]] = {
    "SOAP 4,4": lambda ip, species, r: ip.SOAP(species=species, r_cut=r, n_max=4, l_max=4),
    "SOAP 8,8": lambda ip, species, r: ip.SOAP(species=species, r_cut=r, n_max=8, l_max=8),
    "SOAP 9,8": lambda ip, species, r: ip.SOAP(species=species, r_cut=r, n_max=9, l_max=8),
    "SOAP 12,12": lambda ip, species, r: ip.SOAP(species=species, r_cut=r, n_max=12, l_max=12),
    "SOAP polynomial": lambda ip, species, r: ip.SOAP(species=species, r_cut=r, n_max=8, l_max=8, basis="polynomial"),
    "SOAP.from_featomic": lambda ip, species, r: ip.SOAP.from_featomic(**featomic(r), species=species),
    "SOAP.from_dscribe": lambda ip, species, r: ip.SOAP.from_dscribe(
        species=species, r_cut=r, n_max=8, l_max=8, sigma=0.5, periodic=True
    ),
    "SOAP.from_quip": lambda ip, species, r: ip.SOAP.from_quip(QUIP_SOAP.format(r_cut=r)),
    "SoapTurbo 4,4": lambda ip, species, r: ip.SoapTurbo(species=species, r_cut=r, n_max=4, l_max=4),
    "SoapTurbo 8,8": lambda ip, species, r: ip.SoapTurbo(species=species, r_cut=r, n_max=8, l_max=8),
    "SoapTurbo compressed": lambda ip, species, r: ip.SoapTurbo(
        species=species, r_cut=r, n_max=8, l_max=8, compression="trivial"
    ),
    "ACSF": lambda ip, species, r: ip.ACSF.standard(species=species, r_cut=r),
    "OverlapMatrix": lambda ip, species, r: ip.OverlapMatrix(species=species, r_cut=r - 1.0, max_sites=60),
    "CoulombMatrix": lambda ip, species, r: ip.CoulombMatrix(species=species, r_cut=r - 1.0, max_sites=60),
    "RadialDistribution": lambda ip, species, r: ip.RadialDistribution(species=species, r_cut=r, n_points=50),
    "Hybrid": lambda ip, species, r: ip.Hybrid(
        [ip.SoapTurbo(species=species, r_cut=r, n_max=4, l_max=4), ip.ACSF.standard(species=species, r_cut=r)]
    ).fit([carbon(SMALL_FRAME_ATOMS)]),
}
METHODS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "transform": lambda d, atoms, rows: d.transform(atoms, n_jobs=1),
    "pullback": lambda d, atoms, rows: d.pullback(atoms, rows, n_jobs=1),
    "pushforward": lambda d, atoms, rows: d.pushforward(atoms, atoms.positions, n_jobs=1),
    "derivatives": lambda d, atoms, rows: d.derivatives(atoms, n_jobs=1),
}


def featomic(r_cut: float) -> dict[str, Any]:
    """Parameters with another radius."""
    return {**FEATOMIC, "cutoff": {**FEATOMIC["cutoff"], "radius": r_cut}}


def carbon(n_atoms: int) -> Any:
    """The seed system of all benchmarks."""
    from seed_system import seed_system

    return seed_system(n_atoms)


def small_molecules(n: int) -> list[Any]:
    """Molecules of five elements."""
    from scenes import molecules

    return molecules(n)
