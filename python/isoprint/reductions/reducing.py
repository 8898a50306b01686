"""Reductions of streams: features of any number of structures, of which none is kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, TypeVar

from isoprint._support.arrays import short_repr
from isoprint._support.blas import single_threaded
from isoprint._support.interrupts import uninterrupted
from isoprint._support.jobs import threads
from isoprint._support.parameters import flag
from isoprint.reductions._places import places_of
from isoprint.reductions.reducer import Reducer
from isoprint.structures.batches import one_by_one
from isoprint.structures.frames import is_frame

Reducers = TypeVar("Reducers", bound=Reducer | Mapping[Any, Reducer])


def reduce(
    frames: Any,
    descriptor: Any,
    reducers: Reducers,
    *,
    batch: int | None = None,
    resume: bool = False,
    n_jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Reducers:
    """Describe any number of structures, and keep sums, samples or the like of their features, but no features.

    Parameters
    ----------
    frames : iterable of ase.Atoms or alike, or path
        As for `stream`. Reducers that need several passes want structures that can be read again: a sequence or a file.
    descriptor : Descriptor
        A fingerprint that knows its species.
    reducers : Reducer, or mapping of these
        What to keep, such as `reductions.Moments()`; several share every pass. One that has seen rows goes on: these
        structures follow those.
    batch : int, optional
        Structures in a batch; by default as many as have about 64 MiB of features. The result does not depend on it
        beyond rounding.
    resume : bool
        Whether these are the same structures again, of which those that were seen in this pass are passed over: after
        an interrupt, or with a reducer from a file.
    n_jobs : int, optional
        Threads; -1 for all cores.
    progress : callable, optional
        Called with (structures seen, rows seen), in this pass, after every batch; what it raises ends the work. What
        was seen stays in the reducers.

    Returns
    -------
    Reducer, or mapping of these
        What was given, with what was seen.

    Raises
    ------
    ValueError
        Where features are not finite, where the species are not known, or where a generator was given to a reducer that
        needs several passes.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> many = (molecule("H2O") for _ in range(1000))
    >>> found = ip.reduce(many, soap, {"mean": ip.reductions.Moments(), "map": ip.reductions.PrincipalComponents(2)})
    >>> found["mean"].count, found["map"].components.shape
    (3000, (2, 144))
    """
    chosen = listed(reducers)
    threads(n_jobs)
    again = flag("resume", resume)
    if not _can_be_reread(frames) and any(one.needs_rereading for one in chosen):
        several = ", ".join(sorted({type(one).__name__ for one in chosen if one.needs_rereading}))
        raise ValueError(
            f"frames is {short_repr(frames)}, which can be read once, and {several} needs several passes; give a list"
            " or a file, or take Cover for a sample, and MiniBatchKMeans of scikit-learn for clusters"
        )
    if not again:
        require_new(chosen)
    active = [one for one in chosen if not one.is_done]
    seen = _least_seen(active) if again else _seen(active)
    while active:
        if any(one.needs_rereading and not one.n_rows for one in active):
            begin(frames, descriptor, active)
        one_pass(frames, descriptor, active, seen, again, batch, n_jobs, progress)
        active = [one for one in active if one.end_pass()]
        seen, again = (0, 0), False
    return reducers


def listed(reducers: Any) -> list[Reducer]:
    """The reducers that were given, or an error."""
    given = list(reducers.values()) if isinstance(reducers, Mapping) else [reducers]
    for one in given:
        if isinstance(one, type) or not isinstance(one, Reducer):
            raise TypeError(
                f"reducers has {short_repr(one)}; give one of isoprint.reductions, such as Moments(), or a mapping of"
                " these"
            )
    if not given:
        raise ValueError("reducers is an empty mapping; give one at least")
    if len({id(one) for one in given}) < len(given):
        raise ValueError("reducers has one and the same reducer twice, whose rows would count twice")
    return given


def require_new(reducers: Sequence[Reducer]) -> None:
    """Refuse those that need several passes and are in the midst of them."""
    for one in reducers:
        if one.needs_rereading and (one.n_rows or getattr(one, "n_passes", 0)):
            raise ValueError(
                f"{one!r} has begun with other structures; take a new one, or resume=True with the same structures"
            )


def begin(frames: Any, descriptor: Any, reducers: Sequence[Reducer]) -> bool:
    """Show the first rows to those that need them before all others; say whether there are any rows."""
    with closing(descriptor.stream(frames, batch=1, n_jobs=1)) as stream:
        for features, rows in stream:
            if len(features):
                for one in reducers:
                    one._begin(one._checked(features), places_of(rows, len(features), 0))
                return True
    return False


def one_pass(
    frames: Any,
    descriptor: Any,
    reducers: Sequence[Reducer],
    seen: tuple[int, int],
    again: bool,
    batch: int | None,
    n_jobs: int | None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Show all rows of frames to the reducers, after so many frames and rows; or pass over those that each has seen."""
    passed = seen[0] if again else 0
    rest: Any = islice(one_by_one(frames), passed, None) if passed else frames
    with single_threaded(), closing(descriptor.stream(rest, batch=batch, n_jobs=n_jobs)) as stream:
        for features, rows in stream:
            places = places_of(rows, len(features), 0).after(*seen)
            with uninterrupted():
                for one in reducers:
                    if again and places.index.min(initial=one.n_rows) < one.n_rows:
                        new = places.index >= one.n_rows
                        one.add(features[new], places.some(new))
                    else:
                        one.add(features, places)
            if progress is not None:
                progress(reducers[0].n_frames, reducers[0].n_rows)


def _can_be_reread(frames: Any) -> bool:
    if isinstance(frames, (str, os.PathLike)) or is_frame(frames):
        return True
    return not isinstance(frames, Iterator) and isinstance(frames, (Sequence, Iterable))


def _seen(reducers: Sequence[Reducer]) -> tuple[int, int]:
    """Frames and rows that all of them have seen."""
    found = {(one.n_frames, one.n_rows) for one in reducers} or {(0, 0)}
    if len(found) > 1:
        told = ", ".join(f"{type(one).__name__} {one.n_frames}" for one in reducers)
        raise ValueError(f"the reducers have seen different numbers of frames ({told}); give each to a call of its own")
    return found.pop()


def _least_seen(reducers: Sequence[Reducer]) -> tuple[int, int]:
    """Frames and rows that all of them have seen as a whole."""
    return min((one._settled for one in reducers), default=(0, 0))
