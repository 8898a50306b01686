"""Kernels of structures: what they are, their limits, their derivatives, and their manners."""

import pickle
import warnings

import numpy as np
import pytest
from ase.build import bulk, molecule
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment, linprog

import isoprint as ip
from isoprint.kernels import AverageKernel, BestMatch, REMatch, _blocks, _structures

SOAP = {"r_cut": 3.0, "n_max": 2, "l_max": 2, "sigma": 0.5, "cutoff_width": 0.5}
FRAMES = [molecule(name) for name in ("CH4", "H2O", "C2H6", "CO", "CH3OH")]


def soap(**options):
    return ip.SOAP(**{**SOAP, "species": ["H", "C", "O"], **options})


def features(sizes, n_features=6, seed=0, shift=0.2):
    rng = np.random.default_rng(seed)
    drawn = [np.abs(rng.standard_normal((n, n_features))) + shift for n in sizes]
    return [1.1 * one / np.linalg.norm(one, axis=1)[:, None] for one in drawn]


A, B = features((3, 5, 1, 4)), features((6, 2, 3), seed=1)
METRICS = [
    {"metric": "linear"},
    {"metric": "power", "zeta": 2},
    {"metric": "power", "zeta": 4.5},
    {"metric": "polynomial", "degree": 3, "gamma": 0.2, "coef0": 0.5},
    {"metric": "rbf", "gamma": 0.3},
    {"metric": "laplacian", "gamma": 0.2},
]


def name_of(options):
    return " ".join(f"{value}" for value in options.values())


def plainly(options, a, b):
    """Kernels of environments as they are written down."""
    products = a @ b.T
    differences = a[:, None] - b[None]
    metric = options["metric"]
    if metric in ("linear", "power"):
        return products ** options.get("zeta", 1)
    if metric == "polynomial":
        return (options["gamma"] * products + options["coef0"]) ** options["degree"]
    if metric == "rbf":
        return np.exp(-options["gamma"] * (differences**2).sum(-1))
    return np.exp(-options["gamma"] * np.abs(differences).sum(-1))


def softened(similarities, alpha, steps=800):
    """Iterations of Sinkhorn's, in logarithms, as in a textbook."""
    n, m = similarities.shape
    f, g = np.zeros(n), np.zeros(m)
    for _ in range(steps):
        g = -np.log(m) - np.logaddexp.reduce(similarities / alpha + f[:, None], axis=0)
        f = -np.log(n) - np.logaddexp.reduce(similarities / alpha + g, axis=1)
    return (np.exp(similarities / alpha + f[:, None] + g) * similarities).sum()


def matched(similarities):
    """Environments repeated up to a common multiple, and assigned to each other."""
    n, m = similarities.shape
    repeated = similarities.repeat(m, axis=0).repeat(n, axis=1)
    return repeated[linear_sum_assignment(repeated, maximize=True)].mean()


KINDS = {
    "average": (AverageKernel, {}, lambda s: s.mean()),
    "best": (BestMatch, {}, matched),
    "rematch": (REMatch, {"alpha": 0.7, "tol": 1e-12}, lambda s: softened(s, 0.7)),
}
every_kind = pytest.mark.parametrize("kind", KINDS)
every_metric = pytest.mark.parametrize("options", METRICS, ids=name_of)


# What they are


@every_kind
@every_metric
def test_as_it_is_written_down(kind, options):
    cls, own, similarity = KINDS[kind]
    expected = np.array([[similarity(plainly(options, a, b)) for b in B] for a in A])
    squares = [np.array([similarity(plainly(options, one, one)) for one in many]) for many in (A, B)]
    kernel = cls(**own, **options, normalize=False)
    np.testing.assert_allclose(kernel(A, B), expected, rtol=1e-10)
    np.testing.assert_allclose(kernel.diag(A), squares[0], rtol=1e-10)
    normalized = cls(**own, **options)
    np.testing.assert_allclose(normalized(A, B), expected / np.sqrt(np.outer(*squares)), rtol=1e-10)
    np.testing.assert_allclose(normalized.diag(A), 1.0, rtol=1e-15)


@every_kind
@every_metric
def test_of_structures_among_themselves(kind, options):
    cls, own, _ = KINDS[kind]
    for normalize in (True, False):
        kernel = cls(**own, **options, normalize=normalize)
        square = kernel(A)
        np.testing.assert_array_equal(square, square.T)
        np.testing.assert_allclose(square, kernel(A, A), rtol=1e-10)
        if normalize:
            assert np.diagonal(square).tolist() == [1.0] * len(A)


@every_kind
def test_blocks_do_not_matter(kind, monkeypatch):
    cls, own, _ = KINDS[kind]
    many, others = features(range(1, 30)), features((40, 1, 2, 3), seed=2)
    kernel = cls(**own, metric="rbf", gamma=0.1)
    square, between = kernel(many), kernel(many, others)
    weights = np.random.default_rng(0).standard_normal(between.shape)
    back = kernel.feature_gradient(many, weights, others)
    monkeypatch.setattr(_blocks, "ROWS", 17)
    np.testing.assert_allclose(kernel(many), square, rtol=1e-12)
    np.testing.assert_allclose(kernel(many, others), between, rtol=1e-12)
    np.testing.assert_allclose(kernel.feature_gradient(many, weights, others), back, rtol=1e-9, atol=1e-12)


@every_kind
def test_the_same_for_any_number_of_threads(kind):
    cls, own, _ = KINDS[kind]
    many = features(range(1, 40))
    for options in ({"metric": "linear"}, {"metric": "laplacian"}):
        kernel = cls(**own, **options)
        np.testing.assert_array_equal(kernel(many, n_jobs=1), kernel(many, n_jobs=3))


@given(
    st.integers(1, 7), st.integers(1, 7), st.floats(1e-6, 1e6), st.floats(-12, 12), st.booleans(), st.integers(0, 1000)
)
def test_a_match_lies_between_the_mean_and_the_best(n, m, scale, exponent, coarse, seed):
    rng = np.random.default_rng(seed)
    similarities = rng.random((n, m))
    similarities = scale * (np.round(3.0 * similarities) if coarse else similarities)
    kernel = lambda cls, **options: cls(metric=lambda a, b: similarities, normalize=False, **options)(  # noqa: E731
        [np.ones((n, 1))], [np.ones((m, 1))]
    )[0, 0]
    mean, best = kernel(AverageKernel), kernel(BestMatch)
    alpha = scale * 10.0**exponent
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        between = kernel(REMatch, alpha=alpha)
    assert mean == pytest.approx(similarities.mean(), rel=1e-12)
    assert best == pytest.approx(matched(similarities), rel=1e-12)
    assert mean - 1e-8 * scale <= between <= best + 1e-8 * scale
    assert between >= best - alpha * np.log(n * m) - 1e-8 * scale


def test_a_best_match_of_unequal_structures_is_that_of_a_linear_program():
    for a, b in zip(features((7, 4, 12)), features((5, 11, 8), seed=3), strict=True):
        similarities = a @ b.T
        n, m = similarities.shape
        sums = np.concatenate([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
        solved = linprog(-similarities.ravel(), A_eq=sums, b_eq=[1 / n] * n + [1 / m] * m)
        assert BestMatch(normalize=False)([a], [b])[0, 0] == pytest.approx(-solved.fun, rel=1e-9)


def test_limits_of_alpha():
    np.testing.assert_allclose(REMatch(alpha=1e9)(A, B), AverageKernel()(A, B), rtol=1e-7)
    np.testing.assert_allclose(REMatch(alpha=1e-4)(A, B), BestMatch()(A, B), rtol=1e-4)
    np.testing.assert_array_equal(REMatch(alpha=1e-14)(A, B), BestMatch()(A, B))


@pytest.mark.parametrize("alpha", [1e-300, 1e-8, 1e-3, 0.1, 1.0, 1e8, 1e300])
def test_raw_features_of_any_size_have_no_nan(alpha):
    for scale in (1e-8, 1.0, 1e3, 1e6):
        many = [scale * one for one in features((8, 9, 3), n_features=40)]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = REMatch(alpha=alpha)(many)
        assert np.isfinite(found).all()
        assert (np.abs(found) <= 1.0 + 1e-7).all()


def test_iterations_that_do_not_end_are_told():
    with pytest.warns(RuntimeWarning, match=r"12 of 12 pairs .* within 1 iterations; take a larger alpha"):
        REMatch(alpha=0.01, max_iter=1, normalize=False)(A, features((6, 2, 3), seed=1))


def test_structures_that_are_similar_to_nothing():
    with_none = [*A, np.zeros((2, 6))]
    for kernel in (AverageKernel(), BestMatch(), REMatch()):
        found = kernel(with_none)
        assert found[-1].tolist() == [0.0] * 5
        np.testing.assert_array_equal(found[:-1, :-1], kernel(A))
        assert np.isfinite(kernel.feature_gradient(with_none, np.ones((5, 3)), B)).all()


# Derivatives


def difference(function, step=1e-4):
    return (8 * (function(step) - function(-step)) - function(2 * step) + function(-2 * step)) / (12 * step)


@every_kind
@every_metric
@pytest.mark.parametrize("normalize", [True, False])
def test_derivatives_are_differences(kind, options, normalize):
    cls, own, _ = KINDS[kind]
    kernel = cls(**own, **options, normalize=normalize)
    rng = np.random.default_rng(5)
    weights = rng.standard_normal((len(A), len(B)))
    back = kernel.feature_gradient(A, weights, B)
    assert back.shape == (13, 6)
    along = rng.standard_normal(back.shape)
    ends = np.cumsum([0, *map(len, A)])

    def moved(step):
        return (weights * kernel([a + step * along[ends[k] : ends[k + 1]] for k, a in enumerate(A)], B)).sum()

    # Absolute values have kinks, which a short step does not cross.
    step, tolerance = (1e-6, 1e-6) if options["metric"] == "laplacian" else (1e-4, 1e-8)
    assert (back * along).sum() == pytest.approx(difference(moved, step), rel=10 * tolerance, abs=tolerance)
    np.testing.assert_array_equal(kernel.fit(B).feature_gradient(A, weights), back)


@pytest.mark.parametrize("kind", ["average", "rematch"])
def test_forces_are_differences(kind):
    cls, own, _ = KINDS[kind]
    kernel = cls(soap(), **own, metric="power", zeta=2).fit(FRAMES)
    rng = np.random.default_rng(2)
    frames, weights = [FRAMES[2].copy(), bulk("C", cubic=True)], rng.standard_normal((2, 5))
    for frame in frames:
        frame.positions += 0.1 * rng.standard_normal(frame.positions.shape)
    gradient = kernel.pullback(frames, weights)
    along = [rng.standard_normal(frame.positions.shape) for frame in frames]

    def moved(step):
        copies = [frame.copy() for frame in frames]
        for frame, direction in zip(copies, along, strict=True):
            frame.positions += step * direction
        return (weights * kernel.transform(copies)).sum()

    def strained(step):
        copies = [frame.copy() for frame in frames]
        for frame in copies:
            frame.set_cell(frame.cell[:] * (1 + step), scale_atoms=False)
            frame.positions *= 1 + step
        return (weights * kernel.transform(copies)).sum()

    assert (gradient.positions * np.concatenate(along)).sum() == pytest.approx(difference(moved), rel=1e-6)
    assert np.trace(gradient.strain.sum(axis=0)) == pytest.approx(difference(strained), rel=1e-6)


class Cosine:
    """A metric of the user that knows its derivative."""

    def __call__(self, a, b):
        return (a @ b.T) / np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))

    def pullback(self, a, b, adjoint):
        lengths = np.linalg.norm(a, axis=1)[:, None]
        unit = a / lengths
        plain = adjoint @ (b / np.linalg.norm(b, axis=1)[:, None])
        return (plain - unit * (plain * unit).sum(axis=1)[:, None]) / lengths


def test_a_metric_of_the_user():
    mine, theirs = REMatch(metric=Cosine()), REMatch(metric="cosine")
    np.testing.assert_allclose(mine(A, B), theirs(A, B), rtol=1e-12)
    weights = np.ones((len(A), len(B)))
    back = mine.feature_gradient(A, weights, B)
    step = 1e-5 * np.random.default_rng(0).standard_normal((3, 6))
    moved = [(weights * mine([A[0] + sign * step, *A[1:]], B)).sum() for sign in (1, -1)]
    assert (back[:3] * step).sum() == pytest.approx((moved[0] - moved[1]) / 2, rel=1e-5)
    with pytest.raises(ValueError, match=r"whose derivative is not known; give it a method pullback"):
        theirs.feature_gradient(A, weights, B)
    with pytest.raises(ValueError, match=r"metric returned an array of shape \(1,\) for 3 and 3 rows"):
        AverageKernel(metric=lambda a, b: [1.0])(A[:1])


# Ways to give structures


@every_kind
def test_frames_are_described(kind):
    cls, own, _ = KINDS[kind]
    made = [soap().transform(frame) for frame in FRAMES]
    with_frames, without = cls(soap(), **own), cls(**own)
    np.testing.assert_array_equal(with_frames(FRAMES), without(made))
    np.testing.assert_array_equal(with_frames(FRAMES[:2], FRAMES[2:]), without(made[:2], made[2:]))
    assert with_frames(FRAMES[0]).tolist() == [[1.0]]
    assert with_frames([]).shape == (0, 0)
    assert without([]).shape == (0, 0)
    assert without(made, []).shape == (5, 0)
    fitted = cls(soap(species=None), **own).fit(FRAMES)
    assert fitted.descriptor_.species_ == ["H", "C", "O"]
    np.testing.assert_allclose(fitted.transform(FRAMES[:2]), without(made)[:2], rtol=1e-9)


def test_features_that_would_take_too_much_memory_are_computed_again(monkeypatch):
    expected = REMatch(soap())(FRAMES, FRAMES[:2])
    monkeypatch.setattr(_structures, "KEPT", 0)
    monkeypatch.setattr(_blocks, "ROWS", 4)
    calls = []
    fingerprint = soap()
    monkeypatch.setattr(type(fingerprint), "transform", counted(type(fingerprint).transform, calls))
    np.testing.assert_allclose(REMatch(fingerprint)(FRAMES, FRAMES[:2]), expected, rtol=1e-12)
    assert len(calls) > 10


def counted(transform, calls):
    def counting(self, frames, **options):
        calls.append(len(frames))
        return transform(self, frames, **options)

    return counting


def test_all_kinds_of_arrays():
    expected = AverageKernel(metric="rbf")(A)
    from scipy.sparse import csr_array

    assert np.array_equal(AverageKernel(metric="rbf")([csr_array(a) for a in A]), expected)
    assert np.array_equal(AverageKernel(metric="rbf")([a.tolist() for a in A]), expected)
    assert np.array_equal(AverageKernel(metric="rbf")(a for a in A), expected)
    single = AverageKernel(metric="rbf")([a.astype(np.float32) for a in A])
    np.testing.assert_allclose(single, expected, rtol=1e-6)
    assert single.dtype == np.float64
    stacked = np.stack([A[0], A[0] + 1.0])
    assert AverageKernel()(stacked).shape == (2, 2)


def test_written_where_it_is_wanted(tmp_path):
    for kernel in (AverageKernel(), AverageKernel(metric="rbf"), REMatch()):
        square, between = kernel(A), kernel(A, B)
        for dtype, tolerance in (("float64", 0), ("float32", 1e-6)):
            out = np.memmap(tmp_path / "out", dtype, "w+", shape=square.shape)
            assert kernel(A, out=out) is out
            np.testing.assert_allclose(out, square, rtol=tolerance)
            wide = np.zeros((4, 6), dtype)
            assert kernel.fit(B).transform(A, out=wide[:, ::2]).base is wide
            np.testing.assert_allclose(wide[:, ::2], between, rtol=tolerance)
            assert not wide[:, 1::2].any()
    with pytest.raises(ValueError, match=r"out is an array of shape \(2, 2\), expected .* \(4, 4\)"):
        AverageKernel()(A, out=np.zeros((2, 2)))


# What is refused

WRONG = [
    ({"metric": "lineal"}, "metric is 'lineal'; choose one of 'linear', 'power'"),
    ({"metric": 3}, "metric is 3; choose one of"),
    ({"zeta": 0}, "zeta is 0; it must be positive"),
    ({"gamma": -1.0}, "gamma is -1.0; it must be positive"),
    ({"degree": float("nan")}, "degree is nan"),
    ({"coef0": "one"}, "coef0 is 'one'"),
    ({"normalize": 1}, "normalize is 1; it must be True or False"),
    ({"alpha": 0.0}, "alpha is 0.0; it must be positive; BestMatch is the limit"),
    ({"tol": 0}, "tol is 0; it must be positive"),
    ({"max_iter": 0}, "max_iter is 0"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=lambda value: str(value)[:30])
def test_parameters_out_of_range(options, message):
    kernel = REMatch(**options)
    for use in (lambda: kernel(A), lambda: kernel.fit(A)):
        with pytest.raises(ValueError, match=message):
            use()


def test_structures_that_make_no_sense():
    spoiled = [A[0], A[1].copy()]
    spoiled[1][2, 3] = np.nan
    for structures, message in (
        (spoiled, r"features of structure 1 have nan at \[2, 3\]; they must be finite"),
        ([A[0], A[1][:, :3]], "structure 1 has 3 features and structure 0 has 6"),
        ([A[0], A[1][:0]], r"structure 1 is an array of shape \(0, 6\), without environments"),
        (A[0], r"structure 0 is an array of shape \(6,\); give a list with an array"),
        (FRAMES, "structure 0 is a Atoms, not an array of features; give the kernel a descriptor"),
        (3, "structures are 3"),
        ([[["a"]]], "features of structure 0 are of type"),
        ([1e200 * A[0], A[1]], "too large"),
    ):
        for kernel in (AverageKernel(), REMatch()):
            with pytest.raises(ValueError, match=message):
                kernel(structures)
    with pytest.raises(ValueError, match="have 6 features, and those to compare with 3"):
        AverageKernel()(A, [b[:, :3] for b in B])
    with pytest.raises(ValueError, match="no structures to compare with; call fit"):
        AverageKernel().transform(A)
    with pytest.raises(
        ValueError, match=r"adjoint is an array of shape \(4, 4\); give finite numbers of shape \(4, 3\)"
    ):
        AverageKernel().feature_gradient(A, np.ones((4, 4)), B)
    with pytest.raises(ValueError, match="adjoint is not finite everywhere"):
        AverageKernel().feature_gradient(A, np.full((4, 3), np.inf), B)
    with pytest.raises(ValueError, match="frame 1 has no environments"):
        AverageKernel(soap(centers=["C"]))(FRAMES)
    with pytest.raises(ValueError, match="there is no descriptor to go back through"):
        AverageKernel().fit(A).pullback(FRAMES, np.ones((5, 4)))
    with pytest.raises(ValueError, match=r"zeta is 0\.5, but products of features go down to -.*; take a whole zeta"):
        AverageKernel(metric="power", zeta=0.5)([A[0], -A[1]])
    with pytest.raises(ValueError, match="cannot be normalized"):
        AverageKernel(metric=lambda a, b: -(a @ b.T))(A)


# Manners


def test_parameters_are_those_of_the_descriptor_too():
    from sklearn.base import clone

    kernel = REMatch(soap(), alpha=0.3)
    assert kernel.get_params()["descriptor__n_max"] == 2
    assert "descriptor__n_max" not in kernel.get_params(deep=False)
    other = clone(kernel).set_params(descriptor__n_max=3, alpha=0.5)
    assert (other.descriptor.n_max, other.alpha, kernel.descriptor.n_max) == (3, 0.5, 2)
    assert repr(REMatch(alpha=0.3)) == "REMatch(alpha=0.3)"
    with pytest.raises(ValueError, match="REMatch has no parameter 'sigma'"):
        kernel.set_params(sigma=1.0)
    with pytest.raises(ValueError, match="which has no parameter 'n_max'"):
        REMatch().set_params(descriptor__n_max=3)


@every_kind
def test_a_transformer_like_any_other(kind):
    pandas = pytest.importorskip("pandas")
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    cls, own, _ = KINDS[kind]
    kernel = cls(soap(species=None), **own)
    square = kernel.fit_transform(FRAMES)
    np.testing.assert_allclose(kernel.transform(FRAMES), square, rtol=1e-9)
    again = pickle.loads(pickle.dumps(kernel))
    np.testing.assert_array_equal(again.transform(FRAMES[:2]), kernel.transform(FRAMES[:2]))
    assert len(kernel.get_feature_names_out()) == kernel.n_features_out_ == 5
    table = cls(soap(), **own).set_output(transform="pandas").fit_transform(FRAMES)
    assert isinstance(table, pandas.DataFrame)
    assert table.columns.tolist() == [f"{cls.__name__.lower()}{k}" for k in range(5)]
    energies = np.array([-24.0, -14.0, -40.0, -21.0, -31.0])
    model = make_pipeline(kernel, KernelRidge(kernel="precomputed", alpha=1e-10))
    np.testing.assert_allclose(model.fit(FRAMES, energies).predict(FRAMES), energies, rtol=1e-3)
    search = GridSearchCV(model, {f"{cls.__name__.lower()}__descriptor__n_max": [1, 2]}, cv=2)
    assert np.isfinite(search.fit(FRAMES, energies).best_score_)


def test_other_parameters_after_fit_count():
    kernel = REMatch(metric="rbf", gamma=0.3).fit(B)
    kernel.transform(A)
    np.testing.assert_allclose(kernel.set_params(gamma=0.7).transform(A), REMatch(metric="rbf", gamma=0.7)(A, B))


def test_what_was_given_is_left_as_it_is():
    given = features((3, 4))
    copies = [one.copy() for one in given]
    kernel = REMatch().fit(given)
    expected = kernel.transform(B)
    given[0][...] = 7.0
    np.testing.assert_array_equal(kernel.transform(B), expected)
    kernel(copies)
    np.testing.assert_array_equal(copies[1], given[1])


def test_import_stays_light():
    import subprocess
    import sys

    program = (
        "import isoprint, sys; print(any(name.startswith('isoprint.kernels') for name in sys.modules));"
        "isoprint.kernels.AverageKernel; print({'scipy', 'sklearn', 'ase'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split("\n")
    assert out[:2] == ["False", "set()"]
