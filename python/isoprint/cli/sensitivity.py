"""`isoprint sensitivity`: what the fingerprint of a center sees of small displacements."""

from __future__ import annotations

import argparse
import json
from typing import Any

import numpy as np

from isoprint._support import output
from isoprint._support.plural import plural
from isoprint.cli import _descriptors, _files, _outputs

_EXAMPLE = """\
examples:
  isoprint sensitivity ammonia.xyz --center 0 --descriptor soap --r-cut 4.8 --n-max 8 --l-max 8 --sigma 0.3
  isoprint sensitivity bulk.cif --center 3 --descriptor overlap_matrix --r-cut 5 --max-sites 60 --plot spectrum.png
  isoprint sensitivity md.traj --index ::10 --center 0 --r-cut 4 --n-max 8 --l-max 8 --json spectra.json
  isoprint sensitivity CH4 --descriptor soap --r-cut 4.8 --n-max 8 --l-max 8 -o modes.extxyz --amplitude 0.2
"""


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "sensitivity",
        help="see what the fingerprint of an atom does not see",
        description="Rank, condition and modes of the sensitivity matrix of one center: which displacements of the"
        " atoms around it change its fingerprint, and which do not.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    _files.add_start(parser)
    parser.add_argument("-o", "--output", metavar="OUT", help="the modes as extended XYZ, softest first")
    parser.add_argument("--amplitude", type=float, default=0.1, help="of the modes in OUT, in Å (0.1)")
    parser.add_argument("--plot", metavar="FILE", help="figure of spectrum and sites: .png, .pdf, .svg")
    parser.add_argument("--json", metavar="FILE", help="all numbers, one entry a structure")
    parser.add_argument("--chemiscope", metavar="FILE", help="the modes as a .json.gz for chemiscope")
    _descriptors.add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from isoprint.blindness.sensitivity import sensitivity

    given = vars(options)
    _outputs.require(options, _outputs.text)
    descriptor = _descriptors.chosen(options)
    frames, distorted = _files.started(options)
    _files.require_single(len(frames), options, ("output", "plot", "chemiscope"))
    _descriptors.require_shapes(descriptor, options)
    descriptor.fit(frames)
    if distorted:
        print(distorted)
    entries = []
    found: Any = None
    for place, frame in enumerate(frames):
        found = sensitivity(descriptor, frame, options.center)
        entries.append(_entry(found))
        print(found.report() if len(frames) == 1 else f"{place:6d}  {found!r}", flush=True)
    if "output" in given:
        from ase.io import write

        modes = found.to_frames(options.amplitude)
        if options.output == "-":
            write("-", modes, format="extxyz")
        else:
            with output.replacing(options.output, stream=True) as part, output.telling(options.output):
                write(part, modes, format="extxyz")
        print(f"{options.output}: {plural(found.n_internal, 'mode')}")
    if "plot" in given:
        from isoprint.extras.plotting import saved

        saved(found.plot(), options.plot)
        print(f"{options.plot}: spectrum and sites")
    if "chemiscope" in given:
        from isoprint.extras.chemiscope import write_modes

        write_modes(found, options.chemiscope, options.amplitude)
        print(f"{options.chemiscope}: modes")
    if "json" in given:
        output.write(options.json, (json.dumps(entries, indent=1) + "\n").encode(), stream=True)
        print(f"{options.json}: {plural(len(entries), 'structure')}")
    return 0


def _entry(found: Any) -> dict[str, Any]:
    """The findings as JSON can say them; infinite numbers become null."""
    numbers = {
        "condition": found.condition,
        "isolation": found.isolation,
        "largest": found.largest,
        "rigid_residual": found.rigid_residual,
    }
    return {
        "rank": found.rank,
        "n_internal": found.n_internal,
        **{name: value if np.isfinite(value) else None for name, value in numbers.items()},
        "eigenvalues": found.eigenvalues.tolist(),
        "per_atom": found.per_atom.tolist(),
        "atom": found.environment.atom.tolist(),
        "shells": [[shell.radius, len(shell.sites), shell.sensitivity] for shell in found.shells()],
    }
