"""`isoprint predict`: a model and structures in, energies and forces out."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from isoprint._support import output
from isoprint._support.jobs import threads
from isoprint._support.plural import plural
from isoprint.cli import _files, _outputs

_EXAMPLE = """\
examples:
  isoprint predict si.isoprint md.traj -o predicted.extxyz
  isoprint predict si.isoprint md.traj --index ::10 -o - --no-forces
  isoprint predict si.isoprint new.extxyz -o predicted.extxyz --std

Each structure in OUT has its energy, forces and, where it has a volume, stress; with --std energy_std and energies_std.
"""


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "predict",
        help="energies, forces and stress of structures by a model",
        description="Energies, forces and stress of the structures in a file by a model that `isoprint fit` has made.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("model", metavar="MODEL", help="file of the model")
    parser.add_argument("input", metavar="IN", help="structures, in any format that ase reads")
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help="extended XYZ, or - for what is printed")
    _files.add_input(parser, ":", "structures, such as 0, -1 or ::10 (all)")
    parser.add_argument("--n-jobs", type=int, default=None, help="threads; -1 for all cores")
    parser.add_argument(
        "--forces", action=argparse.BooleanOptionalAction, default=True, help="forces and stress, too (yes)"
    )
    parser.add_argument("--std", action="store_true", help="standard deviations of the energies, too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from isoprint.models import load

    if options.output != "-":
        _outputs.require(options)
    threads(options.n_jobs)
    model = load(options.model)
    frames = _files.read(options)
    found = model.predict(frames, forces=options.forces, stress=options.forces, n_jobs=options.n_jobs)
    spread = None
    if "std" in vars(options):
        spread = model.predict(frames, forces=False, std=True, n_jobs=options.n_jobs)
    _write(_labelled(frames, found, spread), options.output)
    return 0


def _labelled(frames: list[Any], found: Any, spread: Any) -> list[Any]:
    """The structures with what the model says, and without what they were labelled with."""
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.stress import full_3x3_to_voigt_6_stress

    labelled = []
    stops = np.cumsum([len(frame) for frame in frames])
    for place, (frame, stop) in enumerate(zip(frames, stops, strict=True)):
        own = slice(stop - len(frame), stop)
        atoms = frame.copy()
        results = {"energy": found.energy[place], "energies": found.energies[own]}
        if found.forces is not None:
            results["forces"] = found.forces[own]
        if found.stress is not None and np.isfinite(found.stress[place]).all():
            results["stress"] = full_3x3_to_voigt_6_stress(found.stress[place])
        if spread is not None:
            atoms.info["energy_std"] = float(spread.energy_std[place])
            atoms.arrays["energies_std"] = spread.energies_std[own]
        for store in (atoms.info, atoms.arrays):
            for key in ("energy", "forces", "energies", "stress", "virial"):
                store.pop(key, None)
        atoms.calc = SinglePointCalculator(atoms, **results)
        labelled.append(atoms)
    return labelled


def _write(frames: list[Any], path: str) -> None:
    from ase.io import write

    if path == "-":
        write("-", frames, format="extxyz")
        return
    with output.replacing(path, stream=True) as part, output.telling(path):
        write(part, frames, format="extxyz")
    print(f"{path}: {plural(len(frames), 'structure')}")
