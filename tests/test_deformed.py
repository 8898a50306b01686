"""Features as a function of positions and cells have derivatives that are those of differences."""

import copy
import pickle

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

import isoprint as ip
from catalog import DIFFERENTIABLE, well_apart
from isoprint.extras._deformed import Deformed, Parts, in_precision, require_shapes
from isoprint.structures.frames import Packed, as_list, pack

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
    # One without atoms, and one whose cell has two vectors.
    wire = bulk("C")
    wire.cell[2], wire.pbc = 0.0, (True, True, False)
    return [crystal, Atoms(), molecule("CH4"), slab, wire]


def deformed_of(descriptor, frames, centers=None):
    """The function, and where it is differentiated."""
    parts = Parts.of(descriptor, frames, centers)
    return Deformed.of(descriptor, parts, 1), parts.frames.positions, parts.frames.cells


def five_points(function, step=1e-4):
    near, far = function(step) - function(-step), function(2 * step) - function(-2 * step)
    return (8 * near - far) / (12 * step)


def some(positions, cells, seed):
    """Random changes of positions, and of the cell vectors that there are."""
    rng = np.random.default_rng(seed)
    changes = rng.standard_normal(cells.shape)
    return rng.standard_normal(positions.shape), changes * cells.any(axis=2, keepdims=True)


def first_derivatives_are_right(descriptor, frames, centers=None, tolerance=1e-7, powers=()):
    """Sorted eigenvalues have kinks where they cross, and sums of their powers have none."""
    deformed, x, h = deformed_of(descriptor, frames, centers)
    (u, w), rows = some(x, h, 0), deformed.features(x, h)
    along = deformed.along(x, h, u, w)
    scale = max(np.linalg.norm(rows), np.linalg.norm(along))
    for power in powers or (0,):

        def value(t, power=power):
            moved = deformed.features(x + t * u, h + t * w)
            return (moved**power).sum(axis=1) if power else moved

        change = (power * rows ** (power - 1) * along).sum(axis=1) if power else along
        np.testing.assert_allclose(change, five_points(value), rtol=0, atol=tolerance * scale ** max(power, 1))
    adjoint = np.random.default_rng(1).standard_normal(rows.shape)
    by_positions, by_cells = deformed.gradient(x, h, adjoint)
    # What is linear, and its transpose, to rounding.
    assert np.sum(by_positions * u) + np.sum(by_cells * w) == pytest.approx(np.sum(adjoint * along), abs=1e-11 * scale)
    only, none = deformed.gradient(x, h, adjoint, by_cells=False)
    assert (only == by_positions).all()
    assert not none.any()


@each
def test_gradient_and_tangent_are_what_differences_say(name):
    first_derivatives_are_right(DESCRIPTORS[name], structures())


def test_points_move_with_the_cell_and_atoms_with_themselves():
    centers = [[0, (0.3, 0.2, 0.1), 3], [], [(0.1, 0.2, 0.3)], [1], [(0.5, 0.1, 0.9), 0]]
    soap = DESCRIPTORS["SOAP"]
    deformed, x, h = deformed_of(soap, structures(), centers)
    assert np.abs(deformed.features(x, h) - soap.transform(structures(), centers=centers)).max() < 1e-13
    first_derivatives_are_right(soap, structures(), centers)
    assert len(Parts.of(soap, structures(), centers).frame) == 7
    first_derivatives_are_right(DESCRIPTORS["averaged"], structures()[:1], [[0, 2]])


@each
def test_gradients_change_as_differences_say(name):
    deformed, x, h = deformed_of(DESCRIPTORS[name], structures())
    (u, w), (p, q) = some(x, h, 2), some(x, h, 4)
    adjoint = np.random.default_rng(3).standard_normal(deformed.features(x, h).shape)
    found = deformed.curvature(x, h, adjoint, u, w)
    for part, change in enumerate(found):
        expected = five_points(lambda t, part=part: deformed.gradient(x + t * u, h + t * w, adjoint)[part])
        np.testing.assert_allclose(change, expected, rtol=0, atol=1e-6 * np.abs(expected).max())
    # One bilinear form, asked for in three ways.
    bend = np.sum(deformed.bend(x, h, u, w, p, q) * adjoint)
    assert np.sum(found[0] * p) + np.sum(found[1] * q) == pytest.approx(bend, rel=1e-6)
    assert np.sum(deformed.bend(x, h, p, q, u, w) * adjoint) == pytest.approx(bend, rel=1e-6)
    assert not any(part.any() for part in deformed.curvature(x, h, adjoint, 0 * u, 0 * w))
    assert not deformed.bend(x, h, u, w, 0 * p, 0 * q).any()
    assert not deformed.along(x, h, 0 * u, 0 * w).any()


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=repr)
def test_every_option_has_right_derivatives_by_positions_and_cells(case):
    descriptor = in_precision(case.descriptor, "float64")
    first_derivatives_are_right(descriptor, well_apart(case), tolerance=max(case.tolerance, 1e-7), powers=case.powers)


def test_structures_are_not_touched_and_shapes_are_looked_at():
    frames = structures()
    parts = Parts.of(DESCRIPTORS["SOAP"], frames)
    parts.frames.positions[:] += 1.0
    assert (frames[0].positions == structures()[0].positions).all()
    with pytest.raises(ValueError, match=r"positions are of shape \(3, 3\), expected \(17, 3\) for these 5 structures"):
        require_shapes(np.zeros((3, 3)), parts.frames.cells, 17, 5)
    with pytest.raises(ValueError, match=r"cells are of shape \(3, 3\), expected \(5, 3, 3\)"):
        require_shapes(parts.frames.positions, np.zeros((3, 3)), 17, 5)


def test_precision_is_chosen_on_a_copy():
    single = ip.SOAP(r_cut=3.4, n_max=3, l_max=2, species=["H", "C"], dtype="float32")
    assert in_precision(single, "float64").transform(molecule("CH4")).dtype == np.float64
    assert single.dtype == "float32"
    same = in_precision(single, "float32")
    assert same is not single


def test_packed_structures_are_a_sequence_of_frames():
    frames = structures()
    packed = Packed(pack(frames))
    assert len(packed) == len(frames)
    assert as_list(packed)[0] is packed
    for own, frame in zip(packed, frames, strict=True):
        assert (own.positions == frame.positions).all()
        assert (own.cell == frame.cell.array).all()
        assert (own.numbers == frame.numbers).all()
    assert len(packed[1:3]) == 2
    assert (packed[-1].positions == frames[-1].positions).all()
    with pytest.raises(IndexError):
        packed[5]
    soap = DESCRIPTORS["SOAP"]
    assert (soap.transform(packed) == soap.transform(frames)).all()
    out = np.empty((len(soap.rows(packed)), soap.n_features))
    assert (soap.transform(packed, out=out) == soap.transform(frames)).all()
    assert (soap.transform(copy.deepcopy(packed)) == soap.transform(pickle.loads(pickle.dumps(packed)))).all()
