"""Names of other programs, and near misses, are told what they are called here, in constructors and methods."""

import copy
import inspect
import pickle

import pytest

import isoprint as ip
from isoprint._support import hints

SMALL = {
    ip.SoapTurbo: {"r_cut": 3.0, "n_max": 2, "l_max": 1},
    ip.SOAP: {"r_cut": 3.0, "n_max": 2, "l_max": 1},
    ip.ACSF: {"r_cut": 3.0},
    ip.OverlapMatrix: {"r_cut": 3.0},
    ip.CoulombMatrix: {"r_cut": 3.0},
}
KEYWORDS = [
    (ip.SOAP, "rcut", "'r_cut'", "SOAP.from_dscribe takes the parameters of DScribe"),
    (ip.SOAP, "nmax", "'n_max'", "from_dscribe"),
    (ip.SOAP, "lmax", "'l_max'", "from_dscribe"),
    (ip.SOAP, "rbf", "'basis'", "from_dscribe"),
    (ip.SOAP, "crossover", "'compression'", "from_dscribe"),
    (ip.SOAP, "cutoff", "'r_cut'", "SOAP.from_quip takes the parameters of QUIP, SOAP.from_featomic"),
    (ip.SOAP, "atom_sigma", "'sigma'", "from_quip"),
    (ip.SOAP, "n_species", "'species'", "from_quip"),
    (ip.SOAP, "species_Z", "'species'", "from_quip"),
    (ip.SOAP, "species_z", "'species'", "from_quip"),
    (ip.SOAP, "max_radial", "'n_max'", "from_featomic"),
    (ip.SOAP, "density", "'sigma'", "from_featomic"),
    (ip.SOAP, "nMax", "'n_max'", ""),
    (ip.SOAP, "sigmas", "'sigma'", ""),
    (ip.SOAP, "normalise", "'normalize'", "from_quip"),
    (ip.SOAP, "pbc", "'periodic'", ""),
    (ip.SoapTurbo, "alpha_max", "'n_max'", "SoapTurbo.from_quip"),
    (ip.SoapTurbo, "atom_sigma_t", "'sigma_t'", "from_quip"),
    (ip.SoapTurbo, "rcut_hard", "'r_cut'", "from_quip"),
    (ip.SoapTurbo, "rcut_soft", "'r_soft'", "from_quip"),
    (ip.SoapTurbo, "rcut", "'r_cut'", ""),
    (ip.ACSF, "g2_params", "'g2'", "ACSF.from_dscribe"),
    (ip.ACSF, "g5_params", "'g5'", "from_dscribe"),
    (ip.ACSF, "rcut", "'r_cut'", "from_dscribe"),
    (ip.OverlapMatrix, "natx", "'max_sites'", "OverlapMatrix.from_libfp"),
    (ip.OverlapMatrix, "orbital", "'orbitals'", "from_libfp"),
    (ip.OverlapMatrix, "cutoff", "'r_cut'", "from_libfp"),
    (ip.CoulombMatrix, "n_atoms_max", "'max_sites'", ""),
    (ip.CoulombMatrix, "cutoff", "'r_cut'", ""),
]


@pytest.mark.parametrize(("kind", "name", "ours", "peer"), KEYWORDS)
def test_keywords_of_others_are_told_what_they_are_called_here(kind, name, ours, peer):
    with pytest.raises(TypeError) as raised:
        kind(**SMALL[kind], **{name: 3})
    message = str(raised.value)
    assert message.startswith(f"{kind.__name__} has no parameter {name!r}; did you mean {ours}?")
    assert peer in message
    assert ("from_" in message) == bool(peer)
    with pytest.raises(ValueError, match="did you mean") as again:
        kind(**SMALL[kind]).set_params(**{name: 3})
    assert str(again.value) == message


@pytest.mark.parametrize("kind", SMALL)
def test_a_keyword_that_nobody_has_is_told_what_there_is(kind):
    with pytest.raises(TypeError, match=r"has no parameter 'whatever'; there are r_cut, .*dtype$"):
        kind(whatever=1)
    with pytest.raises(TypeError, match="n_jobs is an argument of transform"):
        kind(**SMALL[kind], n_jobs=2)


@pytest.mark.parametrize("kind", SMALL)
def test_parameters_are_given_by_name(kind):
    with pytest.raises(
        TypeError, match=rf"{kind.__name__} takes its parameters by name, as in .*\(r_cut=5.0\); 3 were"
    ):
        kind(5.0, 8, 6)


@pytest.mark.parametrize("kind", [ip.SOAP, ip.SoapTurbo])
def test_a_parameter_that_is_missing_is_named(kind):
    with pytest.raises(TypeError, match="missing 2 required keyword-only arguments: 'n_max' and 'l_max'"):
        kind(r_cut=3.0)


def test_hybrids_are_told_too():
    with pytest.raises(TypeError, match="Hybrid has no parameter 'weight'; did you mean 'weights'"):
        ip.Hybrid([], weight=2)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'descriptors'"):
        ip.Hybrid()


def test_other_constructors_are_told_too():
    with pytest.raises(TypeError, match="ACSF has no parameter 'g2_params'; did you mean 'g2'"):
        ip.ACSF.standard(g2_params=[])
    with pytest.raises(TypeError, match="OverlapMatrix has no parameter 'natx'; did you mean 'max_sites'"):
        ip.OverlapMatrix.from_width_cutoff(2.5, natx=3)


METHODS = {
    "create": "use transform; SOAP.from_dscribe", "create_single": "use transform; SOAP.from_dscribe",
    "create_coeffs": "use transform; SOAP.from_dscribe", "derivatives_numerical": "use derivatives; SOAP.from_dscribe",
    "derivatives_analytical": "use derivatives; SOAP.from_dscribe",
    "get_number_of_features": "use the attribute n_features; SOAP.from_dscribe",
    "get_location": "use get_feature_names_out; SOAP.from_dscribe", "compute": "use transform; SOAP.from_featomic",
    "calc": "use transform; SOAP.from_quip", "dimensions": "use the attribute n_features; SOAP.from_quip",
    "jacobian": "use derivatives", "vjp": "use pullback", "backward": "use pullback", "jvp": "use pushforward",
    "rcut": "its parameter is called 'r_cut'", "cutoff": "its parameter is called 'r_cut'",
    "atom_sigma": "its parameter is called 'sigma'", "nmax": "its parameter is called 'n_max'",
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_others_are_told_what_they_are_called_here(name):
    with pytest.raises(AttributeError) as raised:
        getattr(ip.SOAP(**SMALL[ip.SOAP]), name)
    assert str(raised.value).startswith(f"'SOAP' object has no attribute {name!r}; {METHODS[name]}")
    assert (raised.value.name, type(raised.value.obj)) == (name, ip.SOAP)


@pytest.mark.parametrize("kind", SMALL)
def test_only_constructors_that_exist_are_named(kind):
    named = set()
    for name in (*hints._METHODS, *hints._PARAMETERS, *hints._TOGETHER):
        with pytest.raises(AttributeError) as raised:
            getattr(kind(**SMALL[kind]), name)
        for word in str(raised.value).replace(",", " ").split():
            if ".from_" in word:
                named.add(word.rpartition(".")[2])
    assert all(hasattr(kind, name) for name in named)
    assert bool(named) == (kind in (ip.SOAP, ip.SoapTurbo, ip.ACSF))
    for ours, _ in hints._METHODS.values():
        assert hasattr(kind, ours)


def test_every_name_of_ours_is_a_parameter_of_some_fingerprint():
    known = {name for kind in SMALL for name in inspect.signature(kind).parameters}
    for ours, constructors in hints._PARAMETERS.values():
        assert set(ours) <= known
        for constructor in constructors:
            assert any(hasattr(kind, constructor) for kind in SMALL)
    assert set(hints._TOGETHER.values()) <= known
    assert not known & {*hints._PARAMETERS, *hints._TOGETHER}


# What must not change.


@pytest.mark.parametrize("kind", SMALL)
def test_signatures_copies_and_missing_attributes_are_as_before(kind):
    parameters = inspect.signature(kind).parameters.values()
    assert {p.kind for p in parameters} == {inspect.Parameter.KEYWORD_ONLY}
    assert list(inspect.signature(kind.__init__).parameters)[1:] == [p.name for p in parameters]
    made = kind(**SMALL[kind])
    assert repr(copy.deepcopy(made)) == repr(pickle.loads(pickle.dumps(made))) == repr(made)
    assert not hasattr(made, "predict")
    assert not hasattr(made, "_learned")
    assert getattr(made, "whatever", 7) == 7
    with pytest.raises(AttributeError, match=r"has no attribute 'whatever'$"):
        made.whatever  # noqa: B018
    with pytest.raises(ValueError, match="does not know its species yet"):
        made.species_  # noqa: B018


def test_scikit_learn_clones_as_before():
    base = pytest.importorskip("sklearn.base")
    for kind, parameters in SMALL.items():
        assert base.clone(kind(**parameters)).get_params() == kind(**parameters).get_params()


def test_a_fingerprint_of_ones_own_is_told_too():
    class Mine(ip.SOAP):
        def __init__(self, *, r_cut, depth=1):
            super().__init__(r_cut=r_cut, n_max=2, l_max=1)
            self.depth = depth

    assert Mine(r_cut=3.0, depth=2).depth == 2
    with pytest.raises(TypeError, match="Mine has no parameter 'dept'; did you mean 'depth'"):
        Mine(r_cut=3.0, dept=2)


def test_other_errors_of_a_constructor_stay_what_they_are():
    class Mine(ip.SOAP):
        def __init__(self, *, r_cut):
            super().__init__(r_cut=r_cut + 0.0, n_max=2, l_max=1)

    with pytest.raises(TypeError, match=r"can only concatenate str|unsupported operand|must be str"):
        Mine(r_cut="3")
