"""Results as rows that any other program can read."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support import output

Floats = NDArray[np.float64]


def scores(target: Floats, predicted: Floats) -> dict[str, float]:
    """How well predictions match.

    Parameters
    ----------
    target, predicted : ndarray (n,)
        Both finite.

    Returns
    -------
    dict
        `rmse`; `r`, Pearson's correlation, 0 where the prediction is constant; `r2`, one less the mean squared error
        over the variance of the target; `spread`, the standard deviation of the target.

    Raises
    ------
    ValueError
        Where the target is constant: neither `r` nor `r2` has a meaning then.
    """
    if target.shape != predicted.shape or target.ndim != 1:
        raise ValueError(f"targets have shape {target.shape} and predictions {predicted.shape}; both must be (n,)")
    if not len(target) or np.ptp(target) == 0.0:
        raise ValueError(
            f"the target is the same for all {len(target)} structures, so that no correlation can be told; take others"
        )
    rmse = float(np.sqrt(np.mean((predicted - target) ** 2)))
    spread, own = float(np.std(target)), float(np.std(predicted))
    together = float(np.mean((target - target.mean()) * (predicted - predicted.mean())))
    r = together / (spread * own) if np.ptp(predicted) > 0.0 else 0.0
    return {"rmse": rmse, "r": r, "r2": 1.0 - (rmse / spread) ** 2, "spread": spread}


class Table:
    """Rows of named values, one for each number measured ("tidy data").

    Parameters
    ----------
    rows : iterable of mappings
        From name of the column to value. Columns that a row does not have are empty.

    Examples
    --------
    >>> from isoprint.study import Table
    >>> table = Table([{"fingerprint": "A", "seed": 0, "r2": 0.5}, {"fingerprint": "B", "seed": 0, "r2": 0.75}])
    >>> table
    fingerprint  seed    r2
    A               0   0.5
    B               0  0.75
    >>> table.where(fingerprint="B").column("r2")
    [0.75]
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]] = ()) -> None:
        self.rows: list[dict[str, Any]] = [dict(row) for row in rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __add__(self, other: Table) -> Table:
        return Table([*self.rows, *other.rows])

    @property
    def columns(self) -> list[str]:
        """Names of all columns, in the order in which they first appear."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def column(self, name: str) -> list[Any]:
        """The values of a column, `None` where a row has none.

        Parameters
        ----------
        name : str
            One of `columns`.

        Returns
        -------
        list
            One entry a row.

        Examples
        --------
        >>> from isoprint.study import Table
        >>> table = Table([{"fingerprint": "A", "r2": 0.5}, {"fingerprint": "B", "r2": 0.75}])
        >>> table.column("fingerprint")
        ['A', 'B']
        """
        if self.rows and name not in self.columns:
            raise ValueError(f"there is no column {name!r}; there are {', '.join(self.columns)}")
        return [row.get(name) for row in self.rows]

    def where(self, **values: Any) -> Table:
        """The rows in which these columns have these values.

        Parameters
        ----------
        **values
            From the name of a column to its value.

        Returns
        -------
        Table
            In the same order.

        Examples
        --------
        >>> from isoprint.study import Table
        >>> table = Table([{"fingerprint": "A", "r2": 0.5}, {"fingerprint": "B", "r2": 0.75}])
        >>> len(table.where(fingerprint="B"))
        1
        """
        for name in values:
            self.column(name)
        return Table(row for row in self.rows if all(row.get(name) == value for name, value in values.items()))

    def range_of(self, name: str, **values: Any) -> tuple[float, float]:
        """Least and largest value of a column among the rows in which other columns have these values.

        Parameters
        ----------
        name : str
            The column.
        **values
            As in `where`.

        Returns
        -------
        tuple
            Least and largest value.

        Examples
        --------
        >>> from isoprint.study import Table
        >>> table = Table([{"fingerprint": "A", "r2": 0.5}, {"fingerprint": "B", "r2": 0.75}])
        >>> table.range_of("r2")
        (0.5, 0.75)
        """
        chosen = self.where(**values).column(name)
        if not chosen:
            raise ValueError(f"no row has {', '.join(f'{key}={value!r}' for key, value in values.items())}")
        return min(chosen), max(chosen)

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write comma-separated values, with a line of names first; floats with all digits.

        Parameters
        ----------
        path : path
            The file, which appears under its name only when it is complete; an open pipe will do.

        Examples
        --------
        >>> import tempfile
        >>> from pathlib import Path
        >>> from isoprint.study import Table
        >>> table = Table([{"fingerprint": "A", "r2": 0.5}, {"fingerprint": "B", "r2": 0.75}])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     table.to_csv(Path(folder) / "table.csv")
        ...     (Path(folder) / "table.csv").read_text().splitlines()
        ['fingerprint,r2', 'A,0.5', 'B,0.75']
        """
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        output.write(path, text.getvalue().encode(), stream=True)

    def to_pandas(self) -> Any:
        """The same rows as a `pandas.DataFrame` (needs pandas).

        Returns
        -------
        pandas.DataFrame
            One column for each of `columns`.

        Examples
        --------
        >>> from isoprint.study import Table
        >>> table = Table([{"fingerprint": "A", "r2": 0.5}, {"fingerprint": "B", "r2": 0.75}])
        >>> table.to_pandas().shape
        (2, 2)
        """
        import pandas as pd

        return pd.DataFrame(self.rows, columns=self.columns)

    def __repr__(self) -> str:
        names = self.columns
        cells = [names, *([_brief(row.get(name)) for name in names] for row in self.rows)]
        if not names:
            return "Table of 0 rows"
        wide = [max(len(line[i]) for line in cells) for i in range(len(names))]
        words = [any(isinstance(row.get(name), str) for row in self.rows) for name in names]
        lines = (
            "  ".join(cell.ljust(w) if left else cell.rjust(w) for cell, w, left in zip(line, wide, words, strict=True))
            for line in cells
        )
        return "\n".join(line.rstrip() for line in lines)


def _brief(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)
