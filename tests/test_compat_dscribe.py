"""DScribe's interface: its answers to calls of every form, its errors, its attributes."""

import copy
import json
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

import isoprint as ip
import isoprint.compat.dscribe as dscribe
from isoprint.compat.dscribe.descriptors import ACSF, SOAP

GOLDEN = np.load(Path(__file__).parent / "golden" / "dscribe_calls.npz")
NAMES = [key.removesuffix("/about") for key in GOLDEN if key.endswith("/about")]
WATER, METHANE = molecule("H2O"), molecule("CH4")
STANDARD = {"species": ["H", "O"], "r_cut": 3.0, "n_max": 2, "l_max": 2}


def frame(name):
    return Atoms(**json.loads(str(GOLDEN[f"frames/{name}"])))


def arrays(answer, form):
    """The arrays of an answer, which must have this form."""
    kind, *rest = form
    if kind == "tuple":
        assert isinstance(answer, tuple)
        assert len(answer) == len(rest)
        return [array for one, inner in zip(answer, rest, strict=True) for array in arrays(one, inner)]
    if kind == "list":
        assert isinstance(answer, list)
        assert len(answer) == rest[0]
        return answer
    if kind == "sparse":
        assert isinstance(answer, pytest.importorskip("sparse").COO)
        return [answer.todense()]
    assert isinstance(answer, np.ndarray)
    return [answer]


def tolerance(about):
    """How exact the peer is: its differences, its single precision, its sums."""
    if about["arguments"].get("dtype") == "float32":
        return 1e-6
    derived = about["method"] == "derivatives"
    analytic = (
        about["kind"] == "SOAP" and not about["arguments"].get("periodic") and "average" not in about["arguments"]
    )
    if derived and (not analytic or about["keywords"].get("method") == "numerical"):
        return 3e-7
    return 1e-8 if about["arguments"].get("rbf") != "polynomial" else 1e-7


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_those_of_the_peer(name):
    about = json.loads(str(GOLDEN[f"{name}/about"]))
    if about["arguments"].get("sparse"):
        pytest.importorskip("sparse")
    frames = about["frames"]
    given = list(map(frame, frames)) if isinstance(frames, list) else frame(frames)
    descriptor = getattr(dscribe.descriptors, about["kind"])(**about["arguments"])
    answer = getattr(descriptor, about["method"])(given, **about["keywords"])
    found = arrays(answer, about["form"])
    for place, array in enumerate(found):
        expected = GOLDEN[f"{name}/{place}"]
        assert array.shape == expected.shape
        assert array.dtype == expected.dtype
        np.testing.assert_allclose(array, expected, rtol=0, atol=tolerance(about) * np.abs(expected).max())


# Forms


def test_one_import_is_enough():
    assert dscribe.descriptors.SOAP is SOAP
    assert dscribe.System is dscribe.core.System
    assert issubclass(SOAP, dscribe.descriptors.descriptorlocal.DescriptorLocal)
    assert dscribe.utils.species.symbols_to_numbers(["O", "H"]).tolist() == [8, 1]
    with pytest.raises(AttributeError, match="no attribute 'soap'"):
        _ = dscribe.soap
    with pytest.raises(AttributeError, match="no attribute 'Soap'"):
        _ = dscribe.descriptors.Soap


def test_arguments_come_in_the_order_of_the_peer():
    by_place = SOAP(3.0, 2, 1, 0.5, "gto", {"w0": 1.0}, "outer", {"mode": "mu2"}, ["H", "O"], True, False, "float32")
    assert (by_place._r_cut, by_place._n_max, by_place._l_max, by_place._sigma) == (3.0, 2, 1, 0.5)
    assert (by_place.average, by_place.compression, by_place.species) == ("outer", {"mode": "mu2"}, ["H", "O"])
    assert (by_place.periodic, by_place.sparse, by_place.dtype) == (True, False, "float32")
    acsf = ACSF(3.0, [[1, 2]], [1], [[1, 2, 1]], [[1, 1, -1]], ["H"], True, False, "float32")
    assert (acsf.r_cut, acsf.g2_params, acsf.g3_params) == (3.0, [[1.0, 2.0]], [1.0])
    assert (acsf.g4_params, acsf.g5_params, acsf.species) == ([[1.0, 2.0, 1.0]], [[1.0, 1.0, -1.0]], ["H"])
    np.testing.assert_array_equal(
        SOAP(**STANDARD).create([WATER, WATER], [[0], [1]], 2, True, False),
        SOAP(**STANDARD).create([WATER, WATER], centers=[[0], [1]]),
    )


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_results_do_not_depend_on_threads(n_jobs):
    soap, frames = SOAP(**{**STANDARD, "species": ["H", "C", "O"]}), [WATER, METHANE, WATER]
    for alone, together in zip(soap.create(frames), soap.create(frames, n_jobs=n_jobs), strict=True):
        np.testing.assert_array_equal(alone, together)
    for alone, together in zip(soap.derivatives(frames)[0], soap.derivatives(frames, n_jobs=n_jobs)[0], strict=True):
        np.testing.assert_array_equal(alone, together)


@pytest.mark.parametrize("n_jobs", [0, -1000, None, 1.5])
def test_no_threads_are_refused_where_there_is_more_than_one_structure(n_jobs):
    assert SOAP(**STANDARD).create(WATER, n_jobs=n_jobs).shape == (3, 30)
    with pytest.raises(ValueError, match="Invalid number of jobs"):
        SOAP(**STANDARD).create([WATER, WATER], n_jobs=n_jobs)


def test_progress_is_printed(capsys):
    SOAP(**STANDARD).create([WATER] * 50, verbose=True)
    assert "Process 0: 100.0 %" in capsys.readouterr().out


def test_averages_of_several_have_one_center_each():
    derivatives, rows = SOAP(**STANDARD, average="inner").derivatives([WATER, WATER])
    assert (derivatives.shape, rows.shape) == ((2, 1, 3, 3, 30), (2, 1, 30))


def test_what_moves_may_be_named_twice():
    soap = SOAP(**STANDARD)
    derivatives, _ = soap.derivatives(WATER, include=[2, 0, 2])
    np.testing.assert_array_equal(derivatives, soap.derivatives(WATER)[0][:, [2, 0, 2]])


# Derivatives

SALT = bulk("NaCl", "rocksalt", a=5.6)
SALT.rattle(0.1, seed=1)
POW = {"function": "pow", "r0": 1.5, "c": 1.0, "d": 0.8, "m": 3.0}


@pytest.mark.parametrize("attach", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"average": "outer"},
        {"average": "inner"},
        {"rbf": "polynomial"},
        {"weighting": POW},
        {"compression": {"mode": "mu1nu1"}},
        {"compression": {"mode": "mu2", "species_weighting": {"Na": 0.5, "Cl": 2.0}}},
        {"periodic": True},
    ],
)
def test_derivatives_are_differences(options, attach):
    soap = SOAP(species=["Na", "Cl"], r_cut=3.0, n_max=2, l_max=2, strict=False, **options)
    keywords = {"centers": [1, [0.3, 0.2, 0.1]], "attach": attach}
    exact, rows = soap.derivatives(SALT, method="analytical", **keywords)
    for method in ("auto", "numerical"):
        found, same = soap.derivatives(SALT, method=method, **keywords)
        np.testing.assert_allclose(found, exact, rtol=0, atol=3e-7 * max(np.abs(exact).max(), np.abs(rows).max()))
        np.testing.assert_array_equal(same, rows)


def test_derivatives_of_symmetry_functions_are_differences():
    acsf = ACSF(4.0, [[1, 1]], g4_params=[[0.1, 3, -2.5], [0.1, 2, 4.0]], species=["H", "O"], dtype="float64")
    exact, _ = acsf.derivatives(WATER, attach=True)
    found, _ = acsf.derivatives(WATER, attach=True, method="numerical")
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-6 * np.abs(exact).max())


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"average": "inner"}, "for averaged output"),
        ({"rbf": "polynomial"}, "for polynomial radial basis functions"),
        ({"compression": {"mode": "mu2"}}, "for mu1nu1, mu2 compression"),
        ({"periodic": True}, "for periodic systems"),
        ({"weighting": POW}, "when weighting is used"),
    ],
)
def test_what_the_peer_has_no_analytical_derivatives_of_is_refused_unless_told_otherwise(options, reason):
    water = molecule("H2O", cell=[9.0, 9.0, 9.0], pbc=True)
    soap = SOAP(**STANDARD, **options)
    with pytest.raises(ValueError, match=reason):
        soap.derivatives(water, method="analytical")
    automatic, _ = soap.derivatives(water)
    np.testing.assert_array_equal(soap.derivatives(water, method="analytical", strict=False)[0], automatic)
    lenient = SOAP(**STANDARD, **options, strict=False)
    np.testing.assert_array_equal(lenient.derivatives(water, method="analytical")[0], automatic)
    with pytest.raises(ValueError, match=reason):
        lenient.derivatives(water, method="analytical", strict=True)


def test_symmetry_functions_have_derivatives_of_centers_that_move():
    acsf = ACSF(4.0, [[1, 1]], species=["H", "O"])
    with pytest.raises(ValueError, match="attach=True"):
        acsf.derivatives(WATER)
    with pytest.raises(ValueError, match="choose from"):
        acsf.derivatives(WATER, attach=True, method="analytical")
    fixed, _ = acsf.derivatives(WATER, centers=[[0.0, 0.0, 2.0]], method="analytical", strict=False)
    assert fixed.shape == (1, 3, 3, 4)


# Errors


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"species": None}, ValueError, "species is None"),
        ({"species": "H"}, ValueError, "species is 'H'"),
        ({"species": ["H", 1]}, ValueError, "not both in one list"),
        ({"species": [-1]}, ValueError, "species contains -1"),
        ({"n_max": None}, TypeError, "n_max is None"),
        ({"n_max": 0}, ValueError, "n_max is 0"),
        ({"l_max": 21}, ValueError, "requested l_max=21; strict=False goes higher"),
        ({"l_max": 2.0}, TypeError, "l_max is 2.0"),
        ({"n_max": 20, "r_cut": 10.0}, ValueError, "Could not calculate normalization factors"),
        ({"r_cut": None}, ValueError, "r_cut is missing"),
        ({"r_cut": 1.0}, ValueError, "r_cut is 1.0"),
        ({"sigma": 0}, ValueError, "sigma is 0"),
        ({"rbf": "bessel"}, ValueError, "rbf is 'bessel'"),
        ({"average": "sum"}, ValueError, "average is 'sum'"),
        ({"dtype": "int"}, ValueError, "Invalid output data type 'int'"),
        ({"weighting": {"w0": -1}}, ValueError, "w0 of weighting is -1"),
        ({"weighting": {**POW, "c": -1}}, ValueError, "c of weighting is -1"),
        ({"compression": {"mode": "mu3"}}, ValueError, "Invalid compression mode 'mu3'"),
        ({"compression": {"species_weighting": {"H": 1}}}, ValueError, "must contain the same keys"),
        ({"compression": {"species_weighting": [1, 2]}}, ValueError, "either None or a dict"),
        ({"cutoff": 3.0}, TypeError, "unexpected keyword argument 'cutoff'"),
    ],
)
def test_parameters_are_refused_where_the_peer_refuses(arguments, kind, message):
    with pytest.raises(kind, match=message):
        SOAP(**{**STANDARD, **arguments})


def test_limits_of_the_peer_fall_when_one_is_not_strict():
    assert SOAP(**{**STANDARD, "l_max": 22}, strict=False).create(WATER).shape == (3, 10 * 23)
    assert SOAP(**{**STANDARD, "n_max": 20, "r_cut": 10.0, "l_max": 0}, strict=False).create(WATER).shape == (3, 820)


@pytest.mark.parametrize(
    ("keywords", "kind", "message"),
    [
        ({"centers": []}, ValueError, "non-empty"),
        ({"centers": 0}, ValueError, "it is 0"),
        ({"centers": "a"}, ValueError, "it is 'a'"),
        ({"centers": [3]}, IndexError, "contains 3, which is no atom"),
        ({"centers": [-4]}, IndexError, "contains -4"),
        ({"centers": [[1.0, 2.0]]}, ValueError, "a list that contains"),
        ({"include": []}, ValueError, "include at least one"),
        ({"include": [3]}, ValueError, "included atoms: 3"),
        ({"exclude": [-1]}, ValueError, "excluded atoms: -1"),
        ({"exclude": [0, 1, 2]}, ValueError, "include at least one"),
        ({"include": [0], "exclude": [1]}, ValueError, "not both"),
        ({"method": "exact"}, ValueError, "choose from"),
    ],
)
def test_calls_are_refused_where_the_peer_refuses(keywords, kind, message):
    with pytest.raises(kind, match=message):
        SOAP(**STANDARD).derivatives(WATER, **keywords)


def test_frames_are_refused_where_the_peer_refuses():
    with pytest.raises(ValueError, match="'C'"):
        SOAP(**STANDARD).create(METHANE)
    with pytest.raises(ValueError, match="doesn't have cell"):
        SOAP(**STANDARD, periodic=True).create(WATER)
    assert SOAP(**STANDARD, periodic=True, strict=False).create(WATER).shape == (3, 30)
    for wrong in ({"centers": [[0]]}, {"include": [[0]]}, {"exclude": [[0]]}):
        with pytest.raises(ValueError, match="does not match the given number of systems: 1 and 2"):
            SOAP(**STANDARD).derivatives([WATER, WATER], **wrong)
    with pytest.raises(ValueError, match=r"centers contains \[0, 0, 0\]; give the indices of atoms"):
        ACSF(3.0, species=["H", "O"]).create(WATER, centers=[[0, 0, 0]])


def test_symmetry_functions_take_any_collection_of_indices():
    acsf = ACSF(3.0, species=["H", "O"])
    assert acsf.create(WATER, centers=[]).shape == (0, 2)
    for centers in (range(1, 3), {1, 2}, [1.0, 2.0], np.array([-2, -1])):
        np.testing.assert_array_equal(acsf.create(WATER, centers=centers), acsf.create(WATER)[1:])


# Attributes


def test_attributes_may_be_set():
    soap = SOAP(**STANDARD)
    soap.average = "outer"
    assert soap.create(WATER).shape == (30,)
    soap.average, soap.compression = "off", {"mode": "crossover"}
    assert soap.create(WATER).shape == (3, 18) == (3, soap.get_number_of_features())
    soap.compression["mode"] = "mu2"
    assert soap.create(WATER).shape == (3, 9)
    soap.species = ["C", "H"]
    assert soap.create(METHANE).shape == (5, 9)
    soap.periodic = True
    with pytest.raises(ValueError, match="doesn't have cell"):
        soap.create(METHANE)


def test_attributes_of_symmetry_functions_may_be_set():
    acsf = ACSF(3.0, species=["H", "O"])
    acsf.g2_params, acsf.g3_params = [[1, 1]], [0.5]
    acsf.g4_params, acsf.g5_params = [[0.1, 1, 1]], [[0.1, 2, -1]]
    assert acsf.create(WATER).shape == (3, 12) == (3, acsf.get_number_of_features())
    acsf.r_cut = 4.0
    expected = ip.ACSF(r_cut=4.0, species=["H", "O"], g2=[(1, 1)], g3=[0.5], g4=[(0.1, 1, 1)], g5=[(0.1, 2, -1)])
    np.testing.assert_array_equal(acsf.create(WATER), expected.transform(WATER))
    with pytest.raises(ValueError, match="g2_params should be a matrix"):
        acsf.g2_params = [1, 2]
    with pytest.raises(ValueError, match="should be positive"):
        acsf.r_cut = 0.0
    assert acsf.g2_params == [[1.0, 1.0]]


@pytest.mark.parametrize("mode", ["off", "crossover", "mu1nu1", "mu2"])
def test_locations_cover_the_columns_in_their_order(mode):
    soap = SOAP(species=["O", "H", "C"], r_cut=3.0, n_max=3, l_max=2, compression={"mode": mode})
    pairs = [(1, 1), (1, 6), (1, 8), (6, 6), (6, 8), (8, 8)]
    if mode in ("crossover", "mu1nu1"):
        with pytest.raises(ValueError, match="No cross-species output"):
            soap.get_location(("H", "C"))
        pairs = [pair for pair in pairs if pair[0] == pair[1]]
    if mode == "mu2":
        pairs = pairs[:1]
    places = [soap.get_location(pair) for pair in pairs]
    assert [place.start for place in places] == [0, *(place.stop for place in places[:-1])]
    assert places[-1].stop == soap.get_number_of_features()
    if mode == "off":
        assert soap.get_location(("C", "H")) == soap.get_location((1, "C"))
    with pytest.raises(ValueError, match="9 was not specified"):
        soap.get_location(("F", "F"))


def test_bases_are_orthonormal():
    soap = SOAP(species=["H"], r_cut=4.0, n_max=4, l_max=3)
    alphas, betas = soap.get_basis_gto(4.0, 4, 3)
    assert (alphas.shape, betas.shape) == ((4, 4), (4, 4, 4))
    r = np.linspace(0.0, 20.0, 20001)
    for l in range(4):
        g = betas[l] @ (r**l * np.exp(-alphas[l][:, None] * r**2))
        np.testing.assert_allclose((g * r**2) @ g.T * (r[1] - r[0]), np.eye(4), atol=1e-6)
    radii, values = soap.get_basis_poly(4.0, 3)
    weights = 2.0 * np.polynomial.legendre.leggauss(100)[1]
    np.testing.assert_allclose((values * weights * radii**2) @ values.T, np.eye(3), atol=1e-8)


def test_centers_are_prepared():
    places, atoms = SOAP(**STANDARD).prepare_centers(WATER, [-1, [1.0, 2.0, 3.0]])
    np.testing.assert_array_equal(places, [WATER.positions[2], [1.0, 2.0, 3.0]])
    assert atoms.tolist() == [2, -1]


# Names of the first version


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ({"rcut": 4.0, "r_cut": ...}, {"r_cut": 4.0}, "write r_cut"),
        ({"nmax": 3, "n_max": ...}, {"n_max": 3}, "write n_max"),
        ({"lmax": 3, "l_max": ...}, {"l_max": 3}, "write l_max"),
        ({"crossover": False}, {"compression": {"mode": "crossover"}}, "write compression={'mode': 'crossover'}"),
        ({"crossover": True}, {}, "write compression={'mode': 'off'}"),
        (
            {"species_weighting": {"H": 2.0, "O": 1.0}},
            {"compression": {"mode": "off", "species_weighting": {"H": 2.0, "O": 1.0}}},
            "write compression={'species_weighting': ...}",
        ),
    ],
)
def test_names_of_the_first_version_are_said_to_be_old(old, new, message):
    given = {name: value for name, value in {**STANDARD, **old}.items() if value is not ...}
    with pytest.warns(DeprecationWarning, match=message) as caught:
        soap = SOAP(**given)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(soap.create(WATER), SOAP(**{**STANDARD, **new}).create(WATER))


def test_calls_by_names_of_the_first_version():
    soap = SOAP(**STANDARD)
    with pytest.warns(DeprecationWarning, match="write centers"):
        rows = soap.create(WATER, positions=[1])
    with pytest.warns(DeprecationWarning, match="write centers"):
        derivatives, _ = soap.derivatives(WATER, positions=[1])
    assert (rows.shape, derivatives.shape) == ((1, 30), (1, 3, 3, 30))
    with pytest.warns(DeprecationWarning, match="write r_cut"):
        assert ACSF(rcut=3.0, species=["H"]).r_cut == 3.0
    with pytest.raises(TypeError, match="rcut and r_cut are the same argument"):
        SOAP(**STANDARD, rcut=3.0)


def test_what_a_weighting_does_not_know_changes_nothing():
    with pytest.warns(UserWarning, match="'scale', which 'pow' does not know"):
        soap = SOAP(**STANDARD, weighting={**POW, "scale": 2.0})
    np.testing.assert_array_equal(soap.create(WATER), SOAP(**STANDARD, weighting=POW).create(WATER))


# Copies and processes


@pytest.mark.parametrize(
    "descriptor", [SOAP(**STANDARD), ACSF(3.0, [[1, 2]], species=["H", "O"])], ids=["SOAP", "ACSF"]
)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_copies_do_the_same_and_are_apart(descriptor, copied):
    before = descriptor.create(WATER)
    other = copied(descriptor)
    np.testing.assert_array_equal(other.create(WATER), before)
    other.species = ["H", "O", "C"]
    assert other.create(WATER).shape[1] > before.shape[1]
    np.testing.assert_array_equal(descriptor.create(WATER), before)


def test_pools_of_processes_and_threads():
    soap = SOAP(**STANDARD)
    expected = soap.create([WATER, WATER], centers=[[0], [1]])
    jobs = [(WATER, [0]), (WATER, [1])]
    with get_context("spawn").Pool(1) as pool:
        np.testing.assert_array_equal(pool.starmap(soap.create, jobs), expected)
    with ThreadPoolExecutor(2) as pool:
        np.testing.assert_array_equal(list(pool.map(lambda job: soap.create(*job), jobs)), expected)


# Structures


def test_a_system_is_an_atoms_that_keeps_its_distances():
    system = dscribe.System.from_atoms(SALT)
    assert isinstance(system, Atoms)
    np.testing.assert_array_equal(system.positions, SALT.positions)
    inverse = system.get_inverse_distance_matrix()
    np.testing.assert_allclose(inverse * system.get_distance_matrix(), 1.0)
    assert system.get_distance_matrix() is system._distance_matrix
    np.testing.assert_allclose(system.to_cartesian(system.to_scaled(SALT.positions)), SALT.positions, atol=1e-12)
    system.set_pbc(False)
    assert system.get_distance_matrix()[0, 0] == 0.0
    np.testing.assert_allclose(system.get_cell_inverse() @ system.cell.array, np.eye(3), atol=1e-12)
    soap = SOAP(species=["Na", "Cl"], r_cut=3.0, n_max=2, l_max=2)
    np.testing.assert_array_equal(soap.create(system), soap.create(SALT))


def test_images_around_points():
    from isoprint.compat.dscribe.utils.geometry import get_extended_system

    copper = bulk("Cu", "fcc", a=3.6)
    around, cells = get_extended_system(copper, 3.0, centers=[[0.0, 0.0, 0.0]])
    assert (len(around), cells.shape) == (13, (13, 3))
    assert len(get_extended_system(copper, 3.0)) == 125
    assert len(get_extended_system(WATER, 3.0)) == 3


def test_points_of_a_lattice_in_a_sphere():
    lattice = dscribe.core.Lattice([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 2.0]])
    found = lattice.get_points_in_sphere([[0.0, 0.0, 0.0]], [0.0, 0.0, 0.0], 2.0)
    assert sorted(distance for _, distance, _ in found) == [0.0] + [2.0] * 6
    np.testing.assert_allclose(lattice.reciprocal_lattice.matrix, np.eye(3) * np.pi)
    np.testing.assert_allclose(lattice.reciprocal_lattice_crystallographic.lengths, 0.5)
    assert lattice.abc == (2.0, 2.0, 2.0)


def test_nothing_warns_in_ordinary_use():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SOAP(**STANDARD).derivatives(WATER)
