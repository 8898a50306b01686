"""Symmetry functions: against their definition, their order, their corners, and every mistake."""

import pickle

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

import isoprint as ip
from catalog import ACSF, G4, LISTED, acsf
from naive_acsf import NaiveACSF
from naive_turbo import listed
from test_soap_turbo import ethanol_in_a_box

CUTOFF_FUNCTIONS = ("hard", "cos", "tanh3", "tanh3_norm", "exp", "poly1", "poly2", "poly3", "poly4")
WATER = molecule("H2O")


def assert_is_the_definition(fingerprint, atoms, centers):
    naive = NaiveACSF(**listed(fingerprint._settings(fingerprint._species())))
    pbc = atoms.pbc if fingerprint.periodic else np.zeros(3, bool)
    definition = atoms.positions, atoms.numbers, atoms.cell.array, pbc
    at = [center if np.ndim(center) == 0 else np.array(center) for center in centers]
    expected = naive.rows(definition, at, fingerprint.average)
    rounding = 1e-6 if fingerprint.dtype == "float32" else 1e-12
    found = fingerprint.transform(atoms, centers=centers)
    np.testing.assert_allclose(found, expected, atol=rounding * max(1.0, np.abs(expected).max()), rtol=0)
    rng = np.random.default_rng(0)
    move, strain, adjoint = (rng.standard_normal(shape) for shape in ((len(atoms), 3), (3, 3), found.shape))
    along = naive.derivative(definition, at, move, average=fingerprint.average)
    forward = fingerprint.pushforward(atoms, move, centers=centers)
    np.testing.assert_allclose(forward, along, atol=10 * rounding * max(1.0, np.abs(along).max()), rtol=0)
    back = fingerprint.pullback(atoms, adjoint, centers=centers)
    strained = naive.derivative(definition, at, None, strain=strain, average=fingerprint.average)
    for derivative, direction, gradient in ((along, move, back.positions), (strained, strain, back.strain[0])):
        allowed = 100 * rounding * np.linalg.norm(adjoint) * np.linalg.norm(derivative)
        assert abs(np.sum(gradient * direction) - np.sum(adjoint * derivative)) < allowed


def ethanol_of(case):
    atoms = ethanol_in_a_box()
    atoms = atoms[atoms.numbers == 6] if case.elements == ("C",) else atoms
    return atoms[[0, 1, 2, 3, 5]] if len(atoms) > 5 else atoms


@pytest.mark.parametrize("case", ACSF, ids=repr)
def test_values_and_derivatives_are_those_of_the_definition(case):
    atoms = ethanol_of(case)
    assert_is_the_definition(case.descriptor, atoms, [0, [0.3, 0.2, -0.4], len(atoms) - 1])


@pytest.mark.parametrize("alpha", [0.0, 0.4])
@pytest.mark.parametrize("cutoff_function", CUTOFF_FUNCTIONS)
def test_so_are_all_cutoff_functions(cutoff_function, alpha):
    fingerprint = acsf(g4=((0.1, 2, -1),), cutoff_function=cutoff_function, alpha=alpha)
    assert_is_the_definition(fingerprint, molecule("CH3OH"), [0, 1])


def test_many_pairs_and_any_number_of_functions():
    """More pairs than a batch holds, and rectangles of every small shape."""
    rng = np.random.default_rng(3)
    atoms = Atoms("HC" * 11, positions=rng.uniform(-2.6, 2.6, (22, 3)))
    for n_eta, n_zeta in ((1, 1), (2, 3), (3, 1), (4, 2), (5, 9)):
        grid = [(0.1 * (k + 1), l + 1, (-1) ** l) for k in range(n_eta) for l in range(n_zeta)]
        fingerprint = ip.ACSF(r_cut=5.0, species="any", g4=grid[1:], g5=grid)
        assert_is_the_definition(fingerprint, atoms[[0, 3, 4, 9, 17]], [0])
        apart = [ip.ACSF(r_cut=5.0, species="any", g1=False, g4=[one]).transform(atoms) for one in grid[1:]]
        whole = fingerprint.transform(atoms)
        np.testing.assert_allclose(whole[:, 1 : len(grid)], np.hstack([whole[:, :0], *apart]), rtol=1e-13)


@pytest.mark.parametrize("case", ACSF, ids=repr)
def test_names_are_unique_and_as_many_as_columns(case):
    names = case.descriptor.get_feature_names_out()
    assert len(set(names)) == len(names) == case.descriptor.n_features
    assert case.descriptor.transform([]).shape == (0, len(names))


def test_names_say_what_a_column_is():
    fingerprint = ip.ACSF(r_cut=4, species=["H", "C"], g2=[(0.5, 1)], g3=[2], g4=[(0.1, 2, -1)], g5=[(0.1, 2, -1, 0.5)])
    assert list(fingerprint.get_feature_names_out()) == [
        "G1 H", "G2 H eta=0.5 R_s=1", "G3 H kappa=2", "G1 C", "G2 C eta=0.5 R_s=1", "G3 C kappa=2",
        "G4 H H eta=0.1 zeta=2 lambda=-1", "G5 H H eta=0.1 zeta=2 lambda=-1 R_s=0.5",
        "G4 H C eta=0.1 zeta=2 lambda=-1", "G5 H C eta=0.1 zeta=2 lambda=-1 R_s=0.5",
        "G4 C C eta=0.1 zeta=2 lambda=-1", "G5 C C eta=0.1 zeta=2 lambda=-1 R_s=0.5",
    ]  # fmt: skip
    assert ip.ACSF(r_cut=4, species="any").get_feature_names_out() == ["G1 any"]
    assert ip.ACSF(r_cut=4, species=["H", "C"], weights="number").get_feature_names_out() == ["G1 weighted"]
    near = ip.ACSF(r_cut=4, species="H", g1=False, g2=[(0.1, 0), (0.1 + 1e-12, 0), (0.1, 0)]).get_feature_names_out()
    assert len(set(near)) == 3
    listed = acsf(g2=(), g4=(), functions=LISTED).get_feature_names_out()
    assert listed[1] == "G2 C eta=0.5 R_s=0 r_cut=2.3"


def test_a_column_depends_on_the_elements_in_its_name():
    fingerprint = acsf(g1=False, g2=((0.3, 0),), g4=((0.1, 1, 1),), g5=((0.1, 1, 1),), species=["O", "H", "C"])
    frame = Atoms("HOOC", positions=[[0, 0, 0], [1, 0, 0], [0, 1.2, 0], [0, 0, 2.0]])
    row = fingerprint.transform(frame, centers=[0])[0]
    for name, value in zip(fingerprint.get_feature_names_out(), row, strict=True):
        elements = name.split(" eta")[0].split()[1:]
        expected = "H" not in elements and elements != ["C", "C"]  # there is one carbon
        assert (value > 0) == expected, name


def test_one_by_one_is_the_same_as_all_at_once():
    functions = [{"kind": "g1", "species": e} for e in ("H", "C")] + [
        {"kind": "g4", "eta": 0.1, "zeta": 2, "lambda": 1, "species": pair}
        for pair in (["H", "H"], ["C", "H"], ["C", "C"])
    ]
    one = ip.ACSF(r_cut=3.0, species=["H", "C"], functions=functions)
    whole = ip.ACSF(r_cut=3.0, species=["H", "C"], g4=[(0.1, 2, 1)])
    frame = molecule("C2H6")
    assert np.array_equal(one.transform(frame), whole.transform(frame))
    assert list(one.get_feature_names_out()) == list(whole.get_feature_names_out())


def test_weights_multiply():
    frame = molecule("CH3OH")
    by_element = acsf(g2=((0.3, 0.5),), g4=G4[:1])
    table = {"H": 0.5, "C": -1.5, "O": 2.0}
    weighted = clone(by_element).set_params(weights=table).transform(frame)
    ones, pairs = list(table.values()), [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)]
    rows = by_element.transform(frame)
    expected = np.stack(
        [
            rows[:, :6].reshape(-1, 3, 2)[:, :, 0] @ ones,
            rows[:, :6].reshape(-1, 3, 2)[:, :, 1] @ ones,
            rows[:, 6:] @ [ones[a] * ones[b] for a, b in pairs],
        ],
        axis=1,
    )
    np.testing.assert_allclose(weighted, expected, rtol=1e-13)
    numbers = clone(by_element).set_params(weights="number").transform(frame)
    same = clone(by_element).set_params(weights={"H": 1, "C": 6, "O": 8}).transform(frame)
    assert np.array_equal(numbers, same)
    any_element = clone(by_element).set_params(species="any").transform(frame)
    np.testing.assert_allclose(clone(by_element).set_params(weights=1.0).transform(frame), any_element, rtol=1e-14)


def test_nothing_but_coincident_neighbors_is_special():
    """Alone, in a line, at the cutoff, two neighbors in one place, one's own images."""
    everything = {"g3": (0.7,), "g4": (*G4, (0.1, 0.5, 1), (0.1, 3.5, -1, 0.6)), "g5": (*G4, (0.1, 0.5, -1))}
    for cutoff_function in CUTOFF_FUNCTIONS:
        fingerprint = acsf(cutoff_function=cutoff_function, **everything)
        for positions in (
            [[0, 0, 0]],
            [[0, 0, 0], [0, 0, 3.0]],
            [[0, 0, 0], [0, 0, 3.0 - 1e-15], [1, 0, 0]],
            [[0, 0, -1.1], [0, 0, 0], [0, 0, 1.1], [0, 0, 2.2]],
            [[0, 0, 0], [0.4, 0.7, 1.1], [0.8, 1.4, 2.2]],
            [[0, 0, 0], [0, 0, 1e-8]],
        ):
            atoms = Atoms("H" * len(positions), positions=positions)
            for got in (fingerprint.transform(atoms), fingerprint.derivatives(atoms).values):
                assert np.isfinite(got).all(), (cutoff_function, positions)
        twice = Atoms("H3", positions=[[0, 0, 0], [1, 0.2, 0.1], [1, 0.2, 0.1]])
        assert np.isfinite(fingerprint.derivatives(twice, centers=[0]).values).all()
    lonely = acsf(**everything).transform(Atoms("H"))
    assert (lonely == 0).all()
    image = Atoms("H", cell=[2, 2, 2], pbc=True)
    assert (acsf(**everything).transform(image)[0, :3] > 0).all()


def test_a_neighbor_at_the_cutoff_does_not_count():
    hard = acsf(cutoff_function="hard", g4=())
    at = Atoms("H2", positions=[[0, 0, 0], [3.0, 0, 0]])
    assert (hard.transform(at) == 0).all()
    at.positions[1, 0] = np.nextafter(3.0, 0)
    assert (hard.transform(at)[:, 0] == 1).all()


def test_an_atom_on_the_center_has_no_direction():
    twice = Atoms("HHO", positions=[[0, 0, 0], [0, 0, 0], [1, 0, 0]])
    with pytest.raises(ValueError, match=r"atom 1 lies 0\.0e0 Å from it, where functions of angles have values but no"):
        acsf().derivatives(twice)
    point = [[1.0, 0.0, 1e-11]]
    with pytest.raises(ValueError, match=r"center 0 of frame 0 cannot be described: atom 2 lies 1\.0e-11 Å from it"):
        acsf().derivatives(twice, centers=point)
    # Functions of distance, and of angles to other elements, need no direction.
    assert np.isfinite(acsf(g4=()).derivatives(twice).values).all()
    listed = [{"kind": "g4", "eta": 0.1, "zeta": 1, "lambda": 1, "species": ["O", "O"]}]
    assert np.isfinite(acsf(g2=(), g4=(), functions=listed).transform(twice, centers=[0])).all()


def test_standard_set():
    """The spectrum of sensitivity of two deformed molecules, as it was published with the reconstruction."""
    ammonia = Atoms(
        "NH3",
        [
            [-0.0017656304, -0.0310327535, 0.0273272646],
            [0.9542217104, 0.0536388960, -0.4381268306],
            [-0.4272135868, 0.8115024616, -0.3886971906],
            [-0.4706761843, -0.8571834855, -0.4339038986],
        ],
    )
    jacobian = ip.ACSF.standard().derivatives(ammonia, centers=[0]).dense()[0].reshape(12, 58)
    singular = np.linalg.svd(jacobian, compute_uv=False)
    assert singular[0] == pytest.approx(9.83800, abs=5e-6)
    expected = [1, 2.542e-1, 4.740e-3, 1.013e-4, 5.201e-5, 1.474e-7]
    np.testing.assert_allclose((singular[:6] / singular[0]) ** 2, expected, rtol=1e-3)
    assert (singular[6:] < 1e-14 * singular[0]).all()
    assert ip.ACSF.standard(species=["H", "N"], r_cut=6.0, g1=True).n_features == 2 * 11 + 3 * 48


INPUT_NN = """
elements O H   # the order does not matter
cutoff_type 2 0.5
scale_symmetry_functions
symfunction_short H 3 O O 0.01 -1.0 4.0 12.0 0.5  # with a shift
symfunction_short H 2 O 1.0d-2 0.5 12.0
symfunction_short O 2 H 0.3 0.0 12.0
symfunction_short H 12 0.05 1.0 10.0
symfunction_short H 13 0.05 1.0 -1.0 3.0 10.0
symfunction_short H 9 H O 0.1 1.0 2.0 12.0
symfunction_short H 2 H 0.01 0.5 12.0
"""


def test_input_of_n2p2():
    bohr = 0.52917721090
    fingerprint = ip.ACSF.from_n2p2(INPUT_NN, "H")
    assert (fingerprint.n_features, fingerprint.species_, fingerprint.centers) == (6, ["H", "O"], ["H"])
    assert (fingerprint.cutoff_function, fingerprint.alpha) == ("tanh3", 0.5)
    assert fingerprint.reach == pytest.approx(12 * bohr)
    rows = fingerprint.transform(WATER)
    assert rows.shape == (2, 6)
    naive = NaiveACSF(**listed(fingerprint._settings([1, 8])))
    expected = naive.rows((WATER.positions, WATER.numbers, np.eye(3), [False] * 3), [1, 2])
    np.testing.assert_allclose(rows, expected, atol=1e-14)
    first = fingerprint.functions[0]
    assert first == {
        "kind": "g4", "species": ["O", "O"], "eta": 0.01 / bohr**2, "lambda": -1.0, "zeta": 4.0, "r_cut": 12 * bohr,
        "r_s": 0.5 * bohr,
    }  # fmt: skip
    carbon = Atoms("H2OC", positions=[*WATER.positions, [0, 0, 5]])
    assert len(fingerprint.transform(carbon)) == 2
    in_angstrom = ip.ACSF.from_n2p2(INPUT_NN, 1, length_unit="angstrom", centers=["O"])
    assert (in_angstrom.reach, in_angstrom.centers) == (12.0, ["O"])
    assert ip.ACSF.from_n2p2(INPUT_NN, 1, length_unit=2.0).reach == 24.0


def test_order_of_n2p2():
    kinds = [function["kind"] for function in ip.ACSF.from_n2p2(INPUT_NN, "H", sort=True).functions]
    assert kinds == ["g2", "g2", "g4", "g5", "g2", "g4"]
    species = [function.get("species") for function in ip.ACSF.from_n2p2(INPUT_NN, "H", sort=True).functions]
    assert species == ["H", "O", ["O", "O"], ["H", "O"], None, None]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("symfunction_short H 21 O O 0 1 2 3", "type '21' is not supported; known are 2, 3, 9, 12, 13"),
        ("symfunction_short H", "type '' is not supported"),
        ("symfunction_short H 2 O 0.1 0.0", "line 2, .*expected 1 elements and the numbers eta, r_s, r_cut"),
        ("symfunction_short H 3 O O 0.1 1 4 12 0 1", "expected 2 elements and the numbers eta, lambda"),
        ("symfunction_short H 2 O 0.1 zero 12", "0.1 zero 12 are not all numbers"),
        ("symfunction_short H 2 Q 0.1 0 12", "contains 'Q', which is no element"),
        ("cutoff_type 9", "expected a cutoff type from 0 to 8"),
        ("global_symfunction_short 2 0.1 0 12", "global_symfunction_short is not supported"),
        ("symfunction_short C 2 O 0.1 0 12", "no line symfunction_short H"),
    ],
)
def test_what_is_wrong_in_an_input_is_named(line, message):
    with pytest.raises(ValueError, match=message):
        ip.ACSF.from_n2p2(f"elements H O\n{line}\n", "H")


def test_mistakes_around_an_input():
    with pytest.raises(ValueError, match="length_unit is 'furlong'; it must be 'bohr', 'angstrom' or"):
        ip.ACSF.from_n2p2(INPUT_NN, "H", length_unit="furlong")
    with pytest.raises(ValueError, match="there is no line 'elements'"):
        ip.ACSF.from_n2p2("symfunction_short H 12 0.05 1.0 10.0", "H")
    assert ip.ACSF.from_n2p2("symfunction_short H 2 O 0.05 1.0 10.0", "H").species_ == ["O"]
    with pytest.raises(ValueError, match="element contains 'Q'"):
        ip.ACSF.from_n2p2(INPUT_NN, "Q")


def test_arguments_of_dscribe():
    given = {
        "r_cut": 6.0, "g2_params": np.array([[1, 1], [1, 2]]), "g3_params": np.array([0.5]), "g4_params": [[1, 1, 1]],
        "species": ["O", 1], "g5_params": None,
    }  # fmt: skip
    fingerprint = ip.ACSF.from_dscribe(**given)
    assert (fingerprint.species_, fingerprint.n_features, fingerprint.periodic) == (["H", "O"], 11, False)
    assert fingerprint.transform(WATER).shape == (3, 11)
    assert ip.ACSF.from_dscribe(r_cut=6.0).fit([WATER]).n_features == 2
    for arguments, message in (
        ({"rcut": 4.0}, "DScribe's ACSF has no argument 'rcut'; did you mean 'r_cut'"),
        ({"r_cut": None}, "r_cut is missing from the arguments of DScribe's ACSF"),
        ({"species": "H"}, "species is 'H'; give a list of symbols"),
    ):
        with pytest.raises(ValueError, match=message):
            ip.ACSF.from_dscribe(**{**given, **arguments})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"r_cut": 0.0}, "r_cut is 0.0; it must be a positive number of Å"),
        ({"r_cut": 100001}, "r_cut is 100001; it must be a positive number of Å, up to 100000"),
        ({"g2": 0.5}, r"g2 is 0.5; give a sequence with one \(eta, R_s\) a function"),
        ({"g2": [(0.5,)]}, r"entry 0 of g2 is \(0.5,\); give \(eta, R_s\)"),
        ({"g2": [(0.5, 0), (-1, 0)]}, "eta in entry 1 of g2 is -1; it must be a number of 1/Å² from 0"),
        ({"g2": [(0.5, np.nan)]}, "r_s in entry 0 of g2 is nan; it must be a finite number"),
        ({"g3": [np.inf]}, "kappa in entry 0 of g3 is inf"),
        ({"g3": ["a"]}, "kappa in entry 0 of g3 is 'a'"),
        ({"g4": [(0.1, 1)]}, r"entry 0 of g4 is \(0.1, 1\); give \(eta, zeta, lambda, R_s\)"),
        ({"g4": [(0.1, 0, 1)]}, "zeta in entry 0 of g4 is 0; it must be a positive number"),
        ({"g4": [(0.1, 5000, 1)]}, "zeta in entry 0 of g4 is 5000; .* up to 4096"),
        (
            {"g5": [(0.1, 1.5, 1.5)]},
            "lambda in entry 0 of g5 is 1.5; it must be a number from -1 to 1, because zeta is no",
        ),
        (
            {"g4": [(0.1, 100, 20.0)]},
            "lambda in entry 0 of g4 is 20.0; it must be a number from -19 to 19 where zeta is 100",
        ),
        ({"g1": 1}, "g1 is 1; it must be True or False"),
        ({"g1": False, "g2": (), "g4": ()}, "there are no functions"),
        ({"cutoff_function": "cosine"}, "cutoff_function is 'cosine'; choose one of 'cos', 'hard'"),
        ({"alpha": 1.0}, "alpha is 1.0; it must be a number from 0 to 0.999"),
        ({"weights": "mass"}, "weights is 'mass'; choose one of 'number'"),
        ({"weights": {"H": 1}}, "weights has no entry for 'C', 'O'"),
        ({"weights": {"H": 1, "C": "x", "O": 1}}, "weights is 'x'; it must be 'number', a finite number"),
        ({"weights": "number", "species": "any"}, "weights is 'number', but species 'any' is a single one"),
        ({"functions": LISTED}, "functions are listed one by one, and g2 is given too"),
        ({"functions": [], "g2": (), "g4": ()}, "functions is empty; list at least one"),
        ({"functions": "g2", "g2": (), "g4": ()}, "functions is 'g2'; give a sequence of mappings"),
    ],
)
def test_parameters_must_make_sense(options, message):
    with pytest.raises(ValueError, match=message):
        acsf(**options).transform(WATER)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("g2", "entry 0 of functions is 'g2'; give a mapping such as"),
        ({"kind": "g7"}, "kind in entry 0 of functions is 'g7'; choose one of 'g1'"),
        ({"kind": "g2"}, "entry 0 of functions has no eta, which g2 needs"),
        ({"kind": "g2", "eta": 1, "zeta": 1}, "has the key 'zeta'; those of g2 are kind, eta, r_s, species, r_cut"),
        ({"kind": "g2", "eta": 1, "r_cut": 4.0}, "r_cut in entry 0 of functions is 4.0; .* up to r_cut, 3.0 Å"),
        ({"kind": "g2", "eta": 1, "species": "N"}, "species in entry 0 of functions include 'N', not among"),
        ({"kind": "g2", "eta": 1, "species": ["H", "C"]}, "g2 is about one element"),
        ({"kind": "g4", "eta": 1, "zeta": 1, "lambda": 1, "species": "H"}, "g4 is about two elements"),
    ],
)
def test_single_functions_must_make_sense(function, message):
    with pytest.raises(ValueError, match=message):
        acsf(g2=(), g4=(), functions=[function]).transform(WATER)


def test_species_are_learned():
    learned = ip.ACSF(r_cut=3.0, g2=[(0.4, 0.0)]).fit([WATER])
    assert learned.species_ == ["H", "O"]
    with pytest.raises(ValueError, match="species of frame 0 include 'C'"):
        learned.transform(molecule("CO"))


def test_it_is_a_good_citizen():
    given = {"r_cut": 3.0, "g4": [(0.1, 2, 1)], "weights": {"H": 1.0, "O": 8.0}}
    fingerprint = ip.ACSF(**given)
    assert set(vars(fingerprint)) == set(fingerprint.get_params())
    assert repr(clone(fingerprint)) == repr(fingerprint) == f"ACSF({', '.join(f'{k}={v}' for k, v in given.items())})"
    rows = fingerprint.fit_transform([WATER, WATER])
    assert np.array_equal(pickle.loads(pickle.dumps(fingerprint)).transform([WATER, WATER]), rows)
    frame = clone(fingerprint).set_output(transform="pandas").fit_transform(WATER)
    assert list(frame.columns) == list(fingerprint.get_feature_names_out())
    pipeline = make_pipeline(clone(fingerprint).set_params(average="outer"), PCA(1))
    pooled = pipeline.fit_transform([WATER, molecule("H2O2")])
    assert pooled.shape == (2, 1)
    assert fingerprint.set_params(g4=[(0.1, 2, 1), (0.1, 2, -1)]).transform(WATER).shape == (3, 3)
