"""Search for the parameters of any estimator."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any, Literal, get_args

from isoprint._support.arrays import short_repr
from isoprint._support.jobs import threads
from isoprint._support.parameters import choice, real, whole
from isoprint._support.progress import Report, reporting
from isoprint.study._ledger import Ledger, Record
from isoprint.study._losses import Task, checksum, folds_of
from isoprint.study._proposals import DELAY, METHODS, Places, Proposals
from isoprint.study._ranges import Range, plain, ranges_of
from isoprint.study._workers import submitted, workers
from isoprint.study.search import Search

Method = Literal["monte_carlo", "uniform", "optuna"]
Backend = Literal["threads", "processes"]


def hyperparameters(
    estimator: Any,
    ranges: Mapping[str, Any],
    data: Any = None,
    targets: Any = None,
    *,
    cv: Any = 5,
    test: Any = None,
    loss: Callable[[Any], float] | None = None,
    method: Method = "monte_carlo",
    models: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    path: str | os.PathLike[str] | None = None,
    n_jobs: int | None = None,
    backend: Backend = "threads",
    fit_params: Mapping[str, Any] | None = None,
    progress: Report | bool | None = None,
) -> Search:
    """Try many sets of parameters of an estimator, and tell how good each is.

    Parameters
    ----------
    estimator : estimator
        Anything with `get_params`, `set_params`, `fit` and `predict` or `score`: a model of isoprint, of scikit-learn,
        a pipeline. It is copied, and stays as it is.
    ranges : mapping
        From the name of a parameter, such as `descriptor__r_cut`, to what it may be: `(low, high)` for numbers, `(low,
        high, "log")` for numbers whose logarithms are drawn evenly, `range(2, 9)` for whole numbers, a list of choices,
        or a frozen distribution of scipy.
    data, targets : sequence
        What to learn from: frames or rows, and a number for each. Without targets, frames bring their labels along, and
        the loss is minus `estimator.score`; otherwise it is the root mean squared error.
    cv : int, splitter, or list of pairs of indices
        Cross-validation: in so many random folds; or as a splitter of scikit-learn says.
    test : tuple or sequence, optional
        Other data and targets (or data alone) on which models are judged, in place of cross-validation.
    loss : callable, optional
        Is given the estimator with its parameters, and returns what shall be small; in place of all else.
    method : {"monte_carlo", "uniform", "optuna"}
        How parameters are proposed: one in three evenly, the others by moves from the 20 best; all evenly; or by the
        estimator of optuna, if that is installed.
    models, seconds : optional
        When to end: after so many models in all, or after so many seconds of this call.
    seed : int
        Of proposals and folds.
    path : path, optional
        A file to which every result is written as it comes. If it is there, the study goes on where it ended; it must
        be of the same arguments, but for `models`, `seconds`, `n_jobs` and `backend`.
    n_jobs : int, optional
        How many models are made at a time; -1 for one a core.
    backend : {"threads", "processes"}
        Threads share the data, and serve all that computes outside Python, as models of isoprint do; processes (by
        joblib) serve the rest.
    fit_params : mapping, optional
        Further arguments of `fit`, and of `cross_predict` where there is one, such as `{"centers": points}`; those that
        have an entry for each of the data are split with them.
    progress : callable or bool, optional
        Told how many models of how many are done; `True` shows a bar.

    Returns
    -------
    Search
        All models, the best, and the hull of every parameter.

    Raises
    ------
    ValueError
        For a name that the estimator does not know, a range that is none, or a file of another study. What goes wrong
        in a model is recorded with it, and the study goes on.

    Examples
    --------
    >>> import isoprint as ip
    >>> import numpy as np
    >>> x = np.linspace(-3.0, 3.0, 40)[:, None]
    >>> ranges = {"components": range(1, 5), "lengths": [(0.1,), (1.0,), (10.0,)]}
    >>> found = ip.study.hyperparameters(ip.study.KernelRidge(), ranges, x, np.sin(x[:, 0]), models=30)
    >>> found.best_parameters["lengths"]
    (1.0,)

    Notes
    -----
    The same seed gives the same models and losses for any `n_jobs`: model `k` is proposed from the results of models up
    to `k - 16`. Only the order of lines in the file, and the number of models within a time, may differ.

    M. A. Caro, Phys. Rev. B 100, 024112 (2019), sect. V.
    """
    known_ranges = ranges_of(ranges)
    _require_names(estimator, known_ranges)
    choice("method", method, tuple(METHODS))
    choice("backend", backend, get_args(Backend))
    whole("seed", seed)
    if models is None and seconds is None:
        raise ValueError("there is no end in sight; give models=..., seconds=... or both")
    if models is not None:
        whole("models", models, 1)
    if seconds is not None:
        real("seconds", seconds, above=0.0, remedy="it must be a positive number of seconds")
    count = threads(n_jobs) or 1
    task = _task(estimator, data, targets, cv, test, loss, seed, fit_params)
    study = _identity(task, known_ranges, method, seed)
    proposals: Proposals = METHODS[method](known_ranges, seed)
    ledger = None if path is None else Ledger(path, study)
    try:
        run = _Run(task, known_ranges, proposals, ledger, models, seconds, count)
        with reporting(progress) as report, workers(task, count, backend) as executor:
            run.go(executor, report)
        return Search(study, list(run.records.values()))
    finally:
        if ledger is not None:
            ledger.close()


def _require_names(estimator: Any, ranges: Mapping[str, Range]) -> None:
    for method in ("get_params", "set_params"):
        if not callable(getattr(estimator, method, None)):
            raise TypeError(f"estimator is {short_repr(estimator)}, which has no {method}; give one as scikit-learn's")
    known = estimator.get_params()
    for name in ranges:
        if name not in known:
            raise ValueError(f"{type(estimator).__name__} has no parameter {name!r}; there are {', '.join(known)}")


def _task(
    estimator: Any,
    data: Any,
    targets: Any,
    cv: Any,
    test: Any,
    loss: Any,
    seed: int,
    fit_params: Mapping[str, Any] | None,
) -> Task:
    params = dict(fit_params or {})
    if loss is not None:
        if not callable(loss):
            raise TypeError(f"loss is {short_repr(loss)}; give a function of the estimator that returns a number")
        return Task(estimator, data, targets, loss=loss, fit_params=params)
    if data is None:
        raise ValueError("there are no data; give frames or rows, or a loss that needs none")
    if test is not None:
        if targets is not None and not (isinstance(test, tuple) and len(test) == 2):
            raise ValueError("targets are given, so test must be a pair, too: test=(data, targets)")
        return Task(estimator, data, targets, test=test, fit_params=params)
    return Task(estimator, data, targets, folds=folds_of(cv, data, targets, seed), fit_params=params)


def _identity(task: Task, ranges: Mapping[str, Range], method: str, seed: int) -> dict[str, Any]:
    """What makes a study the same study, in words of JSON."""
    judged = "cross-validation" if task.folds else "test" if task.test is not None else plain(task.loss)
    folds = [part for pair in task.folds for part in pair]
    return {
        "estimator": plain(task.estimator),
        "ranges": {name: one.described() for name, one in ranges.items()},
        "method": method,
        "seed": seed,
        "loss": judged,
        "data": checksum([task.data, task.targets, task.test]),
        "folds": checksum(folds) if folds else None,
        "fit_params": {name: checksum(value) for name, value in task.fit_params.items()},
    }


class _Run:
    """One sequence of models, of which some may be known already."""

    def __init__(
        self,
        task: Task,
        ranges: Mapping[str, Range],
        proposals: Proposals,
        ledger: Ledger | None,
        models: int | None,
        seconds: float | None,
        count: int,
    ) -> None:
        self._task, self._ranges, self._proposals, self._ledger = task, ranges, proposals, ledger
        self._models, self._count = models, count
        self._end = None if seconds is None else time.monotonic() + seconds
        self._known: dict[int, Record] = {} if ledger is None else ledger.records
        self._next = 0
        self._places: dict[int, Places] = {}
        self._pending: dict[Future[dict[str, Any]], tuple[int, dict[str, Any]]] = {}
        self.records: dict[int, Record] = {}

    def go(self, executor: Executor, report: Report | None) -> None:
        """Until the budget is spent."""
        while True:
            while self._may_begin():
                self._begin(executor)
            if not self._pending:
                return
            done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
            for future in done:
                self._take(future)
            if report is not None:
                report(len(self.records), self._models or len(self.records))

    def _may_begin(self) -> bool:
        k = self._next
        if self._models is not None and k >= self._models:
            return False
        if k - DELAY >= 0 and k - DELAY not in self.records:
            return False
        if k in self._known:
            return True
        return len(self._pending) < self._count and (self._end is None or time.monotonic() < self._end)

    def _begin(self, executor: Executor) -> None:
        k = self._next
        if k >= DELAY:
            seen = k - DELAY
            self._proposals.learn(seen, self._places.pop(seen), self.records[seen]["loss"])
        places = self._places[k] = self._proposals.propose(k)
        parameters = {name: one.at(places[name]) for name, one in self._ranges.items()}
        self._next += 1
        if k in self._known:
            self._recall(k, parameters)
        else:
            self._pending[submitted(executor, self._task, parameters)] = k, parameters

    def _recall(self, k: int, parameters: dict[str, Any]) -> None:
        known = self._known[k]
        if known["parameters"] != plain(parameters):
            raise ValueError(
                f"model {k} of the file has the parameters {short_repr(known['parameters'])}, and this study would have"
                f" {short_repr(plain(parameters))} there; the file was changed, or comes from other versions of"
                " libraries: name another one"
            )
        self.records[k] = {**known, "parameters": parameters}

    def _take(self, future: Future[dict[str, Any]]) -> None:
        k, parameters = self._pending.pop(future)
        record = {"model": k, "parameters": parameters, **future.result()}
        if self._ledger is not None:
            self._ledger.add({**record, "parameters": plain(parameters)})
        self.records[k] = record
