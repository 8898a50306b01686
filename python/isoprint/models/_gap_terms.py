"""What QUIP's words for terms are here: argument strings of descriptors, covariances, tables of pairs."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from isoprint.descriptors import SOAP, SoapTurbo
from isoprint.models.clusters import ThreeBody, TwoBody
from isoprint.models.kernels import DotProduct, PiecewisePolynomial, SquaredExponential
from isoprint.models.pair_potential import PairPotential
from isoprint.structures.elements import numbers_of, symbol_of
from isoprint.translators import quip_clusters


def described(text: str, policy: str, *, species_from_data: bool = False) -> tuple[Any, tuple[int, ...]]:
    """What an argument string describes, and the elements it is of: none where it does not say.

    With `species_from_data`, fingerprints whose string does not name their species learn them from the frames.
    """
    name = text.split()[0].lower()
    if name not in _KINDS:
        raise ValueError(f"{name!r} is not understood; known are {', '.join(_KINDS)}")
    with warnings.catch_warnings():
        # Keys of the fit are in the string too, and change nothing here.
        warnings.filterwarnings("ignore", message="passed over in the argument string")
        return _KINDS[name](text, policy, species_from_data)


def _soap(text: str, policy: str, species_from_data: bool) -> tuple[Any, tuple[int, ...]]:
    descriptor = SOAP.from_quip(text)
    if species_from_data and descriptor.species == "any":
        everywhere = re.search(r"\bcentral_reference_all_species\s*=", text) and descriptor.center_everywhere
        descriptor.set_params(species=None, centers=None, center_everywhere=bool(everywhere), unknown_species="error")
        return descriptor, ()
    return _of_all(descriptor)


def _soap_turbo(text: str, policy: str, species_from_data: bool) -> tuple[Any, tuple[int, ...]]:
    return _of_all(SoapTurbo.from_quip(text, policy=policy))


def _of_all(descriptor: Any) -> tuple[Any, tuple[int, ...]]:
    """A fingerprint with rows for all atoms, and the elements of whose rows there are weights."""
    of = () if descriptor.centers is None else tuple(numbers_of(descriptor.centers, "Z"))
    return descriptor.set_params(centers=None), of


def _pairs(shape: quip_clusters.Shape, species_from_data: bool) -> tuple[Any, tuple[int, ...]]:
    if shape.members != 2:
        raise ValueError(f"order is {shape.members}; only pairs are understood")
    if shape.exponents != (1,):
        raise ValueError(f"exponents are {shape.exponents}; only the distance itself is understood")
    of = tuple(sorted((shape.center, *shape.others)))
    return TwoBody(r_cut=shape.r_cut, cutoff_width=shape.width), () if species_from_data and not any(of) else of


def _angles(text: str, policy: str, species_from_data: bool) -> tuple[Any, tuple[int, ...]]:
    shape = quip_clusters.angle_3b(text)
    of = (shape.center, *sorted(shape.others))
    return ThreeBody(r_cut=shape.r_cut, cutoff_width=shape.width), () if species_from_data and not any(of) else of


_KINDS: dict[str, Callable[[str, str, bool], tuple[Any, tuple[int, ...]]]] = {
    "soap": _soap,
    "soap_turbo": _soap_turbo,
    "distance_2b": lambda text, policy, species: _pairs(quip_clusters.distance_2b(text), species),
    "distance_nb": lambda text, policy, species: _pairs(quip_clusters.distance_nb(text), species),
    "angle_3b": _angles,
}


def kernel_for(covariance: str, zeta: float | None, length: Any, f0: float, descriptor: Any) -> Any:
    """The kernel of a covariance of QUIP; `f0` is the standard deviation of a constant, in parts of `delta`."""
    if covariance == "dot_product":
        # Which has no constant, whatever f0 is.
        return DotProduct(zeta if zeta is not None else 1)
    if covariance == "pp":
        n = descriptor.n_features if isinstance(descriptor, (TwoBody, ThreeBody)) else max(np.size(length), 1)
        return PiecewisePolynomial(length, constant=f0**2, dimensions=int(n))
    return SquaredExponential(length, unit=False, constant=f0**2)


def whole(zeta: float) -> float:
    """A whole number as one."""
    return int(zeta) if zeta == int(zeta) else zeta


def table_of(tables: dict[str, Any]) -> PairPotential:
    """The pair potential of the tables of a file."""
    made = PairPotential({_symbols(pair): table for pair, table in tables.items()})
    try:
        made._require()
    except ValueError as problem:
        raise ValueError(f"<potential_pair>: {problem}") from None
    return made


def _symbols(pair: str) -> str:
    return "-".join(symbol_of(int(number)) for number in pair.split("-"))
