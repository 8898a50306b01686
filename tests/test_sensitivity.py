"""The sensitivity matrix: its spectrum against independent numbers, what must be zero, and what is told of it."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip
from isoprint import _core
from isoprint.blindness.environment import environment
from reference_structures import overlap, reference, soap, symmetric

ACSF = ip.ACSF.standard()
SMALL_SOAP = ip.SOAP(r_cut=4.8, n_max=6, l_max=6, sigma=0.4, species=["H", "C", "N", "O"])

# Largest singular value (1 / Å) and eigenvalues over the largest, computed by independent programs.
SPECTRA = {
    ("NH3-a", "SOAP"): "1.77199 1 1.0894e-1 5.297e-3 3.097e-3 9.216e-4 2.943e-6",
    ("NH3-a", "ACSF"): "9.83800 1 2.542e-1 4.740e-3 1.013e-4 5.201e-5 1.474e-7",
    ("NH3-a", "OM"): "1.44359 1 2.694e-1 1.540e-1 6.406e-2 2.926e-2 2.613e-3",
    ("CH4-a", "SOAP"): "1.44952 1 6.177e-1 5.090e-2 2.091e-2 4.897e-3 3.952e-3 1.554e-3 4.287e-4 3.587e-5",
    ("CH4-a", "ACSF"): "9.26862 1 7.662e-2 2.948e-2 3.240e-3 7.395e-4 4.062e-4 7.867e-5 6.320e-6 5.554e-7",
    ("CH4-a", "OM"): "1.06428 1 3.398e-1 2.444e-1 1.765e-1 8.873e-2 5.576e-2 4.918e-2 1.443e-2 3.435e-3",
    ("CH4-b", "ACSF"): "9.22230 1 1.400e-1 1.389e-2 1.809e-3 8.817e-4 3.180e-4 2.704e-5 3.766e-6 1.014e-8",
}


def by_name(kind, center):
    return {"SOAP": lambda: soap(center), "ACSF": lambda: ACSF, "OM": overlap, "OM s": lambda: overlap("s")}[kind]()


def generic(name, seed=0, size=0.1):
    """A molecule without any symmetry left."""
    atoms = symmetric(name)
    atoms.positions += np.random.default_rng(seed).uniform(-size, size, atoms.positions.shape)
    return atoms


@pytest.mark.parametrize(("start", "kind"), SPECTRA, ids="-".join)
def test_spectra_are_those_of_independent_programs(start, kind):
    largest, *scaled = map(float, SPECTRA[start, kind].split())
    found = ip.sensitivity(by_name(kind, start[0]), reference(start), 0)
    assert found.largest == pytest.approx(largest, rel=1e-5)
    assert found.scaled[:5:-1] == pytest.approx(scaled, rel=1e-3)
    assert found.isolation == pytest.approx(scaled[-2] / scaled[-1], rel=2e-3)
    assert found.condition == pytest.approx(scaled[-1] ** -0.5, rel=1e-3)


@pytest.mark.parametrize("name", ["H2O", "NH3", "CH4"])
@pytest.mark.parametrize(("kind", "blind"), [("SOAP", {}), ("ACSF", {}), ("OM", {}), ("OM s", {"NH3": 2, "CH4": 4})])
def test_exactly_six_motions_change_nothing(name, kind, blind):
    descriptor = by_name(kind, symmetric(name).symbols[0])
    found = ip.sensitivity(descriptor, generic(name), 0)
    n = 3 * found.n_sites
    assert found.rigid_modes.shape[0] == 6
    # Eigenvectors of overlap matrices are rounded where eigenvalues are near to each other.
    residuals = [ip.sensitivity(descriptor, generic(name, seed), 0).rigid_residual for seed in range(5)]
    assert np.median(residuals) < 2e-15
    assert max(residuals) < 4e-15
    assert found.eigenvalues.shape == (n,)
    assert found.modes.shape == (n, found.n_sites, 3)
    assert len(found.null_modes()) == blind.get(name, 0)
    assert found.rank == n - 6 - blind.get(name, 0)
    assert np.isinf(found.condition) == (name in blind)


def distorted(name, d):
    """A fixed distortion that is no symmetry coordinate, of a given size."""
    return generic(name, seed=3, size=d)


@pytest.mark.parametrize(
    ("name", "kind", "slopes"),
    [
        ("NH3", "SOAP", [0, 0, 1, 1, 1, 2]),
        ("NH3", "ACSF", [0, 0, 1, 1, 1, 2]),
        ("NH3", "OM", [0, 0, 0, 0, 0, 1]),
        ("CH4", "SOAP", [0, 1, 1, 1, 1, 2, 2, 2, 2]),
        ("CH4", "ACSF", [0, 1, 1, 1, 1, 2, 2, 2, 2]),
    ],
)
def test_soft_modes_soften_by_powers_of_the_distortion(name, kind, slopes):
    sizes = [0.003, 0.001, 0.0003]
    descriptor = by_name(kind, name[0])
    values = [ip.sensitivity(descriptor, distorted(name, d), 0).singular_values[::-1] for d in sizes]
    fitted = np.polyfit(np.log(sizes), np.log(values), 1)[0]
    assert fitted == pytest.approx(slopes, abs=0.15)


def test_no_digits_are_lost_by_squaring():
    # The softest eigenvalue is 1e-20 of the largest here; JᵀJ has nothing below 1e-16.
    soft = [ip.sensitivity(soap("N"), distorted("NH3", d), 0).scaled[6] for d in (1e-4, 1e-5)]
    assert soft[0] / soft[1] == pytest.approx(1e4, rel=1e-2)
    assert soft[1] < 1e-18


def test_symmetry_leaves_only_totally_symmetric_motions():
    assert ip.sensitivity(ACSF, symmetric("NH3"), 0).rank == 2
    assert ip.sensitivity(ACSF, symmetric("CH4"), 0).rank == 1
    assert ip.sensitivity(SMALL_SOAP, symmetric("H2O"), 0).rank == 2
    silicon = bulk("Si", cubic=True)
    for descriptor in (
        ip.SOAP(r_cut=4.8, n_max=8, l_max=8),
        ip.SoapTurbo(r_cut=4.8, n_max=8, l_max=8),
        ACSF,
    ):
        found = ip.sensitivity(descriptor, silicon, 0)
        assert (found.rank, found.n_internal, found.n_sites) == (5, 81, 29)


@pytest.mark.parametrize("descriptor", [SMALL_SOAP, ACSF, overlap()], ids=lambda d: type(d).__name__)
def test_modes_are_what_they_are_called(descriptor):
    atoms = generic("CH4")
    found = ip.sensitivity(descriptor, atoms, 0)
    flat = found.modes.reshape(15, 15)
    assert flat @ flat.T == pytest.approx(np.eye(15), abs=1e-13)
    changes = [np.linalg.norm(descriptor.pushforward(atoms, mode, centers=[0])) for mode in found.modes]
    assert np.square(changes) == pytest.approx(found.eigenvalues, abs=1e-12 * found.eigenvalues[-1])
    jacobian = descriptor.derivatives(atoms, centers=[0]).dense().reshape(15, -1)
    assert found.eigenvalues == pytest.approx(np.linalg.eigvalsh(jacobian @ jacobian.T), abs=1e-12 * found.largest**2)
    assert found.per_atom == pytest.approx(np.linalg.norm(jacobian.reshape(5, -1), axis=1), rel=1e-12)
    assert (np.diff(found.eigenvalues) >= 0.0).all()


@given(seed=st.integers(0, 2**32 - 1))
def test_the_spectrum_is_that_of_the_shape(seed):
    rng = np.random.default_rng(seed)
    atoms = generic("CH4", seed)
    expected = ip.sensitivity(SMALL_SOAP, atoms, 0)
    order = rng.permutation(5)
    moved = atoms[order]
    moved.rotate(rng.uniform(0, 180), rng.normal(size=3))
    moved.translate(rng.normal(size=3))
    found = ip.sensitivity(SMALL_SOAP, moved, int(np.argmax(order == 0)))
    assert found.eigenvalues == pytest.approx(expected.eigenvalues, abs=1e-12 * expected.largest**2)
    assert found.environment.atom[0] == np.argmax(order == 0)


def test_images_are_sites_of_their_own():
    thin = Atoms("SiC", [[0, 0, 0], [1.2, 1.1, 1.3]], cell=[2.6, 2.7, 2.8], pbc=True)
    descriptor = ip.SOAP(r_cut=4.0, n_max=5, l_max=4, species=["C", "Si"])
    found = ip.sensitivity(descriptor, thin, 1)
    near = ip.neighbors(thin, 4.0)
    assert found.n_sites == 1 + near.offsets[2] - near.offsets[1]
    assert len(set(found.environment.atom.tolist())) == 2
    row = found.environment.row(found.environment.positions)
    assert row == pytest.approx(descriptor.transform(thin, centers=[1])[0], abs=1e-14)
    # All images of an atom moved together are the derivative of the periodic frame.
    jacobian = found.environment.jacobian(found.environment.positions).reshape(found.n_sites, 3, -1)
    summed = np.zeros((2, *jacobian.shape[1:]))
    np.add.at(summed, found.environment.atom, jacobian)
    assert summed == pytest.approx(descriptor.derivatives(thin, centers=[1]).dense()[0], abs=1e-13)


class Counted:
    """A periodic frame that counts how often it is packed."""

    def __init__(self, atoms):
        self.positions, self.numbers, self.cell = atoms.positions, atoms.numbers, atoms.cell
        self.n_packed = 0

    @property
    def pbc(self):
        self.n_packed += 1
        return True


def test_one_center_costs_the_neighbors_of_one(monkeypatch):
    lists = []

    def noted(*args, **options):
        lists.append(found := search(*args, **options))
        return found

    search = _core.neighbors
    monkeypatch.setattr(_core, "neighbors", noted)
    large = Counted(bulk("Si", cubic=True) * (3, 3, 3))
    found = environment(ip.SOAP(r_cut=4.0, n_max=2, l_max=2, species=["Si"]), large, 7)
    ((offsets, index, _),) = lists
    assert len(offsets) == 2
    assert len(index) == len(found.numbers) - 1 + len(found.outside)
    assert large.n_packed == 1


# Learnability


def test_a_linear_function_is_as_steep_as_its_weights():
    atoms = generic("CH4")
    found = ip.sensitivity(SMALL_SOAP, atoms, 0)
    jacobian = SMALL_SOAP.derivatives(atoms, centers=[0]).dense().reshape(15, -1)
    # Weights within reach of the Jacobian; parts beyond it would not show.
    weights = np.linalg.svd(jacobian, full_matrices=False)[2][:9].T @ np.linspace(1.0, 2.0, 9)
    gradient = (jacobian @ weights).reshape(5, 3)
    assert np.linalg.norm(found.slopes(gradient)) == pytest.approx(np.linalg.norm(weights), rel=1e-9)
    expected = np.linalg.norm(weights) * np.linalg.norm(found.singular_values) / np.linalg.norm(gradient)
    assert found.learnability(gradient) == pytest.approx(expected, rel=1e-9)
    assert found.learnability(-7.0 * gradient) == pytest.approx(expected, rel=1e-9)


def test_a_target_along_the_stiffest_mode_is_ideal_but_for_the_others():
    found = ip.sensitivity(SMALL_SOAP, generic("NH3"), 0)
    expected = np.linalg.norm(found.singular_values) / found.singular_values
    for mode, value in zip(found.internal_modes, expected, strict=True):
        assert found.learnability(mode) == pytest.approx(value, rel=1e-9)


def test_what_is_not_seen_cannot_be_learned():
    found = ip.sensitivity(overlap("s"), generic("CH4"), 0)
    assert found.learnability(found.null_modes()[0]) == np.inf
    assert found.learnability(found.internal_modes[-1]) < np.inf
    assert np.isinf(found.slopes(found.null_modes()[0])).any()


def test_gradients_are_in_the_order_of_the_frame():
    atoms = generic("NH3")
    gradient = np.random.default_rng(1).normal(size=(4, 3))
    expected = ip.sensitivity(SMALL_SOAP, atoms, 0).learnability(gradient)
    order = [2, 0, 3, 1]
    found = ip.sensitivity(SMALL_SOAP, atoms[order], 1)
    assert found.learnability(gradient[order]) == pytest.approx(expected, rel=1e-9)
    with pytest.raises(ValueError, match=r"gradient has shape \(3, 3\), expected \(4, 3\)"):
        found.learnability(gradient[:3])
    with pytest.raises(ValueError, match="gradient is zero"):
        found.learnability(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="not finite"):
        found.learnability(np.full((4, 3), np.nan))


# Larger environments


def test_a_crystal_is_told_by_shells_and_decades():
    silicon = bulk("Si", cubic=True).repeat(2)
    silicon.positions += np.random.default_rng(0).uniform(-0.1, 0.1, silicon.positions.shape)
    found = ip.sensitivity(ip.OverlapMatrix(r_cut=4.8, species=["Si"], radii={"Si": 1.11}, max_sites=40), silicon, 0)
    shells = found.shells()
    assert [len(shell.sites) for shell in shells] == [4, 12, 12]
    # The amplitude of the overlap matrix leaves next to nothing of the third shell.
    decay = [shell.sensitivity / shells[0].sensitivity for shell in shells]
    assert decay == pytest.approx([1.0, 0.12, 0.006], rel=0.4)
    histogram = found.histogram()
    assert sum(histogram.values()) == found.rank == 81
    assert (
        sum(count for decade, count in histogram.items() if decade <= -4)
        == (found.singular_values <= 1e-3 * found.largest).sum()
    )
    text = found.report()
    assert "rank               81 of 81" in text
    assert all(f"{shell.radius:7.3f} Å" in text for shell in shells)
    assert text.count("\n") == 8 + len(histogram) + len(shells)


def test_fingerprints_with_few_features_cannot_see_all():
    silicon = bulk("Si", cubic=True).repeat(2)
    silicon.positions += np.random.default_rng(0).uniform(-0.1, 0.1, silicon.positions.shape)
    found = ip.sensitivity(ACSF, silicon, 0)
    assert found.rank <= 58
    assert found.isolation == 1.0
    assert "not seen" in found.report()
    assert len(found.null_modes()) == 81 - found.rank


# What is given out


def test_modes_as_frames():
    found = ip.sensitivity(ACSF, reference("NH3-a"), 0)
    frames = found.to_frames(0.2)
    assert len(frames) == 6
    assert np.linalg.norm(frames[0].positions - reference("NH3-a").positions) == pytest.approx(0.2)
    assert frames[0].info["scaled"] == pytest.approx(found.scaled[6])
    assert frames[5].arrays["mode"] == pytest.approx(found.modes[-1])
    assert len(found.to_frames(0.2, steps=8)) == 48
    with pytest.raises(ValueError, match="steps is 0"):
        found.to_frames(steps=0)


def test_figures_are_drawn(tmp_path):
    pytest.importorskip("matplotlib")
    found = ip.sensitivity(overlap("s"), generic("CH4"), 0)
    drawn = found.plot()
    assert len(drawn.axes) == 2
    drawn.savefig(tmp_path / "spectrum.png")
    assert found.plot(drawn.axes[0]) is drawn


class Distances:
    """A fingerprint of somebody else: the inverse distances of the neighbors, in order."""

    def transform(self, frames, *, centers):
        arms = np.delete(frames.positions, centers[0], axis=0) - frames.positions[centers[0]]
        return (1.0 / np.linalg.norm(arms, axis=1))[None, :]

    def derivatives(self, frame, *, centers):
        arms = frame.positions - frame.positions[centers[0]]
        r = np.linalg.norm(arms, axis=1, keepdims=True)
        n = len(r)
        jacobian = np.zeros((1, n, 3, n - 1))
        for place, j in enumerate(np.delete(np.arange(n), centers[0])):
            jacobian[0, j, :, place] = -arms[j] / r[j] ** 3
            jacobian[0, centers[0], :, place] = arms[j] / r[j] ** 3
        return jacobian


def test_fingerprints_of_others_are_welcome():
    found = ip.sensitivity(Distances(), reference("NH3-a"), 0)
    assert (found.rank, len(found.null_modes())) == (3, 3)
    with pytest.raises(ValueError, match="does not say how far it sees"):
        ip.sensitivity(Distances(), bulk("Si"), 0)


def test_species_are_learned_by_a_copy():
    descriptor = ip.SOAP(r_cut=4.0, n_max=3, l_max=3)
    ip.sensitivity(descriptor, molecule("H2O"), 0)
    assert not descriptor.__sklearn_is_fitted__()


def test_atoms_in_line_have_two_rotations():
    found = ip.sensitivity(SMALL_SOAP, Atoms("CHO", [[0, 0, 0], [0, 0, 1.1], [0, 0, -1.3]]), 0)
    assert (len(found.rigid_modes), found.n_internal, found.rank) == (5, 4, 2)
    pair = ip.sensitivity(SMALL_SOAP, Atoms("CO", [[0, 0, 0], [0, 0, 1.1]]), 0)
    assert (pair.n_internal, pair.rank, pair.isolation) == (1, 1, np.inf)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: ip.sensitivity(SMALL_SOAP, w, 3), "center 3 of frame 0 is out of range"),
        (lambda w: ip.sensitivity(SMALL_SOAP, w, [0, 0, 0]), "give the index of one atom"),
        (lambda w: ip.sensitivity(SMALL_SOAP, [w, w], 0), "one frame, not of 2"),
        (lambda w: ip.sensitivity(SMALL_SOAP, w[:1], 0), "no site within 4.8 Å of atom 0"),
        (lambda w: ip.sensitivity("soap", w, 0), "'soap' has no method transform"),
        (lambda w: ip.sensitivity(ip.SOAP(r_cut=4, n_max=3, l_max=3, average="inner"), w, 0), "set average=None"),
        (lambda w: ip.sensitivity(ip.SOAP(r_cut=4, n_max=3, l_max=3, dtype="float32"), w, 0), "dtype='float64'"),
        (lambda w: ip.sensitivity(SMALL_SOAP, w, 0).null_modes(2.0), "rtol is 2.0"),
        (lambda w: ip.sensitivity(SMALL_SOAP, w, 0).shells(0.0), "gap is 0.0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(molecule("H2O"))


def test_the_environment_of_an_open_frame_is_in_its_order():
    atoms = generic("CH4")
    sites = environment(ACSF, atoms, 2)
    assert sites.atom.tolist() == [2, 0, 1, 3, 4]
    assert sites.positions == pytest.approx(atoms.positions[sites.atom], abs=1e-15)
