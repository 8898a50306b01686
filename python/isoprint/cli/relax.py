"""`isoprint relax`: a model and structures in, the nearest minima of the energy out."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np

from isoprint._support import output
from isoprint._support.jobs import threads
from isoprint._support.parameters import real, whole
from isoprint._support.plural import plural
from isoprint._support.progress import reporting
from isoprint.cli import _files, _outputs
from isoprint.cli._warnings import warn

_EXAMPLE = """\
examples:
  isoprint relax si.isoprint vacancies.extxyz -o relaxed.extxyz --fmax 0.001
  isoprint relax si.isoprint si.cif -o relaxed.extxyz --cell --pressure 10

Each structure in OUT has its energy, forces and, where it has a volume, stress.
"""
# GPa in eV/Å³.
_GPA = 1.0 / 160.21766208


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "relax",
        help="relax structures with a model",
        description="Move atoms, and cells if asked for, to the nearest minimum of the energy of a model.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("model", metavar="MODEL", help="file of the model")
    parser.add_argument("input", metavar="IN", help="structures, in any format that ase reads")
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help="extended XYZ")
    _files.add_input(parser, ":", "structures, such as 0, -1 or ::10 (all)")
    parser.add_argument("--cell", action="store_true", help="relax the cell, too")
    parser.add_argument("--pressure", metavar="GPA", type=float, default=0.0, help="on the cell, in GPa (0)")
    parser.add_argument("--fmax", metavar="X", type=float, default=0.01, help="largest force at the end, eV/Å (0.01)")
    parser.add_argument("--max-steps", metavar="N", type=int, default=1000, help="at most, for a structure (1000)")
    parser.add_argument("--n-jobs", type=int, default=None, help="threads; -1 for all cores")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from ase.io import write

    from isoprint.models import load

    _outputs.require(options)
    threads(options.n_jobs)
    cell = "cell" in vars(options)
    real("--fmax", options.fmax, above=0.0, remedy="it must be a positive number of eV/Å")
    real("--pressure", options.pressure, remedy="it must be a finite number of GPa")
    whole("--max-steps", options.max_steps, 1)
    if options.pressure and not cell:
        raise ValueError(f"--pressure is {options.pressure} on a cell that stays as it is; relax it by --cell")
    model = load(options.model)
    frames = _files.read(options)
    calculator = model.calculator(n_jobs=options.n_jobs)
    relaxed, left = [], []
    with reporting(sys.stderr.isatty(), "structure") as report:
        for place, frame in enumerate(frames):
            if cell and frame.cell.rank < 3:
                raise ValueError(f"structure {place} has no cell to relax; leave out --cell, or choose by --index")
            atoms = frame.copy()
            atoms.calc = calculator
            try:
                if not _converges(atoms, cell, options):
                    left.append(place)
            except ValueError as problem:
                raise ValueError(f"structure {place} cannot be relaxed: {problem}") from None
            relaxed.append(_stored(atoms))
            if report is not None:
                report(place + 1, len(frames))
    with output.replacing(options.output, stream=True) as part, output.telling(options.output):
        write(part, relaxed, format="extxyz")
    if left:
        more = f" and {len(left) - 1} others" if len(left) > 1 else ""
        warn(f"structure {left[0]}{more} is not relaxed after {plural(options.max_steps, 'step')}; give more")
    print(f"{options.output}: {plural(len(relaxed), 'structure')}, {len(relaxed) - len(left)} relaxed")
    return 0


def _converges(atoms: Any, cell: bool, options: Any) -> bool:
    from ase.optimize import BFGS

    what = _with_cell(atoms, options.pressure * _GPA) if cell else atoms
    search = BFGS(what, logfile=None)
    search.run(fmax=options.fmax, steps=options.max_steps)
    forces = what.get_forces()
    return bool(np.linalg.norm(forces, axis=1).max(initial=0.0) <= options.fmax)


def _with_cell(atoms: Any, pressure: float) -> Any:
    try:
        from ase.filters import FrechetCellFilter
    except ImportError:  # before ASE 3.23
        from ase import constraints

        return constraints.ExpCellFilter(atoms, scalar_pressure=pressure)  # type: ignore[attr-defined]
    return FrechetCellFilter(atoms, scalar_pressure=pressure)


def _stored(atoms: Any) -> Any:
    """The structure with what the model says of it, and without what it was labelled with."""
    from ase.calculators.singlepoint import SinglePointCalculator

    found = {name: atoms.calc.results[name] for name in ("energy", "forces", "stress") if name in atoms.calc.results}
    kept = atoms.copy()
    for store in (kept.info, kept.arrays):
        for key in ("energy", "forces", "energies", "stress", "virial"):
            store.pop(key, None)
    kept.calc = SinglePointCalculator(kept, **found)
    return kept
