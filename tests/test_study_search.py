"""Searches for hyperparameters: ranges, methods, files that go on after a kill, failures that stay with their model."""

import json
import math
import threading

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import isoprint as ip
from children import python
from isoprint import study
from isoprint.study._proposals import METHODS
from isoprint.study._ranges import ranges_of

X = np.linspace(-3.0, 3.0, 40)[:, None]
Y = np.sin(X[:, 0])
RANGES = {"alpha": (1e-6, 1.0, "log"), "gamma": (0.01, 10.0, "log"), "kernel": ["rbf", "laplacian"]}


def search(**options):
    return study.hyperparameters(KernelRidge(), RANGES, X, Y, **{"models": 30, **options})


def losses(found):
    return [record["loss"] for record in found.records]


class Parabola:
    """An estimator whose loss is known: its least is at x = 2, y = 3."""

    def __init__(self, x=0.0, y=0.0):
        self.x, self.y = x, y

    def get_params(self, deep=True):
        return {"x": self.x, "y": self.y}

    def set_params(self, **params):
        vars(self).update(params)
        return self


def parabola(estimator):
    return (estimator.x - 2.0) ** 2 + (estimator.y - 3.0) ** 2


# Ranges


def test_intervals_reach_from_end_to_end_evenly_or_by_logarithms():
    known = ranges_of({"a": (2, 4), "b": (1e-4, 1.0, "log")})
    assert [known["a"].at(u) for u in (0.0, 0.5, 1.0)] == [2.0, 3.0, 4.0]
    assert [known["b"].at(u) for u in (0.0, 0.5, 1.0)] == pytest.approx([1e-4, 1e-2, 1.0])


def test_choices_and_whole_numbers_have_equal_shares():
    known = ranges_of({"a": ["x", "y"], "b": range(3, 9, 2)})
    assert [known["a"].at(u) for u in (0.0, 0.49, 0.51, 1.0)] == ["x", "x", "y", "y"]
    assert [known["b"].at(u) for u in (0.0, 0.4, 0.9, 1.0)] == [3, 5, 7, 7]
    assert not known["a"].ordered
    assert known["b"].ordered


def test_distributions_of_scipy_are_drawn_by_their_quantiles():
    from scipy import stats

    known = ranges_of({"a": stats.norm(5.0, 2.0), "b": stats.randint(1, 4)})
    assert known["a"].at(0.5) == pytest.approx(5.0)
    assert math.isfinite(known["a"].at(0.0))
    assert math.isfinite(known["a"].at(1.0))
    assert {known["b"].at(u) for u in np.linspace(0.0, 1.0, 50)} == {1, 2, 3}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((1.0,), "give"),
        ((2.0, 1.0), "rise"),
        ((0.0, 1.0, "log"), "positive"),
        ((0.0, 1.0, "lin"), "give"),
        ((0.0, np.inf), "finite"),
        ([], "empty"),
        (range(0), "empty"),
        (3.0, "give"),
        ("ab", "give"),
    ],
)
def test_what_is_no_range_is_named(given, said):
    with pytest.raises(ValueError, match=rf"alpha.*{said}"):
        study.hyperparameters(KernelRidge(), {"alpha": given}, X, Y, models=1)


# Methods


@pytest.mark.parametrize("method", sorted(METHODS))
def test_results_do_not_depend_on_how_many_work(method):
    if method == "optuna":
        pytest.importorskip("optuna")
    one = search(method=method)
    assert losses(search(method=method, n_jobs=3)) == losses(one)
    assert losses(search(method=method, seed=1)) != losses(one)
    assert {frozenset(record["parameters"]) for record in one.records} == {frozenset(RANGES)}


def test_processes_give_what_threads_give():
    assert losses(search(models=18, n_jobs=2, backend="processes")) == losses(search(models=18))


def test_models_are_made_at_a_time():
    together = threading.Barrier(3, timeout=60)

    def loss(estimator):
        if estimator.x < 2.0:  # all of the first models
            together.wait()
        return 0.0

    found = study.hyperparameters(Parabola(), {"x": (0.0, 1.0)}, loss=loss, models=6, n_jobs=3)
    assert losses(found) == [0.0] * 6


def test_moves_find_the_least_sooner_than_even_draws():
    ranges = {"x": (-50.0, 50.0), "y": (-50.0, 50.0)}
    ends = {
        method: np.median([
            study.hyperparameters(Parabola(), ranges, loss=parabola, models=200, seed=seed, method=method).best_loss
            for seed in range(5)
        ])
        for method in ("monte_carlo", "uniform")
    }  # fmt: skip
    assert ends["monte_carlo"] < 0.3 * ends["uniform"]


def test_moves_stay_within_ranges_and_visit_every_choice():
    ranges = {"x": (1.0, 2.0), "y": range(2, 6)}
    found = study.hyperparameters(Parabola(), ranges, loss=parabola, models=300)
    assert all(1.0 <= record["parameters"]["x"] <= 2.0 for record in found.records)
    assert {record["parameters"]["y"] for record in found.records} == {2, 3, 4, 5}
    assert found.best_parameters["y"] == 3


def test_seconds_end_a_search():
    found = study.hyperparameters(Parabola(), {"x": (0.0, 1.0)}, loss=parabola, models=10**6, seconds=0.2)
    assert 0 < len(found) < 10**6


# Losses


def test_cross_validation_is_that_of_scikit_learn():
    from sklearn.model_selection import cross_val_predict

    folds = study._losses.folds_of(4, X, Y, 0)
    found = study.hyperparameters(KernelRidge(kernel="rbf"), {"gamma": [0.5]}, X, Y, cv=4, models=1)
    predicted = cross_val_predict(KernelRidge(kernel="rbf", gamma=0.5), X, Y, cv=folds)
    assert found.best_loss == pytest.approx(np.sqrt(np.mean((predicted - Y) ** 2)), rel=1e-12)


def test_folds_may_be_a_splitter_or_pairs():
    pairs = list(GroupKFold(4).split(X, groups=np.arange(40) // 10))
    ranges = {"kernelridge__gamma": (0.1, 1.0)}
    model = make_pipeline(StandardScaler(), KernelRidge(kernel="rbf"))
    by_pairs = study.hyperparameters(model, ranges, X, Y, cv=pairs, models=3)
    assert by_pairs.best_loss > study.hyperparameters(model, ranges, X, Y, cv=4, models=3).best_loss
    with pytest.raises(ValueError, match="there are 40 samples"):
        study.hyperparameters(model, ranges, X, Y, cv=[([0], [40])], models=1)
    for cv in (1, 41):
        with pytest.raises(ValueError, match=f"cv is {cv}"):
            study.hyperparameters(model, ranges, X, Y, cv=cv, models=1)


def test_a_test_set_takes_the_place_of_folds():
    model = KernelRidge(kernel="rbf").set_params(gamma=0.5)
    found = study.hyperparameters(model, {"alpha": [0.1]}, X[::2], Y[::2], test=(X[1::2], Y[1::2]), models=1)
    known = KernelRidge(kernel="rbf", gamma=0.5, alpha=0.1).fit(X[::2], Y[::2]).predict(X[1::2])
    assert found.best_loss == pytest.approx(np.sqrt(np.mean((known - Y[1::2]) ** 2)), rel=1e-12)


def test_models_whose_frames_bring_labels_are_judged_by_their_score(silicon):
    model = ip.models.SparseGP(ip.SOAP(r_cut=3.5, n_max=3, l_max=2, species=["Si"]), n_sparse=3, sparse="random")
    found = study.hyperparameters(model, {"zeta": [1, 2], "descriptor__sigma": (0.3, 0.6)}, silicon, cv=3, models=4)
    assert all(loss > 0.0 for loss in losses(found))
    assert model.zeta == 4
    assert not hasattr(model, "alpha_")


@pytest.fixture
def silicon():
    from ase.build import bulk

    frames = [bulk("Si", cubic=True, a=a) for a in np.linspace(5.2, 5.8, 6)]
    for seed, frame in enumerate(frames):
        frame.rattle(0.05, seed=seed)
        frame.info["energy"] = -43.4 + 20.0 * (frame.cell[0, 0] - 5.43) ** 2
    return frames


# Failures


def test_what_goes_wrong_stays_with_its_model():
    def loss(estimator):
        if estimator.x > 0.5:
            raise RuntimeError(f"x is {estimator.x:.0f},\ntoo large")
        return math.nan if estimator.x < 0.2 else estimator.x

    found = study.hyperparameters(Parabola(), {"x": (0.0, 1.0)}, loss=loss, models=40)
    assert len(found) == 40
    assert {row["error"] for row in found.errors} == {"RuntimeError: x is 1, too large", "the loss is nan"}
    assert 0.2 <= found.best_loss <= 0.5


def test_where_all_models_fail_the_first_error_is_told():
    def loss(estimator):
        raise RuntimeError("no luck")

    found = study.hyperparameters(Parabola(), {"x": (0.0, 1.0)}, loss=loss, models=3)
    with pytest.raises(ValueError, match=r"none of 3 models.*no luck"):
        _ = found.best
    assert found.running_best() == [np.inf] * 3
    assert len(found.hull("x")) == 0
    found.plot()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"models": None}, "no end in sight"),
        ({"models": 0}, "models is 0"),
        ({"seconds": 0.0}, "seconds is 0"),
        ({"method": "genetic"}, "genetic"),
        ({"backend": "cluster"}, "cluster"),
        ({"seed": -1}, "seed is -1"),
        ({"n_jobs": 0}, "n_jobs is 0"),
        ({"test": X}, "pair"),
    ],
)
def test_arguments_are_checked(options, said):
    with pytest.raises(ValueError, match=said):
        search(**options)


def test_names_and_estimators_are_checked():
    with pytest.raises(ValueError, match="no parameter 'gama'"):
        study.hyperparameters(KernelRidge(), {"gama": (0.0, 1.0)}, X, Y, models=1)
    with pytest.raises(TypeError, match="no get_params"):
        study.hyperparameters(object(), {"a": (0.0, 1.0)}, X, Y, models=1)
    with pytest.raises(ValueError, match="no data"):
        study.hyperparameters(KernelRidge(), {"alpha": (0.0, 1.0)}, models=1)
    with pytest.raises(ValueError, match="ranges are"):
        study.hyperparameters(KernelRidge(), {}, X, Y, models=1)


# Files


@pytest.mark.parametrize("method", ["monte_carlo", "uniform", "optuna"])
@pytest.mark.parametrize("cut", [7, 1500, -1])
def test_a_killed_search_goes_on_where_it_ended(tmp_path, method, cut):
    if method == "optuna":
        pytest.importorskip("optuna")
    path = tmp_path / "search.jsonl"
    whole = search(method=method, path=path)
    content = path.read_bytes()
    path.write_bytes(content[:cut])
    assert losses(search(method=method, path=path, n_jobs=2)) == losses(whole)
    assert sorted(json.loads(line)["model"] for line in path.read_text().splitlines()[1:]) == list(range(30))


def test_nothing_is_computed_twice(tmp_path):
    path, seen = tmp_path / "search.jsonl", []

    def loss(estimator):
        seen.append(estimator.x)
        return estimator.x

    options = {"loss": loss, "path": path}
    study.hyperparameters(Parabola(), {"x": (0.0, 1.0)}, models=5, **options)
    found = study.hyperparameters(Parabola(), {"x": (0.0, 1.0)}, models=8, **options)
    assert len(seen) == len(found) == 8
    assert len(study.hyperparameters(Parabola(), {"x": (0.0, 1.0)}, models=3, **options)) == 3
    assert len(study.Search.read(path)) == 8


def test_results_are_on_the_disk_as_they_come(tmp_path):
    path = tmp_path / "search.jsonl"

    def loss(estimator):
        if len(path.read_bytes().splitlines()) == 4:
            raise KeyboardInterrupt
        return estimator.x

    with pytest.raises(KeyboardInterrupt):
        study.hyperparameters(Parabola(), {"x": (0.0, 1.0)}, loss=loss, models=9, path=path)
    assert len(study.Search.read(path)) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "another seed: 0, and not 1"),
        ({"method": "uniform"}, "another method"),
        ({"cv": 4}, "another folds"),
        ({"ranges": {"alpha": (1e-5, 1.0, "log")}}, "another ranges"),
        ({"data": X + 1.0}, "another data"),
        ({"targets": Y + 1.0}, "another data"),
        ({"estimator": KernelRidge(degree=2)}, "another estimator"),
    ],
)
def test_a_file_of_another_study_is_refused(tmp_path, change, said):
    path = tmp_path / "search.jsonl"
    given = {"estimator": KernelRidge(), "ranges": {"alpha": (1e-6, 1.0, "log")}, "data": X, "targets": Y}
    study.hyperparameters(**given, models=2, path=path)
    content = path.read_bytes()
    with pytest.raises(ValueError, match=said):
        study.hyperparameters(**{**given, **change}, models=2, path=path)
    assert path.read_bytes() == content


def test_frames_with_other_labels_are_other_data(silicon):
    from isoprint.study._losses import checksum

    before = checksum(silicon)
    assert checksum([frame.copy() for frame in silicon]) == before
    silicon[3].info["energy"] += 1e-9
    assert checksum(silicon) != before


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda lines: [b"hello\n"], "no file of a study"),
        (lambda lines: [b"hello"], "no file of a study"),
        (lambda lines: [lines[0], b"{}\n", *lines[1:]], "line 2"),
        (lambda lines: [lines[0], b"\xff\n", *lines[1:]], "line 2"),
        (lambda lines: [lines[0].replace(b'"format": 1', b'"format": 2')], "format 2"),
        (lambda lines: [lines[0], lines[1].replace(b'"alpha": ', b'"alpha": 1')], "model 0 of the file"),
    ],
)
def test_damaged_files_are_refused_and_stay(tmp_path, damage, said):
    path = tmp_path / "search.jsonl"
    search(models=3, path=path)
    content = b"".join(damage(path.read_bytes().splitlines(keepends=True)))
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        search(models=3, path=path)
    assert path.read_bytes() == content


def test_two_runs_do_not_share_a_file(tmp_path):
    pytest.importorskip("fcntl")
    path = tmp_path / "search.jsonl"

    def loss(estimator):
        with pytest.raises(ValueError, match="another run"):
            search(path=path)
        return 0.0

    study.hyperparameters(Parabola(), {"x": (0.0, 1.0)}, loss=loss, models=1, path=path)


def test_a_missing_folder_is_an_error_that_names_it(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        search(path=tmp_path / "nowhere" / "search.jsonl")


FULL = """
import resource, sys
from test_study_search import Parabola, parabola, study
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    study.hyperparameters(Parabola(), {"x": (0.0, 1.0)}, loss=parabola, models=30, path=sys.argv[1])
except OSError as problem:
    print(problem)
"""


@pytest.mark.parametrize("limit", [100, 1500])
def test_where_no_more_can_be_written_what_was_is_kept(tmp_path, limit):
    pytest.importorskip("resource")
    path = tmp_path / "search.jsonl"
    done = python("-c", FULL, str(path), str(limit))
    assert done.stdout.strip() == f"{path} cannot be written: File too large", done.stderr
    found = study.hyperparameters(Parabola(), {"x": (0.0, 1.0)}, loss=parabola, models=30, path=path)
    assert len(found) == len(study.Search.read(path)) == 30


def test_results_are_added_to_files_alone(tmp_path):
    with pytest.raises(ValueError, match="no file, to which"):
        search(path=tmp_path)


def test_functions_without_a_name_reach_other_processes():
    found = study.hyperparameters(
        KernelRidge(), {"alpha": (0.0, 1.0)}, loss=lambda model: model.alpha, models=3, backend="processes"
    )
    assert losses(found) == [record["parameters"]["alpha"] for record in found.records]


# Results


def test_a_hull_is_the_least_in_each_part():
    ranges = {"x": (0.0, 8.0), "y": range(1, 5)}
    found = study.hyperparameters(Parabola(), ranges, loss=parabola, models=300, method="uniform")
    hull = found.hull("x", 4)
    assert hull.column("value") == [1.0, 3.0, 5.0, 7.0]
    for row in hull:
        own = [r["loss"] for r in found.table if row["low"] <= r["x"] < row["high"]]
        assert (row["loss"], row["count"]) == (min(own), len(own))
    assert found.hull("y").column("value") == [1, 2, 3, 4]
    assert min(found.hull("y"), key=lambda row: row["loss"])["value"] == 3
    assert [round(row["low"]) for row in found.hull("y", 2)] == [1, 2]
    with pytest.raises(ValueError, match="'z' was not varied"):
        found.hull("z")


def test_logarithmic_ranges_have_logarithmic_parts():
    hull = search(models=100, method="uniform").hull("alpha", 6)
    assert np.diff(np.log10(hull.column("value"))) == pytest.approx(1.0)
    assert [row["value"] for row in search().hull("kernel")] == ["rbf", "laplacian"]


def test_a_table_has_a_column_for_each_parameter():
    found = search(models=5)
    assert found.table.columns == ["model", "loss", "seconds", "error", *RANGES]
    assert len(found.table.to_pandas()) == len(found) == 5
    assert found.best_loss == min(losses(found)) == found.running_best()[-1]
    assert repr(found).startswith("Search(5 models, best loss ")
    assert KernelRidge().set_params(**found.best_parameters).alpha == found.best_parameters["alpha"]


def test_figures_are_drawn_of_files_as_well(tmp_path):
    found = search(path=tmp_path / "search.jsonl")
    for each in (found, study.Search.read(tmp_path / "search.jsonl")):
        each.plot(path=tmp_path / "hulls.png")
        assert (tmp_path / "hulls.png").stat().st_size > 10_000
        (tmp_path / "hulls.png").unlink()


def test_progress_is_told():
    told = []
    search(models=5, progress=lambda done, total: told.append((done, total)))
    assert told == [(k, 5) for k in range(1, 6)]
