"""`isoprint manifold`: follow the structures along which a fingerprint hardly changes."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from isoprint._support.plural import plural
from isoprint.blindness.manifold.follow import DIRECTIONS
from isoprint.cli import _descriptors, _files, _outputs
from isoprint.cli._warnings import warn

_EXAMPLE = """\
examples:
  isoprint manifold NH3 --stretch 0.04 --bend 0.16 --descriptor soap --r-cut 4.8 --n-max 8 --l-max 8 --sigma 0.3 \\
      -o ring.extxyz --plot ring.png
  isoprint manifold methane.xyz --center 0 --descriptor acsf --standard -o ring.extxyz --max-arc 3
  isoprint manifold ring.extxyz --resume --descriptor acsf --standard -o longer.extxyz
"""


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "manifold",
        help="follow the structures along which the fingerprint of an atom hardly changes",
        description="Follow the curve of structures along which the fingerprint of one center stays nearly constant,"
        " from a structure in a file, or from a distorted molecule XY3 or XY4.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    _files.add_start(parser)
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help="the path as extended XYZ")
    parser.add_argument("--plot", metavar="FILE", help="figure of rings, distances and spectra: .png, .pdf, .svg")
    parser.add_argument("--chemiscope", metavar="FILE", help="the path as a .json.gz for chemiscope")
    parser.add_argument("--resume", action="store_true", default=False, help="go on with the path IN; OUT may be IN")
    parser.add_argument("--step", type=float, help="first step in Å, over all coordinates (0.004)")
    parser.add_argument("--largest-step", type=float, help="longest step in Å (1.5 steps)")
    parser.add_argument("--max-steps", type=int, help="most steps of each direction (1000)")
    parser.add_argument("--max-arc", type=float, help="longest path of each direction in Å (2)")
    parser.add_argument("--largest-ratio", type=float, help="stop at this smallest over largest eigenvalue")
    parser.add_argument("--mode", type=int, help="which mode to start along, 0 is the softest (0)")
    parser.add_argument("--direction", choices=DIRECTIONS, help="along the mode, against it, or both (both)")
    _descriptors.add_options(parser)
    parser.set_defaults(run=run)


_LIMITS = ("max_steps", "max_arc")
_WITH_A_START = ("index", "format", "types", "stretch", "bend", "seed")
_RULES = ("step", "largest_step", "largest_ratio", "mode", "direction", *_LIMITS)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from isoprint.blindness.manifold.follow import follow_manifold
    from isoprint.blindness.manifold.path import Path

    given, distorted = vars(options), None
    _outputs.require(options, in_place=options.resume)
    descriptor = _descriptors.chosen(options)
    _descriptors.require_shapes(descriptor, options)
    if options.resume:
        unused = [name for name in (*_WITH_A_START, *_RULES) if name not in _LIMITS and given.get(name) is not None]
        if unused:
            warn(f"--{unused[0].replace('_', '-')} has no effect with --resume: the path goes on by its own rules")
        path = Path.read(options.input)
        descriptor.fit(path.frames)
        limits = {name: given[name] for name in _LIMITS if name in given}
        with _interruptible() as report:
            path = path.resume(descriptor, **limits, progress=report)
    else:
        frames, distorted = _files.started(options)
        _files.require_single(len(frames), options, ("output",))
        descriptor.fit(frames)
        rules = {name: given[name] for name in _RULES if name in given}
        with _interruptible() as report:
            path = follow_manifold(descriptor, frames[0], options.center, **rules, progress=report)
    path.write(options.output)
    print(f"{options.output}: {path!r}")
    if "plot" in given:
        path.plot(options.plot)
        print(f"{options.plot}: rings, distances and spectra")
    if "chemiscope" in given:
        from isoprint.extras.chemiscope import write_path

        write_path(path, options.chemiscope)
        print(f"{options.chemiscope}: {plural(len(path), 'structure')}")
    if distorted:
        print(distorted)
    print(path.report())
    return 130 if path.status == "interrupted" else 0


@contextmanager
def _interruptible() -> Iterator[Any]:
    """A report of progress that turns Ctrl-C into the end of the path, so that what was found is kept."""
    asked = False
    shown = sys.stderr.isatty()

    def ask(*_: Any) -> None:
        nonlocal asked
        asked = True

    def report(points: int, arc: float) -> bool:
        if shown:
            print(f"\r{plural(points, 'point')}, {arc:.3f} Å", end="", file=sys.stderr, flush=True)
        return not asked

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield report
    finally:
        signal.signal(signal.SIGINT, before)
        if shown:
            print(file=sys.stderr)
