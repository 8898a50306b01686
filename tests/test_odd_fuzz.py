"""Any object at any argument of any method: a right answer, or an error that names the argument."""

import warnings
from collections.abc import Iterator

import numpy as np
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import isoprint as ip
from catalog import acsf, soap, turbo
from odd import WATER, Quantity, SimpleNamespace, Touchy, masked


class Mute(Touchy):
    """As hypothesis can print it."""

    __repr__ = object.__repr__


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.sampled_from([2**63, 2**64, 2**70, -(2**63) - 1, 10**400]),
    st.floats(),
    st.complex_numbers(),
    st.text(max_size=4),
    st.binary(max_size=4),
    st.decimals(),
    st.fractions(),
    st.lists(st.one_of(st.integers(-2, 4), st.booleans(), st.none(), st.floats(), st.text(max_size=2)), max_size=4),
    st.lists(st.lists(st.floats(width=16), min_size=3, max_size=3), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.builds(lambda shape, kind, seed: _array(shape, kind, seed), st.lists(st.integers(0, 4), max_size=3),
              st.sampled_from(["f8", "f4", "f2", "i8", "u8", "?", "c16", "U3", "S2", "O", "m8[s]", ">f8"]),
              st.integers(0, 3)),
    st.sampled_from([Mute(), Quantity(np.ones(3), "bohr"), Quantity(1.0, "eV"), object(), float, range(3), print,
                     np.ma.masked, masked([1.0, 2.0]), sparse.csr_array(np.eye(3)), Ellipsis, NotImplemented]),
)  # fmt: skip


def _array(shape, kind, seed):
    numbers = np.random.default_rng(seed).integers(-1, 3, shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array(numbers).astype(kind)


CHEAP = {
    "SoapTurbo": lambda **o: turbo(**{"n_max": 2, "l_max": 1, **o}),
    "SOAP": lambda **o: soap(**{"n_max": 2, "l_max": 1, "basis": "gto_featomic", **o}),
    "ACSF": lambda **o: acsf(**{"g4": (), **o}),
    "OverlapMatrix": lambda **o: ip.OverlapMatrix(
        **{"r_cut": 3.0, "species": ["H", "C", "O"], "orbitals": "s", "max_sites": 9, **o}
    ),
    "CoulombMatrix": lambda **o: ip.CoulombMatrix(**{"r_cut": 3.0, "species": ["H", "C", "O"], "max_sites": 9, **o}),
    "Hybrid": lambda **o: ip.Hybrid(**{"descriptors": [acsf(g4=()), turbo(n_max=2, l_max=1)], "scale": None, **o}),
}
# Read by scikit-learn and others; or costly in ways that are promised elsewhere.
_NOT_HERE = {"descriptors", "accuracy", "filter_decay", "basis_error_exponent", "sigma", "padding"}
METHODS = {
    "transform": ("frames", "centers", "out", "n_jobs", "progress"),
    "pullback": ("frames", "adjoint", "centers", "n_jobs", "progress"),
    "pushforward": ("frames", "displacements", "centers", "n_jobs", "progress"),
    "derivatives": ("frame", "centers", "out", "n_jobs", "progress"),
    "iter_derivatives": ("frames", "centers", "max_bytes", "n_jobs", "progress"),
    "fit": ("frames",),
}
ATTRIBUTES = ("positions", "numbers", "cell", "pbc")
# What a message may call an argument by.
SAID = {"centers": ("center",), "frame": ("frame",), "frames": ("frame",), "displacements": ("displacements",)}


def _answer(call, names):
    """A finite result, or a refusal that names what was wrong."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            found = call()
            if isinstance(found, Iterator):
                found = next(found, None)
    except (ValueError, TypeError, MemoryError) as refusal:
        said = str(refusal)
        if not any(name in said for name in names):
            raise AssertionError(f"none of {names} is named") from refusal
        return
    for values in (found, *(getattr(found, name, None) for name in ("values", "positions", "strain"))):
        assert not isinstance(values, np.ndarray) or np.isfinite(values).all()


@given(st.sampled_from(sorted(CHEAP)), st.sampled_from(sorted(METHODS)), st.data())
def test_any_object_at_any_argument_is_refused_by_name(kind, method, data):
    descriptor = CHEAP[kind]()
    arguments = {
        "frames": WATER,
        "frame": WATER,
        "adjoint": np.ones((3, descriptor.n_features)),
        "displacements": np.ones((3, 3)),
    }
    own = {name: arguments[name] for name in METHODS[method] if name in arguments}
    name = data.draw(st.sampled_from(METHODS[method]))
    value = data.draw(ODD)
    if name == "progress" and callable(value):
        return
    if method == "fit":
        descriptor.set_params(**({"species": None} if kind != "Hybrid" else {}))
    names = SAID.get(name, (name,))
    if method == "fit":
        names = (*names, "no atoms to learn")
    if name in ("frames", "centers"):
        # No rows, or fewer of them: that other arguments do not fit then is theirs to say.
        names = (*names, *({"adjoint", "displacements"} & own.keys()))
    _answer(lambda: getattr(descriptor, method)(**{**own, name: value}), names)


@given(st.sampled_from(sorted(CHEAP)), st.sampled_from(ATTRIBUTES), ODD, st.integers(0, 2), st.booleans())
def test_any_object_at_any_attribute_of_a_structure_is_refused_by_name(kind, attribute, value, place, periodic):
    whole = {
        "positions": np.array([[0.0, 0.0, 0.0], [0.0, 0.9, 0.0]]),
        "numbers": np.array([8, 1]),
        "cell": 4.0 * np.eye(3),
        "pbc": np.full(3, periodic),
    }
    frames = [WATER, Atoms("CO", [[0, 0, 0], [1.1, 0, 0]])]
    frames.insert(place, SimpleNamespace(**{**whole, attribute: value}))
    descriptor = CHEAP[kind]()
    _answer(lambda: descriptor.transform(frames), (f"frame {place}",))
    _answer(lambda: descriptor.derivatives(frames[place]), ("frame 0",))


@given(st.sampled_from(sorted(CHEAP)), st.data())
def test_any_object_at_any_parameter_is_refused_by_name(kind, data):
    name = data.draw(st.sampled_from(sorted(set(CHEAP[kind]().get_params(deep=False)) - _NOT_HERE)))
    value = data.draw(ODD)
    names = {
        "sigma_scaling": ("sigma",),
        "sigma_t_scaling": ("sigma_t",),
        "r_cut": ("r_cut", "cutoff", "max_sites", "r_soft", "functions"),
        "g1": ("g1", "functions"),
        "g2": ("g2", "functions"),
    }
    _answer(
        lambda: CHEAP[kind](**{name: value}).transform(WATER),
        (
            *names.get(name, (name,)),
            *(("not told about", "species") if name == "species" else ()),
            "not finite",
            "memory",
        ),
    )
