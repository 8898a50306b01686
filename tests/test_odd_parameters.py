"""A parameter that is no number of its kind is refused by name, in every class and function."""

import operator
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from ase import Atoms

import isoprint as ip
from catalog import acsf, soap, turbo
from odd import WATER, Quantity, Touchy, kind_of


@pytest.mark.parametrize(
    "n_jobs",
    [0, True, False, np.True_, 1.0, 1.5, "2", b"2", [2], {}, np.nan, 1j, Touchy(), np.array([1, 2])],
    ids=kind_of,
)
def test_threads_are_counted(n_jobs):
    descriptor = turbo()
    shape = 3, descriptor.n_features
    for call in (
        lambda: descriptor.transform(WATER, n_jobs=n_jobs),
        lambda: descriptor.pullback(WATER, np.zeros(shape), n_jobs=n_jobs),
        lambda: descriptor.pushforward(WATER, np.zeros((3, 3)), n_jobs=n_jobs),
        lambda: descriptor.derivatives(WATER, n_jobs=n_jobs),
        lambda: ip.neighbors(WATER, 2.0, n_jobs=n_jobs),
        lambda: ip.Hybrid([descriptor]).fit(WATER, n_jobs=n_jobs),
    ):
        with pytest.raises(ValueError, match=r"n_jobs is .*give a number of threads"):
            call()


@pytest.mark.parametrize(
    "n_jobs",
    [2**31, 2**40, 2**63, 2**70, 10**400, -(2**70), -(10**5000), np.uint8(2), np.array(2)],
    ids=kind_of,
)
def test_more_threads_than_there_are_is_no_harm(n_jobs):
    assert np.array_equal(turbo().transform(WATER, n_jobs=n_jobs), turbo().transform(WATER))


NO_REAL = [
    "3.0",
    b"3.0",
    bytearray(b"3.0"),
    True,
    np.True_,
    None,
    1j,
    np.complex128(3.0),
    np.nan,
    np.inf,
    10**400,
    -(10**400),
    10**5000,
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("1e400"),
    Fraction(10**400, 3),
    [3.0],
    (3.0,),
    np.array([3.0]),
    np.array("3.0"),
    np.array(True),
    np.array(3.0 + 0j),
    np.array(None),
    np.datetime64("2020-01-01"),
    np.timedelta64(3, "s"),
    np.ma.masked,
    Quantity(3.0, "bohr"),
    Touchy(),
    object(),
    {},
    float,
]
REALS = [
    (ip.SoapTurbo, {"r_cut": 3.0, "n_max": 2, "l_max": 1}, ("r_cut", "sigma", "r_soft", "amplitude_scaling")),
    (
        ip.SOAP,
        {"r_cut": 3.0, "n_max": 2, "l_max": 1},
        ("r_cut", "sigma", "cutoff_width", "padding", "constant", "accuracy"),
    ),
    (ip.ACSF, {"r_cut": 3.0}, ("r_cut", "alpha")),
    (ip.OverlapMatrix, {"r_cut": 3.0, "max_sites": 9}, ("r_cut", "width_scale", "degenerate_tol")),
    (ip.CoulombMatrix, {"r_cut": 3.0, "max_sites": 9}, ("r_cut", "r_core", "degenerate_tol")),
]
MAY_BE_NONE = ("r_soft", "constant")


@pytest.mark.parametrize("value", NO_REAL, ids=kind_of)
def test_a_real_parameter_is_one_real_number(value):
    for kind, options, names in REALS:
        for name in names:
            if not (value is None and name in MAY_BE_NONE):
                with pytest.raises(ValueError, match=rf"^{name} (is|has) "):
                    kind(**{**options, "species": ["H"], name: value}).transform(Atoms("H"))
    with pytest.raises(ValueError, match=r"^r_cut is "):
        ip.neighbors(WATER, value)


@pytest.mark.parametrize(
    "three",
    [3, 3.0, Fraction(3), Decimal(3), np.float32(3), np.float16(3), np.longdouble(3), np.int8(3), np.array(3.0)],
    ids=kind_of,
)
def test_any_real_number_will_do(three):
    expected = acsf(r_cut=3.0).transform(WATER)
    assert np.array_equal(acsf(r_cut=three).transform(WATER), expected)


@pytest.mark.parametrize(
    "value",
    ["2", True, np.True_, 2.0, np.float64(2), None, [2], np.array([2]), 2**70, 10**5000, -1, Decimal(2), Touchy()],
    ids=kind_of,
)
def test_a_count_is_an_integer(value):
    for build in (turbo, soap):
        for name in ("n_max", "l_max"):
            with pytest.raises(ValueError, match=rf"^{name} is .*; it must be an integer from"):
                build(**{name: value}).transform(WATER)
    for name in ("max_sites", "exponent"):
        with pytest.raises(ValueError, match=rf"^{name} is .*; it must be an integer from"):
            ip.CoulombMatrix(**{"r_cut": 3.0, "species": ["H", "O"], name: value}).transform(WATER)


def test_integers_of_numpy_are_integers():
    for two in (np.int8(2), np.uint64(2), np.array(2)):
        assert np.array_equal(turbo(n_max=two).transform(WATER), turbo(n_max=2).transform(WATER))


@pytest.mark.parametrize("value", ["True", "", 0, 1, 1.0, None, [], [True], np.array([True]), Touchy()], ids=kind_of)
def test_a_flag_is_true_or_false(value):
    for build, name in ((turbo, "normalize"), (soap, "center_everywhere"), (soap, "periodic"), (acsf, "g1")):
        with pytest.raises(ValueError, match=rf"^{name} is .*; it must be True or False"):
            build(**{name: value}).transform(WATER)


@pytest.mark.parametrize(
    "value", ["Exact", b"exact", 0, None, True, ["exact"], np.array("exact"), Touchy()], ids=kind_of
)
def test_a_choice_is_one_of_the_words(value):
    for build, name in ((turbo, "policy"), (soap, "convention"), (acsf, "cutoff_function"), (turbo, "unknown_species")):
        with pytest.raises(ValueError, match=rf"^{name} is .*; choose one of"):
            build(**{name: value}).transform(WATER)
    assert np.array_equal(turbo(policy=np.str_("exact")).transform(WATER), turbo().transform(WATER))


@pytest.mark.parametrize(
    "dtype", ["f8", ">f8", np.dtype(">f8"), "float16", complex, object(), 3, [], Touchy(), bool], ids=kind_of
)
def test_precision_is_single_or_double(dtype):
    for descriptor in (turbo(dtype=dtype), ip.Hybrid([turbo()], scale=None, dtype=dtype)):
        with pytest.raises(ValueError, match=r"^dtype is .*; choose one of 'float64', 'float32'"):
            descriptor.transform(WATER)


@pytest.mark.parametrize("value", ["0.1", True, None, np.nan, 10**400, 1j, [0.1], Touchy()], ids=kind_of)
def test_numbers_of_studies_are_numbers_too(value):
    start = ip.helical_start("NH3", seed=0)
    om = ip.OverlapMatrix(r_cut=4.8, max_sites=4)
    found, many = ip.sensitivity(om, start, 0), ip.ACSF.standard()
    for name in ("step", "max_arc", "tolerance", "longest_correction"):
        with pytest.raises(ValueError, match=rf"^{name} is "):
            ip.follow_manifold(om, start, 0, **{name: value})
    for name in ("distance", "amplitude", "threshold"):
        with pytest.raises(ValueError, match=rf"^{name} is "):
            ip.find_blind_pairs(many, "NH3", **{name: value})
    with pytest.raises(ValueError, match=r"^stretch is "):
        ip.helical_start("NH3", stretch=value)
    with pytest.raises(ValueError, match=r"^rtol is "):
        found.null_modes(value)
    with pytest.raises(ValueError, match=r"^amplitude is "):
        found.to_frames(value)


@pytest.mark.parametrize("value", ["1", True, None, 1.0, np.nan, 2**70, -1, [1], Touchy()], ids=kind_of)
def test_counts_of_studies_are_counts_too(value):
    start = ip.helical_start("NH3", seed=0)
    om, many = ip.OverlapMatrix(r_cut=4.8, max_sites=4), ip.ACSF.standard()
    for call, name in (
        (lambda: ip.helical_start("NH3", seed=value), "seed"),
        (lambda: ip.find_blind_pairs(many, "NH3", seed=value), "seed"),
        (lambda: ip.find_blind_pairs(many, "NH3", starts=value), "starts"),
        (lambda: ip.find_blind_pairs(many, "NH3", max_evaluations=value), "max_evaluations"),
        (lambda: ip.degenerate_pairs("CH4", n=value), "n"),
        (lambda: ip.degenerate_pairs("CH4", seed=value), "seed"),
        (lambda: ip.follow_manifold(om, start, 0, max_steps=value), "max_steps"),
        (lambda: ip.sensitivity(om, start, 0).to_frames(steps=value), "steps"),
    ):
        with pytest.raises(ValueError, match=rf"^{name} is "):
            call()
    with pytest.raises(ValueError, match=r"^centers? "):
        ip.sensitivity(om, start, value)


def test_arrays_of_studies_are_arrays_too():
    start = ip.helical_start("NH3", seed=0)
    om = ip.OverlapMatrix(r_cut=4.8, max_sites=4)
    found = ip.sensitivity(om, start, 0)
    shape = 4, 3
    for wrong in (
        np.zeros(shape, bool),
        np.full(shape, "1"),
        np.zeros(shape, complex),
        np.zeros(shape, object),
        "x",
        Touchy(),
    ):
        for call, name in (
            (lambda: found.learnability(wrong), "gradient"),  # noqa: B023
            (lambda: ip.follow_manifold(om, start, 0, mode=wrong), "mode"),  # noqa: B023
            (lambda: ip.four_body_energy(wrong), "positions"),  # noqa: B023
            (lambda: ip.four_body_gradient(wrong), "positions"),  # noqa: B023
            (lambda: ip.match_rows(wrong, np.zeros(shape)), "one"),  # noqa: B023
            (lambda: ip.match_rows(np.zeros(shape), wrong), "other"),  # noqa: B023
        ):
            with pytest.raises(ValueError, match=rf"^{name} "):
                call()


def test_index_like_objects_are_counted_once():
    """What has `__index__` is an integer, once and for all."""

    class Two:
        def __index__(self):
            return 2

    assert operator.index(Two()) == 2
    assert np.array_equal(turbo().transform(WATER, centers=[Two()]), turbo().transform(WATER, centers=[2]))
    assert np.array_equal(turbo(n_max=Two()).transform(WATER), turbo(n_max=2).transform(WATER))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda odd: ip.SOAP(odd), "parameters by name"),
        (lambda odd: ip.SOAP(r_cut=4.0, n_max=2, l_max=1).set_output(transform=odd), "transform"),
        (lambda odd: soap(weighting=odd).transform(WATER), "weighting"),
        (lambda odd: soap().transform(WATER, progress=odd), "progress"),
        (lambda odd: acsf(functions=[odd]).transform(WATER), "functions"),
        (lambda odd: ip.OverlapMatrix(r_cut=3.0, species=["H", "O"], orbitals=odd).transform(WATER), "orbitals"),
        (lambda odd: ip.OverlapMatrix(r_cut=3.0, species=["H", "O"], orbitals=[odd]).transform(WATER), "orbitals"),
        (lambda odd: ip.OverlapMatrix(r_cut=3.0, species=["H", "O"], radii=odd).transform(WATER), "radii"),
        (lambda odd: ip.Hybrid(odd).transform(WATER), "descriptors"),
        (lambda odd: ip.Hybrid([(odd,)]).transform(WATER), "descriptors"),
        (lambda odd: ip.Hybrid([odd]).transform(WATER), "block"),
        (lambda odd: ip.helical_start(odd), "molecule"),
        (lambda odd: ip.degenerate_pairs(odd), "molecule"),
    ],
)
@pytest.mark.parametrize("odd", [Touchy(), 10**6000], ids=["touchy", "6000 digits"])
def test_what_cannot_be_printed_is_refused_by_name_too(call, name, odd):
    with pytest.raises((ValueError, TypeError), match=name):
        call(odd)
