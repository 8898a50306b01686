"""Elements that a file does not name are not made up without a word."""

from pathlib import Path

import numpy as np
import pytest
from ase.io import write

from folders import molecules
from reading import data, dump, elements, modern, pdb, quiet, refused, run, warned

pytestmark = pytest.mark.usefixtures("here")


TYPED = {
    "in.lammpstrj": dump(), "in.data": data(), "bare.data": data(""),
    "in.extxyz": "3\nProperties=type:I:1:pos:R:3\n1 0.1 0 0\n2 2.5 0 0\n1 0 2.5 0\n",
}  # fmt: skip


@modern
@pytest.mark.parametrize("name", TYPED)
def test_types_are_no_elements(capsys, name):
    Path(name).write_text(TYPED[name])
    message = warned(capsys, name, "--species", "X,H,He", "--unknown-species", "ignore")
    assert "--types Cl,Na" in message
    for given in ("Cl,Na", "1=Cl,2=Na", "17,11", "2=Na, 1=Cl", "Cl,Na,K"):
        assert run(capsys, name, "--types", given)[::2] == (0, [])
        assert elements(capsys, name, "--types", given) == ["Na", "Cl"]
        assert np.load("seen.npz")["features"].shape == (3, 60)


@modern
@pytest.mark.parametrize(
    ("given", "hint"),
    [("Cl", "says nothing of the types 2"), ("1=Cl,Na", "give one element a type"), ("Cl,Foo", "'Foo'"), ("", "''"),
     ("1=Cl,1=Na", "each type once"), ("1=Cl,1 =Na", "each type once"), ("1=Cl,3=Na", "types 2"), ("Cl,119", "119")],
)  # fmt: skip
def test_types_must_be_said_well(capsys, given, hint):
    Path("in.lammpstrj").write_text(dump())
    assert hint in refused(capsys, "in.lammpstrj", "--types", given)


def test_types_are_asked_of_files_that_have_some(capsys):
    write("in.extxyz", molecules())
    assert "it has the elements H, O" in refused(capsys, "in.extxyz", "--types", "Cl,Na")


@modern
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("in.lammpstrj", dump("id type element x y z", ["1 1 H 0 0 0", "2 2 He 1 0 0"], 2)),
        ("in.data", data(masses="Masses\n\n1 1.00794 # H\n2 15.9994 # O\n\n")),
        ("in.data", data(masses="Atom Type Labels\n\n1 H\n2 He\n\n", atoms="1 H 0 0 0\n2 He 1 0 0\n3 H 0 1 0\n")),
    ],
)  # fmt: skip
def test_files_that_name_elements_are_read_without_a_word(capsys, name, content):
    Path(name).write_text(content)
    quiet(capsys, name)


@modern
def test_masses_that_are_of_no_element_are_told(capsys):
    Path("in.data").write_text(data(masses="Masses\n\n1 14.027\n2 15.035\n\n"))
    message = warned(capsys, "in.data")
    assert "type 1 with the mass 14.027 for N" in message
    assert elements(capsys, "in.data", "--types", "C,C") == ["C"]
    Path("in.lammpstrj").write_text(dump("id type mass x y z", ["1 1 14.027 0 0 0", "2 2 15.999 1 0 0"], 2))
    assert "type 1 for N, 2 for O is a guess by masses" in warned(capsys, "in.lammpstrj")


def gro(*names):
    rows = "".join(f"    1SOL  {name:>5s}{k:5d}{0.15 * k:8.3f}{0:8.3f}{0:8.3f}\n" for k, name in enumerate(names))
    return f"title\n{len(names):5d}\n{rows}   2.0 2.0 2.0\n"


def test_names_of_atoms_are_no_elements(capsys):
    Path("in.gro").write_text(gro("OW", "HW1", "HW2", "C1"))
    quiet(capsys, "in.gro")
    Path("in.gro").write_text(gro("OW", "HW1", "HW2", "MW", "NA", "CL"))
    message = warned(capsys, "in.gro")
    assert "MW for W" in message
    assert "NA for N" in message
    assert "OW" not in message
    assert elements(capsys, "in.gro", "--types", "NA=Na,CL=Cl,MW=He") == ["H", "He", "O", "Na", "Cl"]


def test_proteins_without_element_columns_are_told(capsys):
    Path("in.pdb").write_text(pdb((" N  ", "N", 1), (" CA ", "C", 1)))
    quiet(capsys, "in.pdb")
    Path("in.pdb").write_text(pdb((" N  ", "", 1), (" CA ", "", 1)))
    assert "CA for Ca" in warned(capsys, "in.pdb")
    assert elements(capsys, "in.pdb", "--types", "CA=C") == ["C", "N"]
