"""Stores that are begun, gone on with, or added to, and what stands in the way of that."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from isoprint._support.output import require_place
from isoprint.stores._columns import Arrays, Layout, Store
from isoprint.stores._hdf5 import Hdf5Store, folder_of
from isoprint.stores._journal import Journal
from isoprint.stores._npy import NpyStore
from isoprint.stores._parquet import ParquetStore
from isoprint.stores._zarr import ZarrStore

STORES: dict[str, Any] = {
    ".npy": NpyStore,
    ".zarr": ZarrStore,
    ".h5": Hdf5Store,
    ".hdf5": Hdf5Store,
    ".parquet": ParquetStore,
}


def place_of(store: str | os.PathLike[str]) -> Path:
    """Where the rows are, whatever name leads there: the journal is beside them.

    Parameters
    ----------
    store : path
        As it was given.
    """
    path = Path(os.fsdecode(store))
    return path.resolve() if path.is_symlink() else path


def opened(
    path: Path, layout: Layout, journal: Journal, resume: bool, append: bool
) -> tuple[Store | None, int, Arrays | None]:
    """Open a store for more rows, once it is sure that it may be.

    Parameters
    ----------
    path : Path
        Of the store.
    layout : Layout
        The arrays.
    journal : Journal
        Of this call; it is locked, and stays so.
    resume, append : bool
        As for `write_features`.

    Returns
    -------
    store : Store or None
        `None` where all is done.
    written : int
        Rows that stay.
    left : dict or None
        Rows behind these that are to be written again.
    """
    kind = STORES[path.suffix]
    place = path.with_name(path.name + ".journal")
    if place.exists():
        journal.lock()
    if place.exists() and resume:
        journal.resume(append)
        if journal.is_complete:
            _require_all(kind, path, layout, journal.last.rows)
            if not append:
                return None, 0, None
            journal.go_on()
        elif journal.base.frames and not append:
            raise ValueError(
                f"structures were being added to {path.name}, and that was interrupted; the same call, with"
                " append=True, goes on"
            )
        base = journal.base.rows
        store = _kept(kind, path, layout, journal.last.rows, base)
        written = journal.last.rows // store.step * store.step
        journal.back_to(sum(batch.rows <= written for batch in journal.batches))
        return store, written, store.tail(written, base) if written < base else None
    if place.exists():
        remove(path)
        journal.close()
    elif path.exists():
        raise ValueError(
            f"store is {str(path)!r}, where there is something without a journal of isoprint; nothing was touched: move"
            " it, or give another name"
        )
    require_place(place)
    journal.begin()
    return kind(path, layout), 0, None


def _require_all(kind: Any, path: Path, layout: Layout, n_rows: int) -> None:
    """Raise where a store is not there, or not all of it."""
    lost = "the store" if not path.exists() else kind.missing(path, layout, n_rows)
    if lost:
        raise ValueError(
            f"{path}.journal says that {n_rows} rows are safe in {path.name}, but {lost} is missing; bring it back, or"
            " give resume=False to start anew"
        )


def _kept(kind: Any, path: Path, layout: Layout, n_rows: int, base: int) -> Store:
    """A store of which whole steps of so many rows are kept, and all before `base`; a new one where there are none."""
    if n_rows == 0:
        _remove_arrays(path)
        fresh: Store = kind(path, layout)
        return fresh
    step = kind.step_of(layout)
    n_kept = max(n_rows // step * step, base)
    if n_kept:
        _require_all(kind, folder_of(path) / "features.npy" if kind is Hdf5Store else path, layout, n_kept)
    opened: Store = kind(path, layout, n_kept)
    return opened


def remove(path: Path) -> None:
    """Remove a store and its journal, the journal last.

    Parameters
    ----------
    path : Path
        Of the store.
    """
    _remove_arrays(path)
    path.with_name(path.name + ".journal").unlink(missing_ok=True)


def _remove_arrays(path: Path) -> None:
    beside = list(path.parent.glob(f"{path.stem}.*.npy")) if path.suffix == ".npy" else []
    for place in (path, folder_of(path), *beside):
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
