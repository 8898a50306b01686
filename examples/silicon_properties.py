"""What a potential says of a crystal: lattice, equation of state, elastic constants, phonons, energy conservation.

ASE does all of it with the calculator of a model; each part is a few lines.

    python examples/silicon_properties.py
    python examples/silicon_properties.py --full      10 ps of dynamics in place of 0.1
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from ase import units
from ase.build import bulk
from ase.eos import EquationOfState
from ase.io import read
from ase.md.verlet import VelocityVerlet
from ase.optimize import BFGS
from ase.phonons import Phonons

import isoprint as ip

try:
    from ase.filters import FrechetCellFilter as CellFilter
except ImportError:  # before ASE 3.23
    from ase.constraints import ExpCellFilter as CellFilter

arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
arguments.add_argument("--full", action="store_true", help="10 ps of dynamics in place of 0.1")
options = arguments.parse_args()

frames = read(Path(__file__).parent / "silicon.extxyz", ":")
soap = ip.SOAP(species=["Si"], r_cut=5.0, n_max=8, l_max=8, sigma=0.5)
model = ip.models.SparseGP(soap, n_sparse=300, sparse="fps", sigma_energy=1e-3, sigma_forces=0.05).fit(frames)
calculator = model.calculator()

# The lattice: atoms and cell at once.
crystal = bulk("Si", a=5.5)
crystal.calc = calculator
BFGS(CellFilter(crystal), logfile=None).run(fmax=1e-4)
lattice = (4.0 * crystal.get_volume()) ** (1.0 / 3.0)
print(f"lattice constant: {lattice:.3f} Å")

# Equation of state: energies over volumes.
volumes, energies = [], []
for scale in np.linspace(0.97, 1.03, 7):
    stretched = crystal.copy()
    stretched.set_cell(crystal.cell * scale, scale_atoms=True)
    stretched.calc = calculator
    volumes.append(stretched.get_volume())
    energies.append(stretched.get_potential_energy())
_, _, modulus = EquationOfState(volumes, energies, eos="birchmurnaghan").fit()
print(f"bulk modulus: {modulus / units.GPa:.0f} GPa")


def stress(strain):
    """In GPa, of the crystal with this strain xx yy zz yz xz xy, once its atoms are at rest."""
    xx, yy, zz, yz, xz, xy = strain
    tensor = np.array([[xx, xy / 2, xz / 2], [xy / 2, yy, yz / 2], [xz / 2, yz / 2, zz]])
    strained = crystal.copy()
    strained.set_cell(crystal.cell @ (np.eye(3) + tensor), scale_atoms=True)
    strained.calc = calculator
    BFGS(strained, logfile=None).run(fmax=1e-4)
    return strained.get_stress() / units.GPa


def elastic(component):
    """Derivatives of the stress with respect to one component of the strain."""
    step = 0.005 * np.eye(6)[component]
    return (stress(step) - stress(-step)) / 0.01


stretch, shear = elastic(0), elastic(3)
print(f"elastic constants: C11 {stretch[0]:.0f}, C12 {stretch[1]:.0f}, C44 {shear[3]:.0f} GPa")

# Phonons by displacements of a supercell; ASE keeps the forces in a folder.
with tempfile.TemporaryDirectory() as folder:
    phonons = Phonons(crystal, calculator, supercell=(4, 4, 4), delta=0.02, name=str(Path(folder) / "phonons"))
    phonons.run()
    phonons.read(acoustic=True)
points = {"Γ": (0.0, 0.0, 0.0), "X": (0.5, 0.0, 0.5), "L": (0.5, 0.5, 0.5)}
for name, point in points.items():
    found = phonons.band_structure([point], verbose=False)[0] / (1e-3 * units._hplanck * units.J * 1e15)
    print(f"phonons at {name}: {' '.join(f'{frequency:.1f}' for frequency in np.sort(found))} THz")

# Energy conservation: 64 atoms at some 300 K.
atoms = bulk("Si", cubic=True, a=lattice).repeat(2)
noise = np.random.default_rng(0).normal(size=(len(atoms), 3))
atoms.set_momenta(np.sqrt(atoms.get_masses() * units.kB * 600.0)[:, None] * (noise - noise.mean(axis=0)))
atoms.calc = calculator
totals = []
dynamics = VelocityVerlet(atoms, 1.0 * units.fs)
dynamics.attach(lambda: totals.append(1e3 * atoms.get_total_energy() / len(atoms)))
dynamics.run(10_000 if options.full else 100)
times = 1e-3 * np.arange(len(totals))
slope = np.polyfit(times, totals, 1)[0]
print(f"total energy over {times[-1]:.1f} ps: within {np.ptp(totals):.2f} meV/atom, drift {slope:.1e} meV/atom/ps")
