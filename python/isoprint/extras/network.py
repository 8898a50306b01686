"""A small neural network with batch normalization, on PyTorch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.parameters import real, whole
from isoprint.study._learner import Learner, table_of, targets_of

Floats = NDArray[np.float64]

# A column that varies by less than this part of the most varying one does so by rounding.
_ROUNDING = 1e-12


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise ImportError('the network needs PyTorch: pip install "isoprint[torch]"') from None
    return torch


class _Scale(NamedTuple):
    columns: NDArray[np.intp]
    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, values: Floats) -> _Scale:
        """Of mean 0 and standard deviation 1, column by column, and without columns that do not vary.

        Such columns say nothing, and arithmetic is ten times slower on the tiny numbers that they make.
        """
        spread = values.std(axis=0)
        columns = np.flatnonzero(spread > _ROUNDING * spread.max())
        if not len(columns):
            raise ValueError(f"the features of all {len(values)} rows are equal; there is nothing to learn from")
        return cls(columns, values.mean(axis=0)[columns], spread[columns])

    def __call__(self, values: Floats) -> Any:
        torch = _torch()
        return torch.as_tensor((values[:, self.columns] - self.mean) / self.spread, dtype=torch.float32)


@dataclass(kw_only=True, eq=False)
class Network(Learner):
    """Layers of a linear map, batch normalization and tanh, then a linear one; trained by Adam.

    Features and targets are standardized. A part of the rows is set aside: when its error has not fallen for `patience`
    epochs the step is halved; training ends when it is below `least_rate`, and the best weights are kept.

    Parameters
    ----------
    hidden : sequence of int
        Widths of the layers.
    rate, least_rate : float
        First and last step of Adam.
    batch : int
        Rows of a step.
    patience : int
        Epochs without progress before the step is halved.
    validation : float
        Part of the rows that is set aside.
    most_epochs : int
        The end in any case.
    seed : int
        First weights, rows set aside, and batches. The same seed on the same machine gives the same network.

    Attributes
    ----------
    epochs_ : int
        Passes over the rows.
    validation_error_ : float
        Root of the mean squared error of the rows set aside.

    Examples
    --------
    >>> import numpy as np
    >>> from isoprint.extras.network import Network
    >>> x = np.linspace(-3.0, 3.0, 200)[:, None]
    >>> model = Network(hidden=(8,), most_epochs=3).fit(x, np.sin(x[:, 0]))
    >>> model.epochs_, model.predict([[0.5]]).shape
    (3, (1,))

    Notes
    -----
    Single precision, as usual: errors do not fall far below 1e-4 of the spread of the target. The shape is that of
    B. Parsaeifard and S. Goedecker, J. Chem. Phys. 156, 034302 (2022).
    """

    hidden: Sequence[int] = (64, 128, 64)
    rate: float = 1e-3
    least_rate: float = 1e-6
    batch: int = 256
    patience: int = 20
    validation: float = 0.1
    most_epochs: int = 2000
    seed: int = 0

    def fit(self, features: ArrayLike, targets: ArrayLike) -> Network:
        """Learn from rows of features and their targets.

        Parameters
        ----------
        features : array_like (n_rows, n_features)
            Twenty rows at least.
        targets : array_like (n_rows,)
            One number a row.

        Returns
        -------
        Network
            The learner itself.

        Examples
        --------
        >>> import numpy as np
        >>> from isoprint.extras.network import Network
        >>> x = np.linspace(-3.0, 3.0, 200)[:, None]
        >>> model = Network(hidden=(8,), most_epochs=3).fit(x, np.sin(x[:, 0]))
        >>> model.validation_error_ > 0.0
        True
        """
        torch = _torch()
        x = table_of(features)
        y = targets_of(targets, len(x))
        part = real("validation", self.validation, above=0.0, most=0.5, remedy="it must be above 0 and at most 0.5")
        seed = whole("seed", self.seed, 0, 2**63 - 1)
        aside = max(1, round(part * len(x)))
        if len(x) < 20:
            raise ValueError(f"there are {len(x)} rows to learn from; a network needs at least 20")
        order = np.random.default_rng(seed).permutation(len(x))
        known, unknown = order[aside:], order[:aside]
        self.n_features_in_ = x.shape[1]
        self.features_ = _Scale.of(x[known])
        self.mean_, self.spread_ = float(y[known].mean()), float(y[known].std()) or 1.0
        learn, check = (
            (self.features_(x[rows]), torch.as_tensor((y[rows, None] - self.mean_) / self.spread_, dtype=torch.float32))
            for rows in (known, unknown)
        )
        generator = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model_ = _layers(
                len(self.features_.columns), [whole("hidden", width, 1, 10**5) for width in self.hidden]
            )
        error, self.epochs_ = self._train(learn, check, generator)
        self.validation_error_ = error * self.spread_
        return self

    def _train(self, learn: tuple[Any, Any], check: tuple[Any, Any], generator: Any) -> tuple[float, int]:
        """Lowest error of the rows set aside, in units of the spread; and epochs."""
        torch = _torch()
        rate, last = (
            real(name, getattr(self, name), above=0.0, most=1e3, remedy="it must be a positive number up to 1000")
            for name in ("rate", "least_rate")
        )
        if rate < last:
            raise ValueError(f"rate is {rate!r}, below least_rate {last!r}; the first step must be the longer one")
        optimizer = torch.optim.Adam(self.model_.parameters(), lr=rate)
        patience = whole("patience", self.patience, 0, 10**7)
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=patience)
        least, best, epochs = math.inf, self._weights(), 0
        most = whole("most_epochs", self.most_epochs, 1, 10**7)
        while epochs < most and optimizer.param_groups[0]["lr"] >= last:
            epochs += 1
            self._epoch(learn, optimizer, generator)
            self.model_.eval()
            with torch.no_grad():
                error = float(torch.mean((self.model_(check[0]) - check[1]) ** 2))
            if error < least:
                least, best = error, self._weights()
            schedule.step(error)
        if not math.isfinite(least):
            raise ValueError(f"training diverged with rate={self.rate!r}; take a smaller one, 0.001 say")
        self.model_.load_state_dict(best)
        self.model_.eval()
        return math.sqrt(least), epochs

    def _epoch(self, learn: tuple[Any, Any], optimizer: Any, generator: Any) -> None:
        torch = _torch()
        x, y = learn
        self.model_.train()
        for rows in torch.split(torch.randperm(len(x), generator=generator), whole("batch", self.batch, 2, 10**7)):
            if len(rows) < 2:
                continue  # batch normalization needs a spread
            optimizer.zero_grad()
            loss: Any = torch.nn.functional.mse_loss(self.model_(x[rows]), y[rows])
            loss.backward()
            optimizer.step()

    def _weights(self) -> dict[str, Any]:
        return {name: value.clone() for name, value in self.model_.state_dict().items()}

    def predict(self, features: ArrayLike) -> Floats:
        """Targets of other rows.

        Parameters
        ----------
        features : array_like (n_rows, n_features)
            As many columns as in `fit`.

        Returns
        -------
        ndarray (n_rows,)
            One number a row.

        Examples
        --------
        >>> import numpy as np
        >>> from isoprint.extras.network import Network
        >>> x = np.linspace(-3.0, 3.0, 200)[:, None]
        >>> model = Network(hidden=(8,), most_epochs=3).fit(x, np.sin(x[:, 0]))
        >>> model.predict([[0.5], [1.0]]).shape
        (2,)
        """
        if not hasattr(self, "model_"):
            raise ValueError("this Network has learned nothing yet; call fit first")
        x = self.features_(table_of(features, self.n_features_in_))
        with _torch().no_grad():
            found = self.model_(x).numpy()[:, 0].astype(float)
        return np.asarray(found * self.spread_ + self.mean_)

    def chosen(self) -> dict[str, Any]:
        """How long training took, and the error of the rows set aside.

        Returns
        -------
        dict
            The number of `epochs` and the `validation_error`.

        Examples
        --------
        >>> import numpy as np
        >>> from isoprint.extras.network import Network
        >>> x = np.linspace(-3.0, 3.0, 200)[:, None]
        >>> model = Network(hidden=(8,), most_epochs=3).fit(x, np.sin(x[:, 0]))
        >>> sorted(model.chosen())
        ['epochs', 'validation_error']
        """
        return {"epochs": self.epochs_, "validation_error": self.validation_error_}


def _layers(inputs: int, hidden: Sequence[int]) -> Any:
    torch = _torch()
    layers: list[Any] = []
    for width in hidden:
        layers += [torch.nn.Linear(inputs, width), torch.nn.BatchNorm1d(width), torch.nn.Tanh()]
        inputs = width
    return torch.nn.Sequential(*layers, torch.nn.Linear(inputs, 1))
