"""`isoprint pairs`: search for structures that a fingerprint cannot tell apart."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from isoprint._support.parameters import whole
from isoprint._support.progress import reporting
from isoprint.cli import _descriptors, _files, _outputs

_EXAMPLE = """\
examples:
  isoprint pairs CH4 --descriptor soap --r-cut 4.8 --n-max 8 --l-max 8 --sigma 0.3 -o pairs.extxyz
  isoprint pairs NH3 --descriptor overlap_matrix --r-cut 4.8 --orbitals s --max-sites 4 -o pairs.extxyz --starts 5
  isoprint pairs CH4 --descriptor overlap_matrix --r-cut 4.8 --guard separation --distance 0.15 -o pairs.extxyz
  isoprint pairs methanol.xyz --center 0 --descriptor acsf --config functions.toml -o pairs.extxyz --seed 7
"""


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "pairs",
        help="search for structures that the fingerprint of an atom cannot tell apart",
        description="From random distortions of a molecule, search for pairs of structures with one fingerprint of the"
        " center, which another fingerprint, the guard, tells apart.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("input", metavar="IN", help="a molecule such as CH4, NH3 or H2O, or a file that ase reads")
    parser.add_argument(
        "-o", "--output", metavar="OUT", required=True, help="all pairs as extended XYZ, the blind ones first"
    )
    parser.add_argument("--center", type=int, help="the atom whose fingerprint is meant (0)")
    _files.add_input(parser, "0", "structure of the file (0)")
    parser.add_argument("--starts", type=int, help="random pairs to start from (20)")
    parser.add_argument("--seed", type=int, help="of the starts (0)")
    parser.add_argument(
        "--guard",
        choices=("overlap_matrix", "separation"),
        help="what sees that the two are apart: an overlap matrix of s and p orbitals, or the distance in Å over all"
        " motions and relabelings (overlap_matrix)",
    )
    parser.add_argument("--distance", type=float, help="how far apart they are for the guard (0.05)")
    parser.add_argument("--amplitude", type=float, help="largest displacement of a coordinate at a start, in Å (0.15)")
    parser.add_argument(
        "--threshold", type=float, help="largest distance of blind pairs, over that of displacements of 0.02 Å (1e-6)"
    )
    parser.add_argument("--max-evaluations", type=int, help="evaluations for each start (200)")
    _descriptors.add_options(parser)
    parser.set_defaults(run=run)


_SEARCH = ("center", "starts", "seed", "guard", "distance", "amplitude", "threshold", "max_evaluations")


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from isoprint.blindness.pairs.pair import summary
    from isoprint.blindness.pairs.search import find_blind_pairs

    _outputs.require(options)
    search = {name: value for name, value in vars(options).items() if name in _SEARCH}
    if search.get("guard") == "overlap_matrix":
        del search["guard"]
    descriptor, molecule = _descriptors.chosen(options), _molecule(options)
    whole("starts", search.get("starts", 1), 1, 10**9)
    _descriptors.require_shapes(descriptor, options)
    with reporting(sys.stderr.isatty()) as report:
        pairs = find_blind_pairs(descriptor, molecule, **search, progress=report)
    pairs.write(options.output)
    print(
        f"{options.output}: {summary(pairs)}; least"
        f" |dF| {pairs[0].feature_distance:.1e}, {pairs[0].relative:.1e} of what displacements of 0.02 Å change"
    )
    return 0


def _molecule(options: argparse.Namespace) -> Any:
    """The structure in a file, or of the formula that IN is."""
    from isoprint.blindness.pairs._molecules import reference

    if _files.is_formula(options):
        return reference(options.input)
    frames = _files.read(options)
    _files.require_single(len(frames), options, ("output",))
    return frames[0]
