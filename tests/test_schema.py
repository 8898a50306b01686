"""A parameter's name, choices and range are written once, and the two languages agree on them."""

import dataclasses
import re
from typing import Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest

import isoprint as ip
from catalog import acsf, soap, turbo
from isoprint import _core
from isoprint.descriptors._calls import Average, Unknown

WATER = ["H", "O"]
DESCRIPTORS = {
    "SoapTurbo": turbo(),
    "SOAP": soap(),
    "ACSF": acsf(),
    "OverlapMatrix": ip.OverlapMatrix(r_cut=3.0, species=WATER, max_sites=9),
    "CoulombMatrix": ip.CoulombMatrix(r_cut=3.0, species=WATER, max_sites=9),
}


def settings_of(descriptor):
    """What the compiled module is given."""
    settings = dict(descriptor._settings(descriptor._species()))
    if settings.get("compression", "") is None:
        del settings["compression"]
    return settings


def choices_of(descriptor):
    """The parameters that are a word, with their words, except those that never reach the compiled module."""
    hints = get_type_hints(type(descriptor))
    for field in dataclasses.fields(descriptor):
        hint = hints[field.name]
        if get_origin(hint) is Literal and hint not in (Unknown, Average):
            yield field.name, get_args(hint)


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_a_mapping_makes_what_a_descriptor_makes(name):
    descriptor = DESCRIPTORS[name]
    core = getattr(_core, name)(settings_of(descriptor))
    assert (core.n_features, core.reach) == (descriptor.n_features, descriptor.reach)


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_words_are_those_that_the_compiled_module_knows(name):
    settings = settings_of(DESCRIPTORS[name])
    for choice, words in choices_of(DESCRIPTORS[name]):
        # The overlap matrix calls a contraction by the metric.
        key = "contracted" if choice == "metric" else choice
        with pytest.raises(ValueError, match=r"unknown variant `\?`") as refusal:
            getattr(_core, name)({**settings, key: "?"})
        known = re.findall(r"`(\w+)`", str(refusal.value))
        assert sorted(known) == sorted(words), choice


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_a_wrong_mapping_is_an_error_that_says_why(name):
    make, settings = getattr(_core, name), settings_of(DESCRIPTORS[name])
    with pytest.raises(ValueError, match="unknown field `colour`"):
        make({**settings, "colour": 3})
    for key in settings:
        without = {name: value for name, value in settings.items() if name != key}
        if settings[key] is not None:
            with pytest.raises(ValueError, match=f"missing field `{key}`"):
                make(without)
        for value in (object(), b"3", {"a": {}}, [[[1.0]]], "words"):
            with pytest.raises((ValueError, TypeError)):
                make({**settings, key: value, "r_cut" if "r_cut" in settings else "alpha": "no number"})
    for value in (None, 3, "words", [], [settings], object()):
        with pytest.raises((ValueError, TypeError)):
            make(value)
    with pytest.raises((ValueError, TypeError)):
        make({1: 2})


def test_what_is_out_of_range_is_told_in_parts():
    settings = settings_of(turbo())
    with pytest.raises(_core.ParameterError, match=r"^l_max is 31; it must be an integer from 0 to 30$") as refusal:
        _core.SoapTurbo({**settings, "l_max": 31})
    found = refusal.value
    assert (found.name, found.element, found.function, found.value) == ("l_max", None, None, "31")
    wrong = [{**entry, "sigma": -1.0} if entry["number"] == 6 else entry for entry in settings["species"]]
    with pytest.raises(_core.ParameterError, match=r"^sigma of element 6 is -1; it must be a positive number of Å$"):
        _core.SoapTurbo({**settings, "species": wrong})
    for count in (-1, 2**40, 2**63 - 1):
        with pytest.raises(_core.ParameterError, match=r"^l_max is \d+; it must be an integer from 0 to 30"):
            _core.SoapTurbo({**settings, "l_max": count})


@pytest.mark.parametrize("r_cut", [250.0, 1000.0])
def test_one_range_of_cutoffs_holds_for_all(r_cut):
    long = {"r_cut": r_cut, "species": WATER}
    for descriptor in (
        turbo(sigma=5.0, **long),
        soap(sigma=6.0, basis="polynomial", **long),
        soap(sigma=6.0, n_max=2, **long),
        acsf(**long),
        ip.OverlapMatrix(**long, max_sites=9),
        ip.CoulombMatrix(**long, max_sites=9),
    ):
        assert descriptor.reach == r_cut
    for build in (turbo, soap, acsf, lambda **options: ip.CoulombMatrix(species=WATER, **options)):
        with pytest.raises(ValueError, match=r"^r_cut is 200000\.0; it must be a positive number of Å, up to 100000"):
            _ = build(r_cut=2e5).n_features


def test_a_value_is_told_as_it_was_written():
    for options, words in (
        ({"n_max": 2**70}, f"n_max is {2**70}; it must be an integer from 1 to 24"),
        ({"n_max": "three"}, "n_max is 'three'; it must be an integer from 1 to 24"),
        ({"sigma": np.float32(-0.5)}, f"sigma is {np.float32(-0.5)!r}; it must be a positive number of Å"),
        ({"sigma": {"H": 0.4, "C": 0, "O": 0.4}}, "sigma of 'C' is 0; it must be a positive number of Å"),
        ({"central_weight": {"H": 1.0, "C": 1.0, "O": "heavy"}}, "central_weight of 'O' is 'heavy'; it must be"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(words)}"):
            _ = turbo(**options).n_features


def test_a_parameter_of_a_subclass_is_one_line():
    class Wide(ip.SoapTurbo):
        """A descriptor with another default."""

        sigma: float = 0.8

    wide = Wide(r_cut=3.0, n_max=3, l_max=2, species=WATER)
    assert wide.get_params() == ip.SoapTurbo(r_cut=3.0, n_max=3, l_max=2, species=WATER, sigma=0.8).get_params()


def test_a_species_that_is_any_has_values_too():
    for sigma in (-0.5, "wide"):
        with pytest.raises(ValueError, match=rf"^sigma is {sigma!r}; it must be a positive number of Å"):
            _ = soap(species="any", sigma=sigma).n_features
