"""Commands that read files of structures, and such files as text."""

import json

import ase
import numpy as np
import pytest

import folders
from isoprint import cli

# Older ones read fewer formats and keep less of them; what they do not understand is an error then.
modern = pytest.mark.skipif(
    tuple(map(int, ase.__version__.split(".")[:2])) < (3, 26), reason="an ase that knows these formats well"
)
CHEAP = ["--descriptor", "coulomb_matrix", "--r-cut", "3", "--max-sites", "60"]
# Every command, with what comes after IN.
COMMANDS = {
    "transform": ["-o", "out.npz", *CHEAP],
    "sensitivity": [*CHEAP, "-o", "out.extxyz"],
    "manifold": [*CHEAP, "-o", "out.extxyz"],
    "pairs": [*CHEAP, "-o", "out.extxyz"],
}


def run(capsys, name, *options, command="transform"):
    """Status, what was said on stdout, and the lines on stderr."""
    return folders.run(capsys, command, name, *COMMANDS[command], *options)


def refused(capsys, name, *options, command="transform"):
    """The one line on stderr of a command that must fail."""
    return folders.refused(capsys, command, name, *COMMANDS[command], *options)


def warned(capsys, name, *options):
    """The one warning of a command that succeeds."""
    status, out, err = run(capsys, name, *options)
    assert (status, len(err)) == (0, 1), (status, err)
    assert err[0].startswith("isoprint: warning: ")
    assert "warning" not in out
    return err[0]


def quiet(capsys, name, *options):
    """The numbers of atoms of a command that succeeds without a word on stderr."""
    status, _, err = run(capsys, name, *options)
    assert (status, err) == (0, [])
    return np.load("out.npz")


def elements(capsys, name, *options):
    """Which elements the command saw."""
    assert cli.main(["transform", name, "-o", "seen.npz", *CHEAP, *options]) == 0
    capsys.readouterr()
    return json.loads(str(np.load("seen.npz")["parameters"]))["species"]


DATA = """LAMMPS data

3 atoms
2 atom types

0 6 xlo xhi
0 6 ylo yhi
0 6 zlo zhi

{masses}Atoms{style}

{atoms}"""
ATOMS = "1 1 0.1 0 0\n2 2 2.5 0 0\n3 1 0 2.5 0\n"


def data(style=" # atomic", masses="", atoms=ATOMS):
    return DATA.format(style=style, masses=masses, atoms=atoms)


def dump(columns="id type x y z", rows=("1 1 0.1 0 0", "2 2 2.5 0 0", "3 1 0 2.5 0"), n=3):
    head = f"ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n{n}\nITEM: BOX BOUNDS pp pp pp\n0 6\n0 6\n0 6\n"
    return head + f"ITEM: ATOMS {columns}\n" + "".join(f"{row}\n" for row in rows)


def pdb(*rows):
    return "".join(
        f"ATOM  {k:5d} {name:4s} ALA A   1    {1.2 * k:8.3f}{0:8.3f}{0:8.3f}{part:6.2f}{0:6.2f}          {symbol:>2s}\n"
        for k, (name, symbol, part) in enumerate(rows)
    ) + "END\n"  # fmt: skip
