"""A fit in shares, wherever they are seen, is the fit of all frames."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip

DISTANCES = ip.RadialDistribution(r_cut=3.9, n_points=10, sigma=0.4, species=["H", "O"])
SOAP = ip.SOAP(r_cut=3.9, n_max=3, l_max=2, species=["H", "O"])


def labelled(n_frames=12):
    """Small crystals with energies, forces and stresses, or some of these; types, and sigmas of their own."""
    rng = np.random.default_rng(0)
    frames = []
    for place in range(n_frames):
        grid = np.stack(np.meshgrid(*[np.arange(2)] * 3), -1).reshape(-1, 3) * 2.1
        atoms = Atoms(rng.choice(["H", "O"], 8), grid + rng.normal(scale=0.06, size=grid.shape), pbc=True)
        atoms.set_cell(np.eye(3) * 4.2 + rng.normal(scale=0.04, size=(3, 3)))
        pair = atoms.copy()
        pair.calc = LennardJones(sigma=1.8, epsilon=0.3, rc=3.9, smooth=True)
        results = {
            "energy": pair.get_potential_energy(),
            "forces": pair.get_forces(),
            "stress": pair.get_stress(),
        }
        if place % 5 == 4:
            del results["forces"]
        if place % 4 == 3:
            results = {"forces": pair.get_forces()}
        if place == 6:
            results = {}
        atoms.calc = SinglePointCalculator(atoms, **results)
        if place % 2:
            atoms.info["config_type"] = "odd"
        if place % 3 == 1:
            atoms.info["sigma_forces"] = 0.02
        frames.append(atoms)
    return frames


FRAMES = labelled()
SIGMAS = {"sigma_energy": {"odd": 2e-3, "default": 1e-3}, "sigma_forces": 0.01, "sigma_virial": 0.02}


def models():
    return {
        "gp": ip.models.SparseGP(SOAP, n_sparse=20, **SIGMAS),
        "linear": ip.models.Linear(DISTANCES, e0="lstsq", **SIGMAS),
        "terms": ip.models.SparseGP([ip.models.TwoBody(r_cut=3.9), SOAP], n_sparse=10, **SIGMAS),
    }


def assert_same(found, expected, frames=None):
    """Predictions to 1e-8 of their size: what another order of the frames leaves of condition numbers of 1e7."""
    assert found.report_["rows"] == expected.report_["rows"]
    one, other = (model.predict(frames or FRAMES) for model in (found, expected))
    for name in ("energy", "forces"):
        mine, theirs = (np.asarray(getattr(each, name), float) for each in (one, other))
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-8 * np.abs(theirs).max(), err_msg=name)
    assert found.report_["residual"] == pytest.approx(expected.report_["residual"], rel=1e-8)


@pytest.fixture(scope="module")
def whole():
    return {name: model.fit(FRAMES) for name, model in models().items()}


@pytest.mark.parametrize("name", list(models()))
@given(cuts=st.sets(st.integers(1, 11), max_size=4), ahead=st.booleans(), nested=st.booleans())
def test_shares_make_the_fit_of_all_frames(name, cuts, ahead, nested, whole):
    model = models()[name].begin(FRAMES)
    assert model.report_["rows"] == {}
    worker = pickle.loads(pickle.dumps(model))
    ends = [0, *sorted(cuts), 12]
    shares = [worker.share(FRAMES[a:b]) for a, b in pairwise(ends)]
    shares = [pickle.loads(pickle.dumps(share)) for share in shares]
    assert sum(share.n_frames for share in shares) == 12
    if ahead:
        shares = shares[::-1]
    if nested:
        shares = [shares[0].merge(*shares[1:])]
    assert_same(model.merge(*shares), whole[name])
    assert worker.report_["rows"] == {}


def test_a_share_is_sent_as_upper_triangles(whole):
    share = models()["gp"].begin(FRAMES).share(FRAMES)
    m = whole["gp"].report_["n_sparse"] + 1
    kinds = len(share._triangles)
    assert kinds == 7  # energies and virials by type, forces by type or with their own sigma
    assert len(pickle.dumps(share)) < kinds * 4 * m * (m + 1) + 2000
    again = pickle.loads(pickle.dumps(share))
    for key, triangle in share._triangles.items():
        np.testing.assert_array_equal(np.triu(again._triangles[key].factor), np.triu(triangle.factor))
    assert repr(share) == "Share(12 frames)"


def test_models_learn_on_from_shares_and_shares_from_models(whole):
    model = models()["gp"].begin(FRAMES)
    model.merge(model.share(FRAMES[:5]))
    model.partial_fit(FRAMES[5:8])
    model.merge(model.share(FRAMES[8:]), model.share(FRAMES[6:7]))  # which has no labels
    assert_same(model, whole["gp"])
    model.resolve(sigma_forces=0.1)
    assert_same(model, models()["gp"].fit(FRAMES).resolve(sigma_forces=0.1))


def test_what_does_not_belong_together_is_refused():
    model = models()["gp"]
    with pytest.raises(Exception, match="has learned nothing yet"):
        model.share(FRAMES)
    model.begin(FRAMES)
    other = models()["gp"].set_params(random_state=1).begin(FRAMES)
    with pytest.raises(ValueError, match="a share is of a model with other sparse points"):
        model.merge(other.share(FRAMES))
    with pytest.raises(ValueError, match="a share is of a model with other sparse points"):
        model.share(FRAMES).merge(other.share(FRAMES))
    with pytest.raises(TypeError, match="merge was given 3; give what share"):
        model.merge(3)
    strange = FRAMES[0].copy()
    strange.numbers[2] = 6
    with pytest.raises(ValueError, match="atom 2 of frame 1 is 'C', which this model has not seen"):
        model.share([FRAMES[0], strange])


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
@pytest.mark.parametrize("name", list(models()))
def test_a_fit_by_dask_is_the_fit(name, scheduler, whole, tmp_path):
    dask = pytest.importorskip("dask")
    from isoprint.extras import dask as lazily

    paths = [tmp_path / f"{i}.traj" for i in range(6)]
    for i, path in enumerate(paths):
        write(path, FRAMES[2 * i : 2 * i + 2])
    with dask.config.set(scheduler=scheduler, num_workers=2):
        assert_same(lazily.fit(models()[name], FRAMES, batch=2), whole[name])
        assert_same(lazily.fit(models()[name], FRAMES), whole[name])
        if scheduler == "synchronous":
            assert_same(lazily.fit(models()[name], paths), whole[name])
            bag = pytest.importorskip("dask.bag").from_sequence(FRAMES, npartitions=5)
            assert_same(lazily.fit(models()[name], bag), whole[name])


def test_sparse_points_may_come_from_some_frames_or_from_the_user():
    dask = pytest.importorskip("dask")
    from isoprint.extras import dask as lazily

    begun = models()["gp"].begin(FRAMES[:4])
    with dask.config.set(scheduler="synchronous"):
        found = lazily.fit(models()["gp"], FRAMES, first=FRAMES[:4], batch=3)
        assert_same(found, begun.partial_fit(FRAMES))
        given = ip.models.SparseGP(SOAP, sparse=begun.sparse_, e0={"H": -1.0, "O": -2.0}, **SIGMAS)
        assert_same(lazily.fit(pickle.loads(pickle.dumps(given)), FRAMES, batch=5), given.fit(FRAMES))
        unlabelled = [atoms.copy() for atoms in FRAMES]
        with pytest.raises(ValueError, match="no frame has a label"):
            lazily.fit(ip.models.SparseGP(SOAP, n_sparse=5, e0=0.0), unlabelled)
        broken = [*FRAMES[:4], FRAMES[4].copy()]
        broken[4].info["virial"] = np.full(6, np.nan)
        with pytest.raises(ValueError, match="virial of frame 0 is"):
            lazily.fit(models()["gp"], broken, first=FRAMES[:4], batch=2)
