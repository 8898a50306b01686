"""Models that are sums of terms: fingerprints, pairs, triples, and what is there before."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import isoprint as ip
from isoprint.models import (
    DotProduct,
    PairPotential,
    PiecewisePolynomial,
    SparseGP,
    SquaredExponential,
    Term,
    ThreeBody,
    TwoBody,
    load,
)
from test_models import labelled, soap, turbo

R = np.linspace(0.6, 3.2, 27)
CORE = PairPotential({"H-C": (R, 0.4 * (3.2 - R) ** 3), ("C", "C"): (R, 0.2 * (3.2 - R) ** 3)})
SOAP = soap(n_max=3, l_max=2)
ACSF = ip.ACSF(r_cut=3.9, species=["H", "C", "O"], g2=[(0.3, 0.0), (1.0, 1.5)], g4=[(0.05, 1.0, 1.0)])


class RationalQuadratic:
    """A kernel of a user."""

    of = "distance"
    length = 0.8

    def value_and_slope(self, x):
        return 1 / (1 + x / 2), -0.5 / (1 + x / 2) ** 2


TERMS = {
    "two fingerprints": [Term(SOAP, n_sparse=12, delta=0.5), Term(turbo(), zeta=2, n_sparse=8)],
    "pairs": TwoBody(r_cut=3.9),
    "triples": Term(ThreeBody(r_cut=2.9), n_sparse=30),
    "pairs and fingerprints": {"two": TwoBody(r_cut=3.9), "many": Term(SOAP, n_sparse=12, delta=0.1)},
    "some pairs": TwoBody(r_cut=3.9, pairs=[("C", "H"), ("O", "any")]),
    "some triples": [ThreeBody(r_cut=2.9, triples=[("O", "C", "C"), ("C", "any", "H")]), TwoBody(r_cut=3.5)],
    "hard shells": [TwoBody(r_cut=3.9, cutoff_width=3.9), Term(SOAP, n_sparse=5)],
    "fixed": [CORE, Term(SOAP, n_sparse=12)],
    "everything": [CORE, TwoBody(r_cut=3.9), Term(ThreeBody(r_cut=2.8), n_sparse=20), Term(SOAP, n_sparse=8), ACSF],
    "SE of unit vectors": Term(SOAP, kernel=SquaredExponential(0.6), n_sparse=12),
    "SE of fingerprints": Term(soap(normalize=False), kernel=SquaredExponential(4.0, unit=False), n_sparse=12),
    "SE with lengths": Term(ACSF, kernel=SquaredExponential(np.linspace(0.5, 2.0, ACSF.n_features)), n_sparse=12),
    "SE, short": [Term(TwoBody(r_cut=3.9), kernel=SquaredExponential(0.5))],
    "compact": [Term(TwoBody(r_cut=3.9), kernel=PiecewisePolynomial(2.0)), Term(SOAP, n_sparse=5)],
    "a user's": [
        Term(TwoBody(r_cut=3.9), kernel=RationalQuadratic()),
        Term(ACSF, kernel=RationalQuadratic(), n_sparse=9),
    ],
}


def gp(name, **options):
    known = {"n_sparse": 20, "sparse": "fps", "sigma_forces": 0.02, "sigma_virial": 0.02}
    return SparseGP(clone(TERMS[name], safe=False), **{**known, **options})


@pytest.fixture(scope="module")
def frames():
    return labelled(8)


@pytest.fixture(scope="module")
def models(frames):
    return {name: gp(name).fit(frames[:5]) for name in TERMS}


def slope(function, h=2e-4):
    return (8 * (function(h) - function(-h)) - (function(2 * h) - function(-2 * h))) / (12 * h)


@pytest.mark.parametrize("name", TERMS)
def test_forces_and_stress_are_derivatives_of_the_energy(frames, models, name):
    model, atoms = models[name], frames[6].copy()
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

    assert slope(moved) == pytest.approx(-(found.forces * along).sum(), rel=3e-6, abs=3e-6)
    assert slope(strained) == pytest.approx((found.stress[0] * strain).sum() * atoms.get_volume(), rel=3e-6, abs=3e-6)
    assert found.energies.sum() == pytest.approx(found.energy[0], rel=1e-12)
    np.testing.assert_allclose(found.forces.sum(axis=0), 0.0, atol=1e-9)


@pytest.mark.parametrize("name", TERMS)
def test_rows_times_weights_are_the_prediction(frames, models, name):
    model, atoms = models[name], frames[7]
    rows = model._rows(atoms, atoms.numbers, True, True, None)
    found = model.predict(atoms, stress=True)
    fixed = np.zeros(len(atoms)), np.zeros((len(atoms), 3)), np.zeros((3, 3))
    for each in model._terms_.fixed:
        local, gradient = each._energies_and_gradient([atoms], ip.structures.frames.pack([atoms]), None)
        fixed = local, -gradient.positions, -gradient.strain[0]
    alone = np.array([model.e0_[symbol] for symbol in atoms.symbols])
    atol = 1e-12 * np.abs(rows.forces * model.alpha_).max()
    np.testing.assert_allclose(rows.centers @ model.alpha_ + alone + fixed[0], found.energies, atol=atol)
    np.testing.assert_allclose(rows.forces @ model.alpha_ + fixed[1], found.forces, atol=atol)
    virial = -found.stress[0] * atoms.get_volume()
    six = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]
    expected = [virial[pair] - fixed[2][pair] for pair in six]
    np.testing.assert_allclose(rows.virial @ model.alpha_, expected, atol=10 * atol)


@pytest.mark.parametrize("name", TERMS)
def test_what_one_model_does_all_do(frames, models, name, tmp_path):
    model, more = models[name], labelled(4, seed=3)
    again = gp(name, sparse="fps").fit(frames[:5], n_jobs=2)
    np.testing.assert_allclose(again.predict(frames).forces, model.predict(frames).forces, atol=1e-9)
    together = gp(name, e0=model.e0_).fit(frames[:5])
    together.partial_fit(frames[5:])
    assert together.report_["rows"] == {"energy": 8, "forces": 192, "virial": 48}
    together.resolve(sigma_forces=0.05).calibrate(more)
    told = together.predict(more, std=True, stress=True)
    assert np.isfinite(told.forces_std).all()
    assert (told.energies_std > 0.0).all()
    unlike = together.extrapolation(more)
    assert unlike.shape == (32,)
    assert unlike.min() > -1e-9
    assert unlike.max() < 1.0
    atoms = frames[0].copy()
    atoms.calc = together.calculator(std=True)
    assert atoms.get_potential_energy() == pytest.approx(together.predict(atoms).energy[0], abs=1e-12)
    if name == "a user's":
        with pytest.raises(ValueError, match="kernel is a RationalQuadratic, which a file cannot name"):
            together.save(tmp_path / "model")
        return
    together.save(tmp_path / "model", data=True)
    restored = load(tmp_path / "model")
    for field in ("energy", "energies", "forces", "stress", "energy_std", "energies_std", "forces_std"):
        found = getattr(restored.predict(more, std=True, stress=True), field)
        np.testing.assert_array_equal(found, getattr(told, field))
    np.testing.assert_array_equal(restored.extrapolation(more), unlike)
    np.testing.assert_array_equal(
        restored.partial_fit(more).predict(frames).forces, together.partial_fit(more).predict(frames).forces
    )


def test_a_term_alone_is_the_model_of_its_fingerprint(frames):
    options = {"n_sparse": 15, "sigma_forces": 0.02, "zeta": 3, "delta": 0.7}
    plain = SparseGP(soap(), **options).fit(frames)
    for terms in (Term(soap()), [soap()], {"it": Term(soap(), zeta=3, delta=0.7, n_sparse=15, sparse="cur")}):
        model = SparseGP(terms, **options).fit(frames)
        np.testing.assert_array_equal(model.alpha_, plain.alpha_)
        np.testing.assert_array_equal(model.predict(frames).forces, plain.predict(frames).forces)


def test_two_terms_are_one_with_the_sum_of_kernels(frames):
    """Twice the same term is once the term with twice the variance."""
    points = SparseGP(soap(), n_sparse=10, sparse="random").fit(frames).sparse_
    known = {"sigma_forces": 0.02, "e0": 0.0, "sparse": points, "jitter": 1e-10}
    one = SparseGP(Term(soap(), delta=np.sqrt(2.0)), **known).fit(frames)
    two = SparseGP([Term(soap(), delta=1.0), Term(soap(), delta=1.0)], **known).fit(frames)
    np.testing.assert_allclose(two.predict(frames).forces, one.predict(frames).forces, atol=1e-5)
    np.testing.assert_allclose(two.predict(frames).energy, one.predict(frames).energy, atol=1e-5)
    told = two.predict(frames[0], std=True, forces=False).energies_std
    np.testing.assert_allclose(told, one.predict(frames[0], std=True, forces=False).energies_std, rtol=1e-3)


def test_pairs_learn_a_pair_potential():
    frames = labelled(20, elements="CO")
    pairs = Term(TwoBody(r_cut=3.9), kernel=SquaredExponential(0.5), n_sparse=60)
    model = SparseGP(pairs, sigma_forces=1e-3, sigma_energy=1e-4, e0=0.0)
    errors = model.fit(frames[:15]).errors(frames[15:])
    assert errors.forces.rmse < 0.01
    assert set(model.sparse_) == {"C-C", "C-O", "O-O"}


def test_what_is_fixed_is_not_learned(frames):
    """Labels that the fixed part explains leave nothing to learn."""
    packed = ip.structures.frames.pack(frames)
    local, gradient = CORE._energies_and_gradient(frames, packed, None)
    told = []
    for place, frame in enumerate(frames):
        own = slice(*packed.offsets[place : place + 2])
        other = frame.copy()
        other.info["energy"], other.arrays["forces"] = local[own].sum(), -gradient.positions[own]
        other.info["virial"] = -gradient.strain[place]
        told.append(other)
    model = SparseGP([CORE, TwoBody(r_cut=3.9)], sigma_virial=0.01, e0=0.0).fit(told)
    np.testing.assert_allclose(model.alpha_, 0.0, atol=1e-9)
    np.testing.assert_allclose(model.predict(told).forces, -gradient.positions, atol=1e-9)


def test_tables_are_followed():
    from ase import Atoms

    model = SparseGP([CORE, TwoBody(r_cut=3.0)], e0=0.0)
    frame = Atoms("CH", [[0, 0, 0], [0, 0, 1.3]])
    frame.info["energy"] = 0.4 * 1.9**3
    model.fit(frame)
    assert model.predict(frame).energy[0] == pytest.approx(0.4 * 1.9**3, abs=1e-4)
    assert model.predict(Atoms("CH", [[0, 0, 0], [0, 0, 3.3]])).forces == pytest.approx(np.zeros((2, 3)))


def test_estimator(frames):
    model = SparseGP([TwoBody(r_cut=3.9), ("many", Term(soap(), n_sparse=10))], sigma_forces=0.02)
    assert clone(model).get_params()["descriptor__many__descriptor__n_max"] == 4
    model.set_params(descriptor__many__zeta=2, descriptor__twobody__r_cut=3.0, zeta=3)
    assert (model.descriptor[1][1].zeta, model.descriptor[0].r_cut, model.zeta) == (2, 3.0, 3)
    model.set_params(descriptor__many=soap(l_max=1))
    assert model.descriptor[1] == ("many", model.descriptor[1][1])
    assert model.descriptor[1][1].l_max == 1
    with pytest.raises(ValueError, match="no term 'few'; there are twobody, many"):
        model.set_params(descriptor__few__zeta=1)
    assert list(SparseGP([soap(), TwoBody(r_cut=3.0), soap()]).get_params()["descriptor__soap-2"].species) == [
        "H",
        "C",
        "O",
    ]
    search = GridSearchCV(
        SparseGP({"pairs": TwoBody(r_cut=3.9), "many": Term(soap(), n_sparse=5)}, sigma_forces=0.05),
        {"descriptor__many__delta": [0.01, 0.1], "descriptor__pairs__cutoff_width": [0.5, 1.0]},
        cv=2,
    )
    assert search.fit(frames).best_score_ < 0
    assert "TwoBody(r_cut=3.9)" in repr(search.best_estimator_)


@pytest.mark.parametrize(
    ("descriptor", "message"),
    [
        ([], "descriptor has no terms"),
        ([CORE], "no term of the model learns"),
        (Term(CORE), "does not learn; leave the Term away"),
        ([TwoBody(r_cut=-1.0)], "r_cut is -1"),
        ([TwoBody(r_cut=3.0, pairs=[("C",)])], "each must name 2 elements"),
        ([TwoBody(r_cut=3.0, pairs=[("C", "H"), ("H", "C")])], "the same elements twice"),
        ([ThreeBody(r_cut=0.4)], "no frame has what"),
        ([Term(TwoBody(r_cut=3.0), kernel=DotProduct())], "of dot products; pairs and triples have distances"),
        ([Term(TwoBody(r_cut=3.0), kernel=SquaredExponential([1.0, 2.0]))], "length of the kernel has 2 entries for 1"),
        ([Term(soap(), kernel=SquaredExponential(-1.0, unit=False))], "length of the kernel is -1.0"),
        ([Term(soap(), kernel=SquaredExponential(-1.0))], "length is -1.0"),
        ([Term(soap(), zeta=2, kernel=DotProduct())], "zeta is 2 beside the kernel"),
        ([Term(TwoBody(r_cut=3.0), sparse="cur")], "sparse is 'cur'; choose one of 'uniform'"),
        ([Term(TwoBody(r_cut=3.0), sparse={"C-C": [1.0]})], "sparse of 'H-H' is missing"),
        ([Term(TwoBody(r_cut=3.0), n_sparse={"C-C": 3})], "n_sparse has no entry for H-H"),
        ([("a__b", soap())], "two underscores"),
        ([("a", soap()), ("a", TwoBody(r_cut=3.0))], "appears twice"),
        ([PairPotential({"C-C": ([1.0, 0.5], [0.0, 1.0])}), soap()], "must have ascending distances"),
        ([PairPotential({"C": ([1.0, 2.0], [0.0, 1.0])}), soap()], "it must name two elements"),
        ([PairPotential({}), soap()], "tables are {}"),
    ],
)
def test_terms_out_of_range(frames, descriptor, message):
    with pytest.raises(ValueError, match=message):
        SparseGP(descriptor, n_sparse=10).fit(frames)


def test_things_that_are_no_terms(frames):
    with pytest.raises(TypeError, match="descriptor is 'soap'; give a fingerprint"):
        SparseGP("soap").fit(frames)
    with pytest.raises(TypeError, match="kernel is 'linear'"):
        SparseGP(Term(soap(), kernel="linear")).fit(frames)


def test_given_points_of_pairs(frames):
    lengths = {("C", "C"): [1.9, 2.4], "H-C": np.array([[2.0], [2.5], [3.0]])}
    known = Term(TwoBody(r_cut=3.0, pairs=[("C", "C"), ("H", "C")]), sparse=lengths)
    model = SparseGP(known).fit(frames)
    assert model.sparse_["C-C"].tolist() == [[1.9], [2.4]]
    assert len(model.alpha_) == 5
