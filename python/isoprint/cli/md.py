"""`isoprint md`: a model and a structure in, its motion out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from isoprint._support import output
from isoprint._support.jobs import threads
from isoprint._support.parameters import real, whole
from isoprint._support.plural import plural
from isoprint._support.progress import Report, reporting
from isoprint.cli import _files, _outputs, _trajectory
from isoprint.cli._dynamics import ENSEMBLES, Dynamics, Rules, State, drift, state_of, thermalize
from isoprint.cli._values import value

_EXAMPLE = """\
examples:
  isoprint md si.isoprint si.cif -o nve.extxyz --repeat 2,2,2 --temperature 300 --steps 10000
  isoprint md si.isoprint si.cif -o hot.traj --ensemble langevin --temperature 1500 --steps 50000 --log hot.txt
  isoprint md si.isoprint si.cif -o hot.traj --ensemble langevin --temperature 1500 --steps 90000 --resume
  isoprint md si.isoprint si.cif -o nve.extxyz --temperature 900 --steps 20000 --max-extrapolation 0.02

Each structure in OUT has its step, momenta, energy, forces, stress, and how unlike all sparse points it is at most.
"""
_COLUMNS = "step  time/ps  temperature/K  potential/(eV/atom)  kinetic/(eV/atom)  total/(eV/atom)  extrapolation"


def add(commands: Any) -> None:
    """Add the command to the others."""
    parser = commands.add_parser(
        "md",
        help="molecular dynamics with a model",
        description="Molecular dynamics of a structure with a model that `isoprint fit` has made.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.add_argument("model", metavar="MODEL", help="file of the model")
    parser.add_argument("input", metavar="IN", help="the structure, in any format that ase reads")
    suffixes = " ".join(_trajectory.SUFFIXES)
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help=f"trajectory; the suffix: {suffixes}")
    _files.add_input(parser, "-1", "structure (the last)")
    parser.add_argument("--repeat", metavar="N", type=value, default=1, help="copies of the cell, as 2 or 2,2,1 (1)")
    parser.add_argument("--ensemble", choices=ENSEMBLES, default="nve", help="energy or temperature is kept (nve)")
    parser.add_argument("--temperature", metavar="K", type=float, default=None, help="of first velocities, and kept")
    parser.add_argument("--keep-velocities", action="store_true", help="take the velocities that the structure has")
    parser.add_argument("--timestep", metavar="FS", type=float, default=1.0, help="in fs (1)")
    parser.add_argument("--steps", metavar="N", type=int, required=True, help="in all, those of earlier runs too")
    parser.add_argument("--every", metavar="N", type=int, default=10, help="steps from one stored structure on (10)")
    parser.add_argument("--friction", metavar="X", type=float, default=0.01, help="of langevin, in 1/fs (0.01)")
    parser.add_argument("--seed", type=int, default=0, help="of velocities and noise (0)")
    parser.add_argument("--max-extrapolation", metavar="X", type=float, default=None, help="end beyond this, 0 to 1")
    parser.add_argument("--log", metavar="FILE", help="a line of numbers for every stored structure")
    parser.add_argument("--resume", action="store_true", help="go on from OUT, if it is there")
    parser.add_argument("--n-jobs", type=int, default=None, help="threads; -1 for all cores")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    from isoprint.models import load

    resume = "resume" in vars(options)
    _outputs.require(options, _trajectory.require_place)
    rules = _rules(options)
    threads(options.n_jobs)
    model = load(options.model)
    trajectory = _trajectory.opened(options.output, resume)
    made_with = _made_with(rules, options)
    if trajectory.n_frames:
        _require_same(trajectory.frame(0), made_with, options.output)
        atoms = trajectory.frame(-1)
        step = int(atoms.info["step"])
        atoms.info = {}
    else:
        atoms, step = _start(options, rules), 0
    atoms.calc = model.calculator(n_jobs=options.n_jobs)
    if step >= options.steps and trajectory.n_frames:
        print(f"{options.output}: at step {step} already")
        return 0
    run = _Run(model, trajectory, Dynamics(atoms, rules, step), rules, options, made_with)
    try:
        with _log(options, resume) as log, reporting(sys.stderr.isatty(), "step") as report:
            run.to_the_end(log, report)
    except KeyboardInterrupt:
        if trajectory.n_frames:
            where = f"{options.output} has {plural(trajectory.n_frames, 'structure')}"
            print(f"{where}; the same command with --resume goes on", file=sys.stderr)
        raise
    print(run.summary())
    return 0


class _Run:
    """One run of the command."""

    def __init__(self, model: Any, trajectory: Any, dynamics: Dynamics, rules: Rules, options: Any, told: str) -> None:
        self._model, self._trajectory, self._dynamics = model, trajectory, dynamics
        self._rules, self._options, self._told = rules, options, told
        self._states: list[State] = []

    def to_the_end(self, log: TextIO | None, report: Report | None) -> None:
        """Move on, and store where the number of the step can be divided by that of `--every`, and the last."""
        every, last = self._options.every, self._options.steps
        self._look()
        if not self._trajectory.n_frames:
            self._keep(log)
        while self._dynamics.step < last:
            self._dynamics.run(min(every - self._dynamics.step % every, last - self._dynamics.step))
            self._look()
            self._keep(log)
            if report is not None:
                report(self._dynamics.step, last)
            self._require_known()

    def _look(self) -> None:
        atoms, step = self._dynamics.atoms, self._dynamics.step
        extrapolation = self._model.extrapolation(atoms, n_jobs=self._options.n_jobs)
        self._states.append(state_of(atoms, step, self._rules.timestep, extrapolation))

    def _keep(self, log: TextIO | None) -> None:
        state, atoms = self._states[-1], self._dynamics.atoms
        frame = atoms.copy()
        frame.info = {"step": state.step, "time": 1e3 * state.time, "extrapolation": state.extrapolation}
        if not self._trajectory.n_frames:
            frame.info["made_with"] = self._told
        frame.calc = _stored(atoms)
        self._trajectory.append(frame)
        if log is not None:
            energies = f"{state.potential:20.10f} {state.kinetic:18.10f} {state.total:16.10f}"
            line = f"{state.step:8d} {state.time:8.4f} {state.temperature:14.4f} {energies} {state.extrapolation:14.3e}"
            print(line, file=log, flush=True)

    def _require_known(self) -> None:
        state, most = self._states[-1], self._options.max_extrapolation
        if most is not None and state.extrapolation > most:
            raise ValueError(
                f"atom {state.atom} is unlike all that the model knows at step {state.step}: extrapolation"
                f" {state.extrapolation:.3g}, more than {most}; {self._options.output} has the way there"
            )

    def summary(self) -> str:
        """What a user wants to know at the end."""
        states, options = self._states, self._options
        frames = plural(self._trajectory.n_frames, "structure")
        lines = [f"{options.output}: {frames} up to step {states[-1].step}, {states[-1].time:.4g} ps"]
        told = [f"temperature {np.mean([state.temperature for state in states]):.1f} K on average"]
        if self._rules.ensemble == "nve" and len(states) > 2:
            about = f"within {1e3 * np.ptp([state.total for state in states]):.2g} meV/atom"
            told.append(f"total energy {about}, drift {drift(states):.2g} meV/atom/ps")
        told.append(f"largest extrapolation {max(state.extrapolation for state in states):.3g}")
        return "\n".join([*lines, ", ".join(told)])


def _rules(options: Any) -> Rules:
    """The options, each looked at."""
    positive, not_negative = "it must be a positive number", "it must be a number of at least 0"
    for name, least in (("steps", 0), ("every", 1), ("seed", 0)):
        whole(f"--{name}", getattr(options, name), least)
    if options.max_extrapolation is not None:
        real("--max-extrapolation", options.max_extrapolation, least=0.0, remedy=not_negative)
    kept = "keep_velocities" in vars(options)
    if options.temperature is None and (options.ensemble == "langevin" or not kept):
        raise ValueError("--temperature is missing; give it in K, or take the velocities there are: --keep-velocities")
    if options.temperature is not None:
        real("--temperature", options.temperature, least=0.0, remedy=not_negative)
        if kept and options.ensemble == "nve":
            raise ValueError("--temperature and --keep-velocities both say how fast atoms are at first; give one")
    return Rules(
        options.ensemble,
        real("--timestep", options.timestep, above=0.0, remedy=positive),
        options.temperature,
        real("--friction", options.friction, above=0.0, remedy=positive),
        options.seed,
    )


def _start(options: Any, rules: Rules) -> Any:
    """The structure with its first velocities."""
    frames = _files.read(options)
    if len(frames) != 1:
        raise ValueError(f"--index {options.index} chose {len(frames)} structures, and one can move; choose one")
    atoms = frames[0].copy()
    atoms.info = {}
    for name in [name for name in atoms.arrays if name not in ("numbers", "positions", "masses", "momenta")]:
        del atoms.arrays[name]
    if options.repeat != 1:
        atoms = atoms.repeat(_copies(options.repeat))
    if "keep_velocities" not in vars(options):
        assert rules.temperature is not None
        thermalize(atoms, rules.temperature, rules.seed)
    elif not atoms.has("momenta"):
        raise ValueError(f"{options.input} has no velocities to keep; give --temperature")
    return atoms


def _copies(given: Any) -> list[int]:
    several = given if isinstance(given, list) else [given] * 3
    if len(several) != 3:
        raise ValueError(f"--repeat is {given}; give one number or three")
    return [whole("--repeat", n, 1) for n in several]


def _made_with(rules: Rules, options: Any) -> str:
    """What must be the same in a run that goes on; the number of steps may be another."""
    told: dict[str, Any] = {"ensemble": rules.ensemble, "timestep": rules.timestep}
    if rules.ensemble == "langevin":
        told |= {"temperature": rules.temperature, "friction": rules.friction}
    told |= {"seed": rules.seed, "every": options.every}
    told["model"] = sha256(Path(options.model).read_bytes()).hexdigest()[:16]
    return ", ".join(f"{name} {entry}" for name, entry in told.items())


def _require_same(frame: Any, made_with: str, path: str) -> None:
    before = frame.info.get("made_with")
    if not isinstance(before, str) or "step" not in frame.info:
        raise ValueError(f"{path} was not made by isoprint md, so that there is nothing to resume; give another name")
    pairs = zip(before.split(", "), made_with.split(", "), strict=False)
    differences = [f"{was!r} and not {now!r}" for was, now in pairs if was != now]
    if differences or before.count(", ") != made_with.count(", "):
        raise ValueError(f"{path} was made with {'; '.join(differences) or before}; give what was given then")


def _stored(atoms: Any) -> Any:
    """What the calculator said last."""
    from ase.calculators.singlepoint import SinglePointCalculator

    found = {name: atoms.calc.results[name] for name in ("energy", "forces", "stress") if name in atoms.calc.results}
    return SinglePointCalculator(atoms, **found)


@contextmanager
def _log(options: Any, resume: bool) -> Iterator[TextIO | None]:
    path = vars(options).get("log")
    if path is None:
        yield None
        return
    goes_on = resume and Path(path).exists()
    with output.telling(path), Path(path).open("a" if goes_on else "w", encoding="utf-8") as opened:
        if not goes_on:
            print(f"# {_COLUMNS}", file=opened, flush=True)
        yield opened
