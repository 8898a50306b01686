"""The command `relax`: minima of the energy of a model, with the cell or without."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.lj import LennardJones
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import read, write

import isoprint as ip
from folders import refused
from folders import run as command
from isoprint import cli


def argon(seed, scale=1.0):
    atoms = bulk("Ar", "fcc", 5.2 * scale, cubic=True)
    atoms.rattle(0.05, seed=seed)
    pair = atoms.copy()
    pair.calc = LennardJones(sigma=3.4, epsilon=0.05, rc=6.0, smooth=True)
    results = {"energy": pair.get_potential_energy(), "forces": pair.get_forces(), "stress": pair.get_stress()}
    atoms.calc = SinglePointCalculator(atoms, **results)
    return atoms


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    frames = [argon(seed, scale) for seed, scale in enumerate(np.linspace(0.95, 1.05, 12))]
    descriptor = ip.SOAP(species=["Ar"], r_cut=6.0, n_max=5, l_max=3)
    model = ip.models.SparseGP(descriptor, n_sparse=40, sigma_forces=0.002, sigma_virial=0.001, sigma_energy=1e-4)
    path = tmp_path_factory.mktemp("models") / "m"
    model.fit(frames).save(path)
    return path


def test_atoms_go_to_a_minimum(here, saved):
    write("in.extxyz", [argon(20), argon(21)])
    assert cli.main(["relax", str(saved), "in.extxyz", "-o", "out.extxyz", "--fmax", "1e-3"]) == 0
    for before, after in zip(read("in.extxyz", ":"), read("out.extxyz", ":"), strict=True):
        np.testing.assert_allclose(after.cell, before.cell)
        assert np.linalg.norm(after.get_forces(), axis=1).max() <= 1e-3
        # All bonds of a perfect crystal are alike.
        nearest = [np.sort(row)[1:13] for row in after.repeat(2).get_all_distances(mic=True)]
        assert np.ptp(nearest) < 0.02
        assert ip.models.load(saved).predict(after).energy[0] == pytest.approx(after.get_potential_energy(), abs=1e-6)


@pytest.mark.parametrize("pressure", [0.0, 0.5])
def test_the_cell_goes_to_its_pressure(here, saved, pressure):
    write("in.extxyz", argon(20, 1.02))
    arguments = ["--cell", "--pressure", str(pressure), "--fmax", "1e-3"]
    assert cli.main(["relax", str(saved), "in.extxyz", "-o", "out.extxyz", *arguments]) == 0
    stress = read("out.extxyz").get_stress(voigt=False)
    np.testing.assert_allclose(stress, -pressure / 160.21766 * np.eye(3), atol=1e-4)


def test_what_is_not_relaxed_is_told(here, saved, capsys):
    write("in.extxyz", argon(20))
    status, out, err = command(capsys, *f"relax {saved} in.extxyz -o out.extxyz --fmax 1e-4 --max-steps 1".split())
    assert (status, out) == (0, "out.extxyz: 1 structure, 0 relaxed\n")
    assert err == ["isoprint: warning: structure 0 is not relaxed after 1 step; give more"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fmax", "0"], "--fmax is 0.0"),
        (["--fmax", "nan"], "--fmax is nan"),
        (["--max-steps", "0"], "--max-steps is 0"),
        (["--pressure", "1"], "relax it by --cell"),
        (["--cell", "--pressure", "inf"], "--pressure is inf"),
        (["--cell"], "structure 1 has no cell to relax"),
        ([], "structure 1 cannot be relaxed: atom 0 of frame 0 is 'N', which this model has not seen"),
        (["-o", "in.extxyz"], "which is the file that is read"),
    ],
)
def test_what_is_refused(here, saved, capsys, arguments, message):
    write("in.extxyz", [argon(0).copy(), Atoms("Ar" if arguments else "N", [[0, 0, 0]])])
    assert message in refused(capsys, "relax", str(saved), "in.extxyz", "-o", "out.extxyz", *arguments)
