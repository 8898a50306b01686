"""The command `isoprint`: structures in, features out."""

from __future__ import annotations

import argparse
import difflib
import inspect
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from isoprint import __version__
from isoprint._elements import numbers_of
from isoprint._jobs import threads
from isoprint._progress import reporting
from isoprint.centers import resolve
from isoprint.descriptors._base import Descriptor
from isoprint.descriptors.acsf import ACSF
from isoprint.descriptors.coulomb_matrix import CoulombMatrix
from isoprint.descriptors.overlap_matrix import OverlapMatrix
from isoprint.descriptors.soap import SOAP
from isoprint.descriptors.soap_turbo import SoapTurbo
from isoprint.extras import storage
from isoprint.frames import pack

# Called as in QUIP where it has them: the first word of an argument string chooses too.
DESCRIPTORS: dict[str, type[Descriptor]] = {
    "soap_turbo": SoapTurbo,
    "soap": SOAP,
    "acsf": ACSF,
    "overlap_matrix": OverlapMatrix,
    "coulomb_matrix": CoulombMatrix,
}
_OF_QUIP: dict[str, Any] = {"soap_turbo": SoapTurbo.from_quip, "soap": SOAP.from_quip}
# Rows computed at a time where they cannot be written in place, in bytes.
BATCH = 2**26

_EXAMPLE = """\
examples:
  isoprint transform water.extxyz -o water.npz --descriptor soap_turbo --r-cut 5 --n-max 8 --l-max 8
  isoprint transform md.traj -o md.npy --index ::10 --r-cut 4.5 --n-max O=8,H=6 --l-max 6 --species O,H --n-jobs -1
  isoprint transform water.extxyz -o water.npz --descriptor soap --r-cut 5 --n-max 8 --l-max 6 --sigma 0.4 --basis gto
  isoprint transform water.extxyz -o water.npz --descriptor acsf --config functions.toml --cutoff-function poly2
  isoprint transform water.extxyz -o water.npz --descriptor overlap_matrix --r-cut 5 --orbitals sp --max-sites 60
  isoprint transform gap.xyz -o gap.h5 --quip "soap_turbo l_max=8 alpha_max=8 cutoff=5 atom_sigma=0.5 species_Z=6"
  isoprint transform gap.xyz -o gap.h5 --quip "soap l_max=8 n_max=8 cutoff=5 atom_sigma=0.5 n_species=1 species_Z=6"
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    try:
        options = _parser().parse_args(arguments)
        return int(options.run(options))
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except ImportError as problem:
        return _complain(f"{problem}; install it with pip")
    except (ValueError, TypeError, OSError, MemoryError) as problem:
        return _complain(str(problem) or type(problem).__name__)


def _complain(message: str, status: int = 2) -> int:
    print(f"isoprint: error: {' '.join(message.split())}", file=sys.stderr)
    return status


class _Parser(argparse.ArgumentParser):
    """Errors in one line; `--help` shows the rest."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: error: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def _parser() -> _Parser:
    parser = _Parser(prog="isoprint", description="Atomic fingerprints of structures in files.")
    parser.add_argument("--version", action="version", version=f"isoprint {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    transform = commands.add_parser(
        "transform",
        help="describe every atom of the structures in a file",
        description="Describe every atom of the structures in a file, and write one row of features for each.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    transform.add_argument("input", metavar="IN", help="structures, in any format that ase reads")
    transform.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        required=True,
        help=f"features; the suffix decides: {' '.join(storage.SUFFIXES)}",
    )
    transform.add_argument("--descriptor", choices=list(DESCRIPTORS), help="which fingerprint (soap_turbo)")
    transform.add_argument(
        "--config", metavar="FILE", help="parameters from a TOML file; options on the command line win"
    )
    transform.add_argument(
        "--quip", metavar="TEXT", help="parameters from an argument string of QUIP's descriptors soap_turbo or soap"
    )
    transform.add_argument("--index", default=":", help="which structures, such as 0, -1 or ::10 (all)")
    transform.add_argument("--format", default=None, help="format of the input, where ase does not guess it")
    transform.add_argument("--n-jobs", type=int, default=None, help="threads; -1 for all cores")
    _add_parameters(transform)
    transform.set_defaults(run=_transform)
    return parser


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
            groups[title].add_argument(option, metavar="X", type=_value, help=text)


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
            sentence = f"{sentence}: {choices.strip('{}')}"
        found.update(dict.fromkeys(names.split(", "), sentence))
    return found


def _value(text: str) -> Any:
    """What an option means: a number, a word, several after commas, or several by species as `C=8,H=5`."""
    if re.fullmatch(r"\w+=[^,=]+(,\w+=[^,=]+)*", text):
        return {key: _value(entry) for key, _, entry in (pair.partition("=") for pair in text.split(","))}
    if "," in text:
        return [_value(entry) for entry in text.split(",") if entry]
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            pass
    return None if text.lower() == "none" else text


def _descriptor(options: argparse.Namespace) -> Descriptor:
    """The fingerprint that the options, the file of parameters and the argument string ask for."""
    given = vars(options)
    configured = _configured(given["config"]) if "config" in given else {}
    chosen = given.get("descriptor", configured.pop("descriptor", None))
    name = _name_of_quip(given["quip"], chosen) if "quip" in given else chosen or "soap_turbo"
    if name not in DESCRIPTORS:
        raise ValueError(f"descriptor is {name!r}; choose one of {', '.join(DESCRIPTORS)}")
    known = DESCRIPTORS[name]._defaults()
    for key in configured:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            raise ValueError(
                f"{given['config']}: {name} has no parameter {key!r}{f'; did you mean {near[0]!r}?' if near else ''}"
            )
    parameters = {**configured, **_parameters_among(given, name)}
    if "quip" in given:
        return _of_quip(given["quip"], name, parameters)
    missing = [key for key, default in known.items() if default is inspect.Parameter.empty and key not in parameters]
    if missing:
        raise ValueError(
            f"missing {', '.join('--' + key.replace('_', '-') for key in missing)}; give it here or in a --config file"
        )
    return DESCRIPTORS[name](**parameters)


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


def _name_of_quip(text: str, chosen: str | None) -> str:
    """The fingerprint that the first word of an argument string names."""
    word = (text.split() or [""])[0]
    if word not in _OF_QUIP:
        raise ValueError(f"the argument string begins with {word!r}; it must begin with {' or '.join(_OF_QUIP)}")
    if chosen not in (None, word):
        raise ValueError(f"--quip is about {word}, but the descriptor is {chosen}; leave one out")
    return word


def _of_quip(text: str, name: str, parameters: dict[str, Any]) -> Descriptor:
    build = _OF_QUIP[name]
    extra = sorted(set(parameters) - set(inspect.signature(build).parameters))
    if extra:
        raise ValueError(f"--quip already says {', '.join(extra)}; leave them out")
    descriptor: Descriptor = build(text, **parameters)
    return descriptor


def _configured(path: str) -> dict[str, Any]:
    """Parameters in a TOML file."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        with Path(path).open("rb") as file:
            return dict(tomllib.load(file))
    except tomllib.TOMLDecodeError as problem:
        raise ValueError(f"{path} is not valid TOML: {problem}") from None


def _read(options: argparse.Namespace) -> list[Any]:
    from ase.io import read

    if not Path(options.input).exists():
        raise ValueError(f"there is no file {options.input!r}")
    try:
        frames = read(options.input, index=options.index, format=options.format)
    except Exception as problem:  # every format fails in its own way
        detail = f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__
        raise ValueError(f"{options.input} cannot be read; check --format and --index ({detail})") from None
    return frames if isinstance(frames, list) else [frames]


def _transform(options: argparse.Namespace) -> int:
    descriptor = _descriptor(options)
    threads(options.n_jobs)
    frames = _read(options)
    descriptor.fit(frames)
    packed = pack(frames)
    elements = None if descriptor.centers is None else numbers_of(descriptor.centers, "centers")
    centers = resolve(None, packed, False, elements)
    averaged = descriptor.average is not None
    offsets = np.arange(packed.n_frames + 1) if averaged else centers.offsets
    about = {
        "offsets": offsets,
        "feature_names": [str(name) for name in descriptor.get_feature_names_out()],
        "parameters": _parameters(descriptor),
    }
    if not averaged:
        about["atom"] = centers.atom
    shape = int(offsets[-1]), descriptor.n_features
    with (
        storage.create(options.output, shape, np.dtype(descriptor.dtype).name, about) as rows,
        reporting(sys.stderr.isatty()) as report,
    ):
        if isinstance(rows, np.ndarray):
            descriptor.transform(frames, out=rows, n_jobs=options.n_jobs, progress=report)
        else:
            _in_batches(descriptor, frames, offsets, rows, options.n_jobs, report)
    print(f"{options.output}: {shape[0]} rows of {shape[1]} features from {packed.n_frames} structures")
    return 0


def _in_batches(
    descriptor: Descriptor, frames: list[Any], offsets: Any, rows: Any, n_jobs: int | None, report: Any
) -> None:
    """Write batch after batch of whole frames into something that is no numpy array."""
    most = max(1, BATCH // (8 * rows.shape[1]))
    start = 0
    while start < len(frames):
        stop = max(start + 1, int(np.searchsorted(offsets, offsets[start] + most, side="right")) - 1)
        first, last = int(offsets[start]), int(offsets[stop])

        def told(done: int, total: int, first: int = first) -> None:
            report(first + done, rows.shape[0])

        if last > first:
            rows[first:last] = descriptor.transform(
                frames[start:stop], n_jobs=n_jobs, progress=told if report else None
            )
        start = stop


def _parameters(descriptor: Descriptor) -> dict[str, Any]:
    """What made the features, as far as JSON can say it."""
    said = {
        "descriptor": type(descriptor).__name__,
        "isoprint": __version__,
        **descriptor.get_params(),
        "species": descriptor.species_,
    }
    plain: dict[str, Any] = json.loads(json.dumps(said, default=str))
    return plain


if __name__ == "__main__":
    sys.exit(main())
