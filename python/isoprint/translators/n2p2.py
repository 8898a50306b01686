"""The symmetry functions in an `input.nn` of n2p2 or RuNNer."""

from __future__ import annotations

from typing import Any

from isoprint._support.parameters import flag, real
from isoprint.structures.elements import number_of, symbol_of

BOHR = 0.52917721090
# By number: `cutoff_type` of the file.
_CUTOFFS = ("hard", "cos", "tanh3", "tanh3_norm", "exp", "poly1", "poly2", "poly3", "poly4")
# What follows the elements of a line; the last of types 3 and 9 may be missing. Number of elements first.
_TYPES: dict[int, tuple[str, int, tuple[str, ...]]] = {
    2: ("g2", 1, ("eta", "r_s", "r_cut")),
    3: ("g4", 2, ("eta", "lambda", "zeta", "r_cut", "r_s")),
    9: ("g5", 2, ("eta", "lambda", "zeta", "r_cut", "r_s")),
    12: ("g2", 0, ("eta", "r_s", "r_cut")),
    13: ("g4", 0, ("eta", "r_s", "lambda", "zeta", "r_cut")),
}
_REFUSED = ("global_symfunction_short", "element_symfunction_short")


def acsf(text: str, element: Any, length_unit: Any, sort: bool) -> dict[str, Any]:
    """Parameters of `isoprint.ACSF` that mean the same as the functions of one central element."""
    center = symbol_of(number_of(element, "element"))
    unit = _unit(length_unit)
    elements: list[str] = []
    cutoff, alpha = "cos", 0.0
    found: list[tuple[int, dict[str, Any]]] = []
    for count, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        key, *values = words
        where = f"line {count}, {line.strip()!r}"
        if key in _REFUSED:
            raise ValueError(f"{where}: {key} is not supported; write its functions out as symfunction_short")
        if key == "elements":
            elements = [symbol_of(number_of(symbol, f"elements in {where}")) for symbol in values]
        elif key == "cutoff_type":
            cutoff, alpha = _cutoff(values, where)
        elif key == "symfunction_short" and values[:1] == [center]:
            found.append(_function(values[1:], unit, where))
    if not found:
        raise ValueError(
            f"there is no line symfunction_short {center} ...; is {center!r} a central element of the file?"
        )
    species = sorted(elements or _mentioned(found), key=number_of)
    if not species:
        raise ValueError("there is no line 'elements', and no function names an element; add one such as: elements H O")
    if flag("sort", sort):
        found.sort(key=lambda entry: _rank(entry[0], entry[1], species))
    functions = [function for _, function in found]
    return {
        "r_cut": max(function["r_cut"] for function in functions),
        "species": species,
        "functions": functions,
        "cutoff_function": cutoff,
        "alpha": alpha,
        "weights": "number",
        "unknown_species": "ignore",
        "centers": [center],
    }


def _unit(given: Any) -> float:
    """The unit of length in Å."""
    known = {"bohr": BOHR, "angstrom": 1.0}
    if isinstance(given, str) and given in known:
        return known[given]
    return real("length_unit", given, above=0.0, remedy="it must be 'bohr', 'angstrom' or a positive number of Å")


def _cutoff(values: list[str], where: str) -> tuple[str, float]:
    if not values or values[0] not in map(str, range(len(_CUTOFFS))):
        raise ValueError(f"{where}: expected a cutoff type from 0 to {len(_CUTOFFS) - 1}")
    alpha = _numbers(values[1:2], where)
    return _CUTOFFS[int(values[0])], alpha[0] if alpha else 0.0


def _function(values: list[str], unit: float, where: str) -> tuple[int, dict[str, Any]]:
    """Type and parameters of one line, in Å."""
    if not values or values[0] not in map(str, _TYPES):
        known = ", ".join(map(str, _TYPES))
        raise ValueError(f"{where}: type {values[0] if values else ''!r} is not supported; known are {known}")
    kind, n_elements, names = _TYPES[int(values[0])]
    elements, rest = values[1 : 1 + n_elements], _numbers(values[1 + n_elements :], where)
    least = len(names) - (names[-1] == "r_s")
    if not least <= len(rest) <= len(names):
        raise ValueError(f"{where}: expected {n_elements} elements and the numbers {', '.join(names)}")
    function: dict[str, Any] = {"kind": kind, **dict(zip(names, rest, strict=False))}
    function["eta"] /= unit**2
    for name in ("r_s", "r_cut"):
        if name in function:
            function[name] *= unit
    if elements:
        symbols = [symbol_of(number_of(symbol, f"elements in {where}")) for symbol in elements]
        function["species"] = symbols[0] if n_elements == 1 else symbols
    return int(values[0]), function


def _numbers(words: list[str], where: str) -> list[float]:
    try:
        # Fortran writes 1.0d-2.
        return [float(word.lower().replace("d", "e")) for word in words]
    except ValueError:
        raise ValueError(f"{where}: {' '.join(words)} are not all numbers; repair this line") from None


def _mentioned(found: list[tuple[int, dict[str, Any]]]) -> list[str]:
    """Elements of the neighbors."""
    seen: set[str] = set()
    for _, function in found:
        named = function.get("species", ())
        seen.update([named] if isinstance(named, str) else named)
    return list(seen)


def _rank(kind: int, function: dict[str, Any], species: list[str]) -> tuple[Any, ...]:
    """Where n2p2 sorts a function; cutoff functions are the same for all."""
    named = function.get("species", ())
    places = [species.index(symbol) for symbol in ([named] if isinstance(named, str) else named)]
    numbers = [function.get(name, 0.0) for name in ("r_cut", "eta", "r_s", "zeta", "lambda")]
    return (kind, *numbers, *places)
