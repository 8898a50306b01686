"""Argument strings of QUIP's descriptor `behler`: symmetry functions, in units of atoms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from isoprint._support.arrays import short_repr
from isoprint.structures.elements import SYMBOLS, symbol_of
from isoprint.translators._quip_arguments import Arguments

# In Å, as QUIP has it (CODATA 2014).
_BOHR = 0.52917721067

# What QUIP takes where nothing is specified: the functions of N. Artrith and J. Behler, Phys. Rev. B 85, 045439 (2012).
_RADIUS = 11.338
_RADIAL = (0.001, 0.01, 0.02, 0.035, 0.06, 0.1, 0.2, 0.4)
_ANGULAR = {
    0.0001: (1, 2),
    0.003: (1, 2),
    0.008: (1, 2),
    0.015: (1, 2, 4, 16),
    0.025: (1, 2, 4, 16),
    0.045: (1, 2, 4, 16),
    0.08: (1, 2, 4, 16),
}


def behler(text: str, *, lenient: bool = False) -> dict[str, Any]:
    """Parameters of `isoprint.ACSF` that mean the same as an argument string of `behler`."""
    given = Arguments(text, "behler", ("Z", "specification", "specification_file"), lenient=lenient)
    if "specification" in given and "specification_file" in given:
        given.either("specification", "specification_file")
    if "specification_file" in given:
        functions = _specified(Path(given.text("specification_file")).read_text(encoding="utf-8"))
    elif "specification" in given:
        functions = _specified(given.text("specification"))
    else:
        functions = _usual()
    center = given.integer("Z", 0)
    named = {element for function in functions for element in function.get("species", ())}
    return {
        "r_cut": max(function["r_cut"] for function in functions),
        "species": sorted(named, key=SYMBOLS.index) if named else "any",
        "functions": functions,
        "unknown_species": "ignore",
        "centers": [symbol_of(center)] if center else None,
    }


def _usual() -> list[dict[str, Any]]:
    radial = [_radial(eta, 0.0, _RADIUS) for eta in _RADIAL]
    angular = [
        _angular(eta, sign, zeta, _RADIUS) for eta, zetas in _ANGULAR.items() for zeta in zetas for sign in (-1, 1)
    ]
    # The last pair of the list has one sign only.
    return [*radial, *angular[:-2], angular[-1]]


def _radial(eta: float, shift: float, radius: float) -> dict[str, Any]:
    return {"kind": "g2", "eta": eta / _BOHR**2, "r_s": shift * _BOHR, "r_cut": radius * _BOHR}


def _angular(eta: float, sign: float, zeta: float, radius: float) -> dict[str, Any]:
    return {"kind": "g4", "eta": eta / _BOHR**2, "zeta": zeta, "lambda": sign, "r_cut": radius * _BOHR}


def _specified(text: str) -> list[dict[str, Any]]:
    """Functions as `2:Z:eta:R_s:cutoff` and `3:Z:Z:eta:lambda:zeta:cutoff`, with bars between them."""
    functions = []
    for entry in text.replace("\n", "|").split("|"):
        words = entry.strip(" {}").split(":")
        if words == [""]:
            continue
        try:
            order, numbers = int(words[0]), [float(word) for word in words[1:]]
        except ValueError:
            order, numbers = 0, []
        if (order, len(numbers)) == (2, 4):
            function, elements = _radial(*numbers[1:]), numbers[:1]
        elif (order, len(numbers)) == (3, 6):
            function, elements = _angular(*numbers[2:]), numbers[:2]
        else:
            raise ValueError(
                f"specification has {short_repr(entry.strip())}; write 2:Z:eta:R_s:cutoff or"
                " 3:Z:Z:eta:lambda:zeta:cutoff, with | between functions"
            )
        functions.append({**function, **_elements(elements)})
    if len({"species" in function for function in functions}) != 1:
        raise ValueError("specification mixes functions of named elements with those of any (0), or has none at all")
    # All functions of distance come first, whatever the order in which they are written.
    return sorted(functions, key=lambda function: function["kind"] != "g2")


def _elements(numbers: list[float]) -> dict[str, Any]:
    """The elements of a function; nothing where they may be any."""
    if not any(numbers):
        return {}
    for number in numbers:
        if not (number.is_integer() and 0 < number < len(SYMBOLS)):
            raise ValueError(
                f"specification has the atomic number {number:g}; use 1 to {len(SYMBOLS) - 1}, or 0 in all functions"
            )
    return {"species": [symbol_of(int(number)) for number in numbers]}
