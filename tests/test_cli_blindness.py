"""The commands that show what a fingerprint does not see."""

import json
import signal

import numpy as np
import pytest
from ase.io import read, write

import isoprint as ip
from folders import refused
from isoprint import cli
from isoprint.blindness.manifold._valley import Follower
from reference_structures import reference

SOAP = (
    "--descriptor",
    "soap",
    "--r-cut",
    "4.8",
    "--n-max",
    "6",
    "--l-max",
    "6",
    "--sigma",
    "0.4",
    "--species",
    "H,N,C",
)
QUIP = (
    "--quip",
    "soap n_max=8 l_max=8 atom_sigma=0.3 cutoff=4.8 cutoff_transition_width=0.5"
    " n_species=2 species_Z={1 7} Z=7 n_Z=1 central_weight=1",
)


@pytest.fixture
def folder(here):
    write("in.extxyz", [reference("NH3-a"), reference("NH3-b")])
    return here


def test_sensitivity_prints_its_report(folder, capsys):
    assert cli.main(["sensitivity", "in.extxyz", *SOAP]) == 0
    descriptor = ip.SOAP(r_cut=4.8, n_max=6, l_max=6, sigma=0.4, species=["H", "N", "C"])
    found = ip.sensitivity(descriptor, read("in.extxyz", 0), 0)
    assert capsys.readouterr().out == found.report() + "\n"


def test_sensitivity_writes_modes_figures_and_numbers(folder, capsys):
    pytest.importorskip("matplotlib")
    outputs = ["-o", "modes.extxyz", "--amplitude", "0.2", "--plot", "s.png", "--json", "s.json"]
    assert cli.main(["sensitivity", "in.extxyz", "--index", "1", *SOAP, *outputs]) == 0
    found = ip.sensitivity(
        ip.SOAP(r_cut=4.8, n_max=6, l_max=6, sigma=0.4, species=["H", "N", "C"]), read("in.extxyz", 1), 0
    )
    modes = read("modes.extxyz", ":")
    assert len(modes) == 6
    moved = modes[0].positions - reference("NH3-b").positions
    assert np.linalg.norm(moved) == pytest.approx(0.2, abs=1e-6)
    (entry,) = json.loads((folder / "s.json").read_text())
    assert entry["eigenvalues"] == pytest.approx(found.eigenvalues, abs=1e-14)
    assert entry["rank"] == 6
    assert (folder / "s.png").stat().st_size > 5000
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "modes.extxyz: 6 modes", "s.png: spectrum and sites", "s.json: 1 structure"
    ]  # fmt: skip


def test_sensitivity_of_many_structures_is_a_line_each(folder, capsys):
    assert cli.main(["sensitivity", "in.extxyz", "--index", ":", *SOAP, "--json", "s.json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("     0  Sensitivity(4 sites, rank 6 of 6")
    assert len(lines) == 3
    assert len(json.loads((folder / "s.json").read_text())) == 2


def test_manifold_of_a_molecule(folder, capsys):
    pytest.importorskip("matplotlib")
    command = ["manifold", "NH3", "--stretch", "0.04", "--bend", "0.16", "--seed", "1", *QUIP]
    assert cli.main([*command, "-o", "ring.extxyz", "--plot", "ring.png"]) == 0
    path = ip.Path.read("ring.extxyz")
    start = ip.helical_start("NH3", stretch=0.04, bend=0.16, seed=1)
    expected = ip.follow_manifold(ip.SOAP.from_quip(QUIP[1]), start, 0)
    assert np.array_equal(path.positions, expected.positions)
    assert path.closed
    assert capsys.readouterr().out.startswith(f"ring.extxyz: {path!r}\nring.png: ")


def test_manifold_goes_on_where_it_stopped(folder, capsys):
    assert cli.main(["manifold", "in.extxyz", *QUIP, "-o", "part.extxyz", "--max-steps", "5"]) == 0
    part = ip.Path.read("part.extxyz")
    assert (part.status, part.first_status, len(part)) == ("steps", "steps", 11)
    resumed = ["manifold", "part.extxyz", "--resume", *QUIP, "-o", "more.extxyz", "--max-steps", "9"]
    assert cli.main(resumed) == 0
    assert len(ip.Path.read("more.extxyz")) == 15


def test_an_interrupted_path_is_kept(folder, capsys, monkeypatch):
    steps = []
    onwards = Follower._onwards

    def interrupted(self, *rest):
        steps.append(rest)
        if len(steps) == 7:
            signal.raise_signal(signal.SIGINT)
        return onwards(self, *rest)

    monkeypatch.setattr(Follower, "_onwards", interrupted)
    before = signal.getsignal(signal.SIGINT)
    assert cli.main(["manifold", "in.extxyz", *QUIP, "-o", "part.extxyz"]) == 130
    assert signal.getsignal(signal.SIGINT) is before
    path = ip.Path.read("part.extxyz")
    assert (path.status, len(path)) == ("interrupted", 8)
    assert "Path(interrupted, 8 points" in capsys.readouterr().out


def test_the_standard_symmetry_functions(folder, capsys):
    assert cli.main(["sensitivity", "in.extxyz", "--descriptor", "acsf", "--standard"]) == 0
    expected = ip.sensitivity(ip.ACSF.standard(), read("in.extxyz", 0), 0)
    assert capsys.readouterr().out == expected.report() + "\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sensitivity", "in.extxyz", *SOAP, "--standard"], "--standard is a set of symmetry functions, not of soap"),
        (["sensitivity", "in.extxyz", "--descriptor", "acsf", "--standard", "--g1"], "already says g1"),
        (["sensitivity", "none.xyz", *SOAP], "there is no file 'none.xyz'"),
        (["sensitivity", "H2O", *SOAP], "one center and three or four like neighbors"),
        (["sensitivity", "in.extxyz", "--center", "4", *SOAP], "center 4 of frame 0 is out of range"),
        (["sensitivity", "in.extxyz", "--stretch", "0.1", *SOAP], "'in.extxyz' is a file"),
        (["sensitivity", "in.extxyz", "--index", ":", "--plot", "a.png", *SOAP], "chose 2"),
        (["sensitivity", "in.extxyz", "--descriptor", "soap", "--r-cut", "4"], "missing --n-max, --l-max"),
        (["manifold", "in.extxyz", "--index", ":", "-o", "a.extxyz", *SOAP], "chose 2"),
        (["manifold", "in.extxyz", "--resume", "-o", "a.extxyz", *SOAP], "is no path"),
        (["manifold", "in.extxyz", "-o", "a.extxyz", "--step", "-1", *SOAP], "step is -1.0"),
    ],
)
def test_bad_commands_say_why(folder, capsys, arguments, message):
    assert message in refused(capsys, *arguments)


@pytest.mark.parametrize("command", ["sensitivity", "manifold"])
def test_help_has_examples(command, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])
    assert end.value.code == 0
    out = capsys.readouterr().out
    assert f"isoprint {command} " in out.partition("examples:")[2]
