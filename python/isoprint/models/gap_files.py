"""Models read from QUIP's files of Gaussian approximation potentials."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from isoprint._support.output import PathLike
from isoprint.descriptors import SOAP, SoapTurbo
from isoprint.models import _gap_xml, _made_with
from isoprint.models._gap_xml import Coordinate
from isoprint.models._kernel import OfDistance
from isoprint.models._rows import normalizes
from isoprint.models._terms import LearnedTerm, Terms, kernel_of, term_of
from isoprint.models.clusters import ThreeBody, TwoBody, name_of
from isoprint.models.kernels import DotProduct, PiecewisePolynomial, SquaredExponential
from isoprint.models.pair_potential import PairPotential
from isoprint.models.sparse_gp import SparseGP
from isoprint.models.term import Term
from isoprint.structures.elements import numbers_of, symbol_of
from isoprint.translators import quip_clusters


def from_gap(path: PathLike, *, policy: str = "reference") -> SparseGP:
    """Read a Gaussian approximation potential that QUIP's `gap_fit` has written.

    Understood are the descriptors `soap`, `soap_turbo`, `distance_2b`, `distance_Nb` of two atoms and `angle_3b` with
    the covariances `ard_se`, `dot_product` and `pp`, several elements and terms, and tables of pairs as a core
    potential. Terms of one kind for several elements become one term here.

    Parameters
    ----------
    path : path
        Of the XML file. Files of sparse points that it names are looked for beside it.
    policy : {"reference", "exact"}
        Of `soap_turbo`: the digits of QUIP, which the weights were made with, or the exact ones, which give other
        energies.

    Returns
    -------
    SparseGP
        A model that predicts, has a calculator and can be saved. It knows neither the data nor how sure its weights
        are: it cannot learn on, and has no standard deviations.

    Raises
    ------
    ValueError
        For whatever is not understood, or damaged; it names the element or attribute of the file.

    Examples
    --------
    >>> import isoprint as ip
    >>> model = ip.models.from_gap("gp_iter6_sparse9k.xml")  # doctest: +SKIP
    >>> atoms.calc = model.calculator()  # doctest: +SKIP
    """
    found = _gap_xml.read(path)
    groups: dict[Any, list[tuple[Coordinate, Any, tuple[int, ...]]]] = {}
    for coordinate in found.coordinates:
        try:
            descriptor, key, of = _described(coordinate, policy)
        except ValueError as problem:
            raise ValueError(f"{str(path)!r}: <descriptor> of {coordinate.where}: {problem}") from None
        groups.setdefault(key, []).append((coordinate, descriptor, of))
    things: dict[str, Any] = {}
    terms: dict[str, LearnedTerm] = {}
    weights = []
    for members in groups.values():
        name = _unused(type(members[0][1]).__name__.lower(), things)
        try:
            things[name], terms[name], alpha = _term(members)
        except ValueError as problem:
            raise ValueError(f"{str(path)!r}: {members[0][0].where}: {problem}") from None
        weights.append(alpha)
    fixed = []
    if found.tables:
        fixed = [PairPotential({_symbols(pair): table for pair, table in found.tables.items()})]
        try:
            fixed[0].require()
        except ValueError as problem:
            raise ValueError(f"{str(path)!r}: <potential_pair>: {problem}") from None
        things["core"] = fixed[0]
    model = SparseGP(things)
    model._terms_ = Terms(terms, fixed)
    model._made_with_ = _made_with.told(model)
    model._single_ = _single(found, list(groups.values()))
    model._factors_ = {"energy": 1.0, "forces": 1.0}
    model.alpha_ = np.concatenate(weights)
    model._restored({"n_sparse": model._terms_.n_points})
    return model


def _described(coordinate: Coordinate, policy: str) -> tuple[Any, Any, tuple[int, ...]]:
    """The descriptor, what a coordinate has to share to be of the same term, and the elements it is of."""
    name = coordinate.text.split()[0].lower()
    if name not in _KINDS:
        raise ValueError(f"{name!r} is not understood; known are {', '.join(_KINDS)}")
    with warnings.catch_warnings():
        # Keys of the fit are in the string too, and change nothing here.
        warnings.filterwarnings("ignore", message="passed over in the argument string")
        descriptor, of = _KINDS[name](coordinate.text, policy)
    kernel = (coordinate.covariance, coordinate.delta, coordinate.mean, coordinate.zeta, tuple(coordinate.theta))
    return descriptor, (repr(descriptor), kernel), of


def _soap(text: str, policy: str) -> tuple[Any, tuple[int, ...]]:
    return _of_all(SOAP.from_quip(text))


def _soap_turbo(text: str, policy: str) -> tuple[Any, tuple[int, ...]]:
    return _of_all(SoapTurbo.from_quip(text, policy=policy))


def _of_all(descriptor: Any) -> tuple[Any, tuple[int, ...]]:
    """A fingerprint with rows for all atoms, and the elements of whose rows there are weights."""
    if descriptor.centers is None:
        raise ValueError("Z does not say of which element the centers are")
    of = tuple(numbers_of(descriptor.centers, "Z"))
    return descriptor.set_params(centers=None), of


def _pairs(shape: quip_clusters.Shape) -> tuple[Any, tuple[int, ...]]:
    if shape.members != 2:
        raise ValueError(f"order is {shape.members}; only pairs are understood")
    if shape.exponents != (1,):
        raise ValueError(f"exponents are {shape.exponents}; only the distance itself is understood")
    return TwoBody(r_cut=shape.r_cut, cutoff_width=shape.width), tuple(sorted((shape.center, *shape.others)))


def _angles(text: str, policy: str) -> tuple[Any, tuple[int, ...]]:
    shape = quip_clusters.angle_3b(text)
    return ThreeBody(r_cut=shape.r_cut, cutoff_width=shape.width), (shape.center, *sorted(shape.others))


_KINDS: dict[str, Callable[[str, str], tuple[Any, tuple[int, ...]]]] = {
    "soap": _soap,
    "soap_turbo": _soap_turbo,
    "distance_2b": lambda text, policy: _pairs(quip_clusters.distance_2b(text)),
    "distance_nb": lambda text, policy: _pairs(quip_clusters.distance_nb(text)),
    "angle_3b": _angles,
}


def _term(members: list[tuple[Coordinate, Any, tuple[int, ...]]]) -> tuple[Term, LearnedTerm, Any]:
    """One term of all coordinates that differ in their elements alone, and its weights."""
    first, descriptor, _ = members[0]
    names = [of for _, _, of in members]
    if len(set(names)) != len(names):
        raise ValueError(f"there are two coordinates of the same kind for {names[0]}")
    term = Term(descriptor, kernel=_kernel(first), delta=first.delta)
    kernel = kernel_of(term, 1.0, 1.0)
    order = sorted(range(len(members)), key=lambda place: names[place])
    points = [members[place][0].points for place in order]
    alpha = np.concatenate([members[place][0].alpha for place in order])
    if isinstance(descriptor, (TwoBody, ThreeBody)):
        if not isinstance(kernel, OfDistance):
            raise ValueError("the covariance dot_product of pairs or triples is not understood")
        _require_width(points, descriptor.n_features)
        _name_groups(descriptor, [names[place] for place in order])
        by_name = {name_of(names[place]): own for place, own in zip(order, points, strict=True)}
        return term, term_of(descriptor, kernel, by_name), alpha
    _require_width(points, descriptor.n_features)
    elements = [names[place] for place in order]
    if any(len(element) != 1 for element in elements):
        raise ValueError("Z lists several elements, of which one sparse set is shared; that is not understood")
    if not isinstance(kernel, OfDistance) and not normalizes(descriptor):
        raise ValueError("normalise is F with the covariance dot_product, which is not understood")
    by_symbol = {symbol_of(element): own for (element,), own in zip(elements, points, strict=True)}
    return term, term_of(descriptor, kernel, by_symbol), alpha


def _kernel(coordinate: Coordinate) -> Any:
    if coordinate.covariance == "dot_product":
        return DotProduct(_whole(coordinate.zeta))
    length = coordinate.theta if len(coordinate.theta) > 1 else float(coordinate.theta[0])
    constant = (coordinate.mean / coordinate.delta) ** 2
    if coordinate.covariance == "pp":
        return PiecewisePolynomial(length, constant=constant, dimensions=len(coordinate.theta))
    return SquaredExponential(length, unit=False, constant=constant)


def _whole(zeta: Any) -> Any:
    return int(zeta) if zeta == int(zeta) else zeta


def _require_width(points: list[Any], n_features: int) -> None:
    if points[0].shape[1] != n_features:
        raise ValueError(f"dimensions is {points[0].shape[1]}, but the descriptor has {n_features} features")


def _name_groups(descriptor: Any, groups: list[tuple[int, ...]]) -> None:
    """Say in the parameters of pairs and triples which ones there are."""
    named = [tuple("any" if number == 0 else symbol_of(number) for number in group) for group in groups]
    if isinstance(descriptor, TwoBody):
        descriptor.pairs = named
    else:
        descriptor.triples = named


def _unused(name: str, things: dict[str, Any]) -> str:
    names = [name, *(f"{name}-{n}" for n in range(2, len(things) + 3))]
    return next(each for each in names if each not in things)


def _symbols(pair: str) -> str:
    return "-".join(symbol_of(int(number)) for number in pair.split("-"))


def _single(found: _gap_xml.Gap, groups: list[Any]) -> dict[int, float]:
    """Energies of single atoms of the elements that any term is of; of all if some term is of any element."""
    elements = {number for members in groups for _, _, of in members for number in of}
    for members in groups:
        species = getattr(members[0][1], "species", None)
        if species is not None and not isinstance(species, str):
            elements |= set(numbers_of(species, "species"))
    known = set(found.e0) if 0 in elements else elements
    return {number: found.e0.get(number, 0.0) for number in sorted(known)}
