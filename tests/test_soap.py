"""Classic SOAP: against its definition, its conventions, its weights, its compressions."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from sklearn.base import clone

import isoprint as ip
from catalog import BASES, BY_SPECIES, POW, SOAP, soap, turbo
from isoprint import _core
from isoprint.compat.dscribe.descriptors._bases import gaussian_basis
from isoprint.descriptors import _settings
from naive_soap import NaiveSOAP
from naive_turbo import listed
from test_soap_turbo import ethanol_in_a_box


def open_ethanol():
    atoms = molecule("CH3CH2OH")
    atoms.rotate(37, (1, 2, 3))
    return atoms


@pytest.mark.parametrize("frame", [ethanol_in_a_box, open_ethanol], ids=["periodic", "open"])
@pytest.mark.parametrize("case", SOAP, ids=repr)
def test_values_and_derivatives_are_those_of_the_definition(case, frame):
    fingerprint, atoms = case.descriptor, frame()
    if case.elements == ("C",):
        atoms = atoms[atoms.numbers == 6]
    centers = [0, 4, [0.3, 0.2, -0.4], 2] if len(atoms) > 4 else [0, [0.3, 0.2, -0.4], 1]
    naive = NaiveSOAP(**listed(fingerprint._settings(fingerprint._species())))
    pbc = atoms.pbc if fingerprint.periodic else np.zeros(3, bool)
    definition = atoms.positions, atoms.numbers, atoms.cell.array, pbc
    at = [center if np.ndim(center) == 0 else np.array(center) for center in centers]
    expected = naive.rows(definition, at, fingerprint.average)
    rounding = 1e-6 if fingerprint.dtype == "float32" else 1e-9
    found = fingerprint.transform(atoms, centers=centers)
    np.testing.assert_allclose(found, expected, atol=rounding * np.abs(expected).max(), rtol=0)
    rng = np.random.default_rng(0)
    move, strain, adjoint = (rng.standard_normal(shape) for shape in ((len(atoms), 3), (3, 3), found.shape))
    along = naive.derivative(definition, at, move, average=fingerprint.average)
    forward = fingerprint.pushforward(atoms, move, centers=centers)
    np.testing.assert_allclose(forward, along, atol=10 * rounding * np.abs(along).max(), rtol=0)
    back = fingerprint.pullback(atoms, adjoint, centers=centers)
    strained = naive.derivative(definition, at, None, strain=strain, average=fingerprint.average)
    for derivative, direction, gradient in ((along, move, back.positions), (strained, strain, back.strain[0])):
        allowed = 1e-8 * np.linalg.norm(adjoint) * np.linalg.norm(derivative)
        assert abs(np.sum(gradient * direction) - np.sum(adjoint * derivative)) < allowed


@pytest.mark.parametrize("bond", [1.09, 0.7, 0.5, 0.3, 0.1])
def test_sixteen_functions_and_degrees_keep_their_digits_at_short_bonds(bond):
    """Where a Bessel function by upward recurrence is noise: the parameters of the manifolds of methane."""
    fingerprint = ip.SOAP.from_quip("soap l_max=16 n_max=16 cutoff=4.8 atom_sigma=0.3 n_species=1 species_Z={6} Z=6")
    rng = np.random.default_rng(3)
    corners = np.array([[1, 1, 1], [-1, -1, 1], [-1, 1, -1], [1, -1, -1]]) / np.sqrt(3)
    atoms = Atoms("C5", np.vstack([np.zeros(3), bond * (corners + 0.1 * rng.standard_normal((4, 3)))]))
    naive = NaiveSOAP(**listed(fingerprint._settings(fingerprint._species())))
    definition = atoms.positions, atoms.numbers, np.zeros((3, 3)), atoms.pbc
    np.testing.assert_allclose(fingerprint.transform(atoms, centers=[0]), naive.rows(definition, [0]), atol=1e-14)
    jacobian = fingerprint.derivatives(atoms, centers=[0]).dense()[0]
    for move in np.eye(15).reshape(15, 5, 3):
        along = naive.derivative(definition, [0], move)[0]
        np.testing.assert_allclose(np.tensordot(move, jacobian), along, atol=2e-13)


@pytest.mark.parametrize("case", SOAP, ids=repr)
def test_names_are_unique_and_as_many_as_columns(case):
    names = case.descriptor.get_feature_names_out()
    assert len(set(names)) == len(names) == case.descriptor.n_features
    assert case.descriptor.transform([]).shape == (0, len(names))


def by_name(**options):
    """Columns by name: every convention calls the same product the same."""
    fingerprint = soap(normalize=False, species=["H", "C"], n_max=2, **options)
    rows = fingerprint.transform(molecule("C2H6"))
    return dict(zip(fingerprint.get_feature_names_out(), rows.T, strict=True))


def test_names_say_what_a_column_is():
    names = list(soap(species=["C", "H"], n_max=2, l_max=1).get_feature_names_out())
    assert names == list(turbo(species=["C", "H"], n_max=2, l_max=1).get_feature_names_out())
    assert names[:4] == ["C.1 C.1 l=0", "C.1 C.1 l=1", "C.1 C.2 l=0", "C.1 C.2 l=1"]
    assert list(soap(species="any", n_max=1, l_max=1, constant=2.0).get_feature_names_out()) == [
        "any.1 any.1 l=0", "any.1 any.1 l=1", "constant",
    ]  # fmt: skip
    quip = soap(species=["C", "H"], n_max=2, l_max=0, convention="quip").get_feature_names_out()
    assert list(quip[:6]) == [
        "C.1 C.1 l=0", "C.1 C.2 l=0", "C.2 C.2 l=0", "C.1 H.1 l=0", "C.2 H.1 l=0", "H.1 H.1 l=0",
    ]  # fmt: skip
    dscribe = soap(species=["H", "C"], n_max=2, l_max=1, convention="dscribe").get_feature_names_out()
    assert list(dscribe[:8]) == [
        "H.1 H.1 l=0", "H.1 H.2 l=0", "H.2 H.2 l=0", "H.1 H.1 l=1", "H.1 H.2 l=1", "H.2 H.2 l=1",
        "H.1 C.1 l=0", "H.1 C.2 l=0",
    ]  # fmt: skip
    featomic = soap(species=["H", "C"], n_max=2, l_max=1, convention="featomic").get_feature_names_out()
    assert list(featomic[:5]) == ["H.1 H.1 l=0", "H.1 H.2 l=0", "H.2 H.1 l=0", "H.2 H.2 l=0", "H.1 H.1 l=1"]


@pytest.mark.parametrize("compression", [None, "mu2", "mu1nu1", "crossover", "diagonal", "1_1", "1_2", "0_2"])
def test_conventions_differ_in_order_and_factors_only(compression):
    ours = by_name(compression=compression)
    quip = by_name(compression=compression, convention="quip")
    assert ours.keys() == quip.keys()
    for name, column in ours.items():
        np.testing.assert_allclose(quip[name], column, rtol=1e-12, atol=1e-14)
    dscribe = by_name(compression=compression, convention="dscribe")
    assert set(dscribe) == set(ours)
    symmetric = compression in (None, "mu2", "crossover", "diagonal", "0_2")
    for name, column in ours.items():
        first, second, _ = name.split()
        factor = np.pi * np.sqrt(4 if symmetric and first != second else 8)
        np.testing.assert_allclose(dscribe[name], factor * column, rtol=1e-12, atol=1e-13)


def test_featomic_has_all_pairs_negative_odd_degrees_and_normalized_gaussians():
    ours, theirs = by_name(), by_name(convention="featomic")
    height = (np.pi * 0.4**2) ** -1.5
    for name, column in theirs.items():
        first, second, degree = name.split()
        same_species = first[0] == second[0]
        expected = ours.get(name, ours.get(f"{second} {first} {degree}"))
        sign = (-1) ** int(degree[2:])
        factor = sign * height / (np.sqrt(2) if same_species and first != second else 1)
        np.testing.assert_allclose(column, factor * expected, rtol=1e-12, atol=1e-13)


def test_a_column_depends_on_the_species_in_its_name():
    fingerprint = soap(normalize=False, central_weight=0.0, convention="dscribe")
    frame = Atoms("HOO", positions=[[0, 0, 0], [1, 0, 0], [0, 1.2, 0]])
    row = fingerprint.transform(frame, centers=[0])[0]
    for name, value in zip(fingerprint.get_feature_names_out(), row, strict=True):
        assert (abs(value) > 0) == ("H." not in name and "C." not in name), name


@pytest.mark.parametrize("basis", BASES)
def test_any_species_sees_every_element(basis):
    atoms = ethanol_in_a_box()
    carbon = atoms.copy()
    carbon.numbers[:] = 6
    whole = soap(species="any", basis=basis)
    assert whole.species_ == ["any"]
    assert whole.fit([atoms]).species_ == soap(species=["any"]).species_ == ["any"]
    expected = soap(species=["C"], basis=basis).transform(carbon)
    np.testing.assert_allclose(whole.transform(atoms), expected, atol=1e-14)
    strange = Atoms(numbers=[118, 0], positions=[[0, 0, 0], [0, 0, 1]])
    assert whole.transform(strange).any(axis=1).all()


def test_open_frames_are_told_apart():
    atoms = ethanol_in_a_box()
    alone = atoms.copy()
    alone.pbc = False
    closed, unfolded = soap(), soap(periodic=False)
    assert np.array_equal(unfolded.transform(atoms), closed.transform(alone))
    assert not np.allclose(unfolded.transform(atoms), closed.transform(atoms))
    adjoint = np.random.default_rng(0).standard_normal((len(atoms), closed.n_features))
    one, other = unfolded.pullback(atoms, adjoint), closed.pullback(alone, adjoint)
    assert np.array_equal(one.positions, other.positions)
    assert np.array_equal(one.strain, other.strain)
    assert np.array_equal(unfolded.derivatives(atoms).values, closed.derivatives(alone).values)
    move = np.ones((len(atoms), 3))
    assert np.array_equal(unfolded.pushforward(atoms, move), closed.pushforward(alone, move))
    assert atoms.pbc.tolist() == [True, True, False]


def test_padding_moves_where_neighbors_end():
    fingerprint = soap(r_cut=2.0, padding=0.7, cutoff_width=0.0)
    assert fingerprint.reach == pytest.approx(2.7)
    assert turbo().reach == 3.0
    near, far = (
        fingerprint.transform(Atoms("CC", [[0, 0, 0], [0, 0, r]]), centers=[0]) for r in (2.7 - 1e-9, 2.7 + 1e-9)
    )
    lonely = fingerprint.transform(Atoms("C", [[0, 0, 0]]))
    assert np.allclose(far, lonely, atol=1e-15)
    assert not np.allclose(near, lonely, atol=1e-9)


def test_the_weight_at_the_center_is_that_of_the_center():
    water = molecule("H2O")
    hidden = soap(weighting={"w0": 0.0}).transform(water)
    np.testing.assert_allclose(hidden, soap(central_weight=0.0).transform(water), atol=1e-14)
    np.testing.assert_allclose(soap(weighting={"w0": 1.0}).transform(water), soap().transform(water), atol=1e-14)
    weighted = soap(weighting={**POW, "w0": 0.3}).transform(water)
    at_center = POW["c"] / POW["d"]
    expected = soap(weighting=POW, central_weight=0.3 / at_center).transform(water)
    np.testing.assert_allclose(weighted, expected, atol=1e-13)


def test_weights_multiply_densities():
    water = molecule("H2O")
    one = soap(species_weight={"H": 2.0, "C": 1.0, "O": 0.5}, normalize=False)
    plain = soap(normalize=False).transform(water)
    for name, weighted, column in zip(one.get_feature_names_out(), one.transform(water).T, plain.T, strict=True):
        factor = np.prod([{"H": 2.0, "C": 1.0, "O": 0.5}[part[0]] for part in name.split()[:2]])
        np.testing.assert_allclose(weighted, factor * column, rtol=1e-12, atol=1e-15)


def test_a_point_at_an_atom_differs_by_nothing(water):
    """A point sees the atom under it as a neighbor at distance zero."""
    for options in ({}, {"weighting": POW}, {"basis": "equispaced"}, {"weighting": {"w0": 0.2}}):
        fingerprint = soap(**options)
        np.testing.assert_allclose(
            fingerprint.transform(water, centers=[water.positions[0]]),
            fingerprint.transform(water, centers=[0]),
            atol=1e-12,
        )


@pytest.mark.parametrize("basis", BASES)
def test_nothing_happens_on_the_way_to_a_center(basis, water):
    fingerprint = soap(basis=basis, l_max=5)
    on = fingerprint.transform(water, centers=[water.positions[0]])
    for k in range(2, 13, 2):
        near = fingerprint.transform(water, centers=[water.positions[0] + [0, 0.6 * 10.0**-k, 0.8 * 10.0**-k]])
        assert np.abs(near - on).max() < 10.0 ** (1 - k) + 1e-13


def test_the_constant_is_the_last_column(several):
    rows = soap(constant=0.3).transform(several)
    assert (rows[:, -1] == 0.3).all()
    np.testing.assert_allclose(rows[:, :-1], soap().transform(several), atol=1e-14)
    np.testing.assert_allclose(soap(constant=0.3, average="outer").transform(several)[:, -1], 0.3, rtol=1e-15)
    back = soap(constant=0.3).pullback(several, np.eye(1, rows.shape[1], rows.shape[1] - 1).repeat(len(rows), axis=0))
    assert not back.positions.any()


def test_rows_have_length_one_or_zero():
    rows = soap(central_weight=0.0).transform(Atoms("HCO", [[0, 0, 0], [1, 0, 0], [50, 0, 0]]))
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 1, 0], atol=1e-13)
    assert np.array_equal(rows[2], np.zeros_like(rows[2]))
    derivatives = soap(central_weight=0.0).derivatives(Atoms("O"))
    assert not derivatives.values.any()


def test_a_matrix_multiplies_the_whole_spectrum():
    atoms, rng = ethanol_in_a_box(), np.random.default_rng(3)
    whole = soap(normalize=False).transform(atoms)
    dense = rng.standard_normal((7, whole.shape[1])) * (rng.random((7, whole.shape[1])) < 0.1)
    found = soap(normalize=False, compression=dense).transform(atoms)
    np.testing.assert_allclose(found, whole @ dense.T, atol=1e-12 * np.abs(whole).max())


@pytest.mark.parametrize("convention", ["quip", "dscribe", "featomic"])
def test_columns_of_a_matrix_are_those_of_the_convention(convention):
    atoms, whole = ethanol_in_a_box(), soap(normalize=False, convention=convention)
    rows, names = whole.transform(atoms), whole.get_feature_names_out()
    dense = np.eye(len(names))[::-7]
    part = soap(normalize=False, convention=convention, compression=dense)
    assert list(part.get_feature_names_out()) == list(names[::-7])
    np.testing.assert_allclose(part.transform(atoms), rows[:, ::-7], rtol=1e-13)


def test_named_compressions_keep_columns_or_stand_for_counts(several):
    whole = soap(normalize=False)
    names, rows = list(whole.get_feature_names_out()), whole.transform(several)
    for compression in ("crossover", "diagonal", "trivial"):
        part = soap(normalize=False, compression=compression)
        kept = [names.index(name) for name in part.get_feature_names_out()]
        np.testing.assert_allclose(part.transform(several), rows[:, kept], atol=1e-13)
        assert kept == sorted(kept)
    for one, other in (("mu2", "2_0"), ("mu1nu1", "2_1")):
        assert np.array_equal(soap(compression=one).transform(several), soap(compression=other).transform(several))


def test_tables_that_miss_their_accuracy_are_announced(monkeypatch, water):
    fine = _core.SOAP

    class Coarse:
        """A compiled fingerprint whose tables are not what was asked for."""

        accuracy = 3.2e-11

        def __init__(self, parameters):
            self.core = fine(parameters)
            self.n_features, self.reach = self.core.n_features, self.core.reach

        def transform(self, *arguments, **options):
            self.core.transform(*arguments, **options)

    monkeypatch.setattr(_core, "SOAP", Coarse)
    unusual = {"accuracy": 1.23e-12, "sigma": 0.4321}
    with pytest.warns(UserWarning, match=r"accurate to 3.2e-11 .* 1.2e-12 .* accuracy=1e-10 is enough"):
        soap(**unusual).transform(water)
    soap(**unusual).transform(water)  # once only: the same tables serve all


def test_tables_are_as_accurate_as_they_are_asked_to_be(several):
    exact = soap(sigma=BY_SPECIES).transform(several)
    for accuracy in (1e-6, 1e-9):
        coarse = soap(sigma=BY_SPECIES, accuracy=accuracy).transform(several)
        assert np.abs(coarse - exact).max() < 100 * accuracy


def core_of(descriptor):
    return descriptor._compiled().core


def test_equal_parameters_share_what_is_compiled():
    matrix = np.eye(3, soap().n_features)
    for build in (soap, turbo):
        one = build(compression=matrix)
        assert core_of(one) is core_of(clone(one)) is core_of(build(compression=matrix.copy()))
        assert core_of(one) is not core_of(build(compression=2 * matrix))
        assert core_of(build(sigma=0.5)) is core_of(build(sigma={"H": 0.5, "C": 0.5, "O": 0.5}))
        assert core_of(build(sigma=0.5)) is not core_of(build(sigma=0.6))
        first = core_of(build(sigma=0.5))
        for k in range(_settings.KEPT):
            core_of(build(sigma=0.6 + 0.01 * k))
        assert core_of(build(sigma=0.5)) is not first
    assert core_of(soap(l_max=3)) is not core_of(turbo(l_max=3))


def test_arrays_of_the_user_are_not_kept():
    matrix = np.eye(3, soap().n_features)
    one = soap(compression=matrix)
    before = one.transform(molecule("H2O"))
    matrix[:] = 0.0  # in place; an equal matrix made later is compiled from its own values
    assert np.array_equal(soap(compression=np.eye(3, soap().n_features)).transform(molecule("H2O")), before)


def test_a_learned_descriptor_equals_a_told_one(several):
    learned = ip.SOAP(r_cut=3.0, n_max=3, l_max=2, sigma=0.4, cutoff_width=0.47)
    assert np.array_equal(learned.fit_transform(several), soap().transform(several))


def test_hand_made_corners_are_finite():
    """Coincident, collinear, lonely, empty, along the axes, at the cutoff and where the weight ends."""
    poly = {"function": "poly", "r0": 2.0, "c": 1.0, "m": 0.5}
    singular = {"function": "pow", "r0": 2.0, "c": 1.0, "d": 0.0, "m": 1.0, "w0": 0.0}
    for options in ({}, {"weighting": {"w0": 0.4}}, {"weighting": poly}, {"weighting": singular}, {"l_max": 9}):
        fingerprint = soap(cutoff_width=0.5, **options)
        for positions in (
            [[0, 0, 0], [0, 0, 0]],
            [[0, 0, 0], [0, 0, 1e-9]],
            [[0, 0, -1], [0, 0, 0], [0, 0, 1.5]],
            [[0, 0, 0], [1e-160, 0, 1]],
            [[0, 0, 0]],
            [[0, 0, 0], [2.9999999999, 0, 0]],
            [[0, 0, 0], [0, 3, 0], [0, 0, 2.5], [2, 0, 0]],
        ):
            atoms = Atoms("H" * len(positions), positions=positions)
            rows = fingerprint.transform(atoms)
            assert np.isfinite(rows).all()
            assert np.isfinite(fingerprint.pullback(atoms, np.ones_like(rows)).positions).all()
            assert np.isfinite(fingerprint.derivatives(atoms).values).all()
            assert np.isfinite(fingerprint.pushforward(atoms, np.ones((len(atoms), 3)))).all()


def inverse_root_of_overlaps(exponents, l):
    """`S^(-1/2)` of `r^l exp(-a r²)`, whose norms differ by many orders of magnitude, in 60 digits."""
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(60):
        power = mpmath.mpf(2 * l + 3) / 2
        a = list(map(mpmath.mpf, exponents.tolist()))
        overlaps = mpmath.matrix([[mpmath.gamma(power) / 2 / (x + y) ** power for y in a] for x in a])
        values, vectors = mpmath.eigsy(overlaps)
        root = vectors * mpmath.diag([1 / mpmath.sqrt(value) for value in values]) * vectors.T
        return np.array(root.tolist(), dtype=float)


@pytest.mark.parametrize(("r_cut", "sigma"), [(4.0, 0.0021), (900.0, 0.5), (300.0, 1.0)])
def test_narrow_densities_have_their_closed_form(r_cut, sigma):
    """One atom, up to two thousand of its widths away: its radial functions are sums of Gaussians."""
    n_max, l_max = 3, 4
    fingerprint = ip.SOAP.from_dscribe(r_cut=r_cut, n_max=n_max, l_max=l_max, sigma=sigma, species=["H"])
    exponents, _ = gaussian_basis(r_cut, n_max, l_max)
    coefficients = np.array([inverse_root_of_overlaps(row, degree) for degree, row in enumerate(exponents)])
    l = np.arange(l_max + 1)[:, None]
    wider = 1.0 + exponents * 2.0 * sigma**2

    def rows(r):
        """Values, and their derivatives along the distance."""
        gaussian = (2.0 * np.pi * sigma**2) ** 1.5 * wider ** (-l - 1.5) * np.exp(-exponents * r**2 / wider)
        slope = l * r ** np.maximum(l - 1, 0) - 2.0 * exponents / wider * r ** (l + 1)
        values, slopes = (np.einsum("lnk,lk->ln", coefficients, gaussian * each) for each in (r**l, slope))
        factor = np.sqrt(2.0 * (2 * l + 1))[:, :, None] / 2.0
        a, b = np.triu_indices(n_max)
        value = factor * values[:, :, None] * values[:, None, :]
        derivative = factor * (slopes[:, :, None] * values[:, None, :] + values[:, :, None] * slopes[:, None, :])
        return value[:, a, b].ravel(), derivative[:, a, b].ravel()

    direction = np.array([0.6, -0.48, 0.64])
    largest = max(np.abs(rows(r)[0]).max() for r in np.geomspace(1e-3 * r_cut, r_cut, 500))
    for r in np.array([0.0, 0.003, 0.11, 0.5, 0.83, 0.999]) * r_cut:
        expected, slope = rows(r)
        atoms, center = Atoms("H", [r * direction]), [[0.0, 0.0, 0.0]]
        found = fingerprint.transform(atoms, centers=center)[0]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * largest)
        found = fingerprint.pushforward(atoms, [direction], centers=center)[0]
        # The density has changed over its own width.
        np.testing.assert_allclose(found, slope, rtol=0, atol=1e-11 * largest / sigma)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("compression", [None, "1_1", "0_1"])
def test_species_that_are_absent_change_no_gradient(compression, normalize):
    atoms = open_ethanol()
    every, some = (
        ip.SOAP(r_cut=4.0, n_max=3, l_max=2, species=species, compression=compression, normalize=normalize)
        for species in (["H", "C", "N", "O", "S"], ["H", "C", "O"])
    )
    places = {name: place for place, name in enumerate(every.get_feature_names_out())}
    shared = [places[name] for name in some.get_feature_names_out() if name in places]
    assert len(shared) == some.n_features
    adjoint = np.random.default_rng(1).standard_normal((len(atoms), every.n_features))
    found = every.pullback(atoms, adjoint)
    expected = some.pullback(atoms, adjoint[:, shared])
    largest = np.abs(expected.positions).max()
    np.testing.assert_allclose(found.positions, expected.positions, atol=1e-12 * largest, rtol=0)
    jacobian = every.derivatives(atoms).dense()
    np.testing.assert_allclose(
        found.positions, np.einsum("raif,rf->ai", jacobian, adjoint), atol=1e-12 * largest, rtol=0
    )
    blocks = every.fused(atoms, lambda rows, features: adjoint[rows.index]).positions
    np.testing.assert_allclose(blocks, expected.positions, atol=1e-12 * largest, rtol=0)


@pytest.mark.parametrize("n_max", [4, 5, 8, 9, 12, 13, 16, 17, 20, 21])
def test_functions_do_not_depend_on_how_they_fill_lanes(n_max):
    # Of the first species; a second one moves those of the third to other lanes.
    atoms = open_ethanol()
    kinds = [
        ip.SoapTurbo(
            r_cut=4.0, n_max={"H": n_max, "C": other, "O": 3}, l_max=3, species=["H", "C", "O"], normalize=False
        )
        for other in (2, 7)
    ]
    names = [kind.get_feature_names_out() for kind in kinds]
    shared = sorted(set(names[0]) & set(names[1]))
    of_names = [[list(own).index(name) for name in shared if "C." not in name] for own in names]
    one, other = (kind.transform(atoms)[:, places] for kind, places in zip(kinds, of_names, strict=True))
    np.testing.assert_allclose(one, other, atol=1e-13 * np.abs(one).max(), rtol=0)
    adjoint = np.cos(np.arange(one.size)).reshape(one.shape)
    gradients = []
    for kind, places in zip(kinds, of_names, strict=True):
        full = np.zeros((len(atoms), kind.n_features))
        full[:, places] = adjoint
        gradients.append(kind.pullback(atoms, full).positions)
    np.testing.assert_allclose(*gradients, atol=1e-12 * np.abs(gradients[0]).max(), rtol=0)
