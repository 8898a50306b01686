"""Several fingerprints side by side: a fingerprint like any other, and what its blocks are."""

import copy
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.utils.validation import check_is_fitted

import isoprint as ip
from catalog import overlap, symmetry
from isoprint.blindness.environment import environment
from isoprint.descriptors.derivatives import Derivatives, Pullback
from isoprint.testing import assert_jacobian_consistent, assert_pullback_is_the_derivative

FRAMES = [molecule(name) for name in ("H2O", "CH4", "CO2", "CH3OH", "C2H6", "H2CO")]
ENERGIES = np.array([len(frame) for frame in FRAMES], float)


def soap(**options):
    return ip.SOAP(**{"r_cut": 3.0, "n_max": 2, "l_max": 1, **options})


def om(**options):
    return ip.OverlapMatrix(**{"r_cut": 3.5, "orbitals": "s", "max_sites": 8, **options})


def both(**options):
    return ip.Hybrid([soap(), om()], **options)


def raises(*parts, error=ValueError):
    return pytest.raises(error, match=".*".join(re.escape(part) for part in parts))


# What the columns are


def test_each_block_has_a_total_variance_of_one_over_the_sample():
    hybrid = both().fit(FRAMES)
    rows = hybrid.transform(FRAMES)
    n = soap().fit(FRAMES).n_features
    for block in (rows[:, :n], rows[:, n:]):
        assert block.var(axis=0).sum() == pytest.approx(1.0, abs=1e-12)
    plain = np.hstack([soap().fit_transform(FRAMES), om().fit_transform(FRAMES)])
    factors = np.repeat(hybrid.scales_, [n, rows.shape[1] - n])
    np.testing.assert_allclose(rows, plain * factors, rtol=1e-14)
    assert hybrid.fit_transform(FRAMES).tobytes() == rows.tobytes()


def test_the_sample_may_be_some_centers_only():
    hybrid = both().fit(FRAMES[1:5:3], centers=[[0], [0]])
    rows = hybrid.transform(FRAMES[1:5:3], centers=[[0], [0]])
    assert rows.var(axis=0).sum() == pytest.approx(2.0, abs=1e-12)
    again = both().fit_transform(FRAMES[1:5:3], centers=[[0], [0]])
    assert np.array_equal(again, rows)


def test_weights_multiply_what_is_scaled():
    even, odd = both().fit(FRAMES), both(weights=(1.0, 3.0)).fit(FRAMES)
    np.testing.assert_array_equal(odd.scales_, even.scales_)
    np.testing.assert_allclose(odd.transform(FRAMES)[:, -8:], 3.0 * even.transform(FRAMES)[:, -8:], rtol=1e-14)
    assert np.array_equal(odd.transform(FRAMES)[:, :-8], even.transform(FRAMES)[:, :-8])


def test_without_scaling_it_is_the_union_of_scikit_learn():
    blocks = [soap(average="outer"), om(average="outer"), soap(average="outer", r_cut=2.0)]
    hybrid, union = ip.Hybrid(blocks, scale=None), make_union(*(clone(block) for block in blocks))
    np.testing.assert_allclose(hybrid.fit_transform(FRAMES), union.fit_transform(FRAMES), rtol=1e-15)
    assert list(hybrid.get_feature_names_out()) == list(union.get_feature_names_out())
    assert hybrid.get_params().keys() - {"descriptors", "scale", "weights", "dtype"} <= union.get_params().keys()


def test_what_was_learned_may_be_given():
    learned = both().fit(FRAMES)
    given = ip.Hybrid([soap(species=["H", "C", "O"]), om(species=["H", "C", "O"])], scale=learned.scales_)
    assert given.transform(FRAMES).tobytes() == learned.transform(FRAMES).tobytes()
    assert np.array_equal(given.fit(FRAMES[:1]).scales_, learned.scales_)


def test_it_knows_what_its_blocks_know():
    hybrid = ip.Hybrid([soap(species=["C", "H"]), om(species=["O", "H"]), ip.ACSF.standard()], scale=None)
    assert hybrid.species_ == ["H", "C", "O"]
    assert ip.Hybrid([ip.ACSF.standard()], scale=None).species_ == ["any"]
    assert hybrid.reach == hybrid.r_cut == 4.8
    assert ip.Hybrid([soap(species=["H"], padding=1.0)], scale=None).reach == 4.0
    assert hybrid.n_features == len(set(hybrid.get_feature_names_out()))
    assert (hybrid.average, hybrid.centers, hybrid.periodic) == (None, None, True)
    chosen = ip.Hybrid([soap(centers=["O", "C"]), om(centers=[6, 8])], scale=None).fit(FRAMES)
    assert chosen.centers == ["C", "O"]
    assert len(chosen.transform(FRAMES[3])) == 2


def test_hybrids_of_hybrids():
    inner = ip.Hybrid([("short", soap(r_cut=2.0)), ("long", soap())])
    outer = ip.Hybrid([inner, om()]).fit(FRAMES)
    assert outer.get_feature_names_out()[0].startswith("hybrid__short__")
    assert outer.get_params()["hybrid__short__r_cut"] == 2.0
    assert outer.transform(FRAMES).var(axis=0).sum() == pytest.approx(2.0)
    assert_jacobian_consistent(outer, FRAMES[3])


# Derivatives


def test_blocks_of_pairs_that_only_one_fingerprint_sees():
    """Of two cutoffs the shorter one has fewer pairs: its entries are zero where it sees nothing."""
    short, long = soap(r_cut=1.5, species=["H", "C"]), om(r_cut=4.0, species=["H", "C"])
    hybrid = ip.Hybrid([long, short], scale=[2.0, 3.0])
    frame = molecule("C2H6")
    own, mine, theirs = (d.derivatives(frame) for d in (hybrid, long, short))
    assert len(theirs.values) < len(mine.values) == len(own.values)
    expected = np.concatenate([2.0 * mine.dense(), 3.0 * theirs.dense()], axis=-1)
    np.testing.assert_array_equal(own.dense(), expected)
    assert_jacobian_consistent(hybrid, frame)


def test_a_jacobian_of_nothing():
    hybrid = ip.Hybrid([soap(species=["H"]), om(species=["H"])], scale=None)
    assert hybrid.derivatives(Atoms()).values.shape == (0, 3, hybrid.n_features)
    assert hybrid.derivatives(Atoms("H"), centers=[]).values.shape == (0, 3, hybrid.n_features)
    assert hybrid.transform([]).shape == (0, hybrid.n_features)


def test_the_surroundings_of_one_center():
    hybrid = both().fit(FRAMES)
    around = environment(hybrid, FRAMES[3], 0)
    assert around.jacobian(around.positions).shape == (3 * len(around.numbers), hybrid.n_features)
    assert around.row(around.positions).shape == (hybrid.n_features,)


# Fingerprints of others


class Distances:
    """Distances to the origin of moments, of somebody else: every atom is seen by every center."""

    n_features = 2

    def _vectors(self, atoms, centers):
        origin = np.array([atoms.positions[c] if np.ndim(c) == 0 else c for c in centers]).reshape(-1, 3)
        return atoms.positions[None] - origin[:, None]

    def transform(self, atoms, centers=None):
        square = np.sum(self._vectors(atoms, centers) ** 2, axis=2)
        return np.stack([np.exp(-square).sum(axis=1), np.exp(-square / 3.0).sum(axis=1)], axis=1)

    def derivatives(self, atoms, centers=None):
        vector = self._vectors(atoms, centers)
        square = np.sum(vector**2, axis=2)[..., None]
        own = np.stack([-2 * vector * np.exp(-square), -2 / 3 * vector * np.exp(-square / 3)], axis=-1)
        for row, center in enumerate(centers):
            if np.ndim(center) == 0:
                own[row, center] -= own[row].sum(axis=0)
        n = len(atoms)
        row, atom = np.divmod(np.arange(len(own) * n), n)
        return Derivatives(own.reshape(-1, 3, 2), row, atom, len(own), n)

    def pullback(self, atoms, adjoint, centers=None):
        return Pullback(self.derivatives(atoms, centers=centers).pullback(adjoint), np.zeros((1, 3, 3)))

    def pushforward(self, atoms, displacements, centers=None):
        return self.derivatives(atoms, centers=centers).pushforward(displacements)


def test_a_fingerprint_of_somebody_else_may_be_a_block():
    hybrid = ip.Hybrid([soap(species=["H", "C", "O"]), ("theirs", Distances())], scale=[1.0, 2.0])
    assert list(hybrid.get_feature_names_out()[-2:]) == ["theirs__0", "theirs__1"]
    assert hybrid.species_ == ["H", "C", "O"]
    assert hybrid.reach == np.inf
    rows = hybrid.transform(FRAMES)
    assert rows.shape == (sum(map(len, FRAMES)), soap().fit(FRAMES).n_features + 2)
    np.testing.assert_array_equal(rows[:3, -2:], 2.0 * Distances().transform(FRAMES[0], centers=[0, 1, 2]))
    for centers in (None, [2, [0.1, 0.2, 0.3], 0]):
        assert_jacobian_consistent(hybrid, FRAMES[3], centers=centers)
        assert_pullback_is_the_derivative(hybrid, FRAMES[3], centers=centers)
    adjoint = np.ones(rows.shape)
    assert hybrid.pullback(FRAMES, adjoint).positions.shape == (len(rows), 3)
    fitted = ip.Hybrid([Distances(), om()]).fit(FRAMES)
    assert fitted.transform(FRAMES).var(axis=0).sum() == pytest.approx(2.0)
    assert environment(fitted, FRAMES[3], 0).jacobian(FRAMES[3].positions).shape == (18, 10)


# A good citizen


def test_the_given_descriptors_are_left_as_they_are():
    blocks = [soap(), om()]
    hybrid = ip.Hybrid(blocks)
    assert hybrid.descriptors is blocks
    assert set(vars(hybrid)) == {"descriptors", "scale", "weights", "dtype"}
    hybrid.fit(FRAMES)
    assert not hasattr(blocks[0], "species_")
    assert [type(block) for block in hybrid.descriptors_] == [ip.SOAP, ip.OverlapMatrix]
    assert hybrid.descriptors_[0].species_ == ["H", "C", "O"]


def test_parameters_of_blocks_are_reached_by_name():
    hybrid = ip.Hybrid([soap(), om(), soap(n_max=4)])
    names = hybrid.get_params()
    assert (names["soap-1__n_max"], names["soap-2__n_max"], names["overlapmatrix__orbitals"]) == (2, 4, "s")
    assert hybrid.get_params(deep=False).keys() == {"descriptors", "scale", "weights", "dtype"}
    assert hybrid.set_params(**{"soap-2__n_max": 3, "weights": [1, 1, 2]}) is hybrid
    assert hybrid.descriptors[2].n_max == 3
    assert hybrid.weights == [1, 1, 2]
    given = hybrid.descriptors
    hybrid.set_params(overlapmatrix=om(orbitals="sp"))
    assert hybrid.descriptors[1].orbitals == "sp"
    assert given[1].orbitals == "s"
    named = ip.Hybrid([("a", soap()), ("b", om())]).set_params(b=soap(r_cut=2.0), a__r_cut=2.5)
    assert [(name, block.r_cut) for name, block in named.descriptors] == [("a", 2.5), ("b", 2.0)]
    with raises("Hybrid has no parameter and no block 'sop'; there are descriptors, scale, weights, dtype, soap-1"):
        hybrid.set_params(sop__n_max=3)
    with raises("no block 'weight'"):
        hybrid.set_params(weight=[1, 2])
    with raises("SOAP has no parameter 'nmax'; did you mean 'n_max'?"):
        hybrid.set_params(**{"soap-1__nmax": 3})


@pytest.mark.parametrize("duplicate", [clone, copy.deepcopy, lambda hybrid: pickle.loads(pickle.dumps(hybrid))])
def test_copies(duplicate):
    hybrid = ip.Hybrid([soap(sigma={"H": 0.3, "C": 0.4, "O": 0.5}), ("om", om())], weights=[1.0, 2.0])
    assert repr(duplicate(hybrid)) == repr(hybrid)
    rows = hybrid.fit(FRAMES).transform(FRAMES)
    again = duplicate(hybrid)
    if duplicate is clone:
        assert not hasattr(again, "scales_")
        again.fit(FRAMES)
    assert np.array_equal(again.transform(FRAMES), rows)


def test_what_was_learned_for_other_parameters_is_not_used():
    hybrid = both().fit(FRAMES)
    hybrid.set_params(soap__sigma=0.3)
    with raises("have changed since fit; call fit again"):
        hybrid.transform(FRAMES)
    assert hybrid.fit(FRAMES).transform(FRAMES).var(axis=0).sum() == pytest.approx(2.0)
    hybrid.descriptors.append(soap(r_cut=2.0))
    with raises("have changed since fit"):
        _ = hybrid.n_features


def test_equal_parameters_are_no_change():
    hybrid = both().fit(FRAMES)
    rows = hybrid.transform(FRAMES)
    hybrid.set_params(soap__sigma=soap().sigma, soap__centers=None)
    assert np.array_equal(hybrid.transform(FRAMES), rows)


def test_pickles_of_the_first_version_load():
    old = pickle.loads((Path(__file__).parent / "golden/hybrid_0_1_0.pickle").read_bytes())
    water = Atoms("OH2", [(0, 0, 0), (0, 0, 1), (0, 1, 0)])
    assert old.transform(water).shape == (3, old.n_features)
    old.set_params(soap__sigma=0.3)
    with raises("have changed since fit; call fit again"):
        old.transform(water)


def test_what_is_not_fitted_says_so():
    known = {"species": ["H", "C", "O"]}
    with pytest.raises(NotFittedError, match=r"does not know its scales yet; call fit\(frames\), or give scale=None"):
        ip.Hybrid([soap(**known), om(**known)]).transform(FRAMES)
    with pytest.raises(NotFittedError, match=r"block 'soap' of this Hybrid is not fitted yet; call fit\(frames\)"):
        both(scale=None).transform(FRAMES)
    for hybrid in (both(), both(scale=None)):
        with pytest.raises(NotFittedError):
            check_is_fitted(hybrid)
        check_is_fitted(hybrid.fit(FRAMES))
    check_is_fitted(ip.Hybrid([soap(**known)], scale=None))
    assert not hasattr(both(), "scales_")
    assert not hasattr(both(), "descriptors_")


def test_pipelines_and_grid_search():
    hybrid = ip.Hybrid([soap(average="inner"), om(average="outer")])
    assert make_pipeline(hybrid, PCA(2)).fit_transform(FRAMES).shape == (6, 2)
    search = GridSearchCV(
        make_pipeline(ip.Hybrid([soap(average="inner", species=["H", "C", "O"]), om(average="outer")]), Ridge()),
        {"hybrid__soap__n_max": [1, 2], "hybrid__weights": [None, (1.0, 0.1)]},
        cv=2,
    )
    search.fit(FRAMES, ENERGIES)
    assert np.isfinite(search.best_score_)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output(container):
    library = pytest.importorskip(container)
    hybrid = both().fit(FRAMES)
    plain = hybrid.transform(FRAMES)
    frame = hybrid.set_output(transform=container).transform(FRAMES)
    assert isinstance(frame, library.DataFrame)
    assert list(frame.columns) == list(hybrid.get_feature_names_out())
    assert np.array_equal(frame.to_numpy(), plain)
    assert isinstance(both().set_output(transform=container).fit_transform(FRAMES), library.DataFrame)


def test_out_points_threads_and_progress(slab):
    hybrid = ip.Hybrid([soap(), om(max_sites=60)]).fit([slab])
    expected = hybrid.transform(slab, centers=[0, [0.3, 0.1, 0.2]], n_jobs=1)
    told = []
    wide = np.zeros((2, 2 * hybrid.n_features), np.float32)
    out = wide[:, ::2]
    report = lambda done, total: told.append((done, total))  # noqa: E731
    assert hybrid.transform(slab, centers=[0, [0.3, 0.1, 0.2]], out=out, n_jobs=2, progress=report) is out
    np.testing.assert_array_equal(out, expected.astype(np.float32))
    assert told == sorted(told)
    assert told[-1] == (2, 2)


# Mistakes


@pytest.mark.parametrize(
    ("descriptors", "message"),
    [
        ([], "descriptors is []; give a list of descriptors such as [SOAP(...), OverlapMatrix(...)]"),
        ("soap", "descriptors is 'soap'; give a list"),
        (3, "descriptors is 3; give a list"),
        ([soap(), ip.SOAP], "is <class 'isoprint.descriptors.soap.SOAP'>; a block is a descriptor"),
        ([soap(), 3.0], "block 'float' is 3.0; a block is a descriptor of isoprint, or an object with transform"),
        ([("a", soap(), 1)], "entry 0 of descriptors is ('a', SOAP("),
        ([("", soap())], "entry 0 of descriptors is ('', SOAP("),
        ([("a", soap()), ("a", om())], "two descriptors are called 'a'; give every block a name of its own"),
        ([("a__b", soap())], "a descriptor is called 'a__b'; a name may not contain two underscores"),
        ([("scale", soap())], "a descriptor is called 'scale'"),
        ([soap(average="outer"), om()], "average is 'outer' for block 'soap' and None for block 'overlapmatrix'"),
        ([soap(centers=["C"]), om()], "centers is ['C'] for block 'soap' and None for block 'overlapmatrix'"),
        ([soap(centers=["C"]), om(centers=["O"])], "centers is ['C'] for block 'soap' and ['O']"),
    ],
)
def test_blocks_must_make_sense(descriptors, message):
    with raises(message):
        ip.Hybrid(descriptors, scale=None).fit(FRAMES).transform(FRAMES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "range"}, "scale is 'range'; choose one of 'variance'"),
        ({"scale": [1.0]}, "scale is [1.0]; give one positive number for each of the 2 descriptors, or None"),
        ({"scale": 2.0}, "scale is 2.0; give one positive number for each"),
        ({"scale": [1.0, -2.0]}, "entry 1 of scale is -2.0; it must be positive"),
        ({"weights": [1.0, np.nan]}, "entry 1 of weights is"),
        ({"weights": "equal"}, "weights is 'equal'"),
        ({"dtype": int}, "dtype is 'int64'"),
    ],
)
def test_factors_must_make_sense(options, message):
    with raises(message):
        both(**options).fit(FRAMES).transform(FRAMES)


def test_a_block_must_vary_over_the_sample():
    with raises("block 'soap' does not vary over the 1 rows of the sample", "scale=None or one factor a descriptor"):
        both().fit(FRAMES[1], centers=[0])
    with raises("does not vary over the 0 rows"):
        ip.Hybrid([soap(species=["H"]), om(species=["H"])]).fit([])
    turned = FRAMES[1].copy()
    turned.rotate(33.0, (1, 2, 3))
    with raises("block 'soap' does not vary over the 2 rows"):
        both().fit([FRAMES[1], turned], centers=[[0], [0]])


def test_mistakes_name_the_block_or_the_column():
    hybrid = both().fit(FRAMES[:3])
    with raises("include 'N'", "which this SOAP (block 'soap') was not told about"):
        hybrid.transform(molecule("NH3"))
    adjoint = np.zeros((3, hybrid.n_features))
    with raises("adjoint has shape (3, 4), expected"):
        hybrid.pullback(FRAMES[0], np.zeros((3, 4)))
    adjoint[1, -1] = np.nan
    with raises(f"adjoint has the entry NaN in row 1, column {hybrid.n_features - 1}"):
        hybrid.pullback(FRAMES[0], adjoint)

    class Short(Distances):
        def transform(self, atoms, centers=None):
            return super().transform(atoms, centers)[:1]

    with raises("transform of block 'short' returned an array of shape (1, 2), expected (3, 2)"):
        ip.Hybrid([Short()], scale=None).transform(FRAMES[0])

    class Poor:
        n_features, transform, derivatives = 2, Distances.transform, Distances.derivatives

    with raises("block 'poor' has no method pullback"):
        ip.Hybrid([Poor()], scale=None).pullback(FRAMES[0], np.zeros((3, 2)))
    del Poor.n_features
    with raises("block 'poor' has no attribute n_features"):
        ip.Hybrid([Poor()], scale=None).transform(FRAMES[0])


def test_blocks_of_different_periodicity_are_no_one_environment():
    mixed = ip.Hybrid([symmetry("", options={"periodic": False}).descriptor, overlap("").descriptor], scale=None)
    assert len(mixed.transform(FRAMES[0])) == 3
    with raises("periodic is False for block 'acsf' and True for block 'overlapmatrix'; set them alike"):
        environment(mixed, FRAMES[0], 0)


def stranger(**said):
    thing = Distances()
    vars(thing).update(said)
    return thing


@pytest.mark.parametrize("said", [{}, {"r_cut": None}, {"r_cut": 0.0}, {"reach": np.float32(np.inf)}])
def test_a_stranger_that_does_not_say_how_far_it_sees_sees_everything(said):
    hybrid = ip.Hybrid([stranger(**said)], scale=None)
    assert hybrid.reach == np.inf


def test_a_stranger_without_a_cutoff_leaves_the_hybrid_without_one():
    assert ip.Hybrid([stranger(r_cut=None)], scale=None).r_cut == np.inf


def test_how_far_a_stranger_sees_is_one_number():
    with raises("r_cut of block", "array([1, 2])"):
        _ = ip.Hybrid([stranger(reach=np.array([1, 2]))], scale=None).reach
