"""Features to a store that outlives the command: it goes on after an interrupt, and can be added to."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from isoprint import stored_features, write_features
from isoprint._support.plural import plural
from isoprint.cli import _inputs, _room
from isoprint.descriptors._base import Descriptor
from isoprint.structures.elements import numbers_of

SUFFIXES = (".npy", ".zarr", ".h5", ".hdf5", ".parquet")


def wanted(options: argparse.Namespace) -> bool:
    """Whether OUT is to be such a store."""
    given = vars(options)
    return "resume" in given or "append" in given or Path(options.output).suffix == ".parquet"


def require_place(path: str) -> None:
    """Refuse a path that is no store; what is there already is looked at when it is opened."""
    if Path(path).suffix not in SUFFIXES:
        raise ValueError(
            f"output is {path!r}, and what goes on after an interrupt has one of the suffixes {' '.join(SUFFIXES)}"
        )
    if not Path(path).absolute().parent.is_dir():
        raise ValueError(f"output is {path!r}, but there is no folder {str(Path(path).parent)!r}; make it first")


def journal_of(path: str) -> Path:
    """Where the journal of a store is."""
    return Path(f"{path}.journal")


def has_journal(path: str) -> bool:
    """Whether there is a journal; there is none of a name that is too long for it."""
    return os.path.exists(journal_of(path))  # noqa: PTH110  (pathlib raises where a name is too long)


def run(options: argparse.Namespace, descriptor: Descriptor) -> int:
    """Write features batch after batch, and say how to go on where that is interrupted."""
    given, path = vars(options), options.output
    append = "append" in given
    there = has_journal(path)
    if there and not (append or "resume" in given):
        raise ValueError(
            f"{path} is there already, and is kept; go on by --resume, add to it by --append, or give another name"
        )
    _prepare(descriptor, options, there)
    before = _safe(path)
    try:
        found = write_features(
            path,
            _inputs.one_by_one(options),
            descriptor,
            append=append,
            n_jobs=options.n_jobs,
            progress=_counting if sys.stderr.isatty() else None,
        )
    except (KeyboardInterrupt, ValueError, OSError) as problem:
        if not isinstance(problem, ValueError) or _safe(path) > before:  # else these arguments cannot go on
            _say_how_to_go_on(options)
        raise
    made = f"{plural(found.n_rows, 'row')} of {plural(found.n_features, 'feature')}"
    print(f"{path}: {made} from {plural(found.n_frames, 'structure')}")
    return 0


def _prepare(descriptor: Descriptor, options: argparse.Namespace, there: bool) -> None:
    """Species, where they are not given, of the store that is there or of all structures; and whether there is room."""
    if there:
        if descriptor.species is None:
            descriptor.set_params(species=_species_of(options.output))
        return
    if _inputs.has_stdin(options):
        if descriptor.species is None:
            raise ValueError(
                "--species is missing, and standard input cannot be read twice to find them; give --species H,O"
            )
        return
    elements = None if descriptor.centers is None else numbers_of(descriptor.centers, "centers")
    counts = _inputs.counted(_inputs.one_by_one(options), elements, descriptor.average is not None)
    if descriptor.species is None:
        descriptor.set_params(species=descriptor.fit([_inputs.specimen(counts.numbers)]).species_)
    twice = Path(options.output).suffix in (".h5", ".hdf5")  # put together at the end from what was written
    _room.require(descriptor, counts.n_rows, options.output, 2 if twice else 1)


def _species_of(path: str) -> Any:
    """The species of a store; `None` where its journal is none, which is told when it is opened."""
    with journal_of(path).open("rb") as lines:
        try:
            return json.loads(lines.readline())["parameters"]["species"]
        except (ValueError, LookupError, TypeError):
            return None


def _counting(n_frames: int, n_rows: int) -> None:
    print(f"\r{plural(n_frames, 'structure')}, {plural(n_rows, 'row')}", end="", file=sys.stderr, flush=True)


def _safe(path: str) -> int:
    """Structures whose rows are safe."""
    try:
        return stored_features(path).n_frames
    except ValueError:  # there is no store, or it is told when it is opened
        return 0


def _say_how_to_go_on(options: argparse.Namespace) -> None:
    """What is safe, and how the rest is made."""
    try:
        found = stored_features(options.output)
    except ValueError:  # what it is was told, or is about to be
        return
    if found.complete:
        return
    again = "the same command" if {"resume", "append"} & vars(options).keys() else "the same command with --resume"
    print(
        f"{options.output}: {plural(found.n_rows, 'row')} of {plural(found.n_frames, 'structure')} are safe; {again}"
        " goes on",
        file=sys.stderr,
    )
