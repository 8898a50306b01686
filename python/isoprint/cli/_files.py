"""Structures from files, for all commands."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from isoprint import _seal


def read(options: Any) -> list[Any]:
    """The structures that the options name."""
    from ase.io import read as read_frames

    if not Path(options.input).exists():
        raise ValueError(f"there is no file {options.input!r}")
    try:
        frames = read_frames(options.input, index=options.index, format=options.format)
    except Exception as problem:  # every format fails in its own way
        detail = f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__
        raise ValueError(f"{options.input} cannot be read; check --format and --index ({detail})") from None
    _seal.warn_if_damaged(options.input)
    return frames if isinstance(frames, list) else [frames]


def add_start(parser: argparse.ArgumentParser) -> None:
    """The options that name a structure and a center, or a molecule that is distorted."""
    parser.add_argument("input", metavar="IN", help="a file that ase reads, or a molecule such as NH3 or CH4")
    parser.add_argument("--center", type=int, default=0, help="the atom whose fingerprint is meant (0)")
    parser.add_argument("--index", default="0", help="which structure of the file (0)")
    parser.add_argument("--format", default=None, help="format of the file, where ase does not guess it")
    group = parser.add_argument_group("distortion of a molecule, see helical_start")
    group.add_argument("--stretch", type=float, help="amplitude of the bond lengths in Å (0.03)")
    group.add_argument("--bend", type=float, help="amplitude of the angles in Å (0.07)")
    group.add_argument("--seed", type=int, help="of phase and handedness (0)")


def started(options: Any) -> list[Any]:
    """The structures of a file, or the distorted molecule that IN names."""
    distortion = {name: value for name, value in vars(options).items() if name in ("stretch", "bend", "seed")}
    if Path(options.input).exists() or not options.input.isalnum():
        if distortion:
            raise ValueError(
                f"--{next(iter(distortion))} distorts a molecule given by its formula, but {options.input!r} is a file"
            )
        return read(options)
    from isoprint.manifold.starts import helical_start

    return [helical_start(options.input, **distortion)]


def require_single(n_frames: int, given: dict[str, Any], outputs: tuple[str, ...]) -> None:
    """Refuse several structures where an output is about one."""
    asked = [name for name in outputs if name in given]
    if n_frames != 1 and asked:
        raise ValueError(
            f"--{asked[0]} is about one structure, but --index {given['index']} chose {n_frames}; choose one by --index"
        )
