"""Makes `gap/`: potentials that `gap_fit` writes for small structures, and what quippy says of others with them.

    python tests/golden/make_gap.py tests/golden/gap --gap-fit PATH/TO/gap_fit

Run by a Python that has quippy-ase 0.10.3, numpy and ase; labels are those of calculators of ase. Of energies of single
atoms, only those that are not zero are kept in most files, since each has a line for all elements.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.io import write

PAIRS = (
    "distance_2b cutoff=4.5 cutoff_transition_width=1.0 n_sparse=6 delta=1.0 theta_uniform=1.0 {} sparse_method=uniform"
)
ANGLES = (
    "angle_3b cutoff=3.1 cutoff_transition_width=0.5 n_sparse=6 delta=0.2 theta_uniform=2.0 {} sparse_method=random"
)
SOAP = "soap l_max=2 n_max=2 cutoff=4.0 cutoff_transition_width=0.5 atom_sigma=0.5 n_sparse=6 delta=0.5 {}"
TURBO = (
    "soap_turbo l_max=2 alpha_max={{3 3}} atom_sigma_r={{0.5 0.6}} atom_sigma_t={{0.5 0.6}} zeta=4 rcut_hard=4.0"
    " rcut_soft=3.5 basis=poly3gauss scaling_mode=polynomial amplitude_scaling={{1.0 1.0}} n_species=2"
    " species_Z={{29 79}} atom_sigma_r_scaling={{0.1 0.1}} atom_sigma_t_scaling={{0.1 0.1}} radial_enhancement=1"
    " central_weight={{1.0 1.0}} add_species=F delta=1.0 n_sparse=6 covariance_type=dot_product"
    " sparse_method=cur_points f0=0.0 central_index="
)
SE, DOT, PP = "covariance_type=ard_se", "covariance_type=dot_product zeta=4", "covariance_type=pp"
AVERAGE = "e0_method=average"
CUR = "sparse_method=cur_points"
# Elements, terms, and other arguments of gap_fit. Files of sparse points are apart unless they are said not to be.
CASES = {
    "three_terms": ("Si", [SOAP.format(f"{DOT} {CUR}"), PAIRS.format(SE), ANGLES.format(SE)], AVERAGE),
    "two_elements": (
        "CuAu",
        [PAIRS.format(SE), SOAP.format(f"{DOT} {CUR}"), ANGLES.format(SE)],
        "e0={Cu:-0.1:Au:-0.2}",
    ),
    "turbo": ("CuAu", [TURBO + "1", TURBO + "2"], AVERAGE),
    "core": ("Si", [PAIRS.format(f"{SE} f0=0.3")], f"{AVERAGE} core_param_file=repulsion.xml core_ip_args={{IP Glue}}"),
    "compact": ("Si", [PAIRS.format(PP), ANGLES.format(f"{PP} f0=0.1")], f"{AVERAGE} sparse_separate_file=F"),
    "gaussians": (
        "Si",
        [
            SOAP.format(f"{SE} theta_uniform=0.5 f0=0.7 {CUR}"),
            SOAP.format("covariance_type=dot_product zeta=2.5 " + CUR),
        ],
        f"{AVERAGE} sparse_separate_file=F",
    ),
    "order_two": ("CuAu", [PAIRS.replace("distance_2b", "distance_Nb order=2 compact_clusters=T").format(SE)], AVERAGE),
}
WHOLE = "three_terms"
_PREDICT = """
import sys, re, numpy as np
from ase.io import read
from quippy.potential import Potential
label = re.search('<Potential label="([^"]*)"', open(sys.argv[1]).read()).group(1)
potential = Potential("xml_label=" + label, param_filename=sys.argv[1])
found = {"energy": [], "forces": [], "stress": [], "energies": []}
for frame in read(sys.argv[2], ":"):
    potential.calculate(frame, properties=list(found))
    for name in found:
        found[name].append(potential.results[name])
np.savez(sys.argv[3], energy=found["energy"], stress=found["stress"],
         forces=np.concatenate(found["forces"]), energies=np.concatenate(found["energies"]))
"""


def frames(elements: str, n: int, seed: int) -> list:
    """Cells of four or eight atoms, shaken and strained, with labels."""
    rng = np.random.default_rng(seed)
    made = []
    for place in range(n):
        atoms = bulk("Si", "diamond", 5.43, cubic=True) if elements == "Si" else bulk("Cu", "fcc", 3.9, cubic=True)
        if elements != "Si":
            atoms = atoms.repeat((1 + place % 2, 1, 1))
            atoms.numbers[:] = rng.choice([29, 79], len(atoms))
            atoms.numbers[:2] = 29, 79
        atoms.set_cell(atoms.cell @ (np.eye(3) + rng.normal(scale=0.02, size=(3, 3))), scale_atoms=True)
        atoms.positions += rng.normal(scale=0.12, size=atoms.positions.shape)
        # As a file with eight digits behind the point has them.
        atoms.set_cell(atoms.cell.array.round(8))
        atoms.positions = atoms.positions.round(8)
        label = atoms.copy()
        label.calc = LennardJones(sigma=2.1, epsilon=1.0, rc=4.5, smooth=True) if elements == "Si" else EMT()
        atoms.info["energy_dft"] = label.get_potential_energy()
        atoms.info["virial_dft"] = (-label.get_volume() * label.get_stress(voigt=False)).ravel().round(8)
        atoms.arrays["forces_dft"] = label.get_forces().round(8)
        made.append(atoms)
    return made


def core() -> str:
    """A table of repulsion, as QUIP's `IP Glue` has it; density and embedding are nothing."""
    r = np.linspace(0.8, 3.0, 12)
    table = "".join(f'<point r="{a:.6f}" E="{0.5 * (3.0 - a) ** 3:.12f}"/>\n' for a in r)
    density = "".join(f'<point a="{a}" rho="0.2"/>' for a in np.linspace(0.5, 5.0, 4))
    nothing = "".join(f'<point rho="{a}" E="0.0"/>' for a in np.linspace(0.0, 9.0, 4))
    return f"""<core><Potential label="core" init_args="IP Glue"/><Glue_params n_types="1">
<per_type_data atomic_num="14" type="1"><density num_points="4" density_y1="0.0" density_yn="0.0">{density}</density>
<potential_density num_points="4" y1="0.0" yn="0.0">{nothing}</potential_density></per_type_data>
<per_pair_data type1="1" type2="1"><potential_pair num_points="{len(r)}" y1="-7.0" yn="0.0">
{table}</potential_pair></per_pair_data></Glue_params></core>
"""


def main() -> None:
    """Run gap_fit and quippy for every case."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--gap-fit", default="gap_fit")
    options = parser.parse_args()
    folder = options.folder.resolve()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    stored = {}
    for elements in ("Si", "CuAu"):
        for which, found in (("train", frames(elements, 5, 1)), ("test", frames(elements, 3, 2))):
            stored |= _arrays(f"{elements}/{which}", found)
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        Path("repulsion.xml").write_text(core())
        for name, (elements, terms, others) in CASES.items():
            write("train.xyz", frames(elements, 5, 1))
            write("test.xyz", frames(elements, 3, 2))
            fit = f"gap={{{' : '.join(terms)}}} default_sigma={{0.01 0.1 0.1 0.0}} {others}"
            keys = "energy_parameter_name=energy_dft force_parameter_name=forces_dft virial_parameter_name=virial_dft"
            more = f"at_file=train.xyz gp_file={name}.xml sparse_jitter=1e-10 do_copy_at_file=F rnd_seed=7"
            subprocess.run([options.gap_fit, *_words(f"{fit} {keys} {more}")], env=environment, check=True)
            _tidy(name, folder)
            Path("predict.py").write_text(_PREDICT)
            subprocess.run(
                [sys.executable, "predict.py", str(folder / f"{name}.xml"), "test.xyz", "out.npz"], check=True
            )
            stored |= {f"{name}/{key}": value for key, value in np.load("out.npz").items()}
            stored[f"{name}/about"] = np.array(f"{elements}: {fit}")
    np.savez_compressed(folder / "predictions.npz", **stored)


def _arrays(name: str, found: list) -> dict:
    return {
        f"{name}/offsets": np.cumsum([0, *map(len, found)]),
        f"{name}/numbers": np.concatenate([frame.numbers for frame in found]),
        f"{name}/positions": np.concatenate([frame.positions for frame in found]),
        f"{name}/cells": np.stack([frame.cell.array for frame in found]),
        f"{name}/energy": np.array([frame.info["energy_dft"] for frame in found]),
        f"{name}/virial": np.stack([frame.info["virial_dft"] for frame in found]),
        f"{name}/forces": np.concatenate([frame.arrays["forces_dft"] for frame in found]),
    }


def _words(text: str) -> list[str]:
    """Arguments, where those in braces are one."""
    return re.findall(r"[^\s={}]+=\{(?:[^{}]|\{[^{}]*\}|\{\{[^{}]*\}\})*\}|\S+", text)


def _tidy(name: str, folder: Path) -> None:
    """Names without the date, and no lines of elements without an energy."""
    text = Path(f"{name}.xml").read_text()
    label = re.search('<Potential label="([^"]*)"', text).group(1)
    if name != WHOLE:
        text = re.sub(r' *<e0 Z="\d+" value="\.0+E\+000"/>\n', "", text)
    text = re.sub(r"<command_line>.*?</command_line>", "", text, flags=re.DOTALL)
    for file in Path().glob(f"{name}.xml.sparseX.*"):
        (folder / file.name.replace(label, name)).write_bytes(file.read_bytes())
    (folder / f"{name}.xml").write_text(text.replace(label, name))


if __name__ == "__main__":
    main()
