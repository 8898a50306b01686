"""Amorphous carbon by tight binding: data for studies, with energies, forces and stress whose derivatives are exact.

The model of C. H. Xu, C. Z. Wang, C. T. Chan and K. M. Ho, J. Phys.: Condens. Matter 4, 6047 (1992), at the Gamma
point, with Fermi smearing; the energy is the free energy of the electrons.

Without arguments: diamond against graphite, and forces against differences. `--full FOLDER` quenches twenty melts and
writes the training and test set of `sparse_set_study.py`, in ten minutes on one core.
"""

import argparse
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.build import bulk, graphene
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from scipy.linalg import eigh

# On-site energies and hopping integrals in eV, lengths in Å; the tails are polynomials beyond `r1` and `d1`.
E_S, E_P = -2.99, 3.71
SS, SP, PP_SIGMA, PP_PI = -5.0, 4.7, 5.5, -1.55
HOPPING = {"r0": 1.536329, "n": 2.0, "nc": 6.5, "rc": 2.18}
HOPPING_TAIL = 2.45, (6.7392620074314e-3, -8.1885359517898e-2, 0.1932365259144, 0.3542874332380)
REPULSION = {"r0": 1.64, "n": 3.30304, "nc": 8.6655, "rc": 2.1052}
REPULSION_TAIL = 2.57, (2.2504290109e-8, -1.4408640561e-6, 2.1043303374e-5, 6.6024390226e-5)
REPULSION_SIZE, REACH = 8.18555, 2.6
EMBEDDING = -2.5909765118191, 0.5721151498619, -1.7896349903396e-3, 2.3539221516757e-5, -1.24251169551587e-7


def decay(r, r0, n, nc, rc):
    """How integrals fall off, with the derivative."""
    value = (r0 / r) ** n * np.exp(n * ((r0 / rc) ** nc - (r / rc) ** nc))
    return value, -value * n / r * (1.0 + nc * (r / rc) ** nc)


def with_tail(r, law, size, start, polynomial):
    value, slope = decay(r, **law)
    x, beyond = r - start, r > start
    tail = np.polynomial.Polynomial(polynomial)
    return np.where(beyond, tail(x), size * value), np.where(beyond, tail.deriv()(x), size * slope)


class TightBinding(Calculator):
    """Energy, forces and stress of carbon in a cell wider than twice the reach."""

    implemented_properties = ("energy", "free_energy", "forces", "stress")

    def __init__(self, temperature=0.1, **options):
        """`temperature` of the electrons in eV."""
        super().__init__(**options)
        self.temperature = temperature

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        n, cell = len(self.atoms), self.atoms.cell[:]
        i, j, separation, r = pairs(self.atoms)
        along = separation / r[:, None]
        hop, hop_slope = with_tail(r, HOPPING, 1.0, *HOPPING_TAIL)
        push, push_slope = with_tail(r, REPULSION, REPULSION_SIZE, *REPULSION_TAIL)
        blocks = two_center(along)
        hamiltonian = np.zeros((n, 4, n, 4))
        hamiltonian[i, :, j, :] = hop[:, None, None] * blocks
        hamiltonian[j, :, i, :] = (hop[:, None, None] * blocks).transpose(0, 2, 1)
        every = np.arange(n)
        hamiltonian[every, 0, every, 0] = E_S
        for x in (1, 2, 3):
            hamiltonian[every, x, every, x] = E_P
        levels, orbitals = eigh(hamiltonian.reshape(4 * n, 4 * n), driver="evd", check_finite=False)
        occupation, entropy = fermi(levels, 4 * n, self.temperature)
        crowd = np.bincount(i, push, n) + np.bincount(j, push, n)
        embedding = np.polynomial.Polynomial(EMBEDDING)
        energy = float(occupation @ levels - self.temperature * entropy + embedding(crowd).sum())

        density = ((orbitals * occupation) @ orbitals.T).reshape(n, 4, n, 4)[i, :, j, :]
        radial = 2.0 * hop_slope * (density * blocks).sum(axis=(1, 2))
        radial += push_slope * (embedding.deriv()(crowd)[i] + embedding.deriv()(crowd)[j])
        turning = SP * (density[:, 0, 1:] - density[:, 1:, 0])
        both = density[:, 1:, 1:] + density[:, 1:, 1:].transpose(0, 2, 1)
        turning += (PP_SIGMA - PP_PI) * np.einsum("pxy,py->px", both, along)
        turning *= 2.0 * (hop / r)[:, None]
        turning -= along * (turning * along).sum(axis=1, keepdims=True)
        gradient = radial[:, None] * along + turning
        forces = np.zeros((n, 3))
        np.add.at(forces, i, gradient)
        np.add.at(forces, j, -gradient)
        stress = np.einsum("px,py->xy", gradient, separation) / abs(np.linalg.det(cell))
        self.results = {"energy": energy, "free_energy": energy, "forces": forces}
        self.results["stress"] = stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]


def pairs(atoms):
    """Pairs within reach, each once, by the nearest image."""
    cell = atoms.cell[:]
    i, j = np.triu_indices(len(atoms), 1)
    fractions = (atoms.positions[j] - atoms.positions[i]) @ np.linalg.inv(cell)
    separation = (fractions - np.round(fractions)) @ cell
    r = np.linalg.norm(separation, axis=1)
    near = r < REACH
    return i[near], j[near], separation[near], r[near]


def two_center(along):
    """Blocks of the Hamiltonian, s and three p: J. C. Slater, G. F. Koster, Phys. Rev. 94, 1498 (1954)."""
    blocks = np.zeros((len(along), 4, 4))
    blocks[:, 0, 0] = SS
    blocks[:, 0, 1:], blocks[:, 1:, 0] = SP * along, -SP * along
    blocks[:, 1:, 1:] = (PP_SIGMA - PP_PI) * along[:, :, None] * along[:, None] + PP_PI * np.eye(3)
    return blocks


def fermi(levels, electrons, temperature):
    """Occupations of two electrons a level at most, and their entropy."""
    low, high = levels[0], levels[-1]
    for _ in range(80):
        middle = 0.5 * (low + high)
        occupation = 2.0 / (1.0 + np.exp(np.clip((levels - middle) / temperature, -60.0, 60.0)))
        low, high = (middle, high) if occupation.sum() < electrons else (low, middle)
    full, empty = np.clip(occupation / 2.0, 1e-300, 1.0), np.clip(1.0 - occupation / 2.0, 1e-300, 1.0)
    return occupation, -2.0 * (full * np.log(full) + empty * np.log(empty)).sum()


def quench(seed, density, n=64, steps=1700):
    """A melt of 6000 K cooled to 300 K within a picosecond, by Langevin dynamics of 1 fs a step; every 25th frame."""
    random = np.random.default_rng(seed)
    edge = (n * 12.011 * 1.66053907 / density) ** (1 / 3)
    positions = []
    while len(positions) < n:
        point = random.random(3) * edge
        away = np.array(positions).reshape(-1, 3) - point
        if not len(positions) or ((away - edge * np.round(away / edge)) ** 2).sum(axis=1).min() > 1.25**2:
            positions.append(point)
    atoms = Atoms(f"C{n}", positions=positions, cell=[edge] * 3, pbc=True, calculator=TightBinding())
    mass, step, keep = 12.011, units.fs, np.exp(-0.02)
    velocity = random.normal(size=(n, 3)) * np.sqrt(units.kB * 6000 / mass)
    for k in range(steps):
        temperature = 6000 if k < 500 else max(300, 6000 - 5.7 * (k - 500))
        velocity += 0.5 * step * atoms.get_forces() / mass
        atoms.positions += 0.5 * step * velocity
        noise = np.sqrt((1.0 - keep**2) * units.kB * temperature / mass)
        velocity = keep * velocity + noise * random.normal(size=(n, 3))
        atoms.positions += 0.5 * step * velocity
        velocity += 0.5 * step * atoms.get_forces() / mass
        if k >= 250 and k % 25 == 24:
            yield labelled(atoms, density=round(density, 2), temperature=round(temperature), run=seed)


def labelled(atoms, **info):
    frame = Atoms(atoms.symbols, positions=np.round(atoms.get_positions(wrap=True), 6), cell=atoms.cell, pbc=True)
    calculator = TightBinding()
    calculator.calculate(frame)
    frame.info.update(info)
    frame.calc = SinglePointCalculator(frame, **{k: calculator.results[k] for k in ("energy", "forces", "stress")})
    return frame


def full(folder, runs):
    folder.mkdir(parents=True, exist_ok=True)
    for name, first in (("train", 0), ("test", 100)):
        frames = []
        for k in range(runs):
            run = list(quench(first + k, 1.6 + 0.2 * k))
            late = np.linspace(len(run) // 3, len(run) - 1, 5).astype(int)
            frames += run if name == "train" else [run[place] for place in late]
            energy = frames[-1].get_potential_energy() / len(frames[-1])
            print(f"{name}, run {k}: {frames[-1].info['density']} g/cm³, {energy:.3f} eV per atom")
        write(folder / f"carbon_tb_{name}.extxyz", frames)


def short():
    diamond = bulk("C", "diamond", a=3.555, cubic=True).repeat(2)
    sheet = graphene(a=2.46, size=(4, 4, 1), vacuum=4.0)
    sheet.pbc = True
    for name, atoms in (("diamond", diamond), ("graphene", sheet)):
        atoms.calc = TightBinding(0.01)
        print(f"{name}: {atoms.get_potential_energy() / len(atoms):.4f} eV per atom")
    diamond.rattle(0.1, seed=0)
    force, energies = diamond.get_forces()[5, 2], []
    for move in (1e-4, -2e-4):
        diamond.positions[5, 2] += move
        energies.append(diamond.get_potential_energy())
    print(f"force {force:.7f} eV/Å, by differences {(energies[1] - energies[0]) / 2e-4:.7f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", metavar="FOLDER", type=Path, nargs="?", const=Path("results"), help="make the sets")
    parser.add_argument("--runs", type=int, default=10, help="melts of each set")
    given = parser.parse_args()
    if given.full is None:
        short()
    else:
        full(given.full, given.runs)
