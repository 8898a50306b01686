"""What a search for hyperparameters has found."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import whole
from isoprint.study import _ledger
from isoprint.study.tables import Table


class Search:
    """Models that were tried, with their parameters and losses.

    Made by `hyperparameters`, or read from its file by `Search.read`.

    Attributes
    ----------
    study : dict
        What was asked: estimator, ranges, method, seed and so on, in words of JSON.
    records : list of dict
        One entry a model, in their order: `model`, `parameters`, `loss` (`None` if it failed), `seconds`, and `error`
        where there was one.

    Examples
    --------
    >>> from isoprint import study
    >>> from isoprint.study import KernelRidge
    >>> import numpy as np
    >>> x = np.linspace(-3.0, 3.0, 40)[:, None]
    >>> found = study.hyperparameters(
    ...     KernelRidge(), {"lengths": [(0.1,), (1.0,), (10.0,)]}, x, np.sin(x[:, 0]), models=20, cv=4
    ... )
    >>> found.best_parameters
    {'lengths': (1.0,)}
    """

    def __init__(self, study: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> None:
        self.study = dict(study)
        self.records = sorted((dict(record) for record in records), key=lambda record: record["model"])

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Search:
        """Read the file of a search, were it still being written.

        Parameters
        ----------
        path : path
            What `hyperparameters(path=...)` was given.

        Returns
        -------
        Search
            Parameters are as JSON has them: what is neither number nor text is described in words.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> from isoprint import study
        >>> x = np.linspace(-3.0, 3.0, 40)[:, None]
        >>> ranges = {"components": range(1, 9)}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = f"{folder}/search.jsonl"
        ...     _ = study.hyperparameters(study.KernelRidge(), ranges, x, np.sin(x[:, 0]), models=5, path=path)
        ...     len(study.Search.read(path))
        5
        """
        return cls(*_ledger.read(path))

    def __len__(self) -> int:
        return len(self.records)

    @property
    def best(self) -> dict[str, Any]:
        """The record of the lowest loss; the first, if several have it."""
        known = [record for record in self.records if record["loss"] is not None]
        if not known:
            first = f"; the first error is: {self.records[0]['error']}" if self.records else ""
            raise ValueError(f"none of {len(self.records)} models has a loss{first}")
        return min(known, key=lambda record: (record["loss"], record["model"]))

    @property
    def best_parameters(self) -> dict[str, Any]:
        """Parameters of the lowest loss: `estimator.set_params(**search.best_parameters)`."""
        return dict(self.best["parameters"])

    @property
    def best_loss(self) -> float:
        """The lowest loss."""
        return float(self.best["loss"])

    @property
    def table(self) -> Table:
        """One row a model: `model`, `loss`, `seconds`, `error`, and a column for each parameter."""
        names = ("model", "loss", "seconds", "error")
        return Table({**{name: record.get(name) for name in names}, **record["parameters"]} for record in self.records)

    @property
    def errors(self) -> Table:
        """The models that failed."""
        return Table(row for row in self.table if row["error"] is not None)

    def running_best(self) -> list[float]:
        """The lowest loss of the first model, of the first two, and so on; infinite as long as there is none.

        Returns
        -------
        list of float
            One number a model.

        Examples
        --------
        >>> import isoprint as ip
        >>> from sklearn.linear_model import Ridge
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.0]
        >>> found = ip.study.hyperparameters(Ridge(), {"alpha": (0.1, 9.0)}, X, y, cv=2, models=5, seed=0)
        >>> best = found.running_best()
        >>> len(best), best == sorted(best, reverse=True)
        (5, True)
        """
        losses = [np.inf if record["loss"] is None else record["loss"] for record in self.records]
        return [float(loss) for loss in np.minimum.accumulate(losses)] if losses else []

    def hull(self, parameter: str, bins: int = 8) -> Table:
        """The lowest loss with a parameter in each part of its range, whatever the other parameters are.

        Parameters
        ----------
        parameter : str
            One of those that were varied.
        bins : int
            In how many parts of equal width the range is cut: by logarithms where it was drawn so. Choices, and whole
            numbers that are not more than that, have a part each.

        Returns
        -------
        Table
            `value` (the middle of each part, or the choice), `low`, `high`, the lowest `loss`, its `model`, and the
            `count` of models there. Parts without a loss are left out.

        Examples
        --------
        >>> import numpy as np
        >>> from isoprint import study
        >>> x = np.linspace(-3.0, 3.0, 40)[:, None]
        >>> ranges = {"lengths": [(0.3,), (1.0,)], "components": range(1, 4)}
        >>> found = study.hyperparameters(study.KernelRidge(), ranges, x, np.sin(x[:, 0]), models=40)
        >>> found.hull("components").column("value")
        [1, 2, 3]

        Notes
        -----
        M. A. Caro, Phys. Rev. B 100, 024112 (2019), Fig. 5.
        """
        whole("bins", bins, 1, 10**6)
        return Table(_hull(self._described(parameter), self._known(parameter), bins))

    def _known(self, parameter: str) -> list[tuple[Any, float, int]]:
        """Value, loss and number of every model that has a loss."""
        return [
            (record["parameters"][parameter], float(record["loss"]), record["model"])
            for record in self.records
            if record["loss"] is not None
        ]

    def _described(self, parameter: str) -> Any:
        ranges = self.study["ranges"]
        if parameter not in ranges:
            raise ValueError(f"{short_repr(parameter)} was not varied; there are {', '.join(ranges)}")
        return ranges[parameter]

    def plot(
        self, parameters: Sequence[str] | None = None, *, bins: int = 8, path: str | os.PathLike[str] | None = None
    ) -> Any:
        """Draw the hull of every parameter over the models that were tried (needs matplotlib).

        Parameters
        ----------
        parameters : sequence of str, optional
            Which ones; all by default.
        bins : int
            As for `hull`.
        path : path, optional
            Where to store the figure.

        Returns
        -------
        matplotlib.figure.Figure
            Not shown: there is no window.

        Examples
        --------
        >>> import numpy as np
        >>> from isoprint import study
        >>> x = np.linspace(-3.0, 3.0, 40)[:, None]
        >>> ranges = {"lengths": [(0.3,), (1.0,)], "components": range(1, 4)}
        >>> found = study.hyperparameters(study.KernelRidge(), ranges, x, np.sin(x[:, 0]), models=20)
        >>> len(found.plot().axes)
        2
        """
        from isoprint.extras.plotting_search import plot_hulls

        return plot_hulls({"": self}, parameters, bins=bins, path=path)

    def __repr__(self) -> str:
        failed = sum(record["loss"] is None for record in self.records)
        best = f", best loss {self.best_loss:.6g}" if failed < len(self.records) else ""
        return f"Search({len(self.records)} models{f', {failed} of them failed' if failed else ''}{best})"


def _hull(described: Any, known: list[tuple[Any, float, int]], bins: int) -> list[dict[str, Any]]:
    """Rows of a hull, with values in rising order."""
    if isinstance(described, Mapping) and "choices" in described:
        values = described["choices"]
        numeric = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
        if not numeric or len(values) <= bins:
            return _by_choice(values, known)
    numbers = np.array([float(value) for value, _, _ in known])
    if isinstance(described, Mapping):
        ends = (float(numbers.min()), float(numbers.max())) if len(numbers) else (0.0, 1.0)
        log = False
    else:
        ends, log = (float(described[0]), float(described[1])), described[2:] == ["log"]
    edges = np.geomspace(*ends, bins + 1) if log else np.linspace(*ends, bins + 1)
    part = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, bins - 1)
    rows = []
    for k in range(bins):
        mine = [known[i][1:] for i in np.flatnonzero(part == k)]
        if mine:
            low, high = float(edges[k]), float(edges[k + 1])
            middle = float(np.sqrt(low * high)) if log else 0.5 * (low + high)
            loss, model = min(mine)
            rows.append({"value": middle, "low": low, "high": high, "loss": loss, "model": model, "count": len(mine)})
    return rows


def _by_choice(values: list[Any], known: list[tuple[Any, float, int]]) -> list[dict[str, Any]]:
    from isoprint.study._ranges import plain

    rows = []
    for value in values:
        mine = [(loss, model) for own, loss, model in known if plain(own) == value]
        if mine:
            loss, model = min(mine)
            rows.append({"value": value, "low": None, "high": None, "loss": loss, "model": model, "count": len(mine)})
    return rows
