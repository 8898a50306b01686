"""Options that choose a fingerprint, shared by all commands."""

from __future__ import annotations

import argparse
import inspect
import re
from collections.abc import Sequence
from typing import Any

from isoprint import descriptors
from isoprint.cli import _config
from isoprint.cli._values import value
from isoprint.cli._warnings import warn
from isoprint.descriptors import ACSF, SOAP, SoapTurbo
from isoprint.descriptors._base import Descriptor
from isoprint.descriptors._compiled import CompiledDescriptor
from isoprint.descriptors._whole_frames import FrameDescriptor


def _spelled(name: str) -> str:
    """The name of a class in lower case: `SoapTurbo` is soap_turbo, `SOAP` is soap."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


# Every fingerprint of atoms that is made of parameters alone. QUIP has the same names where it has them: the first word
# of an argument string chooses too.
DESCRIPTORS: dict[str, type[Descriptor]] = {
    _spelled(name): cls
    for name in descriptors.__all__
    if issubclass(cls := getattr(descriptors, name), CompiledDescriptor) and not issubclass(cls, FrameDescriptor)
}
_OF_QUIP: dict[str, Any] = {"soap_turbo": SoapTurbo.from_quip, "soap": SOAP.from_quip}


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that choose a fingerprint and its parameters."""
    parser.add_argument("--descriptor", choices=list(DESCRIPTORS), help="which fingerprint (soap_turbo)")
    parser.add_argument("--config", metavar="FILE", help="parameters from a TOML file; options on the command line win")
    parser.add_argument(
        "--quip", metavar="TEXT", help="parameters from an argument string of QUIP's descriptors soap_turbo or soap"
    )
    parser.add_argument(
        "--standard", action="store_true", help="with --descriptor acsf: 10 functions of distance and 48 of angles"
    )
    _add_parameters(parser)


_HOW = "by species as C=8,H=5"
# Parameters that are too long for a command line.
_ONLY_IN_FILES = ("basis_matrix", "g2", "g3", "g4", "g5", "functions")


def _add_parameters(parser: argparse.ArgumentParser) -> None:
    """One option for each parameter of a constructor; those of several fingerprints stand in a group of their own."""
    owners: dict[str, list[str]] = {}
    for name, descriptor in DESCRIPTORS.items():
        for key in descriptor._defaults():
            owners.setdefault(key, []).append(name)
    explained = {name: _explanations(descriptor) for name, descriptor in DESCRIPTORS.items()}
    groups: dict[str, Any] = {}
    for key, names in owners.items():
        if key in _ONLY_IN_FILES:
            continue
        title = f"parameters of {' and '.join(names)}, {_HOW}"
        if title not in groups:
            groups[title] = parser.add_argument_group(title)
        helps = {name: _help(explained[name][key], DESCRIPTORS[name]._defaults()[key]) for name in names}
        said = set(helps.values())
        text = said.pop() if len(said) == 1 else "; ".join(f"{name}: {help}" for name, help in helps.items())
        option, default = f"--{key.replace('_', '-')}", DESCRIPTORS[names[0]]._defaults()[key]
        if isinstance(default, bool):
            groups[title].add_argument(option, action=argparse.BooleanOptionalAction, help=text)
        else:
            groups[title].add_argument(option, metavar="X", type=value, help=text)


def _help(explanation: str, default: Any) -> str:
    """What a parameter means, and its default if that says something."""
    quiet = isinstance(default, bool) or default is None or default is inspect.Parameter.empty
    return explanation.replace("%", "%%") + ("" if quiet else f" ({default})")


def _explanations(descriptor: type[Descriptor]) -> dict[str, str]:
    """The first sentence on every parameter in a numpydoc docstring, and the choices where there are any."""
    section = inspect.getdoc(descriptor).partition("Parameters\n----------\n")[2].partition("\n\n")[0]  # type: ignore[union-attr]
    found: dict[str, str] = {}
    for names, choices, text in re.findall(r"^(\w[\w, ]*) : (.*)\n((?:    .*\n?)+)", section, re.MULTILINE):
        sentence = re.split(r"(?<=\w)[.;] ", " ".join(text.split()) + " ")[0].strip(". ")
        if choices.startswith("{"):
            words, _, rest = choices[1:].partition("}")
            sentence = f"{sentence}: {words}{rest}"
        found.update(dict.fromkeys(names.split(", "), sentence))
    return found


def chosen(options: argparse.Namespace, besides: Sequence[str] = ()) -> Descriptor:
    """The fingerprint that the options, the file of parameters and the argument string ask for.

    `besides` names what the file may hold of another kind.
    """
    given = vars(options)
    configured = _config.read(given["config"]) if "config" in given else {}
    configured = {key: value for key, value in configured.items() if key not in besides}
    wanted = given.get("descriptor", configured.pop("descriptor", None))
    name = _name_of_quip(given["quip"], wanted) if "quip" in given else wanted or "soap_turbo"
    if not isinstance(name, str) or name not in DESCRIPTORS:
        raise ValueError(f"descriptor is {name!r}; choose one of {', '.join(DESCRIPTORS)}")
    known = DESCRIPTORS[name]._defaults()
    _config.require_known(given.get("config", ""), configured, name, known, DESCRIPTORS)
    parameters = {**configured, **_parameters_among(given, name)}
    if "standard" in given:
        return _standard(name, parameters)
    if "quip" in given:
        return _of_quip(given["quip"], name, parameters)
    missing = [key for key, default in known.items() if default is inspect.Parameter.empty and key not in parameters]
    if missing:
        raise ValueError(
            f"missing {', '.join('--' + key.replace('_', '-') for key in missing)}; give it here or in a --config file"
        )
    return DESCRIPTORS[name](**parameters)


def refuse_beside(option: str, options: argparse.Namespace, besides: Sequence[str] = ()) -> None:
    """Complain of options of a fingerprint where another one says all of it."""
    parameters = {key for descriptor in DESCRIPTORS.values() for key in descriptor._defaults()}
    for key in vars(options):
        if key in parameters | {"descriptor", "quip", "standard"} and key not in besides:
            raise ValueError(
                f"--{key.replace('_', '-')} goes with one fingerprint, and --{option} says all of them; keep one"
            )


_FUNCTIONS = {"g1", "g2", "g3", "g4", "g5", "functions"}
_NO_FUNCTIONS = (
    "no functions were given for acsf, whose G1 alone counts neighbors and sees no shapes; take --standard, or list g2,"
    " g3, g4 or g5 in a --config file"
)


def notice(descriptor: Descriptor, options: argparse.Namespace) -> None:
    """Warn where nobody has said what the fingerprint is to see."""
    if _is_bare(descriptor, options):
        warn(_NO_FUNCTIONS)


def require_shapes(descriptor: Descriptor, options: argparse.Namespace) -> None:
    """Raise there, where the question is what the fingerprint sees."""
    if _is_bare(descriptor, options):
        raise ValueError(_NO_FUNCTIONS)


def _is_bare(descriptor: Descriptor, options: argparse.Namespace) -> bool:
    """Whether these are symmetry functions of which none was asked for."""
    several = any(getattr(descriptor, name, ()) for name in _FUNCTIONS - {"g1"})
    return isinstance(descriptor, ACSF) and not several and "g1" not in vars(options)


def _standard(name: str, parameters: dict[str, Any]) -> Descriptor:
    """The set of symmetry functions that needs no list."""
    if name != "acsf":
        raise ValueError(f"--standard is a set of symmetry functions, not of {name}; take --descriptor acsf")
    own = sorted(parameters.keys() & _FUNCTIONS)
    if own:
        raise ValueError(f"--standard already says {', '.join(own)}; leave them out")
    return ACSF.standard(**parameters)


def _parameters_among(given: dict[str, Any], name: str) -> dict[str, Any]:
    """The options that are parameters of a fingerprint; none may be one of another."""
    known = DESCRIPTORS[name]._defaults()
    for other, descriptor in DESCRIPTORS.items():
        for key in descriptor._defaults():
            if key in given and key not in known:
                raise ValueError(
                    f"--{key.replace('_', '-')} is a parameter of {other}, not of {name};"
                    f" leave it out, or take --descriptor {other}"
                )
    return {key: value for key, value in given.items() if key in known}


def _name_of_quip(text: str, wanted: str | None) -> str:
    """The fingerprint that the first word of an argument string names."""
    word = (text.split() or [""])[0]
    if word not in _OF_QUIP:
        raise ValueError(f"the argument string begins with {word!r}; it must begin with {' or '.join(_OF_QUIP)}")
    if wanted not in (None, word):
        raise ValueError(f"--quip is about {word}, but the descriptor is {wanted}; leave one out")
    return word


def _of_quip(text: str, name: str, parameters: dict[str, Any]) -> Descriptor:
    build = _OF_QUIP[name]
    extra = sorted(set(parameters) - set(inspect.signature(build).parameters))
    if extra:
        raise ValueError(f"--quip already says {', '.join(extra)}; leave them out")
    descriptor: Descriptor = build(text, **parameters)
    return descriptor
