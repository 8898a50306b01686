"""Files of models: a zip of numpy arrays and one JSON text, read without pickles and checked before it is believed."""

from __future__ import annotations

import json
import math
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
from isoprint._support.parameters import number

# 1: one fingerprint, whose fields stand at the top. 2: a list of terms.
FORMAT = 2
# Fingerprints that a file may name; nothing else is ever made of it.
KNOWN = {name: getattr(descriptors, name) for name in descriptors.__all__ if name != "Hybrid"}


class Archive:
    """Fields and arrays of a file to be written."""

    def __init__(self, model: str, version: int = 1) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        self.fields: dict[str, Any] = {
            "format": version,
            "isoprint": __version__,
            "model": model,
            "units": {"energy": "eV", "length": "Å"},
        }

    def descriptor(self, descriptor: Any, name: str = "parameter") -> dict[str, Any]:
        """The fields that say what a fingerprint is; arrays among its parameters get names that begin so."""
        kind = type(descriptor).__name__
        if KNOWN.get(kind) is not type(descriptor):
            raise ValueError(f"descriptor is a {kind}, which a file cannot name; those are {', '.join(KNOWN)}")
        return {
            "descriptor": kind,
            "parameters": self.plain(name, {**descriptor.get_params(), "species": descriptor.species_}),
            "columns": _columns(descriptor),
        }

    def plain(self, name: str, value: Any) -> Any:
        """A parameter in words of JSON; arrays go beside the text."""
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, dict):
            return {"mapping": [[key, self.plain(f"{name}_{key}", entry)] for key, entry in value.items()]}
        if isinstance(value, (list, tuple)):
            return [self.plain(f"{name}_{place}", entry) for place, entry in enumerate(value)]
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"{name} is {short_repr(value)}, which a file cannot hold")
        self.arrays[name] = array
        return {"array": name}

    def write(self, path: PathLike) -> None:
        """Put the file in its place once it is whole."""
        write(path, self.fields, self.arrays)


def write(path: PathLike, fields: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Put a file with these fields and arrays in its place once it is whole."""
    fields = {**fields, "sha256": {name: _hash(array) for name, array in arrays.items()}}
    text = np.frombuffer(json.dumps(fields).encode(), np.uint8)
    with replacing(path) as part, telling(path), part.open("wb") as opened:
        np.savez(opened, allow_pickle=False, meta=text, **arrays)


class Reader:
    """Fields of one file, each looked at before it is used."""

    def __init__(self, path: PathLike) -> None:
        self._name = str(path)
        if not Path(path).is_file():
            raise ValueError(f"there is no file {self._name!r}")
        self._stored = _arrays(self._name)
        self._n_bytes = Path(path).stat().st_size
        self._meta = self._read_meta()

    def wrong(self, what: str) -> ValueError:
        """The error that says what is wrong with this file."""
        return ValueError(f"{self._name!r}: {what}")

    def _read_meta(self) -> dict[str, Any]:
        if "meta" not in self._stored or self._stored["meta"].dtype != np.uint8:
            raise self.wrong("it has no field meta, so it is no model of isoprint")
        try:
            meta = json.loads(self._stored["meta"].tobytes())
        except (ValueError, RecursionError):
            raise self.wrong("meta is no JSON text; the file is damaged") from None
        if not isinstance(meta, dict):
            raise self.wrong("meta is no mapping; the file is damaged")
        version = meta.get("format")
        if not isinstance(version, int) or version < 1:
            raise self.wrong(f"format is {short_repr(version)}; it must be a number from 1")
        if version > FORMAT:
            raise self.wrong(f"format is {version}, and this isoprint reads up to {FORMAT}; take a newer one")
        return meta

    @property
    def version(self) -> int:
        """Of the format."""
        return int(self._meta["format"])

    def has(self, name: str) -> bool:
        """Whether there is an array of that name."""
        return name in self._stored

    def field(self, name: str, kind: type) -> Any:
        """A field of the JSON text."""
        value = self._meta.get(name)
        if not isinstance(value, kind):
            raise self.wrong(f"{name} is {short_repr(value)}; it must be a {kind.__name__}")
        return value

    def array(self, name: str, shape: tuple[int | None, ...]) -> NDArray[np.float64]:
        """An array of finite numbers, which is what was written."""
        array = self._stored.get(name)
        if array is None:
            raise self.wrong(f"the array {name} is missing")
        fits = array.ndim == len(shape) and all(w in (None, n) for w, n in zip(shape, array.shape, strict=True))
        if array.dtype != np.float64 or not fits:
            raise self.wrong(f"{name} is {array.dtype} of shape {array.shape}, expected float64 of shape {shape}")
        if not np.isfinite(array).all():
            raise self.wrong(f"{name} has entries that are not finite")
        if self.field("sha256", dict).get(name) != _hash(array):
            raise self.wrong(f"{name} is not what was written; the file is damaged")
        return array

    def mapping(self, name: str, value: Any = None) -> dict[str, Any]:
        """Parameters as they were: those of a field, or these."""
        found = self._value(self.field(name, dict) if value is None else value)
        if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
            raise self.wrong(f"{name} are no mapping of names")
        return found

    def descriptor(self, fields: dict[str, Any] | None = None) -> Any:
        """The fingerprint, if its columns are what they were; of one term, by the fields of that."""
        told = self._meta if fields is None else fields
        kind = told.get("descriptor")
        if not isinstance(kind, str):
            raise self.wrong(f"descriptor is {short_repr(kind)}; it must be a str")
        descriptor = self.made("descriptor", kind, KNOWN, told.get("parameters"))
        if _columns(descriptor) != told.get("columns"):
            raise self.wrong(f"columns of this {kind} have other names than when the model was made")
        return descriptor

    def made(self, what: str, kind: Any, known: dict[str, Any], parameters: Any) -> Any:
        """An object of one of a few classes, from its parameters."""
        if not isinstance(kind, str) or kind not in known:
            raise self.wrong(f"{what} is {short_repr(kind)}; known are {', '.join(known)}")
        if not isinstance(parameters, dict):
            raise self.wrong(f"parameters are {short_repr(parameters)}; it must be a dict")
        values = self.mapping("parameters", parameters)
        try:
            made = known[kind](**values)
            # One sparse point at least is in the file.
            if 8 * getattr(made, "n_features", 0) > self._n_bytes:
                raise ValueError(f"{made.n_features} columns are more than the file can hold")
            if hasattr(made, "get_feature_names_out"):
                # One sparse point at least is in the file.
                if 8 * made.n_features > self._n_bytes:
                    raise ValueError(f"{made.n_features} columns are more than the file can hold")
                made.get_feature_names_out()
        except Exception as problem:  # whatever comes of parameters that nobody has looked at
            raise self.wrong(f"parameters make no {kind}: {problem}") from None
        return made

    def _value(self, value: Any) -> Any:
        """A parameter as it was."""
        if isinstance(value, list):
            return [self._value(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"array"}:
            name = value["array"]
            array = self._stored.get(name) if isinstance(name, str) else None
            if array is None or self.field("sha256", dict).get(name) != _hash(array):
                raise self.wrong(f"the array {short_repr(name)} is missing or damaged")
            return array
        if set(value) != {"mapping"} or not isinstance(value["mapping"], list):
            raise self.wrong(f"a parameter is {short_repr(value)}; it must be a mapping or an array")
        try:
            return {key: self._value(entry) for key, entry in value["mapping"]}
        except (TypeError, ValueError):
            raise self.wrong(f"a parameter is {short_repr(value)}, which is no mapping") from None


def _arrays(name: str) -> dict[str, NDArray[Any]]:
    """Every array of a file; none of them takes more memory than the file has bytes."""
    try:
        with zipfile.ZipFile(name) as stored:
            entries = stored.infolist()
            if sum(entry.file_size for entry in entries) > Path(name).stat().st_size:
                raise ValueError("it would take more memory than it has bytes")
            arrays = {entry.filename.removesuffix(".npy"): _array(stored, entry) for entry in entries}
    except ValueError as problem:
        raise ValueError(f"{name!r} is no model, or is damaged ({' '.join(str(problem).split())})") from None
    except Exception as problem:  # of zip files that are none, cut, encrypted, or not what their directory says
        told = " ".join(str(problem).split()) or type(problem).__name__
        raise ValueError(f"{name!r} is no model, or is damaged ({told})") from None
    if len(arrays) < len(entries):
        raise ValueError(f"{name!r} is no model, or is damaged: two of its arrays have one name")
    return arrays


def _array(stored: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    """One array: numbers and nothing else, as many as its header says."""
    if not entry.filename.endswith(".npy") or entry.compress_type != zipfile.ZIP_STORED:
        raise ValueError(f"{entry.filename!r} is no array, or is compressed")
    with stored.open(entry) as opened:
        version = np.lib.format.read_magic(opened)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"{entry.filename!r} has format {version}")
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, is_fortran, dtype = read(opened)
        n_bytes = entry.file_size - opened.tell()
        if dtype.kind not in "fiub" or math.prod(shape) * dtype.itemsize != n_bytes:
            raise ValueError(f"{entry.filename!r} has {n_bytes} bytes for shape {shape} of {dtype}")
        content = bytearray(opened.read())
    return np.frombuffer(content, dtype).reshape(shape, order="F" if is_fortran else "C")


def is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(number(value))


def _hash(array: NDArray[Any]) -> str:
    return sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def _columns(descriptor: Any) -> str:
    """A checksum of the names of the columns, in their order."""
    return sha256("\n".join(descriptor.get_feature_names_out()).encode()).hexdigest()
