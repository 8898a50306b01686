"""Overlap matrices against reference numbers, and against the digits of libfp.

What the file holds and who computed it: `golden/README.md`.
"""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

import isoprint as ip


@cache
def golden():
    """Fields by case."""
    cases = {}
    with np.load(Path(__file__).parent / "golden" / "om.npz") as file:
        for key in file.files:
            case, field = key.split("/")
            cases.setdefault(case, {})[field] = file[key]
    return cases


CASES = [name for name, case in golden().items() if "about" in case]
WITH_PEER = [name for name in CASES if "features_peer" in golden()[name]]


def frame(case):
    return Atoms(**{key: case[key] for key in ("numbers", "positions", "cell", "pbc") if key in case})


def parameters(case):
    return json.loads(str(case["about"]))["parameters"]


def descriptor(case, **options):
    return ip.OverlapMatrix(**{**parameters(case), **options}).fit([frame(case)])


def mean_of_groups(rows, labels):
    same = labels[:, None] == labels
    return np.tensordot(same / same.sum(1, keepdims=True), rows, 1)


def test_every_case_is_there():
    assert (len(CASES), len(WITH_PEER)) == (8, 6)


@pytest.mark.parametrize("name", CASES)
def test_features(name):
    case = golden()[name]
    rows = descriptor(case).transform(frame(case))
    np.testing.assert_allclose(rows, case["features_exact"], rtol=0, atol=5e-14)
    assert not rows[case["features_exact"] == 0].any()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("metric", "field"), [("overlap", "short_exact"), ("modulated", "short_modulated")])
def test_contracted(name, metric, field):
    case = golden()[name]
    rows = descriptor(case, contracted=True, metric=metric).transform(frame(case))
    np.testing.assert_allclose(rows, case[field], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_derivatives(name):
    case = golden()[name]
    om, atoms = descriptor(case), frame(case)
    exact, strain = (
        np.array([mean_of_groups(rows, labels) for rows, labels in zip(case[key], case["groups"], strict=True)])
        for key in ("jacobian_exact", "strain_exact")
    )
    centers = list(range(len(exact)))
    got = np.moveaxis(om.derivatives(atoms, centers=centers).dense(), 3, 1)
    assert (np.abs(got - exact) <= case["jacobian_tolerance"][:, :, None, None]).all()
    adjoint = np.tile(case["adjoint"], (len(atoms), 1))
    everywhere = om.pullback(atoms, adjoint).positions
    np.testing.assert_allclose(everywhere, case["pullback_exact"].sum(0), rtol=0, atol=1e-11)
    back = om.pullback(atoms, adjoint[centers], centers=centers)
    np.testing.assert_allclose(back.strain[0], np.einsum("k,qkab->ab", case["adjoint"], strain), rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", CASES)
def test_raw_derivatives_are_those_of_the_peer_where_nothing_is_degenerate(name):
    case = golden()[name]
    exact, labels = case["jacobian_exact"], case["groups"]
    got = descriptor(case, degenerate="raw").derivatives(frame(case), centers=list(range(len(exact)))).dense()
    for rows, expected, label, tolerance in zip(
        np.moveaxis(got, 3, 1), exact, labels, case["jacobian_tolerance"], strict=True
    ):
        alone = np.bincount(label + 1, minlength=len(label) + 1)[label + 1] == 1
        assert (np.abs(rows - expected)[alone] <= tolerance[alone][:, None, None]).all()


@pytest.mark.parametrize("name", WITH_PEER)
def test_the_digits_of_libfp(name):
    case = golden()[name]
    given = parameters(case)
    options = {
        "cutoff": given["r_cut"],
        "orbital": {1: "s", 2: "sp"}[len(given["orbitals"])],
        "natx": given["max_sites"],
    }
    atoms = frame(case)
    long, short = (ip.OverlapMatrix.from_libfp(**options, contract=contract).fit([atoms]) for contract in (False, True))
    np.testing.assert_allclose(long.transform(atoms), case["features_peer"], rtol=0, atol=5e-14)
    np.testing.assert_allclose(short.transform(atoms), case["short_peer"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["rms", "mean", "sum", "l2n"])
def test_distances(kind):
    case = golden()["distances"]
    numbers = case["numbers"], case["numbers2"]
    by_element = ip.match_rows(case["F"], case["F2"], numbers=numbers, kind=kind)
    assert abs(by_element.distance - case[f"d_{kind}_element"]) < 1e-13
    assert abs(ip.match_rows(case["F"], case["F2"], kind=kind).distance - case[f"d_{kind}_all"]) < 1e-13
    om = ip.OverlapMatrix(r_cut=4.0, max_sites=12, species=["H", "C", "O"])
    frames = [Atoms(n, p) for n, p in zip(numbers, (case["positions"], case["positions2"]), strict=True)]
    for separate, key in ((True, "element"), (False, "all")):
        found = ip.configuration_distance(om, *frames, kind=kind, by_element=separate)
        assert abs(found - case[f"d_{kind}_{key}"]) < 1e-13
    usual = "element" if kind in ("rms", "mean") else "all"
    assert abs(ip.configuration_distance(om, *frames, kind=kind) - case[f"d_{kind}_{usual}"]) < 1e-13
    if kind == "rms":
        assert np.array_equal(by_element.order, case["perm_rms_element"])


def test_edges():
    case = golden()["global_and_edges"]
    om = ip.OverlapMatrix(r_cut=4.0, species=["H", "C", "O"], max_sites=3)
    ethanol = Atoms(case["numbers"], case["positions"])

    def close(got, expected):
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-14)

    close(om.transform(Atoms("C", [[1.0, 2.0, 3.0]])), case["single"])
    close(om.transform(Atoms(case["coincident_numbers"], case["coincident_positions"])), case["coincident"])
    at_cutoff = Atoms("CH", [[0, 0, 0], [4.0, 0, 0]])
    close(ip.OverlapMatrix(r_cut=4.0, species=["H", "C"], max_sites=2).transform(at_cutoff), case["at_cutoff"])
    few = ip.OverlapMatrix(r_cut=4.0, species=["H", "C", "O"], max_sites=6, overflow="truncate")
    close(few.transform(ethanol), case["truncated"])
    whole = ip.OverlapMatrix(r_cut=100.0, species=["H", "C", "O"], max_sites=9, exponent=0)
    for center in (0, 8):
        close(whole.transform(ethanol, centers=[center])[0], case["global_sp"])


@pytest.mark.parametrize(
    ("metric", "values", "gradient"), [("overlap", "c", "g_overlap"), ("modulated", "c_modulated", "g_modulated")]
)
def test_gradient_of_the_contracted_row(metric, values, gradient):
    case = golden()["contracted_gradient"]
    atoms = Atoms(case["numbers"], case["positions"])
    om = ip.OverlapMatrix(r_cut=4.0, species=["H", "C", "O"], contracted=True, metric=metric)
    np.testing.assert_allclose(om.transform(atoms, centers=[0])[0], case[values], rtol=0, atol=1e-13)
    found = om.pullback(atoms, case["w"][None], centers=[0]).positions
    np.testing.assert_allclose(found, case[gradient], rtol=0, atol=1e-10)
    blocks = om.derivatives(atoms, centers=[0]).dense()[0]
    np.testing.assert_allclose(blocks @ case["w"], case[gradient], rtol=0, atol=1e-10)
