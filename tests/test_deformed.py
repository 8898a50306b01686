"""Features as a function of positions and cells have derivatives that are those of differences."""

import numpy as np
import pytest
from ase.build import bulk, molecule

import isoprint as ip
from isoprint.extras._deformed import Deformed

DESCRIPTORS = {
    "SOAP": ip.SOAP(r_cut=3.4, n_max=3, l_max=2, species=["H", "C"]),
    "averaged": ip.SoapTurbo(r_cut=3.4, n_max=3, l_max=2, species=["H", "C"], average="inner"),
    "ACSF": ip.ACSF(r_cut=3.4, species=["H", "C"], g2=[(0.4, 0.0)], g4=[(0.02, 1, -1)]),
}
each = pytest.mark.parametrize("name", DESCRIPTORS)


def structures():
    crystal, slab = bulk("C", cubic=True), bulk("C")
    crystal.rattle(0.03, seed=1)
    slab.rattle(0.03, seed=2)
    slab.pbc = (True, True, False)
    return [crystal, molecule("CH4"), slab]


def five_points(function, step=1e-4):
    near, far = function(step) - function(-step), function(2 * step) - function(-2 * step)
    return (8 * near - far) / (12 * step)


def along(deformed, seed):
    """Random changes of positions, and of the cell vectors that there are."""
    rng = np.random.default_rng(seed)
    cells = rng.standard_normal(deformed.cells.shape)
    return rng.standard_normal(deformed.positions.shape), cells * deformed.cells.any(axis=2, keepdims=True)


@each
def test_gradient_and_tangent_are_what_differences_say(name):
    deformed = Deformed.of(DESCRIPTORS[name], structures(), 1)
    x, h = deformed.positions, deformed.cells
    u, w = along(deformed, 0)
    rows = five_points(lambda t: deformed.features(x + t * u, h + t * w))
    adjoint = np.random.default_rng(1).standard_normal(rows.shape)
    by_positions, by_cells = deformed.gradient(x, h, adjoint)
    scale = np.linalg.norm(rows)
    np.testing.assert_allclose(deformed.along(x, h, u, w), rows, rtol=0, atol=1e-8 * scale)
    assert np.sum(by_positions * u) + np.sum(by_cells * w) == pytest.approx(np.sum(adjoint * rows), abs=1e-7 * scale)
    assert deformed.n_rows == len(rows)


@each
def test_gradients_change_as_differences_say(name):
    deformed = Deformed.of(DESCRIPTORS[name], structures(), 1)
    x, h = deformed.positions, deformed.cells
    u, w = along(deformed, 2)
    adjoint = np.random.default_rng(3).standard_normal(deformed.features(x, h).shape)
    found = deformed.gradient_along(x, h, adjoint, u, w)
    for part, change in enumerate(found):
        expected = five_points(lambda t, part=part: deformed.gradient(x + t * u, h + t * w, adjoint)[part])
        np.testing.assert_allclose(change, expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    nothing = deformed.gradient_along(x, h, adjoint, 0 * u, 0 * w)
    assert not nothing[0].any()
    assert not nothing[1].any()


def test_structures_are_not_touched_and_shapes_are_looked_at():
    frames = structures()
    deformed = Deformed.of(DESCRIPTORS["SOAP"], frames, 1)
    deformed.positions[:] += 1.0
    assert (frames[0].positions == structures()[0].positions).all()
    with pytest.raises(ValueError, match=r"positions are of shape \(3, 3\), expected \(15, 3\) for these 3 structures"):
        deformed.require(np.zeros((3, 3)), deformed.cells)
    with pytest.raises(ValueError, match=r"cells are of shape \(3, 3\), expected \(3, 3, 3\)"):
        deformed.require(deformed.positions, np.zeros((3, 3)))
