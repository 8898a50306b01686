"""How each descriptor is made whose parameters go to their extremes, with those that do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import isoprint as ip
from catalog import BASES

SPECIES = ["H", "C", "O"]
SMALL: dict[str, Any] = {"r_cut": 4.0, "n_max": 4, "l_max": 3, "species": SPECIES}


def text(template: str, make: Callable[[str], Any]) -> Callable[..., Any]:
    """A constructor from one line of text with numbers to fill in."""
    return lambda **numbers: make(template.format(**numbers))


def quip(kind: str, make: Callable[[str], Any]) -> Callable[..., Any]:
    """A constructor from a line as QUIP has it."""
    return lambda **numbers: make(
        " ".join([kind, *(f"{name}={number}" for name, number in numbers.items()), "n_species=3 species_Z={1 6 8}"])
    )


TURBO_NUMBERS = {
    "l_max": 3, "n_max": 4, "rcut_hard": 4.0, "rcut_soft": 3.5, "nf": 4.0, "atom_sigma": 0.5,
    "atom_sigma_r_scaling": 0.0, "atom_sigma_t_scaling": 0.0, "amplitude_scaling": 1.0, "central_weight": 1.0,
    "radial_enhancement": 0,
}  # fmt: skip
SOAP_NUMBERS = {
    "l_max": 3, "n_max": 4, "cutoff": 4.0, "cutoff_transition_width": 0.5, "atom_sigma": 0.5, "central_weight": 1.0,
    "covariance_sigma0": 0.0, "basis_error_exponent": 10, "cutoff_dexp": 2, "cutoff_scale": 2.0, "cutoff_rate": 1.0,
}  # fmt: skip
N2P2 = """
number_of_elements 2
elements H O
cutoff_type {cutoff_type} {alpha}
symfunction_short O 2 H {eta} {rs} {rc}
symfunction_short O 3 H H {eta} {lam} {zeta} {rc} {rs}
symfunction_short H 2 O 0.01 0.0 8.0
"""
N2P2_NUMBERS = {"cutoff_type": 1, "alpha": 0.0, "eta": 0.1, "rs": 0.0, "rc": 8.0, "lam": 1, "zeta": 2}


def featomic(**options: Any) -> ip.SOAP:
    density = {"type": "Gaussian", "width": options.pop("width"), "center_atom_weight": options.pop("center")}
    if "rate" in options:
        density["scaling"] = {
            "type": "Willatt2018", **{key: options.pop(key) for key in ("rate", "scale", "exponent")},
        }  # fmt: skip
    return ip.SOAP.from_featomic(
        cutoff={"radius": options["radius"], "smoothing": {"type": "ShiftedCosine", "width": options["smoothing"]}},
        density=density,
        basis={
            "type": "TensorProduct",
            "max_angular": options["max_angular"],
            "radial": {"type": "Gto", "max_radial": options["max_radial"]},
        },
    )


def hybrid(**options: Any) -> ip.Hybrid:
    return ip.Hybrid([ip.SoapTurbo(**SMALL), ip.OverlapMatrix(r_cut=3.0, species=SPECIES, max_sites=6)], **options)


def acsf(**options: Any) -> ip.ACSF:
    """Symmetry functions whose numbers have names of their own."""
    g2, g3 = [options.pop("eta", 0.5), options.pop("R_s", 0.0)], options.pop("kappa", 1.0)
    g4 = [options.pop("eta4", 0.1), options.pop("zeta", 2.0), options.pop("lambda", 1.0)]
    g5 = [*g4, options.pop("R_s5", 0.0)]
    return ip.ACSF(**{"r_cut": 4.0, "species": SPECIES, "g2": [g2], "g3": [g3], "g4": [g4], "g5": [g5], **options})


def listed(**options: Any) -> ip.ACSF:
    """One symmetry function with a cutoff and a weight of its own."""
    weights = options.pop("weights", 1.0)
    return ip.ACSF(r_cut=4.0, species=SPECIES, g1=False, weights=weights, functions=[{"kind": "g2", **options}])


def weighted(**options: Any) -> ip.SOAP:
    """SOAP of which a weighting is at its extreme."""
    weighting = {key: options.pop(key) for key in ("function", "r0", "c", "d", "m", "w0") if key in options}
    return ip.SOAP(**SMALL, weighting=weighting, **options)


def distances(**options: Any) -> ip.SOAP:
    weighting = {
        "function": options.pop("function"),
        **{k: options.pop(k) for k in ("r0", "c", "d", "m", "threshold") if k in options},
    }
    return ip.SOAP.from_dscribe(species=SPECIES, n_max=3, l_max=2, sigma=0.5, weighting=weighting, **options)


def every_element(kind: Any) -> Callable[..., Any]:
    """All elements at once."""
    return lambda **options: kind(**{**SMALL, "species": list(range(1, 119)), **options})


def shells(**options: Any) -> ip.OverlapMatrix:
    factor, degree = options.pop("factor", 1.0), options.pop("degree", 0)
    return ip.OverlapMatrix(r_cut=3.0, species=SPECIES, orbitals=[(degree, factor)], max_sites=6, **options)


def answers(**options: Any) -> Any:
    """Many-body tensor representations, whose numbers have names of their own."""
    kind = options.pop("kind", ip.MBTR)
    grid = {key: options.pop(key, value) for key, value in {"min": 0.0, "max": 5.0, "sigma": 0.2, "n": 20}.items()}
    names = ("function", "r_cut", "scale", "threshold", "sharpness")
    weighting = {key: options.pop(key) for key in names if key in options}
    return kind(**{"geometry": "distance", "grid": grid, "weighting": weighting, "species": SPECIES, **options})


FALLING: dict[str, Any] = {"function": "exp", "r_cut": 3.0, "threshold": 0.01}
FADING: dict[str, Any] = {"function": "smooth_cutoff", "r_cut": 3.0, "sharpness": 2.0}
MATRIX: dict[str, Any] = {"r_cut": 3.0, "species": SPECIES, "max_sites": 6}
BASES: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "SoapTurbo": (ip.SoapTurbo, SMALL),
    "SoapTurbo reference": (ip.SoapTurbo, {**SMALL, "policy": "reference"}),
    "SoapTurbo poly3gauss": (ip.SoapTurbo, {**SMALL, "basis": "poly3gauss"}),
    "SoapTurbo reference poly3gauss": (ip.SoapTurbo, {**SMALL, "basis": "poly3gauss", "policy": "reference"}),
    "SoapTurbo jacobi": (ip.SoapTurbo, {**SMALL, "basis": "jacobi"}),
    "SoapTurbo unnormalized": (ip.SoapTurbo, {**SMALL, "normalize": False}),
    "SoapTurbo of every element": (every_element(ip.SoapTurbo), {}),
    "SoapTurbo.from_quip": (quip("soap_turbo", ip.SoapTurbo.from_quip), TURBO_NUMBERS),
    **{
        f"SOAP {basis}": (ip.SOAP, {**SMALL, "basis": basis})
        for basis in BASES
    },
    "SOAP unnormalized": (ip.SOAP, {**SMALL, "normalize": False}),
    "SOAP weighted": (weighted, {}),
    "SOAP of every element": (every_element(ip.SOAP), {}),
    "SOAP.from_quip": (quip("soap", ip.SOAP.from_quip), SOAP_NUMBERS),
    "SOAP.from_dscribe": (ip.SOAP.from_dscribe, SMALL),
    "SOAP.from_dscribe weighted": (distances, {}),
    "SOAP.from_featomic": (
        featomic, {"radius": 4.0, "smoothing": 0.5, "width": 0.5, "center": 1.0, "max_angular": 3, "max_radial": 3},
    ),
    "SOAP.from_featomic scaled": (
        featomic,
        {"radius": 4.0, "smoothing": 0.5, "width": 0.5, "center": 1.0, "max_angular": 3, "max_radial": 3,
         "rate": 1.0, "scale": 2.0, "exponent": 4.0},
    ),
    "ACSF": (acsf, {}),
    "ACSF listed": (listed, {"eta": 0.5}),
    "ACSF.from_dscribe": (ip.ACSF.from_dscribe, {"r_cut": 4.0, "species": SPECIES}),
    "ACSF.from_n2p2": (text(N2P2, lambda line: ip.ACSF.from_n2p2(line, "O")), N2P2_NUMBERS),
    "OverlapMatrix": (ip.OverlapMatrix, MATRIX),
    "OverlapMatrix contracted": (ip.OverlapMatrix, {**MATRIX, "contracted": True}),
    "OverlapMatrix modulated": (ip.OverlapMatrix, {**MATRIX, "contracted": True, "metric": "modulated"}),
    "OverlapMatrix shells": (shells, {}),
    "OverlapMatrix.from_libfp": (ip.OverlapMatrix.from_libfp, {"cutoff": 4.0, "species": SPECIES, "natx": 6}),
    "CoulombMatrix": (ip.CoulombMatrix, MATRIX),
    "MBTR": (answers, FALLING),
    "MBTR of angles": (answers, {**FADING, "geometry": "angle", "max": 180.0, "sigma": 9.0}),
    "MBTR of inverse squares": (answers, {"function": "inverse_square", "r_cut": 3.0, "normalization": "l2"}),
    "LocalMBTR": (answers, {**FALLING, "kind": ip.LocalMBTR, "geometry": "cosine", "min": -1.0, "max": 1.0}),
    "Hybrid": (hybrid, {"scale": None}),
}  # fmt: skip
