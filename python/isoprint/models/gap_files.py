"""Models read from QUIP's files of Gaussian approximation potentials."""

from __future__ import annotations

from typing import Any

import numpy as np

from isoprint._support.output import PathLike
from isoprint.models import _gap_xml, _made_with
from isoprint.models._calibration import Calibration
from isoprint.models._declared import fixed_of
from isoprint.models._gap_terms import described, kernel_for, table_of, whole
from isoprint.models._gap_xml import Coordinate
from isoprint.models._kernel import OfDistance
from isoprint.models._rows import normalizes
from isoprint.models._terms import LearnedTerm, Terms, kernel_of, term_of
from isoprint.models.clusters import ThreeBody, TwoBody, name_of
from isoprint.models.sparse_gp import SparseGP
from isoprint.models.term import Term
from isoprint.structures.elements import numbers_of, symbol_of


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
    if found.tables:
        try:
            things["core"] = table_of(found.tables)
        except ValueError as problem:
            raise ValueError(f"{str(path)!r}: {problem}") from None
    model = SparseGP(things)
    model._terms_ = Terms(terms, fixed_of(things))
    model._made_with_ = _made_with.told(model)
    model._single_ = _single(found, list(groups.values()))
    model._calibration_ = {"energy": Calibration(), "forces": Calibration()}
    model.alpha_ = np.concatenate(weights)
    model._restored({"n_sparse": model._terms_.n_points})
    return model


def _described(coordinate: Coordinate, policy: str) -> tuple[Any, Any, tuple[int, ...]]:
    """The descriptor, what a coordinate has to share to be of the same term, and the elements it is of."""
    descriptor, of = described(coordinate.text, policy)
    if not of:
        raise ValueError("it does not say of which elements it is")
    kernel = (coordinate.covariance, coordinate.delta, coordinate.mean, coordinate.zeta, tuple(coordinate.theta))
    return descriptor, (repr(descriptor), kernel), of


def _term(members: list[tuple[Coordinate, Any, tuple[int, ...]]]) -> tuple[Term, LearnedTerm, Any]:
    """One term of all coordinates that differ in their elements alone, and its weights."""
    first, descriptor, _ = members[0]
    names = [of for _, _, of in members]
    if len(set(names)) != len(names):
        raise ValueError(f"there are two coordinates of the same kind for {names[0]}")
    term = Term(descriptor, kernel=_kernel(first, descriptor), delta=first.delta)
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


def _kernel(coordinate: Coordinate, descriptor: Any) -> Any:
    length = coordinate.theta if len(coordinate.theta) > 1 else float(coordinate.theta[0])
    zeta = None if coordinate.zeta is None else whole(coordinate.zeta)
    return kernel_for(coordinate.covariance, zeta, length, coordinate.mean / coordinate.delta, descriptor)


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


def _single(found: _gap_xml.Gap, groups: list[Any]) -> dict[int, float]:
    """Energies of single atoms of the elements that any term is of; of all if some term is of any element."""
    elements = {number for members in groups for _, _, of in members for number in of}
    for members in groups:
        species = getattr(members[0][1], "species", None)
        if species is not None and not isinstance(species, str):
            elements |= set(numbers_of(species, "species"))
    known = set(found.e0) if 0 in elements else elements
    return {number: found.e0.get(number, 0.0) for number in sorted(known)}
