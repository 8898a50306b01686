"""The calculators that there are here."""

from __future__ import annotations

from typing import Any

from isoprint.compat.featomic.calculator_base import CalculatorBase


class _OfDensity(CalculatorBase):
    _registered: str

    def __init__(self, *, cutoff: Any = None, density: Any = None, basis: Any = None, **others: Any) -> None:
        if others or density is None or basis is None:
            unknown = f", and not {', '.join(others)}" if others else ""
            raise ValueError(
                f"invalid hyper parameters to {type(self).__name__}, expected `cutoff`, `density` and `basis` to be"
                f" present{unknown}"
            )
        hypers = {"cutoff": cutoff, "density": density, "basis": basis}
        super().__init__(self._registered, self._of(type(self).__name__, hypers))


class SoapPowerSpectrum(_OfDensity):
    """Power spectrum of the neighbor density: keys are a center and two neighbors, properties `(l, n_1, n_2)`.

    Parameters
    ----------
    cutoff : mapping
        `{"radius": 5.0, "smoothing": {"type": "ShiftedCosine", "width": 0.5}}`, or `{"type": "Step"}`.
    density : mapping
        `{"type": "Gaussian", "width": 0.3, "center_atom_weight": 1.0}`, and `"scaling"` if there is one.
    basis : mapping
        `{"type": "TensorProduct", "max_angular": 6, "radial": {"type": "Gto", "max_radial": 5}}`; `"spline_accuracy"`
        is accepted, and integrals are exact.

    Examples
    --------
    >>> from isoprint.compat.featomic import SoapPowerSpectrum
    >>> calculator = SoapPowerSpectrum(
    ...     cutoff={"radius": 4.0, "smoothing": {"type": "ShiftedCosine", "width": 0.5}},
    ...     density={"type": "Gaussian", "width": 0.5},
    ...     basis={"type": "TensorProduct", "max_angular": 3, "radial": {"type": "Gto", "max_radial": 3}},
    ... )
    >>> calculator.name, calculator.cutoffs
    ('SOAP power spectrum', [4.0])
    >>> from ase.build import molecule
    >>> tensor = calculator.compute(molecule("H2O"), gradients=["positions"])  # doctest: +SKIP
    >>> tensor.keys.names  # doctest: +SKIP
    ['center_type', 'neighbor_1_type', 'neighbor_2_type']
    """

    _registered = "soap_power_spectrum"


class SphericalExpansion(_OfDensity):
    """Coefficients of the neighbor density: keys are a degree, a center and a neighbor, components are `o3_mu`.

    Parameters
    ----------
    cutoff, density, basis : mapping
        As those of `SoapPowerSpectrum`.
    """

    _registered = "spherical_expansion"


class SoapRadialSpectrum(_OfDensity):
    """The neighbor density averaged over directions: keys are a center and a neighbor, properties `n`.

    Parameters
    ----------
    cutoff, density : mapping
        As those of `SoapPowerSpectrum`.
    basis : mapping
        `{"radial": {"type": "Gto", "max_radial": 5}}`.
    """

    _registered = "soap_radial_spectrum"


class AtomicComposition(CalculatorBase):
    """How many atoms of each type there are.

    Parameters
    ----------
    per_system : bool
        One sample a structure, or one an atom.
    """

    def __init__(self, *, per_system: bool) -> None:
        super().__init__("atomic_composition", self._of("AtomicComposition", {"per_system": per_system}))
