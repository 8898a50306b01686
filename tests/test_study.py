"""The study: how structures are drawn, how kernels learn, and what comes out around a ring of methane."""

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip
from isoprint import study

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def path():
    """The ring of methane along which symmetry functions stay nearly constant."""
    return ip.follow_manifold(ip.ACSF.standard(), study.start("CH4-b"), 0)


@pytest.fixture(scope="module")
def ring(path):
    return study.Ring.of(path)


@pytest.fixture(scope="module")
def descriptors():
    species = "n_species=2 species_Z={1 6} Z=6 n_Z=1 central_weight=1"
    text = f"soap n_max=8 l_max=8 atom_sigma=0.3 cutoff=4.8 cutoff_transition_width=0.5 {species}"
    acsf = ip.ACSF.standard(centers=["C"])
    om = ip.OverlapMatrix(r_cut=4.8, species=["H", "C"], max_sites=5, centers=["C"])
    return {"SOAP": ip.SOAP.from_quip(text, centers=["C"]), "ACSF": acsf, "ACSF+OM": ip.Hybrid([acsf, om])}


# The finding


def test_what_a_fingerprint_hardly_sees_is_not_learned(ring, descriptors):
    """All predict random structures well. On the ring, SOAP and ACSF are no better than a constant; the hybrid is."""
    table = study.learning_curve(descriptors, ring, sizes=500, seeds=5)
    assert min(table.where(test="random").column("r2")) > 0.99
    assert table.range_of("r2", fingerprint="SOAP", test="ring")[1] < 0.1
    assert table.range_of("r2", fingerprint="ACSF", test="ring")[1] < 0.1
    assert table.range_of("r2", fingerprint="ACSF+OM", test="ring")[0] > 0.8
    assert table.where(test="ring").column("spread") == pytest.approx([0.0112] * 15, abs=2e-4)


# Designs


def test_every_start_closes():
    """Those that are cheap to follow."""
    for name in ("NH3-a", "NH3-b"):
        assert ip.follow_manifold(ip.ACSF.standard(), study.start(name), 0).closed
    with pytest.raises(ValueError, match="name is 'CH4-z'"):
        study.start("CH4-z")


def test_a_ring_comes_from_anything(path):
    """From a path, from frames, from positions; from frames that were moved about, too."""
    ring = study.Ring.of(path)
    rng = np.random.default_rng(0)
    turns = np.linalg.qr(rng.normal(size=(len(path), 3, 3)))[0]
    turns *= np.linalg.det(turns)[:, None, None]
    turns[0] = np.eye(3)
    frames = zip(path.frames, turns, strict=True)
    moved = [Atoms(frame.numbers, frame.positions @ turn + rng.normal(size=3)) for frame, turn in frames]
    for other in (path.frames, moved, (path.positions, path.numbers)):
        found = study.Ring.of(*other) if isinstance(other, tuple) else study.Ring.of(other)
        np.testing.assert_array_equal(found.numbers, [6, 1, 1, 1, 1])
        np.testing.assert_allclose(found.positions, ring.positions, atol=1e-7)


@pytest.mark.parametrize(
    ("points", "numbers", "words"),
    [
        (np.zeros((5, 3, 3)), None, "give the atomic numbers"),
        (np.zeros((5, 3, 3)), [6, 1], r"shape \(5, 3, 3\), expected \(n_points, 2, 3\)"),
        (np.zeros((3, 2, 3)), [6, 1], "3 points; at least 4"),
        (np.full((4, 2, 3), np.inf), [6, 1], "point 0 of the ring has site 0"),
        ([], None, "0 points"),
        ([Atoms("CH", np.zeros((2, 3)))] * 3 + [Atoms("HC", np.zeros((2, 3)))], None, "point 3 of the ring has"),
    ],
)
def test_bad_rings(points, numbers, words):
    with pytest.raises(ValueError, match=words):
        study.Ring.of(points, numbers)


@pytest.mark.parametrize("design", study.DESIGNS)
def test_designs(ring, design):
    sample = study.draw(ring, design=design, n_train=200, n_test=50, amplitude=0.03, seed=4)
    assert sample.train.shape == (200, 5, 3)
    assert sample.test.shape == (50, 5, 3)
    base, _, extra = design.partition("+")
    origins = {"center": ring.center[None], "start": ring.positions[:1], "tube": ring.positions}[base]

    def displaced(structures):
        """How far each is from the nearest origin, by its largest coordinate."""
        return np.abs(structures[:, None] - origins).max(axis=(2, 3)).min(axis=1)

    count = 20 if extra else 0
    for drawn in (sample.train[: 200 - count], sample.test):
        assert displaced(drawn).max() <= 0.03
        assert displaced(drawn).max() > 0.025
    if extra:
        np.testing.assert_array_equal(sample.train[-20:], ring.positions[::2][:20])
        np.testing.assert_array_equal(sample.ring, ring.positions[1::2])
    else:
        np.testing.assert_array_equal(sample.ring, ring.positions)


def test_draws_are_deterministic_and_nested(ring):
    one, again = (study.draw(ring, design="tube", n_train=30, seed=1) for _ in range(2))
    more, other = (
        study.draw(ring, design="tube", n_train=90, seed=1),
        study.draw(ring, design="tube", n_train=30, seed=2),
    )
    np.testing.assert_array_equal(one.train, again.train)
    np.testing.assert_array_equal(one.train, more.train[:30])
    np.testing.assert_array_equal(one.test, more.test)
    assert not np.isclose(one.train, other.train).any(axis=(1, 2)).all()
    assert not np.isin(one.test, more.train).any()
    few = study.draw(ring, design="center+ring", n_train=2000).train[-200:]
    assert len(np.unique(few, axis=0)) == 58  # every even point, several times


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"design": "centre"}, "design is 'centre'; choose one of 'center'"),
        ({"n_train": 1}, "n_train is 1"),
        ({"n_test": 2.5}, "n_test is 2.5"),
        ({"amplitude": -0.1}, "amplitude is -0.1"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_bad_draws(ring, options, words):
    with pytest.raises(ValueError, match=words):
        study.draw(ring, **options)


# Kernels


def data(seed, rows=60, columns=4):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns)) * rng.uniform(0.1, 2.0, columns)
    return x, np.sin(x[:, 0]) + 0.3 * x[:, 1] * x[:, 2]


def test_leave_one_out_errors_are_those_of_leaving_one_out():
    x, y = data(0, rows=12)
    model = study.KernelRidge(lengths=[1.5], ridges=[1e-3]).fit(x, y)
    z = model.rows_
    kernel = np.exp(-np.sum((z[:, None] - z) ** 2, axis=2) / (2 * 1.5**2)) + 1e-3 * np.eye(12)
    errors = []
    for i in range(12):
        others = np.delete(np.arange(12), i)
        # Less the mean of all, as in the fit.
        weights = np.linalg.solve(kernel[np.ix_(others, others)], (y - y.mean())[others])
        errors.append(kernel[i, others] @ weights - (y - y.mean())[i])
    assert model.leave_one_out_ == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=1e-9)


@given(seed=st.integers(0, 1000), factor=st.floats(1e-3, 1e3), shift=st.floats(-5.0, 5.0))
def test_units_and_origin_of_the_features_do_not_matter(seed, factor, shift):
    x, y = data(seed)
    one = study.KernelRidge(ridges=[1e-6]).fit(x[:40], y[:40])
    other = study.KernelRidge(ridges=[1e-6]).fit(factor * x[:40] + shift, y[:40])
    assert one.length_ == other.length_
    np.testing.assert_allclose(other.predict(factor * x[40:] + shift), one.predict(x[40:]), atol=1e-5)
    assert np.sum(np.var(one.rows_, axis=0)) == pytest.approx(1.0)


def test_the_best_parameters_are_chosen():
    x, y = data(3, rows=80)
    model = study.KernelRidge(lengths=(0.1, 1.0, 10.0), ridges=(1e-10, 1e-4, 1.0)).fit(x, y)
    single = {
        (length, ridge): study.KernelRidge(lengths=[length], ridges=[ridge]).fit(x, y).leave_one_out_
        for length in model.lengths for ridge in model.ridges
    }  # fmt: skip
    assert (model.length_, model.ridge_) == min(single, key=single.get)
    assert model.leave_one_out_ == min(single.values())
    assert model.chosen() == {"length": model.length_, "ridge": model.ridge_}


def test_principal_directions_keep_what_varies():
    """Features that span five dimensions of 900 are the same in five directions of their own."""
    rng = np.random.default_rng(0)
    x, y = data(1, columns=5)
    wide = x @ np.linalg.qr(rng.normal(size=(900, 5)))[0].T + rng.normal(size=900)
    narrow = study.KernelRidge(ridges=[1e-6]).fit(x[:50], y[:50])
    found = study.KernelRidge(ridges=[1e-6], components=5, rows_for_components=20).fit(wide[:50], y[:50])
    assert found.rows_.shape == (50, 5)
    np.testing.assert_allclose(found.predict(wide[50:]), narrow.predict(x[50:]), atol=1e-7)
    everything = study.KernelRidge(ridges=[1e-6], components=None).fit(wide[:50], y[:50])
    np.testing.assert_allclose(everything.predict(wide[50:]), narrow.predict(x[50:]), atol=1e-7)


X, Y = data(0)


@pytest.mark.parametrize(
    ("options", "x", "y", "words"),
    [
        ({}, X, Y[:-1], r"targets have shape \(59,\), expected \(60,\)"),
        ({}, X[:, 0], Y, r"features have shape \(60,\)"),
        ({}, X[:1], Y[:1], "1 rows to learn from"),
        ({}, np.where(X[3, 1] == X, np.nan, X), Y, "entry nan in row 3, column 1"),
        ({}, X, np.where(Y[5] == Y, np.inf, Y), r"targets\[5\] is inf"),
        ({}, np.ones((60, 4)), Y, "features of all 60 rows are equal"),
        ({"lengths": []}, X, Y, "lengths is empty"),
        ({"lengths": [1.0, 0.0]}, X, Y, r"lengths\[1\] is 0.0"),
        ({"ridges": [-1e-8]}, X, Y, r"ridges\[0\] is -1e-08"),
        ({"components": 0}, X, Y, "components is 0"),
        ({"components": 2, "rows_for_components": 1}, X, Y, "rows_for_components is 1"),
    ],
)
def test_bad_fits(options, x, y, words):
    with pytest.raises(ValueError, match=words):
        study.KernelRidge(**options).fit(x, y)


def test_bad_predictions():
    with pytest.raises(ValueError, match="call fit first"):
        study.KernelRidge().predict(X)
    with pytest.raises(ValueError, match=r"expected \(n_rows, 4\)"):
        study.KernelRidge().fit(X, Y).predict(X[:, :3])


def test_a_constant_is_learned():
    assert study.KernelRidge().fit(X, np.full(60, 2.5)).predict(X[:3]) == pytest.approx([2.5] * 3)


def test_scikit_learn_takes_it():
    pytest.importorskip("sklearn")
    from sklearn.base import clone, is_regressor
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = study.KernelRidge(lengths=(1.0, 2.0))
    assert clone(model).get_params() == model.get_params()
    assert is_regressor(model)
    search = GridSearchCV(make_pipeline(StandardScaler(), model), {"kernelridge__ridges": [[1e-8], [1.0]]}, cv=3)
    assert search.fit(X, Y).best_params_ == {"kernelridge__ridges": [1e-8]}
    with pytest.raises(ValueError, match="no parameter 'ridge'; there are lengths"):
        model.set_params(ridge=1.0)


# Scores and tables


@given(seed=st.integers(0, 1000), noise=st.floats(0.0, 3.0))
def test_scores(seed, noise):
    rng = np.random.default_rng(seed)
    target = rng.normal(size=30)
    predicted = 0.7 * target + noise * rng.normal(size=30)
    found = study.tables.scores(target, predicted)
    assert found["r"] == pytest.approx(np.corrcoef(target, predicted)[0, 1], abs=1e-12)
    error = np.sum((predicted - target) ** 2)
    assert found["rmse"] == pytest.approx(np.sqrt(error / 30), rel=1e-12)
    assert found["r2"] == pytest.approx(1 - error / np.sum((target - target.mean()) ** 2), rel=1e-10, abs=1e-12)
    assert found["spread"] == pytest.approx(target.std())


def test_scores_of_constants():
    assert study.tables.scores(Y, np.full(60, Y.mean()))["r"] == 0.0
    with pytest.raises(ValueError, match="the target is the same for all 60"):
        study.tables.scores(np.ones(60), Y)
    with pytest.raises(ValueError, match=r"shape \(60,\) and predictions \(59,\)"):
        study.tables.scores(Y, Y[1:])


def test_tables(tmp_path):
    pandas = pytest.importorskip("pandas")
    table = study.Table([{"a": "x", "b": 0.1}, {"a": "y", "b": 1 / 3}]) + study.Table([{"a": "x", "c": 2}])
    assert len(table) == 3
    assert table.columns == ["a", "b", "c"]
    assert table.column("c") == [None, None, 2]
    assert [row["a"] for row in table.where(a="x")] == ["x", "x"]
    assert table.range_of("b", c=None) == (0.1, 1 / 3)
    table.to_csv(tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[1] == {"a": "y", "b": repr(1 / 3), "c": ""}
    assert isinstance(table.to_pandas(), pandas.DataFrame)
    assert list(table.to_pandas()["a"]) == ["x", "y", "x"]
    assert repr(study.Table()) == "Table of 0 rows"
    with pytest.raises(ValueError, match="no column 'd'; there are a, b, c"):
        table.where(d=1)
    with pytest.raises(ValueError, match="no row has a='z'"):
        table.range_of("b", a="z")


# All together


def test_curves_are_deterministic_and_labeled(ring, descriptors):
    options = {"sizes": [60, 40], "seeds": [3], "n_test": 30, "label": {"ring": "methane"}}
    acsf = {"ACSF": descriptors["ACSF"]}
    told = []
    table = study.learning_curve(acsf, ring, progress=told.append, **options)
    assert list(table) == list(study.learning_curve(acsf, ring, **options))
    assert table.columns[:7] == ["ring", "fingerprint", "learner", "design", "amplitude", "n_train", "seed"]
    assert table.column("n_train") == [40, 40, 60, 60]
    assert table.column("test") == ["random", "ring"] * 2
    assert len(told) == 2
    assert told[0].startswith("ACSF, 40 structures, seed 3: RMSE")


@pytest.mark.parametrize(
    ("options", "words"),
    [({"seeds": 0}, "seeds is 0"), ({"seeds": "a"}, "seeds is 'a'"), ({"sizes": 1}, "n_train is 1"),
     ({"sizes": [50, 2.5]}, "n_train is 2.5"), ({"seeds": [-2]}, "seed is -2")],
)  # fmt: skip
def test_bad_curves(ring, descriptors, options, words):
    with pytest.raises(ValueError, match=words):
        study.learning_curve({"ACSF": descriptors["ACSF"]}, ring, **options)


def test_any_learner_and_any_target(ring, descriptors):
    """A regressor of scikit-learn, and an energy that the fingerprint does see: the length of a bond."""
    linear = pytest.importorskip("sklearn.linear_model")
    mean_length = lambda x: np.linalg.norm(x[:, 1:] - x[:, :1], axis=2).mean(axis=1)  # noqa: E731
    sample = study.draw(ring, n_train=300, n_test=100)
    learner = linear.Ridge(alpha=1e-8)
    found = study.evaluate(descriptors["ACSF"], sample, learner=learner, target=mean_length)
    random, _ = found.rows(name="ACSF")
    assert random["r2"] > 0.99
    assert random["name"] == "ACSF"
    assert not hasattr(learner, "coef_"), "the learner that was given is left alone"
    assert "length" not in random


def test_bad_targets_and_descriptors(ring, descriptors):
    sample = study.draw(ring, n_train=20, n_test=10)
    with pytest.raises(ValueError, match=r"array of shape \(20, 5\), expected \(20,\)"):
        study.evaluate(descriptors["ACSF"], sample, target=lambda x: x[..., 0])

    class Short:
        def transform(self, frames, centers):
            return np.ones((1, 2))

    with pytest.raises(ValueError, match="makes 1 rows of 20 centers"):
        study.evaluate(Short(), sample)


# Figures


@pytest.fixture(scope="module")
def table(ring, descriptors):
    return study.learning_curve(descriptors, ring, sizes=[30, 60], seeds=2, n_test=30, label={"ring": "CH4-b"})


def test_figure_of_learning_curves(table, tmp_path):
    pytest.importorskip("matplotlib")
    from isoprint.extras.plotting_study import plot_learning_curves

    figure = plot_learning_curves(table, fingerprints=["ACSF", "SOAP"], path=tmp_path / "figure.png")
    (ax,) = figure.axes
    assert ax.get_xscale() == ax.get_yscale() == "log"
    styles = [line.get_linestyle() for line in ax.get_lines()]
    assert styles.count("--") == styles.count("-") == 2
    acsf_on_ring = ax.get_lines()[1]
    expected = [np.median(table.where(fingerprint="ACSF", test="ring", n_train=n).column("rmse")) for n in (30, 60)]
    np.testing.assert_allclose(acsf_on_ring.get_ydata(), expected)
    assert (tmp_path / "figure.png").stat().st_size > 5000


def test_figure_of_predictions(ring, descriptors, tmp_path):
    pytest.importorskip("matplotlib")
    from isoprint.extras.plotting_study import plot_parity

    sample = study.draw(ring, n_train=50, n_test=30)
    found = {name: study.evaluate(descriptor, sample) for name, descriptor in descriptors.items()}
    figure = plot_parity(found, path=tmp_path / "figure.png")
    assert [ax.get_title() for ax in figure.axes] == list(found)
    energies = ip.four_body_energy(ring.positions)
    low, high = figure.axes[0].get_xlim()
    assert low < energies.min() < energies.max() < high
    assert high - low < 2 * np.ptp(energies), "axes are cropped to the ring"
    assert (tmp_path / "figure.png").stat().st_size > 5000


def test_figure_of_learnability(table, tmp_path):
    pytest.importorskip("matplotlib")
    from isoprint.extras.plotting_study import plot_learnability

    names = ["SOAP", "ACSF", "ACSF+OM"]
    norms = [{"ring": "CH4-b", "fingerprint": n, "median": 10.0**k, "largest": 20.0**k} for k, n in enumerate(names)]
    figure = plot_learnability(study.Table(norms), table, path=tmp_path / "figure.png")
    left, right = figure.axes
    np.testing.assert_allclose([bar.get_height() for bar in left.patches], [1.0, 10.0, 100.0])
    assert len(right.patches) == 3
    assert (tmp_path / "figure.png").stat().st_size > 5000


# What the documentation shows


@pytest.fixture(scope="module")
def example():
    specification = importlib.util.spec_from_file_location("four_body_study", ROOT / "examples" / "four_body_study.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_page_shows_what_was_measured(example):
    page = (ROOT / "docs" / "four_body.md").read_text(encoding="utf-8")
    done = example.read(ROOT / "docs" / "data")
    assert set(done) == set(example.PARTS)
    for part, table in zip(example.MARKDOWN, example.tables(done), strict=True):
        assert table in page, f"the table of part {part!r} is not that of docs/data/four_body.json"
    for figure in (ROOT / "docs" / "figures").glob("four_body_*.png"):
        assert f"figures/{figure.name}" in page
        assert figure.stat().st_size < 120_000


def test_results_are_read_as_they_are_written(example, tmp_path):
    example.write(tmp_path, example.read(ROOT / "docs" / "data"))
    file = "four_body.json"
    assert (tmp_path / file).read_bytes() == (ROOT / "docs" / "data" / file).read_bytes()


@pytest.mark.slow
def test_the_rings_of_the_study_are_found_again(example, tmp_path):
    example.full(tmp_path, ["rings"])
    for new, old in zip(example.read(tmp_path)["rings"], example.read(ROOT / "docs" / "data")["rings"], strict=True):
        for name, value in old.items():
            assert new[name] == (value if isinstance(value, str) else pytest.approx(value, rel=0.02)), name
