"""`isoprint transform`: structures in, features out."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from isoprint import __version__
from isoprint._support.jobs import threads
from isoprint._support.plural import plural
from isoprint._support.progress import reporting
from isoprint.cli import _descriptors, _files, _outputs
from isoprint.cli._warnings import warn
from isoprint.descriptors._base import Descriptor
from isoprint.extras import storage
from isoprint.structures.centers import resolve
from isoprint.structures.elements import numbers_of, spell
from isoprint.structures.frames import pack

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


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "transform",
        help="describe every atom of the structures in a file",
        description="Describe every atom of the structures in a file, and write one row of features for each.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("input", metavar="IN", help="structures, in any format that ase reads")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        required=True,
        help=f"features; the suffix decides: {' '.join(storage.SUFFIXES)}",
    )
    _files.add_input(parser, ":", "structures, such as 0, -1 or ::10 (all)")
    parser.add_argument("--n-jobs", type=int, default=None, help="threads; -1 for all cores")
    _descriptors.add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    _outputs.require(options, storage.require_place)
    descriptor = _descriptors.chosen(options)
    threads(options.n_jobs)
    frames = _files.read(options)
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
    absent = _absent(elements or [], packed.numbers, options)
    if absent and not len(centers.atom) and Path(options.output).exists():
        raise ValueError(f"{absent}; {options.output} is kept as it was")
    if absent:
        warn(absent)
    with (
        storage.create(options.output, shape, np.dtype(descriptor.dtype).name, about) as rows,
        reporting(sys.stderr.isatty()) as report,
    ):
        if isinstance(rows, np.ndarray):
            descriptor.transform(frames, out=rows, n_jobs=options.n_jobs, progress=report)
        else:
            _in_batches(descriptor, frames, offsets, rows, options.n_jobs, report)
    _descriptors.notice(descriptor, options)
    made = f"{plural(shape[0], 'row')} of {plural(shape[1], 'feature')}"
    print(f"{options.output}: {made} from {plural(packed.n_frames, 'structure')}")
    return 0


def _absent(elements: list[int], numbers: Any, options: Any) -> str | None:
    """What to say where atoms of an element are to become rows and no structure has any."""
    absent = [number for number in elements if number not in numbers]
    if not absent:
        return None
    given = f" ({vars(options)['centers']!r} was asked for)" if "centers" in vars(options) else ""
    return (
        f"no atom of {options.input} is a center of {spell(absent)}{given}: it has {spell(np.unique(numbers))}; centers"
        " are elements, not indices"
    )


def _in_batches(
    descriptor: Descriptor, frames: list[Any], offsets: Any, rows: Any, n_jobs: int | None, report: Any
) -> None:
    """Write batch after batch of whole frames into something that is no numpy array."""
    most = max(1, BATCH // (8 * rows.shape[1]))
    start = 0
    while start < len(frames):
        stop = max(start + 1, int(np.searchsorted(offsets, offsets[start] + most, side="right")) - 1)
        first, last = int(offsets[start]), int(offsets[stop])

        def report_chunk(done: int, total: int, first: int = first) -> None:
            report(first + done, rows.shape[0])

        if last > first:
            rows[first:last] = descriptor.transform(
                frames[start:stop], n_jobs=n_jobs, progress=report_chunk if report else None
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
