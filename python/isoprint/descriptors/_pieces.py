"""Jacobians of many frames, into an array of the user, and piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint._support.arrays import require_writable
from isoprint._support.progress import Report, reporting
from isoprint.descriptors.derivatives import Derivatives
from isoprint.structures.centers import Centers
from isoprint.structures.frames import Frames

# Bytes of the blocks of one piece for each thread, unless a user says otherwise: what caches hold is quickly written
# again, and as many rows of thousands of features keep a thread busy for milliseconds.
PIECE = 1 << 24
_MOST_THREADS = 64
# Centers of a large frame whose blocks are counted together.
_COUNTED = 4096
_WHOLE = (0, 0)


def require_blocks(out: Any, n_features: int, dtypes: tuple[str, ...]) -> None:
    """Raise where blocks of so many features cannot be written into `out`; how many there are is seen later."""
    expected = f"a C-contiguous numpy array of shape (n_blocks or more, 3, {n_features})"
    if not isinstance(out, np.ndarray) or out.shape[1:] != (3, n_features):
        found = f"an array of shape {out.shape}" if isinstance(out, np.ndarray) else f"a {type(out).__name__}"
        raise ValueError(f"out is {found}, expected {expected}")
    require_writable(out, dtypes)
    if not (out.flags.c_contiguous and out.flags.aligned):
        raise ValueError(f"out has gaps between its entries (strides {out.strides}), expected {expected}")


def leading(out: NDArray[Any], n_blocks: int, *shape: int) -> NDArray[Any]:
    """The first blocks of an array that has room for so many; the compiled module says the same."""
    if len(out) < n_blocks:
        raise ValueError(
            f"out has room for {len(out)} blocks of derivatives, but there are {n_blocks}; pass an array of shape"
            f" {(n_blocks, *shape)}, or one of more blocks"
        )
    return out[:n_blocks]


def computed(call: Any, out: NDArray[Any] | None, progress: Report | bool | None) -> list[Derivatives]:
    """The derivatives of every frame of a call, in one array."""
    with reporting(progress) as report:
        found = call.compiled.core.derivatives(
            call.frames,
            call.centers,
            out=None if out is None else out.view(np.ndarray),
            average=call.compiled.average,
            dtype=call.compiled.dtype,
            prepared=None,
            first=_WHOLE,
            threads=call.threads,
            progress=report,
        )
    values = found[0]
    if out is not None:
        values = out if len(out) == len(values) else leading(out, *values.shape)
    return _of_frames((values, *found[1:]), _Piece(call.frames, call.centers), call.compiled.average)


class _Piece(NamedTuple):
    """Some of the rows of a call: frames and centers, and what their first ones are counted as."""

    frames: Frames
    centers: Centers
    frame: int = 0
    """Place of the first frame among all."""
    row: int = 0
    """The first row among all."""
    center: int = 0
    """Place of the first center among those of its frame."""
    prepared: Any = None
    """What the neighbor search has made of the frames."""


def _of_frames(found: tuple[Any, ...], piece: _Piece, average: str | None) -> list[Derivatives]:
    """Blocks of several frames, one after the other, as blocks of each."""
    values, row, atom, starts = found
    if piece.frames.n_frames == 1:
        n_rows = 1 if average else len(piece.centers.atom)
        return [Derivatives(values, row, atom, n_rows, piece.frames.n_atoms, piece.frame, piece.row)]
    rows = np.arange(piece.frames.n_frames + 1) if average else piece.centers.offsets
    each = zip(*(offsets.tolist() for offsets in (rows, starts[rows], piece.frames.offsets)), strict=True)
    derivatives = []
    for place, ((first_row, start, first_atom), (next_row, stop, next_atom)) in enumerate(pairwise(each)):
        own, n_rows, n_atoms = slice(start, stop), next_row - first_row, next_atom - first_atom
        counted = n_rows, n_atoms, piece.frame + place, piece.row + first_row
        derivatives.append(Derivatives(values[own], row[own], atom[own], *counted))
    return derivatives


def piece_by_piece(call: Any, max_bytes: int | None, progress: Report | bool | None) -> Iterator[list[Derivatives]]:
    """The derivatives of a call, so many bytes at a time; nothing of a piece is held on to once it was yielded."""
    compiled = call.compiled
    if max_bytes is None:
        max_bytes = PIECE * min(call.threads or _core.get_num_threads(), _MOST_THREADS)
    # Some fingerprints compute more columns than they have.
    n_computed = getattr(compiled.core, "n_computed", compiled.core.n_features)
    size = 3 * n_computed * np.dtype(compiled.dtype).itemsize
    done, n_centers = 0, len(call.centers.atom)
    with reporting(progress) as report:
        for piece in _pieces(call, max(1, max_bytes // max(size, 1))):
            yield _computed_piece(call, piece, _later(report, done, len(piece.centers.atom), n_centers))
            done += len(piece.centers.atom)


def _computed_piece(call: Any, piece: _Piece, report: Report | None) -> list[Derivatives]:
    found = call.compiled.core.derivatives(
        piece.frames,
        piece.centers,
        out=None,
        average=call.compiled.average,
        dtype=call.compiled.dtype,
        prepared=piece.prepared,
        first=(piece.frame, piece.center),
        threads=call.threads,
        progress=report,
    )
    return _of_frames(found, piece, call.compiled.average)


def _later(report: Report | None, done: int, n: int, n_all: int) -> Report | None:
    """A report on `n` of all rows, as part of the report on all of them."""
    if report is None:
        return None

    def later(part: int, parts: int) -> None:
        report(done + part * n // max(parts, 1), n_all)

    return later


def _pieces(call: Any, most: int) -> Iterator[_Piece]:
    """Small frames together, and large ones in parts, so that no piece has more blocks than `most` if that can be."""
    frames, centers, average = call.frames, call.centers, call.compiled.average
    n_rows = np.ones(frames.n_frames, np.int64) if average else np.diff(centers.offsets)
    bounds = (n_rows * np.diff(frames.offsets)).tolist()
    first, total = 0, 0
    for frame, bound in enumerate(bounds):
        if total + bound > most:
            if first < frame:
                yield _frames_of(call, first, frame)
            first, total = frame, 0
        if bound > most and not average:
            yield from _parts(call, _frames_of(call, frame, frame + 1), most)
            first = frame + 1
        else:
            total += bound
    if first < len(bounds):
        yield _frames_of(call, first, len(bounds))


def _frames_of(call: Any, first: int, stop: int) -> _Piece:
    frames, centers = call.frames, call.centers
    atoms = slice(int(frames.offsets[first]), int(frames.offsets[stop]))
    some = Frames(
        frames.positions[atoms],
        frames.numbers[atoms],
        frames.cells[first:stop],
        frames.pbc[first:stop],
        frames.offsets[first : stop + 1] - atoms.start,
    )
    start, end = int(centers.offsets[first]), int(centers.offsets[stop])
    rows = Centers(centers.offsets[first : stop + 1] - start, *_rows_of(centers, start, end))
    return _Piece(some, rows, first, first if call.compiled.average else start)


def _parts(call: Any, whole: _Piece, most: int) -> Iterator[_Piece]:
    """Stretches of the rows of one frame, in which neighbors are searched with one grid."""
    core, options = call.compiled.core, {"threads": call.threads, "first": (whole.frame, 0)}
    prepared = core.prepare(whole.frames, **options)
    n = len(whole.centers.atom)

    def part(start: int, stop: int) -> _Piece:
        centers = Centers(np.array([0, stop - start]), *_rows_of(whole.centers, start, stop))
        return whole._replace(centers=centers, row=whole.row + start, center=start, prepared=prepared)

    start = 0
    while start < n:
        stop = min(start + _COUNTED, n)
        counted = part(start, stop)
        starts = core.block_starts(
            counted.frames,
            counted.centers,
            average=None,
            prepared=prepared,
            first=(whole.frame, start),
            threads=call.threads,
        )
        at = 0
        while at < stop - start:
            beyond = max(at + 1, int(np.searchsorted(starts, starts[at] + most, side="right")) - 1)
            if at and start + beyond == stop < n:
                break  # rows that are not counted yet may belong to it
            yield part(start + at, start + beyond)
            at = beyond
        start += at


def _rows_of(centers: Centers, start: int, stop: int) -> tuple[Any, Any]:
    return centers.atom[start:stop], None if centers.points is None else centers.points[start:stop]
