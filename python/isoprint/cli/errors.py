"""`isoprint errors`: how far a model is from labels."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

from isoprint._support import output
from isoprint._support.jobs import threads
from isoprint.cli import _files, _labels, _outputs

_EXAMPLE = """\
examples:
  isoprint errors si.isoprint test.extxyz
  isoprint errors si.isoprint test.extxyz --energy dft_energy --forces dft_forces --json errors.json
"""


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "errors",
        help="errors of a model on labelled structures",
        description="Errors of a model that `isoprint fit` has made, in all and by config_type.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("model", metavar="MODEL", help="file of the model")
    parser.add_argument("input", metavar="IN", help="structures with labels, in any format that ase reads")
    _files.add_input(parser, ":", "structures, such as 0, -1 or ::10 (all)")
    parser.add_argument("--n-jobs", type=int, default=None, help="threads; -1 for all cores")
    parser.add_argument("--json", metavar="FILE", help="the numbers, by group and kind of label")
    _labels.add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from isoprint.models import load

    given = vars(options)
    _outputs.require(options)
    threads(options.n_jobs)
    model = load(options.model)
    found = model.errors(_files.read(options), **_labels.keys(options), n_jobs=options.n_jobs)
    if not found.groups["all"]:
        raise ValueError(f"no structure of {options.input} has a label; name them by --energy and --forces")
    print(found)
    if "json" in given:
        groups = {name: {kind: asdict(line) for kind, line in kinds.items()} for name, kinds in found.groups.items()}
        output.write(options.json, (json.dumps(groups, indent=1) + "\n").encode(), stream=True)
        print(f"{options.json}: errors")
    return 0
