"""Command lines of `gap_fit`, and the strings of its argument `gap`, as plain values."""

from __future__ import annotations

import difflib
import re
import warnings
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from isoprint._support.arrays import short_repr
from isoprint.structures.elements import number_of, symbol_of
from isoprint.translators._quip_arguments import Arguments

# What a fit asks of a term; all other keys are those of its descriptor.
_OF_A_TERM = (
    "zeta delta energy_scale n_sparse sparse_method covariance_type theta_uniform theta_fac theta_file theta f0"
    " add_species sparse_file config_type_n_sparse"
).split()
_METHODS = ("cur_points", "random", "uniform")
COVARIANCES = {"dot_product": "dot_product", "ard_se": "ard_se", "gaussian": "ard_se", "pp": "pp"}
# Older and newer names of one argument stand in one row.
_NAMES = (
    ("gap",),
    ("default_sigma", "default_kernel_regularisation"),
    ("config_type_sigma", "config_type_kernel_regularisation"),
    ("sparse_jitter",),
    ("e0",),
    ("e0_method",),
    ("rnd_seed",),
    ("energy_parameter_name",),
    ("force_parameter_name",),
    ("virial_parameter_name",),
    ("core_param_file", "baseline_param_filename"),
    ("core_ip_args", "baseline_ip_args"),
    ("at_file", "atoms_filename"),
    ("gp_file", "gap_file"),
)
# Arguments that change no model, or say what is so here anyway.
_NO_MATTER = frozenset(
    "do_copy_at_file do_copy_atoms_file sparse_separate_file verbosity openmp_chunk_size do_ip_timing template_file"
    " condition_number_norm linear_system_dump_file mpi_blocksize_rows mpi_blocksize_cols mpi_print_all"
    " export_covariance config_type_parameter_name hessian_parameter_name hessian_displacement hessian_delta"
    " sparse_use_actual_gpcov default_local_property_sigma default_kernel_regularisation_local_property"
    " local_property0 local_property_parameter_name config_file".split()
)
_TOKEN = re.compile(r"\s*([A-Za-z_]\w*)\s*=\s*")


class TermString(NamedTuple):
    """One term: the string of its descriptor, and what the fit is told about it."""

    name: str
    text: str
    zeta: float | None
    delta: float
    n_sparse: int | None
    method: str
    covariance: str
    theta: float
    f0: float
    add_species: bool


@dataclass
class GapFit:
    """What a command line of `gap_fit` says."""

    terms: list[TermString]
    sigmas: dict[str, Any] = field(default_factory=dict)
    """`sigma_energy`, `sigma_forces` and `sigma_virial`: numbers, or by `config_type`."""
    e0: Any = "average"
    jitter: float = 1e-10
    seed: int = 0
    keys: dict[str, str] = field(default_factory=dict)
    """Names of the labels: `energy`, `forces`, `virial`."""
    core_file: str | None = None


def parsed(text: str) -> GapFit:
    """A whole command line, or the terms alone, with the braces or without."""
    inner = text.strip()
    arguments = _arguments(inner) if re.match(r"(gap_fit\b|\S*/gap_fit\b|[A-Za-z_]\w*\s*=)", inner) else {"gap": inner}
    given = _known(arguments)
    if "gap" not in given:
        raise ValueError("the arguments have no gap={...}, which says what to fit")
    terms = [_term(each) for each in _split(_bare(given["gap"]))]
    found = GapFit(terms, _sigmas(given), _e0(given))
    if "sparse_jitter" in given:
        found.jitter = _real("sparse_jitter", given["sparse_jitter"])
    if "rnd_seed" in given:
        found.seed = max(0, int(_real("rnd_seed", given["rnd_seed"])))
    for kind, key in (("energy", "energy"), ("forces", "force"), ("virial", "virial")):
        if f"{key}_parameter_name" in given:
            found.keys[kind] = _bare(given[f"{key}_parameter_name"])
    if "core_param_file" in given:
        args = _bare(given.get("core_ip_args", ""))
        if args.split()[:2] != ["IP", "Glue"]:
            raise ValueError(f"core_ip_args is {args!r}; of core potentials only tables, 'IP Glue', are understood")
        found.core_file = _bare(given["core_param_file"])
    return found


def _arguments(text: str) -> dict[str, str]:
    """Keys and values, where a value is a word, a quoted text, or all between braces that belong together."""
    text = re.sub(r"^(\S*/)?gap_fit\b", "", text.strip())
    found: dict[str, str] = {}
    place = 0
    while text[place:].strip():
        token = _TOKEN.match(text, place)
        if token is None:
            raise ValueError(
                f"the arguments cannot be understood from {text[place:].strip()[:40]!r} on; write key=value"
            )
        key, place = token[1], token.end()
        value, place = _value(text, place, key)
        if key in found:
            raise ValueError(f"the argument {key} appears twice; keep one")
        found[key] = value
    return found


def _value(text: str, place: int, key: str) -> tuple[str, int]:
    start = text[place : place + 1]
    if start == "{":
        depth = 0
        for end in range(place, len(text)):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            if not depth:
                return text[place : end + 1], end + 1
        raise ValueError(f"a brace of {key} is not closed")
    if start in ("'", '"') and start:
        end = text.find(start, place + 1)
        if end < 0:
            raise ValueError(f"a quotation mark of {key} is not closed")
        return text[place + 1 : end], end + 1
    word = re.compile(r"[^\s{}]*").match(text, place)
    assert word is not None  # no characters match as well
    return word[0], word.end()


def _known(arguments: dict[str, str]) -> dict[str, str]:
    """Arguments by the first of their names; others are an error, or change nothing."""
    names = {name: row[0] for row in _NAMES for name in row}
    found: dict[str, str] = {}
    for key, value in arguments.items():
        if key in names:
            if names[key] in found:
                raise ValueError(f"the argument {names[key]} appears twice, once by another name; keep one")
            found[names[key]] = value
        elif key not in _NO_MATTER:
            near = difflib.get_close_matches(key, [*names, *_NO_MATTER], n=1)
            hint = f"; did you mean {near[0]}?" if near else ", or not supported; leave it out"
            raise ValueError(f"the argument {key} is unknown{hint}")
    return found


def _split(text: str) -> list[str]:
    """Terms between colons that are in no braces."""
    parts, depth = [""], 0
    for letter in text:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == ":" and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    terms = [" ".join(part.split()) for part in parts]
    if not all(terms):
        raise ValueError(f"gap={{...}} has a term without a name in {short_repr(text)}")
    return terms


def _bare(text: str) -> str:
    text = text.strip()
    while text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    return text


def _term(text: str) -> TermString:
    name = text.split()[0]
    with warnings.catch_warnings():
        # Keys of the descriptor are looked at by those who translate it.
        warnings.simplefilter("ignore", UserWarning)
        given = Arguments(text, name.lower(), _OF_A_TERM, ("add_species",), lenient=True)
    for key in ("theta_fac", "theta_file", "theta", "sparse_file", "config_type_n_sparse"):
        if key in given:
            remedies = {"theta_fac": "theta_uniform", "theta_file": "theta_uniform", "theta": "theta_uniform"}
            raise ValueError(f"{key} of {name} is not supported; give {remedies.get(key, 'n_sparse')}")
    covariance = given.word("covariance_type", "")
    if covariance.lower() not in COVARIANCES:
        raise ValueError(
            f"covariance_type of {name} is {covariance!r}; choose one of {', '.join(COVARIANCES)}"
            if covariance
            else f"covariance_type of {name} is missing"
        )
    scale = given.either("delta", "energy_scale")
    kind = COVARIANCES[covariance.lower()]
    theta = given.real("theta_uniform", 1.0 if kind == "dot_product" else None)
    return TermString(
        name=name.lower(),
        text=text,
        zeta=given.real("zeta") if kind == "dot_product" else None,
        delta=given.real(scale),
        n_sparse=given.integer("n_sparse") if "n_sparse" in given else None,
        method=_method(given, name),
        covariance=kind,
        theta=theta,
        f0=given.real("f0", 0.0),
        add_species=given.flag("add_species", True),
    )


def _method(given: Arguments, name: str) -> str:
    method = given.word("sparse_method", "random").lower()
    if method not in _METHODS:
        raise ValueError(f"sparse_method of {name} is {method!r}; choose one of {', '.join(_METHODS)}")
    return method


def _sigmas(given: dict[str, str]) -> dict[str, Any]:
    kinds = ("sigma_energy", "sigma_forces", "sigma_virial")
    found: dict[str, Any] = {}
    if "default_sigma" in given:
        numbers = [_real("default_sigma", word) for word in _bare(given["default_sigma"]).split()]
        if len(numbers) not in (3, 4):
            raise ValueError(
                f"default_sigma has {len(numbers)} numbers; give those of energies, forces, virials, Hessians"
            )
        found = dict(zip(kinds, numbers, strict=False))
    if "config_type_sigma" in given:
        words = _bare(given["config_type_sigma"]).split(":")
        if len(words) % 5:
            raise ValueError(f"config_type_sigma has {len(words)} entries; give a name and four numbers for each type")
        for place, kind in enumerate(kinds):
            by_type = {
                words[k].strip(): _real("config_type_sigma", words[k + 1 + place]) for k in range(0, len(words), 5)
            }
            found[kind] = {**({"default": found[kind]} if kind in found else {}), **by_type}
    return found


def _e0(given: dict[str, str]) -> Any:
    if "e0" in given:
        words = _bare(given["e0"]).split(":")
        if len(words) == 1:
            return _real("e0", words[0])
        if len(words) % 2:
            raise ValueError(f"e0 is {given['e0']!r}; give an energy for each element, as in {{Si:-158.5:O:-2045.2}}")
        return {
            symbol_of(number_of(element.strip(), "e0")): _real("e0", energy)
            for element, energy in zip(words[::2], words[1::2], strict=True)
        }
    method = _bare(given.get("e0_method", "isolated"))
    if method not in ("average", "isolated"):
        raise ValueError(f"e0_method is {method!r}; choose 'average' or 'isolated'")
    return "average"


def _real(key: str, word: str) -> float:
    try:
        return float(re.sub(r"(?<=[\d.])[dD](?=[+-]?\d)", "e", _bare(word)))
    except ValueError:
        raise ValueError(f"{key} contains {_bare(word)!r}, which is not a number") from None
