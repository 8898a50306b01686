"""How much of a store is safe, while it is being written or after it was interrupted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from isoprint.stores._journal import Batch, Journal
from isoprint.stores._opening import STORES, place_of
from isoprint.stores.writing import StoredFeatures


def stored_features(store: str | os.PathLike[str]) -> StoredFeatures:
    """Say how much of a store can be read.

    The rows before `n_rows` are those of the structures before `n_frames`, and of a part of the next where that is so
    large that it is written in parts. They do not change any more; what may be behind them in the arrays is not
    finished. Reading disturbs nobody who writes.

    Parameters
    ----------
    store : path
        Of a store that `write_features` has written, or writes.

    Returns
    -------
    StoredFeatures
        How much there is, and whether that is all.

    Raises
    ------
    ValueError
        Where there is no journal of isoprint beside it.

    Examples
    --------
    >>> import tempfile
    >>> import isoprint as ip
    >>> import numpy as np
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = ip.write_features(f"{folder}/water.npy", [molecule("H2O")] * 10, soap)
    ...     found = ip.stored_features(f"{folder}/water.npy")
    ...     features = np.load(f"{folder}/water.npy", mmap_mode="r")[: found.n_rows]
    >>> found.n_frames, found.complete, features.shape
    (10, True, (30, 144))
    """
    path = place_of(store)
    place = path.with_name(path.name + ".journal")
    if path.suffix not in STORES or not place.is_file():
        raise ValueError(f"store is {str(path)!r}, beside which there is no journal of isoprint")
    journal = Journal(place, {})
    journal.read()
    about = journal.about
    if journal.is_complete:
        return StoredFeatures(path, journal.last.frames, journal.last.rows, int(about.get("n_features", 0)))
    step = _step(path)
    base = journal.base
    safe = [batch for batch in journal.batches if batch.rows <= journal.last.rows // step * step]
    last: Batch = safe[-1] if safe else base
    return StoredFeatures(path, last.frames, last.rows, int(about.get("n_features", 0)), complete=False)


def _step(path: Path) -> int:
    """Rows that are written together."""
    if path.suffix != ".zarr" or not path.exists():
        return 1
    import zarr

    group: Any = zarr.open_group(str(path), mode="r")
    return int(group["frame"].chunks[0])
