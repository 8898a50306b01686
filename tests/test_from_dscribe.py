"""Arguments of DScribe: every one, and every refusal."""

import numpy as np
import pytest
from ase.build import molecule

import isoprint as ip

PADDING = 3.716922188849838  # sqrt(2 ln 1000)
STANDARD = {"species": ["O", "H"], "r_cut": 4.0, "n_max": 3, "l_max": 2}
POW = {"function": "pow", "r0": 2.0, "c": 1.0, "d": 1.0, "m": 4.0}
EXP = {"function": "exp", "r0": 1.0, "c": 1.0, "d": 0.1}
POLY = {"function": "poly", "r0": 3.0, "c": 1.0, "m": 2.0}


def params(**arguments):
    return ip.SOAP.from_dscribe(**{**STANDARD, **arguments}).get_params()


def test_every_argument_finds_its_place():
    found = params(
        sigma=0.4,
        rbf="polynomial",
        weighting={**POW, "w0": 0.5},
        average="inner",
        compression={"mode": "mu1nu1", "species_weighting": {1: 0.5, "O": 2.0}},
        periodic=True,
        sparse=False,
        dtype="float32",
    )
    assert found.pop("padding") == pytest.approx(0.4 * PADDING, rel=1e-14)
    assert found == {
        "r_cut": 4.0,
        "n_max": 3,
        "l_max": 2,
        "species": ["H", "O"],
        "sigma": 0.4,
        "basis": "polynomial",
        "cutoff_width": 0.0,
        "weighting": {**POW, "w0": 0.5},
        "species_weight": {1: 0.5, "O": 2.0},
        "central_weight": 1.0,
        "center_everywhere": False,
        "compression": "mu1nu1",
        "normalize": False,
        "convention": "dscribe",
        "constant": None,
        "basis_error_exponent": 10.0,
        "accuracy": 1e-12,
        "periodic": True,
        "unknown_species": "error",
        "centers": None,
        "average": "inner",
        "dtype": "float32",
    }


def test_defaults_are_those_of_the_peer():
    found = params()
    assert (found["sigma"], found["basis"], found["periodic"], found["average"]) == (1.0, "gto", False, None)
    assert (found["compression"], found["species_weight"], found["weighting"]) == (None, 1.0, None)
    assert params(compression={"mode": "off", "species_weighting": None}) == found == params(compression=None)


@pytest.mark.parametrize("species", [["O", "H"], [8, 1], ("H", 8), np.array([1, 8])])
def test_species_are_sorted_by_atomic_number(species):
    assert params(species=species)["species"] == ["H", "O"]


def test_species_may_be_learned():
    soap = ip.SOAP.from_dscribe(r_cut=4.0, n_max=3, l_max=2)
    assert soap.fit([molecule("H2O")]).species_ == ["H", "O"]
    with pytest.raises(ValueError, match="include 'C'"):
        soap.transform(molecule("CH4"))


@pytest.mark.parametrize(
    ("weighting", "r_cut"),
    [
        (POW, 6.308684291059809),
        ({**POW, "threshold": 1e-3}, 2.0 * 999.0**0.25),
        (EXP, np.log(99.9)),
        ({**EXP, "d": 1.0}, 4.59511985013459),
        (POLY, 3.0),
        ({**POLY, "threshold": 0.5}, 3.0),
    ],
)
def test_a_weighting_tells_the_cutoff(weighting, r_cut):
    found = params(weighting=weighting, r_cut=None)
    assert found["r_cut"] == pytest.approx(r_cut, rel=1e-14)
    assert "threshold" not in found["weighting"]


def test_frames_are_open_unless_they_are_not():
    crystal = molecule("H2O", cell=[3.0, 3.0, 3.0], pbc=True)
    rows = ip.SOAP.from_dscribe(**STANDARD).transform(crystal)
    assert np.array_equal(rows, ip.SOAP.from_dscribe(**STANDARD).transform(molecule("H2O")))
    assert not np.allclose(rows, ip.SOAP.from_dscribe(**STANDARD, periodic=True).transform(crystal))


def test_centers_come_with_the_frame():
    soap, water = ip.SOAP.from_dscribe(**STANDARD), molecule("H2O")
    rows = soap.transform(water, centers=[2, [0.0, 0.0, 0.0], 0])
    assert rows.shape == (3, soap.n_features)
    np.testing.assert_allclose(rows[[0, 2]], soap.transform(water)[[2, 0]], atol=1e-13)


@pytest.mark.parametrize(("mode", "n_features"), [("off", 63), ("mu2", 18), ("mu1nu1", 54), ("crossover", 36)])
def test_columns_are_as_many_as_there(mode, n_features):
    soap = ip.SOAP.from_dscribe(**STANDARD, compression={"mode": mode})
    assert len(set(soap.get_feature_names_out())) == n_features == soap.n_features


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rcut": 4.0}, "no argument 'rcut'; did you mean 'r_cut'"),
        ({"nmax": 4}, "no argument 'nmax'; did you mean 'n_max'"),
        ({"crossover": True}, "no argument 'crossover'; known are r_cut"),
        ({"n_max": None}, "n_max is missing"),
        ({"l_max": None}, "l_max is missing"),
        ({"r_cut": None}, "r_cut is missing .*; only a weighting function can tell it"),
        ({"r_cut": None, "weighting": {"w0": 0.0}}, "r_cut is missing"),
        ({"r_cut": None, "weighting": {"function": "pow", "r0": 1.0}}, "weighting has no c, d, m, which 'pow' needs"),
        ({"r_cut": None, "weighting": {**POW, "d": 1e3}}, "does not tell a cutoff: its threshold 0.01"),
        ({"r_cut": None, "weighting": {**POW, "m": 0.0}}, "does not tell a cutoff"),
        ({"r_cut": None, "weighting": {**EXP, "d": 99.5}}, "does not tell a cutoff"),
        ({"r_cut": None, "weighting": {**POW, "threshold": 0.0}}, "threshold of weighting is 0.0"),
        ({"weighting": "pow"}, "weighting is 'pow'; give a mapping"),
        ({"rbf": "bessel"}, "rbf is 'bessel', which is not supported; choose 'gto' or 'polynomial'"),
        ({"average": True}, "average is True, which is not supported; choose 'off' or 'inner' or 'outer'"),
        ({"average": None}, "average is None"),
        ({"sigma": -1.0}, "sigma is -1.0; it must be a positive number of Å"),
        ({"compression": "mu2"}, "compression is 'mu2'; give a mapping with the keys mode"),
        ({"compression": {"mode": "mu3"}}, "mode of compression is 'mu3', which is not supported; choose 'off'"),
        ({"compression": {"kind": "mu2"}}, "compression has the unknown key 'kind'; known are mode"),
        ({"compression": {"species_weighting": None}}, "compression has no mode; it is required"),
        ({"compression": {"mode": "mu2", "species_weights": {}}}, "did you mean 'species_weighting'"),
        ({"species": "H"}, "species is 'H'; give a list of symbols or atomic numbers"),
        ({"weighting": {**POW, "w0": -1.0}}, "w0 of weighting is -1.0; it must not be negative"),
        ({"weighting": {**POW, "c": -1.0}}, "c of weighting is -1.0; it must not be negative"),
        ({"species": ["H", "Q"]}, "species contains 'Q', which is no element"),
    ],
)
def test_what_is_not_understood_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        ip.SOAP.from_dscribe(**{**STANDARD, **arguments})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"r_cut": 1.0}, "r_cut is 1.0; functions of basis 'gto' are spread from 1 Å to r_cut"),
        ({"weighting": {**POW, "foo": 1.0}}, "weighting has the unknown key 'foo'"),
        ({"weighting": {**POW, "d": 0.0}}, "d of weighting is 0"),
        ({"compression": {"mode": "mu2", "species_weighting": {1: 1.0}}}, "species_weight has no entry for 'O'"),
        ({"periodic": "yes"}, "periodic is 'yes'; it must be True or False"),
        ({"dtype": "int32"}, "dtype is 'int32'"),
    ],
)
def test_what_makes_no_sense_is_said_when_it_is_used(arguments, message):
    with pytest.raises(ValueError, match=message):
        ip.SOAP.from_dscribe(**{**STANDARD, **arguments}).transform(molecule("H2O"))


@pytest.mark.parametrize(
    ("arguments", "same"),
    [
        ({"species": ["H", 1, "O", 8, "O"]}, {}),
        ({"weighting": {}}, {"weighting": None}),
        ({"periodic": None}, {"periodic": False}),
        ({"sparse": False}, {}),
    ],
)
def test_what_the_peer_takes_for_the_same_is_the_same(arguments, same):
    assert params(**arguments) == params(**same)


def test_arguments_may_come_by_place():
    assert ip.SOAP.from_dscribe(4.0, 3, 2, species=["O", "H"]).get_params() == params()
    acsf = ip.ACSF.from_dscribe(6.0, [[1.0, 2.0]], [1.0], [[1.0, 1.0, 1.0]], species=["H"])
    assert (acsf.g2, acsf.g3, acsf.g4, acsf.n_features) == ([[1.0, 2.0]], [1.0], [[1.0, 1.0, 1.0]], 4)
    with pytest.raises(TypeError, match="r_cut twice"):
        ip.SOAP.from_dscribe(4.0, 3, 2, r_cut=4.0)
    with pytest.raises(TypeError, match="takes 9 arguments, 10 were given"):
        ip.ACSF.from_dscribe(*range(10))


def test_sparse_rows_are_those_of_its_library():
    sparse = pytest.importorskip("sparse")
    rows = ip.SOAP.from_dscribe(**STANDARD, sparse=True).transform(molecule("H2O"))
    assert isinstance(rows, sparse.COO)
    np.testing.assert_array_equal(rows.todense(), ip.SOAP.from_dscribe(**STANDARD).transform(molecule("H2O")))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"g2_params": [1, 2, 3]}, "g2_params should be a matrix with 2 columns"),
        ({"g3_params": [[1]]}, "g3_params should be a vector; it has 2 dimensions"),
        ({"g4_params": [[1, 2, 1, 0]]}, r"g4_params should be a matrix with 3 columns \(eta, zeta, lambda\)"),
        ({"g5_params": "no"}, "g5_params is 'no'; give an array of numbers"),
        ({"species": "H"}, "species is 'H'"),
    ],
)
def test_symmetry_functions_have_the_shapes_of_the_peer(arguments, message):
    with pytest.raises(ValueError, match=message):
        ip.ACSF.from_dscribe(**{"r_cut": 6.0, "species": ["H"], **arguments})
