"""Paths along which a fingerprint stays nearly constant: known rings, how paths end, and what is kept of them."""

import gzip
import json
from functools import cache

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.emt import EMT
from ase.io import read
from hypothesis import given, settings
from hypothesis import strategies as st

import isoprint as ip
from reference_structures import overlap, reference, soap, symmetric

ACSF = ip.ACSF.standard()


@cache
def ring(start, kind):
    """Followed once for all tests."""
    descriptor = ACSF if kind == "ACSF" else soap(start[0])
    return ip.follow_manifold(descriptor, reference(start), 0)


# Points, length, diameter (Å), largest |dF|, range of smallest over largest eigenvalue, by an independent program.
RINGS = {
    ("NH3-a", "SOAP"): (82, 0.484, 0.099, 3.5e-4, 2.4e-6, 1.6e-5),
    ("NH3-a", "ACSF"): (82, 0.485, 0.100, 1.0e-3, 2.6e-8, 4.3e-6),
    ("NH3-b", "ACSF"): (82, 0.485, 0.099, 7.0e-4, 5e-8, 2e-6),
    ("CH4-a", "SOAP"): (144, 0.856, 0.146, 6.3e-4, 7e-6, 4e-5),
    ("CH4-b", "ACSF"): (116, 0.688, 0.148, 3.3e-4, 9e-9, 2e-7),
}


@pytest.mark.parametrize(("start", "kind"), RINGS, ids=["-".join(names) for names in RINGS])
def test_known_rings_close(start, kind):
    points, length, diameter, change, softest, stiffest = RINGS[start, kind]
    path = ring(start, kind)
    assert path.closed
    assert path.status == "closed"
    assert len(path) == pytest.approx(points, abs=3)
    assert path.length == pytest.approx(length, rel=0.03)
    assert path.arc[-1] == pytest.approx(path.length, rel=1e-12)
    assert path.diameter == path.diameters.max() == pytest.approx(diameter, rel=0.03)
    assert path.feature_distance.max() == pytest.approx(change, rel=0.1)
    assert path.softest.min() == pytest.approx(softest, rel=0.5)
    assert path.softest.max() == pytest.approx(stiffest, rel=0.5)
    assert path.gap < 3e-4
    assert path.steps.max() < 2.0 * path.rules.largest_step
    assert path.positions[-1] == pytest.approx(path.positions[0], abs=1e-5)


@pytest.mark.parametrize(("start", "kind"), [("NH3-a", "SOAP"), ("CH4-b", "ACSF")])
def test_what_is_told_of_a_path_is_true(start, kind):
    path = ring(start, kind)
    descriptor = path.descriptor
    assert path.positions[0] == pytest.approx(
        reference(start).positions - reference(start).positions.mean(axis=0), abs=1e-12
    )
    rows = descriptor.transform(path.frames, centers=[[0]] * len(path))
    assert np.linalg.norm(rows - rows[0], axis=1) == pytest.approx(path.feature_distance, abs=1e-11)
    assert path.distances(descriptor) == pytest.approx(path.feature_distance, abs=1e-11)
    for k in (0, 7, len(path) // 2):
        found = ip.sensitivity(descriptor, path.frames[k], 0)
        assert path.spectra[k] == pytest.approx(found.eigenvalues, abs=1e-7 * found.eigenvalues[-1], rel=1e-5)
        assert path.isolation[k] == pytest.approx(found.isolation, rel=1e-4)
        assert path.softest[k] == pytest.approx(found.scaled[6], rel=1e-4)
    along = path.tangents.reshape(len(path), -1)
    chords = np.diff(path.positions, axis=0).reshape(len(path) - 1, -1)
    assert np.linalg.norm(chords, axis=1) == pytest.approx(path.steps[1:], rel=1e-2)
    assert (np.sum(along[:-1] * chords, axis=1) > 0.9 * path.steps[1:]).all()


def test_the_floor_of_the_valley_is_a_minimum_across():
    path = ring("NH3-a", "ACSF")
    origin = ACSF.transform(path.frames[0], centers=[0])
    k = 30
    for seed in range(5):
        aside = np.random.default_rng(seed).normal(size=path.positions[k].shape)
        aside -= np.sum(aside * path.tangents[k]) * path.tangents[k]
        moved = Atoms(path.numbers, path.positions[k] + 1e-3 * aside / np.linalg.norm(aside))
        assert np.linalg.norm(ACSF.transform(moved, centers=[0]) - origin) > path.feature_distance[k]


def test_a_ring_is_seen_by_other_eyes():
    for start, kind, other, random, apart in [
        ("NH3-a", "SOAP", 9.9e-3, 1.65e-2, 1.8e-2),
        ("CH4-a", "SOAP", 1.4e-2, 1.9e-2, 1.5e-2),
        ("CH4-b", "ACSF", 3.6e-2, 7.8e-2, 1.7e-2),
    ]:
        path = ring(start, kind)
        assert path.reference_distance.max() == pytest.approx(other, rel=0.15)
        assert path.reference_distance == pytest.approx(path.distances(overlap()), abs=1e-12)
        scatter = path.random(0.02, 400)
        assert np.median(scatter.feature_distance) == pytest.approx(random, rel=0.15)
        assert np.median(scatter.reference_distance) == pytest.approx(apart, rel=0.15)


# Medians along the ring of the learnability norm of the four-body energy, by an independent program.
NORMS = {
    ("NH3-a", "SOAP"): {"SOAP": 4.4, "ACSF": 5.5, "OM": 2.4},
    ("CH4-a", "SOAP"): {"SOAP": 18.0, "ACSF": 18.0, "OM": 6.3},
    ("CH4-b", "ACSF"): {"SOAP": 13.0, "ACSF": 151.0, "OM": 4.2},
}


@pytest.mark.parametrize(("start", "kind"), NORMS, ids=["-".join(names) for names in NORMS])
def test_what_can_be_learned_on_a_ring(start, kind):
    path = ring(start, kind)
    for name, expected in NORMS[start, kind].items():
        descriptor = {"SOAP": soap(start[0]), "ACSF": ACSF, "OM": overlap()}[name]
        norms = path.learnability(ip.four_body_gradient, descriptor)
        assert np.median(norms) == pytest.approx(expected, rel=0.2), name
        found = ip.sensitivity(descriptor, path.frames[9], 0)
        assert norms[9] == pytest.approx(found.learnability(ip.four_body_gradient(path.positions[9])), rel=1e-9)


def test_the_distortion_of_ammonia_only_turns():
    found = ring("NH3-a", "SOAP").pseudorotation()
    for amplitude, mean, spread in ((found.stretch, 0.0208, 2.5e-4), (found.bend, 0.0992, 4e-4)):
        assert amplitude.mean() == pytest.approx(mean, abs=spread)
        assert amplitude.std() < spread
    for phase in (found.stretch_phase, found.bend_phase):
        assert abs(phase[-1] - phase[0]) == pytest.approx(360.0, abs=3.0)
        assert (np.diff(phase) > 0.0).all() or (np.diff(phase) < 0.0).all()
    assert 0.5 * np.ptp(found.mean_bond) < 2e-5
    assert 0.5 * np.ptp(found.mean_angle) < 4e-4
    with pytest.raises(ValueError, match=r"give three of the sites 1 to 3"):
        ring("NH3-a", "SOAP").pseudorotation((0, 1, 2))
    with pytest.raises(ValueError, match="three different sites"):
        ring("NH3-a", "SOAP").pseudorotation((1, 1, 2))


@pytest.mark.parametrize(("start", "kind"), [("NH3-a", "SOAP"), ("NH3-a", "ACSF"), ("CH4-a", "SOAP")])
def test_a_threefold_ring_meets_copies_of_its_start(start, kind):
    path = ring(start, kind)
    turns = [copy for copy in path.copies if not copy.mirrored and copy.distance < 2e-3]
    assert [copy.arc / path.length for copy in turns] == pytest.approx([1 / 3, 2 / 3], abs=0.01)
    for copy in turns:
        near = np.argmin(np.abs(path.arc - copy.arc))
        assert path.feature_distance[near] < 0.3 * path.feature_distance.max()
        rows = ACSF.transform([Atoms(path.numbers, path.positions[0][list(copy.order)])], centers=[[0]])
        assert rows == pytest.approx(ACSF.transform([path.frames[0]], centers=[[0]]), rel=1e-12)


def test_a_generic_ring_meets_none():
    assert [copy for copy in ring("CH4-b", "ACSF").copies if copy.distance < 2e-3] == []


@pytest.mark.parametrize("start", ["NH3-a", "CH4-a"])
def test_the_overlap_matrix_has_no_ring(start):
    path = ip.follow_manifold(overlap(), reference(start), 0)
    assert not path.closed
    assert path.status == "fold"
    assert path.gap == np.inf
    # On the way it changes as much as it does on a random one.
    assert path.feature_distance.max() / path.diameter > 0.05


def test_water_has_no_ring():
    rng = np.random.default_rng(5)
    for descriptor in (ACSF, soap("O", 8, 8)):
        start = symmetric("H2O")
        start.positions += rng.uniform(-0.1, 0.1, (3, 3))
        path = ip.follow_manifold(descriptor, start, 0)
        assert path.status in ("fold", "arc")
        scatter = path.random(0.02)
        assert path.feature_distance.max() > 0.2 * np.median(scatter.feature_distance)


# How a path ends


def test_a_path_may_be_stopped_and_resumed():
    whole = ring("NH3-a", "ACSF")
    part = ip.follow_manifold(ACSF, reference("NH3-a"), 0, max_steps=10, direction="forward")
    assert (part.status, len(part), part.closed, part.gap) == ("steps", 11, False, np.inf)
    assert np.array_equal(part.positions, whole.positions[:11])
    short = part.resume(max_arc=0.1, max_steps=1000)
    assert short.status == "arc"
    assert 0.1 <= short.length < 0.1 + short.rules.largest_step
    full = short.resume(max_arc=2.0)
    assert full.closed
    assert full.positions == pytest.approx(whole.positions, abs=1e-9)
    assert full.resume() is full


def test_a_path_in_both_directions_is_one_path():
    path = ip.follow_manifold(ACSF, reference("NH3-a"), 0, max_steps=10)
    back = ip.follow_manifold(ACSF, reference("NH3-a"), 0, max_steps=10, direction="backward")
    ahead = ip.follow_manifold(ACSF, reference("NH3-a"), 0, max_steps=10, direction="forward")
    assert (len(path), path.start, path.status, path.first_status) == (21, 10, "steps", "steps")
    assert path.positions == pytest.approx(np.concatenate([back.positions[:0:-1], ahead.positions]), abs=1e-14)
    assert path.arc == pytest.approx(np.concatenate([-back.arc[:0:-1], ahead.arc]), abs=1e-14)
    chords = np.diff(path.positions, axis=0).reshape(20, -1)
    assert (np.sum(path.tangents[:-1].reshape(20, -1) * chords, axis=1) > 0.9 * path.steps[1:]).all()
    longer = path.resume(max_steps=20)
    assert (len(longer), longer.start) == (31, 10)
    assert longer.arc[:21] == pytest.approx(path.arc, abs=1e-12)
    assert path.resume(max_steps=1000).closed


def test_a_path_ends_where_its_watcher_says():
    seen = []

    def told(points, arc):
        seen.append((points, arc))
        return points < 6

    path = ip.follow_manifold(ACSF, reference("NH3-a"), 0, progress=told)
    assert (path.status, len(path)) == ("interrupted", 6)
    assert [points for points, _ in seen] == [2, 3, 4, 5, 6]
    assert seen[-1][1] == pytest.approx(path.length)
    assert path.resume().closed


def test_a_path_ends_where_the_fingerprint_sees_too_much():
    path = ip.follow_manifold(ACSF, reference("NH3-a"), 0, largest_ratio=1e-6)
    assert (path.status, path.first_status) == ("ratio", "ratio")
    assert path.softest[[0, -1]].min() > 1e-6
    assert path.softest[1:-1].max() <= 1e-6
    assert path.resume().closed


@pytest.mark.parametrize("outside", [False, True])
def test_a_path_ends_where_a_site_crosses_the_cutoff(outside):
    class Sharp:
        """Sees as far as it says, and does not fade before."""

        transform, derivatives, r_cut = ACSF.transform, ACSF.derivatives, 4.8

    atoms, descriptor = reference("CH4-b"), Sharp()
    if outside:
        atoms = atoms + Atoms("H", [atoms.positions[0] + [0.0, 0.0, 4.8 + 0.004]])
    else:
        descriptor.r_cut = 0.002 + np.linalg.norm(atoms.positions[1:] - atoms.positions[0], axis=1).max()
    path = ip.follow_manifold(descriptor, atoms, 0)
    assert "cutoff" in (path.status, path.first_status)
    assert not path.closed
    distances = np.linalg.norm(path.positions[:, 1:] - path.positions[:, :1], axis=2)
    assert distances.max() < path.r_cut
    assert len(path.numbers) == 5


@pytest.mark.parametrize(
    ("atoms", "message"),
    [
        (
            symmetric("NH3"),
            "4 internal motions of this structure change nothing, 0 of a displaced one: it is symmetric",
        ),
        (symmetric("CH4"), "8 internal motions"),
        (symmetric("H2O"), "1 internal motion of this structure changes nothing"),
        (molecule("CO2"), "symmetric or flat"),
        (molecule("CO"), "a pair of atoms"),
        (Atoms("C"), "no site within 4.8 Å"),
        (bulk("Si", cubic=True), "symmetric"),
    ],
)
def test_structures_without_a_way_are_refused(atoms, message):
    with pytest.raises(ValueError, match=message):
        ip.follow_manifold(ACSF, atoms, 0)


def test_a_blind_fingerprint_has_a_surface_of_ways():
    with pytest.raises(ValueError, match="2 internal motions of this environment change nothing in the fingerprint"):
        ip.follow_manifold(overlap("s"), reference("NH3-a"), 0)


def test_a_path_may_begin_along_any_displacement():
    path = ip.follow_manifold(ACSF, reference("NH3-a"), 0, max_steps=5, direction="forward")
    turned = path.tangents[0] + np.cross([0.1, 0.2, 0.3], path.positions[0]) + 0.5
    again = ip.follow_manifold(ACSF, reference("NH3-a"), 0, max_steps=5, direction="forward", mode=turned)
    assert again.positions == pytest.approx(path.positions, abs=1e-9)
    assert ip.follow_manifold(ACSF, reference("NH3-a"), 0, mode=1, max_steps=2).tangents[0] != pytest.approx(
        path.tangents[0]
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step": 0.0}, "step is 0.0"),
        ({"step": 0.01, "largest_step": 0.001}, "must not decrease"),
        ({"max_steps": 0}, "max_steps is 0"),
        ({"max_arc": np.nan}, "max_arc is nan"),
        ({"direction": "up"}, "direction is 'up'"),
        ({"mode": 6}, "mode is 6"),
        ({"mode": np.zeros((3, 3))}, r"mode has shape \(3, 3\)"),
        ({"mode": np.ones((4, 3))}, "mode is a translation or rotation"),
        ({"tolerance": -1.0}, "tolerance is -1.0"),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        ip.follow_manifold(ACSF, reference("NH3-a"), 0, **options)


def test_a_descriptor_without_derivatives_is_refused():
    class Values:
        transform = ACSF.transform

    with pytest.raises(ValueError, match="has no method derivatives"):
        ip.follow_manifold(Values(), reference("NH3-a"), 0)


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_path_does_not_depend_on_how_its_start_is_written(seed):
    rng = np.random.default_rng(seed)
    order = rng.permutation(4)
    atoms = reference("NH3-a")[order]
    atoms.rotate(rng.uniform(0, 180), rng.normal(size=3))
    atoms.translate(rng.normal(size=3))
    path = ip.follow_manifold(ACSF, atoms, int(np.argmax(order == 0)), max_steps=3, direction="forward")
    known = ring("NH3-a", "ACSF")
    other = ip.follow_manifold(ACSF, reference("NH3-a"), 0, max_steps=3, direction="backward")
    expected = known if path.spectra[1] == pytest.approx(known.spectra[1], rel=1e-4) else other
    assert path.spectra == pytest.approx(expected.spectra[:4], rel=1e-4, abs=1e-20)
    assert path.feature_distance == pytest.approx(expected.feature_distance[:4], rel=1e-4, abs=1e-12)


# What is kept


@pytest.mark.parametrize("name", ["NH3", "H2O"])
def test_files_hold_every_digit(tmp_path, name):
    if name == "NH3":
        path = ring("NH3-a", "ACSF")
    else:
        start = symmetric("H2O")
        start.positions += np.random.default_rng(0).uniform(-0.1, 0.1, (3, 3))
        path = ip.follow_manifold(ACSF, start, 0, max_steps=20)
    path.write(tmp_path / "path.extxyz")
    again = ip.Path.read(tmp_path / "path.extxyz")
    for attribute in (
        "numbers",
        "positions",
        "tangents",
        "spectra",
        "feature_distance",
        "steps",
        "ranks",
        "iterations",
    ):
        assert np.array_equal(getattr(again, attribute), getattr(path, attribute)), attribute
    for attribute in ("status", "start", "first_status", "gap", "rules", "next_step", "r_cut", "length"):
        assert getattr(again, attribute) == getattr(path, attribute), attribute
    assert again.descriptor is None
    assert ip.Path.read(tmp_path / "path.extxyz", descriptor=ACSF).descriptor is ACSF
    frames = read(tmp_path / "path.extxyz", ":")
    assert len(frames) == len(path)
    assert frames[3].info["arc"] == path.arc[3]
    assert [entry.name for entry in tmp_path.iterdir()] == ["path.extxyz"]


def test_a_path_from_a_file_goes_on(tmp_path):
    part = ip.follow_manifold(ACSF, reference("NH3-a"), 0, max_steps=10, direction="forward")
    part.write(tmp_path / "path.extxyz")
    again = ip.Path.read(tmp_path / "path.extxyz")
    with pytest.raises(ValueError, match="does not know its fingerprint"):
        again.resume()
    full = again.resume(ACSF, max_steps=1000)
    assert full.positions == pytest.approx(ring("NH3-a", "ACSF").positions, abs=1e-9)


def test_files_that_are_no_path_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"there is no file '.*none.extxyz'"):
        ip.Path.read(tmp_path / "none.extxyz")
    reference("NH3-a").write(tmp_path / "plain.extxyz")
    with pytest.raises(ValueError, match="is no path"):
        ip.Path.read(tmp_path / "plain.extxyz")


def test_energies_along_a_path():
    path = ring("NH3-a", "ACSF")
    energies = path.energies(EMT())
    assert energies.shape == (len(path),)
    atoms = path.frames[5].copy()
    atoms.calc = EMT()
    assert energies[5] == atoms.get_potential_energy()
    assert path.frames[5].calc is None
    assert energies[-1] == pytest.approx(energies[0], abs=1e-4)


def test_even_points():
    path = ring("NH3-a", "ACSF")
    chosen = path.evenly(25)
    assert len(chosen) == 25
    assert chosen[0] == 0
    gaps = np.diff(np.append(path.arc[chosen], path.length))
    assert gaps == pytest.approx(path.length / 25, abs=1.1 * path.rules.largest_step)
    with pytest.raises(ValueError, match="n is 0"):
        path.evenly(0)


def test_many_like_neighbors_are_too_many_to_exchange():
    atoms = bulk("Si", cubic=True).repeat(2)
    atoms.positions += np.random.default_rng(0).uniform(-0.1, 0.1, atoms.positions.shape)
    descriptor = ip.SOAP(r_cut=4.0, n_max=6, l_max=6)
    path = ip.follow_manifold(descriptor, atoms, 0, max_steps=2)
    assert path.status in ("steps", "fold")
    assert len(path.numbers) == 16
    with pytest.raises(ValueError, match="exchanged in 1307674368000 ways"):
        _ = path.copies


def test_figures_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    path = ring("NH3-a", "ACSF")
    drawn = path.plot(tmp_path / "ring.png", n_random=20)
    assert (tmp_path / "ring.png").stat().st_size > 10_000
    assert len(drawn.axes) == 4
    assert "diameter 0.100 Å" in drawn.get_suptitle()
    path.write(tmp_path / "ring.extxyz")
    ip.Path.read(tmp_path / "ring.extxyz").plot(tmp_path / "again.svg")


def test_files_for_chemiscope(tmp_path):
    pytest.importorskip("chemiscope")
    from isoprint.extras.chemiscope import write_modes, write_path

    path = ring("NH3-a", "ACSF")
    write_path(path, tmp_path / "ring.json.gz")
    with gzip.open(tmp_path / "ring.json.gz", "rt") as file:
        stored = json.load(file)
    assert len(stored["structures"]) == len(path)
    assert stored["properties"]["arc"]["values"] == pytest.approx(path.arc)
    assert stored["properties"]["arc"]["units"] == "Å"
    write_modes(ip.sensitivity(ACSF, reference("NH3-a"), 0), tmp_path / "modes.json")
    assert len(json.loads((tmp_path / "modes.json").read_text())["structures"]) == 6
