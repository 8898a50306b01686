"""Arguments of DScribe's descriptors."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import real
from isoprint.structures.elements import number_of, symbol_of
from isoprint.translators._keys import hint, keys, only

SOAP_ARGUMENTS = (
    "r_cut",
    "n_max",
    "l_max",
    "sigma",
    "rbf",
    "weighting",
    "average",
    "compression",
    "species",
    "periodic",
    "sparse",
    "dtype",
)
# Atoms count as long as their Gaussian is above this at the cutoff.
FAINTEST = 1e-3
_THRESHOLD = 0.01
# What each of its weighting functions needs to tell a cutoff.
WEIGHTS = {"poly": ("r0", "c", "m"), "pow": ("r0", "c", "d", "m"), "exp": ("r0", "c", "d")}
_NOT_NEGATIVE = ("w0", "c", "d", "m")
_COMPRESSIONS = {"off": None, "mu2": "mu2", "mu1nu1": "mu1nu1", "crossover": "crossover"}


def by_name(what: str, names: Sequence[str], positional: Sequence[Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Positional arguments under the names of their places, with those that have names."""
    if len(positional) > len(names):
        raise TypeError(f"DScribe's {what} takes {len(names)} arguments, {len(positional)} were given")
    by_place = dict(zip(names, positional, strict=False))
    twice = [name for name in by_place if name in arguments]
    if twice:
        raise TypeError(f"DScribe's {what} was given {twice[0]} twice: by place and by name")
    return {**by_place, **arguments}


def soap(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of `isoprint.SOAP` that mean the same as these arguments of DScribe's `SOAP`."""
    for name in arguments:
        if name not in SOAP_ARGUMENTS:
            raise ValueError(f"DScribe's SOAP has no argument {name!r}; {hint(name, SOAP_ARGUMENTS)}")
    for name in ("n_max", "l_max"):
        if arguments.get(name) is None:
            raise ValueError(f"{name} is missing from the arguments of DScribe's SOAP; give it")
    sigma = real("sigma", arguments.get("sigma", 1.0), above=0.0, remedy="it must be a positive number of Å")
    weighting, threshold = _weighting(arguments.get("weighting"))
    r_cut = arguments.get("r_cut")
    compression, species_weight = _compression(arguments.get("compression"))
    average = only("average", arguments.get("average", "off"), ("off", "inner", "outer"))
    return {
        "r_cut": _r_cut(weighting, threshold) if r_cut is None else r_cut,
        "n_max": arguments["n_max"],
        "l_max": arguments["l_max"],
        "species": _species(arguments.get("species")),
        "sigma": sigma,
        "basis": only("rbf", arguments.get("rbf", "gto"), ("gto", "polynomial")),
        "cutoff_width": 0.0,
        "padding": sigma * math.sqrt(-2.0 * math.log(FAINTEST)),
        "weighting": weighting,
        "species_weight": species_weight,
        "compression": compression,
        "normalize": False,
        "convention": "dscribe",
        "periodic": arguments.get("periodic") or False,
        "average": None if average == "off" else average,
        "dtype": arguments.get("dtype", "float64"),
    }


ACSF_ARGUMENTS = (
    "r_cut",
    "g2_params",
    "g3_params",
    "g4_params",
    "g5_params",
    "species",
    "periodic",
    "sparse",
    "dtype",
)


def acsf(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of `isoprint.ACSF` that mean the same as these arguments of DScribe's `ACSF`."""
    for name in arguments:
        if name not in ACSF_ARGUMENTS:
            raise ValueError(f"DScribe's ACSF has no argument {name!r}; {hint(name, ACSF_ARGUMENTS)}")
    if arguments.get("r_cut") is None:
        raise ValueError("r_cut is missing from the arguments of DScribe's ACSF; give it")
    given = {kind: arguments.get(f"{kind}_params") for kind in ("g2", "g3", "g4", "g5")}
    return {
        "r_cut": arguments["r_cut"],
        "species": _species(arguments.get("species")),
        **{kind: parameters_of(kind, values) for kind, values in given.items()},
        "periodic": arguments.get("periodic") or False,
        "dtype": arguments.get("dtype", "float64"),
    }


_COLUMNS = {"g2": ("eta", "Rs"), "g4": ("eta", "zeta", "lambda"), "g5": ("eta", "zeta", "lambda")}


def parameters_of(kind: str, given: Any) -> list[Any]:
    """Parameters of one kind of symmetry function as nested lists; `ValueError` where they have another shape.

    Parameters
    ----------
    kind : str
        From "g2" to "g5".
    given : array_like or None
        A vector for "g3", a matrix for others.
    """
    if given is None:
        return []
    try:
        values = np.array(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{kind}_params is {short_repr(given)}; give an array of numbers") from None
    if kind == "g3":
        if values.ndim != 1:
            raise ValueError(f"g3_params should be a vector; it has {values.ndim} dimensions.")
    else:
        names = _COLUMNS[kind]
        if values.ndim != 2 or values.shape[1] != len(names):
            raise ValueError(
                f"{kind}_params should be a matrix with {len(names)} columns ({', '.join(names)}); its shape is"
                f" {values.shape}."
            )
    found: list[Any] = values.tolist()
    return found


def _species(given: Any) -> list[str] | None:
    """Symbols in the order of the atomic numbers, each once, whatever order they are given in."""
    if given is None:
        return None
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise ValueError(f"species is {short_repr(given)}; give a list of symbols or atomic numbers, as DScribe needs")
    return [symbol_of(number) for number in sorted({number_of(one) for one in given})]


def _weighting(given: Any) -> tuple[dict[str, Any] | None, float]:
    """The weights without the threshold, which is about the cutoff only."""
    if given is None or (isinstance(given, Mapping) and not given):
        return None, _THRESHOLD
    if not isinstance(given, Mapping):
        raise ValueError(
            f"weighting is {short_repr(given)}; give a mapping such as {{'function': 'poly', 'r0': 3.0, ...}}"
        )
    weights = dict(given)
    for name in _NOT_NEGATIVE:
        if weights.get(name) is not None:
            real(f"{name} of weighting", weights[name], least=0.0, remedy="it must not be negative in DScribe")
    threshold = weights.pop("threshold", _THRESHOLD)
    return weights, real("threshold of weighting", threshold, above=0.0, remedy="it must be a positive number")


def _r_cut(weighting: dict[str, Any] | None, threshold: float) -> float:
    """Where the weight has fallen to the threshold."""
    kind = None if weighting is None else weighting.get("function")
    if weighting is None or kind not in WEIGHTS:
        raise ValueError("r_cut is missing from the arguments of DScribe's SOAP; only a weighting function can tell it")
    values = {name: weighting.get(name) for name in WEIGHTS[kind]}
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise ValueError(f"weighting has no {', '.join(missing)}, which {kind!r} needs; give every one")
    numbers = {
        name: real(f"{name} of weighting", value, remedy="it must be a finite number") for name, value in values.items()
    }
    r0 = numbers["r0"]
    if kind == "poly":
        return r0
    beyond = numbers["c"] / threshold - numbers["d"]
    if beyond <= 0 or (kind == "pow" and numbers["m"] <= 0) or (kind == "exp" and beyond <= 1):
        raise ValueError(
            f"weighting {kind!r} does not tell a cutoff: its threshold {threshold} is not reached from above;"
            " give r_cut, or another threshold"
        )
    return float(r0 * (beyond ** (1.0 / numbers["m"]) if kind == "pow" else math.log(beyond)))


def _compression(given: Any) -> tuple[str | None, Any]:
    """Compression and weights of the species."""
    if given is None:
        return None, 1.0
    known = keys("compression", given, ("mode",), ("species_weighting",))
    mode = only("mode of compression", known["mode"], tuple(_COMPRESSIONS))
    weights = known.get("species_weighting")
    return _COMPRESSIONS[mode], 1.0 if weights is None else weights
