"""Argument strings of QUIP's descriptors, as `quippy` and `gap_fit` take them."""

from __future__ import annotations

import re
from typing import Any

from isoprint._support.arrays import short_repr
from isoprint.structures.elements import SYMBOLS, symbol_of
from isoprint.translators._quip_arguments import Arguments

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
    " species_Z n_species central_index compress_mode compress_file"
).split()
_KNOWN = sorted({*_COMMON, *(name for names in _PER_SPECIES.values() for name in names)})


def soap_turbo(text: str, *, lenient: bool = False) -> dict[str, Any]:
    """Parameters of `isoprint.SoapTurbo` that mean the same as an argument string of `soap_turbo`.

    Defaults are those of QUIP. An array of one number stands for all species, as a bare number does. What `lenient`
    means, `Arguments` says.
    """
    given = Arguments(text, "soap_turbo", _KNOWN, lenient=lenient)
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


# The keys of `soap`; those that change nothing unless they are true or not 0 are refused when they would.
_OF_SOAP = sorted(
    """
    l_max n_max cutoff cutoff_transition_width cutoff_dexp cutoff_scale cutoff_rate atom_sigma atom_gaussian_width
    central_weight central_reference_all_species normalise normalize covariance_sigma0 basis_error_exponent
    diagonal_radial average n_Z Z n_species species_Z nu_R nu_S radial_basis
    xml_version Z_mix R_mix sym_mix K mix_shift Z_map coupling
    """.split()
)
_BASES = {"EQUISPACED_GAUSS": "equispaced", "POLY": "polynomial_quip", "GTO": "gto_quip"}
# Potentials from before this have other defaults.
_OLDEST_XML_VERSION = 1426512068


_FLAGS_OF_SOAP = (
    "average central_reference_all_species coupling diagonal_radial normalise normalize R_mix sym_mix Z_mix".split()
)


def soap(text: str, *, lenient: bool = False) -> dict[str, Any]:
    """Parameters of `isoprint.SOAP` that mean the same as an argument string of `soap`; defaults are those of QUIP.

    What `lenient` means, `Arguments` says. An average of rows that are not normalized is refused unless it is lenient.
    """
    given = Arguments(text, "soap", _OF_SOAP, _FLAGS_OF_SOAP, lenient=lenient)
    _refuse_what_soap_has_not(given)
    species = _elements(given, "species_Z", "n_species")
    centers = _elements(given, "Z", "n_Z")
    basis = given.word("radial_basis", "EQUISPACED_GAUSS")
    if basis not in _BASES:
        raise ValueError(
            f"radial_basis is {short_repr(basis)}, which is not supported; choose one of {', '.join(_BASES)}"
        )
    parameters: dict[str, Any] = {
        "r_cut": given.real("cutoff"),
        "n_max": given.integer("n_max"),
        "l_max": given.integer("l_max"),
        "species": species or "any",
        "sigma": given.real(given.either("atom_sigma", "atom_gaussian_width")),
        "basis": _BASES[basis],
        "cutoff_width": given.real("cutoff_transition_width", 0.5),
        "weighting": _decay(given),
        "central_weight": given.real("central_weight", 1.0),
        "center_everywhere": given.flag("central_reference_all_species", len(species) == 1),
        "compression": _contraction(given),
        "normalize": _normalized(given),
        "convention": "quip",
        "constant": given.real("covariance_sigma0", 0.0),
        "basis_error_exponent": given.real("basis_error_exponent", 10.0),
        "unknown_species": "ignore",
        "centers": centers or None,
        "average": None,
    }
    if given.flag("average", False):
        if not parameters["normalize"] and not lenient:
            raise ValueError(
                "average is T with normalise F, where QUIP sums over atoms, so that the length of a row grows with"
                " their number; take normalise=T"
            )
        parameters["average"] = "inner"
    return parameters


def _refuse_what_has_no_meaning(given: Arguments, n_species: int) -> None:
    if given.integer("n_species", n_species) != n_species:
        raise ValueError(
            f"n_species is {given.integer('n_species')}, but species_Z has {n_species} entries; make them agree"
        )
    if given.word("scaling_mode", "polynomial") != "polynomial":
        raise ValueError(
            f"scaling_mode is {given.word('scaling_mode', '')!r}, which leaves amplitudes undefined;"
            " only 'polynomial' has a meaning"
        )
    basis = given.word("basis", "poly3")
    if basis not in ("poly3", "poly3gauss"):
        raise ValueError(f"basis is {basis!r}, which is not supported; choose 'poly3' or 'poly3gauss'")


def _refuse_what_soap_has_not(given: Arguments) -> None:
    for key in ("Z_mix", "R_mix", "sym_mix"):
        if given.flag(key, False):
            raise ValueError(
                f"{key} is T, which mixes channels with random numbers of QUIP; compress with nu_R and nu_S instead"
            )
    for key in ("K", "mix_shift"):
        if key in given and given.integer(key) != 0:
            raise ValueError(
                f"{key} is {given.text(key)}, which is about random mixing and not supported; leave it out"
            )
    if "Z_map" in given:
        raise ValueError("Z_map is in the argument string, but groups of elements are not supported; leave it out")
    if not given.flag("coupling", True):
        raise ValueError("coupling is F, which is not supported; leave it out, or compress with nu_R and nu_S")
    if "xml_version" in given and given.integer("xml_version") < _OLDEST_XML_VERSION:
        raise ValueError(
            f"xml_version is {given.integer('xml_version')}, whose defaults and factors are not supported;"
            f" leave it out, or give at least {_OLDEST_XML_VERSION}"
        )


def _elements(given: Arguments, key: str, count: str) -> list[str]:
    """Symbols of the elements that a key lists; none where it stands for all."""
    numbers = given.integers(key)
    n = given.integer(count, len(numbers))
    if n != len(numbers) and not (n <= 1 and not any(numbers) and len(numbers) <= 1):
        raise ValueError(f"{count} is {n}, but {key} has {len(numbers)} entries; make them agree")
    if numbers in ([], [0]):
        return []
    for number in numbers:
        if number == 0:
            raise ValueError(f"{key} mixes 0, which stands for every element, with others; give one or the other")
        if not 0 < number < len(SYMBOLS):
            raise ValueError(f"{key} contains {number}, which is no atomic number; use 1 to {len(SYMBOLS) - 1}")
    repeated = {number for number in numbers if numbers.count(number) > 1}
    if repeated:
        raise ValueError(f"{key} contains {min(repeated)} more than once; list every element once")
    return [symbol_of(number) for number in numbers]


def _decay(given: Arguments) -> dict[str, Any] | None:
    """The weights that cutoff_dexp, cutoff_rate and cutoff_scale make: rate / (rate + (r / scale)^dexp)."""
    power, scale, rate = (
        given.real("cutoff_dexp", 0.0),
        given.real("cutoff_scale", 1.0),
        given.real("cutoff_rate", 1.0),
    )
    if power < 0:
        raise ValueError(f"cutoff_dexp is {given.text('cutoff_dexp')}; it must not be negative")
    if power == 0:
        return None
    if rate < 0 or scale <= 0:
        key = "cutoff_rate" if rate < 0 else "cutoff_scale"
        raise ValueError(f"{key} is {given.text(key)}, which makes weights that are not finite; give a positive number")
    if rate == 0:
        return {"function": "pow", "r0": scale, "c": 1.0, "d": 0.0, "m": power, "w0": 1.0}
    return {"function": "pow", "r0": scale, "c": rate, "d": rate, "m": power}


def _contraction(given: Arguments) -> str | None:
    counts = given.integer("nu_R", 2), given.integer("nu_S", 2)
    for key, count in zip(("nu_R", "nu_S"), counts, strict=True):
        if not 0 <= count <= 2:
            raise ValueError(f"{key} is {count}; it must be 0, 1 or 2")
    if given.flag("diagonal_radial", False):
        if counts != (2, 2):
            raise ValueError("diagonal_radial is T with nu_R or nu_S below 2; keep one of the two compressions")
        return "diagonal"
    return None if counts == (2, 2) else f"{counts[0]}_{counts[1]}"


def _normalized(given: Arguments) -> bool:
    if "normalise" in given and "normalize" in given:
        given.either("normalise", "normalize")
    return given.flag("normalize" if "normalize" in given else "normalise", True)


def _soft(given: Arguments, r_cut: float) -> float:
    if "rcut_soft" in given:
        if "cutoff_transition_width" in given:
            raise ValueError("rcut_soft and cutoff_transition_width are both in the argument string; keep one")
        return given.real("rcut_soft")
    return r_cut - given.real("cutoff_transition_width", 0.5)


def _compression(given: Arguments) -> str | None:
    mode = given.word("compress_mode", "None")
    if "compress_file" in given and given.text("compress_file") != "None":
        if mode != "None":
            raise ValueError("compress_mode and compress_file are both in the argument string; keep one")
        return given.text("compress_file")
    if mode == "None":
        return None
    if mode != "trivial" and not re.fullmatch("[0-2]_[0-2]", mode):
        raise ValueError(
            f"compress_mode is {short_repr(mode)}; it must be None, trivial, or two counts from 0 to 2 such as 1_1"
        )
    return mode


_DEFAULTS: dict[str, float] = {
    "sigma_scaling": 0.0,
    "sigma_t_scaling": 0.0,
    "amplitude_scaling": 1.0,
    "central_weight": 1.0,
}


def _per_species(given: Arguments, name: str, theirs: tuple[str, ...], symbols: list[str]) -> Any:
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


def mask_name(text: str) -> str | None:
    """The array of truth values that the arguments of a calculation name; `None` where they name none."""
    given = Arguments(f"calc {text}", "calc", ("atom_mask_name", "xml_version"), lenient=True)
    if "xml_version" in given and given.integer("xml_version") < _OLDEST_XML_VERSION:
        raise ValueError(f"xml_version is {given.text('xml_version')}, whose factors are not supported; leave it out")
    return given.text("atom_mask_name") if "atom_mask_name" in given else None
