"""What a model of energies and forces promises."""

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.lj import LennardJones
from ase.calculators.singlepoint import SinglePointCalculator
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, learning_curve

import isoprint as ip
from isoprint.models import _calibration
from isoprint.models._triangle import Triangle

KNOWN = {"sigma_energy": 1e-3, "sigma_forces": 1e-2, "sigma_virial": 1e-2}


def labelled(n_frames, seed=0, elements="HCO", periodic=True):
    """Random frames of a pair potential, with energies and forces; every second has a type."""
    rng = np.random.default_rng(seed)
    frames = []
    for place in range(n_frames):
        grid = np.stack(np.meshgrid(*[np.arange(2)] * 3), -1).reshape(-1, 3) * 2.1
        cell = np.eye(3) * 4.2 + rng.normal(scale=0.04, size=(3, 3))
        atoms = Atoms(rng.choice(list(elements), 8), grid + rng.normal(scale=0.06, size=grid.shape))
        if periodic:
            atoms.set_cell(cell)
            atoms.pbc = True
        pair = atoms.copy()
        pair.calc = LennardJones(sigma=1.8, epsilon=0.3, rc=3.9, smooth=True)
        results = {"energy": pair.get_potential_energy(), "forces": pair.get_forces()}
        if periodic:
            results["stress"] = pair.get_stress()
        atoms.calc = SinglePointCalculator(atoms, **results)
        if place % 2:
            atoms.info["config_type"] = "odd"
        frames.append(atoms)
    return frames


def soap(**options):
    return ip.SOAP(**{"r_cut": 3.9, "n_max": 4, "l_max": 3, "species": ["H", "C", "O"], **options})


def turbo(**options):
    return ip.SoapTurbo(**{"r_cut": 3.9, "n_max": 3, "l_max": 3, "species": ["H", "C", "O"], **options})


def gp(descriptor=None, **options):
    return ip.models.SparseGP(descriptor or soap(), **{"n_sparse": 30, "sigma_forces": 0.01, **options})


@pytest.fixture(scope="module")
def frames():
    return labelled(10)


@pytest.fixture(scope="module")
def model(frames):
    return gp().fit(frames[:8])


DESCRIPTORS = {
    "SOAP": soap(),
    "SoapTurbo": turbo(),
    "not normalized": soap(normalize=False),
    "ACSF": ip.ACSF(r_cut=3.9, species=["H", "C", "O"], g2=[(0.3, 0.0), (1.0, 1.5)], g4=[(0.05, 1.0, 1.0)]),
    "OverlapMatrix": ip.OverlapMatrix(r_cut=3.9, species=["H", "C", "O"], max_sites=60),
}


@pytest.mark.parametrize("name", DESCRIPTORS)
@pytest.mark.parametrize("zeta", [1, 2, 3.5, 4])
def test_forces_and_stress_are_derivatives_of_the_energy(frames, name, zeta):
    model = gp(DESCRIPTORS[name], zeta=zeta, n_sparse=12, sparse="fps").fit(frames[:4])
    atoms = frames[8].copy()
    found = model.predict(atoms, stress=True)
    rng = np.random.default_rng(3)
    along, strain = rng.normal(size=(len(atoms), 3)), rng.normal(size=(3, 3))
    strain += strain.T

    def moved(step):
        other = atoms.copy()
        other.positions += step * along
        return model.predict(other, forces=False).energy[0]

    def strained(step):
        other = atoms.copy()
        other.set_cell(atoms.cell @ (np.eye(3) + step * strain), scale_atoms=True)
        return model.predict(other, forces=False).energy[0]

    for energy, expected in (
        (moved, -(found.forces * along).sum()),
        (strained, (found.stress[0] * strain).sum() * atoms.get_volume()),
    ):
        h = 3e-5 if name == "OverlapMatrix" else 3e-4
        slope = (8 * (energy(h) - energy(-h)) - (energy(2 * h) - energy(-2 * h))) / (12 * h)
        assert slope == pytest.approx(expected, rel=2e-5, abs=2e-5)


def test_learns_a_pair_potential():
    frames = labelled(24, elements="C")
    model = gp(soap(species=["C"], n_max=6), n_sparse=60, sigma_forces=0.02).fit(frames[:20])
    errors = model.errors(frames[20:])
    forces = np.concatenate([frame.get_forces() for frame in frames])
    assert errors.forces.rmse < 0.1 * forces.std()
    assert "forces, eV/Å" in str(errors)
    assert set(errors.groups) == {"all", "default", "odd"}


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_rows_times_weights_are_the_prediction(frames, name):
    model = gp(DESCRIPTORS[name], n_sparse=12).fit(frames[:4])
    atoms = frames[9]
    rows = model._rows(atoms, atoms.numbers, True, False, None)
    found = model.predict(atoms)
    alone = sum(model.e0_[symbol] for symbol in atoms.symbols)
    scale = np.abs(rows.forces * model.alpha_).max()
    assert rows.energy @ model.alpha_ + alone == pytest.approx(found.energy[0], abs=1e-9)
    np.testing.assert_allclose(rows.forces @ model.alpha_, found.forces, rtol=0, atol=1e-13 * scale)


def test_streamed_is_whole(frames):
    whole = gp(**KNOWN, sparse="random").fit(frames[:4])
    points = whole.sparse_
    e0 = whole.e0_
    together = gp(**KNOWN, sparse=points, e0=e0).fit(frames)
    piecewise = gp(**KNOWN, sparse=points, e0=e0).fit(frames[:3])
    for start in range(3, 10, 2):
        piecewise.partial_fit(frames[start : start + 2])
    backwards = gp(**KNOWN, sparse=points, e0=e0).fit(frames[::-1])
    expected = together.predict(frames, stress=True)
    for other in (piecewise, backwards):
        assert other.report_["rows"] == together.report_["rows"]
        found = other.predict(frames, stress=True)
        np.testing.assert_allclose(found.energy, expected.energy, rtol=0, atol=1e-8)
        np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=1e-7)


def test_streaming_in_any_chunks_gives_one_triangle():
    rows = np.random.default_rng(0).normal(size=(500, 41))
    expected = Triangle(41)
    expected.push(rows.copy())
    for size in (1, 7, 100, 499):
        found = Triangle(41)
        for start in range(0, 500, size):
            found.push(rows[start : start + size].copy())
        np.testing.assert_allclose(np.abs(np.triu(found.factor)), np.abs(np.triu(expected.factor)), atol=1e-12)
        assert found.n_rows == 500


def test_weights_minimize_the_sum_of_squares(frames):
    model = gp(**KNOWN, sparse="random", n_sparse=15).fit(frames[:5])
    a, y = [], []
    for frame in frames[:5]:
        rows = model._rows(frame, frame.numbers, True, True, None)
        root = np.sqrt(len(frame))
        energy = frame.get_potential_energy() - sum(model.e0_[symbol] for symbol in frame.symbols)
        virial = -frame.get_volume() * frame.get_stress()
        a += [rows.energy[None] / (1e-3 * root), rows.forces.reshape(-1, 15) / 1e-2, rows.virial / (1e-2 * root)]
        y += [[energy / (1e-3 * root)], frame.get_forces().ravel() / 1e-2, virial / (1e-2 * root)]
    a.append(model._prior_.T)
    y.append(np.zeros(15))
    expected = np.linalg.lstsq(np.concatenate(a), np.concatenate(y), rcond=None)[0]
    np.testing.assert_allclose(model.alpha_, expected, rtol=1e-6)
    left = np.linalg.norm(np.concatenate(a) @ expected - np.concatenate(y))
    assert model.report_["residual"] == pytest.approx(left, rel=1e-9)


def test_solving_anew_is_fitting_anew(frames):
    model = gp(sparse="random").fit(frames)
    model.resolve(sigma_energy=0.01, sigma_forces={"default": 0.1, "odd": 0.3})
    again = gp(sparse="random", sigma_energy=0.01, sigma_forces={"default": 0.1, "odd": 0.3}).fit(frames)
    np.testing.assert_allclose(model.predict(frames).forces, again.predict(frames).forces, atol=1e-8)
    assert model.sigma_energy == 0.01


def test_a_frame_may_say_its_own_sigma(frames):
    own = [frame.copy() for frame in frames]
    for frame, source in zip(own, frames, strict=True):
        frame.calc = source.calc
        frame.info["sigma_energy"], frame.info["sigma_forces"] = 0.02, 0.2
    told = gp(sparse="random", sigma_energy=1.0, sigma_forces=1.0).fit(own)
    expected = gp(sparse="random", sigma_energy=0.02, sigma_forces=0.2).fit(frames)
    np.testing.assert_allclose(told.predict(frames).energy, expected.predict(frames).energy, atol=1e-8)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_threads_give_the_same_model(frames, model, n_jobs):
    again = gp().fit(frames[:8], n_jobs=n_jobs)
    np.testing.assert_array_equal(again.alpha_, model.alpha_)
    np.testing.assert_array_equal(
        again.predict(frames, n_jobs=n_jobs).energy, model.predict(frames, n_jobs=n_jobs).energy
    )


@pytest.mark.parametrize("how", ["cur", "fps", "random"])
def test_ways_to_choose(frames, how):
    one, two = (gp(sparse=how).fit(frames) for _ in range(2))
    assert sum(map(len, one.sparse_.values())) == 30
    for symbol, points in one.sparse_.items():
        np.testing.assert_array_equal(points, two.sparse_[symbol])
        np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1.0, atol=1e-14)
    if how != "fps":
        other = gp(sparse=how, random_state=1).fit(frames)
        assert any(not np.array_equal(points, other.sparse_[symbol]) for symbol, points in one.sparse_.items())


def test_number_of_points_by_element(frames):
    model = gp(n_sparse={"H": 3, "C": 5, "O": 2}).fit(frames)
    assert {symbol: len(points) for symbol, points in model.sparse_.items()} == {"H": 3, "C": 5, "O": 2}


def test_farthest_points_are_farther_apart_than_random_ones(frames):
    def nearest(points):
        dots = points @ points.T
        np.fill_diagonal(dots, -1.0)
        return dots.max()

    apart, drawn = (gp(sparse=how).fit(frames).sparse_ for how in ("fps", "random"))
    assert all(nearest(apart[symbol]) < nearest(drawn[symbol]) for symbol in apart)


def test_points_in_one_place_are_left_out(frames):
    with pytest.warns(UserWarning, match="the same as others"):
        model = gp(sparse="random", n_sparse=100).fit([frames[0], frames[0]])
    assert model.alpha_.shape == (8,)


def test_energies_of_single_atoms(frames):
    alone = Atoms("C")
    alone.info["energy"] = -150.0
    for e0 in ("average", "lstsq"):
        model = gp(e0=e0).fit([*frames, alone])
        assert model.e0_["C"] == -150.0
    composed = []
    for frame in frames:
        composed.append(frame.copy())
        composed[-1].info["energy"] = sum({"H": -1.0, "C": -7.0, "O": -16.0}[symbol] for symbol in frame.symbols)
    model = gp(e0="lstsq").fit(composed)
    assert model.e0_ == pytest.approx({"H": -1.0, "C": -7.0, "O": -16.0})
    assert gp(e0={"H": 1, "C": 2.5, "O": 3}).fit(frames).e0_ == {"H": 1.0, "C": 2.5, "O": 3.0}
    with pytest.raises(ValueError, match="e0 has no entry for O"):
        gp(e0={"H": 1, "C": 2.5}).fit(frames)


def test_other_names_of_labels(frames):
    renamed = []
    for frame in frames[:8]:
        other = frame.copy()
        other.info["dft_energy"] = frame.get_potential_energy()
        other.arrays["dft_forces"] = frame.get_forces()
        renamed.append(other)
    model = gp().fit(renamed, energy="dft_energy", forces="dft_forces")
    np.testing.assert_array_equal(model.alpha_, gp().fit(frames[:8]).alpha_)


def test_uncertainty(frames, model):
    found = model.predict(frames[9], std=True)
    assert found.energy_std.shape == (1,)
    assert found.energies_std.shape == (8,)
    assert found.forces_std.shape == (8, 3)
    far = frames[9].copy()
    far.rattle(0.5, seed=1)
    assert model.predict(far, std=True).energies_std.mean() > found.energies_std.mean()
    assert model.extrapolation(far).mean() > model.extrapolation(frames[0]).mean()
    held = labelled(12, seed=5)
    calibrated = gp().fit(frames[:8]).calibrate(held)
    told = calibrated.predict(held, std=True)
    energies = np.array([frame.get_potential_energy() for frame in held])
    forces = np.concatenate([frame.get_forces() for frame in held])
    assert np.sqrt(np.mean(((told.energy - energies) / told.energy_std) ** 2)) == pytest.approx(1.0)
    assert np.sqrt(np.mean(((told.forces - forces) / told.forces_std) ** 2)) == pytest.approx(1.0)


def test_calibration_finds_factor_and_floor():
    rng = np.random.default_rng(0)
    deviations = rng.lognormal(size=20000)
    for factor, floor in ((3.0, 0.0), (0.5, 2.0), (0.0, 1.0)):
        weights = rng.integers(1, 9, len(deviations))
        errors = rng.normal(scale=np.sqrt((factor * deviations) ** 2 + floor**2 * weights))
        found = _calibration.fitted(errors, deviations, weights)
        assert found.factor == pytest.approx(factor, rel=0.05, abs=0.05)
        assert found.floor == pytest.approx(floor, rel=0.05, abs=0.05)
        assert np.mean((errors / found.applied(deviations, weights)) ** 2) == pytest.approx(1.0)


def test_calibrated_deviations_are_right_on_other_frames():
    frames = labelled(70, seed=10)
    model = gp().fit(frames[:10]).calibrate(frames[10:30])
    found = model.predict(frames[30:], std=True)
    energies = np.array([frame.get_potential_energy() for frame in frames[30:]])
    forces = np.concatenate([frame.get_forces() for frame in frames[30:]])
    for scores in ((found.energy - energies) / found.energy_std, (found.forces - forces) / found.forces_std):
        assert 0.7 < np.sqrt(np.mean(scores**2)) < 1.4


def test_calibration_passes_over_what_is_zero_by_symmetry():
    rng = np.random.default_rng(0)
    deviations = np.where(np.arange(4000) % 4, rng.lognormal(size=4000), 1e-15)
    errors = np.where(np.arange(4000) % 4, rng.normal(scale=20.0 * deviations), 1e-9)
    found = _calibration.fitted(errors, deviations, np.ones(4000))
    scores = np.abs(errors / found.applied(deviations))
    assert found.factor == pytest.approx(20.0, rel=0.1)
    assert scores[::4] == pytest.approx(1.0, rel=0.1)


def test_calibration_where_nothing_is_left_open():
    # Forces that are zero by symmetry have no variance; a model may still be wrong there.
    found = _calibration.fitted(np.array([0.1, -0.2]), np.zeros(2), np.ones(2))
    np.testing.assert_allclose(found.applied(np.zeros(2)), np.sqrt(0.025))
    assert _calibration.fitted(np.zeros(2), np.ones(2), np.ones(2)).applied(np.ones(2)).tolist() == [0.0, 0.0]


def test_standard_deviation_is_that_of_drawn_weights(frames, model):
    rng = np.random.default_rng(0)
    draws = np.linalg.solve(model.factor_, rng.normal(size=(len(model.alpha_), 4000)))
    rows = model._rows(frames[9], frames[9].numbers, False, False, None)
    drawn = (rows.energy @ draws).std()
    assert model.predict(frames[9], std=True, forces=False).energy_std[0] == pytest.approx(drawn, rel=0.05)


def test_no_distance_from_a_sparse_point(frames, model):
    near = [
        np.flatnonzero((model.descriptor.transform(frame) @ points.T).max(axis=1) > 1 - 1e-12)
        for frame in frames[:1]
        for points in model.sparse_.values()
    ]
    found = model.extrapolation(frames[0])
    assert all(np.abs(found[some]).max(initial=0.0) < 1e-10 for some in near)
    assert (found > -1e-12).all()


def test_calculator(frames, model):
    atoms = frames[8].copy()
    atoms.calc = model.calculator(std=True)
    expected = model.predict(atoms, stress=True)
    assert atoms.get_potential_energy() == expected.energy[0]
    np.testing.assert_array_equal(atoms.get_forces(), expected.forces)
    np.testing.assert_array_equal(atoms.get_potential_energies(), expected.energies)
    np.testing.assert_allclose(atoms.get_stress(voigt=False), expected.stress[0], atol=1e-15)
    assert atoms.calc.results["energies_std"].shape == (8,)
    alone = Atoms("C")
    alone.calc = model.calculator()
    np.testing.assert_allclose(alone.get_forces(), 0.0, atol=1e-12)
    assert "stress" not in alone.calc.results


def test_energy_is_conserved(frames, model):
    from ase import units
    from ase.md.verlet import VelocityVerlet

    atoms = frames[0].copy()
    atoms.calc = model.calculator()
    totals = []
    run = VelocityVerlet(atoms, 0.1 * units.fs)
    run.attach(lambda: totals.append(atoms.get_total_energy()))
    run.run(100)
    assert np.ptp(totals) < 2e-3


def test_estimator(frames):
    model = gp(zeta=3)
    assert clone(model).get_params()["zeta"] == 3
    assert model.get_params()["descriptor__r_cut"] == 3.9
    assert model.set_params(descriptor__n_max=3, zeta=2).descriptor.n_max == 3
    assert "zeta=2" in repr(model)
    with pytest.raises(ValueError, match="no parameter 'zetta'"):
        model.set_params(zetta=1)
    search = GridSearchCV(gp(n_sparse=10), {"zeta": [1, 2], "descriptor__sigma": [0.4, 0.6]}, cv=2).fit(frames)
    assert search.best_score_ < 0


def test_searches_know_the_names_of_labels(frames):
    renamed = []
    for frame in frames:
        renamed.append(frame.copy())
        renamed[-1].info["dft"], renamed[-1].arrays["f"] = frame.get_potential_energy(), frame.get_forces()
    search = GridSearchCV(gp(n_sparse=10), {"zeta": [1, 2]}, cv=2, error_score="raise")
    expected = search.fit(frames).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(
        search.fit(renamed, energy="dft", forces="f").cv_results_["mean_test_score"], expected
    )


def test_learning_curve(frames):
    sizes, _, scores = learning_curve(gp(n_sparse=20), frames, None, train_sizes=[3, 6], cv=3)
    assert sizes.tolist() == [3, 6]
    assert scores.shape == (2, 3)
    # Minus errors of the energy per atom, which more data make smaller.
    assert scores.mean(axis=1)[0] < scores.mean(axis=1)[1] < 0


def test_species_are_learned(frames):
    model = gp(soap(species=None)).fit(frames)
    assert model.descriptor.species_ == ["H", "C", "O"]


def bad(frames, **changes):
    frame = frames[2].copy()
    frame.calc = None
    frame.info |= {key: value for key, value in changes.items() if key != "forces"}
    frame.arrays |= {key: value for key, value in changes.items() if key == "forces"}
    return [*frames[:2], frame]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"energy": np.nan}, "energy of frame 2 is nan"),
        ({"energy": "low"}, "energy of frame 2 is 'low'"),
        ({"forces": np.full((8, 3), np.inf)}, "forces of atom 0 of frame 2"),
        ({"energy": 1.0, "sigma_energy": -1.0}, "sigma_energy of frame 2 is -1.0"),
        ({"virial": np.arange(9.0).reshape(3, 3)}, "virial of frame 2 is not symmetric"),
        ({"virial": np.zeros(4)}, r"virial of frame 2 has shape \(4,\)"),
    ],
)
def test_broken_labels(frames, changes, message):
    with pytest.raises(ValueError, match=message):
        gp().fit(bad(frames, **changes))


def test_forces_of_another_number_of_atoms(frames):
    frame = frames[0].copy()
    frame.calc = SinglePointCalculator(frame)
    frame.calc.results = {"forces": np.zeros((7, 3))}
    with pytest.raises(ValueError, match=r"forces of frame 0 have shape \(7, 3\), expected \(8, 3\)"):
        gp().fit([frame])


def test_nothing_to_learn_from(frames):
    with pytest.raises(ValueError, match="no frame has an energy"):
        gp().fit([frames[0].copy()])
    with pytest.raises(ValueError, match="no frame has a label"):
        gp(e0=0.0).fit([frames[0].copy()])
    with pytest.raises(ValueError, match="no atoms"):
        gp().fit([])


def test_unknown_elements_and_models(frames, model):
    with pytest.raises(ValueError, match="atom 0 of frame 1 is 'N', which this model has not seen; it knows H, C, O"):
        model.predict([frames[0], Atoms("N")])
    with pytest.raises(ValueError, match="learned nothing yet"):
        gp().predict(frames)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"zeta": 0.5}, "zeta is 0.5"),
        ({"delta": 0.0}, "delta is 0.0"),
        ({"n_sparse": 0}, "n_sparse is 0"),
        ({"sparse": "best"}, "sparse is 'best'"),
        ({"sparse": np.zeros((3, 4))}, "sparse is one array for 3 elements"),
        ({"sigma_forces": {"odd": 0.1}}, "no entry for config_type 'default'"),
        ({"sigma_energy": 0.0}, "sigma_energy is 0.0"),
        ({"e0": "guess"}, "e0 is 'guess'"),
        ({"jitter": -1.0}, "jitter is -1.0"),
        ({"descriptor": soap(average="inner")}, "average='inner'"),
        ({"descriptor": soap(dtype="float32")}, "dtype='float32'"),
        ({"descriptor": soap(centers=["C"])}, "is no center of the descriptor"),
    ],
)
def test_parameters_out_of_range(frames, options, message):
    with pytest.raises(ValueError, match=message):
        gp(**options).fit(frames)


def test_a_failed_update_leaves_the_model_as_it_was(frames, model):
    before = model.predict(frames[9]).energy
    with pytest.raises(ValueError, match="energy of frame 2"):
        model.partial_fit(bad(frames, energy=np.nan))

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(frames, progress=stop)
    assert model.predict(frames[9]).energy == before
    model.resolve()
    assert model.predict(frames[9]).energy == before


def test_negative_products_need_a_whole_exponent():
    from isoprint.models._kernel import Power

    with pytest.raises(ValueError, match=r"zeta is 2\.5"):
        Power(2.5, 1.0).value_and_slope(np.array([-0.1]))
    value, slope = Power(3, 2.0).value_and_slope(np.array([-0.5]))
    assert (value[0], slope[0]) == (4 * -0.125, 4 * 3 * 0.25)
