"""Structures as they come: from lists, iterators and files, some at a time, the next read while some are worked on."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from isoprint._support.arrays import short_repr
from isoprint.structures.frames import Packed, is_frame, pack
from isoprint.structures.reading import read_frames
from isoprint.structures.snapshots import Snapshot

# Batches that wait to be worked on while the next is read.
_AHEAD = 2
# Seconds after which a thread that reads looks whether anybody still waits for it.
_PATIENCE = 0.2

Item = TypeVar("Item")


def one_by_one(frames: Any) -> Iterator[Any]:
    """Every structure of a sequence, an iterator, or a file.

    Parameters
    ----------
    frames : ase.Atoms or alike, or an iterable of these, or a path
        Structures of an iterator are copied, since it may change them afterwards.

    Yields
    ------
    ase.Atoms or alike
        One structure after the other.
    """
    if isinstance(frames, (str, os.PathLike)):
        yield from read_frames(frames)
    elif is_frame(frames):
        yield frames
    elif isinstance(frames, (list, tuple)):
        yield from frames
    elif isinstance(frames, Iterable):
        for frame in frames:
            yield Snapshot.of(frame) if hasattr(frame, "positions") and hasattr(frame, "numbers") else frame
    else:
        raise TypeError(
            f"frames is {short_repr(frames)}; give structures (such as ase.Atoms) in a list or from an iterator, or the"
            " path of a file"
        )


def in_batches(frames: Iterable[Any], most: int | None, rows: int, averaged: bool) -> Iterator[list[Any]]:
    """Lists of structures.

    Parameters
    ----------
    frames : iterable
        One structure after the other.
    most : int, optional
        Structures in a list; by default as many as have so many rows.
    rows : int
        Rows that end a list where `most` is not given; a structure that has more by itself is in a list of its own.
    averaged : bool
        Whether a structure has one row, and not one an atom.

    Yields
    ------
    list
        At least one structure.
    """
    held: list[Any] = []
    n_rows = 0
    for frame in frames:
        own = 1 if averaged else len(getattr(frame, "positions", frame))
        if held and most is None and own > rows:
            yield held
            held, n_rows = [], 0
        held.append(frame)
        n_rows += own
        if len(held) == most or (most is None and n_rows >= rows):
            yield held
            held, n_rows = [], 0
    if held:
        yield held


@contextmanager
def told_from(first: int) -> Iterator[None]:
    """Errors say of which batch they count the frames.

    Parameters
    ----------
    first : int
        The first frame of the batch.
    """
    try:
        yield
    except (TypeError, ValueError) as problem:
        if first == 0 or type(problem) not in (TypeError, ValueError):
            raise
        raise type(problem)(f"{problem} (of a batch whose frame 0 is frame {first} of all)") from None


def packed(batches: Iterable[list[Any]]) -> Iterator[Packed]:
    """The same lists as flat arrays: what takes Python a while is done where they are made, in a thread that reads.

    Parameters
    ----------
    batches : iterable of lists
        Of structures.

    Yields
    ------
    Packed
        As many structures.
    """
    first = 0
    for structures in batches:
        with told_from(first):
            found = Packed(pack(structures))
        yield found
        first += len(structures)


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items, the next of which are made in a thread while one is worked on; errors arrive in their place.

    Parameters
    ----------
    items : iterator
        Whose items take time, as those that are read from a file do.

    Yields
    ------
    object
        An item.
    """
    waiting: queue.Queue[tuple[str, Any]] = queue.Queue(_AHEAD)
    nobody_waits = threading.Event()

    def hand_over(kind: str, what: Any) -> bool:
        while not nobody_waits.is_set():
            try:
                waiting.put((kind, what), timeout=_PATIENCE)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for item in items:
                if not hand_over("item", item):
                    return
        except BaseException as problem:  # whatever it is, it is the caller's
            hand_over("error", problem)
            return
        hand_over("end", None)

    reader = threading.Thread(target=read, name="isoprint reads ahead", daemon=True)
    reader.start()
    try:
        yield from _received(waiting.get)
    finally:
        nobody_waits.set()
        reader.join()


def _received(get: Callable[[], tuple[str, Any]]) -> Iterator[Any]:
    while True:
        kind, what = get()
        if kind == "error":
            raise what
        if kind == "end":
            return
        yield what
