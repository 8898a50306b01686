"""`isoprint fit`: labelled structures in, a model out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from isoprint._support.jobs import threads
from isoprint._support.progress import reporting
from isoprint.cli import _config, _descriptors, _files, _labels, _outputs
from isoprint.cli._values import value

_EXAMPLE = """\
examples:
  isoprint fit train.extxyz -o si.isoprint --r-cut 5 --n-max 8 --l-max 8 --n-sparse 500 --sigma-forces 0.1
  isoprint fit train.extxyz -o gap.isoprint --quip "soap l_max=8 n_max=8 cutoff=5 atom_sigma=0.5 species_Z=14 Z=14"
  isoprint fit train.extxyz -o si.isoprint --gap "distance_2b cutoff=5 n_sparse=15 covariance_type=ard_se delta=2
     theta_uniform=1 : soap l_max=8 n_max=8 cutoff=5 atom_sigma=0.5 n_sparse=500 zeta=4 delta=0.3
     covariance_type=dot_product"
  isoprint fit train.extxyz -o hco.isoprint --config fit.toml --energy dft_energy --forces dft_forces
  isoprint fit large.extxyz -o large.isoprint --config fit.toml --checkpoint fit.checkpoint
  isoprint fit train.extxyz -o liquid.isoprint --r-cut 5 --n-max 8 --l-max 8 --sigma-forces default=0.05,liquid=0.2

A --config file has the parameters of the fingerprint, and those of the model in a table [model].
"""
# Option of the command line, and what it says.
MODEL = {
    "zeta": "exponent of the kernel (4)",
    "delta": "standard deviation of a local energy before anything is known, in eV (1.0)",
    "n_sparse": "number of sparse points, in all or by element as C=300,H=200 (500)",
    "sparse": "how they are chosen: cur, fps or random (cur)",
    "e0": "energy of a single atom: average, lstsq, a number of eV, or by element as C=-148.3,H=-13.5 (average)",
    "sigma_energy": "expected error of energies, in eV per atom, or as default=0.001,liquid=0.01 (0.001)",
    "sigma_forces": "that of force components, in eV/Å (0.05)",
    "sigma_virial": "that of virials, in eV per atom; none passes over them (none)",
    "jitter": "added to the diagonal of the kernel matrix of the sparse points (1e-08)",
    "random_state": "seed of what is drawn (0)",
}


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "fit",
        help="fit a potential to energies and forces",
        description="Fit a sparse Gaussian process (a GAP) to the energies and forces of structures in a file.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("input", metavar="IN", help="structures with labels, in any format that ase reads")
    parser.add_argument("-o", "--output", metavar="MODEL", required=True, help="file of the model")
    parser.add_argument("--keep-data", action="store_true", help="keep what was seen, so that the model can learn on")
    parser.add_argument("--checkpoint", metavar="FILE", help="kept from time to time; the same command goes on from it")
    _files.add_input(parser, ":", "structures, such as 0, -1 or ::10 (all)")
    parser.add_argument("--n-jobs", type=int, default=None, help="threads; -1 for all cores")
    _labels.add_options(parser)
    parser.add_argument(
        "--gap",
        metavar="TEXT",
        help="several terms and their parameters from the arguments of gap_fit: those in gap={...}, or all of them;"
        " options of the model on this line win",
    )
    add_model(parser)
    _descriptors.add_options(parser)
    parser.set_defaults(run=run)


def add_model(parser: argparse.ArgumentParser) -> None:
    """The parameters of a model, one option each."""
    group = parser.add_argument_group("parameters of the model")
    for name, text in MODEL.items():
        group.add_argument(f"--{name.replace('_', '-')}", metavar="X", type=value, help=text)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from isoprint.models import SparseGP
    from isoprint.models.gap_strings import keys_of

    _outputs.require(options)
    given = vars(options)
    configured = _config.table(given["config"], "model", SparseGP, MODEL) if "config" in given else {}
    parameters = {**configured, **{name: given[name] for name in MODEL if name in given}}
    keys = _labels.keys(options)
    if "gap" in given:
        _descriptors.refuse_beside("gap", options, ("policy",))
        policy = {"policy": given["policy"]} if "policy" in given else {}
        model = SparseGP.from_gap_fit(given["gap"], **policy, **parameters)
        keys = {**keys_of(given["gap"]), **keys}
    else:
        model = SparseGP(_descriptors.chosen(options, besides=("model",)), **parameters)
    threads(options.n_jobs)
    frames = _files.read(options)
    kept = given.get("checkpoint")
    if kept is not None and Path(kept).exists():
        print(f"goes on from {kept}", file=sys.stderr)
    try:
        with reporting(sys.stderr.isatty()) as report:
            model.fit(frames, **keys, checkpoint=kept, n_jobs=options.n_jobs, progress=report)
    except KeyboardInterrupt:
        if kept is not None and Path(kept).exists():
            print(f"{kept} has what was seen; the same command goes on from there", file=sys.stderr)
        raise
    if "gap" not in given:
        _descriptors.notice(model.descriptor, options)
    model.save(options.output, data="keep_data" in given)
    if kept is not None:
        Path(kept).unlink(missing_ok=True)
    print(model.errors(frames, **keys, n_jobs=options.n_jobs))
    print(f"{options.output}: {_counted(model.sparse_)} sparse points")
    return 0


def _counted(sparse: dict[str, Any]) -> str:
    """How many there are of each element, term by term."""
    return ", ".join(
        f"{name} {_counted(points)}" if isinstance(points, dict) else f"{len(points)} of {name}"
        for name, points in sparse.items()
    )
