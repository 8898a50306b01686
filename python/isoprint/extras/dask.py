"""Features as a lazy `dask.array`, reductions and fits, of files or lists of structures: on one machine or a cluster.

>>> from isoprint.extras import dask as lazily  # needs dask

dask decides where tasks run and what to do when a worker is lost. A task describes the structures of one part. The
fingerprint is sent once to every worker, and its tables are made there once, whatever number of tasks it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, TypeVar

import numpy as np

from isoprint._support.arrays import short_repr
from isoprint._support.jobs import threads
from isoprint._support.parameters import whole
from isoprint.extras._dask_fit import fit
from isoprint.extras._dask_parts import Bundle, are_paths, counted, libraries, name_of, opened, parts_of
from isoprint.reductions.reducer import Reducer, told_of
from isoprint.reductions.reducing import begin, listed, one_pass, require_new

__all__ = ["features", "fit", "reduce", "reduce_rows"]

Reducers = TypeVar("Reducers", bound=Reducer | Mapping[Any, Reducer])

# Reducers that one task merges.
_MERGED = 8


def features(
    frames: Any, descriptor: Any, *, batch: int | None = None, rows: Sequence[int] | None = None, n_jobs: int = 1
) -> Any:
    """Describe structures lazily.

    Parameters
    ----------
    frames : list of paths, sequence of ase.Atoms or alike, dask.bag.Bag of these, or list of Delayed
        Files that ase reads, one chunk of rows a file; structures that are here, and are sent to the workers; or a bag,
        or lists of structures that were delayed, each of which becomes a chunk.
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
        Where the species are not known, the counts do not fit, or a file ends in the middle of a structure; it names
        the file.

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
    delayed, array, _ = libraries()
    threads(n_jobs)
    n_features, dtype, averaged = descriptor.n_features, np.dtype(descriptor.dtype), descriptor.average is not None
    parts = parts_of(frames, n_features, averaged, batch)
    known = _known_rows(frames, parts, descriptor) if rows is None else _require_counts(rows, len(parts))
    if not parts:
        return array.zeros((0, n_features), dtype=dtype)
    describe, shipped = delayed(_describe, pure=False), delayed(descriptor, pure=False, traverse=False)
    shapes: Any = [np.nan] * len(parts) if known is None else known
    blocks = [
        array.from_delayed(describe(part, shipped, n_jobs, n), (n, n_features), dtype=dtype)
        for part, n in zip(parts, shapes, strict=True)
    ]
    return array.concatenate(blocks, allow_unknown_chunksizes=known is None)


def reduce(frames: Any, descriptor: Any, reducers: Reducers, *, batch: int | None = None, n_jobs: int = 1) -> Reducers:
    """Reduce the features of structures by reducers, each task a share of them, and merge what tasks have found.

    No features travel: a task sends its reducers, which are merged eight at a time, in the order of the structures, by
    further tasks. The work is done when this returns, on the cluster of the `distributed.Client` that is open, or by
    threads of this process.

    Parameters
    ----------
    frames : list of paths, sequence of ase.Atoms or alike, dask.bag.Bag of these, or list of Delayed
        As for `features`; a file is read in pieces, and is one task however large it is.
    descriptor : Descriptor
        A fingerprint that knows its species.
    reducers : Reducer, or mapping of these
        As for `isoprint.reduce`. Those that need several passes go through all structures as often.
    batch : int, optional
        Structures that are described at once, and of a task where they are in a sequence.
    n_jobs : int
        Threads of a task. Workers of one thread are the rule; with more, one task at a time should run on each.

    Returns
    -------
    Reducer, or mapping of these
        What was given, with what was seen: that of `isoprint.reduce` to rounding.

    Raises
    ------
    ValueError
        As `isoprint.reduce`; what concerns a file names it.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> from isoprint.extras import dask as lazily
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> moments = lazily.reduce([molecule("H2O")] * 100, soap, ip.reductions.Moments(), batch=30)
    >>> moments.count, moments.mean.shape
    (300, (144,))
    """
    delayed, _, compute = libraries()
    chosen = listed(reducers)
    require_new(chosen)
    threads(n_jobs)
    parts = parts_of(frames, descriptor.n_features, descriptor.average is not None, batch)
    shipped = delayed(descriptor, pure=False, traverse=False)
    if any(one.needs_rereading for one in chosen):
        _begin(parts, shipped, chosen, delayed, compute)
    active = chosen
    while active:
        empties = delayed([one.empty() for one in active], pure=False, traverse=False)
        share = delayed(_share, pure=False)
        _gather([share(part, shipped, empties, batch, n_jobs) for part in parts], active, delayed, compute)
        active = [one for one in active if one.end_pass()]
    return reducers


def reduce_rows(array: Any, reducers: Reducers) -> Reducers:
    """Reduce the rows of a `dask.array`, chunk by chunk: those of features that are lazy, or in a store.

    Parameters
    ----------
    array : dask.array.Array (n_rows, n_features)
        Chunks along rows alone; those along columns are joined.
    reducers : Reducer, or mapping of these
        As for `reduce`; nothing is known of the frames and atoms of rows.

    Returns
    -------
    Reducer, or mapping of these
        What was given, with what was seen.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> from isoprint.extras import dask as lazily
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> array = lazily.features([molecule("H2O"), molecule("OH")] * 50, soap, batch=30)
    >>> lazily.reduce_rows(array, ip.reductions.PrincipalComponents(2)).explained_variance.shape
    (2,)
    """
    delayed, _, compute = libraries()
    chosen = listed(reducers)
    require_new(chosen)
    if getattr(array, "ndim", None) != 2 or not hasattr(array, "to_delayed"):
        raise TypeError(f"array is {short_repr(array)}; give a dask.array.Array of shape (n_rows, n_features)")
    blocks = array.rechunk({1: -1}).to_delayed()[:, 0].tolist()
    active = chosen
    while active:
        empties = delayed([one.empty() for one in active], pure=False, traverse=False)
        _gather([delayed(_of_rows, pure=False)(block, empties) for block in blocks], active, delayed, compute)
        active = [one for one in active if one.end_pass()]
    return reducers


def _known_rows(frames: Any, parts: list[Any], descriptor: Any) -> list[int] | None:
    averaged = descriptor.average is not None
    if are_paths(frames):
        return counted(frames, averaged) if averaged or descriptor.centers is None else None
    if not all(isinstance(part, Bundle) for part in parts):
        return None
    return [len(descriptor.rows(part.frames())) for part in parts]


def _require_counts(rows: Sequence[int], n_parts: int) -> list[int]:
    counts = [whole("rows", n) for n in rows]
    if len(counts) != n_parts:
        raise ValueError(f"rows has {len(counts)} entries, and there are {n_parts} parts; give one a file or partition")
    return counts


def _begin(parts: list[Any], shipped: Any, reducers: list[Reducer], delayed: Any, compute: Any) -> None:
    """Show the first rows to those that ask for them; parts without any are passed over."""
    for part in parts:
        ((has_begun, then),) = compute(delayed(_begun, pure=False)(part, shipped, reducers))
        if has_begun:
            for one, own in zip(reducers, then, strict=True):
                vars(one).update(vars(own))
            return


def _gather(shares: list[Any], reducers: list[Reducer], delayed: Any, compute: Any) -> None:
    """Merge what tasks have found, some at a time, in their order, and take it."""
    if not shares:
        return
    merge = delayed(_merged, pure=False)
    while len(shares) > 1:
        shares = [merge(shares[start : start + _MERGED]) for start in range(0, len(shares), _MERGED)]
    (found,) = compute(shares[0])
    for one, own in zip(reducers, found, strict=True):
        one.merge(own, follows=True)


# What workers do.


def _describe(part: Any, descriptor: Any, n_jobs: int, expected: float) -> Any:
    structures = list(opened(part))
    with told_of(name_of(part)):
        found = descriptor.transform(structures, n_jobs=n_jobs)
    if not np.isnan(expected) and len(found) != expected:
        raise ValueError(
            f"{name_of(part)} has {len(found)} rows, and {int(expected)} were announced; look at rows, or at the file"
        )
    return found


def _begun(part: Any, descriptor: Any, reducers: list[Reducer]) -> tuple[bool, list[Reducer]]:
    then = [copy(one) for one in reducers]
    with told_of(name_of(part)):
        return begin(opened(part), descriptor, then), then


def _share(part: Any, descriptor: Any, empties: list[Reducer], batch: int | None, n_jobs: int) -> list[Reducer]:
    own = [one.empty() for one in empties]
    with told_of(name_of(part)):
        one_pass(opened(part), descriptor, own, (0, 0), False, batch, n_jobs)
    return own


def _of_rows(block: Any, empties: list[Reducer]) -> list[Reducer]:
    return [one.empty().add(block) for one in empties]


def _merged(shares: list[list[Reducer]]) -> list[Reducer]:
    first, *others = shares
    # What came from a worker may be needed again, if another one is lost.
    total = [one.empty().merge(one, follows=True) for one in first]
    for share in others:
        for one, own in zip(total, share, strict=True):
            one.merge(own, follows=True)
    return total
