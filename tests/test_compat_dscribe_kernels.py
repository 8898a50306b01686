"""Kernels with DScribe's interface: its numbers, its forms of arguments, and kernels of one's own."""

from pathlib import Path

import numpy as np
import pytest

from isoprint.compat.dscribe.kernels import AverageKernel, LocalSimilarityKernel, REMatchKernel

GOLDEN = np.load(Path(__file__).parent / "golden/kernels.npz")
ROWS = np.split(GOLDEN["rows"], np.cumsum([3, 5, 1, 8]))
COLUMNS = np.split(GOLDEN["columns"], np.cumsum([6, 2]))
METRICS = ("linear", "polynomial", "rbf", "laplacian", "cosine", "sigmoid")
OPTIONS = {"plain": {}, "raw": {"normalize_kernel": False}, "own": {"gamma": 0.3, "degree": 2, "coef0": 0.5}}
REMATCH = ((1.0, 1e-6), (0.1, 1e-3), (0.01, 1e-8), (1e20, 1e-6))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("metric", METRICS)
def test_the_same_numbers(metric, options):
    kernels = {"average": AverageKernel(metric, **OPTIONS[options])}
    for k, (alpha, threshold) in enumerate(REMATCH):
        kernels[f"rematch{k}"] = REMatchKernel(alpha, threshold, metric, **OPTIONS[options])
    for name, kernel in kernels.items():
        for which, found in (("square", kernel.create(ROWS)), ("between", kernel.create(ROWS, COLUMNS))):
            expected = GOLDEN[f"{name} {metric} {options} {which}"]
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14, err_msg=f"{name} {which}")


def test_arguments_in_their_order_and_attributes_that_can_be_set():
    kernel = REMatchKernel(0.5, 1e-7, "rbf", 1.0, 2, 3, {"a": 1}, False)
    names = ("alpha", "threshold", "metric", "gamma", "degree", "coef0", "kernel_params", "normalize_kernel")
    assert [getattr(kernel, name) for name in names] == [0.5, 1e-7, "rbf", 1.0, 2, 3, {"a": 1}, False]
    kernel.gamma, kernel.normalize_kernel = 0.2, True
    expected = REMatchKernel(0.5, 1e-7, "rbf", 0.2).create(ROWS)
    np.testing.assert_array_equal(kernel.create(ROWS), expected)


def smallest(a, b, factor=1.0):
    return factor * float(np.minimum(a, b).sum())


def test_a_function_of_two_rows():
    kernel = AverageKernel(smallest, kernel_params={"factor": 2.0}, normalize_kernel=False)
    found = kernel.create(ROWS[:2], COLUMNS[:1])
    expected = [[2 * np.mean([[smallest(a, b) for b in COLUMNS[0]] for a in rows])] for rows in ROWS[:2]]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_no_nan_where_exponentials_overflow():
    found = REMatchKernel(alpha=0.01).create([100 * rows for rows in ROWS])
    assert np.isfinite(found).all()
    np.testing.assert_allclose(np.diagonal(found), 1.0)


def test_gamma_of_zero_as_scikit_learn_has_it():
    np.testing.assert_allclose(AverageKernel("rbf", gamma=0.0).create(ROWS), 1.0)


def test_sparse_features():
    from scipy.sparse import csr_array

    expected = AverageKernel("linear").create(ROWS)
    np.testing.assert_allclose(AverageKernel("linear").create([csr_array(rows) for rows in ROWS]), expected)
    sparse = pytest.importorskip("sparse")
    coo = [sparse.COO.from_numpy(rows) for rows in ROWS]
    np.testing.assert_allclose(AverageKernel("linear").create(coo), expected)
    np.testing.assert_allclose(Largest("linear").create(coo), Largest("linear").create(ROWS))


class Largest(LocalSimilarityKernel):
    """A kernel of the user."""

    def get_global_similarity(self, localkernel):
        return localkernel.max()


class Halved(AverageKernel):
    """One of ours, of which the user has changed a part."""

    def get_global_similarity(self, localkernel):
        return 0.5 * super().get_global_similarity(localkernel)


def test_kernels_of_ones_own():
    largest = [[(a @ b.T).max() for b in COLUMNS] for a in ROWS]
    np.testing.assert_allclose(Largest("linear", normalize_kernel=False).create(ROWS, COLUMNS), largest)
    np.testing.assert_allclose(Largest("linear").create(ROWS, COLUMNS), largest)  # rows are of unit length
    plain = AverageKernel("linear", normalize_kernel=False)
    halved = Halved("linear", normalize_kernel=False)
    np.testing.assert_allclose(halved.create(ROWS), 0.5 * plain.create(ROWS))
    np.testing.assert_allclose(Halved("linear").create(ROWS, COLUMNS), AverageKernel("linear").create(ROWS, COLUMNS))
    with pytest.raises(TypeError, match="abstract"):
        LocalSimilarityKernel("linear")


def test_parts_can_be_asked():
    matrix = REMatchKernel().get_pairwise_matrix(ROWS[0], COLUMNS[0])
    np.testing.assert_allclose(matrix, ROWS[0] @ COLUMNS[0].T)
    whole = REMatchKernel(normalize_kernel=False).create(ROWS[:1], COLUMNS[:1])
    assert REMatchKernel().get_global_similarity(matrix) == pytest.approx(whole[0, 0], rel=1e-14)
    assert AverageKernel("linear").get_global_similarity(matrix) == pytest.approx(matrix.mean())
