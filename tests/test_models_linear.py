"""What a linear model promises: the rows of a Gaussian process with zeta of one, and all that it can do."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import isoprint as ip
from test_models import labelled, soap


def acsf():
    return ip.ACSF(r_cut=3.9, species=["H", "C", "O"], g2=[(0.5, 0.0), (2.0, 0.0), (4.0, 1.5)], g4=[(0.01, 2.0, 1.0)])


def linear(descriptor=None, **options):
    return ip.models.Linear(descriptor or soap(), **{"sigma_forces": 0.01, "sigma_virial": 0.01, **options})


@pytest.fixture(scope="module")
def frames():
    return labelled(12)


@pytest.fixture(scope="module", params=[soap, acsf], ids=["SOAP", "ACSF"])
def model(request, frames):
    return linear(request.param(), e0="lstsq").fit(frames[:9])


def test_of_unit_fingerprints_it_is_a_gaussian_process_with_zeta_one(frames):
    few = soap(n_max=2, l_max=1)
    model = linear(few, delta=0.7).fit(frames[:9])
    sparse = {element: np.eye(few.n_features) for element in "HCO"}
    known = ip.models.SparseGP(
        few, zeta=1, delta=0.7, sparse=sparse, sigma_forces=0.01, sigma_virial=0.01, jitter=0.0
    ).fit(frames[:9])
    options = {"forces": True, "stress": True, "std": True}
    found, wanted = (one.predict(frames[9:], **options) for one in (model, known))
    for name in ("energy", "energies", "forces", "stress", "energy_std", "energies_std", "forces_std"):
        assert getattr(found, name) == pytest.approx(getattr(wanted, name), abs=1e-7), name
    for element in "HCO":
        assert model.coef_[element].shape == (few.n_features,)


def test_it_solves_the_least_squares_problem(frames):
    descriptor, some = acsf(), frames[:9]
    model = linear(descriptor, sigma_energy=0.1, delta=2.0, e0=0.0).fit(some, forces=None, virial=None)
    numbers = np.concatenate([frame.numbers for frame in some])
    features = descriptor.transform(some)
    columns = []
    for z in (1, 6, 8):
        own = features * (numbers == z)[:, None]
        unit = 2.0 / np.sqrt((features[numbers == z] ** 2).sum(axis=1).mean())
        columns.append(unit * own.reshape(9, 8, -1).sum(axis=1))
    rows = np.concatenate(columns, axis=1) / (0.1 * np.sqrt(8.0))
    y = np.array([frame.get_potential_energy() for frame in some]) / (0.1 * np.sqrt(8.0))
    wanted = np.linalg.solve(rows.T @ rows + np.eye(rows.shape[1]), rows.T @ y)
    assert model.alpha_ == pytest.approx(wanted, abs=1e-8)


def test_forces_and_stress_are_derivatives_of_the_energy(model, frames):
    frame = frames[10]
    found = model.predict(frame, stress=True)
    rng = np.random.default_rng(0)
    move, strain = rng.normal(size=(8, 3)), rng.normal(size=(3, 3))
    strain += strain.T
    slope = -(found.forces * move).sum() + frame.get_volume() * (found.stress[0] * strain).sum()

    def energy(h):
        other = frame.copy()
        other.positions += h * move
        other.set_cell(other.cell[:] @ (np.eye(3) + h * strain), scale_atoms=True)
        return model.predict(other, forces=False).energy[0]

    h = 1e-4
    differences = (8.0 * (energy(h) - energy(-h)) - energy(2 * h) + energy(-2 * h)) / (12.0 * h)
    assert differences == pytest.approx(slope, rel=1e-7)


def test_rows_times_weights_are_predictions(model, frames):
    frame = frames[10]
    rows = model._rows(frame, frame.numbers, True, True, None)
    found = model.predict(frame, stress=True)
    alone = sum(model.e0_[symbol] for symbol in frame.symbols)
    assert rows.energy @ model.alpha_ + alone == pytest.approx(found.energy[0], abs=1e-10)
    assert rows.forces @ model.alpha_ == pytest.approx(found.forces, abs=1e-10)
    virial = [-frame.get_volume() * found.stress[0][pair] for pair in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))]
    assert rows.virial @ model.alpha_ == pytest.approx(virial, abs=1e-10)


def test_part_by_part_and_resolved_it_is_the_same(frames):
    options = {"e0": {"H": -1.0, "C": -2.0, "O": -3.0}, "sigma_energy": 0.01}
    whole = linear(**options).fit(frames[:9])
    other = linear(**{**options, "sigma_energy": 1.0}).fit(frames[:9]).resolve(sigma_energy=0.01)
    assert other.predict(frames[9:]).forces == pytest.approx(whole.predict(frames[9:]).forces, abs=1e-8)
    # Units are those of the first part, and so is the prior.
    twice = linear(**options).fit(frames[:9]).partial_fit(frames[:9])
    assert twice.report_["rows"]["energy"] == 18
    assert "n_sparse" not in twice.report_


def test_it_learns(frames):
    model = linear(sigma_energy=1e-3).fit(frames[:10])
    labels = np.concatenate([frame.get_forces() for frame in frames[10:]])
    assert model.errors(frames[10:]).forces.rmse < 0.5 * np.std(labels)
    assert model.score(frames[10:]) < 0.0
    assert model.calibrate(frames[10:]).predict(frames[10:], std=True).energy_std.min() > 0.0


def test_extrapolation_tells_what_is_new(frames):
    model = linear().fit(frames[:10])
    strange = labelled(1, seed=5)[0]
    strange.set_cell(1.3 * strange.cell[:], scale_atoms=True)
    assert 0.0 <= model.extrapolation(frames[:10]).mean() < 0.9 * model.extrapolation(strange).mean() <= 0.9


def test_a_calculator_gives_energy_forces_and_stress(model, frames):
    frame = frames[11].copy()
    frame.calc = model.calculator(std=True)
    found = model.predict(frame, stress=True)
    assert frame.get_potential_energy() == found.energy[0]
    assert np.array_equal(frame.get_forces(), found.forces)
    assert frame.get_stress(voigt=False) == pytest.approx(found.stress[0], abs=1e-15)
    assert frame.calc.results["energies_std"].shape == (8,)


@pytest.mark.parametrize("data", [False, True])
def test_a_file_gives_the_same_bits_and_learns_on(model, frames, tmp_path, data):
    path = tmp_path / "linear.isoprint"
    model.save(path, data=data)
    again = ip.models.load(path)
    assert isinstance(again, ip.models.Linear)
    for name in ("energy", "forces", "energy_std"):
        here, there = (getattr(one.predict(frames[9:], std=True), name) for one in (model, again))
        assert np.array_equal(here, there)
    assert again.coef_.keys() == model.coef_.keys()
    assert (again.report_, again.e0_) == (model.report_, model.e0_)
    if data:
        assert again.partial_fit(frames[9:]).report_["rows"]["energy"] == 12
    else:
        with pytest.raises(ValueError, match="saved without what it saw"):
            again.partial_fit(frames[9:])


def test_damaged_files_are_refused(model, tmp_path):
    import json

    path = tmp_path / "linear.isoprint"
    model.save(path)
    with np.load(path) as stored:
        arrays = {key: stored[key] for key in stored.files}
    meta = json.loads(arrays["meta"].tobytes())
    damages = {
        "scales": [{}, {"Xx": 1.0}, {"H": -1.0, "C": 1.0, "O": 1.0}, {"H": 1.0}, 3],
        "settings": [{}, {"mapping": [["delta", 1.0]]}],
        "model": ["Quadratic"],
        "descriptor": ["Hybrid"],
    }
    for field, values in damages.items():
        for value in values:
            text = np.frombuffer(json.dumps({**meta, field: value}).encode(), np.uint8)
            with path.open("wb") as opened:
                np.savez(opened, **{**arrays, "meta": text})
            with pytest.raises(ValueError, match=r"linear\.isoprint"):
                ip.models.load(path)


def test_it_is_an_estimator(frames):
    model = linear()
    assert clone(model).get_params()["descriptor__r_cut"] == 3.9
    assert repr(clone(model)) == repr(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = GridSearchCV(model, {"delta": [0.1, 1.0], "descriptor__sigma": [0.4]}, cv=2).fit(frames)
    assert found.best_params_["delta"] in (0.1, 1.0)
    search = ip.study.hyperparameters(model, {"delta": (0.1, 10.0, "log")}, frames, models=2, cv=2)
    assert np.isfinite(search.best_loss)


def test_hybrids_are_taken_as_they_are(frames):
    both = ip.Hybrid([soap(), acsf()]).fit(frames)
    model = linear(both).fit(frames[:9])
    assert model.coef_["C"].shape == (both.n_features,)
    with pytest.raises(ValueError, match="descriptor is a Hybrid"):
        model.save("nowhere.isoprint")


def test_what_is_wrong_is_said(frames, tmp_path):
    with pytest.raises(ValueError, match=r"delta is 0\.0"):
        linear(delta=0.0).fit(frames)
    with pytest.raises(TypeError, match="give a fingerprint"):
        linear([soap(), acsf()]).fit(frames)
    with pytest.raises(ValueError, match="average"):
        linear(soap(average="outer")).fit(frames)
    with pytest.raises(ValueError, match="keeps none"):
        linear().fit(frames, checkpoint=tmp_path / "c")
    with pytest.raises(ValueError, match="learned nothing yet"):
        linear().predict(frames)
    for call in ("save", "extrapolation"):
        with pytest.raises(ValueError, match="learned nothing yet"):
            getattr(linear(), call)(frames)
    carbon = linear(soap(species=["C"])).fit(labelled(3, elements="C"))
    with pytest.raises(ValueError, match="which this model has not seen; it knows C"):
        carbon.predict(frames)
