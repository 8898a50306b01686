"""`isoprint transform`: structures in, features out."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from isoprint._support.jobs import threads
from isoprint._support.parameters import whole
from isoprint._support.plural import plural
from isoprint._support.progress import reporting
from isoprint.cli import _descriptors, _estimate, _files, _inputs, _outputs, _room, _stores, _workers
from isoprint.cli._warnings import warn
from isoprint.descriptors._base import Descriptor
from isoprint.extras import storage
from isoprint.stores.parameters import parameters_of
from isoprint.structures.elements import numbers_of, spell

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

many structures:
  isoprint transform run*.extxyz -o all.zarr --config soap.toml --dry-run
  isoprint transform run*.extxyz -o all.zarr --config soap.toml --resume
  isoprint transform run9.extxyz -o all.zarr --config soap.toml --append
  isoprint transform run*.extxyz -o all.npy --config soap.toml --workers 8
  xz -dc run.xyz.xz | isoprint transform - -o all.parquet --config soap.toml --species H,O --resume
"""


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "transform",
        help="describe every atom of the structures in files",
        description="Describe every atom of the structures in files, and write one row of features for each.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument(
        "input",
        metavar="IN",
        nargs="+",
        help="structures, in any format that ase reads; - for standard input, as extended XYZ or what --format says",
    )
    suffixes = " ".join([*storage.SUFFIXES, ".parquet"])
    parser.add_argument(
        "-o", "--output", metavar="OUT", required=True, help=f"features; the suffix decides: {suffixes}"
    )
    _files.add_input(parser, ":", "structures, such as 0, -1 or ::10 (all)")
    parser.add_argument("--n-jobs", type=int, default=None, help="threads; -1 for all cores")
    group = parser.add_argument_group("many structures")
    group.add_argument(
        "--resume",
        action="store_true",
        help="write batch after batch, with a journal beside OUT, and go on where an earlier run was interrupted:"
        " isoprint transform all.extxyz -o all.zarr --config soap.toml --resume",
    )
    group.add_argument(
        "--append",
        action="store_true",
        help="add rows of more structures to what --resume or --append wrote:"
        " isoprint transform more.extxyz -o all.zarr --config soap.toml --append",
    )
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="say how many rows, columns and bytes there would be, and about how long it would take; write nothing:"
        " isoprint transform all.extxyz -o all.zarr --config soap.toml --dry-run",
    )
    group.add_argument(
        "--workers",
        metavar="N",
        type=int,
        help="processes of one thread each, by dask, instead of threads:"
        " isoprint transform all.extxyz -o all.npy --config soap.toml --workers 8",
    )
    _descriptors.add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    stored, given = _stores.wanted(options), vars(options)
    _require_together(given)
    _outputs.require(options, _stores.require_place if stored else _require_place)
    descriptor = _descriptors.chosen(options)
    threads(options.n_jobs)
    _inputs.require(options)
    if "dry_run" in given:
        return _dry_run(options, descriptor)
    if stored:
        status = _stores.run(options, descriptor)
        _descriptors.notice(descriptor, options)
        return status
    large = _inputs.are_large(options)
    frames: list[Any] = [] if large else _inputs.read(options)
    elements, averaged = _elements(descriptor), descriptor.average is not None
    counts = _inputs.counted(_inputs.one_by_one(options) if large else frames, elements, averaged)
    descriptor.fit([_inputs.specimen(counts.numbers)] if large else frames)
    absent = _absent(elements or [], counts.numbers, options)
    if absent and not len(counts.atom) and Path(options.output).exists():
        raise ValueError(f"{absent}; {options.output} is kept as it was")
    if absent:
        warn(absent)
    _room.require(descriptor, counts.n_rows, options.output)
    try:
        _write(options, descriptor, frames, counts)
    except KeyboardInterrupt:
        where = " ".join(_stores.SUFFIXES)
        print(f"{options.output}: nothing is kept; with --resume (for {where}) what is done would be", file=sys.stderr)
        raise
    _descriptors.notice(descriptor, options)
    made = f"{plural(counts.n_rows, 'row')} of {plural(descriptor.n_features, 'feature')}"
    print(f"{options.output}: {made} from {plural(counts.n_frames, 'structure')}")
    return 0


def _write(options: argparse.Namespace, descriptor: Descriptor, frames: list[Any], counts: _inputs.Counts) -> None:
    """Put features into a file that appears when it is complete; without a list, structures are read again."""
    shape, dtype = (counts.n_rows, descriptor.n_features), np.dtype(descriptor.dtype).name
    with (
        storage.create(options.output, shape, dtype, _about(descriptor, counts)) as rows,
        reporting(sys.stderr.isatty()) as report,
    ):
        if "workers" in vars(options):
            _workers.fill(rows, frames or list(_inputs.one_by_one(options)), descriptor, options.workers, report)
        elif not frames:
            _one_by_one(descriptor, options, rows, report)
        elif isinstance(rows, np.ndarray):
            descriptor.transform(frames, out=rows, n_jobs=options.n_jobs, progress=report)
        else:
            _in_batches(descriptor, frames, counts.offsets, rows, options.n_jobs, report)


def _require_together(given: dict[str, Any]) -> None:
    """Refuse options that contradict each other."""
    asked = [f"--{name.replace('_', '-')}" for name in ("resume", "append", "workers") if name in given]
    if len(asked) > 1:
        raise ValueError(f"{' and '.join(asked)} do not go together; give one of them")
    if "workers" in given:
        whole("--workers", given["workers"], 1)
        if given["n_jobs"] is not None:
            raise ValueError("--workers asks for processes of one thread, and --n-jobs for threads; give one of them")
        if Path(given["output"]).suffix == ".parquet":
            raise ValueError("--workers does not write .parquet; give .npy, .zarr or .h5, or leave --workers out")


def _require_place(path: str) -> None:
    if _stores.has_journal(path):
        raise ValueError(
            f"output is {path!r}, which was written batch after batch, with a journal; go on by --resume, add to it"
            " by --append, or give another name"
        )
    storage.require_place(path)


def _dry_run(options: argparse.Namespace, descriptor: Descriptor) -> int:
    """Say what there would be, and about how long it would take."""
    sample, start = _estimate.Sample(), time.perf_counter()
    frames = (
        _inputs.one_by_one(options) if _stores.wanted(options) or _inputs.are_large(options) else _inputs.read(options)
    )
    counts = _inputs.counted(sample.watch(frames), _elements(descriptor), descriptor.average is not None)
    reading = time.perf_counter() - start
    descriptor.fit([_inputs.specimen(counts.numbers)])
    print(_estimate.said(descriptor, counts, sample, options.output, options.n_jobs, reading))
    _room.require(descriptor, counts.n_rows, options.output)
    return 0


def _elements(descriptor: Descriptor) -> list[int] | None:
    return None if descriptor.centers is None else numbers_of(descriptor.centers, "centers")


def _about(descriptor: Descriptor, counts: _inputs.Counts) -> dict[str, Any]:
    """What is stored beside the features."""
    about: dict[str, Any] = {
        "offsets": counts.offsets,
        "feature_names": [str(name) for name in descriptor.get_feature_names_out()],
        "parameters": parameters_of(descriptor),
    }
    return about if descriptor.average is not None else {**about, "atom": counts.atom}


def _one_by_one(descriptor: Descriptor, options: argparse.Namespace, rows: Any, report: Any) -> None:
    """Read structures again, and describe them while the next are read."""
    start = 0
    for features, _ in descriptor.stream(_inputs.one_by_one(options), n_jobs=options.n_jobs):
        rows[start : start + len(features)] = features
        start += len(features)
        if report is not None:
            report(start, rows.shape[0])
    if start != rows.shape[0]:
        raise ValueError(f"the inputs had {rows.shape[0]} rows, and have {start} now; was a file being written?")


def _absent(elements: list[int], numbers: Any, options: Any) -> str | None:
    """What to say where atoms of an element are to become rows and no structure has any."""
    absent = [number for number in elements if number not in numbers]
    if not absent:
        return None
    given = f" ({vars(options)['centers']!r} was asked for)" if "centers" in vars(options) else ""
    return (
        f"no atom of {' '.join(options.input)} is a center of {spell(absent)}{given}: it has"
        f" {spell(np.unique(numbers))}; centers are elements, not indices"
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
