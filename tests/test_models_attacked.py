"""What a demanding user gives to a model: broken labels and frames, changes afterwards, names that nobody has."""

import warnings

import numpy as np
import pytest
from ase import Atoms

import isoprint as ip
from test_models import bad, gp, labelled, soap


@pytest.fixture(scope="module")
def frames():
    return labelled(6)


@pytest.fixture(scope="module")
def model(frames):
    return gp(n_sparse=12).fit(frames)


def alone(symbol="C", **info):
    atoms = Atoms(symbol)
    atoms.info |= info
    return atoms


@pytest.mark.parametrize(
    "value", [True, np.bool_(True), 1 + 0j, [1.0], np.array([1.0]), b"1", {}, 10**400, 1e308, np.inf]
)
def test_energies_that_are_none(frames, value):
    with pytest.raises(ValueError, match=r"energy of frame 2 is .*; it must be a finite number of eV"):
        gp().fit(bad(frames, energy=value))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.zeros((8, 3), bool), "forces of frame 2 are of type bool"),
        (np.zeros((8, 3), complex), "forces of frame 2 are of type complex128"),
        (np.zeros((8, 3)).astype(str), "forces of frame 2 are of type <U32"),
        (np.zeros((8, 3), object), "forces of frame 2 are of type object"),
        (np.zeros(24), r"forces of frame 2 have shape \(24,\)"),
        (np.ma.masked_equal(np.zeros((8, 3)), 0.0), "forces of frame 2 has masked entries"),
        (np.where(np.arange(24).reshape(8, 3) == 7, np.nan, 0.0), "forces of atom 2 of frame 2"),
        (np.where(np.arange(24).reshape(8, 3) == 7, 1e200, 0.0), "forces of atom 2 of frame 2"),
    ],
)
def test_forces_that_are_none(frames, value, message):
    with pytest.raises(ValueError, match=message):
        gp().fit(bad(frames, forces=value))


@pytest.mark.parametrize(
    "value", [np.zeros((3, 3), bool), np.zeros((3, 3), complex), "low", np.full(6, np.nan), np.zeros(3)]
)
def test_virials_that_are_none(frames, value):
    with pytest.raises(ValueError, match="virial of frame 2"):
        gp(sigma_virial=0.1).fit(bad(frames, virial=value))


def test_frames_of_no_atoms(frames, model):
    nothing = Atoms()
    found = model.predict([nothing, frames[0], nothing], stress=True, std=True)
    assert found.energy[[0, 2]].tolist() == [0.0, 0.0]
    assert found.forces_std.shape == (8, 3)
    assert found.energy[1] == model.predict(frames[0]).energy[0]
    assert model.predict(nothing, std=True).forces_std.shape == (0, 3)
    assert model.extrapolation(nothing).shape == (0,)
    assert gp(n_sparse=12).fit([*frames, nothing]).report_["rows"] == model.report_["rows"]
    with pytest.raises(ValueError, match="frame 6 has an energy and no atoms; leave it out"):
        gp().fit([*frames, Atoms(info={"energy": 0.0})])


def test_lonely_atoms(frames):
    descriptor = ip.ACSF(r_cut=3.9, species=["H", "C", "O"], g2=[(0.3, 0.0)])
    with pytest.raises(ValueError, match="the fingerprint of atom 0 of frame 6 is zero, and has no direction"):
        gp(descriptor, n_sparse=5).fit([*frames, alone(energy=-5.0)])
    far = Atoms("CC", [[0, 0, 0], [0, 0, 50.0]], info={"energy": -9.0})
    model = gp().fit([*frames, far, alone(energy=-5.0)])
    np.testing.assert_allclose(model.predict(far).forces, 0.0, atol=1e-12)
    assert model.e0_["C"] == -5.0


def test_an_energy_of_another_unit_is_told(frames):
    odd = bad(labelled(6), energy=-2000.0)[2]
    with pytest.warns(UserWarning, match="energy of frame 6 is -2000 eV, .* per atom from that of most frames"):
        gp().fit([*frames, odd])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gp().fit(frames)
        # All-electron energies differ by element, and single atoms are what they are.
        shifts = {"H": -13.6, "C": -1030.0, "O": -2040.0}
        shifted = []
        for frame in frames:
            shifted.append(frame.copy())
            shifted[-1].info["energy"] = frame.get_potential_energy() + sum(shifts[symbol] for symbol in frame.symbols)
        gp(e0="lstsq").fit([*shifted, alone(energy=-1030.0), alone("H", energy=-13.6), alone("O", energy=-2040.0)])


@pytest.mark.parametrize("kind", ["energy", "forces", "virial"])
def test_names_that_nobody_has(frames, model, kind):
    message = f"no frame has 'dft' in .*, which was to be its {kind}; .* by {kind}=None"
    with pytest.raises(ValueError, match=message):
        gp().fit(frames, **{kind: "dft"})
    with pytest.raises(ValueError, match=message):
        model.errors(frames, **{kind: "dft"})


def test_a_kind_of_label_that_was_not_seen(frames):
    model = gp(n_sparse=5).fit(frames)
    with pytest.raises(ValueError, match="sigma_virial is given, but no virial was fitted"):
        model.resolve(sigma_virial=0.1)
    assert model.sigma_virial is None


def test_changes_after_the_fit_are_for_the_next_one(frames, tmp_path):
    descriptor = soap()
    model = gp(descriptor, n_sparse=12).fit(frames)
    before = model.predict(frames, stress=True)
    model.save(tmp_path / "m")
    for change, message in {
        "descriptor__sigma": r"descriptor__sigma was 0\.5, and is 2",
        "zeta": "zeta was 4, and is 2",
        "jitter": "jitter was 1e-08, and is 2",
    }.items():
        former = model.get_params()[change]
        model.set_params(**{change: 2})
        np.testing.assert_array_equal(model.predict(frames, stress=True).stress, before.stress)
        with pytest.raises(ValueError, match=f"parameters were changed after the fit: {message}"):
            model.save(tmp_path / "m")
        model.set_params(**{change: former})
    model.resolve(sigma_energy=0.1).save(tmp_path / "m")
    loaded = ip.models.load(tmp_path / "m").set_params(delta=2.0)
    with pytest.raises(ValueError, match=r"delta was 1\.0, and is 2\.0"):
        loaded.save(tmp_path / "m")
    descriptor.set_params(sigma=0.9)
    np.testing.assert_array_equal(gp(descriptor).fit(frames).predict(frames).energy.shape, before.energy.shape)


@pytest.mark.parametrize("delta", [1e300, 1e-300, np.nan, True])
def test_a_scale_that_has_no_square(frames, delta):
    with pytest.raises(ValueError, match="delta is"):
        gp(delta=delta).fit(frames)


@pytest.mark.parametrize("descriptor", [None, "soap", ip.SOAP, 3])
def test_what_is_no_descriptor(frames, descriptor):
    with pytest.raises(TypeError, match=r"descriptor is .*; give a fingerprint"):
        ip.models.SparseGP(descriptor).fit(frames)
