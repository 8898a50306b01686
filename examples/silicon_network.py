"""A neural network on a fingerprint of silicon, trained on energies and forces, beside a kernel model.

A small network of PyTorch turns the fingerprint of each atom into an energy. Forces are the derivatives of the sum, and
training on them differentiates once more. The kernel model, a Gaussian process on a few sparse points, is fitted to the
same structures and sees the same test.

    python examples/silicon_network.py
    python examples/silicon_network.py --train train.extxyz --test test.extxyz --epochs 300 --plot network.png
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from ase.io import read

import isoprint as ip
from isoprint.extras.torch import Featurizer, Structures

arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
arguments.add_argument("--train", metavar="FILE", help="structures to learn from")
arguments.add_argument("--test", metavar="FILE", help="structures to test on")
arguments.add_argument("--epochs", type=int, default=40)
arguments.add_argument("--batch", type=int, default=4, help="structures in a step")
arguments.add_argument("--width", type=int, default=32, help="of both hidden layers")
arguments.add_argument("--components", type=int, default=48, help="of the features, which the network sees")
arguments.add_argument("--n-sparse", type=int, default=80, help="sparse points of the kernel model")
arguments.add_argument("--plot", help="file of a picture: errors over the epochs")
options = arguments.parse_args()

if options.train:
    training, test = read(options.train, ":"), read(options.test, ":")
else:
    frames = read(Path(__file__).parent / "silicon.extxyz", ":")
    training, test = frames[::2] + frames[1::4], frames[3::4]

soap = ip.SOAP(species=["Si"], r_cut=5.0, n_max=8, l_max=6, sigma=0.5)
torch.manual_seed(0)
torch.set_num_threads(1)


class Potential(torch.nn.Module):
    """Energies of structures: a network of the leading components of the features, summed over atoms."""

    def __init__(self, frames: list) -> None:
        super().__init__()
        # Training needs no second derivatives by positions.
        self.featurizer = Featurizer(soap, n_jobs=-1, second=False)
        rows = soap.transform(frames)
        mean = rows.mean(axis=0)
        _, spread, components = np.linalg.svd(rows - mean, full_matrices=False)
        scale = np.sqrt(len(rows)) / spread[: options.components, None]
        # Components of little spread count less, or noise would.
        damping = np.sqrt(spread[: options.components, None] / spread[0])
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer(
            "components", torch.from_numpy((components[: options.components] * scale * damping).T.copy())
        )
        width = options.width
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(options.components, width), torch.nn.SiLU(),
            torch.nn.Linear(width, width), torch.nn.SiLU(), torch.nn.Linear(width, 1),
        ).double()  # fmt: skip
        per_atom = [frame.get_potential_energy() / len(frame) for frame in frames]
        self.register_buffer("per_atom", torch.tensor(np.mean(per_atom)))

    def forward(self, batch: Structures, positions: torch.Tensor) -> torch.Tensor:
        seen = (self.featurizer(batch, positions) - self.mean) @ self.components
        return batch.sum(self.layers(seen)[:, 0] + self.per_atom)

    def energies_and_forces(self, batch: Structures, *, training: bool) -> tuple:
        positions = batch.positions.detach().requires_grad_()
        energies = self(batch, positions)
        (gradient,) = torch.autograd.grad(energies.sum(), positions, create_graph=training)
        return energies, -gradient


def labeled(frames: list, featurizer: Featurizer) -> list:
    """Each structure as tensors, once for all epochs, with its labels."""
    return [
        (featurizer.prepare(frame), torch.tensor([frame.get_potential_energy()]), torch.from_numpy(frame.get_forces()))
        for frame in frames
    ]


def joined(samples: list) -> tuple:
    batches, energies, forces = zip(*samples, strict=True)
    return Structures.join(batches), torch.cat(energies).double(), torch.cat(forces)


def errors(model: Potential, samples: list) -> tuple:
    """Root mean squares of the errors: meV/atom, eV/Å."""
    batch, energies, forces = joined(samples)
    found, found_forces = model.energies_and_forces(batch, training=False)
    counts = torch.diff(batch.offsets)
    of_energies = ((found - energies) / counts).square().mean().sqrt()
    return 1e3 * of_energies.item(), (found_forces - forces).square().mean().sqrt().item()


model = Potential(training)
samples, held_out = labeled(training, model.featurizer), labeled(test, model.featurizer)
n_steps = options.epochs * -(-len(samples) // options.batch)
optimizer = torch.optim.Adam(model.layers.parameters(), lr=5e-3)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=n_steps)
rng, curve = np.random.default_rng(0), []
for epoch in range(1, options.epochs + 1):
    order = rng.permutation(len(samples))
    for start in range(0, len(order), options.batch):
        batch, energies, forces = joined([samples[place] for place in order[start : start + options.batch]])
        found, found_forces = model.energies_and_forces(batch, training=True)
        counts = torch.diff(batch.offsets)
        # An error of 3 meV/atom counts as one of 0.05 eV/Å.
        loss = ((found - energies) / counts / 0.003).square().mean() + ((found_forces - forces) / 0.05).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    if epoch % max(1, options.epochs // 30) == 0 or epoch == 1:
        curve.append((epoch, *errors(model, samples), *errors(model, held_out)))
        print(
            "epoch {}: {:.1f} meV/atom, {:.3f} eV/Å; test {:.1f} meV/atom, {:.3f} eV/Å".format(*curve[-1]), flush=True
        )

kernel = ip.models.SparseGP(soap, n_sparse=options.n_sparse, sigma_energy=1e-3, sigma_forces=0.05)
kernel.fit(training, virial=None)
of_kernel = kernel.errors(test, virial=None)
spread = np.concatenate([frame.get_forces() for frame in test]).std()
print(f"network: {curve[-1][3]:.1f} meV/atom, {curve[-1][4]:.3f} eV/Å on {len(test)} structures it has not seen")
print(f"kernel model: {1e3 * of_kernel.energy.rmse:.1f} meV/atom, {of_kernel.forces.rmse:.3f} eV/Å")
print(f"spread of the forces: {spread:.3f} eV/Å")

if options.plot:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.2), layout="constrained")
    epochs, *columns = np.array(curve).T
    labels = ("RMSE of energies, meV/atom", "RMSE of force components, eV/Å")
    levels = (1e3 * of_kernel.energy.rmse, of_kernel.forces.rmse)
    for place, (axis, label, level) in enumerate(zip(axes, labels, levels, strict=True)):
        axis.plot(epochs, columns[place], label="network, training", color="tab:blue", alpha=0.5)
        axis.plot(epochs, columns[place + 2], label="network, test", color="tab:blue", marker="o", markersize=3)
        axis.axhline(level, label="kernel model, test", color="tab:orange", linestyle="--")
        axis.set(yscale="log", xlabel="epoch", ylabel=label)
        axis.grid(alpha=0.3, linewidth=0.5, which="both")
    axes[0].legend(frameon=False)
    figure.savefig(options.plot, dpi=150)
