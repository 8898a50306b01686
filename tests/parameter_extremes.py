"""Every parameter of every descriptor at its extremes, each in a process of its own that may be hung, aborted or lost.

As a script it takes the name of a group, and n to try every n-th attempt; it prints one line of JSON an attempt.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import resource
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from ase import Atoms

import isoprint as ip

# Of one attempt: seconds of one core, seconds of the clock on a machine however busy, bytes of address space.
SECONDS, PATIENCE, MEMORY = 10, 120, 3 << 30

INF, NAN = float("inf"), float("nan")
REALS = (0.0, -1.0, 5e-324, 1e-300, 1e-30, 1e-10, 1e-5, 1e5, 1e10, 1e30, 1e300, INF, NAN)
LENGTHS = (*REALS, 0.01, 0.03, 0.1, 2.0, 50.0, 400.0)
COUNTS = (0, -1, 1, 2, 24, 25, 30, 31, 100, 10**4, 10**6, 10**9, 2**31, 2**63, 10**30, 1e300, INF, NAN, 0.5)
SPECIES = ["H", "C", "O"]

WATER = Atoms("OHHC", [[0.0, 0.0, 0.0], [0.76, 0.59, 0.0], [-0.76, 0.59, 0.1], [0.2, -1.3, 0.4]])


@dataclass(frozen=True)
class Attempt:
    """One call with a parameter at an extreme, and the names of which an error may speak."""

    label: str
    make: Callable[[], Any]
    names: tuple[str, ...]


def attempts(group: str, stride: int) -> Iterator[Attempt]:
    """Every so manieth attempt of a group, in order; the group "everyday" is short."""
    if group == "everyday":
        lines = EVERYDAY
    else:
        lines = [(base, line) for base, lines in GROUPS[group].items() for line in lines]
    yield from itertools.islice(itertools.chain.from_iterable(of_line(*line) for line in lines), 0, None, stride)


def of_line(base: str, line: tuple[Any, ...]) -> Iterator[Attempt]:
    """One attempt a value of a line of the table."""
    make, standard = BASES[base]
    names, values, options = (*line, {})[:3]
    name, *others = names if isinstance(names, tuple) else (names,)
    extra = "".join(f", {key}={entry!r}" for key, entry in options.items())
    for value in values:
        arguments = {**standard, **options, name: value}
        label = f"{base}({name}={shortened(value)}{extra})"
        yield Attempt(label, functools.partial(make, **arguments), (name, *others, *options))


def shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:56] + "..."


# How each base is made, with the parameters that are not at an extreme.

SMALL: dict[str, Any] = {"r_cut": 4.0, "n_max": 4, "l_max": 3, "species": SPECIES}


def text(template: str, make: Callable[[str], Any]) -> Callable[..., Any]:
    """A constructor from one line of text with numbers to fill in."""
    return lambda **numbers: make(template.format(**numbers))


TURBO_LINE = (
    "soap_turbo l_max={l_max} n_max={n_max} rcut_hard={rcut_hard} rcut_soft={rcut_soft} nf={nf} atom_sigma={atom_sigma}"
    " atom_sigma_r_scaling={atom_sigma_r_scaling} atom_sigma_t_scaling={atom_sigma_t_scaling}"
    " amplitude_scaling={amplitude_scaling} central_weight={central_weight} radial_enhancement={radial_enhancement}"
    " species_Z={{1 6 8}} n_species=3"
)
TURBO_NUMBERS = {
    "l_max": 3, "n_max": 4, "rcut_hard": 4.0, "rcut_soft": 3.5, "nf": 4.0, "atom_sigma": 0.5,
    "atom_sigma_r_scaling": 0.0, "atom_sigma_t_scaling": 0.0, "amplitude_scaling": 1.0, "central_weight": 1.0,
    "radial_enhancement": 0,
}  # fmt: skip
SOAP_LINE = (
    "soap l_max={l_max} n_max={n_max} cutoff={cutoff} cutoff_transition_width={cutoff_transition_width}"
    " atom_sigma={atom_sigma} central_weight={central_weight} covariance_sigma0={covariance_sigma0}"
    " basis_error_exponent={basis_error_exponent} cutoff_dexp={cutoff_dexp} cutoff_scale={cutoff_scale}"
    " cutoff_rate={cutoff_rate} n_species=3 species_Z={{1 6 8}}"
)
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


MATRIX: dict[str, Any] = {"r_cut": 3.0, "species": SPECIES, "max_sites": 6}
BASES: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "SoapTurbo": (ip.SoapTurbo, SMALL),
    "SoapTurbo reference": (ip.SoapTurbo, {**SMALL, "policy": "reference"}),
    "SoapTurbo poly3gauss": (ip.SoapTurbo, {**SMALL, "basis": "poly3gauss"}),
    "SoapTurbo reference poly3gauss": (ip.SoapTurbo, {**SMALL, "basis": "poly3gauss", "policy": "reference"}),
    "SoapTurbo jacobi": (ip.SoapTurbo, {**SMALL, "basis": "jacobi"}),
    "SoapTurbo unnormalized": (ip.SoapTurbo, {**SMALL, "normalize": False}),
    "SoapTurbo of every element": (every_element(ip.SoapTurbo), {}),
    "SoapTurbo.from_quip": (text(TURBO_LINE, ip.SoapTurbo.from_quip), TURBO_NUMBERS),
    **{
        f"SOAP {basis}": (ip.SOAP, {**SMALL, "basis": basis})
        for basis in ("gto", "polynomial", "equispaced", "gto_featomic", "gto_quip", "polynomial_quip")
    },
    "SOAP unnormalized": (ip.SOAP, {**SMALL, "normalize": False}),
    "SOAP weighted": (weighted, {}),
    "SOAP of every element": (every_element(ip.SOAP), {}),
    "SOAP.from_quip": (text(SOAP_LINE, ip.SOAP.from_quip), SOAP_NUMBERS),
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
    "Hybrid": (hybrid, {"scale": None}),
}  # fmt: skip

WEIGHTS = (0.0, -1.0, 5e-324, 1e-300, 1e-160, 1e-30, 1e30, 1e75, 1e100, 1e150, 1e160, 1e300, -1e308, INF, NAN)
TURBO_LENGTHS = [
    (("r_cut", "r_soft", "sigma"), LENGTHS),
    (("r_cut", "sigma"), LENGTHS, {"r_soft": 1.0}),
    (("r_soft", "r_cut"), (*LENGTHS, 4.0, 4.0 - 4e-16, 4.0 - 1e-10, 4.0 - 1e-5, 4.1)),
    ("sigma", LENGTHS),
    ("sigma_t", LENGTHS),
    (("sigma_scaling", "sigma"), REALS),
    (("sigma_t_scaling", "sigma", "sigma_t"), REALS),
    ("amplitude_scaling", (*REALS, 50.0, 100.0)),
    ("central_weight", WEIGHTS),
    ("filter_decay", (*REALS, 1e3, 1e8)),
]
SOAP_LENGTHS = [
    (("r_cut", "sigma", "cutoff_width"), LENGTHS),
    (("r_cut", "sigma"), LENGTHS, {"cutoff_width": 0.0}),
    ("sigma", LENGTHS),
]
FADING = ("exp", "tanh3", "tanh3_norm", "poly4", "hard")
CONTRACTED = [("radii", REALS), ("width_scale", REALS), ("exponent", COUNTS), ("r_cut", LENGTHS)]
# A unit mistake, or a weight or a filter beyond all measure: tried every day.
EVERYDAY: list[tuple[str, Any]] = [
    ("SoapTurbo", ("sigma", (0.01, 0.001), {"r_cut": 5.0, "l_max": 8, "n_max": 8})),
    ("SoapTurbo", ("filter_decay", (1e5, 1e8, 1e300, 5e-324))),
    ("SoapTurbo", ("filter_decay", (1e300, 5e-324), {"policy": "reference"})),
    ("SoapTurbo", ("central_weight", (1e75, 1e160))),
    ("SOAP unnormalized", ("species_weight", (1e160,))),
    ("SOAP weighted", ("d", (1e-300,), {"function": "pow", "r0": 3.0, "c": 1.0, "m": 2.0})),
    ("SOAP.from_quip", (("cutoff", "r_cut"), (1e300,))),
    ("ACSF listed", ("weights", (-1e308,))),
    ("OverlapMatrix", ("width_scale", (1e-300, 1e300))),
    ("OverlapMatrix", ("orbitals", ([(0, 1.0)] * 3001,))),
    ("Hybrid", ("weights", ([1e300, 1.0], [5e-324, 1.0]))),
]
GROUPS: dict[str, dict[str, list[Any]]] = {
    "turbo": {
        "SoapTurbo": [
            *TURBO_LENGTHS,
            ("n_max", COUNTS),
            ("l_max", COUNTS),
            ("radial_enhancement", COUNTS),
            ("sigma", (0.01, 0.008, 0.05), {"n_max": 24, "l_max": 30}),
            ("sigma", (0.01, 0.03), {"sigma_scaling": 1.0}),
            ("sigma", (0.01,), {"sigma_scaling": 90.0}),
            ("sigma", (0.01,), {"sigma_t_scaling": 90.0}),
            ("sigma", (0.01,), {"sigma_t": 400.0}),
            ("sigma", (400.0,), {"sigma_t": 0.01}),
            ("sigma", (400.0,), {"radial_enhancement": 2}),
            ("sigma", ({"H": 0.01, "C": 0.011, "O": 0.012},), {"n_max": 24, "l_max": 30}),
            ("filter_decay", (1e5, 1e8), {"sigma": 0.01}),
            ("filter_decay", (1e5, 1e-5), {"r_soft": 1e-5}),
            ("filter_decay", (1e5, 1e-5), {"r_soft": 4.0 - 1e-10}),
        ],
        "SoapTurbo poly3gauss": [*TURBO_LENGTHS, ("n_max", COUNTS), ("sigma", (0.01,), {"n_max": 24, "l_max": 30})],
        "SoapTurbo unnormalized": TURBO_LENGTHS,
        "SoapTurbo jacobi": [("sigma", LENGTHS), ("n_max", COUNTS)],
        "SoapTurbo of every element": [
            ("n_max", (1, 4), {"compression": "1_1"}),
            (("n_max", "functions"), (24,), {"l_max": 30}),
            ("n_max", (24,), {"l_max": 30, "compression": "0_0"}),
            ("n_max", (24,), {"l_max": 30, "compression": "trivial"}),
            ("sigma", ({z: 0.01 + 1e-4 * z for z in range(1, 119)},), {"compression": "0_0"}),
            ("sigma", ({z: 0.3 + 1e-4 * z for z in range(1, 119)},), {"compression": "0_0"}),
        ],
    },
    "reference": {
        "SoapTurbo reference": [*TURBO_LENGTHS, ("n_max", COUNTS)],
        "SoapTurbo reference poly3gauss": [*TURBO_LENGTHS, ("n_max", COUNTS)],
        "SoapTurbo.from_quip": [
            (("rcut_hard", "r_cut", "r_soft", "rcut_soft", "sigma"), LENGTHS),
            (("rcut_soft", "r_soft"), LENGTHS),
            (("nf", "filter_decay"), REALS),
            (("atom_sigma", "sigma"), LENGTHS),
            (("atom_sigma_r_scaling", "sigma_scaling", "sigma"), REALS),
            (("atom_sigma_t_scaling", "sigma_t_scaling", "sigma"), REALS),
            ("amplitude_scaling", REALS),
            ("central_weight", WEIGHTS),
            ("radial_enhancement", COUNTS),
            ("l_max", COUNTS),
            (("n_max", "alpha_max"), COUNTS),
        ],
    },
    "soap": {
        **{f"SOAP {basis}": SOAP_LENGTHS for basis in ("polynomial", "gto_featomic", "gto_quip", "polynomial_quip")},
        "SOAP gto": [
            *SOAP_LENGTHS,
            ("n_max", COUNTS),
            ("l_max", COUNTS),
            ("n_max", (24,), {"l_max": 30}),
            ("n_max", (24,), {"l_max": 30, "sigma": 0.03}),
            ("sigma", ({"H": 0.03, "C": 0.03, "O": 0.032},), {"n_max": 24, "l_max": 30}),
            (("padding", "r_cut", "sigma"), LENGTHS),
            (("cutoff_width", "r_cut"), LENGTHS),
            ("constant", REALS),
            ("accuracy", (*REALS, 1e-16, 1e-20, 1e-2)),
        ],
        "SOAP equispaced": [*SOAP_LENGTHS, ("basis_error_exponent", REALS), ("n_max", COUNTS), ("l_max", COUNTS)],
        "SOAP unnormalized": [
            ("species_weight", WEIGHTS),
            ("central_weight", WEIGHTS),
            ("constant", WEIGHTS),
        ],
        "SOAP of every element": [
            ("n_max", (1, 4), {"compression": "1_1"}),
            (("n_max", "functions"), (24,), {"l_max": 30}),
            ("n_max", (24,), {"l_max": 30, "compression": "0_0"}),
            ("sigma", ({z: 0.03 + 1e-4 * z for z in range(1, 119)},), {"compression": "0_0"}),
            ("sigma", ({z: 0.3 + 1e-4 * z for z in range(1, 119)},), {"compression": "0_0"}),
        ],
    },
    "weighting": {
        "SOAP gto": [("species_weight", WEIGHTS), ("central_weight", WEIGHTS)],
        "SOAP weighted": [
            ("r0", REALS, {"function": "poly", "c": 1.0, "m": 2.0}),
            ("c", WEIGHTS, {"function": "poly", "r0": 3.0, "m": 2.0}),
            ("m", REALS, {"function": "poly", "r0": 3.0, "c": 1.0}),
            ("r0", REALS, {"function": "pow", "c": 1.0, "d": 1.0, "m": 2.0}),
            ("c", WEIGHTS, {"function": "pow", "r0": 3.0, "d": 1.0, "m": 2.0}),
            ("d", REALS, {"function": "pow", "r0": 3.0, "c": 1.0, "m": 2.0}),
            ("d", REALS, {"function": "pow", "r0": 3.0, "c": 1.0, "m": 2.0, "w0": 1.0}),
            ("m", REALS, {"function": "pow", "r0": 3.0, "c": 1.0, "d": 1.0}),
            ("r0", REALS, {"function": "exp", "c": 1.0, "d": 1.0}),
            ("c", WEIGHTS, {"function": "exp", "r0": 3.0, "d": 1.0}),
            ("d", REALS, {"function": "exp", "r0": 3.0, "c": 1.0}),
            ("w0", WEIGHTS, {"function": "exp", "r0": 3.0, "c": 1.0, "d": 1.0}),
            ("w0", WEIGHTS),
        ],
        "SOAP.from_quip": [
            (("cutoff", "r_cut", "cutoff_width", "cutoff_transition_width", "sigma"), LENGTHS),
            (("cutoff_transition_width", "cutoff_width"), LENGTHS),
            (("atom_sigma", "sigma"), LENGTHS),
            ("central_weight", WEIGHTS),
            (("covariance_sigma0", "constant"), WEIGHTS),
            ("basis_error_exponent", REALS),
            (("cutoff_dexp", "weighting"), COUNTS),
            (("cutoff_scale", "weighting"), REALS),
            (("cutoff_rate", "weighting"), WEIGHTS),
            ("l_max", COUNTS),
            ("n_max", COUNTS),
        ],
        "SOAP.from_dscribe": [(("r_cut", "sigma"), LENGTHS), ("sigma", LENGTHS), ("n_max", COUNTS), ("l_max", COUNTS)],
        "SOAP.from_dscribe weighted": [
            (("r0", "r_cut"), REALS, {"function": "poly", "c": 1.0, "m": 2.0}),
            (("c", "r_cut"), WEIGHTS, {"function": "pow", "r0": 1.0, "d": 1.0, "m": 4.0}),
            (("threshold", "r_cut"), REALS, {"function": "pow", "r0": 1.0, "c": 1.0, "d": 1.0, "m": 4.0}),
            (("threshold", "r_cut"), REALS, {"function": "exp", "r0": 1.0, "c": 1.0, "d": 1.0}),
        ],
        "SOAP.from_featomic": [
            (("radius", "cutoff", "r_cut", "width"), LENGTHS),
            (("smoothing", "width", "cutoff_width"), LENGTHS),
            (("width", "sigma"), LENGTHS),
            (("center", "center_atom_weight", "central_weight"), WEIGHTS),
            (("max_angular", "l_max"), COUNTS),
            (("max_radial", "n_max"), COUNTS),
        ],
        "SOAP.from_featomic scaled": [
            (("rate", "scaling", "weighting"), WEIGHTS),
            (("scale", "scaling", "weighting"), REALS),
            (("exponent", "scaling", "weighting"), REALS),
        ],
    },
    "acsf": {
        "ACSF": [
            ("r_cut", LENGTHS),
            (("eta", "g2"), (*REALS, 1e8)),
            (("R_s", "g2"), LENGTHS),
            (("kappa", "g3"), REALS),
            (("eta4", "eta", "g4"), (*REALS, 1e8)),
            (("zeta", "g4"), (*REALS, 0.3, 4096, 1e4, 10**6)),
            (("lambda", "g4"), (*REALS, 1.0 + 1e-15)),
            (("R_s5", "R_s", "g5"), LENGTHS),
            ("alpha", (*REALS, 1.0, 1.0 - 1e-16, 1.0 - 1e-10)),
            *[("r_cut", LENGTHS, {"cutoff_function": kind}) for kind in FADING],
            *[("alpha", (1e-5, 1.0 - 1e-15), {"cutoff_function": kind}) for kind in FADING[2:]],
        ],
        "ACSF listed": [
            ("weights", WEIGHTS),
            (("r_cut", "functions"), LENGTHS),
            (("eta", "functions"), REALS, {"weights": 1e150}),
            ("weights", (1e150, 1e200), {"eta": 1e8, "r_s": 0.9}),
        ],
        "ACSF.from_dscribe": [
            ("r_cut", LENGTHS),
            (("g2_params", "g2"), ([[1e300, 1.0]], [[1e-300, 1e300]], [[-1.0, 0.0]], [[NAN, 0.0]], [[1.0, INF]])),
            (("g3_params", "g3"), ([1e300], [INF], [5e-324], [-1e30])),
            (("g4_params", "g4"), ([[1e300, 1, 1]], [[0.1, 1e300, 1]], [[0.1, 1, 1e300]], [[0.1, 5e-324, -1]])),
            (("g5_params", "g5"), ([[1e300, 1, 1]], [[0.1, 1e300, 1]], [[0.1, 1, NAN]], [[0.1, 1e-5, -1]])),
        ],
        "ACSF.from_n2p2": [
            (("eta",), REALS),
            (("rs", "R_s", "r_s"), REALS),
            (("rc", "r_cut"), LENGTHS),
            (("lam", "lambda"), REALS),
            ("zeta", REALS),
            (("alpha", "cutoff_type"), REALS),
            ("cutoff_type", COUNTS),
        ],
    },
    "matrices": {
        "OverlapMatrix": [
            ("r_cut", LENGTHS),
            ("exponent", COUNTS),
            ("max_sites", (*COUNTS, 750, 751)),
            ("radii", REALS),
            ("radii", [{"H": value} for value in REALS]),
            ("width_scale", REALS),
            ("degenerate_tol", REALS),
            ("orbitals", ("spd", "spdf", "", 7, [], [(0, 1.0)] * 100, [(0, 1.0)] * 3001)),
            ("radii", [{"H": 1e-5, "C": 1e5, "O": 1.0}]),
        ],
        "OverlapMatrix contracted": CONTRACTED,
        "OverlapMatrix modulated": CONTRACTED,
        "OverlapMatrix shells": [
            (("factor", "orbitals"), REALS),
            (("degree", "orbitals"), COUNTS),
            (("factor", "orbitals"), REALS, {"degree": 3}),
        ],
        "OverlapMatrix.from_libfp": [
            (("cutoff", "r_cut"), LENGTHS),
            (("natx", "max_sites"), COUNTS),
        ],
        "CoulombMatrix": [
            ("r_cut", LENGTHS),
            ("exponent", COUNTS),
            ("max_sites", (*COUNTS, 3000, 3001)),
            ("r_core", (*REALS, 0.5)),
            ("degenerate_tol", REALS),
        ],
        "Hybrid": [
            ("weights", [[value, 1.0] for value in WEIGHTS]),
            ("scale", [[value, 1.0] for value in WEIGHTS]),
            ("weights", ([1e200, 1.0], [1e308, 1.0]), {"scale": [1e-200, 1.0]}),
            ("weights", ([1e-300, 1.0],), {"scale": [1e300, 1.0]}),
        ],
    },
}  # fmt: skip


# One attempt, and what came of it.


def outcome(of: Attempt) -> dict[str, Any]:
    """A process of its own; what it said, or how it ended."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        os.write(theirs, json.dumps(judged(of)).encode())
        os._exit(0)
    os.close(theirs)
    ready, _, _ = select.select([ours], [], [], PATIENCE)
    said = os.read(ours, 1 << 16) if ready else b""
    os.close(ours)
    if not ready:
        os.kill(child, signal.SIGKILL)
    _, status, use = os.wait4(child, 0)
    result = json.loads(said) if said else {"bad": f"ended with status {status} and without a word"}
    return {"label": of.label, "cpu": use.ru_utime + use.ru_stime, "memory": use.ru_maxrss >> 10, **result}


def judged(of: Attempt) -> dict[str, Any]:
    """A finite result, an error that names the parameter, or what is bad about it."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    warnings.simplefilter("error")
    try:
        return results(of)
    except (ValueError, TypeError, MemoryError, UserWarning) as error:
        message = str(error)
        named = any(re.search(rf"\b{re.escape(name)}\b", message) for name in of.names)
        if len(message) > 400:
            return {"bad": f"an error of {len(message)} characters: {message[:200]}"}
        told = f"{type(error).__name__}: {message}"
        return {"refused": told} if named and "\n" not in message else {"bad": f"names no parameter: {told}"}
    except BaseException as error:
        return {"bad": f"{type(error).__name__}: {error}"[:400]}


def results(of: Attempt) -> dict[str, Any]:
    start = time.process_time()
    descriptor = of.make()
    if getattr(descriptor, "species", SPECIES) is None:
        descriptor.fit(WATER)
    count = descriptor.n_features
    made = time.process_time() - start
    if count > 2_000_000:
        return {"result": f"{count} features, too many to try", "made": made}
    features = descriptor.transform(WATER)
    pull = descriptor.pullback(WATER, np.ones_like(features))
    for name, array in (("features", features), ("positions", pull.positions), ("strain", pull.strain)):
        if not np.isfinite(array).all():
            return {"bad": f"{name} are not finite: {array.ravel()[~np.isfinite(array.ravel())][:3]}", "made": made}
    return {"result": f"largest {np.abs(features).max(initial=0.0):.3g}", "made": made}


def main(group: str, stride: str = "1") -> None:
    for of in attempts(group, int(stride)):
        print(json.dumps(outcome(of)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
