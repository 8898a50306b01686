"""Errors of a potential over the number of structures that taught it.

    python examples/silicon_learning_curve.py
    python examples/silicon_learning_curve.py --train train.extxyz --test test.extxyz --plot curve.png

The second line takes the structures of any files with energies and forces, here of one element.
"""

import argparse
from pathlib import Path

import numpy as np
from ase.io import read

import isoprint as ip

arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
arguments.add_argument("--train", metavar="FILE", help="structures to learn from")
arguments.add_argument("--test", metavar="FILE", help="structures to test on")
arguments.add_argument("--n-sparse", type=int, default=100)
arguments.add_argument("--repeats", type=int, default=2, help="random orders of the structures")
arguments.add_argument("--plot", help="file of a picture")
options = arguments.parse_args()

if options.train:
    training, test = read(options.train, ":"), read(options.test, ":")
else:
    frames = read(Path(__file__).parent / "silicon.extxyz", ":")
    training, test = frames[::2] + frames[1::4], frames[3::4]

species = sorted(set(training[0].symbols))
common = {"species": species, "r_cut": 5.0, "n_max": 8, "l_max": 8, "sigma": 0.5}
descriptors = {"SOAP": ip.SOAP(**common), "SoapTurbo": ip.SoapTurbo(**common)}
sizes = [n for n in (5, 10, 20, 50, 100, 200) if n <= len(training)]

found = {}
for name, descriptor in descriptors.items():
    for size in sizes:
        for repeat in range(options.repeats):
            order = np.random.default_rng(repeat).permutation(len(training))[:size]
            model = ip.models.SparseGP(descriptor, n_sparse=options.n_sparse, sigma_energy=1e-3, sigma_forces=0.05)
            model.fit([training[place] for place in order], virial=None)
            errors = model.errors(test, virial=None)
            found.setdefault((name, size), []).append((1e3 * errors.energy.rmse, errors.forces.rmse))
        energy, forces = np.mean(found[name, size], axis=0)
        print(f"{name:9}  {size:4d} structures: {energy:6.1f} meV/atom, {forces:.3f} eV/Å", flush=True)

if options.plot:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.2), layout="constrained")
    units = ("RMSE of energies, meV/atom", "RMSE of force components, eV/Å")
    for place, (axis, label) in enumerate(zip(axes, units, strict=True)):
        for name, marker in zip(descriptors, "os", strict=True):
            runs = np.array([[run[place] for run in found[name, size]] for size in sizes])
            (line,) = axis.plot(sizes, runs.mean(axis=1), marker=marker, markersize=4, label=name)
            axis.fill_between(sizes, runs.min(axis=1), runs.max(axis=1), color=line.get_color(), alpha=0.2, linewidth=0)
        axis.set(xscale="log", xlabel="structures that were fitted", ylabel=label)
        axis.set_xticks(sizes, map(str, sizes))
        axis.minorticks_off()
        axis.set_ylim(bottom=0.0)
        axis.grid(alpha=0.3, linewidth=0.5)
    axes[0].legend(frameon=False)
    figure.savefig(options.plot, dpi=150)
