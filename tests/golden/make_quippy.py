"""Makes `quippy.npz`: what quippy returns for the strings of `quippy_strings.txt`, and every key for some small ones.

    python tests/golden/make_quippy.py tests/golden/quippy.npz

Run by a Python that has quippy-ase 0.10.3, numpy and ase. Each case runs in a process of its own, because that wheel
keeps its radial basis from one descriptor to the next. `--whole` keeps all columns and all keys of every string.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from pathlib import Path

import numpy as np
from ase import Atoms

HERE = Path(__file__).resolve().parent
# So many columns of the strings of others are kept.
COLUMNS = 24
# With `--whole`, gradients of rows shorter than this.
WIDEST = 600
NAMES = "data ci covariance_cutoff grad_data grad_index_0based pos grad_covariance_cutoff has_data".split()
# Of these every key is kept.
SMALL = [
    "soap l_max=2 n_max=2 cutoff=3.0 atom_sigma=0.5",
    "soap l_max=2 n_max=2 cutoff=3.0 atom_sigma=0.4 n_species=2 species_Z={8 1} n_Z=1 Z=8",
    "soap l_max=2 n_max=2 cutoff=2.5 atom_sigma=0.5 average=T",
    "soap l_max=2 n_max=2 cutoff=2.5 atom_sigma=0.5 average=T normalise=F n_species=2 species_Z={8 1} n_Z=1 Z=1",
    "soap_turbo l_max=2 alpha_max={3 2} rcut_hard=3.0 rcut_soft=2.5 atom_sigma_r={0.4 0.3} atom_sigma_t={0.4 0.4}"
    " basis=poly3gauss n_species=2 species_Z={8 1} central_index=2 radial_enhancement=1 central_weight={0.7 0.9}",
    "soap_turbo l_max=2 alpha_max=3 rcut_hard=3.0 rcut_soft=2.5 atom_sigma=0.4 n_species=1 species_Z=8"
    " central_weight=0.4",
    "distance_2b cutoff=3.0",
    "distance_2b cutoff=3.0 cutoff_transition_width=1.5 Z1=1 Z2=8 n_exponents=2 exponents={-1 -3}",
    "distance_Nb order=2 cutoff=2.5 Z={8 1}",
    "distance_Nb order=3 cutoff=2.5",
    "distance_Nb order=3 cutoff=2.5 Z={8 1 1}",
    "angle_3b cutoff=2.5",
    "behler Z=8",
    "behler specification={2:1:0.01:2.0:5.0|3:1:8:0.003:-1:4:5.5|2:8:0.4:0:4.}",
    "behler specification={2:0:0.05:1.0:5.0|3:0:0:0.003:1:2:5.0}",
    "angle_3b cutoff=2.5 Z_center=8 Z1=1",
]


def strings():
    """The argument strings of public scripts."""
    lines = (HERE / "quippy_strings.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def elements(text):
    """Atomic numbers that a string names."""
    found = []
    for _, values in re.findall(r"\b(species_Z|Z|Z1|Z2|Z_center)\s*=\s*(\{[^}]*\}|'[^']*'|\d+)", text):
        found += [int(value) for value in re.findall(r"\d+", values) if value != "0"]
    return sorted(set(found)) or [6, 1, 8]


def structures(text, small):
    """An open cluster and a periodic cell of the elements of a string, and of one that it does not name."""
    kinds = [8, 1] if small else elements(text)
    stranger = [] if "species_Z" not in text else [10]
    random = np.random.default_rng(len(text))
    for periodic in (False, True):
        n = 5 if small else 6
        numbers = [*stranger, *(kinds[k % len(kinds)] for k in range(n - len(stranger)))]
        cell = np.array([[3.6, 0.0, 0.0], [0.4, 3.9, 0.0], [-0.3, 0.5, 4.3]]) * (1.3 if small else 1.0)
        if not periodic:
            cell = np.eye(3) * 3.5
        places = []
        while len(places) < n:
            place = random.uniform(size=3) @ cell
            if all(np.linalg.norm(place - other) > 0.95 for other in places):
                places.append(place)
        yield Atoms(numbers, places, cell=cell if periodic else None, pbc=periodic)


def apart(function):
    """What a function returns, computed in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result.npz"
        child = os.fork()
        if child == 0:
            try:
                np.savez(path, **function())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        with np.load(path) as found:
            return {name: found[name] for name in found.files}


def result(text, atoms, grad):
    """The arrays of one structure, with the sizes and permutations that the descriptor tells."""
    from quippy.descriptors import Descriptor

    descriptor = Descriptor(text)
    # Gradients of the largest would not fit anywhere.
    found = descriptor.calc(atoms, grad=grad and descriptor.n_dim < WIDEST)
    arrays = {name: np.asarray(found[name]) for name in NAMES if name in found}
    if isinstance(found.get("ii"), list):
        arrays["ii"] = np.concatenate(found["ii"])
    about = {"n_dim": descriptor.n_dim, "sizes": descriptor.sizes(atoms), "permutations": descriptor.permutations()}
    return {**arrays, **{name: np.asarray(value) for name, value in about.items()}, "cutoff": descriptor.cutoff()}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("path", type=Path)
    options.add_argument("--whole", action="store_true")
    chosen = options.parse_args()
    kept = {}
    for kind, texts in (("public", strings()), ("small", SMALL)):
        for place, text in enumerate(texts):
            for part, atoms in zip(("open", "periodic"), structures(text, kind == "small"), strict=True):
                case = f"{kind}{place:02d}/{part}/"
                whole = chosen.whole or kind == "small"
                arrays = apart(lambda text=text, atoms=atoms, grad=whole: result(text, atoms, grad))
                if not whole:
                    width = arrays["data"].shape[1]
                    if text.startswith("soap"):
                        arrays["columns"] = np.unique(np.linspace(0, width - 1, COLUMNS).astype(int))
                        arrays["data"] = arrays["data"][:, arrays["columns"]]
                        del arrays["permutations"]
                kept[case + "string"] = np.array(text)
                for name in ("numbers", "positions", "pbc"):
                    kept[case + name] = getattr(atoms, name)
                kept[case + "cell"] = np.array(atoms.cell)
                kept.update({case + name: array for name, array in arrays.items()})
    np.savez_compressed(chosen.path, **kept)


if __name__ == "__main__":
    main()
