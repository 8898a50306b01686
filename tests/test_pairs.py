"""Pairs that a fingerprint cannot tell apart: exact ones, and those that a search finds or does not find."""

import re

import numpy as np
import pytest
from ase import Atoms
from ase.io import read
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip
from isoprint import cli
from isoprint.blindness.environment import environment
from isoprint.blindness.motion import centered, congruence
from isoprint.blindness.pairs._molecules import reference as molecule
from isoprint.blindness.pairs._objective import FeatureGuard, Limits, Objective, SeparationGuard
from isoprint.blindness.pairs.pair import Pair, placed
from reference_structures import reference, soap, symmetric

ACSF = ip.ACSF.standard()
OM = ip.OverlapMatrix(r_cut=4.8, species=["H", "C", "N", "O", "F"], max_sites=6)
seeds = st.integers(0, 2**32 - 1)


def raises(*parts):
    return pytest.raises(ValueError, match=".*".join(re.escape(part) for part in parts))


def angles(frame):
    """Every pair of neighbors: both elements and distances, and the cosine between them."""
    arms = frame.positions[1:] - frame.positions[0]
    r = np.linalg.norm(arms, axis=1)
    kinds = [(int(z), round(float(x), 9)) for z, x in zip(frame.numbers[1:], r, strict=True)]
    cosines = (arms / r[:, None]) @ (arms / r[:, None]).T
    n = len(r)
    return sorted((*sorted((kinds[i], kinds[j])), cosines[i, j]) for i in range(n) for j in range(i))


# Exact pairs


def test_a_known_pair():
    """Coordinates with twelve decimals, from an independent program."""
    a, b = reference("pair-A"), reference("pair-B")
    pair = Pair(*placed(a.positions, b.positions, a.numbers))
    assert pair.distance(soap("C")) < 1e-9
    assert pair.distance(ACSF) < 1e-9
    assert pair.distance(OM) == pytest.approx(0.0609, abs=1e-4)
    assert pair.separation > 0.1


def test_exact_pairs_are_exact_and_no_copies():
    pairs = ip.degenerate_pairs("CH4", n=8, seed=1)
    assert len(pairs) == 8
    fingerprints = soap("C"), ACSF, ip.SoapTurbo(r_cut=4.0, n_max=8, l_max=6)
    for pair in pairs:
        for fingerprint in fingerprints:
            assert pair.distance(fingerprint) < 1e-12
        assert pair.distance(OM) > 1e-3
        assert abs(pair.determinant) < 1e-13
        assert pair.separation >= 0.1
        for frame in pair.frames:
            assert str(frame.symbols) == "CH4"
            assert np.array_equal(frame.positions[0], np.zeros(3))
            assert np.linalg.norm(frame.positions[1:], axis=1) == pytest.approx(1.087, abs=1e-14)
            assert np.min(frame.get_all_distances()[np.triu_indices(5, 1)]) >= 0.7


def test_separation_is_that_of_the_frames_as_they_stand():
    """`b` is turned so that nothing brings it nearer; the distance is the least over everything."""
    for pair in ip.degenerate_pairs("CH4", n=3, seed=5):
        assert np.linalg.norm(centered(pair.a.positions) - centered(pair.b.positions)) == pytest.approx(pair.separation)
        assert congruence(pair.b.positions, pair.a.positions, pair.a.numbers) == pytest.approx(pair.separation)


@pytest.mark.parametrize(
    ("formula", "radii"),
    [("CH4", [1.1, 1.1, 1.2, 1.3]), ("CH4", [1.1, 1.2, 1.1, 1.2]), ("CH3F", None), ("CH2F2", None), ("SiH4", 1.48)],
)
def test_only_angles_between_like_neighbors_are_exchanged(formula, radii):
    for pair in ip.degenerate_pairs(formula, n=2, radii=radii, seed=2):
        assert all(
            one[:2] == other[:2] and one[2] == pytest.approx(other[2], abs=1e-13)
            for one, other in zip(angles(pair.a), angles(pair.b), strict=True)
        )
        fingerprint = ip.SOAP(r_cut=4.0, n_max=6, l_max=6)
        assert pair.distance(fingerprint) < 1e-12
        assert congruence(pair.a.positions, pair.b.positions, pair.a.numbers) >= 0.1


def test_the_same_seed_gives_the_same_pairs():
    one, same, other = (ip.degenerate_pairs("CH4", n=2, seed=seed) for seed in (3, 3, 4))
    assert all(np.array_equal(x.a.positions, y.a.positions) for x, y in zip(one, same, strict=True))
    assert not np.allclose(one[0].a.positions, other[0].a.positions)
    more = ip.degenerate_pairs("CH4", n=4, seed=3)
    assert np.array_equal(more[1].b.positions, one[1].b.positions)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"molecule": "NH3"}, "molecule is 'NH3'; give a formula of a center and 4 neighbors, the center first"),
        ({"molecule": "CXx4"}, "molecule is 'CXx4'; give a formula"),
        ({"molecule": 3}, "molecule is 3; give a formula"),
        ({"radii": [1.0, 1.1, 1.2, 1.3]}, "radii are [1.0, 1.1, 1.2, 1.3]: no angles can be exchanged"),
        ({"radii": [1.0, 1.1]}, "radii is [1.0, 1.1]; give one distance in Å, or one for each of the 4 neighbors"),
        ({"radii": -1.0}, "radii is -1.0; it must be a positive number of Å"),
        ({"radii": [1.0, 1.0, 1.0, np.nan]}, "entry 3 of radii is nan"),
        ({"n": 0}, "n is 0; it must be an integer from 1"),
        ({"seed": -1}, "seed is -1"),
        ({"min_separation": 0.0}, "min_separation is 0.0; it must be a positive number of Å"),
        ({"min_distance": -1.0}, "min_distance is -1.0"),
        ({"n": 1, "min_distance": 1.9}, "only 0 of 1 pairs were found with min_separation 0.1 and min_distance 1.9"),
    ],
)
def test_what_no_pairs_can_be_made_of(options, message):
    with raises(message):
        ip.degenerate_pairs(**options)


# The search: its residuals


@pytest.mark.parametrize("kind", ["features", "separation"])
@given(seed=seeds)
def test_derivatives_of_the_guard(kind, seed):
    rng = np.random.default_rng(seed)
    sites = environment(ACSF, molecule("CH4"), 0)
    guard = FeatureGuard(sites) if kind == "features" else SeparationGuard(sites.numbers)
    z, move = sites.positions + rng.uniform(-0.15, 0.15, (2, 5, 3)), rng.uniform(-1.0, 1.0, (2, 5, 3))
    value, slope = guard(*z)
    h = 1e-6
    expected = (guard(*(z + h * move))[0] - guard(*(z - h * move))[0]) / (2 * h)
    assert slope @ move.ravel() == pytest.approx(expected, rel=1e-5, abs=1e-7)
    if kind == "separation":
        assert value == pytest.approx(congruence(*z, sites.numbers), abs=1e-12)


@given(seed=seeds)
def test_derivatives_of_the_limits(seed):
    """Also where sites nearly collide or have left."""
    rng = np.random.default_rng(seed)
    start = molecule("NH3")
    limits = Limits(start.numbers, start.positions)
    assert not limits(start.positions)[0].any()
    assert limits.kept(start.positions)
    positions = start.positions * rng.choice([0.4, 1.0, 2.0]) + rng.uniform(-0.3, 0.3, (4, 3))
    move, h = rng.uniform(-1.0, 1.0, (4, 3)), 1e-7
    change = (limits(positions + h * move)[0] - limits(positions - h * move)[0]) / (2 * h)
    np.testing.assert_allclose(limits(positions)[1] @ move.ravel(), change, atol=1e-6)


@pytest.mark.parametrize("fingerprint", [soap("C", 4, 4), ACSF, OM], ids=["SOAP", "ACSF", "OM"])
def test_residuals_and_their_derivatives_are_those_of_all_features(fingerprint):
    """Compression changes neither the sum of squares, nor its gradient, nor the matrix of Gauss and Newton."""
    rng = np.random.default_rng(0)
    sites = environment(fingerprint, molecule("CH4"), 0)
    guard = SeparationGuard(sites.numbers)
    z = (sites.positions + rng.uniform(-0.1, 0.1, (2, 5, 3))).ravel()
    start = z + rng.uniform(-0.1, 0.1, 30)
    limits = Limits(sites.numbers, sites.positions)
    objective = Objective(sites, guard, limits, scale=0.5, distance=0.2)
    objective.tie(1e-2, start)
    x, y = z.reshape(2, 5, 3)
    features = (sites.row(x) - sites.row(y)) / 0.5
    slope = np.vstack([sites.jacobian(x), -sites.jacobian(y)]) / 0.5
    length, of_length = guard(x, y)
    residual, jacobian = objective.residuals(z), objective.jacobian(z)
    assert objective.evaluations == 1
    assert residual @ residual == pytest.approx(
        features @ features + (length / 0.2 - 1.0) ** 2 + 1e-4 * np.sum((z - start) ** 2), rel=1e-12
    )
    expected = slope @ features + (length / 0.2 - 1.0) * of_length / 0.2 + 1e-4 * (z - start)
    np.testing.assert_allclose(jacobian.T @ residual, expected, atol=1e-10 * np.abs(expected).max())
    square = slope @ slope.T + np.outer(of_length, of_length) / 0.04 + 1e-4 * np.eye(30)
    np.testing.assert_allclose(jacobian.T @ jacobian, square, atol=1e-12 * np.abs(square).max())


def test_reference_molecules_are_where_they_should_be():
    for name in ("H2O", "NH3", "CH4"):
        ours, theirs = molecule(name), symmetric(name)
        assert congruence(ours.positions, theirs.positions, ours.numbers) < 1e-12
        assert ours.numbers[0] > 1
    assert len(molecule("SiH4")) == 5


# The search: what it finds


def test_methane_has_blind_pairs_for_soap():
    """Found without being told: neighbors have become equally far, and angles are exchanged."""
    pairs = ip.find_blind_pairs(soap("C", 8, 8), "CH4", starts=2)
    assert pairs.blind
    assert [pair.relative for pair in pairs] == sorted(pair.relative for pair in pairs)
    for pair in pairs.blind:
        assert pair.relative < 1e-6
        assert pair.distance(soap("C", 8, 8)) == pytest.approx(pair.feature_distance, abs=1e-12)
        assert pair.guard_distance == pytest.approx(0.05, rel=1e-3)
        assert pair.distance(OM) == pytest.approx(pair.guard_distance, rel=1e-6)
        assert pair.separation > 0.05
        r = np.sort(np.linalg.norm(pair.a.positions[1:], axis=1))
        assert np.diff(r).min() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("SOAP", 5), ("ACSF", 3)])
def test_how_often_methane_has_blind_pairs(name, least):
    fingerprint = soap("C") if name == "SOAP" else ACSF
    assert len(ip.find_blind_pairs(fingerprint, "CH4", starts=20).blind) >= least


@pytest.mark.parametrize(("name", "floor"), [("NH3", 1e-3), ("H2O", 2e-2)])
def test_three_neighbors_or_two_have_none(name, floor):
    pairs = ip.find_blind_pairs(ACSF, name, starts=4, max_evaluations=100)
    assert not pairs.blind
    assert pairs[0].relative > floor


def test_too_few_numbers_always_have_blind_pairs():
    om = ip.OverlapMatrix(r_cut=4.8, orbitals="s", max_sites=4)
    pairs = ip.find_blind_pairs(om, "NH3", starts=6)
    assert len(pairs.blind) == 6
    assert max(pair.relative for pair in pairs) < 1e-9


@pytest.mark.parametrize("name", ["OM", "ACSF+OM"])
def test_what_sees_more_has_no_blind_pairs(name):
    frames = [Atoms("CH4", molecule("CH4").positions + d) for d in np.random.default_rng(0).normal(0, 0.1, (9, 5, 3))]
    hybrid = ip.Hybrid([ACSF, OM]).fit(frames, centers=[[0]] * 9)
    fingerprint = OM if name == "OM" else hybrid
    pairs = ip.find_blind_pairs(fingerprint, "CH4", guard="separation", distance=0.15, starts=3, max_evaluations=80)
    assert not pairs.blind
    assert pairs[0].relative > 1e-4


def test_sites_stay_where_atoms_can_be():
    om = ip.OverlapMatrix(r_cut=4.8, max_sites=4)
    for pair in ip.find_blind_pairs(om, "NH3", guard="separation", distance=0.3, starts=4, max_evaluations=100):
        for frame in pair.frames:
            assert frame.get_distances(0, [1, 2, 3]).max() < 1.7
            assert np.min(frame.get_all_distances()[np.triu_indices(4, 1)]) > 0.4


def test_starts_do_not_depend_on_how_many_there_are():
    om = ip.OverlapMatrix(r_cut=4.8, orbitals="s", max_sites=4)
    told = []
    few = ip.find_blind_pairs(om, "NH3", starts=2, seed=9, progress=lambda *done: told.append(done))
    more = ip.find_blind_pairs(om, "NH3", starts=3, seed=9)
    assert told == [(1, 2), (2, 2)]
    positions = {pair.start: pair.a.positions for pair in more}
    assert sorted(positions) == [0, 1, 2]
    assert all(np.array_equal(pair.a.positions, positions[pair.start]) for pair in few)


def test_any_frame_and_center_will_do():
    """The environment of an atom in a crystal, and an atom in the middle of the list."""
    water = Atoms("HOH", [[0.9, 0.3, 0.0], [0.0, 0.0, 0.0], [-0.9, 0.3, 0.1]])
    om = ip.OverlapMatrix(r_cut=4.8, orbitals="s", max_sites=8)
    pairs = ip.find_blind_pairs(om, water, center=1, guard=OM, starts=1, max_evaluations=40)
    assert str(pairs[0].a.symbols) == "OH2"
    chain = Atoms("CH", [[0.0, 0.0, 0.0], [0.9, 0.3, 0.1]], cell=[0.0, 0.0, 2.2], pbc=[False, False, True])
    pairs = ip.find_blind_pairs(ip.OverlapMatrix(r_cut=2.3, orbitals="s"), chain, starts=1, max_evaluations=20)
    assert str(pairs[0].a.symbols) == "C3H"


# Results


def test_a_table_and_a_file(tmp_path):
    om = ip.OverlapMatrix(r_cut=4.8, orbitals="s", max_sites=4)
    pairs = ip.find_blind_pairs(om, "NH3", starts=2)
    lines = repr(pairs).splitlines()
    assert lines[0] == "2 of 2 pairs of NH3 are blind"
    assert lines[1].split() == ["|dF|", "relative", "guard", "separation", "/", "Å", "evaluations"]
    assert lines[2].split()[0] == "blind"
    assert len({len(line) for line in lines[1:]}) == 1
    assert repr(pairs[0]).startswith("BlindPair(NH3, relative=")
    pairs.write(tmp_path / "pairs.extxyz")
    frames = read(tmp_path / "pairs.extxyz", ":")
    assert [frame.info["member"] for frame in frames] == ["a", "b"] * 2
    assert frames[2].info["pair"] == 1
    assert frames[0].info["blind"]
    assert frames[0].info["separation"] == pairs[0].separation
    assert np.array_equal(frames[1].positions, pairs[0].b.positions)
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.extxyz"]
    exact = ip.degenerate_pairs(n=2)
    exact.write(tmp_path / "pairs.extxyz")
    assert read(tmp_path / "pairs.extxyz", "0").info["determinant"] == exact[0].determinant
    assert "DegeneratePair(CH4, separation=" in repr(exact)
    assert exact.blind == exact
    with raises("there is no pair to write"):
        ip.Pairs().write(tmp_path / "none.extxyz")


def test_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = "--descriptor overlap_matrix --r-cut 4.8 --orbitals s --max-sites 4".split()
    assert cli.main(["pairs", "NH3", *options, "--starts", "2", "--guard", "overlap_matrix", "-o", "out.extxyz"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("out.extxyz: 2 of 2 pairs of NH3 are blind; least |dF| ")
    assert said.count("\n") == 1
    om = ip.OverlapMatrix(r_cut=4.8, orbitals="s", max_sites=4)
    frames, pairs = read("out.extxyz", ":"), ip.find_blind_pairs(om, "NH3", starts=2)
    assert np.array_equal(frames[0].positions, pairs[0].a.positions)
    arguments = ["pairs", "out.extxyz", "--index", "1", *options, "--guard", "separation", "--distance", "0.2"]
    assert cli.main([*arguments, "--starts", "1", "-o", "more.extxyz"]) == 0
    assert len(read("more.extxyz", ":")) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("Zz9 --descriptor acsf --r-cut 4", "molecule is 'Zz9', which ase does not know"),
        ("none.xyz --descriptor acsf --r-cut 4", "there is no file 'none.xyz'"),
        ("CH4 --descriptor acsf --r-cut 4 --starts 0", "starts is 0"),
        ("CH4 --descriptor acsf", "missing --r-cut"),
    ],
)
def test_mistakes_on_the_command_line_are_one_line(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["pairs", *arguments.split(), "-o", "out.extxyz"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert not list(tmp_path.iterdir())


class Blank:
    """A fingerprint without derivatives."""

    def transform(self, atoms, centers=None):
        return np.zeros((1, 1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"molecule": "XY9"}, "molecule is 'XY9', which ase does not know; give a formula such as 'CH4'"),
        ({"molecule": 7}, "molecule is 7; give a formula such as 'CH4', 'NH3' or 'H2O', or a frame"),
        ({"molecule": "HCl"}, "the center sees 1 site: two atoms have a distance and no shape"),
        ({"descriptor": Blank()}, "has no method derivatives"),
        ({"guard": ip.ACSF.standard()}, "is the fingerprint in question, or a part of it"),
        ({"descriptor": ip.OverlapMatrix(r_cut=4.8)}, "is the fingerprint in question, or a part of it"),
        ({"descriptor": ip.Hybrid([ACSF, OM], scale=None)}, "take another guard, or guard='separation'"),
        ({"guard": "distance"}, "guard is 'distance'; give a descriptor, 'separation', or None"),
        ({"guard": 5}, "5 has no method transform"),
        ({"distance": 0.0}, "distance is 0.0; it must be a positive number"),
        ({"distance": np.inf}, "distance is inf"),
        ({"amplitude": 0.0}, "amplitude is 0.0; it must be a number of Å, more than 0, at most 1"),
        ({"threshold": 2.0}, "threshold is 2.0"),
        ({"starts": 0}, "starts is 0; it must be an integer from 1"),
        ({"max_evaluations": 3}, "max_evaluations is 3; it must be an integer from 10"),
        ({"seed": -1}, "seed is -1"),
        ({"center": 7}, "center 7 of frame 0 is out of range"),
        ({"descriptor": ip.ACSF.standard(average="inner")}, "set average=None"),
        ({"descriptor": ip.ACSF.standard(dtype="float32")}, "take a descriptor with dtype='float64'"),
    ],
)
def test_mistakes_are_explained(arguments, message):
    with raises(message):
        ip.find_blind_pairs(**{"descriptor": ACSF, "starts": 1, **arguments})
