"""Which rows a result has, and what belongs to which frame."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

import isoprint as ip

FRAMES = [molecule("CH4"), Atoms(), molecule("H2O"), molecule("CO")]
SOAP = {"r_cut": 3.0, "n_max": 2, "l_max": 1, "species": ["H", "C", "O"]}


def soap(**options):
    return ip.SOAP(**{**SOAP, **options})


def hybrid(**options):
    return ip.Hybrid([soap(**options), ip.ACSF(r_cut=3.0, species=["H", "C", "O"], **options)], scale=None)


every = pytest.mark.parametrize("make", [soap, hybrid])


@every
def test_one_entry_a_row(make):
    rows = make().rows(FRAMES)
    assert isinstance(rows, ip.Rows)
    assert len(rows) == len(make().transform(FRAMES)) == 10
    assert rows.index.tolist() == list(range(10))
    assert rows.frame.tolist() == [0] * 5 + [2] * 3 + [3] * 2
    assert rows.atom.tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 0, 1]
    assert rows.species.tolist() == [number for frame in FRAMES for number in frame.numbers]
    assert len(make().rows([])) == 0
    assert make().rows(FRAMES[0]).frame.tolist() == [0] * 5


@every
def test_of_chosen_centers_and_averages(make):
    rows = make(centers=["C", "O"]).rows(FRAMES)
    assert list(zip(rows.frame, rows.atom, rows.species, strict=True)) == [(0, 0, 6), (2, 0, 8), (3, 0, 8), (3, 1, 6)]
    rows = make().rows(FRAMES[2:], centers=[[2, [0.0, 0.0, 9.0]], None])
    assert list(zip(rows.frame, rows.atom, rows.species, strict=True)) == [
        (0, 2, 1),
        (0, -1, 0),
        (1, 0, 8),
        (1, 1, 6),
    ]
    rows = make(average="outer").rows(FRAMES)
    assert (rows.frame.tolist(), rows.atom.tolist(), rows.species.tolist()) == ([0, 1, 2, 3], [-1] * 4, [0] * 4)


def test_nothing_is_computed():
    crystal = bulk("Si", cubic=True) * (20, 20, 20)
    assert len(soap(species=["Si"], r_cut=40.0).rows(crystal)) == 64000


def test_what_is_wrong_is_told_as_transform_tells_it():
    with pytest.raises(ValueError, match=r"'N'.*which this SOAP was not told about"):
        soap().rows(molecule("N2"))
    with pytest.raises(ValueError, match="call fit"):
        soap(species=None).rows(FRAMES)
    with pytest.raises(ValueError, match="center"):
        soap().rows(molecule("CO"), centers=[2])


@every
def test_rows_of_each_frame(make):
    fingerprint = make()
    features = fingerprint.transform(FRAMES)
    parts = fingerprint.split(features, FRAMES)
    assert [len(part) for part in parts] == [5, 0, 3, 2]
    for part, frame in zip(parts, FRAMES, strict=True):
        assert np.shares_memory(part, features) or not len(part)
        np.testing.assert_array_equal(part, fingerprint.transform(frame))
    assert [len(part) for part in make(average="inner").split(features[:4], FRAMES)] == [1] * 4
    chosen = fingerprint.split(features[[5, 8]], FRAMES[2:], centers=[[0], [0]])
    np.testing.assert_array_equal(np.concatenate(chosen), features[[5, 8]])
    assert fingerprint.split(features[:0], []) == []


def test_all_kinds_of_results_are_split():
    fingerprint = soap()
    features = fingerprint.transform(FRAMES)
    sparse = fingerprint.split(fingerprint.transform(FRAMES, sparse="scipy"), FRAMES)
    assert [part.shape[0] for part in sparse] == [5, 0, 3, 2]
    np.testing.assert_array_equal(sparse[2].toarray(), features[5:8])
    assert fingerprint.rows(FRAMES).split(list(range(10)))[3].tolist() == [8, 9]
    pytest.importorskip("pandas")
    table = soap().set_output(transform="pandas").transform(FRAMES)
    parts = fingerprint.split(table, FRAMES)
    np.testing.assert_array_equal(parts[0].to_numpy(), features[:5])
    assert parts[3].index.tolist() == [(3, 0, 8), (3, 1, 6)]


def test_rows_of_a_block_are_split_as_well():
    crystal, seen = bulk("Si", cubic=True) * (3, 3, 3), []

    def function(rows, features):
        parts = rows.split(rows.atom)
        assert [len(part) for part in parts] == [np.sum(rows.frame == frame) for frame in (0, 1)]
        assert sorted(parts[1]) == sorted(rows.atom[rows.frame == 1])
        seen.extend(parts[1])
        return features

    soap(species=["Si"]).fused([crystal, crystal[:7]], function, block=50)
    assert sorted(seen) == list(range(7))


def test_other_numbers_of_rows_are_refused():
    rows = soap().rows(FRAMES)
    for wrong in (np.zeros((9, 3)), np.zeros(11), 3.0, []):
        with pytest.raises(ValueError, match="there are 10 rows"):
            rows.split(wrong)


@every
def test_a_data_frame_says_which_row_is_which(make):
    pandas = pytest.importorskip("pandas")
    fingerprint = make().set_output(transform="pandas")
    table, rows = fingerprint.transform(FRAMES), fingerprint.rows(FRAMES)
    assert table.index.names == ["frame", "atom", "species"]
    assert isinstance(table.index, pandas.MultiIndex)
    for level in table.index.names:
        np.testing.assert_array_equal(table.index.get_level_values(level), getattr(rows, level))
    np.testing.assert_array_equal(table.loc[(2, 0, 8)], make().transform(FRAMES[2])[0])
    out = np.empty(table.shape)
    assert fingerprint.transform(FRAMES, out=out).index.equals(table.index)
    assert fingerprint.transform([]).index.names == table.index.names
    averaged = make(average="outer").set_output(transform="pandas").transform(FRAMES)
    assert averaged.index.tolist() == [(frame, -1, 0) for frame in range(4)]


def test_features_in_one_pass_say_it_too():
    pytest.importorskip("pandas")
    fingerprint = soap().set_output(transform="pandas")
    table, _ = fingerprint.fused(FRAMES, lambda rows, features: features, features=True)
    assert table.index.equals(fingerprint.transform(FRAMES).index)


def test_the_index_goes_through_scikit_learn():
    pytest.importorskip("pandas")
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.preprocessing import StandardScaler

    pipe = make_pipeline(soap(), StandardScaler()).set_output(transform="pandas")
    table = pipe.fit_transform(FRAMES)
    assert table.index.equals(soap().set_output(transform="pandas").transform(FRAMES).index)
    both = make_union(soap(), ip.ACSF(r_cut=3.0, species=["H", "C", "O"])).set_output(transform="pandas")
    found = both.fit_transform(FRAMES)
    assert found.index.equals(table.index)
    assert not found.isna().to_numpy().any()


def test_polars_has_no_index_and_only_features():
    polars = pytest.importorskip("polars")
    table = soap().set_output(transform="polars").transform(FRAMES)
    assert isinstance(table, polars.DataFrame)
    assert table.columns == soap().get_feature_names_out().tolist()
