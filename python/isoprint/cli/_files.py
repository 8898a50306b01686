"""Structures from files, for all commands."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from isoprint._support import checksums
from isoprint._support.plural import plural
from isoprint.cli import _atom_types, _formats

_INDEX = re.compile(r"[+-]?\d+|[+-]?\d*:[+-]?\d*(:([+-]?\d*))?")
# Formats of databases, where an index may also be a query.
_QUERIED = ("db", "json", "mysql", "postgresql")
# What is said where a molecule is distorted and nothing was asked: the defaults of `helical_start`.
_DISTORTION = {"stretch": 0.03, "bend": 0.07, "seed": 0}


def add_input(parser: argparse.ArgumentParser, index: str, about: str) -> None:
    """The options that say how a file is read and which of its structures are meant."""
    parser.add_argument("--index", help=f"which {about}")
    parser.add_argument("--format", default=None, help="format of the file, where ase does not guess it")
    parser.add_argument(
        "--types",
        metavar="X",
        default=None,
        help="elements of atom types, for files that know types only: Cl,Na or 1=Cl,2=Na, and CA=Ca for names of atoms",
    )
    parser.set_defaults(default_index=index)


def read(options: Any) -> list[Any]:
    """The structures that the options name; at least one of them, with at least one atom."""
    path, asked = _located(options)
    known = _formats.detect_format(path, options.format)
    index = _index(asked, known)
    frames = _formats.read_frames(path, index, known)
    checksums.warn_if_damaged(path)
    if not frames:
        raise ValueError(_why_none(path, known, asked))
    frames = _atom_types.named(frames, path, known, options.types)
    if not any(map(len, frames)):
        raise ValueError(f"{path} has no atoms in {plural(len(frames), 'structure')}, read as {known}")
    return frames


def parted(name: str) -> tuple[str, str | None]:
    """The file that a name leads to, and the index behind it where ase's `FILE@INDEX` is meant; no file, no index."""
    file, at, index = name.rpartition("@")
    if not Path(name).exists() and at and _INDEX.fullmatch(index) and Path(file).exists():
        return file, index
    return name, None


def _located(options: Any) -> tuple[Path, str]:
    """The file, and which of its structures are asked for: by `--index`, or as ase has it, by `FILE@INDEX`."""
    name, index = parted(options.input)
    if not Path(name).exists():
        raise ValueError(f"there is no file {options.input!r}")
    given = getattr(options, "index", None)
    if index is not None and given is not None:
        raise ValueError(f"{options.input!r} already says which structures, and --index {given} says it again")
    return Path(name), next(wish for wish in (index, given, options.default_index) if wish is not None)


def _index(text: str, known: str) -> int | slice | str:
    """What an index means: a place, a slice, or a query of a database."""
    if not _INDEX.fullmatch(text.strip()):
        if known in _QUERIED:
            return text
        raise ValueError(f"--index is {text!r}; give a number such as 0 or -1, or a slice such as : or 10: or ::10")
    parts = [int(part) if part else None for part in text.strip().split(":")]
    if len(parts) == 1:
        assert parts[0] is not None
        return parts[0]
    if len(parts) == 3 and parts[2] == 0:
        raise ValueError(f"--index is {text!r}, whose step is 0; take every structure by : or every tenth by ::10")
    return slice(*parts)


def _why_none(path: Path, known: str, asked: str) -> str:
    """Why nothing was read: the file has nothing, or the index asks for what it does not have."""
    n = 0 if asked == ":" else _formats.count(path, known)
    if n == 0:
        return f"{path} holds no structures, read as {known}; {_formats.suggest_format(path, known)}"
    has = "the only one is number 0" if n == 1 else f"they are numbers 0 to {n - 1}"
    return f"{path} cannot be read by --index {asked}, which chooses none of {plural(n, 'structure')}: {has}"


def add_start(parser: argparse.ArgumentParser) -> None:
    """The options that name a structure and a center, or a molecule that is distorted."""
    parser.add_argument("input", metavar="IN", help="a file that ase reads, or a molecule such as NH3 or CH4")
    parser.add_argument("--center", type=int, default=0, help="the atom whose fingerprint is meant (0)")
    add_input(parser, "0", "structure of the file (0)")
    group = parser.add_argument_group("distortion of a molecule, see helical_start")
    group.add_argument("--stretch", type=float, help=f"amplitude of the bond lengths in Å ({_DISTORTION['stretch']})")
    group.add_argument("--bend", type=float, help=f"amplitude of the angles in Å ({_DISTORTION['bend']})")
    group.add_argument("--seed", type=int, help=f"of phase and handedness ({_DISTORTION['seed']})")


def is_formula(options: Any) -> bool:
    """Whether IN is a molecule rather than a file; options about files must not be given then."""
    if Path(options.input).exists() or not options.input.isalnum():
        return False
    asked = [name for name in ("index", "format", "types") if getattr(options, name, None) is not None]
    if asked:
        raise ValueError(f"--{asked[0]} is about a file, but there is no file {options.input!r}")
    return True


def started(options: Any) -> tuple[list[Any], str | None]:
    """The structures of a file; or the distorted molecule that IN names, and a line that says so."""
    distortion = {name: value for name, value in vars(options).items() if name in ("stretch", "bend", "seed")}
    if not is_formula(options):
        if distortion:
            raise ValueError(
                f"--{next(iter(distortion))} distorts a molecule given by its formula, but {options.input!r} is a file"
            )
        return read(options), None
    from isoprint.blindness.manifold.starts import helical_start

    try:
        frame = helical_start(options.input, **distortion)
    except ValueError as problem:
        raise ValueError(f"there is no file {options.input!r}, and {problem}") from None
    size = {**_DISTORTION, **distortion}
    how = f"bonds by {size['stretch']} Å, angles by {size['bend']} Å, seed {size['seed']}"
    return [frame], f"{options.input} is distorted, as a symmetric structure hides more than others: {how}"


def require_single(n_frames: int, options: Any, outputs: tuple[str, ...]) -> None:
    """Refuse several structures where an output is about one."""
    asked = [name for name in outputs if name in vars(options)]
    if n_frames != 1 and asked:
        index = getattr(options, "index", None) or options.input.rpartition("@")[2]
        raise ValueError(
            f"--{asked[0]} is about one structure, but --index {index} chose {n_frames}; choose one by --index"
        )
