"""Models read from files."""

from __future__ import annotations

import numpy as np

from isoprint._support.arrays import short_repr
from isoprint._support.output import PathLike
from isoprint.models import _solver
from isoprint.models._archive import Reader, is_number
from isoprint.models._kernel import Power
from isoprint.models._sparse_set import SparseSet
from isoprint.models._triangle import Triangle
from isoprint.models.sparse_gp import STORED, SparseGP
from isoprint.structures.elements import SYMBOLS


def load(path: PathLike) -> SparseGP:
    """Read a model that `SparseGP.save` has written.

    Parameters
    ----------
    path : path
        Of the file. It may come from anybody: nothing in it is run.

    Returns
    -------
    SparseGP
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
    if kind != "SparseGP":
        raise reader.wrong(f"model is {short_repr(kind)}; known is 'SparseGP'")
    descriptor = reader.descriptor()
    settings = reader.mapping("settings")
    if set(settings) != set(STORED):
        raise reader.wrong(f"settings are {short_repr(sorted(settings))}, expected {short_repr(sorted(STORED))}")
    model = SparseGP(descriptor, **settings)
    _learned(model, reader)
    _seen(model, reader)
    model._restored(reader.field("report", dict))
    return model


def _learned(model: SparseGP, reader: Reader) -> None:
    """Sparse points and weights."""
    symbols, e0 = reader.field("elements", list), reader.field("e0", dict)
    if not symbols or len(set(map(str, symbols))) != len(symbols):
        raise reader.wrong(f"elements are {short_repr(symbols)}; they must be different, and one at least")
    for symbol in symbols:
        if symbol not in SYMBOLS or not is_number(e0.get(symbol)):
            raise reader.wrong(f"elements or e0 make no sense for {short_repr(symbol)}")
    numbers = [SYMBOLS.index(symbol) for symbol in symbols]
    points = [reader.array(f"sparse_{symbol}", (None, model.descriptor.n_features)) for symbol in symbols]
    for symbol, own in zip(symbols, points, strict=True):
        if not len(own) or np.abs(np.linalg.norm(own, axis=1) - 1.0).max() > 1e-8:
            raise reader.wrong(f"sparse_{symbol} are no unit vectors, or none at all")
    alpha = [reader.array(f"alpha_{symbol}", (len(own),)) for symbol, own in zip(symbols, points, strict=True)]
    if not (is_number(model.zeta) and model.zeta >= 1 and is_number(model.delta) and model.delta > 0):
        raise reader.wrong(f"zeta is {model.zeta!r} and delta is {model.delta!r}; they must be positive numbers")
    model._set_ = SparseSet(numbers, points)
    model._kernel_ = Power(float(model.zeta), float(model.delta))
    model._single_ = {number: float(e0[symbol]) for number, symbol in zip(numbers, symbols, strict=True)}
    model.alpha_ = np.concatenate(alpha)
    model.factor_ = reader.array("factor", (len(model.alpha_),) * 2)
    if not np.diagonal(model.factor_).all():
        raise reader.wrong("factor has a zero on its diagonal")
    factors = reader.field("factors", dict)
    if not all(is_number(factors.get(kind)) and factors[kind] >= 0 for kind in ("energy", "forces")):
        raise reader.wrong(f"factors are {short_repr(factors)}; they must be two numbers of at least 0")
    model._factors_ = {kind: float(factors[kind]) for kind in ("energy", "forces")}


def _seen(model: SparseGP, reader: Reader) -> None:
    """What was seen of the data, if that was stored."""
    if not is_number(model.jitter) or model.jitter < 0:
        raise reader.wrong(f"jitter is {short_repr(model.jitter)}; it must be a number of at least 0")
    model._prior_ = _solver.prior_factor(model._set_, model._kernel_, float(model.jitter))
    width = model._set_.n_points + 1
    triangles = {}
    for place, entry in enumerate(reader.field("groups", list)):
        if not (isinstance(entry, list) and len(entry) == 3 and type(entry[2]) is int and entry[2] > 0):
            raise reader.wrong(f"groups have the entry {short_repr(entry)}, which is none")
        kind, group, n_rows = entry
        triangles[str(kind), str(group)] = Triangle.of(reader.array(f"rows_{place}", (width, width)), n_rows)
    if triangles:
        model._triangles_ = triangles
