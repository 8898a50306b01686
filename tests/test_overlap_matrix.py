"""The overlap-matrix fingerprint: against its plain twin, in symmetric places, at its limits."""

import pickle
import re
from itertools import pairwise

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.data import covalent_radii
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

import isoprint as ip
import naive_om
from isoprint.structures.radii import covalent_radius
from isoprint.testing.strategies import frames

SPECIES = ["H", "C", "O"]
SHELLS = {"s": [(0, 1.0)], "sp": [(0, 1.0), (1, 1.0)], "spd": [(0, 1.0), (1, 1.0), (2, 1.0)]}
small = frames(max_atoms=3, min_cell=2.5)


def om(**options):
    return ip.OverlapMatrix(**{"r_cut": 2.6, "species": SPECIES, **options})


def tetrahedral(element="C"):
    """A methane of exact symmetry."""
    return Atoms(
        [element] + ["H"] * 4, [[0, 0, 0], *(0.63 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]))]
    )


def turned(atoms, seed=3):
    rotation = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    rotation *= np.linalg.det(rotation)
    moved = atoms.copy()
    moved.positions = atoms.positions @ rotation
    return moved, rotation


@pytest.mark.parametrize("orbitals", ["s", "sp", "spd", [(0, 1.0), (0, 1.4), (1, 0.8), (3, 1.1)]], ids=str)
@settings(max_examples=6)
@given(
    atoms=frames(max_atoms=3, min_cell=3.5), exponent=st.integers(0, 4), scale=st.floats(0.6, 1.5), point=st.booleans()
)
def test_agrees_with_the_definition(orbitals, atoms, exponent, scale, point):
    shells = SHELLS.get(orbitals, orbitals) if isinstance(orbitals, str) else orbitals
    centers = [len(atoms) - 1] + ([[0.3, -0.2, 0.6]] if point else [])
    got = om(orbitals=orbitals, exponent=exponent, width_scale=scale, max_sites=12, overflow="truncate").transform(
        atoms, centers=centers
    )
    for row, center in zip(got, centers, strict=True):
        expected = naive_om.overlap_matrix(
            atoms,
            center,
            r_cut=2.6,
            shells=[(l, c * scale) for l, c in shells],
            exponent=exponent,
            max_sites=12,
        )
        np.testing.assert_allclose(row, expected, rtol=0, atol=2e-13)


@given(atoms=frames(max_atoms=4, min_cell=3.0), modulated=st.booleans(), sp=st.booleans())
@settings(max_examples=10)
def test_the_contracted_row_agrees_with_the_definition(atoms, modulated, sp):
    """Where there is a leading eigenvector; s orbitals always have one."""
    orbitals = "sp" if sp else "s"
    long = om(orbitals=orbitals, max_sites=90, overflow="truncate").transform(atoms, centers=[0])[0]
    if long[0] - long[1] < 1e-4:
        return
    short = om(orbitals=orbitals, contracted=True, metric="modulated" if modulated else "overlap", max_sites=90)
    expected = naive_om.contracted(atoms, 0, r_cut=2.6, shells=SHELLS[orbitals], species=[1, 6, 8], modulated=modulated)
    np.testing.assert_allclose(short.transform(atoms, centers=[0])[0], expected, rtol=0, atol=1e-9)
    if modulated:
        assert len(expected) == short.n_features
        assert short.transform(atoms, centers=[0]).sum() <= long[0] * (1 + 1e-12) * len(expected)


def test_widths_by_element_and_shell():
    atoms = molecule("CH3OH")
    factors = {"H": 1.2, "C": 0.9, "O": 1.1}
    width = {1: 0.5, 6: covalent_radius(6), 8: 0.6}
    got = om(orbitals=[(0, factors), (1, 1.3)], radii={"H": 0.5, 8: 0.6, "Au": 1.0}, max_sites=6).transform(atoms)
    for center, row in enumerate(got):
        expected = naive_om.overlap_matrix(
            atoms,
            center,
            r_cut=2.6,
            shells=[(0, "own"), (1, 1.3)],
            max_sites=6,
            width=lambda z, c: width[z] * ({1: 1.2, 6: 0.9, 8: 1.1}[z] if c == "own" else c),
        )
        np.testing.assert_allclose(row, expected, rtol=0, atol=1e-13)


@given(atoms=small)
def test_trace_bounds_and_zeros(atoms):
    d = om(max_sites=90, overflow="truncate")
    for center, row in enumerate(d.transform(atoms)):
        numbers, positions = naive_om.sites_of(atoms, center, 2.6)
        if len(numbers) > 90:
            return
        f = naive_om.amplitudes(positions, 2.6, 2)
        assert abs(row.sum() - 4 * np.sum(f**2)) < 1e-12 * len(f)
        assert (np.diff(row) <= 0).all() or row.min() < 0  # only rounding is below the zeros that fill up
        assert row.min() > -1e-13
        assert not row[4 * len(numbers) :].any()


@given(atoms=small, factor=st.floats(0.1, 10.0))
def test_the_unit_of_length_does_not_matter(atoms, factor):
    larger = atoms.copy()
    larger.set_cell(factor * atoms.cell.array)
    larger.positions = factor * atoms.positions
    options = {"max_sites": 40, "overflow": "truncate", "exponent": 3}
    a = om(**options).transform(atoms)
    b = om(r_cut=2.6 * factor, width_scale=factor, **options).transform(larger)
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-11)


def test_columns_do_not_depend_on_the_species():
    atoms = molecule("CH3OH")
    rows = om(max_sites=8).transform(atoms)
    assert np.array_equal(rows, ip.OverlapMatrix(r_cut=2.6, max_sites=8).fit_transform(atoms))
    np.testing.assert_allclose(om(max_sites=8, species=["Si", "O", "C", "H"]).transform(atoms), rows, atol=1e-14)
    assert list(om(max_sites=8).get_feature_names_out())[::31] == ["om 1", "om 32"]
    short = om(contracted=True)
    assert len(short.get_feature_names_out()) == short.n_features == 8


def test_too_many_sites():
    atoms = molecule("CH3OH")
    whole = om(max_sites=6).transform(atoms)
    message = "center 0 of frame 0 cannot be described: it has 6 sites, the center included, and max_sites is 5"
    for call in (om(max_sites=5).transform, om(max_sites=5).derivatives):
        with pytest.raises(ValueError, match=f"{message}; raise max_sites"):
            call(atoms)
    few = om(max_sites=5, overflow="truncate")
    assert np.array_equal(few.transform(atoms), whole[:, :20])
    full, cut = om(max_sites=6).derivatives(atoms).dense(), few.derivatives(atoms).dense()
    np.testing.assert_allclose(cut, full[..., :20], rtol=0, atol=1e-15)
    adjoint = np.random.default_rng(0).standard_normal((6, 20))
    padded = np.concatenate([adjoint, np.zeros((6, 4))], axis=1)
    np.testing.assert_allclose(
        few.pullback(atoms, adjoint).positions, om(max_sites=6).pullback(atoms, padded).positions, atol=1e-13
    )
    dense = bulk("C", "sc", a=0.3)
    with pytest.raises(ValueError, match=r"has \d+ sites, .*is not decomposed; reduce r_cut"):
        ip.OverlapMatrix(r_cut=3.0, species=["C"], overflow="truncate").transform(dense)


SYMMETRIC = {"r_cut": 4.0, "species": ["H", "C", "Cu"], "max_sites": 60}


@pytest.mark.parametrize(
    "atoms",
    [
        tetrahedral(),
        bulk("Cu", "fcc", a=3.6),
        bulk("C", "diamond", a=3.57),
        bulk("C", "diamond", a=3.57, cubic=True),
        Atoms("H2", [[0, 0, 0], [0.74, 0, 0]]),
        Atoms("CHH", [[0, 0, 0], [1.1, 0, 0], [1.1, 0, 0]]),
        Atoms("CC", [[0, 0, 0], [0, 0, 0]]),
        Atoms("C"),
        Atoms("HCCH", [[0, 0, -1.66], [0, 0, -0.6], [0, 0, 0.6], [0, 0, 1.66]]),
    ],
    ids=["methane", "fcc", "diamond", "diamond cubic", "dimer", "coincident", "on the center", "alone", "linear"],
)
class TestSymmetry:
    """Groups of equal eigenvalues: derivatives of their mean."""

    def test_averaged_derivatives_turn_with_the_structure(self, atoms):
        d = ip.OverlapMatrix(**SYMMETRIC)
        if atoms.pbc.any():
            return
        moved, rotation = turned(atoms)
        here, there = (d.derivatives(a).dense() for a in (atoms, moved))
        np.testing.assert_allclose(there, np.einsum("raxf,xy->rayf", here, rotation), rtol=0, atol=1e-8)

    def test_they_are_one_jacobian(self, atoms):
        for degenerate in ("average", "raw"):
            ip.testing.assert_jacobian_consistent(
                ip.OverlapMatrix(**SYMMETRIC, degenerate=degenerate), atoms, tolerance=1e-11
            )

    def test_the_strain_gradient_is_symmetric(self, atoms):
        d = ip.OverlapMatrix(**SYMMETRIC)
        adjoint = np.random.default_rng(1).standard_normal((len(atoms), d.n_features))
        strain = d.pullback(atoms, adjoint).strain[0]
        np.testing.assert_allclose(strain, strain.T, rtol=0, atol=1e-11 * max(1.0, np.abs(strain).max()))

    def test_smooth_sums_have_the_derivative_of_differences(self, atoms):
        """Whether groups are averaged or not does not matter to a function that is symmetric in them."""
        move = np.random.default_rng(2).standard_normal((len(atoms), 3))

        def total(step):
            shifted = atoms.copy()
            shifted.positions += step * move
            return np.sum(ip.OverlapMatrix(**SYMMETRIC).transform(shifted) ** 3)

        h = 1e-3
        expected = (8 * (total(h) - total(-h)) - (total(2 * h) - total(-2 * h))) / (12 * h)
        for degenerate in ("average", "raw"):
            d = ip.OverlapMatrix(**SYMMETRIC, degenerate=degenerate)
            found = np.sum(d.pullback(atoms, 3 * d.transform(atoms) ** 2).positions * move)
            assert abs(found - expected) < 1e-7 * max(1.0, abs(expected))

    def test_the_directional_derivative_is_that_of_the_sorted_values(self, atoms):
        d = ip.OverlapMatrix(**SYMMETRIC, degenerate="directional")
        move = np.random.default_rng(2).standard_normal((len(atoms), 3))

        def rows(step):
            shifted = atoms.copy()
            shifted.positions += step * move
            return d.transform(shifted)

        # One-sided, twice extrapolated; eigenvalues of second order within a group of the first stay apart.
        h = 1e-4
        once = [(rows(step) - rows(0.0)) / step for step in (h, h / 2, h / 4)]
        twice = [2 * b - a for a, b in pairwise(once)]
        expected = (4 * twice[1] - twice[0]) / 3
        found = d.pushforward(atoms, move)
        np.testing.assert_allclose(found, expected, rtol=0, atol=3e-5)
        mean = ip.OverlapMatrix(**SYMMETRIC).pushforward(atoms, move)
        np.testing.assert_allclose(found.sum(axis=1), mean.sum(axis=1), rtol=0, atol=1e-12)
        back, forth = (
            ip.OverlapMatrix(**SYMMETRIC, degenerate=kind).pullback(atoms, rows(0.0)).positions
            for kind in ("average", "directional")
        )
        assert np.array_equal(back, forth)


def test_crystals_of_one_atom_have_no_gradient():
    """Every site is a center of inversion, so that the mean of each group is stationary."""
    for atoms in (bulk("Cu", "fcc", a=3.6), bulk("Fe", "bcc", a=2.87)):
        d = ip.OverlapMatrix(r_cut=4.0, max_sites=40).fit([atoms])
        assert not np.abs(d.derivatives(atoms).values).max() > 1e-13
    diamond = bulk("C", "diamond", a=3.57)
    d = ip.OverlapMatrix(r_cut=3.0, max_sites=40, species=["C"])
    values = d.transform(diamond)
    np.testing.assert_allclose(values[0], values[1], atol=1e-13)
    gaps = np.diff(values[0])
    assert (np.abs(gaps[values[0][1:] > 0]) < 1e-12).sum() > 20


def test_degenerate_values_can_be_refused():
    methane = tetrahedral()
    strict = om(degenerate="error", max_sites=5)
    rows = strict.transform(methane)
    assert np.array_equal(rows, om(max_sites=5).transform(methane))
    for call in (
        lambda: strict.derivatives(methane),
        lambda: strict.pullback(methane, rows),
        lambda: strict.pushforward(methane, methane.positions),
    ):
        with pytest.raises(
            ValueError, match=r"eigenvalues 1 and 2, .* apart, are degenerate .* degenerate=\"average\""
        ):
            call()
    methane.rattle(0.05, seed=1)
    a, b = (om(degenerate=kind, max_sites=5).derivatives(methane).values for kind in ("error", "average"))
    assert np.array_equal(a, b)


def test_what_counts_as_degenerate_is_a_parameter():
    methane = tetrahedral()
    methane.rattle(0.01, seed=1)
    fine, coarse = (om(max_sites=5, degenerate_tol=tol).derivatives(methane).values for tol in (1e-8, 10.0))
    np.testing.assert_allclose(coarse, np.repeat(fine.mean(axis=2, keepdims=True), 20, axis=2), atol=1e-13)


def test_a_lonely_atom_has_a_contracted_row_and_a_symmetric_one_may_have_none():
    short = om(contracted=True)
    np.testing.assert_allclose(short.transform(Atoms("C")), [[1, 0, 0, 0, 0, 0, 0, 0]], atol=1e-15)
    assert short.derivatives(Atoms("C")).values.shape == (1, 3, 8)
    # Two s orbitals on either side of a point do not know which of them leads.
    apart = Atoms("HH", [[0, 0, -2.4], [0, 0, 2.4]])
    with pytest.raises(ValueError, match=r"its largest eigenvalue is degenerate .* contracted=False"):
        om(contracted=True, orbitals="s").transform(apart, centers=[[0.0, 0.0, 0.0]])


def test_contracted_derivatives_with_p_orbitals():
    atoms = molecule("CH3CH2OH")
    atoms.rattle(0.05, seed=2)
    for metric in ("overlap", "modulated"):
        short = om(contracted=True, metric=metric, r_cut=3.2)
        ip.testing.assert_pullback_is_the_derivative(short, atoms)
        ip.testing.assert_strain_is_the_derivative(short, atoms)
        ip.testing.assert_jacobian_consistent(short, atoms)
        ip.testing.assert_invariant(short, atoms)


def test_entering_sites_are_felt_in_fourth_order():
    def change(gap):
        inside, outside = (Atoms("COH", [[0, 0, 0], [1.2, 0, 0], [0, r, 0]]) for r in (2.6 - gap, 2.6 + gap))
        d = om(max_sites=3, overflow="truncate")
        return np.abs(d.transform(inside, centers=[0]) - d.transform(outside, centers=[0]))[0, :8].max()

    assert 3.8 < np.log2(change(0.02) / change(0.01)) < 4.2


def test_a_point_is_no_site():
    atoms = molecule("H2O")
    d = om(max_sites=4)
    nothing = d.transform(atoms, centers=[[50.0, 0, 0]])
    assert not nothing.any()
    row = d.transform(atoms, centers=[atoms.positions[0]])[0]
    np.testing.assert_allclose(row, d.transform(atoms, centers=[0])[0], atol=1e-14)


def test_s_orbitals_alone_miss_what_p_orbitals_see():
    """Motions of ammonia that no fingerprint of four numbers can see: it has six internal coordinates."""
    ammonia = molecule("NH3")
    ammonia.rattle(0.05, seed=0)
    species = ["H", "N"]
    for orbitals, rank in (("s", 4), ("sp", 6), ("spd", 6)):
        d = ip.OverlapMatrix(r_cut=4.8, orbitals=orbitals, species=species, max_sites=4)
        jacobian = d.derivatives(ammonia, centers=[0]).dense()[0].reshape(12, -1)
        size = np.linalg.svd(jacobian, compute_uv=False)
        assert (size > 1e-5 * size[0]).sum() == rank


def test_from_libfp():
    d = ip.OverlapMatrix.from_libfp(cutoff=6.0, orbital="sp", natx=60, log=False, species=["H"], dtype="float32")
    assert (d.r_cut, d.orbitals, d.max_sites, d.contracted, d.dtype) == (6.0, "sp", 60, False, "float32")
    usual = ip.OverlapMatrix.from_libfp()
    assert (usual.r_cut, usual.orbitals, usual.max_sites) == (4.0, "s", 300)
    terbium = Atoms("Tb2", [[0, 0, 0], [2.0, 0, 0]])
    a, b = (
        x.fit(terbium).transform(terbium)
        for x in (usual, ip.OverlapMatrix(r_cut=4, orbitals="s", radii={"Tb": 1.0}, max_sites=300))
    )
    assert np.array_equal(a, b)
    assert len(pickle.dumps(usual)) < 1000
    assert repr(clone(usual)) == repr(usual)
    for arguments, message in (
        ({"cut": 4.0}, "libfp has no argument 'cut'; did you mean 'cutoff'"),
        ({"cutoff": 0}, "cutoff is 0; it must be a positive number of Å"),
        ({"orbital": "spd"}, "orbital is 'spd', which is not supported; choose 's' or 'sp'"),
        ({"natx": 0}, "natx is 0; it must be an integer from 1 to 3000"),
        ({"log": "yes"}, "log is 'yes'"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            ip.OverlapMatrix.from_libfp(**arguments)


def test_from_width_cutoff():
    d = ip.OverlapMatrix.from_width_cutoff(2.0, exponent=8, orbitals="s", species=SPECIES)
    assert (d.r_cut, d.exponent) == (8.0, 8)
    with pytest.raises(ValueError, match="width_cutoff is -1"):
        ip.OverlapMatrix.from_width_cutoff(-1)
    with pytest.raises(ValueError, match="exponent is 0; it must be an integer from 1"):
        ip.OverlapMatrix.from_width_cutoff(1.0, exponent=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"r_cut": 0.0}, "r_cut is 0.0; it must be a positive number of Å"),
        ({"r_cut": 1e6}, "r_cut is 1000000.0; it must be a positive number of Å, up to 100000"),
        ({"orbitals": "spdf"}, "orbitals is 'spdf'; choose one of 's', 'sp', 'spd'"),
        ({"orbitals": []}, "orbitals is []; give 's', 'sp', 'spd' or a list of shells"),
        ({"orbitals": [0]}, "orbitals contains 0; give"),
        ({"orbitals": [(7, 1.0)]}, "angular momentum of orbitals is 7; it must be an integer from 0 to 6"),
        ({"orbitals": [(0, -1.0)]}, "width factor of orbitals is -1.0; it must be a positive number"),
        ({"orbitals": [(0, {"H": 1.0})]}, "width factor of orbitals has no entry for 'C', 'O'"),
        ({"exponent": 2.5}, "exponent is 2.5; it must be an integer from 0 to 20"),
        ({"max_sites": 0}, "max_sites is 0; it must be an integer from 1 to 750"),
        ({"overflow": "drop"}, "overflow is 'drop'; choose one of 'error', 'truncate'"),
        ({"radii": 1.0}, "radii is 1.0; give a mapping"),
        ({"radii": {"C": 0.0}}, "radii of 'C' is 0.0; it must be a positive number of Å"),
        ({"radii": {"Ox": 1.0}}, "radii contains 'Ox', which is no element"),
        ({"width_scale": 0}, "width_scale is 0; it must be a positive number"),
        ({"species": ["H", "C", "O", 113]}, "there is no covalent radius of 'Nh' in the table; give it in radii"),
        ({"contracted": "overlap"}, "contracted is 'overlap'; it must be True or False"),
        ({"metric": "s"}, "metric is 's'; choose one of 'overlap', 'modulated'"),
        ({"degenerate": "mean"}, "degenerate is 'mean'; choose one of 'average', 'raw', 'error', 'directional'"),
        ({"degenerate_tol": -1e-8}, "degenerate_tol is -1e-08; it must be a number that is not negative"),
        ({"width_scale": 1e9}, "width of orbitals of 'H' is"),
    ],
)
def test_parameters_must_make_sense(options, message):
    d = om(**options)
    with pytest.raises(ValueError, match=re.escape(message)):
        d.transform(molecule("H2O"))
    with pytest.raises(ValueError, match=re.escape(message)):
        _ = d.n_features


def test_a_good_citizen():
    structures = [molecule(name) for name in ("H2O", "CH4", "CO2", "CH3OH", "C2H6", "H2CO")]
    d = ip.OverlapMatrix(r_cut=3.0, max_sites=9, average="outer")
    pipe = make_pipeline(d, Ridge()).fit(structures, [len(a) for a in structures])
    assert pipe.predict(structures).shape == (6,)
    assert repr(clone(d)) == repr(d) == "OverlapMatrix(r_cut=3.0, max_sites=9, average='outer')"
    again = pickle.loads(pickle.dumps(d.fit(structures)))
    assert np.array_equal(again.transform(structures), d.transform(structures))


def test_the_table_of_radii():
    """Near another table; its own entries are those of the golden numbers."""
    assert (covalent_radius(1), covalent_radius(14), covalent_radius(112)) == (0.37, 1.11, 1.22)
    ours = np.array([covalent_radius(z) for z in range(1, 97)])
    assert (np.abs(ours - covalent_radii[1:97]) < 0.55).all()


@example(numbers=[1, 6], shift=0.0)
@given(numbers=st.lists(st.sampled_from([1, 6, 8]), min_size=1, max_size=5), shift=st.floats(-0.2, 0.2))
def test_distances_do_not_see_the_order_of_atoms(numbers, shift):
    rng = np.random.default_rng(len(numbers))
    one = Atoms(numbers, rng.uniform(0, 2.5, (len(numbers), 3)))
    order = rng.permutation(len(numbers))
    other = turned(one[order])[0]
    d = om(max_sites=6)
    for kind in ("rms", "mean", "sum", "l2n"):
        assert ip.configuration_distance(d, one, other, kind=kind) < 1e-6
    other.positions[0] += shift
    forth, back = (ip.configuration_distance(d, *pair) for pair in ((one, other), (other, one)))
    assert abs(forth - back) < 1e-9


def test_distances_need_equal_structures():
    d = om(max_sites=6)
    water, methanol = molecule("H2O"), molecule("CH3OH")
    with pytest.raises(ValueError, match="have 3 and 6 atoms; only equal numbers"):
        ip.configuration_distance(d, water, methanol)
    with pytest.raises(ValueError, match="different numbers of 'H', 'C'"):
        ip.configuration_distance(d, Atoms("CHO", np.eye(3)), Atoms("HHO", np.eye(3)))
    assert ip.configuration_distance(d, Atoms("CHO", np.eye(3)), Atoms("HHO", np.eye(3)), kind="sum") > 0
    with pytest.raises(ValueError, match="kind is 'max'; choose one of 'rms', 'mean', 'sum', 'l2n'"):
        ip.configuration_distance(d, water, water, kind="max")
    with pytest.raises(ValueError, match="makes 1 rows of 3 atoms; it must have neither centers nor average"):
        ip.configuration_distance(om(average="outer"), water, water)
    with pytest.raises(ValueError, match="other has shape"):
        ip.match_rows(np.zeros((2, 3)), np.zeros((3, 3)))
    with pytest.raises(ValueError, match="one has shape"):
        ip.match_rows(np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match="not finite"):
        ip.match_rows([[np.nan]], [[0.0]])
    with pytest.raises(ValueError, match="numbers has an entry of shape"):
        ip.match_rows([[1.0]], [[0.0]], numbers=([1], [1, 1]))
    assert ip.match_rows(np.zeros((0, 3)), np.zeros((0, 3))).distance == 0.0
