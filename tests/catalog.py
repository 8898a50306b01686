"""Every fingerprint and option that the promises are checked for. A new one is a line here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, get_args, get_type_hints

import numpy as np
from ase import Atoms

import isoprint as ip

SPECIES = ["H", "C", "O"]


@dataclass(frozen=True)
class Case:
    """A fingerprint and what may be asked of it."""

    name: str
    descriptor: Any
    # Smoothness at the cutoff: -1 jumps, 0 continuous, 1 with continuous derivatives.
    order: int = 1
    # How well differences and derivatives agree: policy "reference" leaves terms out, as its program does.
    tolerance: float = 1e-7
    # How well rows agree under a rotation, where not to rounding.
    invariance: float | None = None
    elements: tuple[str, ...] = field(default=("H", "C", "O"))
    # Distances at which second derivatives jump, so that a difference across them is no derivative.
    kinks: tuple[float, ...] = ()
    # Whether an atom exactly on a center counts differently from one next to it.
    center_apart: bool = False
    # Whether an atom may lie on a center at all.
    center_shared: bool = True
    # Whether three atoms in a line are where derivatives jump.
    tips: bool = False
    # Whether a row is that of a whole cell, whose volume must be known, rather than a sum over the centers asked for.
    of_cells: bool = False
    # Rows are sorted eigenvalues, which have kinks where they cross; their sums of these powers have none.
    powers: tuple[int, ...] = ()
    # Whether columns turn with the structure, so that a rotation changes them: `[species][lm][n]`.
    turns: bool = False

    def __repr__(self) -> str:
        return self.name


def in_cells(case: Case, frames: list[Atoms]) -> list[Atoms]:
    """The same structures, each in a cell where the fingerprint needs one."""
    if not case.of_cells:
        return frames
    frames = [frame.copy() for frame in frames]
    for frame in frames:
        if frame.cell.volume == 0.0:
            frame.cell = [9.0, 9.1, 9.2]
    return frames


def turbo(**options: Any) -> ip.SoapTurbo:
    return ip.SoapTurbo(**{"r_cut": 3.0, "n_max": 3, "l_max": 2, "species": SPECIES, "sigma": 0.4, **options})


def matrix() -> np.ndarray:
    """Some components as they are, and some mixed."""
    rng = np.random.default_rng(7)
    dense = np.zeros((9, 135))
    dense[:4, [0, 17, 60, 134]] = np.eye(4)
    dense[4:] = rng.standard_normal((5, 135))
    return dense


SOAP_TURBO = [
    Case("poly3", turbo()),
    Case("poly3gauss", turbo(basis="poly3gauss")),
    Case("jacobi", turbo(basis="jacobi", n_max=5)),
    Case("large", turbo(basis="jacobi", n_max=9, l_max=7, species=["C", "H"]), elements=("H", "C")),
    Case("one species", turbo(species=["C"], n_max=6, l_max=5), elements=("C",)),
    Case("l_max 0", turbo(l_max=0)),
    Case("reference poly3", turbo(policy="reference"), order=-1, tolerance=2e-3, invariance=1e-8),
    Case(
        "reference poly3gauss", turbo(policy="reference", basis="poly3gauss"), order=-1, tolerance=2e-3, invariance=1e-7
    ),
    Case("by species", turbo(n_max={"H": 2, "C": 4, "O": 3}, sigma={"H": 0.3, "C": 0.5, "O": 0.45}, sigma_t=0.6)),
    Case("growing widths", turbo(sigma_scaling=0.1, sigma_t_scaling={"H": 0.0, "C": 0.15, "O": 0.05})),
    Case("enhanced once", turbo(radial_enhancement=1)),
    Case("enhanced twice", turbo(radial_enhancement=2, basis="poly3gauss", sigma_scaling=0.05)),
    Case("amplitude 0", turbo(amplitude_scaling=0.0), order=-1),
    Case("amplitude 0.7", turbo(amplitude_scaling=0.7), order=0),
    Case("amplitude 2", turbo(amplitude_scaling={"H": 2.0, "C": 1.0, "O": 1.5})),
    Case("central weights", turbo(central_weight={"H": 0.0, "C": 1.7, "O": -0.4})),
    Case("soft is hard", turbo(r_soft=3.0, amplitude_scaling=2.0)),
    Case("long buffer", turbo(r_soft=1.5, filter_decay=6.0)),
    Case("not normalized", turbo(normalize=False)),
    Case("trivial", turbo(compression="trivial", n_max={"H": 2, "C": 3, "O": 1})),
    *[Case(f"compression {a}_{b}", turbo(compression=f"{a}_{b}")) for a in range(3) for b in range(3)],
    Case("compression matrix", turbo(compression=matrix())),
    Case("average inner", turbo(average="inner")),
    Case("average outer", turbo(average="outer", compression="1_1")),
    Case("sum", turbo(average="sum", compression="1_1")),
    Case("some are invisible", turbo(species=["O", "C"], unknown_species="ignore")),
    Case("single precision", turbo(dtype="float32")),
]

# Neighbors fade out over this width; it is no round number, so that few pairs of a made-up frame are where it begins.
FADING = 0.47


def soap(**options: Any) -> ip.SOAP:
    standard = {"r_cut": 3.0, "n_max": 3, "l_max": 2, "species": SPECIES, "sigma": 0.4, "cutoff_width": FADING}
    return ip.SOAP(**{**standard, **options})


def gaussian(name: str, *, options: dict[str, Any] | None = None, **claims: Any) -> Case:
    """A case of classic SOAP; where its pieces meet follows from its parameters."""
    descriptor = soap(**(options or {}))
    kinks = [descriptor.r_cut + descriptor.padding - descriptor.cutoff_width] if descriptor.cutoff_width else []
    if descriptor.weighting is not None and descriptor.weighting.get("function") == "poly":
        kinks.append(descriptor.weighting["r0"])
    claims.setdefault("center_apart", "w0" in (descriptor.weighting or {}))
    claims.setdefault("order", 1 if descriptor.cutoff_width else -1)
    return Case(f"SOAP {name}", descriptor, kinks=tuple(kinks), **claims)


POW = {"function": "pow", "r0": 2.0, "c": 1.3, "d": 0.8, "m": 4.0}
SINGULAR = {"function": "pow", "r0": 2.0, "c": 1.0, "d": 0.0, "m": 1.5, "w0": 0.7}
POLY = {"function": "poly", "r0": 2.77, "c": 1.5, "m": 2.0}
EXP = {"function": "exp", "r0": 1.5, "c": 0.5, "d": 0.1, "w0": 0.4}
BY_SPECIES = {"H": 0.3, "C": 0.5, "O": 0.45}
WEIGHTS = {"H": 0.0, "C": 1.7, "O": -0.4}

# As the type of the parameter has them: a new one is tried without being listed.
BASES = get_args(get_type_hints(ip.SOAP)["basis"])
WITH_OPTIONS = ("gto_quip", "polynomial_quip")

SOAP = [
    *[gaussian(basis, options={"basis": basis}) for basis in BASES if basis not in WITH_OPTIONS],
    gaussian("gto_quip", options={"basis": "gto_quip", "basis_error_exponent": 8.0}),
    gaussian("polynomial_quip", options={"basis": "polynomial_quip", "convention": "quip"}),
    gaussian("one species", options={"species": ["C"], "n_max": 4, "l_max": 5}, elements=("C",)),
    gaussian("any species", options={"species": "any", "center_everywhere": True}),
    gaussian("l_max 0", options={"l_max": 0, "convention": "dscribe"}),
    gaussian("one function", options={"n_max": 1, "basis": "equispaced"}),
    gaussian("sigma by species", options={"sigma": BY_SPECIES, "convention": "featomic"}),
    gaussian("step", options={"cutoff_width": 0.0}),
    gaussian("wide cutoff", options={"cutoff_width": 3.0}),
    gaussian("padding", options={"r_cut": 2.2, "padding": 0.8}),
    gaussian("padding step", options={"r_cut": 2.2, "padding": 0.8, "cutoff_width": 0.0, "basis": "polynomial"}),
    gaussian("poly", options={"weighting": POLY}),
    gaussian("pow", options={"weighting": POW, "padding": 0.3, "normalize": False}),
    gaussian("pow without d", options={"weighting": SINGULAR}),
    gaussian("exp", options={"weighting": EXP, "center_everywhere": True}),
    gaussian("w0", options={"weighting": {"w0": 0.3}}),
    # No handful of atoms in one place may cancel: there would be nothing to normalize but rounding.
    gaussian("species weights", options={"species_weight": {"H": 0.5, "C": 2.0, "O": -1.15}, "compression": "mu2"}),
    gaussian("central weights", options={"central_weight": WEIGHTS}),
    gaussian(
        "center everywhere", options={"center_everywhere": True, "central_weight": WEIGHTS, "basis": "equispaced"}
    ),
    gaussian("not normalized", options={"normalize": False, "convention": "quip"}),
    gaussian("constant", options={"constant": 0.3}),
    *[gaussian(convention, options={"convention": convention}) for convention in ("quip", "dscribe", "featomic")],
    gaussian("mu1nu1", options={"compression": "mu1nu1", "convention": "dscribe", "normalize": False}),
    gaussian("crossover", options={"compression": "crossover", "convention": "dscribe"}),
    gaussian("crossover here", options={"compression": "crossover"}),
    gaussian("diagonal", options={"compression": "diagonal", "convention": "quip", "constant": 0.1}),
    gaussian("diagonal here", options={"compression": "diagonal"}),
    gaussian("trivial", options={"compression": "trivial"}),
    *[gaussian(f"compression {a}_{b}", options={"compression": f"{a}_{b}"}) for a in range(3) for b in range(3)],
    gaussian("compression 1_1 quip", options={"compression": "1_1", "convention": "quip"}),
    gaussian("compression 0_2 quip", options={"compression": "0_2", "convention": "quip"}),
    gaussian("compression matrix", options={"compression": matrix()}),
    gaussian("average inner", options={"average": "inner"}),
    gaussian("average outer", options={"average": "outer", "compression": "1_1"}),
    gaussian("some are invisible", options={"species": ["O", "C"], "unknown_species": "ignore"}),
    gaussian("open", options={"periodic": False}),
    gaussian("single precision", options={"dtype": "float32"}),
]

G2, G3 = ((0.4, 0.0), (1.3, 1.1)), (0.7, 2.2)
G4 = tuple((eta, zeta, sign) for eta in (0.02, 0.3) for zeta in (1, 4) for sign in (-1, 1))


def acsf(**options: Any) -> ip.ACSF:
    return ip.ACSF(**{"r_cut": 3.0, "species": SPECIES, "g2": G2, "g4": G4, **options})


def symmetry(name: str, *, options: dict[str, Any] | None = None, **claims: Any) -> Case:
    """A case of symmetry functions; where its pieces meet follows from its parameters."""
    descriptor = acsf(**(options or {}))
    kinks = [function.get("r_cut", 3.0) for function in descriptor.functions or ()]
    if descriptor.alpha:
        kinks.append(descriptor.alpha * descriptor.r_cut)
    angles = bool(len(descriptor.g4) or len(descriptor.g5) or descriptor.functions)
    claims.setdefault("center_shared", not angles)
    claims.setdefault("order", -1 if descriptor.cutoff_function == "hard" else 1)
    return Case(f"ACSF {name}", descriptor, kinks=tuple(kinks), **claims)


LISTED = (
    {"kind": "g4", "eta": 0.1, "zeta": 3.5, "lambda": -1, "species": ["O", "C"], "r_s": 0.7},
    {"kind": "g2", "eta": 0.5, "species": "C", "r_cut": 2.3},
    {"kind": "g4", "eta": 0.1, "zeta": 2, "lambda": 0.5, "species": ["C", "C"], "r_cut": 2.6},
    {"kind": "g1"},
    {"kind": "g5", "eta": 0.0, "zeta": 1, "lambda": 1},
    {"kind": "g4", "eta": 0.1, "zeta": 3.5, "lambda": -1, "species": ["C", "O"], "r_s": 0.7},
    {"kind": "g3", "kappa": 1.5, "species": "H"},
)

STEEP = {"tolerance": 1e-5}
G5_SHIFTED = ((0.3, 2, 1, 0.8), (0.1, 1.7, -1), (0.3, 9, 0.3, 0.8))
G4_SHIFTED = ((0.3, 2, 1, 0.8), (0.1, 2, -1, 0.8), (0.3, 16, -1, -0.5), (0.3, 2, 1, 0.8))
BROKEN = ((0.1, 1.5, 1), (0.1, 2.25, -1), (0.1, 7, 0.0), (0.4, 3, -0.6))
# Whose base changes its sign with the angle.
STRONG = ((0.3, 2, 3.0), (0.1, 3, -1.7), (0.3, 1, -4.0), (0.1, 8, 2.5))
NO_GRID = ((0.1, 1, 1), (0.2, 3, -1), (0.0, 64, 1), (0.2, 5, 1), (0.1, 5, 1))

# Every option, several at a time: they do not depend on one another.
ACSF = [
    symmetry("G1 to G4"),
    symmetry("distances", options={"g3": G3, "g4": (), "cutoff_function": "poly1"}),
    symmetry("G5", options={"g3": G3, "g4": (), "g5": G4, "cutoff_function": "tanh3"}),
    symmetry("G5 with shifts", options={"g4": (), "g5": G5_SHIFTED, "cutoff_function": "poly4"}),
    symmetry("shifts", options={"g4": G4_SHIFTED, "cutoff_function": "exp"}, **STEEP),
    symmetry("broken powers", options={"g4": BROKEN, "cutoff_function": "poly2", "alpha": 0.37}),
    symmetry("strong angles", options={"g4": STRONG, "g5": STRONG[:2], "cutoff_function": "poly2"}),
    symmetry("no grid", options={"g1": False, "g2": (), "g4": NO_GRID, "cutoff_function": "poly3"}),
    symmetry("any species", options={"species": "any", "g5": G4[:3], "cutoff_function": "tanh3_norm"}),
    symmetry("atomic numbers", options={"weights": "number", "cutoff_function": "exp", "alpha": 0.37}, **STEEP),
    symmetry("table of weights", options={"weights": {"H": 0.5, "C": -1.5, "O": 2.0}, "g5": G4, "alpha": 0.37}),
    symmetry("one by one", options={"g2": (), "g4": (), "functions": LISTED, "weights": 0.3}),
    symmetry("hard, one species", options={"cutoff_function": "hard", "species": ["C"]}, elements=("C",)),
    symmetry("averages, open", options={"average": "inner", "periodic": False}),
    symmetry("some are invisible", options={"species": ["O", "C"], "unknown_species": "ignore", "average": "outer"}),
    symmetry("single precision", options={"dtype": "float32"}),
]


def overlap(name: str, *, options: dict[str, Any] | None = None, **claims: Any) -> Case:
    """A case of overlap matrices; tight frames have more sites than fit, unless a row is short."""
    standard = {"r_cut": 3.0, "species": SPECIES, "orbitals": "s", "max_sites": 90, "overflow": "truncate"}
    claims.setdefault("powers", (1, 2, 3))
    return Case(f"OM {name}", ip.OverlapMatrix(**{**standard, **(options or {})}), **claims)


def coulomb(name: str, *, options: dict[str, Any] | None = None, **claims: Any) -> Case:
    """A case of Coulomb matrices."""
    standard = {"r_cut": 3.0, "species": SPECIES, "max_sites": 90, "overflow": "truncate"}
    claims.setdefault("powers", (1, 2, 3))
    return Case(f"CM {name}", ip.CoulombMatrix(**{**standard, **(options or {})}), **claims)


OVERLAP_MATRIX = [
    overlap("s"),
    overlap("sp", options={"orbitals": "sp", "r_cut": 2.5}),
    overlap("spd", options={"orbitals": "spd", "r_cut": 2.2, "max_sites": 40}),
    overlap("shells", options={"orbitals": [(0, 1.0), (3, 0.8), (0, {"H": 1.5, "C": 1.3, "O": 0.9})], "r_cut": 2.2}),
    overlap("exponent 1", options={"exponent": 1}),
    overlap("exponent 0", options={"exponent": 0}, order=-1),
    overlap("radii", options={"radii": {"C": 0.9, "Si": 2.0}, "width_scale": 1.3, "degenerate": "raw"}),
    overlap("contracted", options={"contracted": True}),
    overlap("contracted modulated", options={"contracted": True, "metric": "modulated", "exponent": 3}),
    overlap("truncated", options={"max_sites": 3}, powers=()),
    overlap("average", options={"average": "outer"}, powers=(1,)),
    overlap("some are invisible", options={"species": ["O", "C"], "unknown_species": "ignore"}),
    overlap("open", options={"periodic": False, "orbitals": "sp", "max_sites": 6}),
    overlap("single precision", options={"dtype": "float32"}),
]

COULOMB_MATRIX = [
    coulomb("value"),
    coulomb("magnitude", options={"order": "magnitude", "r_core": 0.3}),
    coulomb("exponent 0", options={"exponent": 0}, order=-1),
    coulomb("raw", options={"degenerate": "raw", "exponent": 1}),
    coulomb("average", options={"average": "inner"}, powers=(1,)),
    coulomb("sum", options={"average": "sum"}, powers=(1,)),
]


def distribution(name: str, *, options: dict[str, Any] | None = None, **claims: Any) -> Case:
    """A case of radial distributions."""
    standard = {"r_cut": 3.0, "species": SPECIES, "n_points": 13}
    return Case(f"RDF {name}", ip.RadialDistribution(**{**standard, **(options or {})}), **claims)


RADIAL_DISTRIBUTION = [
    distribution("per length"),
    distribution("per volume", options={"per": "volume", "r_min": 0.8, "sigma": 0.21}),
    distribution("cutoff function", options={"cutoff_function": "poly3", "n_points": 8}),
    distribution("flat up to alpha", options={"alpha": 0.53}, kinks=(0.53 * 3.0,)),
    distribution("hard", options={"cutoff_function": "hard", "sigma": 0.5}, order=-1),
    distribution("any species", options={"species": "any", "average": "outer", "r_min": 0.0}),
    distribution(
        "some are invisible", options={"species": ["O", "C"], "unknown_species": "ignore", "dtype": "float32"}
    ),
    distribution("sum, open", options={"periodic": False, "average": "sum"}),
]


SPREAD_OVER = {
    "atomic_number": {"min": 0.0, "max": 9.0, "sigma": 0.5, "n": 10},
    "distance": {"min": 0.3, "max": 3.2, "sigma": 0.3, "n": 9},
    "inverse_distance": {"min": 0.2, "max": 1.6, "sigma": 0.2, "n": 8},
    "angle": {"min": 0.0, "max": 180.0, "sigma": 20.0, "n": 9},
    "cosine": {"min": -1.0, "max": 1.0, "sigma": 0.3, "n": 8},
}
FALLING = {"function": "exp", "r_cut": 2.53, "threshold": 1e-3}
SCALED = {"function": "exp", "scale": 1.7, "threshold": 0.0123}
SQUARE = {"function": "inverse_square", "r_cut": 2.71}
SMOOTH = {"function": "smooth_cutoff", "r_cut": 2.37}
SHARP = {"function": "smooth_cutoff", "r_cut": 1.93, "sharpness": 3.5}


def spread(name: str, descriptor: Any, **claims: Any) -> Case:
    """A case of answers on a grid; what happens at the cutoff, and where atoms are in one place, follows from it."""
    weighting = getattr(descriptor, "weighting", None) or {}
    function = weighting.get("function")
    if isinstance(descriptor, ip.ValleOganov):
        function = "inverse_square" if descriptor.geometry == "distance" else "smooth_cutoff"
    claims.setdefault("order", 1 if function == "smooth_cutoff" else -1)
    claims.setdefault("kinks", (weighting["r_cut"],) if function == "smooth_cutoff" and weighting else ())
    claims.setdefault("center_apart", function == "inverse_square")
    claims.setdefault("center_shared", descriptor.geometry not in ("angle", "cosine"))
    claims.setdefault("tips", descriptor.geometry == "angle")
    volume = isinstance(descriptor, ip.ValleOganov) or descriptor.normalization == "valle_oganov"
    claims.setdefault("of_cells", volume)
    return Case(f"{type(descriptor).__name__} {name}", descriptor, **claims)


def mbtr(name: str, geometry: str, weighting: Any = None, *, cls: Any = None, **options: Any) -> Case:
    """A case of many-body tensor representations."""
    standard = {"grid": SPREAD_OVER[geometry], "weighting": weighting, "species": SPECIES}
    return spread(name, (cls or ip.MBTR)(geometry=geometry, **{**standard, **options}))


def around(name: str, geometry: str, weighting: Any = None, **options: Any) -> Case:
    """A case of local ones."""
    return mbtr(name, geometry, weighting, cls=ip.LocalMBTR, **options)


MBTR = [
    mbtr("numbers", "atomic_number", normalization="n_atoms"),
    mbtr("distances, all", "distance", periodic=False),
    mbtr("distances, square", "distance", SQUARE, normalize_gaussians=False),
    mbtr("inverse distances", "inverse_distance", SCALED, normalization="l2"),
    mbtr("angles", "angle", FALLING, normalization="n_atoms", species=["C", "O", "H"]),
    mbtr("angles, all", "angle", periodic=False, normalization="l2"),
    mbtr("cosines", "cosine", SMOOTH),
    mbtr("cosines, sharp", "cosine", SHARP, normalization="l2", dtype="float32"),
    mbtr("some are invisible", "distance", FALLING, species=["O", "C"], unknown_species="ignore"),
    mbtr("cosines per volume", "cosine", SMOOTH, normalization="valle_oganov"),
    around("distances", "distance", FALLING, normalization="l2"),
    around("distances, square", "distance", SQUARE, average="sum"),
    around("inverse distances, all", "inverse_distance", periodic=False, normalize_gaussians=False),
    around("angles", "angle", SMOOTH, average="outer"),
    around("cosines", "cosine", FALLING, species=["O", "C"], unknown_species="ignore", normalization="l2"),
    around("cosines, sharp", "cosine", SHARP, average="inner", normalization="l2"),
    spread("distances", ip.ValleOganov(r_cut=2.9, n_points=9, sigma=0.3, species=SPECIES)),
    spread("angles", ip.ValleOganov(r_cut=2.3, geometry="angle", n_points=8, sigma=21.0, species=SPECIES)),
]


def of_atoms(kind: Any, name: str, *, options: dict[str, Any] | None = None) -> Case:
    """A case of matrices of all atoms of a frame, which has one row a frame."""
    descriptor = kind(**{"n_atoms_max": 6, **(options or {})})
    powers = (1, 2, 3) if descriptor.permutation == "eigenspectrum" else ()
    return Case(f"{kind.__name__} {name}", descriptor, powers=powers)


RANDOM = {"permutation": "random", "sigma": 3.0, "seed": 7}
# Rows of frames, not of atoms: the tests of these stand by themselves.
ATOM_MATRICES = [
    *[of_atoms(kind, permutation, options={"permutation": permutation})
      for kind in (ip.GlobalCoulombMatrix, ip.SineMatrix, ip.EwaldSumMatrix)
      for permutation in ("sorted_l2", "none", "eigenspectrum")],
    *[of_atoms(kind, "random", options=RANDOM) for kind in (ip.GlobalCoulombMatrix, ip.SineMatrix)],
    of_atoms(ip.GlobalCoulombMatrix, "raw", options={"permutation": "eigenspectrum", "degenerate": "raw"}),
    of_atoms(ip.GlobalCoulombMatrix, "wide core, open", options={"r_core": 1.3, "periodic": False}),
    of_atoms(ip.SineMatrix, "wide core", options={"r_core": 1.3}),
    of_atoms(ip.EwaldSumMatrix, "wide core", options={"r_core": 1.3, "permutation": "none"}),
    of_atoms(ip.EwaldSumMatrix, "given width", options={"a": 0.8, "permutation": "none"}),
    of_atoms(ip.EwaldSumMatrix, "given cutoffs", options={"r_cut": 20.03, "g_cut": 12.03, "permutation": "none"}),
    of_atoms(ip.EwaldSumMatrix, "weighted", options={"w": 0.4, "accuracy": 1e-13}),
    of_atoms(ip.EwaldSumMatrix, "single precision", options={"dtype": "float32"}),
]  # fmt: skip


def coefficients(name: str, *, options: dict[str, Any] | None = None, **claims: Any) -> Case:
    """A case of density coefficients."""
    standard = {"r_cut": 3.0, "n_max": 3, "l_max": 3, "species": SPECIES, "sigma": 0.4, "cutoff_width": FADING}
    descriptor = ip.DensityCoefficients(**{**standard, **(options or {})})
    kinks = (descriptor.r_cut + descriptor.padding - descriptor.cutoff_width,) if descriptor.cutoff_width else ()
    claims.setdefault("order", 1 if kinks else -1)
    return Case(f"coefficients {name}", descriptor, kinks=kinks, turns=True, **claims)


DENSITY_COEFFICIENTS = [
    coefficients("gto"),
    coefficients("featomic", options={"basis": "gto_featomic", "convention": "featomic", "weighting": POW}),
    coefficients("one species", options={"species": ["C"], "n_max": 9, "l_max": 2}, elements=("C",)),
    coefficients("weights", options={"sigma": BY_SPECIES, "central_weight": WEIGHTS, "center_everywhere": True}),
    coefficients("no fading", options={"cutoff_width": 0.0, "basis": "bessel"}),
    coefficients("some are invisible", options={"species": ["O", "C"], "unknown_species": "ignore"}),
    coefficients("average", options={"average": "inner", "periodic": False}),
    coefficients("single precision", options={"dtype": "float32", "average": "outer"}),
]


def hybrid(name: str, *cases: Case, fitted: bool = False, **options: Any) -> Case:
    """A case of several fingerprints side by side; it keeps the promises that each of them keeps."""
    kinks = [kink for case in cases for kink in (*case.kinks, case.descriptor.reach)]
    descriptor = ip.Hybrid([case.descriptor for case in cases], **{"scale": None, **options})
    return Case(
        f"Hybrid {name}",
        descriptor.fit(SAMPLE) if fitted else descriptor,
        order=min(case.order for case in cases),
        kinks=tuple(kink for kink in kinks if kink < descriptor.reach),
        center_apart=any(case.center_apart for case in cases),
        center_shared=all(case.center_shared for case in cases),
        tips=any(case.tips for case in cases),
        of_cells=any(case.of_cells for case in cases),
        powers=next((case.powers for case in cases if case.powers), ()),
    )


SAMPLE = [Atoms("HCO", np.random.default_rng(seed).uniform(0.0, 2.0, (3, 3))) for seed in range(4)]
BARE = {"normalize": False}
SHORT = Case("", turbo(r_cut=2.4, n_max=2, **BARE))

HYBRID = [
    hybrid("SOAP and OM", gaussian("", options=BARE), overlap(""), fitted=True, scale="variance"),
    hybrid("of two cutoffs", SHORT, Case("", turbo(basis="poly3gauss", **BARE)), scale=[2.0, 0.3], weights=[1, 4]),
    hybrid("ACSF, averages", symmetry("", options={"average": "inner"}), Case("", turbo(average="outer", **BARE))),
    hybrid("sums", mbtr("", "cosine", SMOOTH), Case("", turbo(average="sum", **BARE))),
    hybrid("single precision", symmetry("", options={"periodic": False}), coulomb("", options={"periodic": False}),
           dtype="float32"),
]  # fmt: skip


def selected(name: str, case: Case, columns: Any, **options: Any) -> Case:
    """A case of some columns of another, which keep the promises of all of them."""
    return replace(case, name=f"Selected {name}", descriptor=ip.Selected(case.descriptor, columns, **options))


# What a center of any element has of itself is among them: rows are more than what rounding leaves.
OWN_PRODUCTS = [f"{symbol}.1 {symbol}.1 l=0" for symbol in SPECIES]
OF_BOTH = hybrid("", SHORT, symmetry(""))


def own_products_and(case: Case, others: Any) -> list[int]:
    """Places of the products of a center with itself, and others."""
    names = case.descriptor.get_feature_names_out().tolist()
    own = [place for place, name in enumerate(names) if name.endswith(tuple(OWN_PRODUCTS))]
    return [*own, *(place for place in others if place not in own)]


SELECTED = [
    selected("products", gaussian("", options=BARE), ["H.2 O.1 l=1", "C.2 C.3 l=2", *OWN_PRODUCTS, "H.1 O.2 l=0"]),
    selected("products, recursive", Case("", turbo(**BARE, average="inner")), [*OWN_PRODUCTS[::-1], "H.3 C.1 l=1"]),
    selected("of a compression matrix", Case("", turbo(**BARE, compression=matrix())), [8, 1]),
    selected("of normalized rows", gaussian(""), ["H.1 H.1 l=0", "C.2 O.1 l=1", "O.3 O.3 l=2"]),
    selected("functions", symmetry("", options={"average": "outer"}), np.arange(57) % 5 == 1),
    selected("of all", OF_BOTH, own_products_and(OF_BOTH, range(50, 0, -7)), dtype="float32"),
]

EVERY_DESCRIPTOR_AND_OPTION = [
    *SOAP_TURBO,
    *SOAP,
    *ACSF,
    *OVERLAP_MATRIX,
    *COULOMB_MATRIX,
    *RADIAL_DISTRIBUTION,
    *DENSITY_COEFFICIENTS,
    *MBTR,
    *HYBRID,
    *SELECTED,
]

# Those that leave no terms of their derivatives out, on frames of which they are smooth functions.
DIFFERENTIABLE = [case for case in [*EVERY_DESCRIPTOR_AND_OPTION, *ATOM_MATRICES] if case.tolerance < 1e-3]


def well_apart(case: Case) -> list[Atoms]:
    """A molecule and a crystal that a case can describe, nowhere near where its derivatives jump."""
    symbols = [case.elements[i % len(case.elements)] for i in range(4)]
    places = [[0.1, 0.0, 0.2], [1.21, 0.13, -0.1], [-0.33, 1.32, 0.17], [0.45, 0.31, 1.43]]
    frames = [Atoms(symbols, places), Atoms(symbols, places, cell=[[4.1, 0, 0], [0.3, 4.3, 0], [-0.2, 0.4, 4.6]])]
    frames[1].pbc = getattr(case.descriptor, "periodic", True)
    if case in ATOM_MATRICES:
        # Of molecules, or of crystals.
        return frames[:1] if isinstance(case.descriptor, ip.GlobalCoulombMatrix) else frames[1:]
    return in_cells(case, frames)
