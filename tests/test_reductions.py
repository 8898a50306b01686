"""A reduction is that of all rows at once, whatever the batches, the shares and the order in which they are merged."""

import pickle

import numpy as np
import pytest
from ase.build import bulk, molecule
from ase.io import write
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip
from isoprint.reductions import _distances

SOAP = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"])
NAMES = ("H2O", "CH4", "CO2", "CH3OH", "H2O2", "C2H6", "CO")


def frames(n=21):
    found = [molecule(NAMES[i % len(NAMES)]) for i in range(n)]
    for seed, atoms in enumerate(found):
        atoms.rattle(0.02, seed=seed)
    return found


def table(n_rows=60, n_columns=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, n_columns)) * rng.uniform(0.1, 3.0, n_columns) + rng.uniform(-3.0, 3.0, n_columns)


class Told:
    """What a stream says of rows, as an object of some other kind."""

    def __init__(self, start, stop, per_frame=3):
        self.index = np.arange(start, stop)
        self.frame, self.atom = self.index // per_frame, self.index % per_frame
        self.species = np.where(self.atom == 0, 8, 1)


@st.composite
def shares(draw, n_rows=60):
    """How rows are cut into shares, each of them into batches, and in which order shares are merged."""
    cuts = sorted(draw(st.sets(st.integers(1, n_rows - 1), max_size=6)))
    ends = [0, *cuts, n_rows]
    batches = [draw(st.integers(1, n_rows)) for _ in ends[1:]]
    return list(zip(ends[:-1], ends[1:], batches, strict=True)), draw(st.permutations(range(len(batches))))


def reduced(make, values, how):
    """The whole protocol, passes included."""
    parts, order = how
    total = make()
    total._begin(values[:1], pickled_places(0, 1))
    while True:
        found = []
        for start, stop, step in parts:
            share = pickle.loads(pickle.dumps(total.empty()))
            for first in range(start, stop, step):
                last = min(first + step, stop)
                share.add(values[first:last], Told(first, last))
                share = pickle.loads(pickle.dumps(share))
            found.append(share)
        for place in order:
            total.merge(found[place])
        if not total.end_pass():
            return total


def pickled_places(first, last):
    from isoprint.reductions._places import places_of

    return places_of(Told(first, last), last - first, 0)


def close(one, other, rtol=1e-12):
    np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol * max(np.abs(other).max(), 1e-300))


@given(how=shares(), seed=st.integers(0, 5))
def test_moments_of_any_shares_are_those_of_two_passes(how, seed):
    values = table(seed=seed)
    found = reduced(lambda: ip.reductions.Moments(covariance=True, by_species=True), values, how)
    close(found.mean, values.mean(axis=0))
    close(found.variance, values.var(axis=0))
    close(found.covariance, np.cov(values.T, bias=True))
    assert found.count == len(values)
    assert list(found.species) == ["H", "O"]
    for name, own in (("O", values[::3]), ("H", values[np.arange(60) % 3 > 0])):
        close(found.species[name].mean, own.mean(axis=0))
        close(found.species[name].std, own.std(axis=0))
        assert found.species[name].count == len(own)


def test_small_spreads_about_large_means_are_kept():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(5000, 3))
    values = 1e6 + noise
    moments = ip.reductions.Moments()
    for start in range(0, len(values), 7):
        moments.add(values[start : start + 7])
    exact = (values - 1e6).var(axis=0)
    np.testing.assert_allclose(moments.variance, exact, rtol=1e-9)  # 1e-16 of 1e6, beside a spread of 1


@given(how=shares(), seed=st.integers(0, 5))
def test_principal_components_of_any_shares_are_those_of_all_rows(how, seed):
    values = table(seed=seed)
    found = reduced(lambda: ip.reductions.PrincipalComponents(3), values, how)
    centered = values - values.mean(axis=0)
    _, singular, directions = np.linalg.svd(centered, full_matrices=False)
    close(found.explained_variance, singular[:3] ** 2 / 60)
    close(np.abs(np.sum(found.components * directions[:3], axis=1)), np.ones(3), 1e-10)
    close(found.explained_variance_ratio, singular[:3] ** 2 / (singular**2).sum())
    assert found.error == 0.0
    assert (found.components.max(axis=1) >= -found.components.min(axis=1)).all()
    close(found.transform(values).var(axis=0), found.explained_variance, 1e-10)


@given(how=shares(), seed=st.integers(0, 5), n_kept=st.integers(3, 12))
def test_a_sketch_errs_by_no_more_than_it_says(how, seed, n_kept):
    values = table(n_columns=10, seed=seed) * 3.0 ** -np.arange(10)
    found = reduced(lambda: ip.reductions.PrincipalComponents(2, exact=False, n_kept=n_kept), values, how)
    covariance = np.cov(values.T, bias=True)
    kept = found._sketch.rows.T @ found._sketch.rows / 60
    eigenvalues = np.linalg.eigvalsh(covariance - kept)
    slack = 1e-12 * np.trace(covariance)
    assert eigenvalues.min() >= -slack
    assert eigenvalues.max() <= found.error + slack
    assert n_kept < 10 or found.error <= slack
    # The bound that the docstring names, for every k.
    descending = np.linalg.eigvalsh(covariance)[::-1]
    for k in range(n_kept + 1):
        assert found.error <= descending[k:].sum() / (n_kept + 1 - k) + slack
    close(np.trace(covariance) * found.explained_variance_ratio, found.explained_variance)


def test_a_sketch_with_room_for_all_directions_is_exact_also_beyond_its_rank():
    rows = table(6, 40)
    exact = ip.reductions.PrincipalComponents(8).add(rows)
    found = ip.reductions.PrincipalComponents(8, exact=False).add(rows[:2]).add(rows[2:])
    assert found.error == 0.0
    np.testing.assert_allclose(found.explained_variance, exact.explained_variance, atol=1e-12)
    np.testing.assert_allclose(found.components @ found.components.T, np.eye(8), atol=1e-12)


@given(how=shares(), seed=st.integers(0, 5))
def test_histograms_of_any_shares_are_those_of_numpy(how, seed):
    values = table(seed=seed)
    found = reduced(lambda: ip.reductions.Histogram(7, (-2.0, 2.5), columns=[3, 0]), values, how)
    for counts, below, above, edges, own in zip(
        found.counts, found.below, found.above, found.edges, values.T[[3, 0]], strict=True
    ):
        expected, expected_edges = np.histogram(own, 7, (-2.0, 2.5))
        assert counts.tolist() == expected.tolist()
        assert edges.tolist() == expected_edges.tolist()
        assert (below, above) == ((own < -2.0).sum(), (own > 2.5).sum())
    ranges = np.stack([values.min(axis=0), values.max(axis=0)], axis=1)
    every = reduced(lambda: ip.reductions.Histogram(4, ranges), values, how)
    assert (every.counts.sum(axis=1) == 60).all()


@given(how=shares(), k=st.integers(1, 70), double=st.booleans())
def test_the_nearest_rows_are_those_of_all(how, k, double):
    values = table()
    if double:
        values[30:] = values[:30]  # of equal rows the first comes first
    landmarks = np.concatenate([values[[7, 20]], table(2, seed=9)])
    found = reduced(lambda: ip.reductions.Nearest(landmarks, k), values, how)
    distance = np.sqrt(((values[:, None] - landmarks) ** 2).sum(axis=-1))
    order = np.argsort(distance, axis=0, kind="stable")[:k].T
    shown = order.shape[1]
    assert found.index[:, :shown].tolist() == order.tolist()
    assert found.frame[:, :shown].tolist() == (order // 3).tolist()
    assert found.atom[:, :shown].tolist() == (order % 3).tolist()
    close(found.distance[:, :shown], np.take_along_axis(distance, order.T, axis=0).T)
    assert (found.index[:, shown:] == -1).all()
    assert np.isinf(found.distance[:, shown:]).all()
    assert found.counts.tolist() == np.bincount(distance.argmin(axis=1), minlength=4).tolist()


@given(how=shares(), zeta=st.sampled_from([1, 2, 4]), per=st.sampled_from(["all", "frame"]))
def test_sums_of_kernels_are_those_of_all(how, zeta, per):
    values = table()
    landmarks = {"O": values[:2], "H": values[5:9]}
    found = reduced(lambda: ip.reductions.KernelSums(landmarks, zeta, per=per), values, how)
    unit = values / np.linalg.norm(values, axis=1, keepdims=True)
    kernels = (unit @ np.concatenate([unit[:2], unit[5:9]]).T) ** zeta
    kernels[Told(0, 60).species[:, None] != np.array([8, 8, 1, 1, 1, 1])] = 0.0
    expected = kernels.sum(axis=0) if per == "all" else kernels.reshape(20, 3, 6).sum(axis=1)
    close(found.sums, expected)


@given(how=shares(), n=st.integers(1, 20), n_kept=st.integers(1, 70), double=st.booleans())
def test_farthest_points_are_those_of_fps(how, n, n_kept, double):
    values = table()
    if double:
        values[30:] = values[:30]
    expected = ip.select.fps(values, n)
    found = reduced(lambda: ip.reductions.Farthest(n, n_kept=n_kept), values, how)
    assert found.index.tolist() == expected.index.tolist()
    assert (found.frame == found.index // 3).all()
    assert (found.atom == found.index % 3).all()
    close(found.distance[1:], expected.distance[1:]) if n > 1 else None
    assert found.radius >= (1 - 1e-12) * expected.distances.max()
    assert found.radius <= found.distance[-1]
    np.testing.assert_array_equal(found.features, values[found.index])
    assert found.n_passes <= n


def test_the_sample_ends_where_all_rows_are_the_same():
    values = np.repeat(table(4), 10, axis=0)
    found = reduced(lambda: ip.reductions.Farthest(9, n_kept=5), values, ([(0, 40, 7)], [0]))
    assert sorted(found.index.tolist()) == [0, 10, 20, 30]
    assert found.radius == 0.0


@given(how=shares(), n=st.integers(1, 12), seed=st.integers(0, 3))
def test_no_row_is_farther_from_a_cover_than_it_says(how, n, seed):
    values = table(seed=seed)
    found = reduced(lambda: ip.reductions.Cover(n), values, how)
    assert 1 <= len(found.index) <= n
    np.testing.assert_array_equal(found.features, values[found.index])
    distance = np.sqrt(((values[:, None] - found.features) ** 2).sum(axis=-1)).min(axis=1)
    assert distance.max() <= found.radius * (1 + 1e-12)


@given(batch=st.integers(1, 60), n=st.integers(1, 12), seed=st.integers(0, 3))
def test_a_cover_in_one_stream_is_eight_times_the_best_at_most_and_knows_no_batches(batch, n, seed):
    values = table(seed=seed)
    found = reduced(lambda: ip.reductions.Cover(n), values, ([(0, 60, batch)], [0]))
    # The distance of the next farthest point is no more than twice the least radius of any n points.
    least = ip.select.fps(values, n + 1).distance[-1] / 2.0
    assert found.radius <= 8.0 * 2.0 * least
    whole = ip.reductions.Cover(n).add(values)
    assert found.index.tolist() == whole.index.tolist()
    close(found.radius, whole.radius)


@given(how=shares(), k=st.integers(1, 6), seed=st.integers(0, 5))
def test_clusters_of_any_shares_are_the_same(how, k, seed):
    values = table(seed=seed)
    make = lambda: ip.reductions.KMeans(k, random_state=seed)  # noqa: E731
    found = reduced(make, values, how)
    whole = reduced(make, values, ([(0, 60, 60)], [0]))
    close(found.centers, whole.centers)
    assert found.counts.tolist() == whole.counts.tolist()
    close(found.inertia, whole.inertia)
    assert found.n_passes == whole.n_passes
    which = found.predict(values)
    assert np.bincount(which, minlength=k).tolist() == found.counts.tolist()
    close(found.inertia, ((values - found.centers[which]) ** 2).sum())
    assert found.converged
    means = np.stack([values[which == one].mean(axis=0) for one in range(k)])
    assert np.linalg.norm(means - found.centers, axis=1).max() <= 1e-4 * np.sqrt(found.inertia / 60)


def test_clusters_that_are_there_are_found_and_are_as_good_as_those_of_scikit_learn():
    cluster = pytest.importorskip("sklearn.cluster")
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(size=(100, 4)) * 0.1 + center for center in 5.0 * np.eye(4)])
    found = reduced(lambda: ip.reductions.KMeans(4), values, ([(0, 400, 50)], [0]))
    assert sorted(found.counts.tolist()) == [100] * 4
    cloud = rng.normal(size=(500, 4))
    ours = reduced(lambda: ip.reductions.KMeans(8), cloud, ([(0, 500, 90)], [0]))
    theirs = cluster.KMeans(8, n_init=4, random_state=0).fit(cloud)
    assert ours.inertia < 1.1 * theirs.inertia_


def test_a_center_without_rows_is_put_elsewhere(monkeypatch):
    values = np.concatenate([np.zeros((5, 1)), np.ones((5, 1)), np.full((5, 1), 9.0)])
    found = ip.reductions.KMeans(3)
    found.add(values).end_pass()
    found.centers[:] = [[0.0], [100.0], [200.0]]
    while found.add(values).end_pass():
        pass
    assert sorted(found.centers.ravel().tolist()) == [0.0, 1.0, 9.0]
    with pytest.raises(ValueError, match="n_clusters is 4, and only 3 rows are different"):
        ip.reductions.KMeans(4).add(values).end_pass()
    with pytest.raises(ValueError, match="has come to its end"):
        found.add(values)


@given(seed=st.integers(0, 50), scale=st.floats(1e-9, 1.0))
def test_distances_from_products_are_as_exact_as_they_say(seed, scale):
    rng = np.random.default_rng(seed)
    others = rng.normal(size=(4, 6)) + 10.0
    rows = np.concatenate([others, others]) + scale * rng.normal(size=(8, 6))
    exact = ((rows[:, None] - others) ** 2).sum(axis=-1)
    np.testing.assert_allclose(_distances.squared(rows, others), exact, rtol=_distances.ROUNDING)


# Streams of structures


EVERY = {
    "moments": lambda: ip.reductions.Moments(by_species=True),
    "components": lambda: ip.reductions.PrincipalComponents(4),
    "histogram": lambda: ip.reductions.Histogram(5, (0.0, 1.0)),
    "nearest": lambda: ip.reductions.Nearest(SOAP.transform(molecule("CH3OH")), k=3),
    "cover": lambda: ip.reductions.Cover(6),
    "sums": lambda: ip.reductions.KernelSums(SOAP.transform(molecule("CH3OH")), per="frame"),
}
AGAIN = {"farthest": lambda: ip.reductions.Farthest(9), "clusters": lambda: ip.reductions.KMeans(5)}


def told(reducer):
    """All numbers that users see."""
    names = [name for name in dir(reducer) if not name.startswith("_")]
    found = {name: getattr(reducer, name) for name in names if name not in ("covariance", "species")}
    return {name: value for name, value in found.items() if not callable(value)}


def assert_same(one, other):
    mine, theirs = told(one), told(other)
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            np.testing.assert_allclose(value, theirs[name], rtol=1e-9, atol=1e-11, err_msg=name)
        else:
            np.testing.assert_equal(value, theirs[name], name) if not isinstance(value, float) else None


@pytest.mark.parametrize("batch", [1, 4, 100])
def test_a_stream_is_reduced_as_all_rows_are(batch):
    features, rows = SOAP.transform(frames()), SOAP.rows(frames())
    found = ip.reduce(frames(), SOAP, {name: make() for name, make in (EVERY | AGAIN).items()}, batch=batch, n_jobs=1)
    assert found["moments"].n_frames == 21
    for name, make in EVERY.items():
        assert_same(found[name], make().add(features, rows))
    assert found["farthest"].index.tolist() == ip.select.fps(features, 9).index.tolist()
    assert found["farthest"].frame.tolist() == rows.frame[found["farthest"].index].tolist()
    assert found["clusters"].counts.sum() == len(rows)


def test_energies_of_a_model_are_sums_of_kernels():
    some = [bulk("Si", a=a) for a in (5.2, 5.3, 5.4, 5.5, 5.6)]
    for atoms in some:
        atoms.info["energy"] = 0.3 * (atoms.cell.volume - 40.0) ** 2 * 1e-2 - 10.0
    model = ip.models.SparseGP(SOAP_SI, n_sparse=4, zeta=3, delta=0.7).fit(some)
    found = ip.reduce(some, SOAP_SI, ip.reductions.KernelSums(model.sparse_, 3, per="frame"))
    energies = 0.49 * found.sums @ model.alpha_ + 2 * model.e0_["Si"]
    np.testing.assert_allclose(energies, model.predict(some).energy, rtol=1e-9)


SOAP_SI = ip.SOAP(r_cut=5.0, n_max=4, l_max=3, species=["Si"])


def test_files_generators_averages_and_frames_without_rows(tmp_path):
    write(tmp_path / "some.extxyz", frames())
    moments = ip.reduce(tmp_path / "some.extxyz", SOAP, ip.reductions.Moments(), batch=5)
    np.testing.assert_allclose(moments.mean, SOAP.transform(frames()).mean(axis=0), atol=1e-6)
    averaged = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"], average="outer")
    both = ip.reduce(iter(frames()), averaged, ip.reductions.Moments(by_species=True))
    assert (both.count, list(both.species)) == (21, ["X"])
    of_oxygen = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"], centers=["O"])
    sums = ip.reductions.KernelSums(SOAP.transform(molecule("H2O"))[:1], per="frame")
    ip.reduce([molecule("H2O"), molecule("CH4"), molecule("CH4")], of_oxygen, sums)
    assert sums.n_frames == 3
    assert sums.sums.ravel().tolist() == pytest.approx([1.0, 0.0, 0.0])
    nothing = ip.reduce([], SOAP, ip.reductions.Moments())
    assert nothing.n_rows == 0
    with pytest.raises(ValueError, match="has seen no rows"):
        _ = nothing.mean


def test_more_structures_follow_those_that_were_seen():
    for make in EVERY.values():
        found = make()
        ip.reduce(frames()[:8], SOAP, found)
        found = pickle.loads(pickle.dumps(found))
        ip.reduce(iter(frames()[8:]), SOAP, found, batch=2)
        assert_same(found, ip.reduce(frames(), SOAP, make()))
        shares = [ip.reduce(some, SOAP, make()) for some in (frames()[:8], frames()[8:15], frames()[15:])]
        if not isinstance(found, ip.reductions.Cover):
            assert_same(shares[0].merge(shares[1], follows=True).merge(shares[2], follows=True), found)


@pytest.mark.parametrize("when", [2, 9])
def test_an_interrupted_reduction_goes_on(when):
    class Stop(Exception):
        pass

    makes = EVERY | AGAIN
    calls = []

    def stop(n_frames, n_rows):
        calls.append((n_frames, n_rows))
        if len(calls) == when:
            raise Stop

    found = {name: make() for name, make in makes.items()}
    if when > 5:
        found = {name: found[name] for name in AGAIN}
    with pytest.raises(Stop):
        ip.reduce(frames(), SOAP, found, batch=4, progress=stop)
    found = pickle.loads(pickle.dumps(found))
    if any(one.needs_rereading for one in found.values()):
        with pytest.raises(ValueError, match="has begun with other structures"):
            ip.reduce(frames(), SOAP, found)
    ip.reduce(frames(), SOAP, found, batch=3, resume=True)
    whole = ip.reduce(frames(), SOAP, {name: makes[name]() for name in found})
    for name, one in found.items():
        assert_same(one, whole[name])
    assert calls[0] == (4, len(SOAP.rows(frames()[:4])))


class InParts:
    """A fingerprint whose stream cuts frames in their middle, as it does where one is very large."""

    def stream(self, frames, *, batch=None, n_jobs=None):
        frames = list(frames)
        rows = np.concatenate([np.asarray(frame) for frame in frames])
        for start in range(0, len(rows), batch):
            stop = min(start + batch, len(rows))
            yield rows[start:stop], Told(start, stop)


@pytest.mark.parametrize("batch", [1, 2, 4, 5])
@pytest.mark.parametrize("when", [1, 3, 8])
def test_a_reduction_that_was_interrupted_within_a_frame_goes_on(batch, when):
    source = [list(three) for three in table().reshape(20, 3, 5)]
    calls = []

    def stop(n_frames, n_rows):
        calls.append(n_rows)
        if len(calls) == when:
            raise RuntimeError("stop")

    found = {"sums": ip.reductions.KernelSums(table()[:4], per="frame"), "moments": ip.reductions.Moments()}
    with pytest.raises(RuntimeError, match="stop"):
        ip.reduce(source, InParts(), found, batch=batch, progress=stop)
    assert found["moments"].n_rows == when * batch
    found = ip.reduce(source, InParts(), pickle.loads(pickle.dumps(found)), batch=7, resume=True)
    whole = {"sums": ip.reductions.KernelSums(table()[:4], per="frame"), "moments": ip.reductions.Moments()}
    for name, one in whole.items():
        assert_same(found[name], one.add(table(), Told(0, 60)))


def test_a_broken_structure_leaves_what_was_seen():
    moments = ip.reductions.Moments()
    with pytest.raises(ValueError, match=r"frame 1.*\(of a batch whose frame 0 is frame 20 of all\)"):
        ip.reduce([*frames(), molecule("NH3")], SOAP, moments, batch=4)
    assert moments.n_frames == 20
    assert_same(ip.reduce(frames(), SOAP, moments, resume=True), ip.reduce(frames(), SOAP, ip.reductions.Moments()))


# What is refused


@pytest.mark.parametrize("make", [*EVERY.values(), *AGAIN.values()])
def test_features_that_are_no_finite_numbers_or_of_another_width_change_nothing(make):
    features, rows = SOAP.transform(frames()), SOAP.rows(frames())
    reducer = make()
    reducer.add(features, rows)
    before = pickle.dumps(reducer)
    broken = features.copy()
    for value in (np.nan, np.inf):
        broken[3, 7] = value
        with pytest.raises(ValueError, match=rf"features have {value} at \[3, 7\]; they must be finite"):
            reducer.add(broken, rows)
    with pytest.raises(ValueError, match=r"features have 59 columns, and those before had 135"):
        reducer.add(features[:, :59], rows)
    with pytest.raises(ValueError, match="whose squares cannot be summed"):
        reducer.add(features * 1e200, rows)
    with pytest.raises(ValueError, match=r"features have 2 rows, and rows tell of \d+"):
        reducer.add(features[:2], rows)
    with pytest.raises(ValueError, match="real numbers"):
        reducer.add(features.astype(complex), rows)
    with pytest.raises(ValueError, match="the reducer itself"):
        reducer.merge(reducer)
    with pytest.raises(TypeError, match="give a "):
        reducer.merge(3)
    assert pickle.dumps(reducer) == before


def test_those_that_are_not_alike_are_not_merged():
    of = ip.reductions
    pairs = [
        (of.Moments(), of.Moments(covariance=True), "pairs is True in the other, and False here"),
        (of.PrincipalComponents(2), of.PrincipalComponents(3), "n is 3 in the other, and 2 here"),
        (of.Histogram(3, (0, 1)), of.Histogram(3, (0, 2)), "range is"),
        (of.Nearest([[1.0]]), of.Nearest([[2.0]]), "landmarks is"),
        (of.KernelSums([[1.0]]), of.KernelSums([[1.0]], 2), "zeta is 2.0 in the other, and 4.0 here"),
        (of.Farthest(2), of.Farthest(3), "n is 3 in the other, and 2 here"),
        (of.KMeans(2), of.KMeans(2, random_state=1), "seed is 1 in the other, and 0 here"),
        (of.Moments().add([[1.0]]), of.Moments().add([[1.0, 2.0]]), "other has seen 2 columns, and this one 1"),
    ]
    for one, other, message in pairs:
        with pytest.raises(ValueError, match=message):
            one.merge(other)


def test_arguments_are_looked_at():
    of = ip.reductions
    for make, message in [
        (lambda: of.PrincipalComponents(0), "n_components is 0"),
        (lambda: of.PrincipalComponents(5, n_kept=5), "n_kept is 5; it must be an integer from 6"),
        (lambda: of.PrincipalComponents(5).add(table(3, 4)), "n_components is 5, and features have 4 columns"),
        (lambda: of.Histogram(0, (0, 1)), "bins is 0"),
        (lambda: of.Histogram(2, (1, 1)), r"range has the pair \[1.0, 1.0\]"),
        (lambda: of.Histogram(2, [0, 1, 2]), r"range has shape \(3,\)"),
        (lambda: of.Histogram(2, (0, 1), columns=[-1]), r"columns is \[-1\]"),
        (lambda: of.Histogram(2, (0, 1), columns=[4]).add(table(3, 4)), "columns has 4, and features have 4 columns"),
        (lambda: of.Histogram(2, [(0, 1)] * 2).add(table(3, 4)), "range has 2 pairs, and features have 4 columns"),
        (lambda: of.Nearest([1.0, 2.0]), r"landmarks have shape \(2,\)"),
        (lambda: of.Nearest([[np.nan]]), "not finite"),
        (lambda: of.Nearest([[1.0, 2.0]]).add(table(3, 4)), "features have 4 columns, and landmarks 2"),
        (lambda: of.Nearest({"H": [[1.0]]}), "landmarks are a mapping"),
        (lambda: of.KernelSums({"H": [[1.0]], "O": [[1.0, 2.0]]}), "landmarks have 1 and 2 columns"),
        (lambda: of.KernelSums([[1.0]], 0.5), "zeta is 0.5"),
        (lambda: of.KernelSums([[1.0]], 1.5).add([[-1.0]]), "the dot product of row 0 with a landmark is -1"),
        (lambda: of.KernelSums([[1.0]], per="atom"), "per is 'atom'; choose one of 'all', 'frame'"),
        (lambda: of.KernelSums([[1.0]], per="frame").add([[1.0]]), "needs to know the frames of rows"),
        (lambda: of.Moments(by_species=True).add([[1.0]]), "needs to know the frames of rows"),
        (lambda: of.Moments().add([[1.0]]).covariance, "ask for it"),
        (lambda: of.Moments().add([[1.0]]).species, "ask for it"),
        (lambda: of.KMeans(2, max_passes=1), "max_passes is 1"),
        (lambda: of.KMeans(2).predict([[1.0]]), "has no centers yet"),
        (lambda: ip.reduce(frames(), SOAP, {}), "empty mapping"),
        (lambda: ip.reduce(iter(frames()), SOAP, of.KMeans(2)), "can be read once, and KMeans needs several passes"),
        (lambda: ip.reduce(frames(), SOAP, of.Moments(), batch=0), "batch is 0"),
        (lambda: ip.reduce(frames(), ip.SOAP(r_cut=4.0, n_max=3, l_max=2), of.Moments()), "does not know its species"),
        (lambda: ip.reduce([], SOAP, of.KMeans(2)), "has seen no rows"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()
    with pytest.raises(TypeError, match=r"give one of isoprint\.reductions"):
        ip.reduce(frames(), SOAP, of.Moments)
    one = of.Moments()
    with pytest.raises(ValueError, match="twice"):
        ip.reduce(frames(), SOAP, {"a": one, "b": one})
    with pytest.raises(ValueError, match="different numbers of frames"):
        ip.reduce(frames(), SOAP, {"a": ip.reduce(frames(3), SOAP, one), "b": of.Moments()})


def test_single_precision_is_summed_in_double():
    soap = ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"], dtype="float32")
    found = ip.reduce(frames(), soap, ip.reductions.Moments())
    close(found.mean, soap.transform(frames()).astype(float).mean(axis=0))
