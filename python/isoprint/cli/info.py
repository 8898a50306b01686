"""`isoprint info`: what a file of features, a store, a model or a file of structures holds."""

from __future__ import annotations

import argparse
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from isoprint import neighbors, stored_features
from isoprint._support.parameters import real
from isoprint._support.plural import plural
from isoprint.cli import _room, _stores
from isoprint.structures.elements import symbol_of
from isoprint.structures.reading import format_of, read_frames

_EXAMPLE = """\
examples:
  isoprint info all.zarr
  isoprint info features.npz
  isoprint info si.isoprint
  isoprint info md.lammpstrj --types Si,O --r-cut 5
"""
# Parameters that are told in a line of their own, or not at all.
_APART = ("descriptor", "isoprint", "species")
# Structures in which neighbors are counted, at most.
_SAMPLE = 20
Facts = Iterator[tuple[str, Any]]


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "info",
        help="what a file of features, a store, a model or a file of structures holds",
        description="What a file of features, a store that is complete or not, a model or a file of structures holds.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("input", metavar="FILE", help="a file that isoprint wrote, or one of structures")
    parser.add_argument("--format", default=None, help="format of structures, where ase does not guess it")
    parser.add_argument("--types", metavar="X", default=None, help="elements of atom types: Cl,Na or 1=Cl,2=Na")
    parser.add_argument(
        "--r-cut", type=float, metavar="X", help="count the neighbors of atoms within this distance in Å"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    given, path = vars(options), Path(options.input)
    if "r_cut" in given:
        real("--r-cut", options.r_cut, above=0.0, remedy="it must be a positive number")
    stored = _stores.has_journal(options.input)
    if not path.exists() and not stored:
        raise ValueError(f"there is no file {options.input!r}")
    kinds = {".npz": _npz, ".npy": _npy, ".h5": _hdf5, ".hdf5": _hdf5, ".zarr": _zarr}
    if stored:
        facts = _store(path, _stores.journal_of(options.input))
    elif path.suffix in kinds:
        facts = kinds[path.suffix](path)
    elif path.is_file() and options.format is None and _is_model(path):
        facts = _model(path)
    else:
        facts = _structures(options)
    lines = [(name, str(value)) for name, value in facts]
    width = max(len(name) for name, _ in lines) + 2
    print(options.input)
    for name, value in lines:
        print(f"  {name:{width}}{value}")
    return 0


def _store(path: Path, journal: Path) -> Facts:
    """A store with its journal."""
    found = stored_features(path)
    with journal.open("rb") as lines:
        about = json.loads(lines.readline())
    yield "holds", "features, in a store that goes on after an interrupt"
    yield "complete", "yes" if found.complete else "no: the same command or call goes on"
    yield "structures", found.n_frames
    yield from _size(found.n_rows, found.n_features, about["dtype"])
    yield from _parameters({**about["parameters"], "descriptor": about["descriptor"], "isoprint": about["isoprint"]})
    if about["info"]:
        yield "info", ", ".join(about["info"])
    if about["source"]:
        yield "made of", about["source"]


def _size(n_rows: int, n_features: int, dtype: str) -> Facts:
    yield "rows", n_rows
    yield "features", f"{n_features} a row, {dtype}, {_room.spelled(n_rows * n_features * np.dtype(dtype).itemsize)}"


def _parameters(said: dict[str, Any]) -> Facts:
    """What made the features; options that are off are passed over."""
    if not said:
        yield "parameters", "not stored"
        return
    yield "descriptor", f"{said.get('descriptor', 'unknown')}, by isoprint {said.get('isoprint', 'of unknown version')}"
    species = said.get("species")
    yield "species", ", ".join(map(str, species)) if isinstance(species, list) else species
    shown = {
        key: value for key, value in said.items() if key not in _APART and value is not None and value is not False
    }
    yield "parameters", ", ".join(f"{key}={_short(value)}" for key, value in shown.items())


def _short(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, (dict, list)) else str(value)
    return text if len(text) < 60 else f"{text[:56]} ..."


def _npz(path: Path) -> Facts:
    """Without a look at the features themselves."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("features.npy") as file:
            version = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = read(file)
        with np.load(path) as stored:
            said = json.loads(str(stored["parameters"])) if "parameters" in stored else {}
            n_frames = len(stored["offsets"]) - 1 if "offsets" in stored else None
    except (KeyError, zipfile.BadZipFile, ValueError, EOFError):
        raise ValueError(f"{path} has no features that isoprint wrote, or is damaged") from None
    yield from _file(shape, dtype.name, said, n_frames)


def _file(shape: Any, dtype: str, said: dict[str, Any], n_frames: int | None) -> Facts:
    if len(shape) != 2:
        raise ValueError(f"it has an array of shape {tuple(shape)}, and features have rows and columns")
    yield "holds", "features"
    if n_frames is not None:
        yield "structures", n_frames
    yield from _size(int(shape[0]), int(shape[1]), dtype)
    yield from _parameters(said)


def _npy(path: Path) -> Facts:
    try:
        rows = np.load(path, mmap_mode="r")
    except (ValueError, EOFError) as problem:
        raise ValueError(f"{path} is no array of numpy, or damaged: {problem}") from None
    yield from _file(rows.shape, rows.dtype.name, {}, None)


def _hdf5(path: Path) -> Facts:
    try:
        import h5py
    except ImportError:
        raise ImportError('HDF5 needs h5py: pip install "isoprint[storage]"') from None
    with h5py.File(path, "r") as stored:
        yield from _group(path, stored, json.loads(stored.attrs.get("parameters", "{}")))


def _zarr(path: Path) -> Facts:
    try:
        import zarr
    except ImportError:
        raise ImportError('Zarr needs zarr: pip install "isoprint[storage]"') from None
    try:
        stored: Any = zarr.open_group(str(path), mode="r")
    except Exception as problem:  # zarr fails in its own ways
        raise ValueError(f"{path} is no store of zarr, or damaged: {problem}") from None
    yield from _group(path, stored, dict(stored.attrs.get("parameters", {})))


def _group(path: Path, stored: Any, said: dict[str, Any]) -> Facts:
    if "features" not in stored:
        raise ValueError(f"{path} has no features that isoprint wrote; it has {', '.join(stored) or 'nothing'}")
    features = stored["features"]
    n_frames = stored["offsets"].shape[0] - 1 if "offsets" in stored else None
    if n_frames is None and "frame" in stored and stored["frame"].shape[0]:
        n_frames = int(stored["frame"][-1]) + 1
    yield from _file(features.shape, np.dtype(features.dtype).name, said, n_frames)


def _is_model(path: Path) -> bool:
    """Whether a file has a name that models have."""
    return path.suffix == ".isoprint"


def _model(path: Path) -> Facts:
    from isoprint.models import load

    model: Any = load(str(path))
    yield "holds", f"a model, {type(model).__name__}, for `isoprint predict`, `md` and `relax`"
    yield "size", _room.spelled(path.stat().st_size)
    yield "model", repr(model)


def _structures(options: argparse.Namespace) -> Facts:
    """Read all of them, one after the other."""
    name, r_cut = options.input, float(vars(options).get("r_cut", 0.0))
    known = format_of(name, options.format)
    sizes: list[int] = []
    periodic = n_atoms = 0
    numbers: dict[int, int] = {}
    volumes: list[float] = []
    every: list[Any] = []
    for frame in read_frames(name, format=known, types=options.types):
        sizes.append(len(frame))
        periodic += bool(np.any(frame.pbc))
        for number, count in zip(*np.unique(frame.numbers, return_counts=True), strict=True):
            numbers[int(number)] = numbers.get(int(number), 0) + int(count)
        if np.all(frame.pbc) and len(frame):
            volumes.append(abs(float(np.linalg.det(frame.cell))) / len(frame))
        if r_cut and len(every) < _SAMPLE:
            every.append(frame)
        n_atoms += len(frame)
    yield "holds", f"structures, read as {known}"
    yield "structures", len(sizes)
    if sizes:
        most, least = max(sizes), min(sizes)
        yield "atoms", f"{n_atoms}, {least} to {most} a structure" if most > least else f"{n_atoms}, {most} a structure"
    yield "elements", ", ".join(f"{symbol_of(number)} ({count})" for number, count in sorted(numbers.items()))
    yield "periodic", {0: "no", len(sizes): "yes"}.get(periodic, f"{periodic} of them")
    if volumes:
        yield "volume", f"{min(volumes):.4g} to {max(volumes):.4g} Å³ an atom"
    if every:
        found = [neighbors(frame, r_cut).offsets for frame in every]
        counts: Any = np.concatenate([offsets[1:] - offsets[:-1] for offsets in found])
        about = f"{counts.mean():.3g} an atom, {counts.min()} to {counts.max()}" if len(counts) else "none"
        yield f"within {r_cut:g} Å", f"{about} (in {plural(len(every), 'structure')})"
