"""Rows in JAX have right derivatives, compiled or not."""

import numpy as np
import pytest
from ase.build import bulk, molecule

import isoprint as ip

jax = pytest.importorskip("jax")

SOAP = ip.SOAP(r_cut=3.4, n_max=2, l_max=2, species=["H", "C"])


@pytest.fixture(autouse=True)
def doubles():
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def structures():
    crystal, methane = bulk("C"), molecule("CH4")
    crystal.rattle(0.03, seed=1)
    methane.rattle(0.1, seed=2)
    return [crystal, methane]


DESCRIPTORS = {
    "SOAP": SOAP,
    "averaged": ip.SoapTurbo(r_cut=3.4, n_max=3, l_max=2, species=["H", "C"], average="inner"),
    "ACSF": ip.ACSF(r_cut=3.4, species=["H", "C"], g2=[(0.4, 0.0)], g4=[(0.02, 1, -1)]),
    "single": ip.RadialDistribution(r_cut=3.4, species=["H", "C"], n_points=9, dtype="float32"),
    "some": ip.SOAP(r_cut=3.4, n_max=2, l_max=2, species=["H", "C"], centers=["C"]),
}


def inputs(frames):
    return np.concatenate([atoms.positions for atoms in frames]), np.stack([atoms.cell.array for atoms in frames])


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_derivatives_forward_and_backward_to_second_order(name):
    from jax.test_util import check_grads

    from isoprint.extras.jax import featurizer

    frames, descriptor = structures(), DESCRIPTORS[name]
    f = featurizer(descriptor, frames, n_jobs=1)
    x, h = inputs(frames)
    np.testing.assert_allclose(f(x), descriptor.transform(frames), rtol=1e-6, atol=1e-6)
    assert (f(x) == jax.jit(f)(x)).all()
    weights = np.random.default_rng(0).standard_normal(f(x).shape)
    options = {"order": 2, "modes": ["fwd", "rev"], "atol": 1e-4, "rtol": 1e-4, "eps": 1e-4}
    scale = float(np.abs(f(x)).max())
    check_grads(lambda x, w: (w * f(x) ** 2).sum() / scale**2, (x, weights), **options)
    crystal = featurizer(descriptor, frames[:1], n_jobs=1)
    check_grads(lambda x, h: crystal(x, h) / scale, (x[:2], h[:1]), **options)


def test_functions_of_functions():
    from isoprint.extras.jax import featurizer

    frames = structures()
    f = featurizer(SOAP, frames, n_jobs=1)
    x, _ = inputs(frames)
    np.testing.assert_array_equal(f(x), SOAP.transform(frames))
    energy = lambda x: jax.numpy.tanh(f(x)).sum()  # noqa: E731
    hessian = jax.hessian(energy)(x)
    one = jax.grad(energy)
    step = np.zeros_like(x)
    step[3, 1] = 1e-4
    np.testing.assert_allclose(hessian[:, :, 3, 1], (one(x + step) - one(x - step)) / 2e-4, atol=1e-6)
    for nested in (
        jax.jacfwd(jax.jacfwd(energy)),
        jax.jacrev(jax.jacrev(energy)),
        jax.jit(jax.jacrev(jax.jacfwd(energy))),
    ):
        np.testing.assert_allclose(nested(x), hessian, rtol=0, atol=1e-8)
    moved = np.stack([x, x + 0.1 * np.sin(x)])
    np.testing.assert_allclose(jax.vmap(one)(moved), np.stack([one(each) for each in moved]), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(jax.jvp(f, (x,), (np.cos(x),))[1], SOAP.pushforward(frames, np.cos(x)), atol=1e-14)
    value, slope = jax.jit(jax.value_and_grad(jax.checkpoint(energy)))(x)
    assert float(value) == float(energy(x))
    np.testing.assert_allclose(slope, one(x), rtol=1e-12, atol=1e-15)
    with pytest.raises(NotImplementedError, match="third derivatives"):
        jax.grad(lambda x: jax.hessian(energy)(x).sum())(x)


def test_hessians_depend_on_parameters():
    from isoprint.extras.jax import featurizer

    f, (x, _) = featurizer(SOAP, structures()), inputs(structures())
    v = np.random.default_rng(0).standard_normal(x.shape)
    weights = np.linspace(-1.0, 1.0, SOAP.n_features)

    def loss(w):
        slope = jax.grad(lambda x: jax.numpy.tanh(f(x) @ w).sum())
        return (jax.jvp(slope, (x,), (v,))[1] ** 2).sum()

    move = np.random.default_rng(1).standard_normal(weights.shape)
    expected = (loss(weights + 1e-5 * move) - loss(weights - 1e-5 * move)) / 2e-5
    assert float(jax.grad(loss)(weights) @ move) == pytest.approx(float(expected), rel=1e-5)


def test_centers_are_atoms_and_points():
    from jax.test_util import check_grads

    from isoprint.extras.jax import featurizer

    crystal, centers = structures()[0], [1, (0.1, 0.4, 0.9)]
    f = featurizer(SOAP, crystal, centers=centers, n_jobs=1)
    x, h = inputs([crystal])
    np.testing.assert_allclose(f(x), SOAP.transform(crystal, centers=centers), atol=1e-13)
    check_grads(f, (x, h), order=1, modes=["fwd", "rev"], atol=1e-5, rtol=1e-5, eps=1e-5)


def test_forces_depend_on_parameters():
    from isoprint.extras.jax import featurizer

    frames = structures()
    f = featurizer(SOAP, frames)
    positions = np.concatenate([atoms.positions for atoms in frames])
    weights = np.linspace(-1.0, 1.0, SOAP.n_features)

    def loss(w):
        return (jax.grad(lambda x: jax.numpy.tanh(f(x) @ w).sum())(positions) ** 2).sum()

    found = jax.jit(jax.grad(loss))(weights)
    move = np.random.default_rng(1).standard_normal(weights.shape)
    expected = (loss(weights + 1e-5 * move) - loss(weights - 1e-5 * move)) / 2e-5
    assert float(found @ move) == pytest.approx(float(expected), rel=1e-6)


def test_shapes_and_single_precision():
    from isoprint.extras.jax import featurizer

    f = featurizer(SOAP, structures())
    with pytest.raises(ValueError, match="positions are of shape"):
        f(np.zeros((2, 3)))
    jax.config.update("jax_enable_x64", False)
    assert f(np.concatenate([atoms.positions for atoms in structures()])).dtype == np.float32
