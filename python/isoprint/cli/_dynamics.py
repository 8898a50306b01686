"""Molecular dynamics by ASE that can be gone on with: noise is drawn by seed and step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ENSEMBLES = ("nve", "langevin")


@dataclass(frozen=True)
class Rules:
    """How atoms move: times in fs, temperature in K."""

    ensemble: str
    timestep: float
    temperature: float | None
    friction: float
    seed: int


class Dynamics:
    """Atoms that move, and the step at which they are."""

    def __init__(self, atoms: Any, rules: Rules, step: int) -> None:
        from ase import units
        from ase.md.langevin import Langevin
        from ase.md.verlet import VelocityVerlet

        self.atoms, self.step, self._rules = atoms, step, rules
        timestep = rules.timestep * units.fs
        self._noise = _Noise()
        if rules.ensemble == "langevin":
            self._dynamics: Any = Langevin(
                atoms,
                timestep,
                temperature_K=rules.temperature,
                friction=rules.friction / units.fs,
                fixcm=False,
                rng=self._noise,
            )
        else:
            self._dynamics = VelocityVerlet(atoms, timestep)

    def run(self, steps: int) -> None:
        """Move on by so many steps; noise is the same in every run that comes here."""
        self._noise.seed(self._rules.seed, self.step)
        self._dynamics.run(steps)
        self.step += steps


class _Noise:
    """Normal numbers that are known by seed and step alone."""

    def seed(self, seed: int, step: int) -> None:
        self._rng = np.random.default_rng([seed, step])

    def standard_normal(self, size: Any) -> Floats:
        return np.asarray(self._rng.standard_normal(size))


def thermalize(atoms: Any, temperature: float, seed: int) -> None:
    """Give atoms velocities of this temperature in K, and their center of mass none."""
    from ase import units

    masses = atoms.get_masses()[:, None]
    noise = np.random.default_rng(seed).standard_normal((len(atoms), 3))
    momenta = np.sqrt(masses * units.kB * temperature) * noise
    if not atoms.constraints:
        momenta -= masses * momenta.sum(axis=0) / masses.sum()
    atoms.set_momenta(momenta)
    found = atoms.get_temperature()
    if found > 0.0:
        atoms.set_momenta(atoms.get_momenta() * np.sqrt(temperature / found))


@dataclass(frozen=True)
class State:
    """What is known of the atoms at a step; energies in eV per atom."""

    step: int
    time: float
    """In ps."""
    temperature: float
    potential: float
    kinetic: float
    extrapolation: float
    """The largest of all atoms, and which atom that is."""
    atom: int

    @property
    def total(self) -> float:
        """Potential and kinetic energy."""
        return self.potential + self.kinetic


def state_of(atoms: Any, step: int, timestep: float, extrapolation: Floats) -> State:
    """What is known of the atoms at a step."""
    n = len(atoms)
    return State(
        step=step,
        time=step * timestep * 1e-3,
        temperature=float(atoms.get_temperature()),
        potential=float(atoms.get_potential_energy()) / n,
        kinetic=float(atoms.get_kinetic_energy()) / n,
        extrapolation=float(extrapolation.max()),
        atom=int(extrapolation.argmax()),
    )


def drift(states: list[State]) -> float:
    """Slope of the total energy in meV per atom and ps."""
    times, totals = np.array([(state.time, state.total) for state in states]).T
    times = times - times.mean()
    return float(1e3 * (times @ (totals - totals.mean())) / (times @ times))
