"""Which values each parameter of each descriptor is given, in groups.

A line has the name of a parameter, with others of which an error may speak; its values; and what else is given.
"""

from typing import Any

from catalog import BASES

INF, NAN = float("inf"), float("nan")
REALS = (0.0, -1.0, 5e-324, 1e-300, 1e-30, 1e-10, 1e-5, 1e5, 1e10, 1e30, 1e300, INF, NAN)
LENGTHS = (*REALS, 0.01, 0.03, 0.1, 2.0, 50.0, 400.0)
COUNTS = (0, -1, 1, 2, 24, 25, 30, 31, 100, 10**4, 10**6, 10**9, 2**31, 2**63, 10**30, 1e300, INF, NAN, 0.5)
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
        **{f"SOAP {basis}": SOAP_LENGTHS for basis in BASES},
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
        "MBTR": [
            *[(name, (*REALS, 1e9, 1e10)) for name in ("min", "max", "sigma")],
            ("sigma", (1e-6, 1e6), {"n": 20_000}),
            ("n", COUNTS),
            (("r_cut", "scale"), LENGTHS),
            ("threshold", (*REALS, 1e-300, 1.0 - 1e-16)),
        ],
        "MBTR of angles": [("r_cut", LENGTHS), ("sharpness", (*REALS, 1.0, 100.0))],
        "MBTR of inverse squares": [("r_cut", LENGTHS)],
        "LocalMBTR": [("sigma", (*REALS, 1e-6, 1e6)), (("r_cut", "scale"), LENGTHS)],
        "Hybrid": [
            ("weights", [[value, 1.0] for value in WEIGHTS]),
            ("scale", [[value, 1.0] for value in WEIGHTS]),
            ("weights", ([1e200, 1.0], [1e308, 1.0]), {"scale": [1e-200, 1.0]}),
            ("weights", ([1e-300, 1.0],), {"scale": [1e300, 1.0]}),
        ],
    },
}  # fmt: skip
