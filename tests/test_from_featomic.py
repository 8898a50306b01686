"""Parameters of featomic: every one, and every refusal."""

import copy

import numpy as np
import pytest
from ase.build import molecule

import isoprint as ip

STANDARD = {
    "cutoff": {"radius": 4.0, "smoothing": {"type": "ShiftedCosine", "width": 0.6}},
    "density": {"type": "Gaussian", "width": 0.3},
    "basis": {"type": "TensorProduct", "max_angular": 2, "radial": {"type": "Gto", "max_radial": 3}},
}
SCALING = {"type": "Willatt2018", "scale": 2.0, "rate": 1.5, "exponent": 4}


def changed(**changes):
    """The standard parameters with some entries replaced; a key such as `basis__radial__radius` is a path."""
    parameters = copy.deepcopy(STANDARD)
    for path, value in changes.items():
        *folders, name = path.split("__")
        place = parameters
        for folder in folders:
            place = place[folder]
        place[name] = value
    return parameters


def params(**changes):
    return ip.SOAP.from_featomic(**changed(**changes)).get_params()


def test_every_key_finds_its_place():
    found = params(density__center_atom_weight=0.7, density__scaling=SCALING, basis__spline_accuracy=None)
    assert found == {
        "r_cut": 4.0,
        "n_max": 4,
        "l_max": 2,
        "species": None,
        "sigma": 0.3,
        "basis": "gto_featomic",
        "cutoff_width": 0.6,
        "padding": 0.0,
        "weighting": {"function": "pow", "r0": 2.0, "c": 1.5, "d": 1.5, "m": 4.0},
        "species_weight": 1.0,
        "central_weight": 0.7,
        "center_everywhere": False,
        "compression": None,
        "normalize": False,
        "convention": "featomic",
        "constant": None,
        "basis_error_exponent": 10.0,
        "accuracy": 1e-12,
        "periodic": True,
        "unknown_species": "error",
        "centers": None,
        "average": None,
        "dtype": "float64",
    }


def test_defaults_are_those_of_the_peer():
    found = params()
    assert (found["central_weight"], found["weighting"]) == (1.0, None)
    same = params(basis__spline_accuracy=1e-8, basis__radial__radius=4.0, density__scaling=None)
    assert same == found
    assert params(cutoff__smoothing={"type": "Step"})["cutoff_width"] == 0.0


def test_options_of_the_estimator_are_passed_on():
    soap = ip.SOAP.from_featomic(**STANDARD, species=["O", "H"], centers=["O"], dtype="float32")
    rows = soap.transform(molecule("H2O"))
    assert rows.shape == (1, 3 * 3 * 16)
    assert rows.dtype == np.float32
    assert soap.species_ == ["O", "H"]


def test_species_are_learned_and_absent_ones_are_zero():
    soap = ip.SOAP.from_featomic(**STANDARD).fit([molecule("H2O"), molecule("CH4")])
    assert soap.species_ == ["H", "C", "O"]
    row = soap.transform(molecule("CH4"))[0]
    for name, value in zip(soap.get_feature_names_out(), row, strict=True):
        assert "O." not in name or value == 0.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cutoff": 4.0}, "cutoff is 4.0; give a mapping with the keys radius, smoothing"),
        ({"cutoff__foo": 1}, "cutoff has the unknown key 'foo'; known are radius, smoothing"),
        ({"cutoff": {"radius": 4.0}}, "cutoff has no smoothing; it is required"),
        ({"cutoff__radius": -4.0}, "radius of cutoff is -4.0; it must be a positive number"),
        ({"cutoff__smoothing": "Step"}, "smoothing is 'Step'; give a mapping with a type"),
        ({"cutoff__smoothing__type": "Cosine"}, "type of smoothing is 'Cosine', which is not supported"),
        ({"cutoff__smoothing__widht": 0.5}, "smoothing has the unknown key 'widht'; did you mean 'width'"),
        ({"cutoff__smoothing__width": 5.0}, "width of smoothing is 5.0; it must be positive and at most 4.0"),
        ({"cutoff__smoothing": {"type": "Step", "width": 0.5}}, "smoothing has the unknown key 'width'"),
        ({"density__type": "DiracDelta"}, "type of density is 'DiracDelta', which is not supported"),
        ({"density__type": "SmearedPowerLaw"}, "'SmearedPowerLaw', which is not supported; choose 'Gaussian'"),
        ({"density": {"type": "Gaussian"}}, "density has no width"),
        ({"density__width": 0.0}, "width of density is 0.0"),
        ({"density__center_weight": 1.0}, "unknown key 'center_weight'; did you mean 'center_atom_weight'"),
        ({"density__center_atom_weight": np.nan}, "center_atom_weight of density is nan"),
        ({"density__scaling": {"type": "Other"}}, "type of scaling is 'Other', which is not supported"),
        ({"density__scaling": {**SCALING, "foo": 1}}, "scaling has the unknown key 'foo'"),
        ({"density__scaling": {"type": "Willatt2018", "rate": 1.0}}, "scaling has no scale, exponent; they are"),
        ({"density__scaling": {**SCALING, "rate": 0.0}}, "rate of scaling is 0.0; it must be a positive number"),
        ({"density__scaling": {**SCALING, "scale": 0.0}}, "scale of scaling is 0.0"),
        ({"density__scaling": {**SCALING, "exponent": 0.5}}, "exponent of scaling is 0.5; .* at least 1"),
        ({"basis__type": "Explicit"}, "type of basis is 'Explicit', which is not supported; choose 'TensorProduct'"),
        ({"basis__max_radial": 3}, "basis has the unknown key 'max_radial'"),
        ({"basis__radial__type": "Tabulated"}, "type of radial of basis is 'Tabulated', which is not supported"),
        ({"basis__radial__spline_accuracy": 1e-8}, "radial of basis has the unknown key 'spline_accuracy'"),
        ({"basis__radial__radius": 3.0}, "radius of radial is 3.0 while that of cutoff is 4.0; leave the first out"),
        ({"basis__radial__max_radial": -1}, "max_radial is -1; it must be an integer from 0 to 23"),
        ({"basis__radial__max_radial": 24}, "max_radial is 24"),
    ],
)
def test_what_is_not_understood_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        ip.SOAP.from_featomic(**changed(**changes))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({**STANDARD, "spline_accuracy": 1e-8}, "featomic's SoapPowerSpectrum has the unknown key 'spline_accuracy'"),
        ({**STANDARD, "denisty": {}}, "unknown key 'denisty'; did you mean 'density'"),
        ({"cutoff": STANDARD["cutoff"]}, "featomic's SoapPowerSpectrum has no density, basis; they are required"),
    ],
)
def test_so_are_whole_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        ip.SOAP.from_featomic(**arguments)
