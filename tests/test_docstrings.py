"""Docstrings of public names are complete, and their examples run."""

import doctest
import importlib
import inspect
import pkgutil
from functools import cached_property

import pytest

import isoprint
from public import PUBLIC

MODULES = [name for _, name, _ in pkgutil.walk_packages(isoprint.__path__, "isoprint.") if name != "isoprint._core"]

# What numpydoc would have otherwise than we do.
OURS = {
    "ES01": "one sentence may be enough",
    "EX01": "examples are looked for below",
    "GL07": "an example comes before the mathematics",
    "RT02": "results have no name",
    "SA01": "related names are mentioned where they help",
    "SS05": "a summary may be a noun",
    "SS06": "a summary may take two lines",
}


# Modules whose library is in no extra that tests install.
NEEDS = {
    "isoprint.extras.network": "torch",
    "isoprint.extras.torch": "torch",
    "isoprint.extras._torch_maps": "torch",
    "isoprint.extras._jax_maps": "jax",
    "isoprint.extras.jax": "jax",
}


@pytest.mark.parametrize("name", ["isoprint", *MODULES])
def test_examples_run(name):
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    module = importlib.import_module(name)
    assert module.__doc__
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


def test_public_names_are_found():
    """Those of all kinds: a class, an inherited method, a property, and what only the documentation names."""
    home = "isoprint.descriptors"
    for name in (f"{home}.soap.SOAP", f"{home}._values.Values.transform", f"{home}._calls.Calls.n_features"):
        assert name in PUBLIC
    assert any(name.endswith(".FourBody") for name in PUBLIC)
    assert len(PUBLIC) > 150


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_have_examples(name):
    thing = PUBLIC[name]
    text = inspect.getdoc(thing.__func__ if isinstance(thing, (classmethod, staticmethod)) else thing)
    assert text
    assert ">>>" in text or isinstance(thing, (property, cached_property)), f"{name} has no example"


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_explained(name):
    """Summary, parameters with types, results: numpydoc finds nothing amiss."""
    validate = pytest.importorskip("numpydoc.validate")
    ours = {*OURS, "PR01"} if inspect.isclass(PUBLIC[name]) and _is_no_constructor(PUBLIC[name]) else OURS
    assert not [error for error in validate.validate(name)["errors"] if error[0] not in ours]


def _is_no_constructor(cls):
    """Whether users do not call it: a protocol, or a result whose fields are described as attributes."""
    if getattr(cls, "_is_protocol", False):
        return True
    described = {word for line in inspect.getdoc(cls).splitlines() for word in line.partition(" : ")[0].split(", ")}
    own = vars(cls).get("__annotations__", {})
    return "Attributes\n" in inspect.getdoc(cls) and described >= set(own)
