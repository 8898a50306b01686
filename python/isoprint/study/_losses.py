"""How good one set of parameters is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import integer, number

Indices = NDArray[np.int64]
Folds = list[tuple[Indices, Indices]]


@dataclass(frozen=True)
class Task:
    """An estimator, data, and how it is judged; `evaluate` can be sent to other processes."""

    estimator: Any
    data: Any = None
    targets: Any = None
    test: Any = None
    loss: Callable[[Any], Any] | None = None
    folds: Folds = field(default_factory=list)
    fit_params: Mapping[str, Any] = field(default_factory=dict)

    def evaluate(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Loss and seconds, or the error that came instead."""
        start = time.perf_counter()
        loss: float | None = None
        error = None
        try:
            loss = number(self._loss(cloned(self.estimator).set_params(**parameters)))
            if not np.isfinite(loss):
                loss, error = None, f"the loss is {loss}"
        except Exception as problem:
            error = f"{type(problem).__name__}: {' '.join(str(problem).split())}"[:500]
        result = {"loss": loss, "seconds": round(time.perf_counter() - start, 6)}
        return result if error is None else {**result, "error": error}

    def _loss(self, estimator: Any) -> Any:
        if self.loss is not None:
            return self.loss(estimator)
        if self.test is not None:
            return self._held_out(estimator)
        if self.targets is not None and callable(getattr(estimator, "cross_predict", None)):
            found = estimator.cross_predict(self.data, self.targets, folds=self.folds, **self.fit_params)
            seen = np.concatenate([test for _, test in self.folds])
            return _rmse(np.asarray(found)[seen], np.asarray(self.targets)[seen])
        return self._by_folds(estimator)

    def _held_out(self, estimator: Any) -> float:
        _fit(estimator, self.data, self.targets, self.fit_params)
        if self.targets is None:
            return -float(estimator.score(self.test))
        data, targets = self.test
        return _rmse(np.asarray(estimator.predict(data)), np.asarray(targets))

    def _by_folds(self, estimator: Any) -> float:
        n = n_samples(self.data)
        losses, squares = [], []
        for train, test in self.folds:
            own = cloned(estimator)
            params = {key: _taken(one, train) if _aligned(one, n) else one for key, one in self.fit_params.items()}
            _fit(own, _taken(self.data, train), _taken(self.targets, train), params)
            if self.targets is None:
                losses.append(-float(own.score(_taken(self.data, test))))
            else:
                found, known = np.asarray(own.predict(_taken(self.data, test))), np.asarray(_taken(self.targets, test))
                squares.append((found - known).ravel() ** 2)
        return float(np.mean(losses)) if losses else float(np.sqrt(np.mean(np.concatenate(squares))))


def _rmse(found: NDArray[Any], known: NDArray[Any]) -> float:
    return float(np.sqrt(np.mean((found - known) ** 2)))


def _fit(estimator: Any, data: Any, targets: Any, params: Mapping[str, Any]) -> None:
    if targets is None:
        estimator.fit(data, **params)
    else:
        estimator.fit(data, targets, **params)


def n_samples(data: Any) -> int:
    """How many entries data have."""
    try:
        return len(data)
    except TypeError:
        raise ValueError(f"the data are {short_repr(data)}; give a sequence, of frames or of rows") from None


def _aligned(value: Any, n: int) -> bool:
    return isinstance(value, (list, tuple, np.ndarray)) and len(value) == n


def _taken(data: Any, which: Indices) -> Any:
    if data is None:
        return None
    if hasattr(data, "iloc"):
        return data.iloc[which]
    return data[which] if isinstance(data, np.ndarray) else [data[int(place)] for place in which]


def folds_of(cv: Any, data: Any, targets: Any, seed: int) -> Folds:
    """Pairs of indices: those that teach, those that test."""
    n = n_samples(data if targets is None else targets)
    count = integer(cv)
    if count is not None:
        if not 2 <= count <= n:
            raise ValueError(f"cv is {count}; with {n} samples it must be from 2 to {n}")
        order = np.random.default_rng(seed).permutation(n)
        parts = [np.sort(part) for part in np.array_split(order, count)]
        every = np.arange(n)
        return [(np.setdiff1d(every, part), part) for part in parts]
    pairs: Any = cv.split(np.zeros(n), targets) if callable(getattr(cv, "split", None)) else cv
    try:
        folds = [(np.asarray(train, np.int64), np.asarray(test, np.int64)) for train, test in pairs]
    except (TypeError, ValueError):
        raise ValueError(
            f"cv is {short_repr(cv)}; give a number of folds, a splitter of scikit-learn, or pairs of indices"
        ) from None
    for train, test in folds:
        for part in (train, test):
            if not len(part) or part.min() < 0 or part.max() >= n:
                raise ValueError(f"cv has a fold of samples {short_repr(part.tolist())}; there are {n} samples")
    if not folds:
        raise ValueError("cv has no folds; give one at least")
    return folds


def cloned(estimator: Any) -> Any:
    """The same parameters, nothing learned."""
    try:
        from sklearn.base import clone
    except ImportError:
        return _cloned(estimator)
    return clone(estimator)


def _cloned(estimator: Any) -> Any:
    if isinstance(estimator, type) or not callable(getattr(estimator, "get_params", None)):
        from copy import deepcopy

        return deepcopy(estimator)
    return type(estimator)(**{key: _cloned(value) for key, value in estimator.get_params(deep=False).items()})


def checksum(data: Any) -> str | None:
    """A number that tells data from other data; of frames also what they carry."""
    from hashlib import sha256

    if data is None:
        return None
    digest = sha256()
    for piece in _pieces(data):
        digest.update(piece)
    return digest.hexdigest()[:16]


def _pieces(data: Any) -> Iterator[bytes]:
    tabular: Any = data
    if hasattr(data, "positions") and hasattr(data, "numbers"):
        for name in ("positions", "numbers", "cell", "pbc"):
            yield np.ascontiguousarray(np.asarray(getattr(data, name, ()))).tobytes()
        carried = [getattr(data, "info", None), getattr(data, "arrays", None)]
        carried.append(getattr(getattr(data, "calc", None), "results", None))
        for mapping in carried:
            for key in sorted(mapping or (), key=str):
                yield str(key).encode()
                yield from _pieces((mapping or {})[key])
    elif isinstance(data, np.ndarray) and not data.dtype.hasobject:
        yield f"{data.dtype}{data.shape}".encode()
        yield np.ascontiguousarray(data).tobytes()
    elif hasattr(tabular, "to_numpy"):
        yield from _pieces(tabular.to_numpy())
    elif isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        yield f"[{len(data)}".encode()
        for entry in data:
            yield from _pieces(entry)
    else:
        text = repr(data)
        yield (type(data).__name__ if " at 0x" in text else text).encode()
