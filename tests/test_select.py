"""Samples of rows and columns: farthest points, and leverage."""

import numpy as np
import pytest
from ase.build import molecule
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip
from isoprint.select import cur, fps


def matrix(n=60, m=12, seed=0):
    return np.random.default_rng(seed).standard_normal((n, m))


def farthest(points, n, start):
    """Looks at everything every time."""
    taken = [start]
    while len(taken) < n:
        distances = np.linalg.norm(points[:, None] - points[taken], axis=2).min(axis=1)
        distances[taken] = -1.0
        taken.append(int(np.argmax(distances)))
    return taken


# Farthest points


@given(st.integers(1, 40), st.integers(1, 20), st.integers(0, 1000), st.booleans())
def test_each_is_the_farthest_from_all_before_it(n, m, seed, coarse):
    points = matrix(n, m, seed)
    points = np.round(points) if coarse else points
    start = seed % n
    sample = fps(points, n, start=start)
    assert sample.index.tolist() == farthest(points, n, start)
    assert sorted(sample.index) == list(range(n))
    assert sample.distance[0] == np.inf
    assert (np.diff(sample.distance[1:]) <= 0).all()
    assert not sample.distances.any()
    few = fps(points, (n + 1) // 2, start=start)
    np.testing.assert_array_equal(few.index, sample.index[: len(few.index)])
    expected = np.linalg.norm(points[:, None] - points[few.index], axis=2).min(axis=1)
    np.testing.assert_allclose(few.distances, expected, atol=1e-12)


def test_of_columns_and_other_layouts():
    values = matrix(12, 60)
    expected = fps(values.T.copy(), 20)
    for other in (values, np.asfortranarray(values), values[:, ::1]):
        found = fps(other, 20, axis="columns")
        np.testing.assert_array_equal(found.index, expected.index)
        np.testing.assert_array_equal(found.distances, expected.distances)
    from scipy.sparse import csr_array

    np.testing.assert_array_equal(fps(csr_array(values), 20, axis="columns").index, expected.index)
    np.testing.assert_array_equal(fps(values.tolist(), 5).index, fps(values, 5).index)
    whole = np.round(10 * values).astype(int)
    np.testing.assert_array_equal(fps(whole, 5).index, fps(whole.astype(float), 5).index)


def test_single_precision_is_read_as_it_is():
    values = matrix().astype(np.float32)
    np.testing.assert_array_equal(fps(values, 30).index, fps(values.astype(float), 30).index)
    np.testing.assert_array_equal(fps(values, 30).distance, fps(values.astype(float), 30).distance)


def test_the_same_for_any_number_of_threads():
    values = matrix(4000, 50)
    one, three = fps(values, 60, n_jobs=1), fps(values, 60, n_jobs=3)
    for name in ("index", "distance", "distances"):
        np.testing.assert_array_equal(getattr(one, name), getattr(three, name))


def test_a_start_by_chance_can_be_had_again():
    values = matrix()
    starts = {int(fps(values, 1, start=None, random_state=k).index[0]) for k in range(40)}
    assert len(starts) > 20
    again = [fps(values, 9, start=None, random_state=3).index for _ in range(2)]
    np.testing.assert_array_equal(*again)
    generator = np.random.default_rng(3)
    np.testing.assert_array_equal(fps(values, 9, start=None, random_state=generator).index, again[0])
    assert fps(values, 3, start=None, random_state=np.random.RandomState(0)).index.shape == (3,)


def test_progress_and_interrupts():
    told = []
    fps(matrix(3000, 400), 300, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (300, 300)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fps(matrix(3000, 400), 3000, progress=stop)
    with pytest.raises(KeyboardInterrupt):
        cur(matrix(100, 100), 50, progress=stop)


# Leverage


def leverage(values, k):
    """Of the columns, from the decomposition of the whole."""
    _, lengths, vectors = np.linalg.svd(values, full_matrices=False)
    return (vectors[:k][lengths[:k] > 1e-12] ** 2).sum(axis=0)


def plainly(values, n, k):
    """The largest leverage, after what was chosen is projected out, every time from the whole."""
    left, taken, residuals = values.copy(), [], []
    for _ in range(n):
        scores = leverage(left, k)
        scores[taken] = -1.0
        taken.append(int(np.argmax(scores > scores.max() - 1e-9)))
        chosen = values[:, taken]
        left = values - chosen @ np.linalg.lstsq(chosen, values, rcond=None)[0]
        residuals.append((left**2).sum() / (values**2).sum())
    return taken, residuals


@pytest.mark.parametrize("shape", [(60, 30), (20, 50), (40, 40), (300, 5), (3, 8)])
@pytest.mark.parametrize("k", [1, 3, 40])
def test_columns_of_largest_leverage(shape, k):
    values = matrix(*shape) * np.geomspace(1.0, 1e-3, shape[1])
    n = min(shape) - 1
    expected, residuals = plainly(values, n, k)
    sample = cur(values, n, axis="columns", k=k)
    assert sample.index.tolist() == expected
    np.testing.assert_allclose(sample.residual, residuals, rtol=1e-7, atol=1e-14)
    np.testing.assert_array_equal(cur(values.T, n, k=k).index, expected)


def test_without_deflation_the_leverage_is_that_of_the_beginning():
    values = matrix(50, 30)
    scores = leverage(values, 4)
    sample = cur(values, 30, axis="columns", k=4, deflate=False)
    np.testing.assert_array_equal(sample.index, np.argsort(-scores))
    np.testing.assert_allclose(sample.leverage, np.sort(scores)[::-1])
    assert sample.residual[-1] < 1e-25


def test_what_is_chosen_makes_up_the_rest():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((200, 6)) @ rng.standard_normal((6, 80))
    sample = cur(values, 10, axis="columns")
    assert sample.residual[4] > 1e-6
    assert (sample.residual[5:] < 1e-20).all()
    # Nothing is left to choose by: the first of the others follow.
    others = [k for k in range(80) if k not in sample.index[:6]]
    assert sample.index[6:].tolist() == others[:4]


def test_small_scales_are_not_lost():
    """Products of the matrix with itself would have no digit of them."""
    rng = np.random.default_rng(2)
    basis = np.linalg.qr(rng.standard_normal((50, 10)))[0]
    values = basis * np.geomspace(1.0, 1e-11, 10)
    sample = cur(values, 10, axis="columns")
    assert sample.index.tolist() == list(range(10))


def test_a_long_matrix_is_reduced_part_by_part(monkeypatch):
    values = matrix(1000, 7)
    expected = cur(values, 6, axis="columns")
    monkeypatch.setattr("isoprint.select._leverage._PART", 100)
    found = cur(values, 6, axis="columns")
    np.testing.assert_array_equal(found.index, expected.index)
    np.testing.assert_allclose(found.residual, expected.residual, atol=1e-13)


def test_ties_are_broken_by_place_and_draws_by_seed():
    assert cur(np.eye(5), 5).index.tolist() == [0, 1, 2, 3, 4]
    assert cur(np.zeros((4, 3)), 4).index.tolist() == [0, 1, 2, 3]
    values = matrix(30, 30)
    first = {int(cur(values, 1, random_state=k).index[0]) for k in range(30)}
    assert len(first) > 8
    again = [cur(values, 12, random_state=5).index for _ in range(2)]
    np.testing.assert_array_equal(*again)
    assert len(set(again[0].tolist())) == 12


def test_single_precision_is_computed_with_in_double():
    values = matrix().astype(np.float32)
    np.testing.assert_array_equal(cur(values, 10).index, cur(values.astype(float), 10).index)


# Both


@pytest.mark.parametrize("choose", [fps, cur])
def test_what_is_given_is_left_as_it_is(choose):
    for axis in ("rows", "columns"):
        values = matrix(12, 12)
        choose(values, 5, axis=axis)
        np.testing.assert_array_equal(values, matrix(12, 12))


@pytest.mark.parametrize("choose", [fps, cur])
def test_what_makes_no_sense(choose):
    spoiled = matrix()
    spoiled[3, 4] = np.inf
    for values, n, options, message in (
        (spoiled, 3, {}, r"features have inf at \[3, 4\]; they must be finite"),
        (matrix(), 61, {}, "n is 61, but there are 60 rows; choose fewer"),
        (matrix(), 13, {"axis": "columns"}, "n is 13, but there are 12 columns"),
        (matrix(), 0, {}, "n is 0"),
        (matrix(), 2.5, {}, "n is 2.5"),
        (matrix(), 2, {"axis": 0}, "axis is 0; choose one of 'rows', 'columns'"),
        (matrix()[0], 2, {}, r"features is an array of shape \(12,\)"),
        ([["a", "b"]], 1, {}, "give real numbers"),
        (1j * matrix(), 1, {}, "give real numbers"),
        (matrix(0, 3), 1, {}, "there are 0 rows"),
    ):
        with pytest.raises(ValueError, match=message):
            choose(values, n, **options)
    with pytest.raises(ValueError, match="random_state is 'seed'"):
        choose(matrix(), 3, random_state="seed", **({"start": None} if choose is fps else {}))


def test_what_makes_no_sense_for_one():
    with pytest.raises(ValueError, match="start is 60; it must be an integer from 0 to 59"):
        fps(matrix(), 3, start=60)
    with pytest.raises(ValueError, match="have nothing that rows could differ in"):
        fps(np.zeros((3, 0)), 2)
    with pytest.raises(ValueError, match="too large"):
        fps(1e200 * matrix(), 2)
    with pytest.raises(ValueError, match="k is 0"):
        cur(matrix(), 3, k=0)
    with pytest.raises(ValueError, match="deflate is 1"):
        cur(matrix(), 3, deflate=1)


def test_data_frames_are_features_too():
    pytest.importorskip("pandas")
    frames = [molecule("CH4"), molecule("H2O")]
    soap = ip.SOAP(r_cut=3.0, n_max=2, l_max=1, species=["H", "C", "O"])
    plain = fps(soap.transform(frames), 3).index
    np.testing.assert_array_equal(fps(soap.set_output(transform="pandas").transform(frames), 3).index, plain)
