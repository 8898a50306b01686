"""Energies of structures that symmetry functions of methane hardly tell apart.

Without arguments: with a simple potential of ASE. `--full FOLDER`: density functional theory (PBE/def2-SVP, PySCF) and
tight binding (GFN2-xTB, tblite) on 25 points of three rings, a few minutes on one core:
`pip install "isoprint[plot,quantum]"`.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from ase.units import Hartree

import isoprint as ip

POINTS = 25


class PBE(Calculator):
    """PBE/def2-SVP of a closed shell."""

    implemented_properties = ("energy",)

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        from pyscf import dft, gto

        super().calculate(atoms, properties, system_changes)
        atom = list(zip(self.atoms.get_chemical_symbols(), self.atoms.positions, strict=True))
        field = dft.RKS(gto.M(atom=atom, basis="def2-svp", verbose=0))
        field.xc, field.conv_tol, field.grids.level = "PBE", 1e-10, 5
        energy = field.kernel()
        if not field.converged:
            raise RuntimeError(f"no self-consistent field for {self.atoms}")
        self.results = {"energy": energy * Hartree}


def soap(center):
    z = {"N": 7, "C": 6}[center]
    return ip.SOAP.from_quip(
        "soap n_max=16 l_max=16 atom_sigma=0.3 cutoff=4.8 cutoff_transition_width=0.5"
        f" n_species=2 species_Z={{1 {z}}} Z={z} n_Z=1 central_weight=1"
    )


def ring(name):
    descriptor = ip.ACSF.standard() if name == "CH4-b" else soap(name[0])
    return ip.follow_manifold(descriptor, ip.study.start(name), 0)


def short():
    path = ring("CH4-b")
    energies = path.energies(EMT())
    print(f"methane: {path}")
    print(f"energy (EMT) varies by {1000 * np.ptp(energies):.1f} meV along the ring,", end=" ")
    frame = path.frames[0].copy()
    scatter = []
    for seed in range(50):
        frame.positions = path.positions[0] + np.random.default_rng(seed).uniform(-0.02, 0.02, (5, 3))
        frame.calc = EMT()
        scatter.append(frame.get_potential_energy())
    print(f"with a standard deviation of {1000 * np.std(scatter):.0f} meV for random displacements of 0.02 Å")


def full(folder):
    from tblite.ase import TBLite

    from isoprint.extras import plotting

    folder.mkdir(parents=True, exist_ok=True)
    methods = {"PBE/def2-SVP": PBE(), "GFN2-xTB": TBLite(method="GFN2-xTB", verbosity=0)}
    table = {}
    for name in ("CH4-b", "CH4-a", "NH3-a"):
        path = ring(name)
        at = path.evenly(POINTS)
        curves = {method: 1000.0 / Hartree * path.energies(tool, at=at) for method, tool in methods.items()}
        curves = {method: energies - energies.mean() for method, energies in curves.items()}
        table[name] = {
            "arc / Å": path.arc[at].round(5).tolist(),
            **{f"{method} / mHa": energies.round(5).tolist() for method, energies in curves.items()},
            "range / mHa": {method: round(float(np.ptp(energies)), 4) for method, energies in curves.items()},
            "correlation": round(float(np.corrcoef(*curves.values())[0, 1]), 4),
        }
        print(name, table[name]["range / mHa"], table[name]["correlation"], flush=True)
        drawn = plotting.plot_along(path, curves, ylabel="energy - mean / mHa", at=at)
        plotting.saved(drawn, folder / f"energies_{name.lower()}.png")
    (folder / "energies.json").write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", metavar="FOLDER", type=Path, nargs="?", const=Path("results"), help="run everything")
    options = parser.parse_args()
    if options.full is None:
        short()
    else:
        full(options.full)
