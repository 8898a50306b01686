"""A model with the parameters that a command line of `gap_fit` has."""

from __future__ import annotations

from typing import Any

from isoprint.models import _gap_xml
from isoprint.models._gap_terms import described, kernel_for, table_of, whole
from isoprint.models.clusters import ThreeBody, TwoBody
from isoprint.models.term import Term
from isoprint.structures.elements import symbol_of
from isoprint.translators import gap_fit
from isoprint.translators.gap_fit import TermString

_METHODS = {"cur_points": "cur", "random": "random", "uniform": "uniform"}


def parameters(text: str, *, policy: str) -> dict[str, Any]:
    """Parameters of a `SparseGP` that mean the same as a command line of `gap_fit`, or its terms alone.

    Parameters
    ----------
    text : str
        The command line.
    policy : str
        Of `soap_turbo`.

    Returns
    -------
    dict
        From name to value.
    """
    given = gap_fit.parsed(text)
    groups: dict[Any, list[tuple[TermString, Any, tuple[int, ...]]]] = {}
    for place, term in enumerate(given.terms):
        descriptor, of = described(term.text, policy, species_from_data=term.add_species)
        kernel = (term.covariance, term.delta, term.f0, term.zeta, term.theta, term.method)
        # Terms of no element in particular are of all, and never share what others are of.
        key = (repr(descriptor), kernel) if of else place
        groups.setdefault(key, []).append((term, descriptor, of))
    things: dict[str, Any] = {}
    for members in groups.values():
        name = type(members[0][1]).__name__.lower()
        things[name if name not in things else f"{name}-{len(things) + 1}"] = _term(members)
    if given.core_file is not None:
        things["core"] = table_of(_gap_xml.read_tables(given.core_file))
    return {"descriptor": things, "e0": given.e0, "jitter": given.jitter, "random_state": given.seed, **given.sigmas}


def keys_of(text: str) -> dict[str, str]:
    """Names of the labels in a command line of `gap_fit`, as arguments of `fit`.

    Parameters
    ----------
    text : str
        The command line.

    Returns
    -------
    dict
        From "energy", "forces" and "virial" to names, of those that are said.

    Examples
    --------
    >>> from isoprint.models.gap_strings import keys_of
    >>> terms = "distance_2b cutoff=5 n_sparse=15 delta=2 covariance_type=ard_se theta_uniform=1"
    >>> keys_of(f"gap={{{terms}}} energy_parameter_name=dft_energy")
    {'energy': 'dft_energy'}
    """
    return gap_fit.parsed(text).keys


def _term(members: list[tuple[TermString, Any, tuple[int, ...]]]) -> Term:
    """One term for all that differ in their elements and numbers of sparse points alone."""
    first, descriptor, _ = members[0]
    for term, _, _ in members:
        if term.n_sparse is None:
            raise ValueError(f"n_sparse of {term.name} is missing; give a number")
    n_sparse: Any = {"each": first.n_sparse}
    names = [of for _, _, of in members if of]
    if len(set(names)) != len(names):
        raise ValueError(f"{first.name} has two terms of the same kind for the same elements; keep one")
    sparse = _METHODS[first.method]
    if isinstance(descriptor, (TwoBody, ThreeBody)):
        if names:
            spelled = [tuple("any" if number == 0 else symbol_of(number) for number in name) for name in names]
            setattr(descriptor, "pairs" if isinstance(descriptor, TwoBody) else "triples", spelled)
            n_sparse = {"-".join(name): term.n_sparse for name, (term, _, _) in zip(spelled, members, strict=True)}
        if sparse == "cur" or (sparse == "uniform" and descriptor.n_features > 1):
            sparse = "uniform" if descriptor.n_features == 1 else "fps"
    elif names:
        n_sparse = {symbol_of(of[0]): term.n_sparse for term, _, of in members}
    zeta = None if first.zeta is None else whole(first.zeta)
    kernel = kernel_for(first.covariance, zeta, first.theta, first.f0 / first.delta, descriptor)
    return Term(descriptor, kernel=kernel, delta=first.delta, n_sparse=n_sparse, sparse=sparse)
