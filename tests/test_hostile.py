"""What was attempted against isoprint, and what comes of it: one line an attempt.

An outcome is `FINE` (finite rows and gradients), or the words of the error in their order. Structures and arguments
are tried on every descriptor, commands in a folder of their own whose older files must be left as they were.
"""

import os
import re
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.io import write

import isoprint as ip
from catalog import SINGULAR
from children import environment, printed
from folders import contents, put_folder, refused

FINE = None
SPECIES = ["H", "C", "O"]
DESCRIPTORS = {
    "SoapTurbo": ip.SoapTurbo(r_cut=3.0, n_max=3, l_max=2, species=SPECIES),
    "SOAP": ip.SOAP(r_cut=3.0, n_max=3, l_max=2, species=SPECIES),
    "ACSF": ip.ACSF(r_cut=3.0, species=SPECIES, g2=[(0.5, 0.0)], g4=[(0.1, 1.0, 1.0)]),
    "OverlapMatrix": ip.OverlapMatrix(r_cut=3.0, species=SPECIES, max_sites=120),
    "CoulombMatrix": ip.CoulombMatrix(r_cut=3.0, species=SPECIES, max_sites=120),
    "Hybrid": ip.Hybrid(
        [ip.ACSF(r_cut=3.0, species=SPECIES, g2=[(0.5, 0.0)]), ip.SOAP(r_cut=3.0, n_max=2, l_max=1, species=SPECIES)],
        scale=None,
    ),
}


def water(**changes):
    """A water molecule, with some of its arrays replaced by what was never checked."""
    frame = molecule("H2O")
    arrays = {"positions": frame.positions, "numbers": frame.numbers, "cell": np.zeros((3, 3)), "pbc": False}
    return SimpleNamespace(**{**arrays, **changes})


def crystal(cell, positions=((0.0, 0.0, 0.0),), pbc=True):
    arrays = {"positions": np.array(positions, float), "cell": np.array(cell, float)}
    return water(numbers=[6] * len(positions), pbc=pbc, **arrays)


def moved(atom, axis, value):
    positions = molecule("H2O").positions
    positions[atom, axis] = value
    return water(positions=positions)


STRUCTURES = [
    # No coordinates
    ("a NaN", moved(1, 2, np.nan), ["position of atom 1 of frame 0", "finite"]),
    ("an infinity", moved(2, 0, -np.inf), ["position of atom 2 of frame 0", "finite"]),
    ("a NaN along a periodic axis", crystal([[3, 0, 0], [0, np.nan, 0], [0, 0, 3]]), ["cell of frame 0", "finite"]),
    ("a NaN along an open axis", crystal([[3, 0, 0], [0, np.nan, 0], [0, 0, 3]], pbc=[1, 0, 1]), FINE),
    ("words for coordinates", water(positions=[["a", "b", "c"]] * 3), ["positions of frame 0", "real numbers"]),
    ("complex coordinates", water(positions=np.ones((3, 3), complex)), ["positions of frame 0", "real numbers"]),
    ("two columns", water(positions=np.zeros((3, 2))), ["positions of frame 0", "(3, 2)"]),
    ("fewer numbers than positions", water(numbers=[8, 1]), ["frame 0 has 3 positions and 2 numbers"]),
    # Small and large
    ("an extent of 1e-310", moved(1, 0, 1e-310), FINE),
    ("an extent of 5e-324", moved(1, 0, 5e-324), FINE),
    ("an atom at 1e15", moved(1, 0, 1e15), FINE),
    ("an atom at 1e300", moved(1, 0, 1e300), FINE),
    ("atoms at both ends of the doubles", water(positions=[[-1.7e308, 0, 0], [1.7e308, 0, 0], [0, 0, 0]]), FINE),
    ("an atom at 1e9 in a crystal", crystal(np.diag([3.0, 3, 3]), [[0, 0, 0], [1.5 + 3e9, 1.5, 1.5]]), FINE),
    ("no atoms", water(positions=np.zeros((0, 3)), numbers=[]), FINE),
    ("one atom", water(positions=[[1e5, 0, 0]], numbers=[8]), FINE),
    # Cells
    ("no volume", crystal([[3, 0, 0], [0, 3, 0], [3, 3, 0]]), ["cell", "of frame 0", "no volume"]),
    ("a cell of zeros", crystal(np.zeros((3, 3))), ["of frame 0", "no volume"]),
    ("a thin cell", crystal([[0.9, 0, 0], [0, 4, 0], [0, 0, 4]]), FINE),
    ("a cell of 1e-5", crystal(np.eye(3) * 1e-5), ["frame 0", "images", "unit of the cell"]),
    ("a cell of 1e200", crystal(np.eye(3) * 1e200), FINE),
    ("a skewed cell", crystal([[3, 0, 0], [2999, 3, 0], [-1500, 77, 3]]), FINE),
    ("a left-handed cell", crystal([[0, 3, 0], [3, 0, 0], [0, 0, 3]]), FINE),
    # Elements
    ("Z = 119", water(numbers=[8, 1, 119]), ["atom 2 of frame 0", "119", "no element"]),
    ("Z = -1", water(numbers=[8, -1, 1]), ["atom 1 of frame 0", "-1", "no element"]),
    ("Z = 10^18", water(numbers=[10**18, 1, 1]), ["atom 0 of frame 0", str(10**18), "no element"]),
    ("Z = 8 - 256", water(numbers=[8 - 256, 1, 1]), ["atom 0 of frame 0", "-248", "no element"]),
    ("Z = 1.5", water(numbers=[8, 1.5, 1]), ["numbers of frame 0", "integer"]),
    ("an element nobody told of", water(numbers=[8, 16, 1]), ["species of frame 0 include 'S'"]),
    # Periodicity
    ("pbc of NaN", crystal(np.diag([3.0, 3, 3]), pbc=[np.nan, 0, 0]), ["pbc of frame 0", "nan"]),
    ("pbc of words", crystal(np.diag([3.0, 3, 3]), pbc=["False", "", ""]), ["pbc of frame 0", "False"]),
    ("pbc of four", crystal(np.diag([3.0, 3, 3]), pbc=[True] * 4), ["pbc of frame 0"]),
]


@pytest.mark.parametrize("kind", DESCRIPTORS)
@pytest.mark.parametrize(("frame", "outcome"), [pytest.param(*rest, id=name) for name, *rest in STRUCTURES])
def test_structures(kind, frame, outcome):
    descriptor = DESCRIPTORS[kind]
    if outcome is FINE:
        rows = descriptor.transform(frame)
        assert rows.shape == (len(frame.numbers), descriptor.n_features)
        assert np.isfinite(rows).all()
        assert np.isfinite(descriptor.pullback(frame, np.ones_like(rows)).positions).all()
        return
    for call in (descriptor.transform, descriptor.derivatives):
        with pytest.raises(ValueError, match=".*".join(map(re.escape, outcome))):
            call(frame)


def aliased(descriptor):
    positions = np.zeros((3, descriptor.n_features))
    frame = water(positions=positions[:, :3])
    frame.positions[:] = molecule("H2O").positions
    descriptor.transform(frame, out=positions)


def largest_adjoint(descriptor):
    descriptor.pullback(water(), np.full((3, descriptor.n_features), 1e308) * 1.7)


def adjoint(descriptor, value):
    weights = np.ones((3, descriptor.n_features))
    weights[1, 0] = value
    descriptor.pullback(molecule("H2O"), weights)


ARGUMENTS = [
    ("out over the positions", aliased, ["shares memory"]),
    ("a center that is a truth value", lambda d: d.transform(water(), centers=[0, True]), ["center", "True"]),
    ("a center beyond the atoms", lambda d: d.transform(water(), centers=[3]), ["center 3", "out of range"]),
    ("a center of 2^64", lambda d: d.transform(water(), centers=[2**64]), [str(2**64)]),
    ("a center that is half", lambda d: d.transform(water(), centers=[0.5]), ["centers"]),
    ("a point of NaN", lambda d: d.transform(water(), centers=[[np.nan, 0, 0]]), ["finite"]),
    ("half a thread", lambda d: d.transform(water(), n_jobs=0.5), ["n_jobs", "0.5"]),
    ("no threads", lambda d: d.transform(water(), n_jobs=0), ["n_jobs", "0"]),
    ("true threads", lambda d: d.transform(water(), n_jobs=True), ["n_jobs", "True"]),
    ("an adjoint of NaN", lambda d: adjoint(d, np.nan), ["adjoint", "row 1", "finite"]),
    ("an adjoint of 1.7e308", largest_adjoint, ["adjoint has entries up to 1.7e+308"]),
    ("an adjoint of words", lambda d: d.pullback(water(), np.full((3, d.n_features), "a")), ["adjoint", "real"]),
    ("an adjoint of another shape", lambda d: d.pullback(water(), np.ones(3)), ["adjoint has shape (3,)"]),
    ("masked displacements", lambda d: d.pushforward(water(), np.ma.masked_less(np.eye(3), 1)), ["displacements"]),
    ("a path for a frame", lambda d: d.transform("water.xyz"), ["ase.io.read"]),
    ("None among the frames", lambda d: d.transform([water(), None]), ["frame 1"]),
]


@pytest.mark.parametrize("kind", DESCRIPTORS)
@pytest.mark.parametrize(("attempt", "outcome"), [pytest.param(*rest, id=name) for name, *rest in ARGUMENTS])
def test_arguments(kind, attempt, outcome):
    if kind == "CoulombMatrix" and attempt is largest_adjoint:
        pytest.skip("its gradient stays finite at this adjoint")
    with pytest.raises((ValueError, TypeError), match=".*".join(map(re.escape, outcome))):
        attempt(DESCRIPTORS[kind])


PARAMETERS = [
    (
        "a cutoff in pm",
        lambda: ip.SOAP(r_cut=900.0, n_max=8, l_max=8, sigma=0.4, species=["H"]),
        ["sigma", "900", "unit"],
    ),
    ("a cutoff of 10^400", lambda: ip.SoapTurbo(r_cut=10**400, n_max=8, l_max=8, species=["H"]), ["r_cut"]),
    ("a width in nm", lambda: ip.SoapTurbo(r_cut=5.0, n_max=8, l_max=8, sigma=1e-9, species=["H"]), ["sigma"]),
    (
        "a filter of NaN",
        lambda: ip.SoapTurbo(r_cut=5, n_max=4, l_max=4, filter_decay=np.nan, species=["H"]),
        ["filter"],
    ),
    ("half a function", lambda: ip.SOAP(r_cut=5.0, n_max=2.5, l_max=8, species=["H"]), ["n_max", "2.5"]),
    ("a thousand functions", lambda: ip.SOAP(r_cut=5.0, n_max=1000, l_max=8, species=["H"]), ["n_max", "1000"]),
    ("Z = 119", lambda: ip.ACSF(r_cut=5.0, species=[119]), ["119"]),
    ("a word for a flag", lambda: ip.SOAP(r_cut=5, n_max=2, l_max=1, normalize="no", species=["H"]), ["normalize"]),
    ("no species", lambda: ip.SOAP(r_cut=5.0, n_max=2, l_max=1, species=[]), ["species"]),
]


@pytest.mark.parametrize(("build", "outcome"), [pytest.param(*rest, id=name) for name, *rest in PARAMETERS])
def test_parameters(build, outcome):
    started = time.monotonic()
    with pytest.raises(ValueError, match=".*".join(map(re.escape, outcome))):
        build().transform(molecule("H2"))
    assert time.monotonic() - started < 20.0, "a mistake in a unit must not look like a hang"


@pytest.mark.parametrize("extreme", [{"filter_decay": 1e8}, {"sigma": 0.02}, {"r_soft": 4.999}], ids=str)
def test_extreme_parameters_that_make_sense(extreme):
    rows = ip.SoapTurbo(r_cut=5.0, n_max=4, l_max=4, species=["H"], **extreme).transform(molecule("H2"))
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0)


def test_more_threads_than_there_can_be():
    soap = DESCRIPTORS["SOAP"]
    assert np.array_equal(soap.transform(water(), n_jobs=2**70), soap.transform(water(), n_jobs=1))


def test_placeholders_are_not_learned_unasked():
    frame = Atoms("XOH", [[0, 0, 0], [1, 0, 0], [2, 0, 0]])
    with pytest.warns(UserWarning, match="X"):
        soap = ip.SOAP(r_cut=3.0, n_max=2, l_max=1).fit(frame)
    assert soap.species_ == ["H", "O"]


def test_a_weight_without_digits_is_refused():
    soap = ip.SOAP(r_cut=3.0, n_max=2, l_max=1, species=["H"], weighting=SINGULAR)
    with pytest.raises(ValueError, match=r"frame 0"):
        soap.transform(Atoms("H2", [[0, 0, 0], [0, 0, 1e-17]]))


# Commands: in a folder with structures `in.extxyz`, a ring of ours `ring.extxyz` and an older result `old.npz`.

SOAP = ["--descriptor", "soap", "--r-cut", "3", "--n-max", "2", "--l-max", "1"]
COMMANDS = [
    ("no such file", ["transform", "no.xyz", "-o", "old.npz", *SOAP], ["no file", "no.xyz"]),
    ("an empty file", ["transform", "empty.xyz", "-o", "old.npz", *SOAP], ["empty.xyz"]),
    ("bytes that are no structure", ["transform", "noise.xyz", "-o", "old.npz", *SOAP], ["noise.xyz"]),
    ("a file cut in a frame", ["transform", "cut.extxyz", "-o", "old.npz", *SOAP], ["cut.extxyz"]),
    ("an index beyond the file", ["transform", "in.extxyz", "--index", "99:", "-o", "old.npz", *SOAP], ["99:"]),
    ("an index of words", ["transform", "in.extxyz", "--index", "foo", "-o", "old.npz", *SOAP], ["foo"]),
    ("a folder in the way", ["transform", "in.extxyz", "-o", "mine.npz", *SOAP], ["mine.npz", "a folder"]),
    ("a folder in the way of zarr", ["transform", "in.extxyz", "-o", "mine.zarr", *SOAP], ["mine.zarr", "a folder"]),
    (
        "the input as output",
        ["sensitivity", "in.extxyz", "-o", "in.extxyz", *SOAP],
        ["which is the file that is read"],
    ),
    ("an unknown suffix", ["transform", "in.extxyz", "-o", "out.txt", *SOAP], ["suffix"]),
    ("a folder that is not there", ["transform", "in.extxyz", "-o", "no/out.npz", *SOAP], ["folder"]),
    ("a config of brackets", ["transform", "in.extxyz", "-o", "old.npz", "--config", "deep.toml"], ["deep.toml"]),
    ("an option of another program", ["transform", "in.extxyz", "-o", "old.npz", "--rcut", "3"], ["--r-cut"]),
    ("functions that are none", ["sensitivity", "in.extxyz", "--descriptor", "acsf", "--r-cut", "3"], ["--standard"]),
    (
        "a ring cut at a frame",
        ["manifold", "ring.extxyz", "--resume", "-o", "old.extxyz", *SOAP],
        ["it was cut"],
    ),
]


@pytest.fixture(scope="module")
def ring():
    soap = ip.SOAP(r_cut=4.8, n_max=4, l_max=4, sigma=0.3, species=["H", "N"])
    start = ip.helical_start("NH3", stretch=0.04, bend=0.16)
    return ip.follow_manifold(soap, start, 0, max_steps=4)


@pytest.fixture
def folder(folder, ring):
    lines = Path("in.extxyz").read_text().splitlines(keepends=True)
    Path("cut.extxyz").write_text("".join(lines[:-2]))
    Path("empty.xyz").touch()
    Path("noise.xyz").write_bytes(np.random.default_rng(0).bytes(4096))
    Path("deep.toml").write_text("a = " + "[" * 100_000)
    np.savez("old.npz", features=np.arange(6.0))
    Path("old.extxyz").write_text("mine")
    for name in ("mine.npz", "mine.zarr"):
        put_folder(Path(name))
    ring.write("ring.extxyz")
    text = Path("ring.extxyz").read_text()
    n_lines = (len(ring.frames[0]) + 2) * (len(ring.frames) - 1)
    Path("ring.extxyz").write_text("".join(text.splitlines(keepends=True)[:n_lines]))
    return folder


@pytest.mark.parametrize(("command", "outcome"), [pytest.param(*rest, id=name) for name, *rest in COMMANDS])
def test_commands(folder, capsys, command, outcome):
    before = contents(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        said = refused(capsys, *command)
    assert re.search(".*".join(map(re.escape, outcome)), said), said
    assert contents(folder) == before


LONG = """
import signal
# A shell that runs the tests in the background has told them to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
import numpy as np, isoprint as ip
from ase.build import bulk
frame = bulk("C", "diamond", a=3.57, cubic=True) * (4, 4, 4)
soap = {descriptor}
soap.transform(frame, centers=[0])
print("begun", flush=True)
try:
    while True:
        soap.{call}
except KeyboardInterrupt:
    rows = soap.transform(frame, centers=[1])
    assert np.isfinite(rows).all() and rows.any()
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal there")
@pytest.mark.parametrize(
    ("descriptor", "call"),
    [
        ("ip.SOAP(r_cut=9.0, n_max=12, l_max=12, species=['C'])", "transform(frame, n_jobs=2)"),
        ("ip.ACSF.standard(r_cut=9.0, species=['C'])", "transform(frame, n_jobs=2)"),
        ("ip.OverlapMatrix(r_cut=6.0, species=['C'], orbitals='spd', max_sites=200)", "transform(frame, n_jobs=1)"),
    ],
    ids=["SOAP", "ACSF", "OverlapMatrix"],
)
def test_interrupts(descriptor, call):
    command = [sys.executable, "-c", LONG.format(descriptor=descriptor, call=call)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as child:
        try:
            assert child.stdout.readline() == "begun\n"
            time.sleep(0.5)
            child.send_signal(signal.SIGINT)
            said, _ = child.communicate(timeout=60.0)
            assert (child.returncode, said) == (0, "interrupted\n")
        finally:
            child.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill there that cannot be caught")
@pytest.mark.parametrize("suffix", ["npz", "npy", "h5", "zarr"])
def test_kills(tmp_path, suffix):
    """An old result outlives a run that is killed while it writes, and the next run leaves no litter."""
    pytest.importorskip({"h5": "h5py", "zarr": "zarr"}.get(suffix, "numpy"))
    write(tmp_path / "in.extxyz", [bulk("C", "diamond", a=3.57, cubic=True) * (2, 2, 2)] * 40)
    command = [sys.executable, "-m", "isoprint.cli", "transform", "in.extxyz", "-o", f"out.{suffix}", *SOAP]
    # Another result than that of the runs that are killed.
    subprocess.run([*command, "--sigma", "0.7"], cwd=tmp_path, check=True, capture_output=True, env=environment())
    old, killed = contents(tmp_path), 0
    for wait in (0.0, 0.0, 0.1):
        child = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, env=environment())
        deadline = time.monotonic() + 60.0
        # Killed once there is something half-written, and some time after that.
        while child.poll() is None and len(list(tmp_path.iterdir())) < 3 and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(wait)
        child.kill()
        if child.wait() == 0:
            break  # done before it was killed, and so are those that have longer
        killed += 1
        now = contents(tmp_path)
        assert {path: now.get(path) for path in old} == old
    assert killed
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, env=environment())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.extxyz", f"out.{suffix}"]


def test_a_fork_computes_what_its_parent_does():
    code = """
import os, warnings, numpy as np, isoprint as ip
from ase.build import bulk
warnings.simplefilter("ignore")
frame = bulk("C", "diamond", a=3.57, cubic=True) * (3, 3, 3)
soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=4, species=["C"])
rows = soap.transform(frame, n_jobs=2)
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(rows, soap.transform(frame, n_jobs=2)) else 1)
print(os.waitpid(child, 0)[1])
"""
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    assert printed(code) == "0\n"
