"""Products of Jacobians with many directions are those of `derivatives`, for every fingerprint."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

import isoprint as ip
from catalog import EVERY_DESCRIPTOR_AND_OPTION
from test_fused import frames_for

every = pytest.mark.parametrize("case", EVERY_DESCRIPTOR_AND_OPTION, ids=repr)


def expected_of(descriptor, frames, directions, weights, centers=None):
    """The same from the blocks of the Jacobian, frame by frame."""
    found = descriptor.derivatives(frames, strain=True, centers=centers)
    positions = [np.zeros((blocks.n_atoms, 3, len(directions))) for blocks in found]
    strain = np.zeros((len(frames), 3, 3, len(directions)))
    for place, blocks in enumerate(found):
        own = weights[blocks.rows]
        along = np.einsum("bxf,mf->bxm", blocks.values.astype(float), directions) * own[blocks.center][:, None, :]
        np.add.at(positions[place], blocks.atom, along)
        strain[place] = np.einsum("rabf,mf,rm->abm", blocks.strain.astype(float), directions, own)
    return np.concatenate(positions), strain


def assert_close(found, expected, tolerance=1e-12):
    scale = max(1.0, np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale)


@every
def test_products_are_those_of_the_blocks(case):
    rng = np.random.default_rng(3)
    descriptor, frames = case.descriptor, frames_for(case)
    n_rows, n_features = descriptor.transform(frames).shape
    for m in (1, 37):
        directions, weights = rng.standard_normal((m, n_features)), rng.standard_normal((n_rows, m))
        expected = expected_of(descriptor, frames, directions, weights)
        tolerance = 1e-12 * np.sqrt(n_features)
        one, two = (descriptor.project(frames, directions, weights, strain=True, n_jobs=n) for n in (1, 2))
        assert_close(one.positions, expected[0], tolerance)
        assert_close(one.strain, expected[1], tolerance)
        np.testing.assert_array_equal(one.positions, two.positions)
        np.testing.assert_array_equal(one.strain, two.strain)
        assert descriptor.project(frames, directions, weights).strain is None


def test_a_frame_in_many_pieces_and_any_number_of_threads():
    frame = bulk("Si", cubic=True).repeat(3)
    frame.rattle(0.1, seed=4)
    descriptor = ip.SoapTurbo(r_cut=4.5, n_max=6, l_max=5, species=["Si"])
    rng = np.random.default_rng(5)
    rows = descriptor.transform(frame)
    directions, weights = rows[rng.permutation(len(rows))[:150]], rng.standard_normal((len(rows), 150))
    expected = expected_of(descriptor, [frame], directions, weights)
    found = [descriptor.project(frame, directions, weights, strain=True, n_jobs=n) for n in (1, 2, 3, 7)]
    assert_close(found[0].positions, expected[0])
    assert_close(found[0].strain, expected[1])
    for other in found[1:]:
        np.testing.assert_array_equal(found[0].positions, other.positions)
        np.testing.assert_array_equal(found[0].strain, other.strain)
    one = descriptor.pullback(frame, weights[:, [7]] * directions[7])
    assert_close(found[0].positions[..., 7], one.positions)
    assert_close(found[0].strain[..., 7], one.strain)


@pytest.mark.parametrize("normalize", [False, True])
def test_unit_rows_are_differentiated_as_unit_rows(normalize):
    rng = np.random.default_rng(6)
    frames = [molecule("CH3OH"), molecule("CO2"), molecule("H2O")]
    descriptor = ip.SOAP(r_cut=3.0, n_max=3, l_max=2, species=["H", "C", "O"], normalize=normalize)
    rows = descriptor.transform(frames)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    directions, weights = rng.standard_normal((5, rows.shape[1])), rng.standard_normal((len(rows), 5))
    found = descriptor.project(frames, directions, weights, unit=True, strain=True)
    for k in range(5):
        adjoint = weights[:, [k]] * directions[k]
        unit = rows / length
        adjoint = (adjoint - unit * (unit * adjoint).sum(axis=1, keepdims=True)) / length
        expected = descriptor.pullback(frames, adjoint)
        assert_close(found.positions[..., k], expected.positions, 1e-11)
        assert_close(found.strain[..., k], expected.strain, 1e-11)


def test_some_centers_and_points():
    frame = molecule("CH3OH")
    descriptor = ip.SOAP(r_cut=3.0, n_max=3, l_max=2, species=["H", "C", "O"])
    centers = [3, (0.3, -0.4, 0.5), 0]
    rng = np.random.default_rng(7)
    directions, weights = rng.standard_normal((4, descriptor.n_features)), rng.standard_normal((3, 4))
    found = descriptor.project(frame, directions, weights, centers=centers, strain=True)
    expected = expected_of(descriptor, [frame], directions, weights, [centers])
    assert_close(found.positions, expected[0])
    assert_close(found.strain, expected[1])


def test_nothing_asked_is_nothing_done():
    descriptor = ip.SOAP(r_cut=3.0, n_max=3, l_max=2, species=["H", "O"])
    water = molecule("H2O")
    n = descriptor.n_features
    assert descriptor.project(water, np.zeros((0, n)), np.zeros((3, 0))).positions.shape == (
        3,
        3,
        0,
    )
    assert descriptor.project([], np.ones((2, n)), np.zeros((0, 2))).positions.shape == (0, 3, 2)
    lonely = descriptor.project(Atoms("O"), np.ones((2, n)), np.ones((1, 2)), strain=True)
    assert not lonely.positions.any()
    assert not lonely.strain.any()


def test_bad_arguments_are_named():
    descriptor = ip.SOAP(r_cut=3.0, n_max=3, l_max=2, species=["H", "O"])
    water, n = molecule("H2O"), descriptor.n_features
    good, weights = np.ones((2, n)), np.ones((3, 2))
    for directions, factors, message in [
        (np.ones(n), weights, r"directions have shape"),
        (np.ones((2, n + 1)), weights, rf"expected \(m, {n}\)"),
        (good, np.ones((2, 2)), r"weights has shape \(2, 2\), expected \(3, 2\)"),
        (good * np.nan, weights, r"directions has the entry NaN in row 0, column 0"),
        (good, weights * np.inf, r"weights has the entry inf in row 0, column 0"),
        (good.astype(complex), weights, r"directions is of type complex"),
        ([["a"] * n] * 2, weights, r"directions is of type"),
        (good * 1e200, weights * 1e200, r"so large that the result is not finite"),
    ]:
        with pytest.raises(ValueError, match=message):
            descriptor.project(water, directions, factors)
    with pytest.raises(ValueError, match="row 0 is zero, and has no direction"):
        ip.RadialDistribution(r_cut=1.0, species=["O"], n_points=4).project(
            Atoms("O"), np.ones((1, 4)), np.ones((1, 1)), unit=True
        )
    with pytest.raises(ValueError, match="unit"):
        descriptor.project(water, good, weights, unit="yes")


def test_progress_may_stop_the_work():
    frame = bulk("Si", cubic=True).repeat(4)
    descriptor = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["Si"])

    def stop(done, total):
        assert 0 <= done <= total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        descriptor.project(frame, np.ones((3, descriptor.n_features)), np.ones((len(frame), 3)), progress=stop)
