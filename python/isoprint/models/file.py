"""Models in files: a zip of numpy arrays and one JSON text, read without pickles and checked before it is believed."""

from __future__ import annotations

import json
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint import descriptors
from isoprint._core import __version__
from isoprint._support.arrays import short_repr
from isoprint._support.output import PathLike, replacing, telling
from isoprint.models._kernel import Power
from isoprint.models._sparse_set import SparseSet
from isoprint.models._triangle import Triangle
from isoprint.models.sparse_gp import SparseGP
from isoprint.structures.elements import SYMBOLS, symbol_of

FORMAT = 1
# Fingerprints that a file may name; nothing else is ever made of it.
_KNOWN = {name: getattr(descriptors, name) for name in descriptors.__all__ if name != "Hybrid"}
_PARAMETERS = ("zeta", "delta", "jitter", "random_state", "sigma_energy", "sigma_forces", "sigma_virial")


def save(model: SparseGP, path: PathLike, *, data: bool) -> None:
    """Write a model; see `SparseGP.save`."""
    kind = type(model.descriptor).__name__
    if _KNOWN.get(kind) is not type(model.descriptor):
        raise ValueError(f"descriptor is a {kind}, which a file cannot name; those are {', '.join(_KNOWN)}")
    arrays: dict[str, NDArray[Any]] = {}
    for element, points, columns in model._set_.columns():
        arrays[f"sparse_{symbol_of(element)}"] = points
        arrays[f"alpha_{symbol_of(element)}"] = model.alpha_[columns]
    arrays["factor"] = model.factor_
    parameters = {**model.descriptor.get_params(), "species": model.descriptor.species_}
    groups = []
    if data:
        for place, ((label, group), triangle) in enumerate(model._triangles_.items()):
            arrays[f"rows_{place}"] = np.triu(triangle.factor)
            groups.append([label, group, triangle.n_rows])
    meta = {
        "format": FORMAT,
        "isoprint": __version__,
        "model": "SparseGP",
        "descriptor": kind,
        "parameters": {name: _plain(value, f"parameter_{name}", arrays) for name, value in parameters.items()},
        "columns": _columns(model.descriptor),
        "settings": {name: _plain(getattr(model, name), f"setting_{name}", arrays) for name in _PARAMETERS},
        "elements": [symbol_of(element) for element in model._set_.elements],
        "e0": model.e0_,
        "factors": model._factors_,
        "report": model.report_,
        "groups": groups,
        "units": {"energy": "eV", "length": "Å"},
        "sha256": {name: _hash(array) for name, array in arrays.items()},
    }
    text = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    with replacing(path) as part, telling(path), part.open("wb") as opened:
        np.savez(opened, allow_pickle=False, meta=text, **arrays)


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
    name = str(path)
    if not Path(path).is_file():
        raise ValueError(f"there is no file {name!r}")
    reader = _Reader(name, _arrays(name))
    return reader.model()


def _arrays(name: str) -> dict[str, NDArray[Any]]:
    try:
        with np.load(name, allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError, KeyError, MemoryError) as problem:
        raise ValueError(f"{name!r} is no model, or is damaged ({' '.join(str(problem).split())})") from None
    except Exception as problem:  # of zlib, and of headers that are no Python literals
        raise ValueError(f"{name!r} is damaged ({type(problem).__name__})") from None


class _Reader:
    """Fields of one file, each looked at before it is used."""

    def __init__(self, name: str, arrays: dict[str, NDArray[Any]]) -> None:
        self._name, self._stored = name, arrays
        self._meta = self._read_meta()

    def _wrong(self, what: str) -> ValueError:
        return ValueError(f"{self._name!r}: {what}")

    def _read_meta(self) -> dict[str, Any]:
        if "meta" not in self._stored or self._stored["meta"].dtype != np.uint8:
            raise self._wrong("it has no field meta, so it is no model of isoprint")
        try:
            meta = json.loads(self._stored["meta"].tobytes())
        except (ValueError, RecursionError):
            raise self._wrong("meta is no JSON text; the file is damaged") from None
        if not isinstance(meta, dict):
            raise self._wrong("meta is no mapping; the file is damaged")
        version = meta.get("format")
        if not isinstance(version, int) or version < 1:
            raise self._wrong(f"format is {short_repr(version)}; it must be a number from 1")
        if version > FORMAT:
            raise self._wrong(f"format is {version}, and this isoprint reads up to {FORMAT}; take a newer one")
        return meta

    def _field(self, name: str, kind: type, of: dict[str, Any] | None = None) -> Any:
        value = (self._meta if of is None else of).get(name)
        if not isinstance(value, kind):
            raise self._wrong(f"{name} is {short_repr(value)}; it must be a {kind.__name__}")
        return value

    def _array(self, name: str, shape: tuple[int | None, ...]) -> NDArray[np.float64]:
        array = self._stored.get(name)
        if array is None:
            raise self._wrong(f"the array {name} is missing")
        fits = array.ndim == len(shape) and all(w in (None, n) for w, n in zip(shape, array.shape, strict=True))
        if array.dtype != np.float64 or not fits:
            raise self._wrong(f"{name} is {array.dtype} of shape {array.shape}, expected float64 of shape {shape}")
        if not np.isfinite(array).all():
            raise self._wrong(f"{name} has entries that are not finite")
        if self._field("sha256", dict).get(name) != _hash(array):
            raise self._wrong(f"{name} is not what was written; the file is damaged")
        return array

    def model(self) -> SparseGP:
        """The model of all fields."""
        if self._meta.get("model") != "SparseGP":
            raise self._wrong(f"model is {short_repr(self._meta.get('model'))}; known is 'SparseGP'")
        descriptor = self._descriptor()
        settings = {name: self._value(value) for name, value in self._field("settings", dict).items()}
        unknown = set(settings) - set(_PARAMETERS)
        if unknown:
            raise self._wrong(f"settings have the unknown entry {min(unknown)!r}")
        model = SparseGP(descriptor, **settings)
        self._learned(model, descriptor.n_features)
        return model

    def _descriptor(self) -> Any:
        kind = self._field("descriptor", str)
        if kind not in _KNOWN:
            raise self._wrong(f"descriptor is {kind!r}; known are {', '.join(_KNOWN)}")
        parameters = {name: self._value(value) for name, value in self._field("parameters", dict).items()}
        try:
            descriptor = _KNOWN[kind](**parameters)
            columns = _columns(descriptor)
        except (TypeError, ValueError) as problem:
            raise self._wrong(f"parameters make no {kind}: {problem}") from None
        if columns != self._meta.get("columns"):
            raise self._wrong(f"columns of this {kind} have other names than when the model was made")
        return descriptor

    def _value(self, value: Any) -> Any:
        """A parameter as it was."""
        if isinstance(value, list):
            return [self._value(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"array"}:
            name = value["array"]
            array = self._stored.get(name) if isinstance(name, str) else None
            if array is None or self._field("sha256", dict).get(name) != _hash(array):
                raise self._wrong(f"the array {short_repr(name)} is missing or damaged")
            return array
        if set(value) != {"mapping"} or not isinstance(value["mapping"], list):
            raise self._wrong(f"a parameter is {short_repr(value)}; it must be a mapping or an array")
        try:
            return {key: self._value(entry) for key, entry in value["mapping"]}
        except (TypeError, ValueError):
            raise self._wrong(f"a parameter is {short_repr(value)}, which is no mapping") from None

    def _learned(self, model: SparseGP, n_features: int) -> None:
        symbols = self._field("elements", list)
        e0 = self._field("e0", dict)
        if not symbols or len(set(map(str, symbols))) != len(symbols):
            raise self._wrong(f"elements are {short_repr(symbols)}; they must be different, and one at least")
        for symbol in symbols:
            if symbol not in SYMBOLS or not _finite(e0.get(symbol)):
                raise self._wrong(f"elements or e0 make no sense for {short_repr(symbol)}")
        numbers = [SYMBOLS.index(symbol) for symbol in symbols]
        points = [self._array(f"sparse_{symbol}", (None, n_features)) for symbol in symbols]
        alpha = [
            self._array(f"alpha_{symbol}", (len(own),)) for symbol, own in zip(symbols, points, strict=True)
        ]
        model._set_ = SparseSet(numbers, points)
        m = model._set_.n_points
        if not (_finite(model.zeta) and model.zeta >= 1 and _finite(model.delta) and model.delta > 0):
            raise self._wrong(f"zeta or delta is {model.zeta!r}, {model.delta!r}; they must be positive numbers")
        model._kernel_ = Power(float(model.zeta), float(model.delta))
        model._single_ = {number: float(e0[symbol]) for number, symbol in zip(numbers, symbols, strict=True)}
        model.alpha_ = np.concatenate(alpha)
        model.factor_ = self._array("factor", (m, m))
        factors = self._field("factors", dict)
        if not all(_finite(factors.get(kind)) for kind in ("energy", "forces")):
            raise self._wrong(f"factors are {short_repr(factors)}; they must be two numbers")
        model._factors_ = {kind: float(factors[kind]) for kind in ("energy", "forces")}
        self._triangles(model, m)

    def _triangles(self, model: SparseGP, m: int) -> None:
        from isoprint.models import _solver

        if not _finite(model.jitter) or model.jitter < 0:
            raise self._wrong(f"jitter is {short_repr(model.jitter)}; it must be a number of at least 0")
        model._prior_ = _solver.prior_factor(model._set_, model._kernel_, float(model.jitter))
        triangles = {}
        for place, entry in enumerate(self._field("groups", list)):
            if not (isinstance(entry, list) and len(entry) == 3 and isinstance(entry[2], int)):
                raise self._wrong(f"groups have the entry {short_repr(entry)}, which is none")
            kind, group, n_rows = entry
            triangles[str(kind), str(group)] = Triangle.of(self._array(f"rows_{place}", (m + 1, m + 1)), n_rows)
        report = self._field("report", dict)
        if triangles:
            model._triangles_ = triangles
        model._restored(report)


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and bool(np.isfinite(value))


def _hash(array: NDArray[Any]) -> str:
    return sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _columns(descriptor: Any) -> str:
    """A checksum of the names of the columns, in their order."""
    return sha256("\n".join(descriptor.get_feature_names_out()).encode()).hexdigest()


def _plain(value: Any, name: str, arrays: dict[str, NDArray[Any]]) -> Any:
    """A parameter in words of JSON; arrays go beside the text."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {"mapping": [[key, _plain(entry, f"{name}_{key}", arrays)] for key, entry in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_plain(entry, f"{name}_{place}", arrays) for place, entry in enumerate(value)]
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} is {short_repr(value)}, which a file cannot hold")
    arrays[name] = array
    return {"array": name}
