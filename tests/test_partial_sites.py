"""Sites that are occupied in part are no atoms, whichever library read the file."""

from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule
from ase.io import read, write
from ase.spacegroup import crystal

import isoprint as ip
from isoprint.structures.frames import pack
from reading import pdb, quiet, refused

pytestmark = pytest.mark.usefixtures("here")


def salt(**parts):
    """Rock salt as ase reads it, whose first sites are shared."""
    return crystal(["Na", "Cl"], [(0, 0, 0), (0.5, 0.5, 0.5)], spacegroup=225, cellpar=[5.64] * 3 + [90] * 3, **parts)


def shared():
    atoms = salt()
    atoms.info["occupancy"] = {"0": {"Na": 0.6, "K": 0.4}, "1": {"Cl": 1.0}}
    return atoms


def vacant():
    atoms = salt()
    atoms.info["occupancy"] = {0: {"Na": 1.0}, 1: {"Cl": 0.9}}
    return atoms


def alternate():
    atoms = molecule("CH4")
    atoms.set_array("occupancy", np.array([1.0, 1.0, 0.5, 0.5, 1.0]))
    return atoms


@pytest.mark.parametrize(
    ("make", "atom", "said"), [(shared, 0, "Na 0.6, K 0.4"), (vacant, 4, "Cl 0.9"), (alternate, 2, "0.5")]
)
@pytest.mark.parametrize("before", [0, 1, 3])
def test_sites_that_are_occupied_in_part_are_refused(make, atom, said, before):
    frames = [*[molecule("CH4")] * before, make()]
    descriptor = ip.ACSF.standard(r_cut=3.0, species=None)
    for call in (descriptor.fit, descriptor.fit_transform, ip.Hybrid([descriptor]).fit):
        with pytest.raises(ValueError, match=rf"atom {atom} of frame {before} is on a site .*\({said}\).* ordered"):
            call(frames)
    with pytest.raises(ValueError, match="frame 0"):
        ip.neighbors(frames[-1], 3.0)


def test_both_libraries_have_one_rule():
    pymatgen = pytest.importorskip("pymatgen.core")
    lattice = pymatgen.Lattice.cubic(5.0)
    disordered = pymatgen.Structure(lattice, ["Cl", {"Na": 0.6, "K": 0.4}], [[0.5] * 3, [0.0] * 3])
    with pytest.raises(ValueError, match=r"atom 1 of frame 0 is on a site .*K 0.4, Na 0.6.* ordered"):
        ip.neighbors(disordered, 3.0)


def ordered():
    atoms = salt()
    atoms.info["occupancy"] = {"0": {"Na": 1.0}, "1": {"Cl": 1, "Br": 0.0}}
    return atoms


def chosen():
    """Without the atoms that were in doubt."""
    atoms = shared()
    return atoms[4:]


def protein():
    """As programs of molecular dynamics write: zero where nothing is known."""
    atoms = molecule("CH4")
    atoms.set_array("occupancy", np.array([1.0, 0.0, 0.0, 1.0, 0.0]))
    return atoms


def own():
    atoms = molecule("CH4")
    atoms.info["occupancy"] = "two electrons"
    return atoms


@pytest.mark.parametrize("make", [salt, ordered, chosen, protein, own])
@pytest.mark.parametrize("n", [1, 3])
def test_whole_sites_are_welcome(make, n):
    assert pack([make()] * n).n_frames == n


def test_the_rule_holds_for_files(capsys):
    write("in.cif", salt())
    read("in.cif").info["occupancy"]  # ase writes it down for whole sites too
    quiet(capsys, "in.cif")
    text = Path("in.cif").read_text()
    Path("in.cif").write_text(text.replace("  1.0000\n", "  0.7500\n", 1))
    assert "0.75" in refused(capsys, "in.cif")
    write("again.extxyz", read("in.cif"))
    assert "0.75" in refused(capsys, "again.extxyz")
    Path("in.pdb").write_text(pdb((" N  ", "N", 1), (" CA ", "C", 0.5), (" CA ", "C", 0.5)))
    assert "atom 1 of frame 0" in refused(capsys, "in.pdb")
