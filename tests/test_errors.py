"""Every mistake is answered with the value, the place and the remedy."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from scipy import sparse

import isoprint as ip
from catalog import POW, soap, turbo


def raises(*parts, error=ValueError):
    return pytest.raises(error, match=".*".join(re.escape(part) for part in parts))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_positions_must_be_finite(several, water, value):
    water.positions[1, 2] = value
    soap = turbo()
    adjoint = np.zeros((14, soap.n_features))
    for call in (
        lambda: soap.transform([*several, water]),
        lambda: soap.pullback([*several, water], adjoint),
        lambda: soap.pushforward([*several, water], np.zeros((14, 3))),
    ):
        with raises("position of atom 1 of frame 3", "finite"):
            call()
    with raises("position of atom 1 of frame 0", "finite"):
        soap.derivatives(water)
    with raises("position of atom 1 of frame 0", "finite"):
        ip.neighbors(water, 2.0)


def test_the_cell_must_be_finite(several):
    cell = np.diag([3.0, np.nan, 3.0])
    duck = SimpleNamespace(positions=np.zeros((1, 3)), numbers=[6], cell=cell, pbc=True)
    with raises("cell of frame 3", "NaN", "finite"):
        turbo().transform([*several, duck])
    duck.pbc = [True, False, True]
    cell[1] = np.nan  # a row along an axis that is not periodic does not matter
    assert np.isfinite(turbo().transform(duck)).all()


@pytest.mark.parametrize(
    "cell", [np.zeros((3, 3)), [[3, 0, 0], [0, 3, 0], [3, 3, 0]], [[3, 0, 0], [3, 0, 0], [0, 0, 3]], [3.0, 0.0, 3.0]]
)
def test_the_cell_must_have_a_volume_where_it_is_periodic(several, cell):
    duck = SimpleNamespace(positions=np.zeros((1, 3)), numbers=[6], cell=cell, pbc=True)
    with raises("cell", "of frame 3 has no volume", "pbc"):
        turbo().transform([*several, duck])


@pytest.mark.parametrize("build", [turbo, soap])
def test_species_must_be_known(several, build):
    salt = Atoms("CNaHCl", positions=np.arange(12).reshape(4, 3) * 1.5)
    who = type(build()).__name__
    with raises(
        f"species of frame 3 include 'Na', 'Cl' (atom 1 is 'Na'), which this {who} was not told about",
        "add them to species",
    ):
        build().transform([*several, salt])
    with raises("frame 0 include 'Na', 'Cl'"):
        build().derivatives(salt)
    assert len(build(unknown_species="ignore").transform(salt)) == 4


@pytest.mark.parametrize("build", [turbo, soap])
def test_strange_atomic_numbers_are_errors_too(build):
    for number in (-1, 119, 10**9):
        duck = SimpleNamespace(positions=np.zeros((1, 3)), numbers=[number])
        with raises(f"atom 0 of frame 0 has the atomic number {number}, which is no element"):
            build().transform(duck)
    with raises("species of frame 0 include 'X'", "not told about", "placeholder"):
        build().transform(Atoms("X"))


def test_centers_must_be_atoms_or_points(several, water):
    with raises("center 3 of frame 0 is out of range: the frame has 3 atoms"):
        turbo().transform(water, centers=[0, 3])
    with raises("center -1 of frame 2 is out of range"):
        turbo().transform(several, centers=[None, None, [-1]])
    with raises("of frame 0 is the point", "finite"):
        turbo().transform(water, centers=[[0.0, np.nan, 0.0]])


def test_adjoints_must_fit(water):
    soap = turbo()
    with raises(f"adjoint has shape (3, 4), expected (3, {soap.n_features}): one row a center, one column a feature"):
        soap.pullback(water, np.zeros((3, 4)))
    with raises("adjoint has shape", f"expected (1, {soap.n_features}): one row a frame"):
        turbo(average="inner").pullback(water, np.zeros((3, soap.n_features)))
    with raises("adjoint is of type complex128"):
        soap.pullback(water, np.zeros((3, soap.n_features), complex))
    with raises("adjoint has the entry NaN in row 1, column 2"):
        adjoint = np.zeros((3, soap.n_features))
        adjoint[1, 2] = np.nan
        soap.pullback(water, adjoint)
    blocks = soap.derivatives(water)
    with raises("adjoint has shape (3,), expected"):
        blocks.pullback(np.zeros(3))
    with raises("displacements has shape (3, 2), expected (3, 3)"):
        blocks.pushforward(np.zeros((3, 2)))


def test_displacements_must_fit(several):
    with raises("displacements has shape (3, 3), expected (11, 3): one row an atom of all frames"):
        turbo().pushforward(several, np.zeros((3, 3)))
    with raises("displacements has the entry inf in row 10, column 0"):
        move = np.zeros((11, 3))
        move[10, 0] = np.inf
        turbo().pushforward(several, move)


def test_out_must_fit(water):
    soap = turbo()
    shape = 3, soap.n_features
    read_only = np.zeros(shape)
    read_only.flags.writeable = False
    for out, message in (
        (np.zeros((3, 4)), "out is an array of shape (3, 4), expected a numpy array of shape"),
        ([], "out is a list, expected a numpy array"),
        (np.zeros(shape, int), "out is of type int64; it must be float64 or float32"),
        (np.zeros(shape, ">f8"), "out is of type >f8"),
        (read_only, "out is read-only"),
    ):
        with raises(message):
            soap.transform(water, out=out)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"r_cut": 0.0}, "r_cut is 0.0; it must be a positive number of Å"),
        ({"r_cut": np.nan}, "r_cut is nan"),
        ({"r_cut": "far"}, "r_cut is 'far'"),
        ({"r_cut": True}, "r_cut is True"),
        ({"r_cut": 0.4}, "r_cut is 0.4, too short for the usual buffer of 0.5 Å; give r_soft"),
        ({"r_soft": 3.1}, "r_soft is 3.1; it must be positive and at most r_cut = 3.0"),
        ({"r_soft": 0.0}, "r_soft is 0.0"),
        ({"n_max": 0}, "n_max is 0; it must be an integer from 1 to 24"),
        ({"n_max": 25}, "n_max is 25"),
        ({"n_max": 3.0}, "n_max is 3.0"),
        ({"n_max": True}, "n_max is True"),
        ({"n_max": 1, "basis": "poly3gauss"}, "n_max is 1; it must be an integer from 2 to 24"),
        ({"n_max": {"H": 3, "C": 0, "O": 2}}, "n_max of 'C' is 0"),
        ({"l_max": -1}, "l_max is -1; it must be an integer from 0 to 30"),
        ({"l_max": 31}, "l_max is 31"),
        ({"sigma": 0.0}, "sigma is 0.0; it must be a positive number of Å"),
        ({"sigma": {"H": 0.3, "C": -0.1, "O": 0.2}}, "sigma of 'C' is -0.1"),
        ({"sigma": {"H": 0.3, "C": 0.1}}, "sigma has no entry for 'O'; give one for every species: 'H', 'C', 'O'"),
        ({"sigma": {"H": 1, "C": 1, "O": 1, "S": 1}}, "sigma has entries for 'S', not among the species 'H', 'C', 'O'"),
        ({"sigma": {"H": 1, "C": 1, "Ox": 1}}, "sigma contains 'Ox', which is no element"),
        ({"sigma": [0.3, 0.4, 0.5]}, "sigma is [0.3, 0.4, 0.5]"),
        ({"sigma_t": -1}, "sigma_t is -1"),
        ({"sigma_scaling": -0.1}, "sigma_scaling is -0.1; it must be a number that is not negative"),
        ({"sigma_t_scaling": np.inf}, "sigma_t_scaling is inf"),
        ({"amplitude_scaling": -1.0}, "amplitude_scaling is -1.0"),
        ({"central_weight": np.nan}, "central_weight is nan; it must be a finite number"),
        ({"filter_decay": 0}, "filter_decay is 0; it must be a positive number"),
        ({"radial_enhancement": 3}, "radial_enhancement is 3; it must be an integer from 0 to 2"),
        ({"basis": "gto"}, "basis is 'gto'; choose one of 'poly3', 'poly3gauss', 'jacobi'"),
        ({"policy": "fast"}, "policy is 'fast'; choose one of 'exact', 'reference'"),
        (
            {"policy": "reference", "basis": "jacobi"},
            "basis is 'jacobi'; policy 'reference' knows 'poly3' and 'poly3gauss' only",
        ),
        ({"normalize": "yes"}, "normalize is 'yes'; it must be True or False"),
        ({"average": "mean"}, "average is 'mean'; choose one of None, 'inner', 'outer', 'sum'"),
        ({"dtype": "float16"}, "dtype is 'float16'; choose one of 'float64', 'float32'"),
        ({"dtype": int}, "dtype is 'int64'"),
        ({"dtype": "double trouble"}, "dtype is 'double trouble'"),
        ({"unknown_species": "skip"}, "unknown_species is 'skip'; choose one of 'error', 'ignore'"),
        ({"species": []}, "species is []; name at least one element"),
        ({"species": ["H", "Q"]}, "species contains 'Q', which is no element"),
        ({"species": ["H", 1.5]}, "species contains 1.5"),
        ({"species": ["H", "C", 1]}, "species contains H more than once"),
        ({"centers": ["Zz"]}, "centers contains 'Zz', which is no element"),
        ({"compression": "1_3"}, "compression is '1_3', which is no file either; give None, 'trivial'"),
        ({"compression": "1_1", "n_max": {"H": 1, "C": 2, "O": 2}}, "compression is '1_1' while n_max is [1, 2, 2]"),
        ({"compression": np.zeros((3, 4))}, "compression has 4 columns, but the power spectrum has 135 components"),
        ({"compression": sparse.csr_array((3, 4))}, "compression has 4 columns"),
        ({"compression": np.full((1, 135), np.nan)}, "entries that are not finite"),
        ({"compression": np.zeros(135)}, "give None, 'trivial'"),
        ({"compression": 3}, "compression is 3"),
        ({"basis_matrix": {"C": np.eye(3)}}, "basis_matrix of 'C' is given; it belongs to policy 'reference'"),
        ({"basis_matrix": np.eye(3), "policy": "reference"}, "basis_matrix is a ndarray; give a mapping"),
        (
            {"basis_matrix": {"C": np.eye(2)}, "policy": "reference"},
            "basis_matrix of 'C' has shape (2, 2), expected (3, 3)",
        ),
        ({"basis_matrix": {"N": np.eye(3)}, "policy": "reference"}, "basis_matrix has entries for 'N'"),
    ],
)
def test_parameters_must_make_sense(water, options, message):
    soap = turbo(**options)
    with raises(message):
        soap.transform(water)
    with raises(message):
        _ = soap.n_features


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"r_cut": 0.0}, "r_cut is 0.0; it must be a positive number of Å"),
        ({"r_cut": True}, "r_cut is True"),
        ({"r_cut": 0.9}, "r_cut is 0.9; functions of basis 'gto' are spread from 1 Å to r_cut"),
        ({"n_max": 0}, "n_max is 0; it must be an integer from 1 to 24"),
        ({"n_max": 25}, "n_max is 25"),
        ({"n_max": {"H": 3, "C": 3, "O": 2}}, "n_max is {'H': 3, 'C': 3, 'O': 2}; it must be an integer"),
        ({"l_max": 31}, "l_max is 31; it must be an integer from 0 to 30"),
        ({"sigma": 0.0}, "sigma is 0.0; it must be a positive number of Å"),
        ({"sigma": {"H": 0.3, "C": -0.1, "O": 0.2}}, "sigma of 'C' is -0.1"),
        ({"sigma": {"H": 0.3, "C": 0.1}}, "sigma has no entry for 'O'"),
        ({"sigma": {"any": 0.3}, "species": "any"}, "sigma is a mapping, but species 'any' is a single one"),
        ({"basis": "poly3"}, "basis is 'poly3'; choose one of 'gto', 'polynomial', 'equispaced'"),
        ({"cutoff_width": -0.1}, "cutoff_width is -0.1; it must be from 0 to 3.0 Å"),
        ({"cutoff_width": 3.6, "padding": 0.5}, "cutoff_width is 3.6; it must be from 0 to 3.5 Å"),
        ({"padding": -1}, "padding is -1; it must be a number of Å that is not negative"),
        ({"species_weight": {"H": 1.0}}, "species_weight has no entry for 'C', 'O'"),
        ({"species_weight": np.inf}, "species_weight is inf; it must be a finite number"),
        ({"central_weight": "much"}, "central_weight is 'much'; it must be a finite number"),
        ({"center_everywhere": 1}, "center_everywhere is 1; it must be True or False"),
        ({"compression": "mu3"}, "compression is 'mu3', which is no file either; give None, 'mu2', 'mu1nu1'"),
        ({"compression": 3}, "compression is 3; give None, 'mu2'"),
        ({"compression": np.zeros((3, 4))}, "compression has 4 columns, but the power spectrum has 135 components"),
        ({"compression": np.zeros((3, 135)), "convention": "featomic"}, "but the power spectrum has 162 components"),
        ({"normalize": None}, "normalize is None; it must be True or False"),
        ({"convention": "gap"}, "convention is 'gap'; choose one of 'isoprint', 'quip', 'dscribe', 'featomic'"),
        ({"constant": np.nan}, "constant is nan; it must be a finite number"),
        ({"basis_error_exponent": 0}, "basis_error_exponent is 0; it must be a positive number"),
        ({"accuracy": 0.0}, "accuracy is 0.0; it must be a positive number up to 0.01"),
        ({"accuracy": 0.1}, "accuracy is 0.1"),
        ({"periodic": "no"}, "periodic is 'no'; it must be True or False"),
        ({"unknown_species": "skip"}, "unknown_species is 'skip'"),
        ({"species": "all"}, "species contains 'all', which is no element"),
        ({"species": ["any", "H"]}, "species contains 'any', which is no element"),
        ({"average": "mean"}, "average is 'mean'"),
        ({"dtype": int}, "dtype is 'int64'"),
        ({"weighting": "pow"}, "weighting is 'pow'; give a mapping such as"),
        ({"weighting": {}}, "function of weighting is None; choose one of 'poly', 'pow', 'exp'"),
        ({"weighting": {"function": "gauss"}}, "function of weighting is 'gauss'"),
        ({"weighting": {**POW, "D": 1.0}}, "weighting has the unknown key 'D'; did you mean 'd'?"),
        ({"weighting": {**POW, "threshold": 0.01}}, "unknown key 'threshold'; 'pow' takes r0, c, d, m, w0"),
        ({"weighting": {**POW, "function": "poly"}}, "weighting has the unknown key 'd'; 'poly' takes r0, c, m, w0"),
        ({"weighting": {"function": "exp", "c": 1.0}}, "weighting has no r0, d, which 'exp' needs; give every one"),
        ({"weighting": {**POW, "r0": 0.0}}, "r0 of weighting is 0.0; it must be a positive number of Å"),
        ({"weighting": {**POW, "d": -0.1}}, "d of weighting is -0.1; it must not be negative"),
        (
            {"weighting": {**POW, "d": 0.0}},
            "d of weighting is 0.0; the weight at the center would be infinite",
        ),
        ({"weighting": {**POW, "m": -1.0}}, "m of weighting is -1.0; it must be a number that is not negative"),
        (
            {"weighting": {**POW, "m": 0.5}},
            "m of weighting is 0.5; derivatives are infinite at the center",
        ),
        (
            {"weighting": {"function": "poly", "r0": 2, "c": 1, "m": 0.3}},
            "m of weighting is 0.3; derivatives are infinite at r0",
        ),
        ({"weighting": {**POW, "m": 900.0}}, "weighting is no finite number at"),
        ({"weighting": {"function": "exp", "r0": 1e-3, "c": 1.0, "d": 0.0}}, "weighting is no finite number at 0."),
        ({"weighting": {**POW, "w0": np.nan}}, "w0 of weighting is nan; it must be a finite number"),
        ({"weighting": {**POW, "c": None}}, "c of weighting is None; it must be a finite number"),
    ],
)
def test_parameters_of_classic_soap_must_make_sense(water, options, message):
    descriptor = soap(**options)
    with raises(message):
        descriptor.transform(water)
    with raises(message):
        _ = descriptor.n_features


def test_numbers_of_threads_must_make_sense(water):
    for n_jobs in (0, 1.5, "all", True):
        with raises(f"n_jobs is {n_jobs!r}; give a number of threads"):
            turbo().transform(water, n_jobs=n_jobs)
    expected = turbo().transform(water)
    for n_jobs in (1, 3, -1, -2, -1000, np.int64(2)):
        assert np.array_equal(turbo().transform(water, n_jobs=n_jobs), expected)


def test_progress_must_be_a_function(water):
    with raises("progress is 'bar'", error=TypeError):
        turbo().transform(water, progress="bar")


def test_there_must_be_something_to_learn_from():
    with raises("there are no atoms to learn the species from"):
        ip.SoapTurbo(r_cut=3, n_max=2, l_max=1).fit([])


def test_what_is_no_frame_is_said(water):
    with raises("frames is 'water.xyz'", "ase.io.read", error=TypeError):
        turbo().transform("water.xyz")
    with raises("frame 1 is", error=TypeError):
        turbo().transform([water, [water]])


def test_absurd_densities_are_refused_before_memory_ends():
    dense = bulk("C", "sc", a=1e-4)
    with raises("reduce the cutoff, or check the unit"):
        turbo().transform(dense)
    with raises("reduce the cutoff, or check the unit"):
        ip.neighbors(dense, 3.0)


def test_legal_things_are_no_errors():
    """Coincident atoms, lonely atoms, no atoms, no frames."""
    soap = turbo()
    assert soap.transform([]).shape == (0, soap.n_features)
    assert soap.transform(iter([])).shape == (0, soap.n_features)
    assert soap.transform([Atoms(), molecule("H2O"), Atoms()]).shape == (3, soap.n_features)
    assert soap.transform(Atoms()).shape == (0, soap.n_features)
    assert soap.transform(molecule("H2O"), centers=[]).shape == (0, soap.n_features)
    assert np.isfinite(soap.transform(Atoms("HH", [[0, 0, 0], [0, 0, 0]]))).all()
    back = soap.pullback([], np.zeros((0, soap.n_features)))
    assert (back.positions.shape, back.strain.shape) == ((0, 3), (0, 3, 3))
    assert soap.pushforward([], np.zeros((0, 3))).shape == (0, soap.n_features)
