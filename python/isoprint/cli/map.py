"""`isoprint map`: structures in, a map of what is alike out."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from isoprint._support.jobs import threads
from isoprint._support.parameters import whole
from isoprint._support.progress import reporting
from isoprint.cli import _descriptors, _files, _outputs

_EXAMPLE = """\
examples:
  isoprint map crystals.extxyz -o map.json.gz --descriptor soap --r-cut 5 --n-max 6 --l-max 4
  isoprint map crystals.extxyz --plot map.png --color energy --marker type --r-cut 5 --n-max 6 --l-max 4
  isoprint map md.traj --index ::10 --atoms -o atoms.json.gz --plot atoms.png --r-cut 4.5 --n-max 6 --l-max 4
  isoprint map md.traj -o map.json.gz --method umap --n-components 3 --descriptor acsf --config functions.toml

OUT is for the viewer chemiscope, at https://chemiscope.org or in a notebook.
"""


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "map",
        help="make a map on which structures, or atoms, that are alike lie side by side",
        description="Describe structures, or their atoms, and put them on a map: along the directions in which their"
        " features differ most.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("input", metavar="IN", help="structures, in any format that ase reads")
    parser.add_argument("-o", "--output", metavar="OUT", help="the map for chemiscope: .json or .json.gz")
    parser.add_argument("--plot", metavar="FILE", help="figure of the map: .png, .pdf, .svg")
    _files.add_input(parser, ":", "structures, such as 0, -1 or ::10 (all)")
    parser.add_argument("--atoms", action="store_true", help="a map of atoms, rather than of structures by their means")
    parser.add_argument("--method", choices=("pca", "umap"), help="principal components (so), or UMAP where installed")
    parser.add_argument("--n-components", type=int, help="dimensions of the map (2)")
    parser.add_argument(
        "--scaling",
        choices=("total", "columns", "none"),
        help="features have one factor (so), one for each column, or none",
    )
    parser.add_argument("--umap-seed", type=int, help="for UMAP, which begins at random (0)")
    parser.add_argument(
        "--color", metavar="NAME", help="property that colors the figure (energy, of atoms the element)"
    )
    parser.add_argument(
        "--marker", metavar="NAME", help="property of few values that chooses the markers of the figure"
    )
    parser.add_argument("--n-jobs", type=int, default=None, help="threads; -1 for all cores")
    _descriptors.add_options(parser)
    parser.set_defaults(run=run)


# Names of what fingerprints have no option of the same name for.
_MAP = {"method": "method", "n_components": "n_components", "scaling": "scale", "umap_seed": "seed"}


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from isoprint.maps.exploring import explore

    given = vars(options)
    if "output" not in given and "plot" not in given:
        raise ValueError("nothing is asked for; give -o map.json.gz, --plot map.png, or both")
    _require_places(options)
    how = {name: given[option] for option, name in _MAP.items() if option in given}
    how["per"] = "atom" if "atoms" in given else "structure"
    if how.get("scale") == "none":
        how["scale"] = None
    if "n_components" in how:
        whole("n_components", how["n_components"], 1)
    descriptor = _descriptors.chosen(options)
    threads(options.n_jobs)
    frames = _files.read(options)
    with reporting(sys.stderr.isatty()) as report:

        def seen(n_frames: int, n_rows: int) -> None:
            if report is not None:
                report(n_frames, len(frames))

        found = explore(frames, descriptor, **how, n_jobs=options.n_jobs, progress=seen)
    _descriptors.notice(descriptor, options)
    for name in ("color", "marker"):
        if name in given:
            found.values(given[name])
    if "output" in given:
        found.write(options.output)
    if "plot" in given:
        found.plot(options.plot, color=given.get("color"), marker=given.get("marker"))
    places = ", ".join(str(given[name]) for name in ("output", "plot") if name in given)
    explained = "" if found.explained is None else ": " + ", ".join(f"{100 * part:.1f} %" for part in found.explained)
    print(f"{places}: {found!r}{explained}")
    return 0


def _require_places(options: argparse.Namespace) -> None:
    """Refuse what cannot be written, and libraries that are not there, before anything is computed."""
    if "output" in vars(options):
        from isoprint.extras.chemiscope import require_library, require_place

        require_library()
        _outputs.require(options, require_place)
    else:
        _outputs.require(options)
