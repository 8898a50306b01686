"""Kernels of environments: how similar two rows of features are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint._support.arrays import short_repr
from isoprint._support.parameters import real

Floats: TypeAlias = NDArray[np.float64]
Metric: TypeAlias = Literal["linear", "power", "polynomial", "rbf", "laplacian"] | str | Callable[..., Any]

OURS = ("linear", "power", "polynomial", "rbf", "laplacian")


class Settings(NamedTuple):
    """The parameters of a kernel of environments, looked at."""

    metric: Any
    zeta: float
    gamma: float | None
    degree: float
    coef0: float

    def for_features(self, n_features: int, threads: int) -> Environments:
        """The kernel for rows of so many features."""
        if callable(self.metric):
            return Foreign(self.metric)
        gamma = 1.0 / max(n_features, 1) if self.gamma is None else self.gamma
        if self.metric == "rbf":
            return Gaussian(gamma)
        if self.metric == "laplacian":
            return Laplacian(gamma, threads)
        if self.metric == "polynomial":
            return Polynomial(gamma, self.coef0, self.degree, "degree")
        if self.metric in ("linear", "power"):
            return Polynomial(1.0, 0.0, 1.0 if self.metric == "linear" else self.zeta, "zeta")
        return Foreign(_Sklearn(self.metric, {"gamma": self.gamma, "degree": self.degree, "coef0": self.coef0}))


def settings(metric: Any, zeta: Any, gamma: Any, degree: Any, coef0: Any) -> Settings:
    """The parameters of a kernel of environments; raises `ValueError` where one makes no sense."""
    if not callable(metric) and metric not in OURS:
        _require_known(metric)
    return Settings(
        metric,
        real("zeta", zeta, above=0.0, remedy="it must be positive"),
        None if gamma is None else real("gamma", gamma, above=0.0, remedy="it must be positive, or None"),
        real("degree", degree, above=0.0, remedy="it must be positive"),
        real("coef0", coef0, remedy="it must be a finite number"),
    )


class Environments:
    """A symmetric kernel of rows."""

    def values(self, a: Floats, b: Floats) -> Floats:
        """The kernel of every row of `a` with every row of `b`; an array of its own."""
        raise NotImplementedError

    def pullback(self, a: Floats, b: Floats, values: Floats, adjoint: Floats) -> Floats:
        """The derivative of `Σ adjoint · values` with respect to `a`."""
        raise NotImplementedError


class Polynomial(Environments):
    """A power of products, `(gamma a·b + coef0)^degree`; `name` is what the user calls it."""

    def __init__(self, gamma: float, coef0: float, degree: float, name: str) -> None:
        self._gamma, self._coef0, self._degree, self._name = gamma, coef0, degree, name

    @property
    def is_linear(self) -> bool:
        """Whether it is the product of the rows, and nothing else."""
        return (self._gamma, self._coef0, self._degree) == (1.0, 0.0, 1.0)

    def _base(self, a: Floats, b: Floats) -> Floats:
        base: Floats = a @ b.T
        if self._gamma != 1.0:
            base *= self._gamma
        if self._coef0 != 0.0:
            base += self._coef0
        if self._degree % 1.0 and len(base) and base.min() < 0.0:
            raise ValueError(
                f"{self._name} is {self._degree:g}, but products of features go down to {base.min():.4g}, of which"
                f" there is no such power; take a whole {self._name}"
            )
        return base

    def values(self, a: Floats, b: Floats) -> Floats:
        """Powers of products."""
        return _power(self._base(a, b), self._degree)

    def pullback(self, a: Floats, b: Floats, values: Floats, adjoint: Floats) -> Floats:
        """One more product."""
        if self._degree == 1.0:
            return (self._gamma * adjoint) @ b
        base = self._base(a, b)
        if self._degree < 1.0 and len(base) and base.min() <= 0.0:
            raise ValueError(
                f"{self._name} is {self._degree:g}, and some products of features are zero, where that power has no"
                f" derivative; take a {self._name} of 1 or more"
            )
        slope = _power(base, self._degree - 1.0)
        slope *= adjoint
        slope *= self._degree * self._gamma
        back: Floats = slope @ b
        return back


def _power(base: Floats, exponent: float) -> Floats:
    """A power, in place; a whole one by products, which are faster and right to the last digits."""
    if exponent == 1.0:
        return base
    if exponent % 1.0 or not 2.0 <= exponent <= 64.0:
        return np.power(base, exponent, out=base)
    power, bits = None, int(exponent)
    while True:
        if bits & 1:
            power = base.copy() if power is None else np.multiply(power, base, out=power)
        bits >>= 1
        if not bits:
            return base if power is None else power
        np.multiply(base, base, out=base)


class Gaussian(Environments):
    """Gaussians of distances, `exp(-gamma |a - b|²)`."""

    def __init__(self, gamma: float) -> None:
        self._gamma = gamma

    def values(self, a: Floats, b: Floats) -> Floats:
        """By squares and one product; of a row with itself, one."""
        exponent = a @ b.T
        exponent *= 2.0
        exponent -= np.einsum("ij,ij->i", a, a)[:, None]
        exponent -= np.einsum("ij,ij->i", b, b)
        np.minimum(exponent, 0.0, out=exponent)
        exponent *= self._gamma
        found: Floats = np.exp(exponent, out=exponent)
        if a is b:
            np.fill_diagonal(found, 1.0)
        return found

    def pullback(self, a: Floats, b: Floats, values: Floats, adjoint: Floats) -> Floats:
        """One more product, and the sums of rows."""
        weights = (-2.0 * self._gamma) * adjoint
        weights *= values
        back: Floats = weights.sum(axis=1)[:, None] * a
        back -= weights @ b
        return back


class Laplacian(Environments):
    """`exp(-gamma Σ |a - b|)`, with a derivative of zero where entries are equal."""

    def __init__(self, gamma: float, threads: int) -> None:
        self._gamma, self._threads = gamma, threads

    def values(self, a: Floats, b: Floats) -> Floats:
        """By sums of absolute differences."""
        exponent = np.empty((len(a), len(b)))
        _core.manhattan(a, b, exponent, adjoint=None, threads=self._threads)
        exponent *= -self._gamma
        found: Floats = np.exp(exponent, out=exponent)
        return found

    def pullback(self, a: Floats, b: Floats, values: Floats, adjoint: Floats) -> Floats:
        """By the signs of differences."""
        weights = (-self._gamma) * adjoint
        weights *= values
        back = np.empty_like(a)
        _core.manhattan(a, b, back, adjoint=weights, threads=self._threads)
        return back


class Foreign(Environments):
    """A function of the user."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def values(self, a: Floats, b: Floats) -> Floats:
        """What the function returns, a copy."""
        found = np.array(self._function(a, b), dtype=np.float64, order="C")
        if found.shape != (len(a), len(b)):
            raise ValueError(
                f"metric returned an array of shape {found.shape} for {len(a)} and {len(b)} rows, expected"
                f" {(len(a), len(b))}: one row a row of the first, one column a row of the second"
            )
        return found

    def pullback(self, a: Floats, b: Floats, values: Floats, adjoint: Floats) -> Floats:
        """What the function's own `pullback` returns."""
        back = getattr(self._function, "pullback", None)
        if not callable(back):
            raise ValueError(
                f"metric is {short_repr(self._function)}, whose derivative is not known; give it a method"
                " pullback(a, b, adjoint) that returns the derivative of Σ adjoint · metric(a, b) with respect to a"
            )
        found = np.array(back(a, b, adjoint), dtype=np.float64, order="C")
        if found.shape != a.shape:
            raise ValueError(f"pullback of metric returned an array of shape {found.shape}, expected {a.shape}")
        return found


def _require_known(metric: Any) -> None:
    """Raise where there is no kernel of this name, here or in scikit-learn."""
    try:
        from sklearn.metrics.pairwise import PAIRWISE_KERNEL_FUNCTIONS as theirs
    except ImportError:
        theirs = {}
    if not isinstance(metric, str) or metric not in theirs:
        names = ", ".join(map(repr, [*OURS, *(name for name in theirs if name not in OURS)]))
        raise ValueError(
            f"metric is {short_repr(metric)}; choose one of {names}, or give a function of two arrays (n, n_features)"
            " and (m, n_features) that returns one (n, m)"
        )


class _Sklearn:
    """A kernel of scikit-learn by its name."""

    def __init__(self, metric: str, options: dict[str, Any]) -> None:
        self._metric, self._options = metric, options

    def __call__(self, a: Floats, b: Floats) -> Any:
        from sklearn.metrics.pairwise import pairwise_kernels

        return pairwise_kernels(a, b, metric=self._metric, filter_params=True, **self._options)

    def __repr__(self) -> str:
        return repr(self._metric)
