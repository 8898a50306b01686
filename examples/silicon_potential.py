"""A potential for silicon: fit, test, calibrate, and run molecular dynamics with it.

A Gaussian process on a few sparse points learns energies and forces of density functional theory. It is then a
calculator like any other of ASE.

    python examples/silicon_potential.py
    python examples/silicon_potential.py --full --plot silicon.png      more sparse points, and a picture
"""

import argparse
from pathlib import Path

import numpy as np
from ase import units
from ase.build import bulk
from ase.io import read
from ase.md.verlet import VelocityVerlet

import isoprint as ip

arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
arguments.add_argument("--full", action="store_true", help="more sparse points and a longer run")
arguments.add_argument("--plot", help="file of a picture: predictions over labels")
options = arguments.parse_args()

frames = read(Path(__file__).parent / "silicon.extxyz", ":")
training, held_out, test = frames[::2], frames[1::4], frames[3::4]

soap = ip.SoapTurbo(species=["Si"], r_cut=5.0, n_max=8, l_max=8, sigma=0.5)
model = ip.models.SparseGP(soap, n_sparse=400 if options.full else 100, sigma_energy=1e-3, sigma_forces=0.05)
model.fit(training)
print(model.errors(test))

# What was held out tells by how much standard deviations are too small; the test, whether that helps.
model.calibrate(held_out)
found = model.predict(test, std=True)
labels = np.concatenate([frame.get_forces() for frame in test])
print(f"errors of forces over their standard deviations: {np.std((found.forces - labels) / found.forces_std):.2f}")

crystal = bulk("Si", cubic=True).repeat(2)
crystal.calc = model.calculator()
crystal.rattle(0.1, seed=0)
energies = []
dynamics = VelocityVerlet(crystal, 1.0 * units.fs)
dynamics.attach(lambda: energies.append(crystal.get_total_energy() / len(crystal)))
dynamics.run(1000 if options.full else 50)
print(f"total energy of {len(energies)} steps of 1 fs: within {1e3 * np.ptp(energies):.2f} meV per atom")

if options.plot:
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(4.2, 4.0), layout="constrained")
    axis.errorbar(
        labels.ravel(), found.forces.ravel(), found.forces_std.ravel(), fmt=".", markersize=3, elinewidth=0.4, alpha=0.6
    )
    axis.axline((0.0, 0.0), slope=1.0, color="0.6", linewidth=0.8, zorder=0)
    axis.set_xlabel("force component, density functional theory, eV/Å")
    axis.set_ylabel("model, with its standard deviation, eV/Å")
    axis.set_aspect("equal")
    figure.savefig(options.plot, dpi=150)
