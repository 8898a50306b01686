"""The command `md`: trajectories that conserve what they should, can be read at any time, and are gone on with."""

import re
import signal
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.constraints import FixAtoms
from ase.io import read, write
from ase.md.verlet import VelocityVerlet

import isoprint as ip
from children import python
from folders import contents, posix, refused
from folders import run as command
from isoprint import cli
from test_models import gp, labelled

SHORT = ["--temperature", "300", "--timestep", "0.2", "--every", "5"]
LANGEVIN = [*SHORT, "--ensemble", "langevin", "--friction", "0.05"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "m"
    gp(n_sparse=20).fit(labelled(8)).save(path)
    return path


@pytest.fixture
def started(here, saved):
    """A folder with a model and a structure."""
    Path("m").write_bytes(saved.read_bytes())
    write("in.extxyz", labelled(1, seed=3)[0].copy())
    return here


def md(out, steps, *more):
    return cli.main(["md", "m", "in.extxyz", "-o", out, "--steps", str(steps), *more])


def test_is_the_dynamics_of_ase(started, capsys):
    assert md("out.traj", 20, *SHORT, "--log", "log.txt") == 0
    found = read("out.traj", ":")
    atoms = found[0].copy()
    atoms.calc = ip.models.load("m").calculator()
    assert atoms.get_temperature() == pytest.approx(300)
    np.testing.assert_allclose(atoms.get_momenta().sum(axis=0), 0, atol=1e-12)
    run = VelocityVerlet(atoms, 0.2 * units.fs)
    for place in range(5):
        np.testing.assert_array_equal(atoms.positions, found[place].positions)
        np.testing.assert_array_equal(atoms.get_forces(), found[place].get_forces())
        assert atoms.get_potential_energy() == found[place].get_potential_energy()
        assert found[place].info["step"] == 5 * place
        assert found[place].info["time"] == pytest.approx(place)
        assert found[place].info["extrapolation"] == ip.models.load("m").extrapolation(atoms).max()
        run.run(5)
    log = np.loadtxt("log.txt")
    np.testing.assert_array_equal(log[:, 0], range(0, 21, 5))
    np.testing.assert_allclose(log[:, 5], [frame.get_total_energy() / 8 for frame in found], atol=1e-9)
    np.testing.assert_allclose(log[:, 2], [frame.get_temperature() for frame in found], atol=1e-3)
    said = capsys.readouterr().out
    assert "out.traj: 5 structures up to step 20" in said
    assert float(re.search(r"within (\S+) meV/atom", said).group(1)) < 1.0


def test_a_bath_has_its_temperature(started):
    assert md("out.extxyz", 600, *LANGEVIN) == 0
    found = [frame.get_temperature() for frame in read("out.extxyz", "60:")]
    assert 150 < np.mean(found) < 600


@pytest.mark.parametrize("arguments", [SHORT, LANGEVIN], ids=["nve", "langevin"])
def test_goes_on_as_if_nothing_had_been(started, arguments, capsys):
    for suffix in ("traj", "extxyz"):
        assert md(f"whole.{suffix}", 40, *arguments) == 0
        for steps in (15, 15, 40):
            assert md(f"parts.{suffix}", steps, *arguments, "--resume", "--log", "log.txt") == 0
        whole, parts = read(f"whole.{suffix}", ":"), read(f"parts.{suffix}", ":")
        assert [frame.info["step"] for frame in parts] == [frame.info["step"] for frame in whole] == [*range(0, 41, 5)]
        for one, two in zip(whole, parts, strict=True):
            # Text has eight digits behind the point.
            np.testing.assert_allclose(one.positions, two.positions, rtol=0, atol=0 if suffix == "traj" else 1e-6)
        np.testing.assert_array_equal(np.loadtxt("log.txt")[:, 0], range(0, 41, 5))
        Path("log.txt").unlink()
    assert "at step 15 already" in capsys.readouterr().out


def test_a_cut_frame_is_written_anew(started):
    assert md("whole.extxyz", 20, *SHORT) == 0
    content = Path("whole.extxyz").read_bytes()
    for end in (0, 3, len(content) // 2, len(content) - 1, len(content)):
        Path("cut.extxyz").write_bytes(content[:end])
        assert md("cut.extxyz", 20, *SHORT, "--resume") == 0
        assert len(read("cut.extxyz", ":")) == 5
    assert md("whole.traj", 20, *SHORT) == 0
    with Path("whole.traj").open("ab") as opened:
        opened.write(b"half a frame")
    assert md("whole.traj", 40, *SHORT, "--resume") == 0
    assert [frame.info["step"] for frame in read("whole.traj", ":")] == [*range(0, 41, 5)]


PROGRAM = """
import os, signal, sys
from isoprint import cli
from isoprint.cli._dynamics import Dynamics

signal.signal(signal.SIGINT, signal.default_int_handler)
run = Dynamics.run

def stopped(self, steps):
    run(self, steps)
    if self.step == 15:
        os.kill(os.getpid(), {signal})

Dynamics.run = stopped
raise SystemExit(cli.main(sys.argv[1:]))
"""


@posix
@pytest.mark.parametrize("suffix", ["traj", "extxyz"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_interrupted_and_killed(started, suffix, number):
    arguments = ["md", "m", "in.extxyz", "-o", f"out.{suffix}", "--steps", "30", *LANGEVIN]
    done = python("-c", PROGRAM.format(signal=int(number)), *arguments)
    if number == signal.SIGINT:
        assert done.returncode == 130
        assert done.stderr.splitlines() == [
            f"out.{suffix} has 3 structures; the same command with --resume goes on",
            "isoprint: error: interrupted",
        ]
    else:
        assert done.returncode == -signal.SIGKILL
    assert [frame.info["step"] for frame in read(f"out.{suffix}", ":")] == [0, 5, 10]
    assert cli.main([*arguments, "--resume"]) == 0
    assert len(read(f"out.{suffix}", ":")) == 7


FULL = """
import resource, sys
from isoprint import cli
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, resource.RLIM_INFINITY))
raise SystemExit(cli.main(sys.argv[1:]))
"""


@posix
def test_a_full_disk_leaves_whole_frames(started):
    done = python("-c", FULL, "md", "m", "in.extxyz", "-o", "out.extxyz", "--steps", "30", *SHORT)
    assert (done.returncode, done.stderr) == (2, "isoprint: error: out.extxyz cannot be written: File too large\n")
    found = read("out.extxyz", ":")
    assert 1 < len(found) < 7
    assert md("out.extxyz", 30, *SHORT, "--resume") == 0
    assert len(read("out.extxyz", ":")) == 7


def test_other_rules_are_refused(started, capsys):
    assert md("out.traj", 5, *LANGEVIN) == 0
    before = contents()
    for changed, message in {
        ("--timestep", "0.3"): "'timestep 0.2' and not 'timestep 0.3'",
        ("--temperature", "400"): "'temperature 300.0' and not 'temperature 400.0'",
        ("--seed", "2"): "'seed 0' and not 'seed 2'",
        ("--ensemble", "nve"): "'ensemble langevin' and not 'ensemble nve'",
    }.items():
        arguments = ["md", "m", "in.extxyz", "-o", "out.traj", "--steps", "9", *LANGEVIN, *changed, "--resume"]
        assert message in refused(capsys, *arguments)
    gp(n_sparse=10).fit(labelled(4)).save("m")
    assert "and not 'model " in refused(capsys, *arguments[:-3], "--resume")
    assert {path: content for path, content in contents().items() if path.name != "m"} == {
        path: content for path, content in before.items() if path.name != "m"
    }


def test_nothing_is_lost(started, capsys):
    assert md("out.extxyz", 5, *SHORT) == 0
    before = contents()
    arguments = ["md", "m", "in.extxyz", "--steps", "9", *SHORT]
    assert "is there already, and is kept" in refused(capsys, *arguments, "-o", "out.extxyz")
    assert "which is the file that is read" in refused(capsys, *arguments, "-o", "in.extxyz")
    assert "--log is 'm', which is the file that is read" in refused(capsys, *arguments, "-o", "a.traj", "--log", "m")
    Path("text.extxyz").write_text("three years\nof work")
    assert "is no trajectory: behind frame 0" in refused(capsys, *arguments, "-o", "text.extxyz", "--resume")
    write("other.extxyz", labelled(2))
    with Path("other.extxyz").open("a") as opened:
        opened.write("8\nhalf")
    assert "was not made by isoprint md" in refused(capsys, *arguments, "-o", "other.extxyz", "--resume")
    assert Path("other.extxyz").read_text().endswith("8\nhalf")
    Path("text.traj").write_text("three years\nof work")
    assert "is no trajectory of ase" in refused(capsys, *arguments, "-o", "text.traj", "--resume")
    assert {path: content for path, content in contents().items() if path in before} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--timestep", "0"], "--timestep is 0.0; it must be a positive number"),
        (["--timestep", "nan"], "--timestep is nan"),
        (["--steps", "-1"], "--steps is -1"),
        (["--every", "0"], "--every is 0"),
        (["--seed", "-1"], "--seed is -1"),
        (["--temperature", "-3"], "--temperature is -3.0"),
        (["--ensemble", "npt"], "invalid choice: 'npt'"),
        (["--ensemble", "langevin", "--friction", "0"], "--friction is 0.0"),
        (["--repeat", "2,2"], "--repeat is [2, 2]; give one number or three"),
        (["--repeat", "0"], "--repeat is 0"),
        (["--max-extrapolation", "-1"], "--max-extrapolation is -1.0"),
        (["--keep-velocities"], "both say how fast atoms are"),
        (["-o", "out.xtc"], "trajectory is 'out.xtc'; its suffix must be one of .extxyz .xyz .traj"),
        (["--index", ":"], "--index : chose 2 structures"),
        (["--n-jobs", "0"], "n_jobs is 0"),
    ],
)
def test_what_is_refused(started, capsys, arguments, message):
    write("in.extxyz", [frame.copy() for frame in labelled(2)])
    assert message in refused(capsys, "md", "m", "in.extxyz", "-o", "out.traj", "--steps", "9", *SHORT, *arguments)


def test_velocities_and_elements(started, capsys):
    arguments = ["md", "m", "in.extxyz", "-o", "out.traj", "--steps", "2"]
    assert "--temperature is missing" in refused(capsys, *arguments)
    assert "has no velocities to keep" in refused(capsys, *arguments, "--keep-velocities")
    atoms = read("in.extxyz")
    atoms.set_momenta(np.full((8, 3), 0.1))
    atoms.set_constraint(FixAtoms([0]))
    write("in.extxyz", atoms)
    assert cli.main([*arguments, "--keep-velocities"]) == 0
    found = read("out.traj", ":")
    np.testing.assert_allclose(found[0].get_momenta()[1:], 0.1)
    np.testing.assert_array_equal(found[-1].positions[0], atoms.positions[0])
    write("in.extxyz", Atoms("CN", [[0, 0, 0], [0, 0, 1.5]]))
    message = refused(capsys, "md", "m", "in.extxyz", "-o", "a.traj", "--steps", "2", *SHORT)
    assert "atom 1 of frame 0 is 'N', which this model has not seen" in message
    assert not Path("a.traj").exists()


def test_ends_where_the_model_knows_nothing(started, capsys):
    status, _, err = command(capsys, *"md m in.extxyz -o out.traj --steps 99 --max-extrapolation 0".split(), *SHORT)
    assert status == 2
    assert re.search(r"atom \d is unlike all that the model knows at step 5: extrapolation .*, more than 0.0", err[-1])
    assert len(read("out.traj", ":")) == 2


def test_copies_and_molecules(started):
    assert md("out.extxyz", 2, *SHORT, "--repeat", "2,1,1") == 0
    assert len(read("out.extxyz", 0)) == 16
    write("in.extxyz", Atoms("C"))
    assert md("alone.extxyz", 2, *SHORT) == 0
    write("in.extxyz", Atoms("CO", [[0, 0, 0], [0, 0, 1.9]]))
    assert md("pair.extxyz", 2, *LANGEVIN) == 0
    assert "stress" not in read("pair.extxyz", 0).calc.results


@pytest.mark.parametrize("command", ["predict", "errors"])
def test_models_are_not_replaced_by_what_they_say(started, capsys, command):
    outputs = {"predict": ["-o", "m"], "errors": ["--json", "m"]}
    assert "which is the file that is read" in refused(capsys, command, "m", "in.extxyz", *outputs[command])
    ip.models.load("m")
