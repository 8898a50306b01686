"""What kernel ridge regression on fingerprints promises: formulas, targets of every kind, manners of an estimator."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import isoprint as ip
from isoprint.models import SparseKernelRidge


def cells(n=10, seed=0, elements="CO"):
    """Random cells of eight atoms."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(2)] * 3), -1).reshape(-1, 3) * 2.1
    return [
        Atoms(rng.choice(list(elements), 8), grid + rng.normal(scale=0.15, size=grid.shape), cell=[4.2] * 3, pbc=True)
        for _ in range(n)
    ]


def soap(**options):
    return ip.SOAP(**{"r_cut": 3.9, "n_max": 4, "l_max": 3, "species": ["C", "O"], **options})


def nearest(frame):
    distance = frame.get_all_distances(mic=True) + 9.0 * np.eye(len(frame))
    return distance.min(axis=1)


@pytest.fixture(scope="module")
def frames():
    return cells()


@pytest.fixture(scope="module")
def values(frames):
    """A number for each atom."""
    return np.concatenate([nearest(frame) for frame in frames])


def kernel_of(a, b, species_a, species_b, zeta=4):
    return (a @ b.T) ** zeta * (species_a[:, None] == species_b[None, :])


def plainly(descriptor, frames, y, others, *, noise, delta, gather=None):
    """Kernel ridge regression on all centers, without sparse points: by the normal equations."""
    q, p = descriptor.transform(frames), descriptor.transform(others)
    zq, zp = descriptor.rows(frames).species, descriptor.rows(others).species
    known, asked = (np.eye(len(q)), np.eye(len(p))) if gather is None else (gather(frames), gather(others))
    share, wanted = known.sum(axis=1), asked.sum(axis=1)
    intercept = y.sum() / share.sum()
    kernel = delta**2 * known @ kernel_of(q, q, zq, zq) @ known.T
    kernel[np.diag_indices_from(kernel)] += (noise * delta) ** 2
    cross = delta**2 * asked @ kernel_of(p, q, zp, zq) @ known.T
    own = delta**2 * asked @ kernel_of(p, p, zp, zp) @ asked.T
    mean = cross @ np.linalg.solve(kernel, y - share * intercept) + wanted * intercept
    return mean, np.sqrt(np.diag(own - cross @ np.linalg.solve(kernel, cross.T)))


def mean_of(frames):
    return np.kron(np.eye(len(frames)), np.full((1, 8), 1.0 / 8.0))


def sum_of(frames):
    return np.kron(np.eye(len(frames)), np.ones((1, 8)))


@pytest.mark.parametrize(("target", "gather"), [("center", None), ("mean", mean_of), ("sum", sum_of)])
def test_with_all_centers_it_is_a_gaussian_process(frames, values, target, gather):
    y = values if gather is None else gather(frames) @ values
    n = len(frames) - 2
    known = y[: 8 * n] if gather is None else y[:n]
    model = SparseKernelRidge(soap(), target=target, n_sparse=None, delta=0.3, noise=0.05).fit(frames[:n], known)
    wanted, spread = plainly(soap(), frames[:n], known, frames[n:], noise=0.05, delta=0.3, gather=gather)
    found, std = model.predict(frames[n:], return_std=True)
    assert found == pytest.approx(wanted, rel=1e-6)
    assert std == pytest.approx(spread, abs=2e-5)


def test_sparse_points_that_are_all_change_nothing(frames, values):
    every = SparseKernelRidge(soap(), n_sparse=None).fit(frames[:4], values[:32])
    given = SparseKernelRidge(soap(), sparse=every.sparse_).fit(frames[:4], values[:32])
    assert np.array_equal(given.predict(frames[5:]), every.predict(frames[5:]))
    few = SparseKernelRidge(soap(), n_sparse=25, sparse="fps").fit(frames[:4], values[:32])
    assert len(few.alpha_) == 25
    assert few.predict(frames[5:]) == pytest.approx(every.predict(frames[5:]), abs=0.1)


def test_it_learns(frames, values):
    assert SparseKernelRidge(soap(), noise=0.01).fit(frames[:8], values[:64]).score(frames[8:], values[64:]) > 0.5


def test_several_outputs_are_several_models(frames, values):
    y = np.column_stack([values, values**2])
    both = SparseKernelRidge(soap(), delta=0.5).fit(frames, y).predict(frames)
    assert both.shape == y.shape
    for column in (0, 1):
        one = SparseKernelRidge(soap(), delta=0.5).fit(frames, y[:, column]).predict(frames)
        assert both[:, column] == pytest.approx(one, abs=1e-10)


def test_targets_may_belong_to_some_atoms_or_to_points(frames):
    points = [np.array([[0.5, 0.5, 0.5], [1.0, 0.3, 0.2]]) for _ in frames]
    y = np.arange(2.0 * len(frames))
    model = SparseKernelRidge(soap(), n_sparse=None, noise=1e-3).fit(frames, y, centers=points)
    assert model.predict(frames, centers=points) == pytest.approx(y, abs=0.1)
    assert model.predict(frames[3], centers=points[3]) == pytest.approx(y[6:8], abs=0.1)
    assert list(model.sparse_) == ["X"]
    with pytest.raises(ValueError, match="center of 'C'"):
        model.predict(frames[0], centers=[int(np.argmax(frames[0].numbers == 6))])
    oxygen = SparseKernelRidge(soap(centers=["O"]), target="mean").fit(frames, y[: len(frames)])
    assert list(oxygen.sparse_) == ["O"]
    assert oxygen.predict(frames).shape == (len(frames),)


@pytest.mark.parametrize(
    "descriptor", [soap(average="outer"), ip.GlobalCoulombMatrix(n_atoms_max=8, periodic=False)], ids=repr
)
def test_fingerprints_of_whole_frames_will_do(frames, descriptor):
    y = np.arange(float(len(frames)))
    model = SparseKernelRidge(descriptor, n_sparse=None, noise=1e-3, zeta=2).fit(frames, y)
    assert model.predict(frames) == pytest.approx(y, abs=0.2)


def test_rows_that_are_no_unit_vectors_are_made_some(frames, values):
    plain = SparseKernelRidge(soap(normalize=False)).fit(frames, values).predict(frames)
    assert plain == pytest.approx(SparseKernelRidge(soap()).fit(frames, values).predict(frames), abs=1e-7)


def test_standard_deviations_tell_what_is_strange(frames, values):
    model = SparseKernelRidge(soap(), noise=0.05).fit(frames[:7], values[:56])
    std = model.predict(frames, return_std=True)[1]
    assert std[56:].mean() > std[:56].mean()
    strange = molecule("CO")
    strange.center(3.0)
    assert model.predict(strange, return_std=True)[1].min() > std.max()


def test_cross_prediction_is_fit_and_predict_fold_by_fold(frames, values):
    model = SparseKernelRidge(soap(), n_sparse=20, target="mean")
    y = mean_of(frames) @ values
    folds = [(np.arange(5, 10), np.arange(3)), (np.arange(3), np.arange(5, 10))]
    found = model.cross_predict(frames, y, folds=folds)
    for teach, test in folds:
        own = clone(model).fit([frames[k] for k in teach], y[teach]).predict([frames[k] for k in test])
        assert found[test] == pytest.approx(own, abs=1e-12)
    assert np.isnan(found[3:5]).all()
    assert not hasattr(model, "alpha_")
    assert np.isfinite(model.cross_predict(frames, y, folds=3)).all()


def test_it_is_an_estimator(frames, values):
    y = mean_of(frames) @ values
    model = SparseKernelRidge(soap(), target="mean", n_sparse=40)
    assert clone(model).get_params()["descriptor__r_cut"] == 3.9
    found = GridSearchCV(model, {"zeta": [1, 2], "descriptor__sigma": [0.3, 0.5]}, cv=2).fit(frames, y)
    assert found.best_params_["zeta"] in (1, 2)
    assert repr(model).startswith("SparseKernelRidge(SOAP(")
    search = ip.study.hyperparameters(model, {"noise": (1e-3, 1.0, "log")}, frames, y, models=3, cv=2)
    known = clone(model).set_params(**search.best_parameters)
    folds = ip.study._losses.folds_of(2, frames, y, 0)
    assert search.best_loss == pytest.approx(
        np.sqrt(np.mean((known.cross_predict(frames, y, folds=folds) - y) ** 2)), rel=1e-12
    )


def test_frames_may_come_one_after_the_other(frames, values):
    model = SparseKernelRidge(soap(), n_sparse=10, target="mean")
    y = mean_of(frames) @ values
    known = clone(model).fit(frames, y).predict(frames)
    assert np.array_equal(model.fit(iter(frames), y).predict(iter(frames)), known)


def test_learning_again_forgets(frames, values):
    model = SparseKernelRidge(soap(), n_sparse=10).fit(frames, np.column_stack([values, values]))
    assert model.fit(frames, values).predict(frames).shape == values.shape


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"zeta": 0.5}, "zeta is 0.5"),
        ({"delta": 0.0}, "delta is 0.0"),
        ({"noise": -0.1}, "noise is -0.1"),
        ({"n_sparse": 0}, "n_sparse is 0"),
        ({"sparse": "best"}, "sparse is 'best'"),
        ({"sparse": "best", "n_sparse": None}, "sparse is 'best'"),
        ({"target": "atom"}, "target is 'atom'"),
        ({"jitter": -1.0}, "jitter is -1"),
        ({"random_state": 0.5}, "random_state is 0.5"),
    ],
)
def test_parameters_are_checked(frames, values, options, said):
    with pytest.raises(ValueError, match=said):
        SparseKernelRidge(soap(), **options).fit(frames, values)


def test_targets_are_checked(frames, values):
    with pytest.raises(ValueError, match=r"y has shape \(79,\), expected \(80,\).*each row of the descriptor"):
        SparseKernelRidge(soap()).fit(frames, values[1:])
    with pytest.raises(ValueError, match=r"expected \(10,\).*each frame"):
        SparseKernelRidge(soap(), target="sum").fit(frames, values)
    broken = np.where(np.arange(80) == 17, np.nan, values)
    with pytest.raises(ValueError, match=r"y\[17\] is nan"):
        SparseKernelRidge(soap()).fit(frames, broken)
    with pytest.raises(ValueError, match="no targets"):
        SparseKernelRidge(soap()).fit([], [])
    with pytest.raises(ValueError, match="frame 1 has no centers"):
        SparseKernelRidge(soap(centers=["O"]), target="mean").fit([molecule("CO"), bulk("C")], [0.0, 1.0])
    with pytest.raises(ValueError, match="folds is 81"):
        SparseKernelRidge(soap()).cross_predict(frames, values, folds=81)
    with pytest.raises(ValueError, match="there are 80 targets"):
        SparseKernelRidge(soap()).cross_predict(frames, values, folds=[([0], [80])])
    with pytest.raises(ValueError, match="R² has no meaning"):
        SparseKernelRidge(soap()).fit(frames, values).score(frames, np.ones(80))


def test_what_was_not_learned_is_said(frames, values):
    with pytest.raises(ValueError, match="learned nothing yet"):
        SparseKernelRidge(soap()).predict(frames)
    carbon = SparseKernelRidge(soap(centers=["C"])).fit(
        frames, values[np.concatenate([f.numbers for f in frames]) == 6]
    )
    carbon.descriptor.set_params(centers=None)
    with pytest.raises(ValueError, match="center of 'O', of which this model has seen none; it knows C"):
        carbon.predict(frames)
