"""Fits that are killed, interrupted or short of disk go on where they were, and end with the same numbers."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from ase.io import write

import isoprint as ip
from children import python
from folders import contents, names, posix
from isoprint import cli
from isoprint._support.progress import reporting
from isoprint.models import _checkpoint, _seen
from test_models import gp, labelled, soap


@pytest.fixture(scope="module")
def frames():
    return labelled(9)


@pytest.fixture(autouse=True)
def eager(monkeypatch):
    """Files are written after every frame, and rows are factorized a few at a time."""
    monkeypatch.setattr(_checkpoint, "EVERY", 0.0)
    monkeypatch.setattr(_checkpoint, "RARELY", 0.0)
    monkeypatch.setattr(_seen, "ROWS", 40)
    # Of children; bits are the same with the same number of threads.
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")


class EnoughError(Exception):
    pass


def stopping(atoms, problem=EnoughError):
    def report(done, total):
        if done >= atoms:
            raise problem

    return report


def counted(calls):
    return lambda done, total: calls.append(done)


def assert_same_bits(one, two):
    np.testing.assert_array_equal(one.alpha_, two.alpha_)
    np.testing.assert_array_equal(one.factor_, two.factor_)
    assert one.report_ == two.report_
    assert one.e0_ == two.e0_


def test_several_terms_go_on_with_the_same_bits(here, frames):
    def several():
        pairs = ip.models.TwoBody(r_cut=3.5)
        core = ip.models.PairPotential({"C-C": ([0.5, 1.5, 3.0], [3.0, 1.0, 0.0])})
        return gp([core, pairs, ("many", gp().descriptor)], sigma_virial=0.01, sparse="random")

    expected = several().fit(frames)
    with pytest.raises(EnoughError):
        several().fit(frames, checkpoint="kept", progress=stopping(40))
    calls = []
    assert_same_bits(several().fit(frames, checkpoint="kept", progress=counted(calls)), expected)
    assert calls == [48, 56, 64, 72]
    with pytest.raises(ValueError, match=r"descriptor__twobody__r_cut was 3\.5, and is 3\.4"):
        several().set_params(descriptor__twobody__r_cut=3.4).fit(frames, checkpoint="kept")


@pytest.mark.parametrize("atoms", [8, 32, 64, 72])
@pytest.mark.parametrize("problem", [EnoughError, KeyboardInterrupt])
def test_goes_on_with_the_same_bits(here, frames, atoms, problem):
    expected = gp(sigma_virial=0.01).fit(frames)
    with pytest.raises(problem):
        gp(sigma_virial=0.01).fit(frames, checkpoint="kept", progress=stopping(atoms, problem))
    calls = []
    again = gp(sigma_virial=0.01).fit(frames, checkpoint="kept", progress=counted(calls))
    assert calls == [*range(atoms + 8, 80, 8)]
    assert_same_bits(again, expected)
    assert_same_bits(gp(sigma_virial=0.01).fit(frames, checkpoint=Path("kept"), progress=counted(calls)), expected)
    assert_same_bits(gp(sigma_virial=0.01).fit(frames, checkpoint="new"), expected)
    assert names() == ["kept", "new"]


def test_sparse_points_are_chosen_once(here, frames, monkeypatch):
    with pytest.raises(EnoughError):
        gp().fit(frames, checkpoint="kept", progress=stopping(8))
    monkeypatch.setattr("isoprint.models._sparse_set._pick", None)
    gp().fit(frames, checkpoint="kept")


def test_terms_go_on_with_the_same_bits(here, frames):
    def model():
        pairs, triples = ip.models.TwoBody(r_cut=3.9), ip.models.ThreeBody(r_cut=2.8)
        return gp([pairs, triples, ip.models.Term(soap(), n_sparse=20)])

    with pytest.raises(EnoughError):
        model().fit(frames, checkpoint="kept", progress=stopping(32))
    assert_same_bits(model().fit(frames, checkpoint="kept"), model().fit(frames))
    other = gp([ip.models.TwoBody(r_cut=3.8), ip.models.ThreeBody(r_cut=2.8), ip.models.Term(soap(), n_sparse=20)])
    with pytest.raises(ValueError, match=r"descriptor__twobody__r_cut was 3\.9, and is 3\.8"):
        other.fit(frames, checkpoint="kept")


def test_the_file_is_written_from_time_to_time_only(here, frames, monkeypatch):
    monkeypatch.setattr(_checkpoint, "EVERY", 3600.0)
    seen = []

    def look(done, total):
        seen.append(_checkpoint._archive.Reader("kept").field("n_frames", int))

    gp().fit(frames, checkpoint="kept", progress=look)
    assert set(seen) == {0}
    assert _checkpoint._archive.Reader("kept").field("n_frames", int) == 9


CHANGES = {
    "sigma_forces was 0.01, and is 0.02": {"sigma_forces": 0.02},
    "n_sparse was 30, and is 31": {"n_sparse": 31},
    "zeta was 4, and is 2": {"zeta": 2},
    r"sigma_energy was 0.001, and is \{'default': 0.1\}": {"sigma_energy": {"default": 0.1}},
    "descriptor__l_max was 3, and is 4": {"descriptor": soap(l_max=4)},
    "sparse was 'cur', and is an array 3x4 of float64 with checksum": {"sparse": np.zeros((3, 4))},
}


@pytest.mark.parametrize("message", CHANGES)
def test_other_arguments_are_refused(here, frames, message):
    gp().fit(frames, checkpoint="kept")
    before = contents()
    with pytest.raises(ValueError, match=f"'kept': it is the checkpoint of another fit: {message}"):
        gp(**CHANGES[message]).fit(frames, checkpoint="kept")
    assert contents() == before


def test_other_data_are_refused(here, frames):
    gp().fit(frames, checkpoint="kept")
    with pytest.raises(ValueError, match="there were 9 frames, and are 8"):
        gp().fit(frames[:8], checkpoint="kept")
    moved = [frame.copy() for frame in frames]
    for frame, source in zip(moved, frames, strict=True):
        frame.calc = source.calc
    moved[4].positions[2, 1] += 1e-9
    with pytest.raises(ValueError, match="frame 4 or its labels are others"):
        gp().fit(moved, checkpoint="kept")
    moved[4].positions = frames[4].positions
    gp().fit(moved, checkpoint="kept")
    moved[7].info["config_type"] = "another"
    with pytest.raises(ValueError, match="frame 7 or its labels are others"):
        gp().fit(moved, checkpoint="kept")
    with pytest.raises(ValueError, match="the key of forces was 'forces', and is None"):
        gp().fit(frames, forces=None, checkpoint="kept")


def test_other_files_are_not_replaced(here, frames):
    Path("text").write_text("three years")
    gp().fit(frames).save("model")
    before = contents()
    with pytest.raises(ValueError, match="damaged"):
        gp().fit(frames, checkpoint="text")
    with pytest.raises(ValueError, match="it is no checkpoint of a fit"):
        gp().fit(frames, checkpoint="model")
    with pytest.raises(ValueError, match="no folder"):
        gp().fit(frames, checkpoint="none/kept")
    gp().fit(frames, checkpoint="kept")
    with pytest.raises(ValueError, match="model is 'checkpoint of a fit'"):
        ip.models.load("kept")
    assert {path: content for path, content in contents().items() if path.name != "kept"} == before


def test_cut_checkpoints_are_refused(here, frames):
    gp().fit(frames, checkpoint="kept")
    content = Path("kept").read_bytes()
    for cut in np.random.default_rng(0).integers(0, len(content), 20):
        Path("kept").write_bytes(content[:cut])
        with pytest.raises(ValueError, match="'kept'"):
            gp().fit(frames, checkpoint="kept")


PROGRAM = """
import os, signal, sys
from ase.io import read
from isoprint.models import _checkpoint, _seen
import isoprint as ip
_checkpoint.EVERY = _checkpoint.RARELY = 0.0
_seen.ROWS = 40
frames = read("train.extxyz", ":")

def report(done, total):
    {report}

soap = ip.SOAP(r_cut=3.9, n_max=3, l_max=2, species=["H", "C", "O"])
model = ip.models.SparseGP(soap, n_sparse=20).fit(frames, checkpoint="kept", progress=report)
model.save("model")
"""


@posix
def test_killed_in_the_middle(here, frames):
    write("train.extxyz", frames)
    done = python("-c", PROGRAM.format(report="pass"))
    assert done.returncode == 0, done.stderr
    expected = ip.models.load("model")
    Path("kept").unlink()
    Path("model").unlink()
    # Each run does three frames more, and is killed.
    for _ in range(2):
        program = PROGRAM.format(
            report="report.n = getattr(report, 'n', 0) + 1; report.n < 3 or os.kill(os.getpid(), 9)"
        )
        assert python("-c", program).returncode == -signal.SIGKILL
        assert names() == ["kept", "train.extxyz"]
    done = python("-c", PROGRAM.format(report="print(done)"))
    assert done.stdout.split() == ["56", "64", "72"], done.stderr
    assert_same_bits(ip.models.load("model"), expected)


@posix
def test_killed_while_the_file_is_written(here, frames):
    write("train.extxyz", frames)
    program = PROGRAM.format(report="if done == 24: os.fsync = lambda _: os.kill(os.getpid(), 9)")
    assert python("-c", program).returncode == -signal.SIGKILL
    assert "kept" in names()
    done = python("-c", PROGRAM.format(report="print(done)"))
    assert done.stdout.split()[0] == "32", done.stderr
    # What the killed run had begun is gone.
    assert names() == ["kept", "model", "train.extxyz"]


@posix
def test_control_c_waits_for_rows_to_be_in(here, frames, listening, monkeypatch):
    """A signal in the middle of a factorization leaves nothing half done."""
    push = _seen.Triangle.push
    sent = []

    def interrupted(triangle, rows):
        if not sent and triangle.n_rows:
            sent.append(os.kill(os.getpid(), signal.SIGINT))
        push(triangle, rows)

    monkeypatch.setattr(_seen.Triangle, "push", interrupted)
    with pytest.raises(KeyboardInterrupt):
        gp(sparse="random").fit(frames, checkpoint="kept")
    assert sent
    assert_same_bits(gp(sparse="random").fit(frames, checkpoint="kept"), gp(sparse="random").fit(frames))


FULL = PROGRAM.replace("import os,", "import resource, os,").format(
    report="done == int(sys.argv[1]) and resource.setrlimit(resource.RLIMIT_FSIZE, (9000, resource.RLIM_INFINITY))"
)


@posix
def test_a_full_disk_spares_the_older_checkpoint(here, frames):
    write("train.extxyz", frames)
    done = python("-c", FULL, "24")
    assert done.stderr.splitlines()[-1] == "OSError: kept cannot be written: File too large"
    done = python("-c", PROGRAM.format(report="print(done)"))
    assert done.stdout.split()[0] == "32", done.stderr


@posix
def test_a_disk_that_is_full_at_the_end_costs_no_fit(here, frames):
    write("train.extxyz", frames)
    done = python("-c", FULL.replace('model.save("model")', "print(len(model.alpha_))"), "72")
    assert done.stdout == "20\n", done.stderr
    assert "the checkpoint is older than the fit: kept cannot be written: File too large" in done.stderr


# The command line

PARAMETERS = ["--descriptor", "soap", "--r-cut", "3.9", "--n-max", "3", "--l-max", "2", "--n-sparse", "20"]


def fit(*more):
    return cli.main(["fit", "train.extxyz", "-o", "m", *PARAMETERS, "--checkpoint", "kept", *more])


def test_the_command_goes_on(here, frames, capsys, monkeypatch):
    write("train.extxyz", frames)
    assert fit() == 0
    expected = ip.models.load("m")
    assert names() == ["m", "train.extxyz"]
    monkeypatch.setattr("isoprint.cli.fit.reporting", lambda _: _Interrupting())
    Path("m").unlink()
    capsys.readouterr()
    assert fit() == 130
    assert "kept has what was seen; the same command goes on from there" in capsys.readouterr().err
    assert names() == ["kept", "train.extxyz"]
    monkeypatch.setattr("isoprint.cli.fit.reporting", reporting)
    assert fit("--zeta", "2") == 2
    assert "zeta was 4, and is 2" in capsys.readouterr().err
    assert fit() == 0
    assert "goes on from kept" in capsys.readouterr().err
    assert_same_bits(ip.models.load("m"), expected)
    assert names() == ["m", "train.extxyz"]


class _Interrupting:
    def __enter__(self):
        return stopping(40, KeyboardInterrupt)

    def __exit__(self, *_):
        return None


def test_a_checkpoint_has_a_name_of_its_own(here, frames, capsys):
    write("train.extxyz", frames)
    arguments = ["fit", "train.extxyz", "-o", "m", *PARAMETERS, "--checkpoint"]
    for name in ("m", "train.extxyz"):
        assert cli.main([*arguments, name]) == 2
    err = capsys.readouterr().err
    assert "--checkpoint and --output are both 'm'" in err
    assert "--checkpoint is 'train.extxyz', which is the file that is read" in err
