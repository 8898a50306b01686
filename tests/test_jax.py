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


def test_derivatives_compiled_or_not():
    from jax.test_util import check_grads

    from isoprint.extras.jax import featurizer

    frames = structures()
    f = featurizer(SOAP, frames, n_jobs=1)
    positions = np.concatenate([atoms.positions for atoms in frames])
    np.testing.assert_array_equal(f(positions), SOAP.transform(frames))
    np.testing.assert_array_equal(jax.jit(f)(positions), SOAP.transform(frames))
    check_grads(f, (positions,), order=1, modes=["rev"], atol=1e-5, rtol=1e-5, eps=1e-5)
    weights = np.random.default_rng(0).standard_normal(f(positions).shape)
    check_grads(
        lambda x, w: (w * f(x)).sum(), (positions, weights), order=2, modes=["rev"], atol=1e-3, rtol=1e-3, eps=1e-4
    )
    cell = np.stack([bulk("C").cell.array])
    crystal = featurizer(SOAP, frames[:1], n_jobs=1)
    check_grads(lambda h: crystal(positions[:2], h), (cell,), order=1, modes=["rev"], atol=1e-5, rtol=1e-5, eps=1e-5)


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
