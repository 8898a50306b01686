"""What is said of a path is true: closed, blind, noisy and symmetric mean what they say."""

from functools import cache

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from hypothesis import given, settings
from hypothesis import strategies as st

import isoprint as ip
from isoprint.blindness.motion import internal_motions, rotation_onto
from reference_structures import overlap, reference, soap, symmetric

ACSF = ip.ACSF.standard()
OVERLAP = ip.OverlapMatrix(r_cut=4.8, orbitals="sp", species=["H", "N", "Si", "P"], max_sites=5)


def helical(molecule, stretch, bend, seed):
    return ip.helical_start(molecule, stretch=stretch, bend=bend, seed=seed)


@cache
def ring(start, kind):
    """Followed once for all tests."""
    return ip.follow_manifold(ACSF if kind == "ACSF" else soap(start[0]), reference(start), 0)


RINGS = [
    ("NH3-a", "SOAP"),
    ("NH3-a", "ACSF"),
    ("NH3-b", "ACSF"),
    pytest.param("CH4-a", "SOAP", marks=pytest.mark.slow),
    ("CH4-b", "ACSF"),
]


# Closed


def cosines(path):
    """Of each step with the tangent it begins with, and of the tangents on both its sides, one step after the other."""
    found = [1.0]
    for k in range(1, len(path)):
        here, there, onwards = (k - 1, k, 1.0) if k > path.start else (k, k - 1, -1.0)
        turn = rotation_onto(path.positions[there], path.positions[here])
        chord = onwards * (path.positions[there] @ turn - path.positions[here]).reshape(-1)
        tangent = path.tangents[here].reshape(-1)
        after = (path.tangents[there] @ turn).reshape(-1)
        found.append(min(tangent @ chord / np.linalg.norm(chord), tangent @ after))
    return np.array(found)


@pytest.mark.parametrize("direction", ["both", "forward", "backward"])
@pytest.mark.parametrize("descriptor", [ACSF, OVERLAP], ids=["ACSF", "OM"])
def test_weak_steps_are_counted_and_named(descriptor, direction):
    start = helical("NH3", 0.05, 0.05, 2) if descriptor is OVERLAP else helical("CH4", 0.02, 0.07, 101)
    path = ip.follow_manifold(descriptor, start, 0, max_steps=25, direction=direction)
    assert np.array_equal(path.weak, cosines(path) <= 0.97)
    assert path.weak_steps == path.weak.sum()
    assert (path.weak_steps > 0) == (direction != "forward") == ("weak steps" in repr(path))
    # They are taken at the smallest length only, and lead onwards.
    assert (path.steps[path.weak] < 2.0 * path.rules.smallest_step * (1.0 + 1e-6)).all()
    assert cosines(path).min() > 0.0
    assert f"{path.weak_steps} weak" in path.report()


@pytest.mark.parametrize(("start", "kind"), RINGS)
def test_known_rings_have_no_weak_steps(start, kind):
    path = ring(start, kind)
    assert path.closed
    assert path.weak_steps == 0
    assert cosines(path)[:-1].min() > 0.97
    assert "weak" not in repr(path)


@pytest.mark.parametrize("seed", [0, pytest.param(12, marks=pytest.mark.slow)])
def test_what_closes_by_jumps_is_no_ring(seed):
    start = helical("NH3", 0.01, 0.02, seed)
    path = ip.follow_manifold(OVERLAP, start, 0)
    assert path.status == "fold"
    assert path.rules.step < 0.004
    assert ip.follow_manifold(OVERLAP, start, 0, step=path.rules.step).status == "fold"


@pytest.mark.slow
def test_methane_that_closed_by_jumps_is_no_ring():
    start = helical("CH4", 0.02, 0.07, 101)
    assert not ip.follow_manifold(ACSF, start, 0).closed
    assert not ip.follow_manifold(ACSF, start, 0, step=0.002).closed


@pytest.mark.parametrize(
    ("molecule", "descriptor", "stretch", "bend", "seed"),
    [
        ("PH3", OVERLAP, 0.02, 0.07, 2),
        ("SiH4", OVERLAP, 0.01, 0.02, 8),
        ("CH4", ACSF, 0.03, 0.03, 101),
        pytest.param("NH3", OVERLAP, 0.02, 0.07, 8, marks=pytest.mark.slow),
    ],
)
def test_what_is_closed_stays_closed_when_followed_more_finely(molecule, descriptor, stretch, bend, seed):
    start = helical(molecule, stretch, bend, seed)
    path = ip.follow_manifold(descriptor, start, 0)
    finer = ip.follow_manifold(descriptor, start, 0, step=0.002, max_steps=2000)
    assert path.closed
    assert finer.closed
    assert finer.length == pytest.approx(path.length, rel=0.02)


def test_a_ring_that_is_resumed_is_looked_at_as_closely():
    start = helical("NH3", 0.01, 0.02, 0)
    whole = ip.follow_manifold(OVERLAP, start, 0, direction="forward")
    part = ip.follow_manifold(OVERLAP, start, 0, direction="forward", max_steps=60)
    assert part.status == "steps"
    again = part.resume(max_steps=1000)
    assert again.status == whole.status == "fold"
    assert again.rules.step == whole.rules.step < part.rules.step
    assert again.length == pytest.approx(whole.length, rel=1e-3)


def test_closer_looks_are_told_and_may_be_interrupted():
    start = helical("NH3", 0.01, 0.02, 0)
    told = []

    def watch(points, arc):
        told.append(points)
        return not (len(told) > 1 and points < told[-2])

    path = ip.follow_manifold(OVERLAP, start, 0, progress=watch, direction="forward")
    assert path.status == "interrupted"
    assert path.rules.step == 0.002
    assert max(told) > 50
    assert told[-1] == len(path) == 2
    assert path.resume().status == "fold"


# Blind


@pytest.mark.parametrize(("start", "kind"), RINGS)
def test_the_fingerprint_is_blind_to_the_known_rings(start, kind):
    path = ring(start, kind)
    assert path.closed
    assert 0.0 < path.contrast < 0.005
    assert path.noise < 1e-13


def test_the_overlap_matrix_sees_the_rings_that_close_for_it():
    closed = [ip.follow_manifold(OVERLAP, helical("PH3", 0.02, 0.07, seed), 0) for seed in (2, 3, 10)]
    for path in closed:
        assert path.closed
        assert path.contrast > 0.08
        assert f"contrast {path.contrast:.2g}" in repr(path)
        assert f"contrast           {path.contrast:.2g}" in path.report()


@pytest.mark.parametrize(("start", "descriptor"), [("NH3-b", ACSF), ("CH4-a", overlap())])
def test_contrast_is_the_change_over_that_of_random_moves_as_long(start, descriptor):
    path = ip.follow_manifold(descriptor, reference(start), 0)
    origin, farthest = path.positions[path.start], int(np.argmax(path.feature_distance))
    size = np.linalg.norm(path.positions[farthest] - origin)
    internal = internal_motions(origin)
    moves = np.random.default_rng(7).normal(size=(2000, internal.shape[1]))
    moves = (moves / np.linalg.norm(moves, axis=1, keepdims=True) * size) @ internal.T
    frames = [Atoms(path.numbers, origin + move.reshape(-1, 3)) for move in moves]
    rows = descriptor.transform([path.frames[path.start], *frames], centers=[[0]] * 2001)
    usual = np.median(np.linalg.norm(rows[1:] - rows[0], axis=1))
    assert path.contrast == pytest.approx(path.feature_distance.max() / usual, rel=0.4)


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_contrast_and_weak_steps_do_not_depend_on_how_the_start_is_written(seed):
    rng = np.random.default_rng(seed)
    start = helical("PH3", 0.02, 0.07, 2)
    known = ip.follow_manifold(OVERLAP, start, 0, max_steps=6, direction="forward")
    start.rotate(rng.uniform(0.0, 180.0), rng.normal(size=3))
    start.translate(rng.normal(size=3))
    path = ip.follow_manifold(OVERLAP, start, 0, max_steps=6, direction="forward")
    if path.spectra[1] != pytest.approx(known.spectra[1], rel=1e-4):  # the sign of a mode is free
        path = ip.follow_manifold(OVERLAP, start, 0, max_steps=6, direction="backward")
    assert path.contrast == pytest.approx(known.contrast, rel=1e-3)
    assert path.weak_steps == known.weak_steps


def test_a_path_that_is_its_start_alone_has_no_contrast():
    path = ip.follow_manifold(Rounded(ACSF), reference("CH4-b"), 0)
    assert len(path) == 1
    assert path.contrast is None
    assert "contrast" not in repr(path)
    assert "contrast           unknown" in path.report()


def test_files_hold_contrast_noise_and_weak_steps(tmp_path):
    path = ip.follow_manifold(OVERLAP, helical("NH3", 0.05, 0.05, 2), 0, max_steps=25)
    path.write(tmp_path / "path.extxyz")
    again = ip.Path.read(tmp_path / "path.extxyz")
    assert (again.contrast, again.noise, again.weak_steps) == (path.contrast, path.noise, path.weak_steps)
    assert repr(again) == repr(path)
    assert again.report() == path.report()


def test_old_files_are_read_and_completed(tmp_path):
    path = ip.follow_manifold(ACSF, reference("NH3-a"), 0, max_steps=5)
    object.__setattr__(path, "contrast", None)
    object.__setattr__(path, "noise", None)
    path.write(tmp_path / "path.extxyz")
    assert ip.Path.read(tmp_path / "path.extxyz").contrast is None
    full = ip.Path.read(tmp_path / "path.extxyz", descriptor=ACSF)
    fresh = ip.follow_manifold(ACSF, reference("NH3-a"), 0, max_steps=5)
    assert full.contrast == pytest.approx(fresh.contrast, rel=1e-6)
    assert full.noise is None
    assert "noise              unknown" in full.report()


def test_a_resumed_path_knows_its_contrast():
    part = ip.follow_manifold(OVERLAP, helical("PH3", 0.02, 0.07, 2), 0, max_steps=4)
    longer = part.resume(max_steps=10)
    assert part.start == longer.start == 4
    fresh = ip.follow_manifold(OVERLAP, helical("PH3", 0.02, 0.07, 2), 0, max_steps=10, direction="forward")
    assert longer.contrast == pytest.approx(fresh.contrast, rel=0.2)


# Noise


class Rounded:
    """A fingerprint that was rounded to float32, as models are; values, derivatives or both."""

    r_cut = 4.8

    def __init__(self, descriptor, values=True, derivatives=True):
        self.descriptor, self.rounds = descriptor, (values, derivatives)

    def _rounded(self, array, yes):
        return array.astype(np.float32).astype(float) if yes else array

    def transform(self, frames, **options):
        return self._rounded(self.descriptor.transform(frames, **options), self.rounds[0])

    def derivatives(self, frames, **options):
        return self._rounded(self.descriptor.derivatives(frames, **options).dense(), self.rounds[1])


class Coarse(Rounded):
    """A fingerprint of positions that were rounded to float32."""

    def _coarse(self, frame):
        copy = frame.copy()
        copy.positions = copy.positions.astype(np.float32)
        return copy

    def transform(self, frames, **options):
        return self.descriptor.transform(self._coarse(frames), **options)

    def derivatives(self, frames, **options):
        return self.descriptor.derivatives(self._coarse(frames), **options)


class Jumpy(Rounded):
    """Derivatives that are wrong by a part, another one each time."""

    def derivatives(self, frames, **options):
        exact = self.descriptor.derivatives(frames, **options).dense()
        seed = int.from_bytes(frames.positions.tobytes()[:7], "little")
        return exact * (1.0 + 1e-3 * np.random.default_rng(seed).normal(size=exact.shape))


@pytest.mark.parametrize("kind", [Rounded, Coarse])
@pytest.mark.parametrize(
    ("descriptor", "start"),
    [(soap("N", 8, 8), "NH3-a"), (ACSF, "NH3-a"), (ACSF, "CH4-b"), (overlap(), "CH4-a")],
    ids=["SOAP", "ACSF", "ACSF-4", "OM"],
)
def test_a_fingerprint_of_too_few_digits_ends_in_noise(kind, descriptor, start):
    path = ip.follow_manifold(kind(descriptor), reference(start), 0)
    assert path.status == path.first_status == "noise"
    assert path.noise > 1e-8
    assert f"noise {path.noise:.1e}" in repr(path)
    assert "larger tolerance" in path.report()
    assert path.resume() is path


def test_noise_of_derivatives_ends_in_noise_too():
    path = ip.follow_manifold(Jumpy(ACSF, values=False), reference("CH4-b"), 0)
    assert path.status == "noise"
    assert path.rigid_residual.max() > 1e-5


@pytest.mark.parametrize("kind", ["ACSF", pytest.param("SOAP", marks=pytest.mark.slow)])
def test_a_tolerance_above_the_noise_leads_around(kind):
    exact = ring("NH3-a", kind)
    path = ip.follow_manifold(Rounded(exact.descriptor), reference("NH3-a"), 0, tolerance=2e-5)
    assert path.closed
    assert path.length == pytest.approx(exact.length, rel=0.01)
    assert path.noise < 0.01 * path.feature_distance.max()


@pytest.mark.parametrize("start", ["NH3-a", "CH4-a"])
def test_folds_of_exact_fingerprints_stay_folds(start):
    path = ip.follow_manifold(overlap(), reference(start), 0)
    assert path.status == path.first_status == "fold"
    assert path.noise < 1e-13
    assert path.rigid_residual.max() < 1e-14


@pytest.mark.parametrize(
    "descriptor",
    [
        ip.SOAP(r_cut=4.8, n_max=4, l_max=4, dtype="float32"),
        ip.SoapTurbo(r_cut=4.8, n_max=4, l_max=4, dtype="float32"),
        ip.OverlapMatrix(r_cut=4.8, dtype="float32"),
    ],
)
def test_descriptors_of_float32_are_refused_with_a_remedy(descriptor):
    with pytest.raises(ValueError, match=r"derivatives are float32, too coarse .* dtype='float64'"):
        ip.follow_manifold(descriptor, reference("NH3-a"), 0)


# Symmetric


def copper(rattle, seed=1):
    atoms = bulk("Cu", cubic=True).repeat(2)
    atoms.rattle(rattle, seed=seed)
    return atoms


BULK = [
    ACSF,
    ip.SOAP(r_cut=5.0, n_max=8, l_max=6),
    ip.SOAP(r_cut=4.0, n_max=4, l_max=4),
    ip.SoapTurbo(r_cut=4.0, n_max=6, l_max=6),
]


@pytest.mark.parametrize("rattle", [0.01, 0.05])
@pytest.mark.parametrize("descriptor", BULK, ids=["ACSF", "SOAP", "small SOAP", "SoapTurbo"])
def test_rattled_copper_is_not_symmetric(descriptor, rattle):
    atoms = copper(rattle)
    found = ip.sensitivity(descriptor, atoms, 0)
    if found.n_internal - found.rank > 1:
        with pytest.raises(ValueError, match="change nothing in the fingerprint") as refused:
            ip.follow_manifold(descriptor, atoms, 0, max_steps=1)
        assert "symmetric" not in str(refused.value)
    else:
        assert len(ip.follow_manifold(descriptor, atoms, 0, max_steps=1)) > 1


@pytest.mark.parametrize("element", ["Cu", "Si"])
@pytest.mark.parametrize("descriptor", BULK, ids=["ACSF", "SOAP", "small SOAP", "SoapTurbo"])
def test_perfect_crystals_are_symmetric(descriptor, element):
    with pytest.raises(ValueError, match="it is symmetric"):
        ip.follow_manifold(descriptor, bulk(element, cubic=True), 0)


def octahedron():
    arms = 1.56 * np.vstack([np.eye(3), -np.eye(3)])
    return Atoms("SF6", np.vstack([np.zeros((1, 3)), arms]))


@pytest.mark.parametrize("atoms", [symmetric("CH4"), symmetric("NH3"), symmetric("H2O"), octahedron()], ids=str)
@pytest.mark.parametrize("descriptor", [ACSF, ip.SOAP(r_cut=4.8, n_max=8, l_max=8)], ids=["ACSF", "SOAP"])
def test_symmetric_molecules_are_symmetric(descriptor, atoms):
    with pytest.raises(ValueError, match="it is symmetric"):
        ip.follow_manifold(descriptor, atoms, 0)


def test_crystals_that_are_hardly_out_of_shape_are_nearly_symmetric():
    with pytest.raises(ValueError, match="it is nearly symmetric"):
        ip.follow_manifold(BULK[1], copper(1e-5), 0)
