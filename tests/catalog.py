"""Every fingerprint and option that the promises are checked for. A new one is a line here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

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

    def __repr__(self) -> str:
        return self.name


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
    Case("reference poly3", turbo(policy="reference"), order=-1, tolerance=1e-4, invariance=1e-8),
    Case(
        "reference poly3gauss", turbo(policy="reference", basis="poly3gauss"), order=-1, tolerance=1e-4, invariance=1e-8
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
    Case("some are invisible", turbo(species=["O", "C"], unknown_species="ignore")),
    Case("single precision", turbo(dtype="float32")),
]

EVERY_DESCRIPTOR_AND_OPTION = SOAP_TURBO
