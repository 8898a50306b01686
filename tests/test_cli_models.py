"""The commands `fit`, `predict` and `errors`: models from the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from ase.io import read, write

import isoprint as ip
from folders import refused
from isoprint import cli
from isoprint.models import SparseGP, load
from test_models import labelled

PARAMETERS = ["--descriptor", "soap", "--r-cut", "3.9", "--n-max", "3", "--l-max", "2", "--n-sparse", "20"]


@pytest.fixture
def labels(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frames = labelled(6)
    write("train.extxyz", frames[:4])
    write("test.extxyz", frames[4:])
    return tmp_path


def run(*arguments):
    return cli.main([*arguments])


def test_fit_predict_errors(labels, capsys):
    assert run("fit", "train.extxyz", "-o", "hco.isoprint", *PARAMETERS, "--sigma-forces", "0.02", "--zeta", "2") == 0
    assert "hco.isoprint: " in capsys.readouterr().out
    train, test = read("train.extxyz", ":"), read("test.extxyz", ":")
    soap = ip.SOAP(r_cut=3.9, n_max=3, l_max=2)
    expected = SparseGP(soap, n_sparse=20, sigma_forces=0.02, zeta=2).fit(train).predict(test, stress=True, std=True)
    assert run("predict", "hco.isoprint", "test.extxyz", "-o", "out.extxyz", "--std") == 0
    found = read("out.extxyz", ":")
    np.testing.assert_allclose([frame.get_potential_energy() for frame in found], expected.energy, rtol=1e-7)
    np.testing.assert_allclose(np.concatenate([frame.get_forces() for frame in found]), expected.forces, atol=1e-7)
    np.testing.assert_allclose([frame.get_stress(voigt=False) for frame in found], expected.stress, atol=1e-7)
    np.testing.assert_allclose([frame.info["energy_std"] for frame in found], expected.energy_std, rtol=1e-6)
    assert run("errors", "hco.isoprint", "test.extxyz", "--json", "errors.json", "--virial", "none") == 0
    told = json.loads(Path("errors.json").read_text(encoding="utf-8"))
    energies = np.array([frame.get_potential_energy() for frame in test])
    rmse = np.sqrt(np.mean(((expected.energy - energies) / 8) ** 2))
    assert told["all"]["energy"]["rmse"] == pytest.approx(rmse)
    assert set(told) == {"all", "default", "odd"}
    assert set(told["all"]) == {"energy", "forces"}


def test_energies_alone_to_the_screen(labels, capsys):
    assert run("fit", "train.extxyz", "-o", "hco.isoprint", *PARAMETERS, "--forces", "none") == 0
    assert load("hco.isoprint").report_["rows"] == {"energy": 4}
    capsys.readouterr()
    assert run("predict", "hco.isoprint", "test.extxyz", "-o", "-", "--no-forces") == 0
    out = capsys.readouterr().out
    assert out.count("energy=") == 2
    assert "forces" not in out


def test_parameters_from_a_file(labels):
    Path("fit.toml").write_text(
        'descriptor = "soap"\nr_cut = 3.9\nn_max = 3\nl_max = 2\n'
        "[model]\nn_sparse = {H = 4, C = 5, O = 6}\nsigma_energy = {default = 0.01, odd = 0.1}\nzeta = 3\n",
        encoding="utf-8",
    )
    assert run("fit", "train.extxyz", "-o", "m", "--config", "fit.toml", "--zeta", "2", "--keep-data") == 0
    model = load("m")
    assert {symbol: len(points) for symbol, points in model.sparse_.items()} == {"H": 4, "C": 5, "O": 6}
    assert (model.zeta, model.sigma_energy) == (2, {"default": 0.01, "odd": 0.1})
    model.resolve(sigma_energy=0.1)


def test_terms_as_gap_fit_has_them(labels, capsys):
    terms = (
        "distance_2b cutoff=3.9 n_sparse=4 delta=1 theta_uniform=1 covariance_type=ard_se sparse_method=uniform :"
        " soap l_max=2 n_max=2 cutoff=3.5 atom_sigma=0.5 n_sparse=3 zeta=2 delta=0.5 covariance_type=dot_product"
    )
    renamed = read("train.extxyz", ":")
    for frame in renamed:
        frame.info["E"], frame.calc = frame.get_potential_energy(), None
    write("renamed.extxyz", renamed)
    command = f"gap={{{terms}}} default_sigma={{0.01 0.2 0.1 0}} energy_parameter_name=E force_parameter_name=none"
    assert run("fit", "renamed.extxyz", "-o", "m", "--gap", command, "--sigma-energy", "0.02", "--forces", "none") == 0
    assert "m: twobody 4 of H-H, 4 of H-C" in capsys.readouterr().out
    model = load("m")
    assert (model.sigma_energy, model.sigma_forces) == (0.02, 0.2)
    assert model.report_["rows"] == {"energy": 4}
    assert {symbol: len(points) for symbol, points in model.sparse_["soap"].items()} == {"H": 3, "C": 3, "O": 3}
    message = refused(capsys, "fit", "train.extxyz", "-o", "n", "--gap", terms, "--r-cut", "4")
    assert "--r-cut goes with one fingerprint, and --gap says all of them" in message
    assert "delta is missing" in refused(
        capsys, "fit", "train.extxyz", "-o", "n", "--gap", terms.replace("delta", "add")
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fit", "train.extxyz", "-o", "m", *PARAMETERS, "--sigma-forces", "-1"], "sigma_forces is -1"),
        (["fit", "train.extxyz", "-o", "m", *PARAMETERS, "--energy", "dft", "--forces", "none"], "no frame has"),
        (["fit", "train.extxyz", "-o", "train.extxyz", *PARAMETERS], "which is the file that is read"),
        (["predict", "train.extxyz", "test.extxyz", "-o", "out.extxyz"], "is no model"),
        (["predict", "nothing", "test.extxyz", "-o", "out.extxyz"], "there is no file 'nothing'"),
        (["errors", "nothing", "test.extxyz"], "there is no file 'nothing'"),
    ],
)
def test_what_is_refused(labels, capsys, arguments, message):
    assert message in refused(capsys, *arguments)
    assert not Path("m").exists()
    assert not Path("out.extxyz").exists()


def test_a_wrong_word_in_the_file(labels, capsys):
    Path("fit.toml").write_text("r_cut = 3.9\nn_max = 3\nl_max = 2\n[model]\nzetta = 3\n", encoding="utf-8")
    message = refused(capsys, "fit", "train.extxyz", "-o", "m", "--config", "fit.toml")
    assert "fit.toml: SparseGP has no parameter 'zetta'; did you mean 'zeta'?" in message
