"""The command `search`: hyperparameters from the command line."""

from pathlib import Path

import numpy as np
import pytest
from ase.io import read, write

import isoprint as ip
from folders import refused
from isoprint import cli
from isoprint.models import SparseGP
from test_models import labelled

PARAMETERS = "--descriptor soap --n-max 3 --l-max 2 --n-sparse 12 --sparse random --forces none --virial none".split()
VARIED = [
    "--vary",
    "r_cut=3:4",
    "--vary",
    "zeta=1..3",
    "--vary",
    "sigma_energy=1e-3:1e-1:log",
    "--vary",
    "basis=gto,bessel",
]


@pytest.fixture
def labels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frames = labelled(8)
    write("train.extxyz", frames[:6])
    write("test.extxyz", frames[6:])
    return tmp_path


def run(*arguments):
    return cli.main([*arguments])


def test_a_search_tells_the_best_and_goes_on(labels, capsys):
    command = ["search", "train.extxyz", "--test", "test.extxyz", "-o", "search.jsonl", *PARAMETERS, *VARIED]
    assert run(*command, "--models", "6", "--plot", "hulls.png") == 0
    printed = capsys.readouterr().out
    assert "best of 6: " in printed
    assert "meV/atom" in printed
    assert Path("hulls.png").stat().st_size > 10_000
    found = ip.study.Search.read("search.jsonl")
    assert set(found.study["ranges"]) == {"descriptor__r_cut", "zeta", "sigma_energy", "descriptor__basis"}
    soap = ip.SOAP(r_cut=4.0, n_max=3, l_max=2)
    model = SparseGP(soap, n_sparse=12, sparse="random").set_params(**found.best_parameters)
    model.fit(read("train.extxyz", ":"), forces=None, virial=None)
    assert model.errors(read("test.extxyz", ":")).energy.rmse == pytest.approx(found.best_loss, rel=1e-9)
    before = Path("search.jsonl").read_bytes()
    assert run(*command, "--models", "8") == 0
    assert Path("search.jsonl").read_bytes().startswith(before)
    assert len(ip.study.Search.read("search.jsonl")) == 8


def test_without_a_test_some_structures_are_held_out(labels, capsys):
    command = ["search", "train.extxyz", "-o", "search.jsonl", *PARAMETERS, "--r-cut", "3.9"]
    assert run(*command, "--vary", "zeta=1,2", "--models", "2", "--method", "uniform") == 0
    frames = read("train.extxyz", ":")
    record = ip.study.Search.read("search.jsonl").records[0]
    model = SparseGP(ip.SOAP(r_cut=3.9, n_max=3, l_max=2), n_sparse=12, sparse="random", **record["parameters"])
    model.fit(frames[1:5], forces=None, virial=None)
    errors = model.errors([frames[0], frames[5]], forces=None, virial=None)
    assert errors.energy.rmse == pytest.approx(record["loss"], rel=1e-9)


def test_a_file_of_parameters_and_other_names_of_labels(labels):
    for name in ("train.extxyz", "test.extxyz"):
        frames = read(name, ":")
        for frame in frames:
            frame.info["dft_energy"] = frame.get_potential_energy()
            frame.calc = None
        write(name, frames)
    Path("fit.toml").write_text('descriptor = "soap"\nn_max = 3\nl_max = 2\n[model]\nn_sparse = 5\nsparse = "random"\n')
    command = ["search", "train.extxyz", "-o", "s.jsonl", "--config", "fit.toml", "--energy", "dft_energy"]
    assert run(*command, "--vary", "r-cut=3:4", "--models", "1") == 0
    assert np.isfinite(ip.study.Search.read("s.jsonl").best_loss)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--vary", "r_cut=3:4"], "no end in sight"),
        (["--vary", "r_cut=3:4", "--models", "0"], "models is 0"),
        (["--vary", "r_cut", "--models", "1"], "--vary is 'r_cut'"),
        (["--vary", "r_cut=3:", "--models", "1"], "--vary is 'r_cut=3:'"),
        (["--vary", "r_cut=3:4:lin", "--models", "1"], "NAME=low:high:log"),
        (["--vary", "r_cut=4:3", "--models", "1"], "rise"),
        (["--vary", "n_max=3..1", "--models", "1"], "empty"),
        (["--vary", "r_cut=,", "--models", "1"], "choices"),
        (["--vary", "r_cut=3:4", "--vary", "r_cut=3:5", "--models", "1"], "varied twice"),
        (["--r-cut", "4", "--vary", "sigm=3:4", "--models", "1"], "no parameter"),
        (["--r-cut", "4", "--vary", "zeta=1..2", "--models", "1", "--method", "genes"], "genes"),
        (["--vary", "r_cut=3:4", "--models", "1", "--test", "nowhere.xyz"], "nowhere.xyz"),
    ],
)
def test_what_is_wrong_is_one_line(labels, capsys, arguments, message):
    assert message in refused(capsys, "search", "train.extxyz", "-o", "s.jsonl", *PARAMETERS, *arguments)


def test_results_of_another_search_stay(labels, capsys):
    command = ["search", "train.extxyz", "-o", "search.jsonl", *PARAMETERS, "--vary", "r_cut=3:4", "--models", "1"]
    assert run(*command) == 0
    before = Path("search.jsonl").read_bytes()
    assert "another seed" in refused(capsys, *command, "--seed", "2")
    assert Path("search.jsonl").read_bytes() == before
