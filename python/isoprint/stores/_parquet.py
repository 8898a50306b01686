"""Folders of Parquet files, one a batch, which pandas and polars read as one table."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from isoprint.stores._columns import Arrays, Layout

_PART = re.compile(r"part-(\d{12})\.parquet")


class ParquetStore:
    """A folder with files named by their first row.

    Parameters
    ----------
    path : Path
        Of the folder.
    layout : Layout
        The arrays; every feature becomes a column.
    n_rows : int, optional
        Rows that are kept of an earlier run; a new store by default.
    """

    step = 1

    def __init__(self, path: Path, layout: Layout, n_rows: int | None = None) -> None:
        try:
            import polars
        except ImportError:
            raise ValueError('writing Parquet needs polars: pip install "isoprint[parquet]"') from None
        self._polars: Any = polars
        self.problems: tuple[type[Exception], ...] = (polars.exceptions.PolarsError,)
        self._path, self._names = path, layout.feature_names
        path.mkdir(exist_ok=n_rows is not None)
        for part in path.iterdir():
            known = _PART.fullmatch(part.name)
            if part.name.endswith(".part") or (known and int(known[1]) >= (n_rows or 0)):
                part.unlink()

    @staticmethod
    def step_of(layout: Layout) -> int:
        """Any number of rows can be added."""
        return 1

    @staticmethod
    def missing(path: Path, layout: Layout, n_rows: int) -> str | None:
        """What is not there of so many rows."""
        import polars

        parts = [part for part in path.iterdir() if (known := _PART.fullmatch(part.name)) and int(known[1]) < n_rows]
        try:
            there = int(polars.scan_parquet(parts, glob=False).select(polars.len()).collect().item()) if parts else 0
        except polars.exceptions.PolarsError:
            there = 0
        return None if there == n_rows else f"some of its files ({there} rows are there and whole)"

    def append(self, rows: Arrays, start: int) -> None:
        """Write a file of its own."""
        features = rows["features"]
        columns = {name: values for name, values in rows.items() if name != "features"}
        columns |= {name: features[:, place] for place, name in enumerate(self._names)}
        path = self._path / f"part-{start:012d}.parquet"
        part = path.with_name(path.name + ".part")
        self._polars.DataFrame(columns).write_parquet(part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)

    def finish(self, n_rows: int) -> None:
        """Every file is complete already."""

    def tail(self, start: int, stop: int) -> Arrays:
        """Rows fill steps always."""
        return {}
