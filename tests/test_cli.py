"""The command line: files in, features out, errors in one line."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import isoprint as ip
from folders import molecules, refused
from isoprint import cli
from isoprint.cli import _descriptors, transform

PARAMETERS = ["--r-cut", "3", "--n-max", "2", "--l-max", "1"]


def soap(**options):
    return ip.SoapTurbo(**{"r_cut": 3.0, "n_max": 2, "l_max": 1, **options})


def run(*arguments):
    return cli.main(["transform", "in.extxyz", *arguments])


def test_npz_holds_features_and_what_they_are(folder, capsys):
    assert run("-o", "out.npz", "--descriptor", "soap_turbo", *PARAMETERS) == 0
    assert capsys.readouterr().out.startswith("out.npz: 11 rows of 42 features from 3 structures")
    with np.load("out.npz") as out:
        assert np.array_equal(out["features"], soap().fit_transform(molecules()))
        assert out["offsets"].tolist() == [0, 3, 8, 11]
        assert out["atom"].tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 0, 1, 2]
        assert out["feature_names"].tolist() == list(soap().fit(molecules()).get_feature_names_out())
        parameters = json.loads(str(out["parameters"]))
    assert parameters["descriptor"] == "SoapTurbo"
    assert parameters["species"] == ["H", "C", "O"]
    again = ip.SoapTurbo(**{name: parameters[name] for name in soap().get_params()})
    assert np.array_equal(again.transform(molecules()), soap().fit_transform(molecules()))


@pytest.mark.parametrize("batch", [2**26, 1000])
@pytest.mark.parametrize("suffix", ["npy", "h5", "hdf5", "zarr"])
def test_other_formats_hold_the_same(folder, suffix, batch, monkeypatch):
    monkeypatch.setattr(transform, "BATCH", batch)
    out = f"out.{suffix}"
    for _ in range(2):  # the second replaces the first
        assert run("-o", out, *PARAMETERS, "--dtype", "float32") == 0
    expected = soap(dtype="float32").fit_transform(molecules())
    if suffix == "npy":
        found = np.load(out)
    elif suffix == "zarr":
        store = pytest.importorskip("zarr").open_group(out, mode="r")
        found = store["features"][...]
        assert store.attrs["parameters"]["r_cut"] == 3
        assert len(store.attrs["feature_names"]) == found.shape[1]
        assert store["offsets"][...].tolist() == [0, 3, 8, 11]
    else:
        with pytest.importorskip("h5py").File(out) as store:
            found = store["features"][...]
            assert json.loads(store.attrs["parameters"])["r_cut"] == 3
            assert store["feature_names"].asstr()[0] == "H.1 H.1 l=0"
            assert store["atom"][...].tolist()[:3] == [0, 1, 2]
    assert found.dtype == np.float32
    assert np.array_equal(found, expected)
    assert sorted(path.name for path in folder.iterdir()) == ["in.extxyz", out]


def features(*arguments):
    assert run("-o", "out.npy", *arguments) == 0
    return np.load("out.npy")


def test_every_parameter_is_an_option(folder):
    found = features(
        *"--r-cut 3.5 --n-max H=2,C=3,O=2 --l-max 2 --species O,C,H --sigma C=0.4,H=0.3,O=0.35 --sigma-t 0.6".split(),
        *"--sigma-scaling 0.1 --basis poly3gauss --no-normalize --r-soft 3 --central-weight 0.5 --n-jobs 1".split(),
        *"--compression trivial --average outer --centers C,O --radial-enhancement 1 --amplitude-scaling 2".split(),
        *"--index 1:".split(),
    )
    expected = ip.SoapTurbo(
        r_cut=3.5,
        n_max={"H": 2, "C": 3, "O": 2},
        l_max=2,
        species=["O", "C", "H"],
        sigma={"C": 0.4, "H": 0.3, "O": 0.35},
        sigma_t=0.6,
        sigma_scaling=0.1,
        basis="poly3gauss",
        normalize=False,
        r_soft=3.0,
        central_weight=0.5,
        compression="trivial",
        average="outer",
        centers=["C", "O"],
        radial_enhancement=1,
        amplitude_scaling=2.0,
    ).transform(molecules()[1:])
    assert np.array_equal(found, expected)


def test_parameters_come_from_a_file_and_the_command_line_wins(folder):
    (folder / "params.toml").write_text(
        'descriptor = "soap_turbo"\nr_cut = 3.0\nn_max = 2\nl_max = 4\nspecies = ["C", "H", "O"]\n'
        "[sigma]\nC = 0.4\nH = 0.3\nO = 0.5\n"
    )
    found = features("--config", "params.toml", "--l-max", "1")
    expected = soap(species=["C", "H", "O"], sigma={"C": 0.4, "H": 0.3, "O": 0.5}).transform(molecules())
    assert np.array_equal(found, expected)


def test_an_argument_string_of_quip(folder):
    text = "soap_turbo l_max=2 alpha_max=3 cutoff=3 atom_sigma=0.5 species_Z={8 1} n_species=2 central_index=2"
    found = features("--quip", text, "--no-normalize")
    assert np.array_equal(found, ip.SoapTurbo.from_quip(text, normalize=False).transform(molecules()))


def test_classic_soap(folder):
    found = features(
        *"--descriptor soap --r-cut 3.5 --n-max 3 --l-max 2 --species O,C,H --sigma C=0.4,H=0.3,O=0.35".split(),
        *"--basis polynomial --cutoff-width 0 --padding 0.5 --species-weight 2 --central-weight 0.5".split(),
        *"--weighting function=pow,r0=2,c=1,d=1,m=4 --center-everywhere --compression mu2 --no-normalize".split(),
        *"--convention dscribe --constant 1 --accuracy 1e-10 --no-periodic --average outer --centers C,O".split(),
    )
    expected = ip.SOAP(
        r_cut=3.5,
        n_max=3,
        l_max=2,
        species=["O", "C", "H"],
        sigma={"C": 0.4, "H": 0.3, "O": 0.35},
        basis="polynomial",
        cutoff_width=0.0,
        padding=0.5,
        species_weight=2.0,
        central_weight=0.5,
        weighting={"function": "pow", "r0": 2.0, "c": 1.0, "d": 1.0, "m": 4.0},
        center_everywhere=True,
        compression="mu2",
        normalize=False,
        convention="dscribe",
        constant=1.0,
        accuracy=1e-10,
        periodic=False,
        average="outer",
        centers=["C", "O"],
    ).transform(molecules())
    assert np.array_equal(found, expected)


def test_classic_soap_from_a_file(folder):
    (folder / "params.toml").write_text(
        'descriptor = "soap"\nr_cut = 3.0\nn_max = 2\nl_max = 1\nspecies = "any"\n'
        '[weighting]\nfunction = "exp"\nr0 = 2.0\nc = 1.0\nd = 0.1\n'
    )
    weighting = {"function": "exp", "r0": 2.0, "c": 1.0, "d": 0.1}
    expected = ip.SOAP(r_cut=3.0, n_max=2, l_max=1, species="any", weighting=weighting)
    assert run("-o", "out.npz", "--config", "params.toml") == 0
    with np.load("out.npz") as out:
        assert np.array_equal(out["features"], expected.transform(molecules()))
        parameters = json.loads(str(out["parameters"]))
    again = ip.SOAP(**{name: parameters[name] for name in expected.get_params()})
    assert np.array_equal(again.transform(molecules()), expected.transform(molecules()))


def test_an_argument_string_of_classic_soap(folder):
    text = "soap l_max=2 n_max=3 cutoff=3 atom_sigma=0.5 species_Z={8 1} n_species=2 n_Z=1 Z=8"
    expected = ip.SOAP.from_quip(text, dtype="float32").transform(molecules())
    assert np.array_equal(features("--quip", text, "--dtype", "float32"), expected)
    assert np.array_equal(features("--descriptor", "soap", "--quip", text, "--dtype", "float32"), expected)


def test_selection_may_leave_no_rows(folder):
    assert features(*PARAMETERS, "--centers", "O", "--index", "1:2", "--species", "H,C,O").shape == (0, 42)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["transform", "none.xyz", "-o", "o.npz", *PARAMETERS], "there is no file 'none.xyz'"),
        (["transform", "in.extxyz", "-o", "o.csv", *PARAMETERS], "its suffix must be one of .npz"),
        (["transform", "in.extxyz", "-o", "deep/o.npz", *PARAMETERS], "there is no folder 'deep'"),
        (["transform", "in.extxyz", "-o", "o.npz", "--r-cut", "3"], "missing --n-max, --l-max"),
        (["transform", "in.extxyz", "-o", "o.npz", *PARAMETERS, "--sigma", "-1"], "sigma is -1"),
        (["transform", "in.extxyz", "-o", "o.npz", *PARAMETERS, "--species", "H,C"], "species of frame 0 include 'O'"),
        (["transform", "in.extxyz", "-o", "o.npz", *PARAMETERS, "--n-jobs", "0"], "n_jobs is 0"),
        (["transform", "in.extxyz", "-o", "o.npz", *PARAMETERS, "--format", "vasp"], "in.extxyz cannot be read"),
        (["transform", "in.extxyz", "-o", "o.npz", *PARAMETERS, "--index", "7"], "in.extxyz cannot be read"),
        (["transform", "in.extxyz", "-o", "o.npz", "--config", "no.toml"], "no.toml"),
        (["transform", "in.extxyz", "-o", "o.npz", "--config", "in.extxyz"], "in.extxyz is not valid TOML"),
        (
            ["transform", "in.extxyz", "-o", "o.npz", "--config", "typo.toml"],
            "no parameter 'rcut'; did you mean 'r_cut'?",
        ),
        (["transform", "in.extxyz", "-o", "o.npz", "--quip", "soapy l_max=3"], "must begin with soap_turbo or soap"),
        (["transform", "in.extxyz", "-o", "o.npz", "--quip", ""], "begins with ''; it must begin with"),
        (["transform", "in.extxyz", "-o", "o.npz", "--quip", "soap l_max=3"], "cutoff is missing"),
        (
            ["transform", "in.extxyz", "-o", "o.npz", "--quip", "soap", "--descriptor", "soap_turbo"],
            "--quip is about soap, but the descriptor is soap_turbo",
        ),
        (
            ["transform", "in.extxyz", "-o", "o.npz", *PARAMETERS, "--padding", "1"],
            "--padding is a parameter of soap, not of soap_turbo; leave it out, or take --descriptor soap",
        ),
        (
            ["transform", "in.extxyz", "-o", "o.npz", "--descriptor", "soap", *PARAMETERS, "--r-soft", "1"],
            "--r-soft is a parameter of soap_turbo, not of soap",
        ),
        (
            ["transform", "in.extxyz", "-o", "o.npz", "--descriptor", "soap", *PARAMETERS, "--n-max", "H=2,C=3,O=2"],
            "n_max is {'H': 2, 'C': 3, 'O': 2}; it must be an integer",
        ),
        (
            ["transform", "in.extxyz", "-o", "o.npz", "--descriptor", "soap", "--config", "weights.toml", *PARAMETERS],
            "weighting has the unknown key 'R0'; did you mean 'r0'?",
        ),
        (
            ["transform", "in.extxyz", "-o", "o.npz", "--quip", "soap_turbo", "--r-cut", "3"],
            "--quip already says r_cut",
        ),
    ],
)
def test_errors_are_one_line_and_leave_nothing_behind(folder, capsys, arguments, message):
    (folder / "typo.toml").write_text("rcut = 3.0\n")
    (folder / "weights.toml").write_text('[weighting]\nfunction = "exp"\nR0 = 2.0\nc = 1.0\nd = 0.1\n')
    assert message in refused(capsys, *arguments)
    assert sorted(path.name for path in folder.iterdir()) == ["in.extxyz", "typo.toml", "weights.toml"]


def test_a_failure_spares_the_older_file(folder, capsys):
    assert run("-o", "out.npz", *PARAMETERS) == 0
    before = (folder / "out.npz").read_bytes()
    refused(capsys_after(capsys), "transform", "in.extxyz", "-o", "out.npz", *PARAMETERS, "--species", "H")
    assert (folder / "out.npz").read_bytes() == before
    assert len(list(folder.iterdir())) == 2


def capsys_after(capsys):
    capsys.readouterr()
    return capsys


@pytest.mark.parametrize("arguments", [[], ["transform"], ["fly"], ["transform", "a", "-o", "b", "--n-jobs", "many"]])
def test_wrong_usage_is_one_line_too(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_help_explains_every_parameter_and_has_an_example(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["transform", "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "isoprint transform water.extxyz -o water.npz" in text
    for kind in (ip.SoapTurbo, ip.SOAP):
        for name in set(kind(r_cut=1, n_max=1, l_max=1).get_params()) - {"basis_matrix"}:
            assert f"--{name.replace('_', '-')}" in text
        assert all(_descriptors._explanations(kind)[name] for name in kind(r_cut=1, n_max=1, l_max=1).get_params())
    for name in set(ip.ACSF(r_cut=1).get_params()) - {"g2", "g3", "g4", "g5", "functions"}:
        assert f"--{name.replace('_', '-')}" in text
    assert all(_descriptors._explanations(ip.ACSF)[name] for name in ip.ACSF(r_cut=1).get_params())


def test_installed_command():
    done = subprocess.run(
        [sys.executable, "-m", "isoprint.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"isoprint {ip.__version__}\n"


def test_the_plain_bar_counts_up(capsys):
    from isoprint._support.progress import PlainBar, reporting

    bar = PlainBar()
    for done in (0, 1, 2, 200):
        bar.report(done, 200)
    bar.close()
    assert capsys.readouterr().err == "\r  0 % of 200 rows\r  1 % of 200 rows\r100 % of 200 rows\n"
    with reporting(True) as report:
        report(5, 10)
    assert "rows" in capsys.readouterr().err


def test_without_tqdm_there_is_a_plain_line(capsys, monkeypatch, water):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    soap(species=["H", "O"]).transform(water, progress=True)
    assert "100 % of 3 rows" in capsys.readouterr().err


@pytest.mark.parametrize(("module", "suffix"), [("h5py", "h5"), ("zarr", "zarr")])
def test_what_is_not_installed_is_named(folder, capsys, monkeypatch, module, suffix):
    monkeypatch.setitem(sys.modules, module, None)
    message = refused(capsys, "transform", "in.extxyz", "-o", f"o.{suffix}", *PARAMETERS)
    assert f'needs {module}: pip install "isoprint[storage]"' in message


def test_symmetry_functions_come_from_a_file(folder):
    Path("functions.toml").write_text(
        'descriptor = "acsf"\nr_cut = 3.0\ng2 = [[0.5, 0.0], [0.5, 1.0]]\ng4 = [[0.01, 2, -1]]\nweights = "number"\n'
    )
    assert run("-o", "out.npz", "--config", "functions.toml", "--cutoff-function", "poly2") == 0
    expected = ip.ACSF(
        r_cut=3.0, g2=[[0.5, 0.0], [0.5, 1.0]], g4=[[0.01, 2, -1]], weights="number", cutoff_function="poly2"
    )
    with np.load("out.npz") as out:
        assert np.array_equal(out["features"], expected.fit_transform(molecules()))
