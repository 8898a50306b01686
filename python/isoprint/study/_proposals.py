"""Which parameters to try next. All ways see results with a delay, so that several models can be made at a time.

Model `k` is proposed from the results of models `0 ... k - DELAY` and from the seed: from nothing else, so that the
sequence is the same however many models are made at a time, and can be gone through again after a break.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from isoprint.study._ranges import Range

DELAY = 16
# As in M. A. Caro, Phys. Rev. B 100, 024112 (2019), sect. V, with the shares that work well: how many models are drawn
# evenly, and among how many of the best the others begin.
_EVENLY, _BEST = 0.35, 20
# Lengths of a move, in parts of a range.
_SHORTEST, _LONGEST = 0.02, 0.3

Places = dict[str, float]


class Proposals(Protocol):
    """A sequence of models to try."""

    def propose(self, model: int) -> Places:
        """Places of the parameters of the next model, each from 0 to 1."""
        ...

    def learn(self, model: int, places: Places, loss: float | None) -> None:
        """Take in a result, in the order of models; `None` for a model that failed."""
        ...


class Uniform:
    """Evenly over all ranges."""

    def __init__(self, ranges: Mapping[str, Range], seed: int) -> None:
        self._ranges, self._seed = ranges, seed

    def propose(self, model: int) -> Places:
        """Draw all parameters."""
        return self._drawn(self._random(model))

    def learn(self, model: int, places: Places, loss: float | None) -> None:
        """Nothing is learned."""

    def _random(self, model: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, model))

    def _drawn(self, random: np.random.Generator) -> Places:
        return {name: float(random.random()) for name in self._ranges}


class MonteCarlo(Uniform):
    """Some evenly, the others by a random move from one of the best so far."""

    def __init__(self, ranges: Mapping[str, Range], seed: int) -> None:
        super().__init__(ranges, seed)
        self._best: list[tuple[float, int, Places]] = []

    def propose(self, model: int) -> Places:
        """Draw all parameters, or move some of those of a good model."""
        random = self._random(model)
        if random.random() < _EVENLY or not self._best:
            return self._drawn(random)
        places = dict(self._best[random.integers(len(self._best))][2])
        size = _SHORTEST * (_LONGEST / _SHORTEST) ** random.random()
        names = list(self._ranges)
        moved = random.random(len(names)) < 0.5
        moved[random.integers(len(names))] = True
        for name, moves in zip(names, moved, strict=True):
            if moves:
                places[name] = _moved(self._ranges[name], places[name], size, random)
        return places

    def learn(self, model: int, places: Places, loss: float | None) -> None:
        """Keep it if it is among the best."""
        if loss is not None:
            self._best = sorted([*self._best, (loss, model, places)], key=lambda entry: entry[:2])[:_BEST]


def _moved(one: Range, place: float, size: float, random: np.random.Generator) -> float:
    """A place nearby, reflected at the ends; any place where neighbors have nothing in common."""
    if not one.ordered:
        return float(random.random())
    step = float(random.normal(scale=size))
    if one.n_values is not None and abs(step) < 1.0 / one.n_values:
        step = float(np.copysign(1.0 / one.n_values, step))
    place = abs(place + step) % 2.0
    return 2.0 - place if place > 1.0 else place


class Optuna:
    """The tree-structured Parzen estimator of optuna.

    J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl, Adv. Neural Inf. Process. Syst. 24, 2546 (2011).
    """

    def __init__(self, ranges: Mapping[str, Range], seed: int) -> None:
        try:
            import optuna
        except ImportError:
            raise ImportError('method="optuna" needs optuna: pip install "isoprint[search]"') from None
        import warnings

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            sampler = optuna.samplers.TPESampler(seed=seed % 2**32, multivariate=True, group=False)
        self._study = optuna.create_study(sampler=sampler)
        self._failed = optuna.trial.TrialState.FAIL
        self._ranges = ranges
        self._trials: dict[int, Any] = {}

    def propose(self, model: int) -> Places:
        """Ask."""
        trial = self._trials[model] = self._study.ask()
        return {name: self._place(trial, name, one) for name, one in self._ranges.items()}

    @staticmethod
    def _place(trial: Any, name: str, one: Range) -> float:
        if one.n_values is None:
            return float(trial.suggest_float(name, 0.0, 1.0))
        if one.ordered:
            chosen = trial.suggest_int(name, 0, one.n_values - 1)
        else:
            chosen = trial.suggest_categorical(name, list(range(one.n_values)))
        return (int(chosen) + 0.5) / one.n_values

    def learn(self, model: int, places: Places, loss: float | None) -> None:
        """Tell."""
        trial = self._trials.pop(model)
        if loss is None:
            self._study.tell(trial, state=self._failed)
        else:
            self._study.tell(trial, loss)


METHODS: dict[str, Any] = {"monte_carlo": MonteCarlo, "uniform": Uniform, "optuna": Optuna}
