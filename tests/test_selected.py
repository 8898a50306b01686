"""Some columns of a fingerprint: the same numbers, and no more work than there must be."""

import pickle

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

import isoprint as ip
from catalog import EVERY_DESCRIPTOR_AND_OPTION, acsf, soap, turbo

FRAMES = [molecule(name) for name in ("CH4", "CH3OH", "H2O", "CO2")]
for frame in FRAMES:
    frame.rattle(0.05, seed=3)

WHOLE = {
    "SOAP": soap(normalize=False),
    "SOAP of DScribe": soap(normalize=False, convention="dscribe"),
    "SOAP of featomic": soap(normalize=False, convention="featomic", average="inner"),
    "SoapTurbo": turbo(normalize=False),
    "SoapTurbo, one factor": turbo(normalize=False, compression="1_0"),
    "normalized": soap(),
    "with a constant": soap(constant=0.3, normalize=False),
    "ACSF": acsf(),
    "OverlapMatrix": ip.OverlapMatrix(r_cut=3.0, species=["H", "C", "O"], max_sites=8),
    "Hybrid": ip.Hybrid([turbo(normalize=False, n_max=1), acsf()], scale=[2.0, 0.5]),
}
QUICK = ("SOAP", "SOAP of DScribe", "SOAP of featomic", "SoapTurbo", "ACSF")


def some(whole):
    return np.random.default_rng(1).permutation(whole.n_features)[: whole.n_features // 3]


@pytest.mark.parametrize("kind", WHOLE)
def test_numbers_are_those_of_the_whole(kind):
    whole = WHOLE[kind]
    columns = some(whole)
    few = ip.Selected(whole, columns)
    assert few.computes_all == (kind not in QUICK)
    assert few.n_features == len(columns)
    names = whole.get_feature_names_out()[columns]
    assert few.get_feature_names_out().tolist() == names.tolist()
    for given in (names, names.tolist(), columns.tolist(), tuple(columns)):
        assert ip.Selected(whole, given).columns_.tolist() == columns.tolist()
    every, found = whole.transform(FRAMES), few.transform(FRAMES)
    close = {"rtol": 1e-13, "atol": 1e-14}
    np.testing.assert_allclose(found, every[:, columns], **close)
    np.testing.assert_allclose(few.transform(FRAMES, sparse="scipy").toarray(), every[:, columns], **close)
    adjoint = np.random.default_rng(2).standard_normal(found.shape)
    spread = np.zeros_like(every)
    spread[:, columns] = adjoint
    expected, gradient = whole.pullback(FRAMES, spread), few.pullback(FRAMES, adjoint)
    np.testing.assert_allclose(gradient.positions, expected.positions, atol=1e-11)
    np.testing.assert_allclose(gradient.strain, expected.strain, atol=1e-11)
    features, gradient = few.fused(FRAMES, lambda rows, features: adjoint[rows.index], features=True)
    np.testing.assert_allclose(features, every[:, columns], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(gradient.positions, expected.positions, atol=1e-11)
    along = np.random.default_rng(3).standard_normal((sum(map(len, FRAMES)), 3))
    np.testing.assert_allclose(
        few.pushforward(FRAMES, along), whole.pushforward(FRAMES, along)[:, columns], rtol=1e-10, atol=1e-12
    )
    blocks, of_all = few.derivatives(FRAMES[1]), whole.derivatives(FRAMES[1])
    np.testing.assert_array_equal(blocks.atom, of_all.atom)
    np.testing.assert_allclose(blocks.values, of_all.values[:, :, columns], rtol=1e-10, atol=1e-12)
    out = np.empty((len(of_all.atom) + 2, 3, len(columns)), np.float32)
    few.derivatives(FRAMES[1], out=out)
    np.testing.assert_array_equal(out[:-2], blocks.values.astype(np.float32))
    pieces = [piece.values for piece in few.iter_derivatives(FRAMES[1], max_bytes=1)]
    np.testing.assert_allclose(np.concatenate(pieces), blocks.values, rtol=1e-12, atol=1e-13)


def test_of_every_case_the_last_column():
    for case in EVERY_DESCRIPTOR_AND_OPTION:
        whole = case.descriptor
        frame = Atoms(case.elements, np.random.default_rng(0).uniform(0.0, 2.0, (len(case.elements), 3)))
        last = whole.n_features - 1
        found = ip.Selected(whole, [last]).transform(frame)
        np.testing.assert_allclose(found, whole.transform(frame)[:, [last]], rtol=1e-6, atol=1e-12, err_msg=case.name)


@pytest.mark.parametrize("kind", ["SOAP", "normalized"])
def test_truth_values_ranges_and_precision(kind):
    whole = WHOLE[kind]
    mask = np.arange(whole.n_features) % 7 == 2
    few = ip.Selected(whole, mask)
    np.testing.assert_array_equal(few.columns_, np.flatnonzero(mask))
    np.testing.assert_array_equal(
        ip.Selected(whole, range(2, whole.n_features, 7)).transform(FRAMES), few.transform(FRAMES)
    )
    single = ip.Selected(whole, mask, dtype="float32").transform(FRAMES)
    np.testing.assert_array_equal(single, few.transform(FRAMES).astype(np.float32))


def test_chosen_and_described_anew():
    whole = soap(normalize=False)
    columns = ip.select.fps(whole.transform(FRAMES), 15, axis="columns").index
    few = ip.Selected(whole, columns)
    np.testing.assert_allclose(few.transform(FRAMES), whole.transform(FRAMES)[:, columns], rtol=1e-13)
    kernel = ip.kernels.AverageKernel(few)
    np.testing.assert_allclose(
        kernel(FRAMES), ip.kernels.AverageKernel()([whole.transform(frame)[:, columns] for frame in FRAMES]), rtol=1e-12
    )


def test_what_belongs_to_the_whole_belongs_to_it():
    few = ip.Selected(soap(centers=["C", "O"], average=None), [0, 5])
    assert few.species_ == ["H", "C", "O"]
    assert (few.r_cut, few.centers, few.average, few.periodic) == (3.0, ["C", "O"], None, True)
    assert few.reach == soap().reach
    assert few.rows(FRAMES).species.tolist() == [6, 6, 8, 8, 6, 8, 8]
    assert few.transform(FRAMES, centers=[[0], [1], [2], [0]]).shape == (4, 2)
    assert ip.Selected(acsf(average="outer"), [3]).transform(FRAMES).shape == (4, 1)
    with pytest.raises(ValueError, match="'N'"):
        few.transform(molecule("NH3"))


def test_species_are_learned_by_a_copy():
    whole = ip.SOAP(r_cut=3.0, n_max=2, l_max=1)
    few = ip.Selected(whole, [0, 3])
    with pytest.raises(ValueError, match="not fitted yet; call fit"):
        few.transform(FRAMES)
    rows = few.fit_transform(FRAMES)
    assert not whole.__sklearn_is_fitted__()
    np.testing.assert_allclose(rows, whole.fit(FRAMES).transform(FRAMES)[:, [0, 3]])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(few)).transform(FRAMES), rows)
    few.set_params(descriptor__l_max=2)
    with pytest.raises(ValueError, match="have changed since fit; call fit again"):
        few.transform(FRAMES)
    assert few.fit(FRAMES).transform(FRAMES).shape == rows.shape


def test_parameters_that_change_count():
    from sklearn.base import clone

    whole = acsf()
    few = ip.Selected(whole, [0, 3])
    few.transform(FRAMES)
    few.columns = [4]
    np.testing.assert_allclose(few.transform(FRAMES), whole.transform(FRAMES)[:, [4]])
    few.columns.append(6)  # in place
    np.testing.assert_allclose(few.transform(FRAMES), whole.transform(FRAMES)[:, [4, 6]])
    whole.r_cut = 2.5
    np.testing.assert_allclose(few.transform(FRAMES), acsf(r_cut=2.5).transform(FRAMES)[:, [4, 6]])
    assert clone(few).get_params()["descriptor__r_cut"] == 2.5


class Stranger:
    """A fingerprint of another package."""

    n_features = 4

    def transform(self, frame, *, centers=None, **options):
        return np.arange(4.0) + np.arange(len(frame) if centers is None else len(centers))[:, None]

    def derivatives(self, frame, *, centers=None):
        n = len(frame)
        return ip.Derivatives(np.ones((n, 3, 4)), np.arange(n), np.arange(n), n, n)


def test_of_a_stranger():
    few = ip.Selected(Stranger(), [2, 1])
    assert few.transform(FRAMES[2]).tolist() == [[2.0, 1.0], [3.0, 2.0], [4.0, 3.0]]
    assert few.derivatives(FRAMES[2]).values.shape == (3, 3, 2)
    assert few.get_feature_names_out().tolist() == ["2", "1"]


WRONG = [
    ([], "at least one"),
    ([[1]], "columns is"),
    (3, "columns is 3; give places"),
    ([1.5], "give places of columns"),
    ([-1], "columns has -1, but the descriptor has 135 features, counted from 0"),
    ([135], "columns has 135"),
    ([4, 4], "columns has 4 more than once"),
    ([True, False], "columns has 2 truth values, but there are 135 features"),
    (np.zeros(135, bool), "columns has no True"),
    (["H.1 H.9 l=0"], "columns has the name 'H.1 H.9 l=0', which no feature"),
    (None, "columns is None"),
]


@pytest.mark.parametrize(("columns", "message"), WRONG, ids=lambda value: str(value)[:20])
def test_columns_that_make_no_sense(columns, message):
    for use in ("transform", "fit"):
        with pytest.raises(ValueError, match=message):
            getattr(ip.Selected(soap(), columns), use)(FRAMES)


def test_descriptors_that_make_no_sense():
    for wrong in (None, ip.SOAP, 3):
        with pytest.raises(ValueError, match="give a descriptor of isoprint, or an object with transform"):
            ip.Selected(wrong, [0]).transform(FRAMES)
