"""Argument strings of QUIP's descriptors, as `quippy` and `gap_fit` take them."""

from __future__ import annotations

import difflib
import re
from typing import Any

from isoprint._elements import SYMBOLS, symbol_of

_PAIR = re.compile(
    r"""(?P<key>[A-Za-z_]\w*)\s*=\s*(?:\{+(?P<array>[^{}]*)\}+|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s{}"'=]+))\s*"""
)

# What a key is called there, and here. Two names of one thing stand in one row.
_PER_SPECIES = {
    "n_max": ("alpha_max", "n_max"),
    "sigma": ("atom_sigma_r", "atom_sigma"),
    "sigma_t": ("atom_sigma_t", "atom_sigma"),
    "sigma_scaling": ("atom_sigma_r_scaling", "atom_sigma_scaling"),
    "sigma_t_scaling": ("atom_sigma_t_scaling", "atom_sigma_scaling"),
    "amplitude_scaling": ("amplitude_scaling",),
    "central_weight": ("central_weight",),
}
_COMMON = (
    "rcut_hard cutoff rcut_soft cutoff_transition_width l_max nf radial_enhancement basis scaling_mode"
    " species_Z n_species central_index compress_mode compress_file add_species"
).split()
_KNOWN = sorted({*_COMMON, *(name for names in _PER_SPECIES.values() for name in names)})
_OF_THE_FIT = (
    "covariance_type zeta delta f0 n_sparse sparse_method sparse_file config_type_n_sparse unique_hash_tolerance"
    " unique_descriptor_tolerance print_sparse_index theta_fac theta_uniform"
).split()


def soap_turbo(text: str) -> dict[str, Any]:
    """Parameters of `isoprint.SoapTurbo` that mean the same as an argument string of `soap_turbo`.

    Defaults are those of QUIP. An array of one number stands for all species, as a bare number does.
    """
    given = _Arguments(text, "soap_turbo", _KNOWN)
    species = given.integers("species_Z")
    if not species:
        raise ValueError(
            "species_Z is missing from the argument string; list the atomic numbers, as in species_Z={1 6}"
        )
    for number in species:
        if not 0 < number < len(SYMBOLS):
            raise ValueError(f"species_Z contains {number}, which is no atomic number; use 1 to {len(SYMBOLS) - 1}")
    _refuse_what_has_no_meaning(given, len(species))
    center = given.integer("central_index", 1)
    if not 1 <= center <= len(species):
        raise ValueError(f"central_index is {center}, but species_Z has {len(species)} entries, counted from 1")
    r_cut = given.real(given.either("rcut_hard", "cutoff"))
    symbols = [symbol_of(number) for number in species]
    parameters: dict[str, Any] = {
        "r_cut": r_cut,
        "l_max": given.integer("l_max"),
        "r_soft": _soft(given, r_cut),
        "species": symbols,
        "filter_decay": given.real("nf", 4.0),
        "radial_enhancement": given.integer("radial_enhancement", 0),
        "basis": given.word("basis", "poly3"),
        "compression": _compression(given),
        "unknown_species": "ignore",
        "centers": [symbols[center - 1]],
    }
    for name, theirs in _PER_SPECIES.items():
        parameters[name] = _per_species(given, name, theirs, symbols)
    if parameters["sigma_t"] == parameters["sigma"]:
        parameters["sigma_t"] = None
    return parameters


class _Arguments:
    """Keys and values of an argument string, each read as what it should be."""

    def __init__(self, text: str, name: str, known: list[str]) -> None:
        head, _, rest = text.strip().partition(" ")
        if head != name:
            raise ValueError(f"the argument string begins with {head!r}; it must begin with {name!r}")
        self._values: dict[str, list[str]] = {}
        self._whole: dict[str, str] = {}
        place, rest = 0, rest.strip()
        while place < len(rest):
            pair = _PAIR.match(rest, place)
            if pair is None:
                raise ValueError(
                    f"the argument string cannot be understood from {rest[place : place + 40]!r} on;"
                    " write key=value or key={a b c}"
                )
            self._add(pair, known)
            place = pair.end()

    def _add(self, pair: re.Match[str], known: list[str]) -> None:
        key = pair["key"]
        if key not in known:
            near = difflib.get_close_matches(key, known, n=3)
            remedy = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(known)}"
            if key in _OF_THE_FIT:
                remedy = "it belongs to the fit, not to the descriptor, so leave it out"
            raise ValueError(f"the key {key!r} of the argument string is unknown; {remedy}")
        if key in self._values:
            raise ValueError(f"the key {key!r} appears twice in the argument string; keep one")
        value = next(value for value in pair.group("array", "double", "single", "word") if value is not None)
        self._whole[key] = value.strip()
        self._values[key] = value.strip("{} ").replace(",", " ").split()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def either(self, key: str, alias: str) -> str:
        """The one of two names of a required thing that is there."""
        if key in self and alias in self:
            raise ValueError(f"{key} and its other name {alias} are both in the argument string; keep one")
        if key not in self and alias not in self:
            raise ValueError(f"{key} is missing from the argument string")
        return key if key in self else alias

    def text(self, key: str) -> str:
        """The value as it is written."""
        return self._whole[key]

    def word(self, key: str, default: str) -> str:
        return " ".join(self._values[key]) if key in self else default

    def flag(self, key: str, default: bool) -> bool:
        word = self.word(key, "T" if default else "F")
        if word.upper().strip(".") not in ("T", "F", "TRUE", "FALSE"):
            raise ValueError(f"{key} is {word!r}; write T or F")
        return word.upper().strip(".").startswith("T")

    def integers(self, key: str) -> list[int]:
        return [_number(key, word, int) for word in self._values.get(key, [])]

    def reals(self, key: str) -> list[float]:
        return [_number(key, word, _fortran) for word in self._values[key]]

    def integer(self, key: str, default: int | None = None) -> int:
        return int(self._one(key, self.integers(key) if key in self else [], default))

    def real(self, key: str, default: float | None = None) -> float:
        return float(self._one(key, self.reals(key) if key in self else [], default))

    def _one(self, key: str, values: list[Any], default: Any) -> Any:
        if key not in self:
            if default is None:
                raise ValueError(f"{key} is missing from the argument string")
            return default
        if len(values) != 1:
            raise ValueError(f"{key} is {self._whole[key]!r}; give one number")
        return values[0]


def _number(key: str, word: str, convert: Any) -> Any:
    try:
        return convert(word)
    except ValueError:
        kind = "an integer" if convert is int else "a number"
        raise ValueError(f"{key} contains {word!r}, which is not {kind}") from None


def _fortran(word: str) -> float:
    """A real number, also with Fortran's exponents: `1.5d0`."""
    return float(re.sub(r"(?<=[\d.])[dD](?=[+-]?\d)", "e", word))


def _refuse_what_has_no_meaning(given: _Arguments, n_species: int) -> None:
    if given.integer("n_species", n_species) != n_species:
        raise ValueError(
            f"n_species is {given.integer('n_species')}, but species_Z has {n_species} entries; make them agree"
        )
    if given.flag("add_species", False):
        raise ValueError(
            "add_species is T, which makes one descriptor of every species;"
            " build one for each species_Z, with add_species=F"
        )
    if given.word("scaling_mode", "polynomial") != "polynomial":
        raise ValueError(
            f"scaling_mode is {given.word('scaling_mode', '')!r}, which leaves amplitudes undefined;"
            " only 'polynomial' has a meaning"
        )
    basis = given.word("basis", "poly3")
    if basis not in ("poly3", "poly3gauss"):
        raise ValueError(f"basis is {basis!r}, which is not supported; choose 'poly3' or 'poly3gauss'")


def _soft(given: _Arguments, r_cut: float) -> float:
    if "rcut_soft" in given:
        if "cutoff_transition_width" in given:
            raise ValueError("rcut_soft and cutoff_transition_width are both in the argument string; keep one")
        return given.real("rcut_soft")
    return r_cut - given.real("cutoff_transition_width", 0.5)


def _compression(given: _Arguments) -> str | None:
    mode = given.word("compress_mode", "None")
    if "compress_file" in given and given.text("compress_file") != "None":
        if mode != "None":
            raise ValueError("compress_mode and compress_file are both in the argument string; keep one")
        return given.text("compress_file")
    if mode == "None":
        return None
    if mode != "trivial" and not re.fullmatch("[0-2]_[0-2]", mode):
        raise ValueError(f"compress_mode is {mode!r}; it must be None, trivial, or two counts from 0 to 2 such as 1_1")
    return mode


_DEFAULTS: dict[str, float] = {
    "sigma_scaling": 0.0,
    "sigma_t_scaling": 0.0,
    "amplitude_scaling": 1.0,
    "central_weight": 1.0,
}


def _per_species(given: _Arguments, name: str, theirs: tuple[str, ...], symbols: list[str]) -> Any:
    """One value where all species agree, else a mapping by symbol."""
    present = [key for key in theirs if key in given]
    if len(present) > 1 and name == "n_max":
        given.either(*theirs)
    if not present:
        if name not in _DEFAULTS:
            raise ValueError(f"{' or '.join(theirs)} is missing from the argument string")
        return _DEFAULTS[name]
    key = present[0]
    values: list[Any] = given.integers(key) if name == "n_max" else given.reals(key)
    if len(values) == 1:
        return values[0]
    if len(values) != len(symbols):
        raise ValueError(
            f"{key} has {len(values)} entries, but species_Z has {len(symbols)}; give one for each, or a single one"
        )
    return values[0] if len(set(values)) == 1 else dict(zip(symbols, values, strict=True))
