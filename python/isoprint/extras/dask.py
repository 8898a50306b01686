"""Features as a lazy `dask.array`, of files or lists of structures: on the cores of one machine or on a cluster.

>>> from isoprint.extras import dask as lazily  # needs dask

dask decides where tasks run and what to do when a worker is lost. A task describes the structures of one chunk; tables
of a fingerprint are made once in every process that does, whatever number of tasks it has.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from isoprint._support.arrays import short_repr
from isoprint._support.jobs import threads
from isoprint._support.parameters import whole
from isoprint.structures.batches import in_batches, one_by_one
from isoprint.structures.frames import is_frame

# Rows of a chunk where nothing is said, in bytes of features.
_CHUNK = 2**26
_XYZ = (".xyz", ".extxyz")


def features(
    frames: Any, descriptor: Any, *, batch: int | None = None, rows: Sequence[int] | None = None, n_jobs: int = 1
) -> Any:
    """Describe structures lazily.

    Parameters
    ----------
    frames : list of paths, sequence of ase.Atoms or alike, or dask.bag.Bag of these
        Files that ase reads, one chunk of rows a file; structures that are here, and are sent to the workers; or a bag,
        whose partitions become chunks.
    descriptor : Descriptor
        A fingerprint that knows its species.
    batch : int, optional
        Structures of a chunk, where they are in a sequence; by default as many as have about 64 MiB of features.
    rows : sequence of int, optional
        How many rows each file or partition has. Files of the XYZ formats are counted if it is not given, by a look at
        their lines. Where it is not known, chunks have no known size, as those of `dask.dataframe`, and
        `compute_chunk_sizes` finds it.
    n_jobs : int
        Threads of a task. Workers of one thread are the rule; with more, one task at a time should run on each.

    Returns
    -------
    dask.array.Array (n_rows, n_features)
        Lazy: rows in the order of the structures. Means, sums and products reduce it chunk by chunk, and it can be
        stored without ever being whole.

    Raises
    ------
    ValueError
        Where the species are not known, or the counts do not fit.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> from isoprint.extras import dask as lazily
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> array = lazily.features([molecule("H2O")] * 100, soap, batch=30)
    >>> array.shape, array.chunks[0]
    ((300, 144), (90, 90, 90, 30))
    >>> mean = array.mean(axis=0).compute()
    """
    delayed, array = _libraries()
    threads(n_jobs)
    n_features, dtype = descriptor.n_features, np.dtype(descriptor.dtype)
    if hasattr(frames, "to_delayed"):
        parts, counts = frames.to_delayed(), None
    elif _are_paths(frames):
        parts = [delayed(_read)(str(path)) for path in frames]
        counts = None if rows is not None else _counted(frames, descriptor)
    else:
        lists = list(_lists(frames, descriptor, batch))
        parts, counts = [delayed(some, traverse=False) for some in lists], [_n_rows(some, descriptor) for some in lists]
    known = _require_counts(rows, len(parts)) if rows is not None else counts
    if not parts:
        return array.zeros((0, n_features), dtype=dtype)
    describe = delayed(_describe, pure=True)
    shapes: Any = [np.nan] * len(parts) if known is None else known
    blocks = [
        array.from_delayed(describe(part, descriptor, n_jobs, n), (n, n_features), dtype=dtype)
        for part, n in zip(parts, shapes, strict=True)
    ]
    return array.concatenate(blocks, allow_unknown_chunksizes=known is None)


def _libraries() -> tuple[Callable[..., Any], Any]:
    try:
        from dask import array
        from dask.delayed import delayed
    except ImportError:
        raise ImportError('isoprint.extras.dask needs dask: pip install "isoprint[dask]"') from None
    return delayed, array


def _are_paths(frames: Any) -> bool:
    return isinstance(frames, (list, tuple)) and bool(frames) and isinstance(frames[0], (str, os.PathLike))


def _lists(frames: Any, descriptor: Any, batch: int | None) -> Iterator[list[Any]]:
    if is_frame(frames) or not isinstance(frames, Sequence) or isinstance(frames, str):
        raise TypeError(
            f"frames is {short_repr(frames)}; give a list of structures, a list of paths, or a dask.bag.Bag of"
            " structures"
        )
    most = None if batch is None else whole("batch", batch, 1)
    rows = max(1, _CHUNK // (8 * max(descriptor.n_features, 1)))
    yield from in_batches(one_by_one(frames), most, rows, descriptor.average is not None)


def _n_rows(structures: list[Any], descriptor: Any) -> int:
    return len(descriptor.rows(structures))


def _require_counts(rows: Sequence[int], n_parts: int) -> list[int]:
    counts = [whole("rows", n) for n in rows]
    if len(counts) != n_parts:
        raise ValueError(f"rows has {len(counts)} entries, and there are {n_parts} parts; give one a file or partition")
    return counts


def _counted(paths: Sequence[Any], descriptor: Any) -> list[int] | None:
    """The rows of files that say their numbers of atoms, where every atom is a row, or every structure is."""
    if descriptor.centers is not None or any(Path(path).suffix not in _XYZ for path in paths):
        return None
    averaged = descriptor.average is not None
    return [sum(1 if averaged else n for n in _atoms(Path(path))) for path in paths]


def _atoms(path: Path) -> Iterator[int]:
    """Numbers of atoms of the structures of an XYZ file."""
    with path.open("rb") as lines:
        for line in lines:
            if not line.strip():
                return
            if not line.strip().isdigit():
                raise ValueError(f"{path} has a line {line[:60]!r}, where a number of atoms belongs; was it cut?")
            n = int(line)
            yield n
            for _ in range(n + 1):
                next(lines, None)


def _read(path: str) -> list[Any]:
    return list(one_by_one(path))


def _describe(structures: Any, descriptor: Any, n_jobs: int, expected: float) -> Any:
    found = descriptor.transform(list(structures), n_jobs=n_jobs)
    if not np.isnan(expected) and len(found) != expected:
        raise ValueError(f"a part has {len(found)} rows, and {int(expected)} were announced; look at rows")
    return found
