"""`isoprint search`: which hyperparameters suit labelled structures."""

from __future__ import annotations

import argparse
import re
import sys
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from isoprint._support import hints
from isoprint._support.jobs import threads
from isoprint._support.progress import reporting
from isoprint.cli import _config, _descriptors, _files, _labels, _outputs, fit
from isoprint.cli._values import value

_EXAMPLE = """\
examples:
  isoprint search train.extxyz --test test.extxyz -o search.jsonl --models 300 --r-cut 5 --n-max 8 --l-max 8
     --n-sparse 200 --vary r_cut=3:7 --vary sigma=0.2:0.8 --vary zeta=1..6 --vary sigma_energy=1e-4:0.1:log
  isoprint search train.extxyz -o search.jsonl --seconds 3600 --config fit.toml --forces none --vary r_cut=3:7
     --vary basis=poly3,poly3gauss --plot hulls.png --method optuna

The same command goes on where it ended, and with more --models farther. What is varied need not be given otherwise.
"""
_WHOLE = re.compile(r"([+-]?[0-9]+)\.\.([+-]?[0-9]+)")
# Without a file of its own for the test, one in so many structures.
_HELD_OUT = 5


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "search",
        help="find hyperparameters of a potential",
        description="Fit many potentials, each with other parameters, and tell the error of the energy of each on"
        " structures that were held out. Each result is a line of OUT as it comes.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("input", metavar="IN", help="structures with labels, in any format that ase reads")
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help="file of the results, lines of JSON")
    parser.add_argument("--test", metavar="FILE", help=f"structures that test (one in {_HELD_OUT} of IN)")
    parser.add_argument(
        "--vary",
        metavar="NAME=RANGE",
        action="append",
        required=True,
        help="a parameter of fingerprint or model: low:high, low:high:log, whole numbers 1..8, or choices a,b,c",
    )
    parser.add_argument("--models", type=int, help="how many to try in all")
    parser.add_argument("--seconds", type=float, help="how long to try")
    parser.add_argument("--method", default="monte_carlo", help="monte_carlo, uniform or optuna (monte_carlo)")
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn (0)")
    parser.add_argument("--plot", metavar="FILE", help="figure of the lowest error along each parameter")
    _files.add_input(parser, ":", "structures, such as 0, -1 or ::10 (all)")
    parser.add_argument("--n-jobs", type=int, default=None, help="models at a time; -1 for one a core")
    _labels.add_options(parser)
    fit.add_model(parser)
    _descriptors.add_options(parser)
    parser.set_defaults(run=run)


@dataclass(frozen=True)
class EnergyError:
    """Error of the energy per atom on structures that were held out."""

    train: list[Any]
    test: list[Any]
    keys: Mapping[str, str | None]

    def __call__(self, model: Any) -> float:
        """Fit, and judge."""
        errors = model.fit(self.train, **self.keys).errors(self.test, **{**self.keys, "forces": None, "virial": None})
        if errors.energy is None:
            raise ValueError("no structure that was held out has an energy; name it by --energy")
        return float(errors.energy.rmse)


def run(options: Namespace) -> int:
    """Carry out the command."""
    from isoprint.models import SparseGP
    from isoprint.study import hyperparameters

    _outputs.require(options)
    given = vars(options)
    varied = dict(_varied(text) for text in given["vary"])
    if len(varied) < len(given["vary"]):
        raise ValueError("a parameter is varied twice; give each --vary another name")
    model = _model(options, varied, SparseGP)
    ranges = {_placed(name, model): one for name, one in varied.items()}
    threads(options.n_jobs)
    train, test = _read(options)
    loss = EnergyError(train, test, _labels.keys(options))
    with reporting(sys.stderr.isatty()) as report:
        found = hyperparameters(
            model,
            ranges,
            [train, test],
            loss=loss,
            fit_params=loss.keys,
            method=given["method"],
            models=given.get("models"),
            seconds=given.get("seconds"),
            seed=given["seed"],
            path=given["output"],
            n_jobs=options.n_jobs,
            progress=report,
        )
    for name in ranges:
        hull = " · ".join(f"{_brief(row['value'])} {1e3 * row['loss']:.3g}" for row in found.hull(name))
        print(f"{name.removeprefix('descriptor__')}: {hull} meV/atom")
    told = ", ".join(f"{key.removeprefix('descriptor__')} {_brief(one)}" for key, one in found.best_parameters.items())
    print(f"best of {len(found)}: {1e3 * found.best_loss:.4g} meV/atom with {told}")
    if "plot" in given:
        found.plot(path=given["plot"])
        print(f"{given['plot']}: figure")
    print(f"{options.output}: results")
    return 0


def _model(options: Namespace, varied: Mapping[str, Any], kind: type) -> Any:
    """A model with what is given; what is varied only, begins somewhere in its range."""
    given = vars(options)
    configured = _config.table(given["config"], "model", kind, fit.MODEL) if "config" in given else {}
    parameters = {**configured, **{name: given[name] for name in fit.MODEL if name in given}}
    begun = {name: one[0] for name, one in varied.items() if name not in fit.MODEL and name not in given}
    return kind(_descriptors.chosen(Namespace(**begun, **given), besides=("model",)), **parameters)


def _read(options: Namespace) -> tuple[list[Any], list[Any]]:
    """Structures that teach, and those that test."""
    frames = _files.read(options)
    if "test" in vars(options):
        other = Namespace(input=options.test, format=None, types=options.types, default_index=":")
        return frames, _files.read(other)
    if len(frames) < _HELD_OUT:
        raise ValueError(f"{options.input} has {len(frames)} structures, too few to hold some out; give --test FILE")
    return [frame for place, frame in enumerate(frames) if place % _HELD_OUT], frames[::_HELD_OUT]


def _varied(text: str) -> tuple[str, Any]:
    """Name and range of one `--vary`."""
    name, equals, told = (part.strip() for part in text.partition("="))
    remedy = "give NAME=low:high, NAME=low:high:log, NAME=1..8 or NAME=a,b,c"
    if not (name and equals and told):
        raise ValueError(f"--vary is {text!r}; {remedy}")
    whole = _WHOLE.fullmatch(told)
    if whole:
        numbers = range(int(whole[1]), int(whole[2]) + 1)
        if not numbers:
            raise ValueError(f"--vary is {text!r}, whose range is empty; {remedy}")
        return name.replace("-", "_"), numbers
    ends = told.split(":")
    if len(ends) == 1:
        choices = value(told)
        if choices == []:
            raise ValueError(f"--vary is {text!r}, which has no choices; {remedy}")
        return name.replace("-", "_"), choices if isinstance(choices, list) else [choices]
    try:
        low, high = map(float, ends[:2])
    except ValueError:
        raise ValueError(f"--vary is {text!r}; {remedy}") from None
    if ends[2:] not in ([], ["log"]):
        raise ValueError(f"--vary is {text!r}; {remedy}")
    return name.replace("-", "_"), (low, high, *ends[2:])


def _placed(name: str, model: Any) -> str:
    """The name among the parameters of the model."""
    known = model.get_params()
    for place in (name, f"descriptor__{name}"):
        if place in known and place != "descriptor":
            return place
    names = [each.removeprefix("descriptor__") for each in known]
    near = hints.near(name, names)
    raise ValueError(f"--vary names {name!r}, which is no parameter{f'; did you mean {near!r}?' if near else ''}")


def _brief(one: Any) -> str:
    return f"{one:.3g}" if isinstance(one, float) else str(one)
