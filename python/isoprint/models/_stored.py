"""Terms in files: what is written of each, and how it is made again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint.models import kernels
from isoprint.models._archive import Archive, Reader, is_number
from isoprint.models._declared import is_clusters, is_fixed, named
from isoprint.models._kernel import OfDistance, Power
from isoprint.models._terms import LearnedTerm, Terms, kernel_of, term_of
from isoprint.models.clusters import ThreeBody, TwoBody, group_of
from isoprint.models.pair_potential import PairPotential
from isoprint.models.term import Term
from isoprint.structures.elements import SYMBOLS

Floats = NDArray[np.float64]

_KERNELS: dict[str, Any] = {
    kind.__name__: kind for kind in (kernels.DotProduct, kernels.SquaredExponential, kernels.PiecewisePolynomial)
}
_CLUSTERS: dict[str, Any] = {kind.__name__: kind for kind in (TwoBody, ThreeBody)}


def version_of(descriptor: Any) -> int:
    """Of the format: one fingerprint by itself goes into files that older versions read."""
    return 2 if isinstance(descriptor, (list, tuple, Mapping, Term)) or is_clusters(descriptor) else 1


def store(archive: Archive, descriptor: Any, terms: Terms, alpha: Floats) -> None:
    """Write the sparse points, the weights, and what they are of."""
    if version_of(descriptor) == 1:
        _store_one(archive, descriptor, terms, alpha)
        return
    archive.arrays["alpha"] = alpha
    archive.fields["several"] = isinstance(descriptor, (list, tuple, Mapping))
    archive.fields["terms"] = [
        _fields(archive, f"{place}_", name, thing, terms)
        for place, (name, thing) in enumerate(named(descriptor).items())
    ]


def _store_one(archive: Archive, descriptor: Any, terms: Terms, alpha: Floats) -> None:
    archive.fields |= archive.descriptor(descriptor)
    (term,) = terms.terms.values()
    start = 0
    for symbol, points in term.sparse.items():
        archive.arrays[f"sparse_{symbol}"] = points
        archive.arrays[f"alpha_{symbol}"] = alpha[start : start + len(points)]
        start += len(points)
    archive.fields["elements"] = list(term.sparse)


def _fields(archive: Archive, prefix: str, name: str, thing: Any, terms: Terms) -> dict[str, Any]:
    if is_fixed(thing):
        tables = {
            key: [*map(np.asarray, (r, energy)), *(list(ends) for ends in rest)]
            for key, (r, energy, *rest) in thing._named_tables().items()
        }
        return {"name": name, "of": "fixed", "tables": archive.plain(f"{prefix}table", tables)}
    term = thing if isinstance(thing, Term) else Term(thing)
    fields: dict[str, Any] = {"name": name, "zeta": term.zeta, "delta": term.delta, "kernel": None}
    if term.kernel is not None:
        kind = type(term.kernel).__name__
        if _KERNELS.get(kind) is not type(term.kernel):
            raise ValueError(f"kernel is a {kind}, which a file cannot name; those are {', '.join(_KERNELS)}")
        parameters = archive.plain(f"{prefix}kernel", term.kernel.get_params())
        fields["kernel"] = {"kind": kind, "parameters": parameters}
    if is_clusters(term.descriptor):
        parameters = archive.plain(f"{prefix}parameter", term.descriptor.get_params())
        fields |= {"of": "clusters", "descriptor": type(term.descriptor).__name__, "parameters": parameters}
    else:
        fields |= {"of": "fingerprints", **archive.descriptor(term.descriptor, f"{prefix}parameter")}
    sparse = terms.terms[name].sparse
    archive.arrays |= {f"{prefix}sparse_{key}": points for key, points in sparse.items()}
    return fields | {"sets": list(sparse)}


def restore(reader: Reader, settings: dict[str, Any]) -> tuple[Any, Terms, Floats]:
    """What the descriptor was, the terms, and the weights of their sparse points."""
    if reader.version == 1:
        return _restore_one(reader, settings)
    things: dict[str, Any] = {}
    learned: dict[str, LearnedTerm] = {}
    for place, fields in enumerate(reader.field("terms", list)):
        name = fields.get("name") if isinstance(fields, dict) else None
        if not isinstance(name, str) or name in things:
            raise reader.wrong(f"terms have the entry {short_repr(fields)}, which is none")
        if fields.get("of") == "fixed":
            things[name] = _fixed(reader, fields)
        else:
            things[name], learned[name] = _term(reader, f"{place}_", fields, settings)
    if not learned:
        raise reader.wrong("terms are none that learn")
    terms = Terms(learned, [thing for thing in things.values() if is_fixed(thing)])
    several = reader.field("several", bool)
    if not several and len(things) != 1:
        raise reader.wrong(f"several is False for {len(things)} terms")
    descriptor = things if several else next(iter(things.values()))
    return descriptor, terms, reader.array("alpha", (terms.n_points,))


def _restore_one(reader: Reader, settings: dict[str, Any]) -> tuple[Any, Terms, Floats]:
    descriptor = reader.descriptor()
    symbols = _symbols(reader, reader.field("elements", list))
    points = [reader.array(f"sparse_{symbol}", (None, descriptor.n_features)) for symbol in symbols]
    _require_sound(reader, "", dict(zip(symbols, points, strict=True)), False)
    alpha = [reader.array(f"alpha_{symbol}", (len(own),)) for symbol, own in zip(symbols, points, strict=True)]
    kernel = Power(float(settings["zeta"]), float(settings["delta"]))
    term = term_of(descriptor, kernel, dict(zip(symbols, points, strict=True)))
    return descriptor, Terms({type(descriptor).__name__.lower(): term}, []), np.concatenate(alpha)


def _symbols(reader: Reader, given: Any) -> list[str]:
    if not isinstance(given, list) or not given or len(set(map(str, given))) != len(given):
        raise reader.wrong(f"elements are {short_repr(given)}; they must be different, and one at least")
    for symbol in given:
        if symbol not in SYMBOLS[1:]:
            raise reader.wrong(f"elements make no sense for {short_repr(symbol)}")
    return given


def _fixed(reader: Reader, fields: dict[str, Any]) -> PairPotential:
    made = PairPotential(reader.mapping("tables", fields.get("tables")))
    try:
        made._require()
    except (TypeError, ValueError) as problem:
        raise reader.wrong(f"tables make no pair potential: {problem}") from None
    return made


def _term(reader: Reader, prefix: str, fields: dict[str, Any], settings: dict[str, Any]) -> tuple[Term, LearnedTerm]:
    told = fields.get("kernel")
    if told is not None and not isinstance(told, dict):
        raise reader.wrong(f"kernel is {short_repr(told)}; it must be a dict")
    kernel = None if told is None else reader.made("kernel", told.get("kind"), _KERNELS, told.get("parameters"))
    for key in ("zeta", "delta"):
        if not (fields.get(key) is None or is_number(fields[key])):
            raise reader.wrong(f"{key} of a term is {short_repr(fields[key])}; it must be a number")
    of = fields.get("of")
    if of == "clusters":
        descriptor = reader.made("descriptor", fields.get("descriptor"), _CLUSTERS, fields.get("parameters"))
    elif of == "fingerprints":
        descriptor = reader.descriptor(fields)
    else:
        raise reader.wrong(f"terms are of {short_repr(of)}; known are clusters, fingerprints and fixed")
    term = Term(descriptor, kernel=kernel, zeta=fields.get("zeta"), delta=fields.get("delta"))
    try:
        known = kernel_of(term, settings["zeta"], settings["delta"])
        if of == "clusters":
            descriptor._require()
    except (TypeError, ValueError) as problem:
        raise reader.wrong(str(problem)) from None
    sets = fields.get("sets")
    if of == "fingerprints":
        sets = _symbols(reader, sets)
    elif not isinstance(sets, list) or not sets or len(set(map(str, sets))) != len(sets):
        raise reader.wrong(f"sets are {short_repr(sets)}; they must be different, and one at least")
    if of == "clusters":
        for key in sets:
            _require_group(reader, key, descriptor.members)
    points = [reader.array(f"{prefix}sparse_{key}", (None, descriptor.n_features)) for key in sets]
    _require_sound(reader, prefix, dict(zip(sets, points, strict=True)), isinstance(known, OfDistance))
    try:
        return term, term_of(descriptor, known, dict(zip(sets, points, strict=True)))
    except ValueError as problem:
        raise reader.wrong(str(problem)) from None


def _require_sound(reader: Reader, prefix: str, points: dict[str, Floats], is_distance: bool) -> None:
    """Complain of sparse points that no fit has made."""
    if not any(map(len, points.values())):
        raise reader.wrong(f"{prefix}sparse are none at all")
    for key, own in points.items():
        if not is_distance and (not len(own) or np.abs(np.linalg.norm(own, axis=1) - 1.0).max() > 1e-8):
            raise reader.wrong(f"{prefix}sparse_{key} are no unit vectors, or none at all")


def _require_group(reader: Reader, key: Any, members: int) -> None:
    try:
        found = group_of(key)
    except (AttributeError, TypeError, ValueError):
        found = ()
    if len(found) != members:
        raise reader.wrong(f"sets have the entry {short_repr(key)}, which names no {members} elements")
