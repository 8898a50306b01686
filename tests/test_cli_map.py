"""`isoprint map` writes what `explore` finds, and refuses early what cannot be."""

import gzip
import json

import numpy as np
import pytest
from ase.build import molecule
from ase.io import read, write

import isoprint as ip
from isoprint.cli import main

PARAMETERS = ["--descriptor", "soap", "--r-cut", "4", "--n-max", "3", "--l-max", "2"]


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = []
    for name in ("H2O", "CH4", "CO2", "CH3OH"):
        atoms = molecule(name)
        atoms.info["kind"] = name
        found.append(atoms)
    write("in.extxyz", found)
    return tmp_path / "in.extxyz"


def test_a_map_for_the_viewer(file, tmp_path, capsys):
    pytest.importorskip("chemiscope")
    assert main(["map", "in.extxyz", "-o", "map.json.gz", "--n-components", "3", *PARAMETERS]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("map.json.gz: Map(4 structures in 3 dimensions, 100 % of the variance): ")
    with gzip.open("map.json.gz") as stored:
        said = json.load(stored)["properties"]
    expected = ip.explore(read(file, ":"), ip.SOAP(r_cut=4.0, n_max=3, l_max=2), n_components=3)
    np.testing.assert_allclose(said["PC 2"]["values"], expected.coordinates[:, 1], atol=1e-12)
    assert said["kind"]["values"] == ["H2O", "CH4", "CO2", "CH3OH"]


def test_a_figure_of_atoms(file, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    how = ["--atoms", "--scaling", "none", "--color", "element", "--marker", "kind", "--index", "1:"]
    assert main(["map", "in.extxyz", "--plot", "map.png", *how, *PARAMETERS]) == 0
    assert (tmp_path / "map.png").stat().st_size > 1000
    assert "Map(14 atoms in 2 dimensions" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "nothing is asked for"),
        (["-o", "map.txt"], "end in .json or .json.gz"),
        (["-o", "missing/map.json"], "missing"),
        (["-o", "map.json", "--n-components", "0"], "n_components"),
        (["--plot", "map.png", "--color", "mass"], "no property 'mass'; the structures have kind, n_atoms"),
        (["--plot", "map.xyz"], "suffix must be one of"),
    ],
)
def test_refused(file, tmp_path, words, message, capsys):
    pytest.importorskip("chemiscope")
    pytest.importorskip("matplotlib")
    assert main(["map", "in.extxyz", *words, *PARAMETERS]) == 2
    assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.extxyz"]
