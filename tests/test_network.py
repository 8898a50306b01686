"""The neural network of the study."""

import numpy as np
import pytest

from isoprint.extras.network import Network


def data(rows=400):
    x = np.random.default_rng(0).normal(size=(rows, 3))
    return x, np.sin(x[:, 0]) + x[:, 1] * x[:, 2]


SHORT = {"hidden": (32, 32), "batch": 64, "patience": 5, "most_epochs": 60, "rate": 1e-2}


def test_without_torch_one_is_told_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"needs PyTorch: pip install \"isoprint\[torch\]\""):
        Network().fit(*data())


def test_it_learns():
    torch = pytest.importorskip("torch")
    x, y = data()
    model = Network(**SHORT).fit(x[:300], y[:300])
    assert model.score(x[300:], y[300:]) > 0.9
    assert [type(layer).__name__ for layer in model.model_] == ["Linear", "BatchNorm1d", "Tanh"] * 2 + ["Linear"]
    assert not any(layer.training for layer in model.model_), "predictions do not depend on their company"
    np.testing.assert_allclose(model.predict(x[:1]), model.predict(x[:50])[:1], rtol=1e-5)
    assert model.chosen()["epochs"] <= 60
    assert isinstance(model.model_[0], torch.nn.Linear)


def test_the_same_seed_gives_the_same_network_and_leaves_the_others_alone():
    torch = pytest.importorskip("torch")
    x, y = data(100)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    one, again, other = (
        Network(**{**SHORT, "most_epochs": 5, "seed": seed}).fit(x, y).predict(x) for seed in (1, 1, 2)
    )
    assert torch.rand(1) == expected
    np.testing.assert_array_equal(one, again)
    assert not np.allclose(one, other)


def test_columns_that_do_not_vary_are_harmless():
    pytest.importorskip("torch")
    x, y = data(60)
    nearly = np.hstack([x, np.ones((60, 1)), 1 + 1e-15 * x])
    exactly = np.hstack([x, np.ones((60, 4))])
    model = Network(**SHORT).fit(nearly, y)
    np.testing.assert_array_equal(model.predict(nearly), model.predict(exactly))
    np.testing.assert_array_equal(model.predict(nearly), Network(**SHORT).fit(x, y).predict(x))
    np.testing.assert_allclose(Network(**SHORT).fit(x, np.full(60, 2.0)).predict(x), 2.0, atol=0.2)


def test_features_that_are_all_equal_are_an_error():
    pytest.importorskip("torch")
    with pytest.raises(ValueError, match="features of all 54 rows are equal"):
        Network().fit(np.ones((60, 3)), data(60)[1])


@pytest.mark.parametrize(
    ("options", "rows", "words"),
    [
        ({}, 19, "19 rows to learn from; a network needs at least 20"),
        ({"validation": 0.0}, 60, "validation is 0.0"),
        ({"hidden": (8, 0)}, 60, "hidden is 0"),
        ({"batch": 1}, 60, "batch is 1"),
        ({"most_epochs": 0}, 60, "most_epochs is 0"),
        ({"seed": -1}, 60, "seed is -1"),
        ({"rate": np.nan}, 60, "rate is nan"),
        ({"least_rate": 0.0}, 60, "least_rate is 0.0"),
        ({"rate": 1e-9}, 60, "rate is 1e-09, below least_rate"),
        ({"patience": -1}, 60, "patience is -1"),
    ],
)
def test_bad_fits(options, rows, words):
    pytest.importorskip("torch")
    with pytest.raises(ValueError, match=words):
        Network(**options).fit(*data(rows))


def test_bad_predictions():
    with pytest.raises(ValueError, match="call fit first"):
        Network().predict(data()[0])
