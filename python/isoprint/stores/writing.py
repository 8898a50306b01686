"""Features of any number of structures to a store that survives the end of the program that writes it."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isoprint._core import __version__
from isoprint._support.arrays import short_repr
from isoprint._support.jobs import threads
from isoprint._support.output import telling
from isoprint._support.parameters import flag, whole
from isoprint.descriptors._streams import rows_of_a_batch
from isoprint.stores._columns import Arrays, Layout, Store, joined, parts
from isoprint.stores._describing import described, inputs
from isoprint.stores._journal import Batch, Journal
from isoprint.stores._opening import STORES, opened, place_of
from isoprint.stores.parameters import parameters_of
from isoprint.structures.batches import ahead, in_batches, one_by_one

# Batches that wait for the disk, which takes longer at times, while the next is computed.
_WAITING = 2


@dataclass(frozen=True)
class StoredFeatures:
    """What a store holds once all is written.

    Attributes
    ----------
    path : Path
        Where it is.
    n_frames, n_rows, n_features : int
        Structures, rows and columns.
    complete : bool
        Whether the run that writes it has come to its end.

    Examples
    --------
    >>> from isoprint.stores.writing import StoredFeatures
    >>> StoredFeatures("water.npy", n_frames=2, n_rows=6, n_features=144).n_rows
    6
    """

    path: Path
    n_frames: int
    n_rows: int
    n_features: int
    complete: bool = True


def write_features(
    store: str | os.PathLike[str],
    frames: Any,
    descriptor: Any,
    *,
    batch: int | None = None,
    resume: bool = True,
    append: bool = False,
    info: Sequence[str] = (),
    n_jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> StoredFeatures:
    """Describe any number of structures, and write rows to a store, batch after batch.

    Memory does not grow with the number of structures. Structures are read, rows computed and written at the same time.
    A journal beside the store says which batches are safe: where a run was killed, or the power failed, the same call
    goes on and ends with the same bytes.

    Parameters
    ----------
    store : path
        `.zarr`, `.h5` or `.npy`, with arrays `features`, `frame`, `atom` and `species` (of `.npy` each in a file of its
        own, such as `NAME.frame.npy`), or `.parquet`, a folder of files with these columns and one a feature.
    frames : iterable of ase.Atoms or alike, or path
        As for `stream`. To go on after an interrupt they are read from the beginning, and compared with what was
        written.
    descriptor : Descriptor
        A fingerprint that knows its species.
    batch : int, optional
        Structures in a batch; by default as many as have about 64 MiB of features. A structure that is alone in its
        batch and has more is written in parts, each of which is safe once it is there.
    resume : bool
        Whether to go on where an earlier run ended. `False` removes what that wrote.
    append : bool
        Whether to add rows of more structures to a store that is complete, with frames numbered on; parameters must be
        the same. A run that is interrupted goes on by the same call. Not for HDF5, which is put together at the end.
    info : sequence of str
        What to store of `info` of every structure, a number for each, as `info_NAME` for every row; it is NaN where a
        structure does not say it.
    n_jobs : int, optional
        Threads; -1 for all cores. The result does not depend on it.
    progress : callable, optional
        Called with (structures done, rows done) after every batch or part; what it raises ends the work.

    Returns
    -------
    StoredFeatures
        How much there is.

    Raises
    ------
    ValueError
        Where something else is in the way, or an earlier run had other arguments or other structures; then nothing is
        touched.
    OSError
        Where the disk does not take it; what was written is safe, and the same call goes on.

    Examples
    --------
    >>> import tempfile
    >>> import isoprint as ip
    >>> import numpy as np
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     many = (molecule("H2O") for _ in range(1000))
    ...     found = ip.write_features(f"{folder}/water.npy", many, soap)
    ...     features, frame = np.load(f"{folder}/water.npy"), np.load(f"{folder}/water.frame.npy")
    >>> found.n_frames, features.shape, frame[-1]
    (1000, (3000, 144), np.int64(999))
    """
    path = place_of(store)
    if path.suffix not in STORES:
        raise ValueError(f"store is {short_repr(str(store))}; its suffix must be one of {', '.join(STORES)}")
    names = _names(info)
    most = None if batch is None else whole("batch", batch, 1)
    threads(n_jobs)
    layout = Layout(
        descriptor.n_features,
        np.dtype(descriptor.dtype).name,
        list(map(str, descriptor.get_feature_names_out())),
        names,
        parameters_of(descriptor),
    )
    journal = Journal(path.with_name(path.name + ".journal"), _about(layout, frames, most))
    if flag("append", append) and (not flag("resume", resume) or path.suffix in (".h5", ".hdf5")):
        raise ValueError(
            "append adds to what is there, and resume=False removes it; give one of them"
            if not resume
            else f"append cannot add to {path.name}, which was put together at its end; use .zarr, .npy or .parquet"
        )
    try:
        return _written(path, layout, journal, frames, descriptor, most, resume, append, n_jobs, progress)
    finally:
        journal.close()


def _written(
    path: Path,
    layout: Layout,
    journal: Journal,
    frames: Any,
    descriptor: Any,
    most: int | None,
    resume: bool,
    append: bool,
    n_jobs: int | None,
    progress: Callable[[int, int], None] | None,
) -> StoredFeatures:
    """Open the store, and go on where it ends."""
    with telling(path):
        store, written, left = opened(path, layout, journal, resume, append)
    if store is None:
        return StoredFeatures(path, journal.last.frames, journal.last.rows, layout.n_features)
    averaged = descriptor.average is not None
    rows_of_a_part = rows_of_a_batch(layout.n_features)
    batches = in_batches(one_by_one(frames), most, rows_of_a_part, averaged)
    writer = _Writer(path, store, journal, written, left)
    since, safe = journal.base, journal.batches.copy()
    with ThreadPoolExecutor(1) as disk:
        pending: deque[Future[None]] = deque()
        ready = ahead(inputs(batches, layout.info, since.frames))
        for found, rows in described(descriptor, ready, since, safe, rows_of_a_part, n_jobs):
            while len(pending) >= _WAITING:
                pending.popleft().result()
            pending.append(disk.submit(writer.add, found, rows))
            if progress is not None:
                progress(found.frames, found.rows)
        for each in pending:
            each.result()
    return StoredFeatures(path, *writer.finish(), layout.n_features)


def _names(info: Any) -> tuple[str, ...]:
    names = (info,) if isinstance(info, str) else tuple(info)
    for name in names:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"info has {short_repr(name)}; give names of numbers in `info` of the structures")
    return names


def _about(layout: Layout, frames: Any, batch: int | None) -> dict[str, Any]:
    """What a journal is about, as far as it decides over the bytes of a store."""
    columns = hashlib.sha256("\n".join(layout.feature_names).encode()).hexdigest()
    return {
        "isoprint": __version__,
        "descriptor": layout.parameters["descriptor"],
        "parameters": layout.parameters,
        "columns": columns,
        "n_features": layout.n_features,
        "dtype": layout.dtype,
        "info": list(layout.info),
        "batch": batch,
        "source": os.fsdecode(frames) if isinstance(frames, (str, os.PathLike)) else None,
    }


class _Writer:
    """Hands whole steps of rows to a store, and keeps the rest for the next time."""

    def __init__(self, path: Path, store: Store, journal: Journal, written: int, left: Arrays | None) -> None:
        self._path, self._store, self._journal, self._written = path, store, journal, written
        self._left = left
        self._is_broken = False

    def add(self, batch: Batch, rows: Arrays) -> None:
        """Write a batch as far as it fills whole steps, and say that it is safe as far as that.

        Nothing is written behind a batch that could not be written.
        """
        if self._is_broken:
            return
        self._is_broken = True
        known = self._written + (0 if self._left is None else len(self._left["frame"]))
        first = batch.rows - len(rows["frame"])
        if first < known:  # rows that an earlier run has written already
            rows = parts(rows, known - first)[1]
        rows = joined(self._left, rows)
        stop = len(rows["frame"]) // self._store.step * self._store.step
        whole_steps, self._left = parts(rows, stop)
        with telling(self._path, *self._store.problems):
            self._put(whole_steps)
            self._journal.add(batch)
        self._is_broken = False

    def _put(self, rows: Arrays) -> None:
        if len(rows["frame"]):
            self._store.append(rows, self._written)
            self._written += len(rows["frame"])

    def finish(self) -> tuple[int, int]:
        """Write what is left; how many structures and rows there are."""
        with telling(self._path, *self._store.problems):
            if self._left is not None:
                self._put(self._left)
            self._store.finish(self._written)
            self._journal.complete()
        return self._journal.last.frames, self._journal.last.rows
