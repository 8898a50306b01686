"""Whatever the documentation says of a parameter can be said on the command line, and means the same."""

import ast
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule
from ase.io import write

from folders import refused, run
from isoprint import cli
from isoprint._support.plural import plural
from isoprint.cli import _descriptors
from isoprint.cli._values import value

FRAMES = [molecule("H2O"), molecule("H2O2")]
for frame in FRAMES:
    frame.cell = [7.0, 8.0, 9.0]  # which is open, and has a volume
GRID = {"min": 0.0, "max": 3.0, "sigma": 0.2, "n": 7}
# As little as is needed, which is a cutoff at least; parameters that are tried come on top.
NEEDED = {
    **{name: {"r_cut": 3.0} for name in _descriptors.DESCRIPTORS},
    "soap_turbo": {"r_cut": 3.0, "n_max": 2, "l_max": 1},
    "soap": {"r_cut": 3.0, "n_max": 2, "l_max": 1},
    "density_coefficients": {"r_cut": 3.0, "n_max": 2, "l_max": 1},
    "overlap_matrix": {"r_cut": 3.0, "max_sites": 8},
    "coulomb_matrix": {"r_cut": 3.0, "max_sites": 8},
    "mbtr": {"geometry": "distance", "grid": GRID},
    "local_mbtr": {"geometry": "distance", "grid": GRID},
    "valle_oganov": {"r_cut": 3.0, "sigma": 0.2},
}
# What numbers of each parameter are tried, where its default is none or leaves nothing to see.
NUMBERS = {
    "r_cut": [2.5, 3],
    "n_max": [3],
    "l_max": [2],
    "r_soft": [2.0],
    "sigma": [0.4],
    "sigma_t": [0.6],
    "constant": [1.5, -1e-3],
    "padding": [0.3],
    "cutoff_width": [0.0, 0.25],
    "alpha": [0.1],
    "radial_enhancement": [0, 2],
    "exponent": [0, 3],
}
WORDS = {"weights": ["number", 0.5], "orbitals": ["s", "sp", "spd"]}
BY_SPECIES = {"n_max": (2, 3)}
ELEMENTS = [("H,O", ["H", "O"]), ("O,H", ["O", "H"]), ("8,1", [8, 1]), ("1,O", [1, "O"])]
WEIGHTINGS = [
    {"function": "poly", "r0": 2.0, "c": 1.0, "m": 1.0},
    {"function": "pow", "r0": 2.0, "c": 1, "d": 1.0, "m": 4.0, "w0": 0.5},
    {"function": "exp", "r0": 2.0, "c": 1.0, "d": 0.1},
    {"w0": 0.25},
]
OF_PAIRS = [{"function": "exp", "r_cut": 2.0, "threshold": 0.1}, {"function": "inverse_square", "r_cut": 2}]


@pytest.fixture(autouse=True)
def folder(here):
    write("in.extxyz", FRAMES)
    return here


def documented(kind):
    """The parameters of a fingerprint as its documentation has them: name, kind of value, and what is said."""
    section = inspect.getdoc(kind).partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    entries = re.findall(r"^(\w[\w, ]*) : (.*)\n((?:    .*\n?)+)", section, re.MULTILINE)
    return [(name, form, text) for names, form, text in entries for name in names.split(", ")]


def spelled(given):
    """A value as one writes it on a command line."""
    if isinstance(given, dict):
        return ",".join(f"{key}={spelled(entry)}" for key, entry in given.items())
    return ",".join(map(str, given)) if isinstance(given, list) else str(given)


def said(name, form, text, default, descriptor):
    """Everything that is documented of a parameter, as (words on the command line, value)."""
    option = f"--{name.replace('_', '-')}"
    if form.startswith("{"):
        choices = ast.literal_eval(f"[{form.partition('}')[0].strip('{}')}]")
        yield from (([option, str(choice)], choice) for choice in choices)
    if form == "bool":
        yield [option], True
        yield [option.replace("--", "--no-", 1)], False
    for number in NUMBERS.get(name, [default] if type(default) in (int, float) else []):
        yield [f"{option}={number}"], number
    for word in WORDS.get(name, []):
        yield [option, str(word)], word
    if "mapping" in form and name not in ("weighting", "radii", "grid"):
        first, second = BY_SPECIES.get(name, (0.4, 0.5))
        yield [option, f"H={first},O={second}"], {"H": first, "O": second}
        yield [option, f"8={second},1={first}"], {8: second, 1: first}
    if form.endswith("optional") or default is None:
        yield [option, "none"], None
    if name in ("species", "centers"):
        yield from (([option, word], elements) for word, elements in ELEMENTS)
    if '"any"' in form:
        yield [option, "any"], "any"
    if name == "weighting":
        weightings = OF_PAIRS if "mbtr" in descriptor else WEIGHTINGS
        yield from (([option, spelled(weighting)], weighting) for weighting in weightings)
    if name == "grid":
        yield [option, spelled(GRID)], GRID
    if name == "radii":
        yield [option, "H=0.4,O=0.7,C=0.8"], {"H": 0.4, "O": 0.7, "C": 0.8}
    if name == "compression":
        words = [*re.findall(r'"(\w+)"', text), *(f"{nu}_{mu}" for nu in range(3) for mu in range(3))]
        yield from (([option, word], word) for word in words)
    if name == "orbitals":
        yield [option, "0:1,0:1.41,1:1.0"], [(0, 1), (0, 1.41), (1, 1.0)]


CASES = [
    pytest.param(descriptor, name, words, given, id=f"{descriptor} {' '.join(words)}")
    for descriptor, kind in _descriptors.DESCRIPTORS.items()
    for name, form, text in documented(kind)
    if name not in _descriptors._ONLY_IN_FILES
    for words, given in said(name, form, text, kind._defaults()[name], descriptor)
]


def spoken(descriptor):
    needed = [
        word for key, entry in NEEDED[descriptor].items() for word in (f"--{key.replace('_', '-')}", spelled(entry))
    ]
    return ["transform", "in.extxyz", "-o", "out.npy", "--descriptor", descriptor, *needed]


def by_command(descriptor, words):
    """The features; nothing where the command fails."""
    return np.load("out.npy") if cli.main([*spoken(descriptor), *words]) == 0 else None


PARSER = cli._parser()


def by_options(descriptor, words):
    """The same without the way through a file, or what is said instead."""
    try:
        options = PARSER.parse_args([*spoken(descriptor), *words])
        return _descriptors.chosen(options).fit_transform(FRAMES)
    except ValueError as problem:
        return str(problem)


def by_constructor(descriptor, name, given):
    try:
        kind = _descriptors.DESCRIPTORS[descriptor]
        return kind(**{**NEEDED[descriptor], name: given}).fit_transform(FRAMES)
    except ValueError as problem:
        return str(problem)


@pytest.mark.parametrize(("descriptor", "name", "words", "given"), CASES)
def test_every_documented_value_can_be_said(descriptor, name, words, given):
    expected = by_constructor(descriptor, name, given)
    found = by_options(descriptor, words)
    if isinstance(expected, str):  # right as such, but not with the little that is needed here
        assert found == expected
    else:
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("descriptor", "words", "name", "given"),
    [
        ("soap_turbo", ["--compression", "1_1"], "compression", "1_1"),
        ("soap", ["--compression", "2_0"], "compression", "2_0"),
        ("soap", ["--species", "any"], "species", "any"),
        ("overlap_matrix", ["--orbitals", "0:1,0:1.41"], "orbitals", [(0, 1), (0, 1.41)]),
    ],
)
def test_the_whole_command_means_the_same(descriptor, words, name, given):
    assert np.array_equal(by_command(descriptor, words), by_constructor(descriptor, name, given))


def test_the_walk_visits_everything():
    visited = {(case.values[0], case.values[1]) for case in CASES}
    every = {(name, key) for name, kind in _descriptors.DESCRIPTORS.items() for key in kind._defaults()}
    files = {(name, key) for name, key in every if key in _descriptors._ONLY_IN_FILES}
    assert visited == every - files
    works = [not isinstance(by_constructor(*(case.values[k] for k in (0, 1, 3))), str) for case in CASES]
    assert sum(works) > 0.9 * len(works)


def test_a_compress_file_may_have_any_name():
    text = "2 2 1 3\n" + "".join(f"{k}\n" for k in (1, 2, 5))
    for name in ("compress.dat", "1_1.dat", "12", "a=b", "a,b", "1e5"):
        Path(name).write_text(text)
    expected = by_constructor("soap_turbo", "compression", "compress.dat")
    for name in ("compress.dat", "1_1.dat", "./12", "./a=b", "./1e5"):
        assert np.array_equal(by_command("soap_turbo", ["--compression", name]), expected)


# Words, and what they are not.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1_1", "1_1"),
        ("1_000", "1_000"),
        ("１", "１"),
        ("٣", "٣"),
        ("1e5", 1e5),
        ("1.e5", 1e5),
        (".5", 0.5),
        ("+3", 3),
        ("-2", -2),
        ("0x10", "0x10"),
        ("1e", "1e"),
        ("Infinity", "Infinity"),
        ("inf", np.inf),
        ("True", "True"),
        ("none", None),
        ("None", None),
        ("No", "No"),
        ("In", "In"),
        ("N", "N"),
        ("1,2", [1, 2]),
        ("H,", ["H"]),
        ("H,,O", ["H", "O"]),
        ("C=8,H=5", {"C": 8, "H": 5}),
        ("6=8, 1=5", {6: 8, 1: 5}),
        ("C=a=b", {"C": "a=b"}),
        ("C=8,5", ["C=8", 5]),
        ("0:1,2:1.5", [(0, 1), (2, 1.5)]),
        ("a/b=c", "a/b=c"),
        ("", ""),
        (" 3 ", 3),
        ("9" * 400, float("inf")),
    ],
)
def test_words_are_numbers_only_where_they_look_like_it(text, expected):
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


def test_not_a_number_is_one():
    assert np.isnan(value("nan"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--sigma", "1_0"], "sigma is '1_0'"),
        (["--sigma", "nan"], "sigma is nan"),
        (["--sigma", "True"], "sigma is 'True'"),
        (["--n-max", "8.0"], "n_max is 8.0"),
        (["--l-max", "1_0"], "l_max is '1_0'"),
        (["--average", "mean"], "average is 'mean'"),
        (["--compression", "3_1"], "compression is '3_1'"),
        (["--dtype", "float16"], "dtype is 'float16'"),
        (["--sigma", "C=0.4,0.3"], "sigma is ['C=0.4', 0.3]"),
        (["--species", "any"], "species contains 'any'"),
    ],
)
def test_what_is_meant_wrongly_is_quoted(capsys, words, message):
    assert by_command("soap_turbo", words) is None
    assert message in capsys.readouterr().err


def stopped(capsys, *words):
    """The one line of a command line that is wrong."""
    return refused(capsys, "transform", "in.extxyz", "-o", "out.npy", *words)


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("--rcut", "--r-cut"),
        ("--r_cut", "--r-cut"),
        ("--cutoff", "--r-cut"),
        ("--n_max", "--n-max"),
        ("--nmax", "--n-max"),
        ("--alpha-max", "--n-max"),
        ("--lmax", "--l-max"),
        ("--l_max", "--l-max"),
        ("--atom-sigma", "--sigma"),
        ("--atom_sigma", "--sigma"),
        ("--rbf", "--basis"),
        ("--species-Z", "--species"),
        ("--max-radial", "--n-max"),
        ("--normalise", "--normalize"),
        ("--descriptr", "--descriptor"),
        ("-rcut", "--r-cut"),
        ("--njobs", "--n-jobs"),
        ("--natx", "--max-sites"),
        ("--rcut=3", "--r-cut"),
        ("--type", "--types"),
    ],
)
def test_unknown_options_are_told_which_was_meant(capsys, option, meant):
    line = stopped(capsys, *([option] if "=" in option else [option, "3"]))
    assert f"there is no option {option}; did you mean {meant}?" in line


def test_several_unknown_options_are_told_at_once(capsys):
    line = stopped(capsys, "--rcut", "3", "--n_max", "2", "--whatever")
    assert "--r-cut" in line
    assert "--n-max" in line
    assert "there is no option --whatever" in line


def test_words_without_an_option_are_told(capsys):
    assert "'false' belongs to no option; switches such as --normalize" in stopped(capsys, "--normalize", "false")
    assert "says two things of one" in stopped(capsys, "--sigma", "C=1,C=2")


def test_values_may_begin_with_a_minus():
    assert by_command("soap", ["--constant", "-1e-3"])[0, -1] == -1e-3
    assert len(by_command("soap", ["--index", "-2:"])) == 7
    assert len(by_command("soap", ["--index", "-1"])) == 4


# Parameters in a file.


CONFIGURED = ["transform", "in.extxyz", "-o", "out.npy", "--config"]


def config(content):
    Path("c.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    return [*CONFIGURED, "c.toml"]


NEED = "r_cut = 3.0\nn_max = 2\nl_max = 1\n"


FAULTS = [
    ("r_cut = " + "[" * 100_000, "c.toml has brackets in brackets"),
    ("[" * 100_000, "c.toml is not valid TOML"),
    ("r_cut" + ".a" * 3000 + " = 1\nn_max = 2\nl_max = 1", "nested"),
    ('descriptor = "soap\xe9"'.encode("latin-1"), "c.toml is not text in UTF-8"),
    (b"\xff\xfe" + NEED.encode("utf-16-le"), "c.toml is not text in UTF-8"),
    (bytes(range(256)), "c.toml is not text in UTF-8"),
    ("r_cut = 1" + "0" * 5000, "c.toml is not valid TOML"),
    ("r_cut 3", "c.toml is not valid TOML"),
    ("[soap]\nr_cut = 3.0\n", "say descriptor = 'soap'"),
    ("descriptor = {a = 1}\n", "descriptor is {'a': 1}"),
    ("descriptor = 3\n", "descriptor is 3"),
    ("rcut = 3.0\n", "c.toml: soap_turbo has no parameter 'rcut'; did you mean 'r_cut'?"),
    ("r-cut = 3.0\n", "did you mean 'r_cut'?"),
    ("cutoff = 3.0\n", "did you mean 'r_cut'?"),
    ("alpha_max = 3\n", "did you mean 'n_max'?"),
    ("whatever = 3\n", "no parameter 'whatever'; there are r_cut, "),
    ('r_cut = "3"\nn_max = 2\nl_max = 1\n', "r_cut is '3'"),
    ("r_cut = true\nn_max = 2\nl_max = 1\n", "r_cut is True"),
    ("r_cut = nan\nn_max = 2\nl_max = 1\n", "r_cut is nan"),
    ("r_cut = 1979-05-27\nn_max = 2\nl_max = 1\n", "r_cut is datetime.date(1979, 5, 27)"),
    ("r_cut = 3.0\nn_max = 2.5\nl_max = 1\n", "n_max is 2.5"),
    (NEED + "normalize = 1\n", "normalize is 1"),
    (NEED + "[sigma]\nH = 0.3\n", "sigma has no entry for 'O'"),
    (NEED + '[sigma]\nH = 0.3\nO = "wide"\n', "sigma of 'O' is 'wide'"),
    (NEED + "[sigma.H]\nO = 0.3\n", "sigma has no entry for 'O'"),
    ("", "missing --r-cut, --n-max, --l-max"),
]


@pytest.mark.parametrize(("content", "message"), FAULTS, ids=range(len(FAULTS)))
def test_faults_of_a_file_of_parameters_are_one_line(capsys, content, message):
    line = refused(capsys, *config(content))
    assert message in line
    assert len(line) < 2000


def test_a_file_of_parameters_that_cannot_be_opened_is_told(capsys):
    Path("folder").mkdir()
    for name in ("none.toml", "folder"):
        assert refused(capsys, *CONFIGURED, name).startswith(f"isoprint: error: {name} cannot be read: ")


def test_a_file_of_parameters_may_be_written_anywhere():
    assert cli.main(config(b"\xef\xbb\xbf" + NEED.replace("\n", "\r\n").encode())) == 0
    assert cli.main(config(NEED + "[sigma]\n8 = 0.4\n1 = 0.3\n")) == 0
    expected = by_constructor("soap_turbo", "sigma", {"O": 0.4, "H": 0.3})
    assert np.array_equal(np.load("out.npy"), expected)
    shells = "orbitals = [[0, 1.0], [1, {H = 1.0, O = 1.2}]]"
    assert cli.main(config(f'descriptor = "overlap_matrix"\nr_cut = 3.0\nmax_sites = 8\n{shells}\n')) == 0
    expected = by_constructor("overlap_matrix", "orbitals", [(0, 1.0), (1, {"H": 1.0, "O": 1.2})])
    assert np.array_equal(np.load("out.npy"), expected)


# A fingerprint has to see something.


@pytest.mark.parametrize("command", ["sensitivity", "pairs", "manifold"])
def test_symmetry_functions_must_be_chosen_to_ask_what_they_see(capsys, command):
    output = [] if command == "sensitivity" else ["-o", "o.xyz"]
    words = [command, "NH3", "--descriptor", "acsf", "--r-cut", "4", *output]
    assert "take --standard" in refused(capsys, *words)
    status, _, err = run(capsys, *words, "--no-g1")
    assert status == 2
    assert "ACSF.standard()" in err[-1]


def test_describing_with_one_symmetry_function_is_told(capsys):
    assert by_command("acsf", []).shape == (7, 2)
    assert "take --standard" in capsys.readouterr().err
    by_command("acsf", ["--g1"])
    assert capsys.readouterr().err == ""


def test_a_molecule_that_is_distorted_is_told(capsys):
    acsf = ["--descriptor", "acsf", "--standard"]
    assert cli.main(["sensitivity", "CH4", *acsf]) == 0
    captured = capsys.readouterr()
    assert captured.out.startswith("CH4 is distorted, ")
    assert "bonds by 0.03 Å, angles by 0.07 Å, seed 0\n" in captured.out
    assert captured.err == ""
    assert cli.main(["sensitivity", "CH4", *acsf, "--bend", "0.1", "--seed", "4"]) == 0
    assert "bonds by 0.03 Å, angles by 0.1 Å, seed 4\n" in capsys.readouterr().out
    assert cli.main(["sensitivity", "in.extxyz", *acsf]) == 0
    assert "distorted" not in capsys.readouterr().out
    assert cli.main(["sensitivity", "CH4", *acsf, "--index", "0"]) == 2
    assert "there is no file 'CH4'" in capsys.readouterr().err


def test_a_figure_of_a_ring_says_as_many_points_as_the_text():
    pytest.importorskip("matplotlib")
    import isoprint as ip
    from isoprint.extras.plotting import _heading

    acsf = ip.ACSF.standard()
    path = ip.follow_manifold(acsf, ip.helical_start("NH3", stretch=0.07, bend=0.07, seed=0), 0)
    assert path.closed
    assert f"ring of {len(path)} points" in _heading(path)
    assert f"{len(path)} points" in repr(path)


def test_one_is_not_many(capsys):
    assert (plural(0, "row"), plural(1, "row"), plural(2, "row")) == ("0 rows", "1 row", "2 rows")
    write("one.extxyz", molecule("H2"))
    assert cli.main(["transform", "one.extxyz", "-o", "o.npz", "--descriptor", "coulomb_matrix", "--r-cut", "3"]) == 0
    assert "from 1 structure\n" in capsys.readouterr().out
    assert cli.main(["sensitivity", "one.extxyz", "--descriptor", "coulomb_matrix", "--r-cut", "3"]) == 0
    said = capsys.readouterr().out
    assert "with 1 site\n" in said
    assert "rank               1 of 1 internal motion\n" in said
    assert " 1 site " in said
