"""DScribe's MBTR, LMBTR and ValleOganov: its numbers, its columns, its forms, and what it refuses."""

import json
import pickle
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

from isoprint.compat.dscribe.descriptors import LMBTR, MBTR, ValleOganov
from test_mbtr import GOLDEN

CLASSES = {"MBTR": MBTR, "LMBTR": LMBTR, "ValleOganov": ValleOganov}
WATER = molecule("H2O")
WATER.cell = [5.0, 5.0, 5.0]
K2 = {
    "geometry": {"function": "inverse_distance"},
    "grid": {"min": 0, "max": 1.2, "sigma": 0.1, "n": 12},
    "weighting": {"function": "exp", "scale": 0.5, "threshold": 1e-2},
}
K3 = {
    "geometry": {"function": "cosine"},
    "grid": {"min": -1.0, "max": 1.0, "sigma": 0.1, "n": 7},
    "weighting": {"function": "exp", "scale": 0.5, "threshold": 1e-2},
}
ANGLE = {**K3, "geometry": {"function": "angle"}, "grid": {"min": 0, "max": 180, "sigma": 9, "n": 7}}


@pytest.mark.parametrize("name", GOLDEN)
def test_every_column_has_the_number_of_dscribe(name):
    case = GOLDEN[name]
    about = json.loads(str(case["about"]))
    frame = Atoms(case["numbers"], case["positions"], cell=case["cell"], pbc=case["pbc"])
    more = {} if about["class"] == "ValleOganov" else {"periodic": bool(frame.pbc.any())}
    made = CLASSES[about["class"]](species=sorted(set(frame.symbols)), **about["options"], **more)
    found = np.atleast_2d(made.create(frame))
    assert found.shape[1] == made.get_number_of_features()
    np.testing.assert_allclose(found, case["features"], rtol=1e-9, atol=1e-10)
    if "jacobian" in case:
        jacobian = made.derivatives(frame, include=[0, 1], method="analytical", return_descriptor=False)
        np.testing.assert_allclose(jacobian, case["jacobian"], rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize(("cls", "given"), list(product([MBTR, LMBTR], [K2, K3])))
def test_locations_are_the_blocks_in_their_order(cls, given):
    made = cls(species=["H", "O", "C"], **given)
    elements = ["H", "C", "O"]
    if cls is MBTR:
        pairs = list(combinations_with_replacement(elements, 2))
        order = pairs if made.k == 2 else [(a, v, b) for v in elements for a, b in pairs]
    else:
        elements = ["X", *elements]
        order = [("X", b) for b in elements]
        if made.k == 3:
            order = [(a, "X", b) for a, b in combinations_with_replacement(elements, 2)]
            order += [("X", v, b) for v in elements[1:] for b in elements]
    n = given["grid"]["n"]
    for place, species in enumerate(order):
        assert made.get_location(species) == made.get_location(species[::-1]) == slice(place * n, (place + 1) * n)
    assert made.get_number_of_features() == len(order) * n
    for wrong in (["G"] * made.k, ["N"] * made.k, ["H"] * (made.k + 1)):
        with pytest.raises(ValueError, match=r"Invalid chemical species|not defined for this|Cannot retrieve"):
            made.get_location(wrong)
    if cls is LMBTR:
        with pytest.raises(ValueError, match="The central species X"):
            made.get_location(["H"] * made.k)


def test_forms_of_results():
    other = molecule("CO2")
    made = MBTR(species=["H", "C", "O"], **K2)
    one, many = made.create(WATER), made.create([WATER, other], n_jobs=2)
    assert one.shape == (72,)
    assert many.shape == (2, 72)
    np.testing.assert_array_equal(many[0], one)
    assert MBTR(species=["H", "C", "O"], dtype="float32", **K2).create(WATER).dtype == np.float32
    jacobian, row = made.derivatives(WATER)
    assert jacobian.shape == (3, 3, 72)
    np.testing.assert_array_equal(row, one)
    around = LMBTR(species=["H", "C", "O"], **K3)
    assert around.create(WATER).shape == (3, 4 * 11 // 2 * 7)
    assert [rows.shape[0] for rows in around.create([WATER, other[:2]], centers=[[0, 1, 2], [0]])] == [3, 1]
    assert around.create([WATER, other]).shape == (2, 3, 154)
    assert around.create(WATER, [[0.0, 0.0, 1.0]]).shape == (1, 154)
    numeric, _ = around.derivatives(WATER, method="numerical", attach=True)
    exact, _ = around.derivatives(WATER, attach=True)
    np.testing.assert_allclose(numeric, exact, atol=1e-5)
    assert ValleOganov(["H", "O"], "distance", 10, 0.2, 3.0).create(WATER).shape == (30,)


def test_sparse_results_are_the_dense_ones():
    pytest.importorskip("sparse")
    for cls in (MBTR, LMBTR):
        dense, sparse = (cls(species=["H", "O"], sparse=form, **K3) for form in (False, True))
        np.testing.assert_array_equal(sparse.create(WATER).todense(), dense.create(WATER))
        found = sparse.derivatives(WATER, return_descriptor=False).todense()
        np.testing.assert_array_equal(found, dense.derivatives(WATER, return_descriptor=False))


def test_attributes_may_be_set_and_changed_in_place():
    made = MBTR(species=["H", "O"], **K2)
    before = made.create(WATER)
    made.grid["sigma"] = 0.2
    assert abs(made.create(WATER) - before).max() > 0.1
    made.grid = K2["grid"]
    np.testing.assert_array_equal(made.create(WATER), before)
    made.normalize_gaussians = False
    assert abs(made.create(WATER) - before).max() > 0.1
    made.normalize_gaussians, made.normalization = True, "n_atoms"
    np.testing.assert_allclose(made.create(WATER), before / 3, rtol=1e-15)
    made.species = [1, 6, 8]
    assert made.get_number_of_features() == 72
    made.geometry = {"function": "distance"}
    assert (made.k, made.n_elements, made.atomic_number_to_index) == (2, 3, {1: 0, 6: 1, 8: 2})
    again = pickle.loads(pickle.dumps(made))
    np.testing.assert_array_equal(again.create(WATER), made.create(WATER))


def without(given, *keys):
    return {key: value for key, value in given.items() if key not in keys}


@pytest.mark.parametrize(
    ("cls", "change", "error", "message"),
    [
        (MBTR, {"grid": without(K2["grid"], "sigma")}, KeyError, "The grid information is missing the value for sigma"),
        (MBTR, {"grid": {**K2["grid"], "min": 2}}, ValueError, "The min value should be smaller than the max value"),
        (MBTR, {"geometry": {}}, ValueError, "Please specify a geometry function"),
        (MBTR, {"geometry": {"function": "none"}}, ValueError, "Unknown geometry function"),
        (MBTR, {"weighting": {"function": "smooth_cutoff"}}, ValueError, "specified for k=2"),
        (MBTR, {"weighting": {"function": "inverse_square"}}, ValueError, "Missing value for 'r_cut'"),
        (MBTR, {"weighting": None, "periodic": True}, ValueError, "Periodic systems need to have a weighting function"),
        (MBTR, {"normalization": "l1"}, ValueError, "l2, n_atoms, none, valle_oganov"),
        (MBTR, {"normalization": "valle_oganov"}, ValueError, "does not support non-periodic systems"),
        (LMBTR, {"normalization": "n_atoms"}, ValueError, "Please use one of the following: l2, none"),
        (LMBTR, {"geometry": {"function": "atomic_number"}}, ValueError, "for degree k=1"),
        (LMBTR, {"species": ["X", "H"]}, ValueError, "The atomic number 0 is reserved"),
    ],
)
def test_what_dscribe_refuses(cls, change, error, message):
    with pytest.raises(error, match=message):
        cls(**{"species": ["H", "O"], **K2, **change})


def test_what_only_strict_descriptors_refuse():
    for normalization, given in (("l2", K2), ("none", ANGLE)):
        made = MBTR(species=["H", "O"], normalization=normalization, **given)
        with pytest.raises(ValueError, match="Analytical derivatives not implemented"):
            made.derivatives(WATER, method="analytical")
        np.testing.assert_array_equal(
            made.derivatives(WATER, method="analytical", strict=False)[0], made.derivatives(WATER)[0]
        )
    square = {**K2, "weighting": {"function": "inverse_square", "r_cut": 3.0}}
    with pytest.raises(ValueError, match="Invalid weighting function"):
        LMBTR(species=["H", "O"], **square).create(WATER)
    assert LMBTR(species=["H", "O"], strict=False, **square).create(WATER).any()
    with pytest.raises(ValueError, match=r"Invalid function\. Use 'distance' or 'angle'"):
        ValleOganov(["H"], "cosine", 5, 0.1, 3.0)
    with pytest.raises(ValueError, match="not defined for this descriptor"):
        MBTR(species=["H"], **K2).create(WATER)
    with pytest.raises(ValueError, match="Please do not use the atomic number 0"):
        LMBTR(species=["H"], **K2).create(Atoms("HX", [[0, 0, 0], [0, 0, 1]]))


def test_a_scale_of_zero_and_a_normalization_of_numbers_are_no_weighting():
    flat = {**K2, "weighting": {"function": "exp", "scale": 0, "threshold": 1e-2}}
    given = [LMBTR(species=["H", "O"], **{**K2, "weighting": weighting}) for weighting in (flat["weighting"], None)]
    np.testing.assert_array_equal(*[made.create(WATER) for made in given])
    numbers = {"geometry": {"function": "atomic_number"}, "grid": {"min": 0, "max": 9, "sigma": 0.3, "n": 10}}
    crystal = bulk("NaCl", "rocksalt", a=5.6)
    rows = [
        MBTR(species=["Na", "Cl"], periodic=True, normalization=name, **numbers).create(crystal)
        for name in ("none", "valle_oganov")
    ]
    np.testing.assert_array_equal(*rows)
