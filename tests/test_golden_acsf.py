"""Symmetry functions against reference numbers, and the digits of DScribe, n2p2 and QUIP.

What the file holds and who computed it: `golden/README.md`.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from isoprint import ACSF

KINDS = {2: "g2", 3: "g4", 9: "g5", 12: "g2", 13: "g4"}
NAMES = {"eta": "eta", "rs": "r_s", "zeta": "zeta", "lam": "lambda", "rc": "r_cut"}


@cache
def golden():
    """Fields by case."""
    cases = {}
    with np.load(Path(__file__).parent / "golden" / "acsf.npz") as file:
        for key in file.files:
            case, field = key.split("/")
            cases.setdefault(case, {})[field] = file[key]
    return cases


def listed(functions):
    """Functions in the words of isoprint; those of types 12 and 13 are weighted."""
    for function in functions:
        given = {name: function[key] for key, name in NAMES.items() if key in function}
        elements = [function[key] for key in ("e1", "e2") if key in function]
        yield {"kind": KINDS[function["type"]], **given, **({"species": elements} if elements else {})}


# (case, suffix of its fields): several cutoff functions make several of one.
VARIANTS = [
    (name, field.removeprefix("features"))
    for name, case in golden().items()
    for field in case
    if field.startswith("features")
]
every = pytest.mark.parametrize(("name", "suffix"), VARIANTS)
WITH_PULLBACK = [name for name, case in golden().items() if "pullback" in case]


class Case:
    """One case: its frame, its descriptor, its numbers."""

    def __init__(self, name, suffix=""):
        self.fields, self.suffix = golden()[name], suffix
        self.about = json.loads(str(self.fields["about"]))
        self.atoms = Atoms(**{k: self.fields[k] for k in ("numbers", "positions", "cell", "pbc")})
        self.acsf = self.built()

    def built(self):
        about = self.about
        if "functions" not in about["parameters"]:
            given = {f"{kind}_params": values or None for kind, values in about["parameters"].items()}
            periodic = bool(self.atoms.pbc.any())
            return ACSF.from_dscribe(r_cut=about["rcut"], species=about["species"], periodic=periodic, **given)
        functions = list(listed(about["parameters"]["functions"]))
        cutoff, alpha = about.get("cutoff", "cos"), about.get("alpha", 0.0)
        if self.suffix:
            cutoff, alpha = self.suffix[1:].rsplit("_", 1)
        return ACSF(
            r_cut=max(function["r_cut"] for function in functions),
            species=np.unique(self.fields["numbers"]).tolist(),
            functions=functions,
            cutoff_function=cutoff,
            alpha=float(alpha),
            weights="number" if about["peer"].startswith("n2p2") else None,
        )

    def __getitem__(self, field):
        return self.fields[field + self.suffix]

    def jacobian(self, expected):
        """The same order of axes: center, feature, atom, xyz."""
        got = self.acsf.derivatives(self.atoms, centers=list(range(len(expected)))).dense()
        return np.moveaxis(got, 3, 1)


def assert_close(got, expected, tolerance):
    """The largest difference is at most `tolerance` times the largest expected value, or 1 if that is smaller."""
    assert got.shape == expected.shape
    error = np.abs(got - expected).max() / max(1.0, np.abs(expected).max())
    assert error <= tolerance, f"off by {error:.1e}, allowed {tolerance:.0e}"


def test_every_case_is_there():
    assert (len(golden()), len(VARIANTS), len(WITH_PULLBACK)) == (8, 22, 5)


@every
def test_features(name, suffix):
    case = Case(name, suffix)
    assert_close(case.acsf.transform(case.atoms), case["features"], 1e-12)


@every
def test_jacobian(name, suffix):
    case = Case(name, suffix)
    assert_close(case.jacobian(case["jacobian"]), case["jacobian"], 1e-10)


@every
def test_the_peer_has_the_same_digits(name, suffix):
    case = Case(name, suffix)
    assert_close(case.acsf.transform(case.atoms), case["peer"], 1e-12)
    if "peer_jacobian" in case.fields:
        assert_close(case.jacobian(case["peer_jacobian"]), case["peer_jacobian"], 1e-10)


@pytest.mark.parametrize("name", WITH_PULLBACK)
def test_pullback(name):
    case = Case(name)
    back = case.acsf.pullback(case.atoms, case["adjoint"])
    assert_close(back.positions, case["pullback"], 1e-10)
    assert_close(back.strain[0], case["strain"], 1e-10)


@every
def test_columns_have_unique_names(name, suffix):
    names = Case(name, suffix).acsf.get_feature_names_out()
    assert len(set(names)) == len(names) == golden()[name]["features" + suffix].shape[1]
