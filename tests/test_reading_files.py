"""What a file meant: nothing read is no success, and faults say where they are and what to do."""

import bz2
import gzip
import lzma
import os
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk, molecule
from ase.io import write

import isoprint as ip
from folders import molecules, posix
from isoprint import cli
from reading import ATOMS, COMMANDS, data, dump, elements, modern, pdb, quiet, refused, run, warned

pytestmark = pytest.mark.usefixtures("here")


# Nothing read is no success.


def matrix():
    """What the commands describe structures by."""
    return ip.CoulombMatrix(r_cut=3.0, max_sites=60, species=["H", "C", "O"])


NOTHING = {
    "empty.extxyz": "", "empty.data": "", "empty.traj": "", "empty": "", "blank.xyz": "\n\n",
    "without_atoms.xyz": "0\n\n", "none.data": "begin\n", "none.xdatcar": "no structures here\n",
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", NOTHING)
def test_a_file_without_structures_is_an_error_and_an_older_output_stays(capsys, command, name):
    Path(name).write_text(NOTHING[name])
    output = COMMANDS[command][COMMANDS[command].index("-o") + 1]
    Path(output).write_text("older")
    assert name in refused(capsys, name, command=command)
    assert Path(output).read_text() == "older"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("index", ["99", "99:", "-99", "2:1", "5::2", "-99:-50"])
def test_an_index_beyond_the_file_says_how_many_there_are(capsys, command, index):
    write("in.extxyz", molecules())
    message = refused(capsys, "in.extxyz", "--index", index, command=command)
    assert "3 structures" in message
    assert f"--index {index}" in message
    assert "0 to 2" in message


@pytest.mark.parametrize("index", ["foo", "1.5", "0,1", "::0", "", "1:2:3:4", "True", "0x1"])
def test_an_index_that_is_none_is_told(capsys, index):
    write("in.extxyz", molecules())
    assert f"--index is {index!r}" in refused(capsys, "in.extxyz", f"--index={index}")


@pytest.mark.parametrize(
    ("index", "n"), [("0", 1), ("-1", 1), (":", 3), ("-2:", 2), ("::2", 2), ("1:99", 2), ("::-1", 3)]
)
def test_an_index_chooses_as_in_python(capsys, index, n):
    write("in.extxyz", molecules())
    found = quiet(capsys, "in.extxyz", "--index", index)
    assert len(found["offsets"]) == n + 1
    start, *rest = index.split(":")
    part = slice(*(int(word) if word else None for word in (start, *rest)))
    chosen = molecules()[part] if rest else [molecules()[int(start)]]
    assert np.array_equal(found["features"], matrix().transform(chosen))


@pytest.mark.parametrize(("name", "structures"), [("POSCAR", 1), ("in.cube", 1), ("in.traj", 3), ("in.json", 3)])
def test_formats_of_one_structure_know_indices_too(capsys, name, structures):
    one = bulk("Cu", cubic=True)
    write(name, one if structures == 1 else [one] * structures, format="vasp" if name == "POSCAR" else None)
    assert len(quiet(capsys, name, "--index", "-1")["offsets"]) == 2
    message = refused(capsys, name, "--index", "3")
    assert f"{structures} structure" in message


def test_no_center_of_an_element_is_a_warning_that_names_what_is_there(capsys):
    write("in.extxyz", molecules())
    message = warned(capsys, "in.extxyz", "--centers", "Xe")
    assert "'Xe'" in message
    assert "'H', 'C', 'O'" in message
    assert np.load("out.npz")["features"].shape == (0, 60)
    message = warned(capsys, "in.extxyz", "--centers", "0,1")
    assert "[0, 1] was asked for" in message
    assert "not indices" in message
    assert quiet(capsys, "in.extxyz", "--centers", "H,O")["features"].shape == (9, 60)


@pytest.mark.parametrize("more", [[], ["--average", "outer"]])
def test_no_center_at_all_does_not_replace_an_older_output(capsys, more):
    write("in.extxyz", molecules())
    quiet(capsys, "in.extxyz", *more)
    before = Path("out.npz").read_bytes()
    assert "out.npz is kept" in refused(capsys, "in.extxyz", "--centers", "Xe", *more)
    assert Path("out.npz").read_bytes() == before


# Which format a file has.


@modern
@pytest.mark.parametrize("name", ["in.data", "data.in", "in.lmp", "in", "in.lammps", "in.data.gz"])
def test_lammps_data_is_recognized_by_its_content(capsys, name):
    text = data(masses="Masses\n\n1 22.98977\n2 35.45\n\n").encode()
    Path(name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    assert quiet(capsys, name)["features"].shape == (3, 60)
    assert elements(capsys, name) == ["Na", "Cl"]


@modern
def test_data_of_runner_stay_what_they_are(capsys):
    write("in.data", molecules(), format="runnerdata")
    assert len(quiet(capsys, "in.data")["offsets"]) == 4


@modern
@pytest.mark.parametrize("style", ["charge", "full", "molecular"])
def test_styles_of_lammps_are_read_from_their_comment(capsys, style):
    extra = {"charge": "{0} {1} 0.5", "full": "{0} 1 {1} 0.5", "molecular": "{0} 1 {1}"}[style]
    rows = [row.split(maxsplit=2) for row in ATOMS.splitlines()]
    atoms = "".join(f"{extra.format(number, kind)} {xyz}\n" for number, kind, xyz in rows)
    Path("in.data").write_text(data(f" # {style}", atoms=atoms))
    assert elements(capsys, "in.data", "--types", "Cl,Na") == ["Na", "Cl"]
    if style == "charge":
        Path("in.data").write_text(data("", atoms=atoms))
        assert "as in 'Atoms # charge'" in refused(capsys, "in.data")


@modern
def test_labels_of_lammps_stay_with_their_atoms(capsys):
    labels = "Atom Type Labels\n\n1 Na\n2 Cl\n\n"
    Path("in.data").write_text(data(masses=labels, atoms="3 Na 0.1 0 0\n2 Cl 2.5 0 0\n1 Cl 0 2.5 0\n"))
    found = quiet(capsys, "in.data", "--centers", "Na")
    assert found["atom"].tolist() == [2]


@pytest.mark.parametrize(
    ("name", "hint"),
    [("in.foo", "give --format"), ("in", "give --format"), ("folder", "is a folder"), ("no.xyz", "there is no file")],
)
def test_what_is_no_file_of_structures_is_told(capsys, name, hint):
    Path("folder").mkdir()
    Path("in.foo").write_text("what is this\n")
    Path("in").write_text("what is this\n")
    message = refused(capsys, name)
    assert name in message
    assert hint in message


@pytest.mark.parametrize(
    ("given", "hint"), [("xzy", "did you mean 'xyz'"), ("png", "does not read it"), ("??", "such as")]
)
def test_formats_that_do_not_exist_are_told(capsys, given, hint):
    write("in.extxyz", molecules())
    assert hint in refused(capsys, "in.extxyz", "--format", given)


# Names of files.


NAMES = ["a@b.extxyz", "a@1.extxyz", "a@b", "[1].extxyz", "ü n.extxyz", "postgres.extxyz", "mysql.extxyz", "~a.extxyz",
         "$HOME.extxyz", "@.extxyz", "./-a.extxyz"]  # fmt: skip
NAMES_OF_POSIX = ["x*y.extxyz", "x?.extxyz", "a@0:2.extxyz", "http:a.extxyz"]


@pytest.mark.parametrize("name", [*NAMES, *(pytest.param(name, marks=posix) for name in NAMES_OF_POSIX)])
def test_any_name_can_be_read(capsys, name):
    write("in.extxyz", molecules())
    Path("in.extxyz").rename(name)
    assert len(quiet(capsys, name)["offsets"]) == 4


@pytest.mark.parametrize("name", ["-a.extxyz", "-"])
def test_names_like_options_stand_after_two_dashes(capsys, name):
    write("in.extxyz", molecules())
    Path("in.extxyz").rename(name)
    assert cli.main(["transform", *COMMANDS["transform"], "--", name]) == 0
    assert len(np.load("out.npz")["offsets"]) == 4


def test_an_index_after_the_name_is_understood_where_no_such_file_exists(capsys):
    write("in.extxyz", molecules())
    for index, chosen in (("1", molecules()[1]), ("0:2", molecules()[:2]), ("-1", molecules()[-1])):
        assert np.array_equal(quiet(capsys, f"in.extxyz@{index}")["features"], matrix().transform(chosen))
    assert "--index 7" in refused(capsys, "in.extxyz@7")
    assert "says it again" in refused(capsys, "in.extxyz@1", "--index", "2")
    assert "there is no file 'in.extxyz@x'" in refused(capsys, "in.extxyz@x")


# Compressed files.


@pytest.mark.parametrize(("suffix", "packed"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)])
def test_compressed_files_are_read_and_damaged_ones_told(capsys, suffix, packed):
    write("in.extxyz", molecules())
    whole = packed(Path("in.extxyz").read_bytes())
    Path(f"in.extxyz.{suffix}").write_bytes(whole)
    assert len(quiet(capsys, f"in.extxyz.{suffix}")["offsets"]) == 4
    Path(f"in.extxyz.{suffix}").write_bytes(whole[:-20])
    assert "damaged or was cut" in refused(capsys, f"in.extxyz.{suffix}")
    Path(f"in.extxyz.{suffix}").write_bytes(packed(b""))
    assert "is empty" in refused(capsys, f"in.extxyz.{suffix}")
    Path("named.extxyz").write_bytes(whole)
    assert f"name it named.extxyz.{suffix}" in refused(capsys, "named.extxyz")
    Path(f"plain.extxyz.{suffix}").write_bytes(Path("in.extxyz").read_bytes())
    assert "damaged" in refused(capsys, f"plain.extxyz.{suffix}")


# Faults, with their place.

WATER = "3\ncomment\nO 0 0 0\nH 0.76 -0.59 0\nH -0.76 -0.59 0\n"
FAULTS = {
    "cut.xyz": (WATER + "3\ncomment\nO 0 0 0\n", "after 1 of the 3 atoms of structure 1, in line 8"),
    "symbol.xyz": (WATER.replace("O 0", "Ow 0"), "line 3 names the element 'Ow'"),
    "number.xyz": (WATER.replace("O 0", "8 0"), "line 3 names the element '8'"),
    "word.xyz": (WATER.replace("0.76 -0.59", "abc -0.59", 1), "'abc' is no number, in line 4"),
    "short.xyz": (WATER.replace("H 0.76 -0.59 0", "H 0.76 0"), "line 4 is 'H 0.76 0'"),
    "more.xyz": (WATER.replace("3\n", "2\n", 1), "line 5 is 'H -0.76 -0.59 0', where the number of atoms"),
    "text.xyz": ("hello\n", "line 1 is 'hello', where the number of atoms"),
    "binary.xyz": (bytes(range(256)) * 9, "binary.xyz is no file of the format extxyz"),
    "binary.cif": (bytes(range(256)) * 9, "binary.cif is no file of the format cif"),
    "binary.traj": (bytes(range(256)) * 9, "binary.traj is no file of the format traj"),
    "cut.lammpstrj": (dump(n=4), "structure 0 should have 4 atoms, and 3 are there"),
    "head.lammpstrj": (dump()[:60], "head.lammpstrj"),
    "symbol.gen": ("2 C\nXx H\n1 1 0 0 0\n2 2 1 0 0\n", "line 2 names the element 'Xx'"),
    "POSCAR": ("what\n1.0\n5 0 0\n0 5 0\n0 0 5\n1\nDirect\n0 0 0\n", "names no elements"),
    "symbol.cif": ("data_a\nloop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
                   "Ow1 0 0 0\n", "symbol.cif cannot be read as cif"),
    "symbol.lammpstrj": (dump("id type element x y z", ["1 1 Ow 0 0 0"], 1), "line 10 names the element 'Ow'"),
}  # fmt: skip
# What only those understand who know how the file is read.
FOREIGN = ("StopIteration", "NoneType", "KeyError", "IndexError", "attribute", "codec", "int()", "Traceback", "len(")


@modern
@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_told_with_their_place(capsys, name):
    content, expected = FAULTS[name]
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    message = refused(capsys, name)
    assert expected in message
    assert not any(word in message for word in FOREIGN)


@modern
@pytest.mark.parametrize(
    "known",
    ["xyz", "extxyz", "vasp", "cif", "gen", "traj", "cube", "dlp4", "gromacs", "proteindatabank", "xsf", "json",
     "lammps-data", "lammps-dump-text", "castep-geom", "v-sim", "cfg", "mol", "magres", "turbomole", "runnerdata"],
)  # fmt: skip
def test_formats_that_a_file_does_not_have_are_told_without_foreign_words(capsys, known):
    Path("in.txt").write_text("this is a letter\nto somebody 3 4\n\nand no structure at all\n")
    message = refused(capsys, "in.txt", "--format", known)
    assert "in.txt" in message
    assert known in message
    assert not any(word in message for word in FOREIGN)


@modern
@pytest.mark.parametrize("name", ["in.gro", "in.mol", "in.lammpstrj"])
def test_files_that_say_how_many_atoms_they_have_must_have_them(capsys, name):
    if name == "in.lammpstrj":
        Path(name).write_text(dump("id type element x y z", ["1 1 O 0 0 0", "2 2 H 1 0 0", "3 2 H 0 1 0"]))
    else:
        write(name, bulk("Si", cubic=True) if name == "in.gro" else molecule("CH4"))
    whole = Path(name).read_text().splitlines(keepends=True)
    assert run(capsys, name)[0] == 0
    Path(name).write_text("".join(whole[: {"in.gro": -3, "in.mol": 7}.get(name, -1)]))
    assert "was the file cut?" in refused(capsys, name)


@posix
def test_permissions_are_told(capsys):
    if os.geteuid() == 0:
        pytest.skip("nothing is forbidden to root")
    write("in.extxyz", molecules())
    Path("in.extxyz").chmod(0)
    assert "Permission denied" in refused(capsys, "in.extxyz")


def test_a_pipe_is_told(capsys):
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes with names")
    os.mkfifo("pipe")
    assert "is a pipe or a device" in refused(capsys, "pipe")


# Warnings are lines as errors are.


@pytest.mark.filterwarnings("default")
def test_warnings_of_libraries_are_one_line_each(capsys):
    Path("in.pdb").write_text(pdb((" N  ", "N", -1), (" CA ", "C", -1)))
    assert warned(capsys, "in.pdb") == "isoprint: warning: Negative occupancy in one or more atoms"
    Path("in.pdb").write_text(Path("in.pdb").read_text() + "ATOM      what\n")
    assert "in.pdb cannot be read" in refused(capsys, "in.pdb")
