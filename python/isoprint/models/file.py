"""Models read from files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from isoprint._support.arrays import short_repr
from isoprint._support.output import PathLike
from isoprint.models import _made_with, _stored, linear
from isoprint.models._archive import Reader, is_number
from isoprint.models._calibration import Calibration
from isoprint.models._linear_term import LinearTerm
from isoprint.models._terms import Terms
from isoprint.models._triangle import Triangle
from isoprint.models.linear import Linear
from isoprint.models.sparse_gp import STORED, SparseGP
from isoprint.structures.elements import SYMBOLS


def load(path: PathLike) -> SparseGP | Linear:
    """Read a model that `SparseGP.save` or `Linear.save` has written.

    Parameters
    ----------
    path : path
        Of the file. It may come from anybody: nothing in it is run.

    Returns
    -------
    SparseGP or Linear
        A model that predicts the same bits as the one that was saved. With what it saw of the data, if that was saved,
        it learns on.

    Raises
    ------
    ValueError
        Where the file is no model, or damaged, or of a newer format; it names the field.

    Examples
    --------
    >>> import isoprint as ip
    >>> import tempfile
    >>> from ase.build import bulk
    >>> silicon = bulk("Si", cubic=True)
    >>> silicon.info["energy"] = -43.4
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["Si"])
    >>> model = ip.models.SparseGP(soap, n_sparse=1, sparse="random").fit(silicon)
    >>> with tempfile.NamedTemporaryFile(suffix=".isoprint") as file:
    ...     model.save(file.name)
    ...     again = ip.models.load(file.name)
    >>> bool(again.predict(silicon).energy == model.predict(silicon).energy)
    True
    """
    reader = Reader(path)
    kind = reader.field("model", str)
    if kind not in _READ:
        raise reader.wrong(f"model is {short_repr(kind)}; known are {', '.join(map(repr, _READ))}")
    model: SparseGP | Linear = _READ[kind](reader)
    model._made_with_ = _made_with.told(model)
    _learned(model, reader)
    _seen(model, reader)
    model._restored(reader.field("report", dict))
    return model


def _settings(reader: Reader, names: Sequence[str]) -> dict[str, Any]:
    settings = reader.mapping("settings")
    if set(settings) != set(names):
        raise reader.wrong(f"settings are {short_repr(sorted(settings))}, expected {short_repr(sorted(names))}")
    return settings


def _sparse_gp(reader: Reader) -> SparseGP:
    settings = _settings(reader, STORED)
    if not (
        is_number(settings["zeta"]) and settings["zeta"] >= 1 and is_number(settings["delta"]) and settings["delta"] > 0
    ):
        raise reader.wrong(
            f"zeta is {short_repr(settings['zeta'])} and delta is {short_repr(settings['delta'])}; they must be"
            " positive numbers"
        )
    descriptor, terms, alpha = _stored.restore(reader, settings)
    model = SparseGP(descriptor, **settings)
    model._terms_, model.alpha_ = terms, alpha
    return model


def _linear(reader: Reader) -> Linear:
    settings = _settings(reader, linear.STORED)
    descriptor = reader.descriptor()
    units = reader.field("scales", dict)
    for symbol, unit in units.items():
        if symbol not in SYMBOLS[1:] or not is_number(unit) or unit <= 0:
            raise reader.wrong(f"scales make no sense for {short_repr(symbol)}: {short_repr(unit)}")
    if not units:
        raise reader.wrong("scales are of no element")
    model = Linear(descriptor, **settings)
    term = LinearTerm(descriptor, {SYMBOLS.index(symbol): float(unit) for symbol, unit in units.items()})
    model._terms_ = Terms({type(descriptor).__name__.lower(): term}, [])
    model.alpha_ = reader.array("alpha", (term.n_points,))
    return model


_READ: dict[str, Callable[[Reader], Any]] = {"SparseGP": _sparse_gp, "Linear": _linear}


def _learned(model: Any, reader: Reader) -> None:
    """Energies of single atoms, and how sure the weights are."""
    e0 = reader.field("e0", dict)
    for symbol in e0:
        if symbol not in SYMBOLS[1:] or not is_number(e0[symbol]):
            raise reader.wrong(f"e0 makes no sense for {short_repr(symbol)}")
    model._single_ = {SYMBOLS.index(symbol): float(energy) for symbol, energy in e0.items()}
    missing = {number for term in model._terms_.terms.values() for number in term.elements} - set(model._single_)
    if missing:
        raise reader.wrong(f"e0 has no entry for {', '.join(SYMBOLS[number] for number in sorted(missing))}")
    calibration = reader.field("calibration", dict)
    for kind in ("energy", "forces"):
        told = calibration.get(kind)
        if not (isinstance(told, list) and len(told) == 2 and all(is_number(each) and each >= 0 for each in told)):
            raise reader.wrong(f"calibration of {kind} is {short_repr(told)}; it must be two numbers of at least 0")
    model._calibration_ = {kind: Calibration(*map(float, calibration[kind])) for kind in ("energy", "forces")}


def _seen(model: Any, reader: Reader) -> None:
    """What was seen of the data, if that was stored."""
    if not is_number(model.jitter) or model.jitter < 0:
        raise reader.wrong(f"jitter is {short_repr(model.jitter)}; it must be a number of at least 0")
    width = model._terms_.n_points + 1
    if reader.version == 1 or reader.has("factor"):
        model.factor_ = reader.array("factor", (width - 1, width - 1))
        if not np.diagonal(model.factor_).all():
            raise reader.wrong("factor has a zero on its diagonal")
        model._prior_ = model._terms_.prior(float(model.jitter))
    triangles = {}
    for place, entry in enumerate(reader.field("groups", list)):
        if not (isinstance(entry, list) and len(entry) == 3 and type(entry[2]) is int and entry[2] > 0):
            raise reader.wrong(f"groups have the entry {short_repr(entry)}, which is none")
        kind, group, n_rows = entry
        triangles[str(kind), str(group)] = Triangle.of(reader.array(f"rows_{place}", (width, width)), n_rows)
    if triangles:
        model._triangles_ = triangles
