"""A good citizen of scikit-learn, without inheriting from it."""

import pickle

import numpy as np
import pytest
from ase.build import molecule
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.utils.validation import check_is_fitted

import isoprint as ip

FRAMES = [molecule(name) for name in ("H2O", "CH4", "CO2", "CH3OH", "C2H6", "H2CO")]
EVERY_KIND = [
    ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"]),
    ip.SoapTurbo(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"]),
    ip.ACSF.standard(species=["H", "C", "O"]),
    ip.OverlapMatrix(r_cut=4.0, species=["H", "C", "O"], max_sites=6),
    ip.CoulombMatrix(r_cut=4.0, species=["H", "C", "O"], max_sites=6),
]
ENERGIES = np.array([len(frame) for frame in FRAMES], float)


@pytest.fixture(params=[ip.SoapTurbo, ip.SOAP], ids=lambda kind: kind.__name__)
def small(request):
    """A constructor of small fingerprints, of each kind in turn."""
    return lambda **options: request.param(**{"r_cut": 3.0, "n_max": 2, "l_max": 1, **options})


def test_the_constructor_stores_what_it_is_given_and_computes_nothing(small):
    odd = {"C": object()}
    soap = small(sigma=odd, n_max="nonsense")
    assert soap.sigma is odd
    assert soap.get_params()["n_max"] == "nonsense"
    assert set(vars(soap)) == set(soap.get_params())


def test_params_round_trip(small):
    soap = small(species=["H"])
    assert soap.set_params(r_cut=4.0, species=None) is soap
    assert (soap.r_cut, soap.species) == (4.0, None)
    with pytest.raises(ValueError, match="no parameter 'rcut'; did you mean 'r_cut'"):
        soap.set_params(rcut=4.0)
    with pytest.raises(TypeError):
        type(soap)(3.0, 2, 1)


def test_repr_shows_what_differs_from_the_defaults(small):
    name = type(small()).__name__
    assert repr(small(sigma={"H": 0.3})) == f"{name}(r_cut=3.0, n_max=2, l_max=1, sigma={{'H': 0.3}})"
    assert repr(small(compression=np.eye(3))).endswith("compression=<ndarray 3x3>)")


@pytest.mark.parametrize(
    "options", [{}, {"species": ["O", "H"]}, {"sigma": {"H": 0.3}, "centers": ["C"]}, {"compression": np.eye(9)}]
)
def test_clone(small, options):
    soap = small(**options)
    copy = clone(soap)
    assert copy is not soap
    assert repr(copy) == repr(soap)
    assert not hasattr(clone(small().fit(FRAMES)), "species_")


@pytest.mark.parametrize(
    "soap",
    [
        ip.SoapTurbo.from_quip(
            "soap_turbo l_max=2 alpha_max={3 2} cutoff=4 atom_sigma={0.5 0.4} species_Z={8 1} n_species=2"
        ),
        ip.SOAP.from_quip("soap l_max=2 n_max=3 cutoff=4 atom_sigma=0.5 cutoff_dexp=2 species_Z={8 1} n_species=2"),
    ],
    ids=lambda soap: type(soap).__name__,
)
def test_clone_of_what_came_from_a_string(soap):
    assert repr(clone(soap)) == repr(soap)
    assert np.array_equal(clone(soap).transform(FRAMES), soap.transform(FRAMES))


def test_fit_learns_the_species_and_nothing_else(small):
    soap = small()
    before = soap.get_params()
    assert soap.fit(FRAMES) is soap
    assert soap.get_params() == before
    assert soap.species_ == ["H", "C", "O"]
    given = small(species=["O", "C", "H"]).fit(FRAMES[:1])
    assert given.species_ == ["O", "C", "H"]
    assert small(species=[8, 1]).species_ == ["O", "H"]


def test_species_are_learned_from_one_frame_and_from_a_generator(small):
    assert small().fit(FRAMES[0]).species_ == ["H", "O"]
    assert small().fit(frame for frame in FRAMES).species_ == ["H", "C", "O"]
    assert len(small().fit_transform(frame for frame in FRAMES)) == sum(map(len, FRAMES))


def test_what_is_not_fitted_says_so(small):
    with pytest.raises(NotFittedError, match=r"call fit\(frames\)"):
        small().transform(FRAMES)
    with pytest.raises(NotFittedError):
        check_is_fitted(small())
    assert not hasattr(small(), "species_")
    check_is_fitted(small(species=["H"]))
    check_is_fitted(small().fit(FRAMES))


def test_without_sklearn_the_error_is_of_the_same_kind():
    from isoprint.descriptors._estimator import NotFittedError as Ours

    assert issubclass(Ours, ValueError)
    assert issubclass(Ours, AttributeError)


def test_a_changed_parameter_changes_the_result(small):
    soap = small(species=["H", "C", "O"], sigma={"H": 0.5, "C": 0.5, "O": 0.5})
    before = soap.transform(FRAMES)
    soap.set_params(n_max=3)
    assert soap.transform(FRAMES).shape[1] > before.shape[1]
    soap.set_params(n_max=2)
    soap.sigma["H"] = 0.3  # in place, behind the back of set_params
    changed = soap.transform(FRAMES)
    assert not np.allclose(changed, before)
    fresh = small(species=["H", "C", "O"], sigma={"H": 0.3, "C": 0.5, "O": 0.5})
    assert np.array_equal(changed, fresh.transform(FRAMES))


def test_pickle_is_small_and_computes_the_same(small):
    soap = small(n_max=8, l_max=6).fit(FRAMES)
    rows = soap.transform(FRAMES)
    dumped = pickle.dumps(soap)
    assert len(dumped) < 2000
    again = pickle.loads(dumped)
    assert again.species_ == soap.species_
    assert np.array_equal(again.transform(FRAMES), rows)


def test_pipelines(small):
    soap = small(average="outer")
    assert make_pipeline(soap, PCA(2)).fit_transform(FRAMES).shape == (6, 2)
    pipe = Pipeline([("soap", soap), ("ridge", Ridge())]).fit(FRAMES, ENERGIES)
    assert pipe.predict(FRAMES).shape == (6,)
    assert list(pipe[:-1].get_feature_names_out()) == list(soap.get_feature_names_out())
    both = FeatureUnion([("short", small(average="outer", r_cut=2.0)), ("long", soap)]).fit(FRAMES)
    assert both.transform(FRAMES).shape == (6, 2 * soap.n_features)
    assert type(soap).__name__ in pipe._repr_html_()


def test_grid_search_and_cross_validation(small):
    pipe = make_pipeline(small(species=["H", "C", "O"], average="inner"), Ridge())
    step = pipe.steps[0][0]
    search = GridSearchCV(pipe, {f"{step}__n_max": [1, 2], f"{step}__sigma": [0.3, 0.5]}, cv=2)
    search.fit(FRAMES, ENERGIES)
    assert search.best_params_.keys() == {f"{step}__n_max", f"{step}__sigma"}
    assert np.isfinite(cross_val_score(pipe, FRAMES, ENERGIES, cv=2, n_jobs=1)).all()


def test_tags_are_those_of_a_transformer(small):
    pytest.importorskip("sklearn", minversion="1.6")  # before, tags were dictionaries of another kind
    from sklearn.utils import get_tags

    tags = get_tags(small())
    assert tags.requires_fit
    assert tags.no_validation
    assert not tags.target_tags.required
    assert not get_tags(small(species=["H"])).requires_fit


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output(small, container):
    library = pytest.importorskip(container)
    soap = small().fit(FRAMES)
    plain = soap.transform(FRAMES)
    assert soap.set_output(transform=container) is soap
    frame = soap.transform(FRAMES)
    assert isinstance(frame, library.DataFrame)
    assert list(frame.columns) == list(soap.get_feature_names_out())
    assert np.array_equal(frame.to_numpy(), plain)
    assert isinstance(clone(soap).fit_transform(FRAMES), library.DataFrame)
    assert isinstance(soap.set_output(transform="default").transform(FRAMES), np.ndarray)
    pipe = make_pipeline(small(average="outer"), PCA(2)).set_output(transform=container)
    assert isinstance(pipe.fit_transform(FRAMES), library.DataFrame)


def test_the_configuration_of_sklearn_is_honored(small):
    pandas = pytest.importorskip("pandas")
    soap = small().fit(FRAMES)
    with config_context(transform_output="pandas"):
        assert isinstance(soap.transform(FRAMES), pandas.DataFrame)
        assert isinstance(soap.set_output(transform="default").transform(FRAMES), np.ndarray)
    with pytest.raises(ValueError, match="'arrow'; choose one of"):
        soap.set_output(transform="arrow")


def test_no_columns_without_atoms(small):
    soap = small(species=["H"])
    assert soap.transform([]).shape == (0, soap.n_features)
    assert soap.set_output(transform="pandas").transform([]).shape == (0, soap.n_features)


class OnForces(RegressorMixin, BaseEstimator):
    """A stranger that takes the descriptor as a parameter."""

    def __init__(self, descriptor=None):
        self.descriptor = descriptor

    def fit(self, frames, y):
        self.ridge_ = Ridge().fit(clone(self.descriptor).fit_transform(frames), y)
        return self


def test_it_may_be_a_parameter_of_another_estimator(small):
    outer = OnForces(small(average="outer"))
    assert outer.get_params()["descriptor__r_cut"] == 3.0
    clone(outer).set_params(descriptor__r_cut=2.5).fit(FRAMES, ENERGIES)
    assert outer.descriptor.r_cut == 3.0


def test_inputs_are_left_as_they_were(small, slab):
    soap = small(species=["H", "C", "N", "O"])
    adjoint, move = np.ones((6, soap.n_features)), np.ones((6, 3))
    before = slab.copy()
    for array in (*slab.arrays.values(), slab.cell.array, adjoint, move):
        array.flags.writeable = False
    soap.fit([slab]).transform(slab, centers=[0, [0.5, 0.5, 0.5]])
    soap.pullback([slab], adjoint)
    soap.pushforward(slab, move)
    soap.derivatives(slab)
    assert slab == before


def test_a_parameter_changed_deep_inside_changes_the_result(water):
    acsf = ip.ACSF(r_cut=4.0, species="any", g2=[[0.5, 0.0], [1.0, 0.0]])
    before = acsf.transform(water)
    acsf.g2[1][0] = 2.0
    after = acsf.transform(water)
    assert np.array_equal(before[:, :-1], after[:, :-1])
    assert not np.array_equal(before[:, -1], after[:, -1])
    acsf.g2.append((3.0, 0.0))
    assert acsf.transform(water).shape[1] == after.shape[1] + 1


@pytest.mark.parametrize("descriptor", EVERY_KIND, ids=repr)
def test_a_call_knows_nothing_of_the_calls_before_it(descriptor, water):
    methane = molecule("CH4")
    first = descriptor.transform(water), descriptor.derivatives(water).values
    adjoint = np.ones(first[0].shape)
    pull = descriptor.pullback(water, adjoint).positions
    descriptor.derivatives(methane, centers=[0, 3])
    descriptor.pullback(methane, np.ones((5, descriptor.n_features)))
    assert np.array_equal(descriptor.derivatives(water).values, first[1])
    assert np.array_equal(descriptor.pullback(water, adjoint).positions, pull)
    assert np.array_equal(descriptor.transform(water), first[0])
