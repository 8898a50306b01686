"""Classic SOAP against reference numbers: exact ones, and the digits of QUIP, DScribe and featomic.

What the file holds and who computed it: `golden/README.md`.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from isoprint import SOAP


@cache
def golden():
    """Fields by case."""
    cases = {}
    with np.load(Path(__file__).parent / "golden" / "soap_gaussian.npz") as file:
        for key in file.files:
            case, field = key.split("/")
            cases.setdefault(case, {})[field] = file[key]
    return cases


CASES = list(golden())
WITH_JACOBIAN = [name for name, case in golden().items() if "jacobian_exact" in case]
WITH_PULLBACK = [name for name, case in golden().items() if "pullback_exact" in case]


def from_quip(parameters):
    def text(value):
        if isinstance(value, list):
            return "{" + " ".join(map(str, value)) + "}"
        return {True: "T", False: "F"}[value] if isinstance(value, bool) else str(value)

    counted = {**parameters, "n_species": len(parameters["species_Z"]), "n_Z": len(parameters["Z"])}
    return SOAP.from_quip("soap " + " ".join(f"{key}={text(value)}" for key, value in counted.items()))


def from_dscribe(parameters):
    arguments = dict(parameters)
    if "species_weighting" in arguments.get("compression", {}):  # JSON has no integer keys
        weights = {int(z): weight for z, weight in arguments["compression"]["species_weighting"].items()}
        arguments["compression"] = {**arguments["compression"], "species_weighting": weights}
    return SOAP.from_dscribe(**arguments)


def from_featomic(parameters):
    density = {"type": "Gaussian", "width": parameters["width"]}
    if "center_atom_weight" in parameters:
        density["center_atom_weight"] = parameters["center_atom_weight"]
    if "scaling" in parameters:
        density["scaling"] = {"type": "Willatt2018", **parameters["scaling"]}
    smoothing = {"type": "ShiftedCosine", "width": parameters["smoothing_width"]}
    basis = {
        "type": "TensorProduct",
        "max_angular": parameters["max_angular"],
        "radial": {"type": "Gto", "max_radial": parameters["max_radial"]},
        "spline_accuracy": parameters["spline_accuracy"],
    }
    return SOAP.from_featomic(
        cutoff={"radius": parameters["cutoff"], "smoothing": smoothing}, density=density, basis=basis
    )


BUILD = {"quip": from_quip, "dscribe": from_dscribe, "featomic": from_featomic}


class Case:
    """One case: its frame, its descriptor, its centers, its numbers."""

    def __init__(self, name):
        self.name, self.numbers = name, golden()[name]
        self.about = json.loads(str(self.numbers["about"]))
        self.atoms = Atoms(**{k: self.numbers[k] for k in ("numbers", "positions", "cell", "pbc")})
        self.soap = BUILD[self.about["program"]](self.about["parameters"]).fit([self.atoms])
        # An atom that stays where it is while it is moved as a neighbor is a point.
        fixed = not self.about["attached"]
        self.centers = [self.atoms.positions[c] if fixed and isinstance(c, int) else c for c in self.about["centers"]]

    def __getitem__(self, field):
        return self.numbers[field]

    def centers_of(self, rows):
        return self.centers if self.soap.average else self.centers[: len(rows)]

    def features(self, rows):
        return self.soap.transform(self.atoms, centers=self.centers_of(rows))

    def jacobian(self, blocks):
        n_centers, n_atoms = blocks.shape[:2]
        return self.soap.derivatives(self.atoms, centers=self.centers[:n_centers]).dense()[:, :n_atoms]


def assert_close(got, expected, tolerance):
    """The largest difference is at most `tolerance` times the largest expected value, or 1e-3 if that is smaller."""
    assert got.shape == expected.shape
    error = np.abs(got - expected).max() / max(1e-3, np.abs(expected).max())
    assert error <= tolerance, f"off by {error:.1e}, allowed {tolerance:.0e}"


def test_every_case_is_there():
    assert (len(CASES), len(WITH_JACOBIAN), len(WITH_PULLBACK)) == (16, 7, 7)


@pytest.mark.parametrize("name", CASES)
def test_features(name):
    case = Case(name)
    assert_close(case.features(case["features_exact"]), case["features_exact"], 1e-11)


@pytest.mark.parametrize("name", CASES)
def test_columns_have_unique_names(name):
    names = Case(name).soap.get_feature_names_out()
    assert len(set(names)) == len(names) == golden()[name]["features_exact"].shape[1]


@pytest.mark.parametrize("name", WITH_JACOBIAN)
def test_jacobian(name):
    case = Case(name)
    assert_close(case.jacobian(case["jacobian_exact"]), case["jacobian_exact"], 1e-9)


@pytest.mark.parametrize("name", WITH_PULLBACK)
def test_pullback(name):
    case = Case(name)
    back = case.soap.pullback(case.atoms, case["adjoint"], centers=case.centers)
    assert_close(back.positions, case["pullback_exact"], 1e-9)
    if all(isinstance(center, int) for center in case.centers):  # a point moves with the cell here, not there
        assert_close(back.strain[0], case["strain_exact"], 1e-9)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("quip")])
def test_centers_of_the_string_are_the_default(name):
    case = Case(name)
    rows, expected = case.soap.transform(case.atoms), case["features_exact"]
    assert len(rows) == len(case.centers)
    assert_close(rows[: len(expected)], expected, 1e-11)


@pytest.mark.parametrize("name", CASES)
def test_the_peer_is_as_far_as_it_is_from_the_exact_numbers(name):
    """The bound is what was measured when the numbers were made, and some room for another order of sums."""
    case = Case(name)
    apart = np.abs(case.features(case["features_peer"]) - case["features_peer"]).max()
    assert apart <= 1.5 * case.about["features_apart"] + 1e-11


@pytest.mark.parametrize("name", WITH_JACOBIAN)
def test_so_is_its_jacobian(name):
    case = Case(name)
    apart = np.abs(case.jacobian(case["jacobian_peer"]) - case["jacobian_peer"]).max()
    assert apart <= 1.5 * case.about["jacobian_apart"] + 1e-10
