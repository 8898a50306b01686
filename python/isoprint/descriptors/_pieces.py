"""Jacobians of many frames, into an array of the user, and piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint._support.arrays import require_writable, short_repr
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


class Deformations(NamedTuple):
    """Deformations of whole frames that rows are differentiated by as well: arrays to write into, or `True`."""

    strain: Any = False
    cell: Any = False

    def wanted(self) -> list[str]:
        """Those that are asked for."""
        return [name for name, given in zip(self._fields, self, strict=True) if given is not False]

    def outputs(self) -> dict[str, NDArray[Any]]:
        """The arrays of the user, by name."""
        return {name: getattr(self, name) for name in self.wanted() if getattr(self, name) is not True}


_NO_DEFORMATIONS = Deformations()


def require_deformation(name: str, given: Any, shape: tuple[int, ...], dtypes: tuple[str, ...]) -> None:
    """Raise where a deformation is neither wanted or not, nor an array that it can be written into."""
    if isinstance(given, bool):
        return
    expected = f"True, False, or a C-contiguous numpy array of shape {shape}: one row a row of transform"
    if not isinstance(given, np.ndarray) or given.shape != shape:
        found = f"an array of shape {given.shape}" if isinstance(given, np.ndarray) else short_repr(given)
        raise ValueError(f"{name} is {found}, expected {expected}")
    require_writable(given, dtypes)
    if not (given.flags.c_contiguous and given.flags.aligned):
        raise ValueError(f"{name} has gaps between its entries (strides {given.strides}), expected {expected}")


def computed(
    call: Any, out: NDArray[Any] | None, progress: Report | bool | None, deformations: Deformations = _NO_DEFORMATIONS
) -> list[Derivatives]:
    """The derivatives of every frame of a call, in one array."""
    piece = _Piece(call.frames, call.centers)
    with reporting(progress) as report:
        found, deformed = _blocks_and_deformed(call, piece, out, report, deformations)
    values = found[0]
    if out is not None:
        values = out if len(out) == len(values) else leading(out, *values.shape)
    return _of_frames((values, *found[1:]), deformed, piece, call.compiled.average)


def _blocks_and_deformed(
    call: Any, piece: _Piece, out: NDArray[Any] | None, report: Report | None, deformations: Deformations
) -> tuple[tuple[Any, ...], dict[str, NDArray[Any]]]:
    """Blocks of the Jacobian, and derivatives by each deformation that is asked for."""
    core = call.compiled.core
    wanted = [] if deformations is _NO_DEFORMATIONS else deformations.wanted()
    options: dict[str, Any] = {
        "average": call.compiled.average,
        "dtype": call.compiled.dtype,
        "first": (piece.frame, piece.center),
        "threads": call.threads,
    }
    prepared = piece.prepared
    if wanted and prepared is None:
        prepared = core.prepare(piece.frames, first=(piece.frame, piece.center), threads=call.threads)

    def part(place: int) -> Report | None:
        return share(report, place, 1 + len(wanted))

    plain = None if out is None else out.view(np.ndarray)
    found = core.derivatives(piece.frames, piece.centers, out=plain, prepared=prepared, progress=part(0), **options)
    deformed: dict[str, NDArray[Any]] = {}
    for place, name in enumerate(wanted):
        given = getattr(deformations, name)
        target = None if given is True else given.view(np.ndarray).reshape(len(given), 9, core.n_features)
        rows = core.deformed(
            piece.frames, piece.centers, name, out=target, prepared=prepared, progress=part(1 + place), **options
        )
        deformed[name] = rows.reshape(len(rows), 3, 3, core.n_features) if given is True else given
    return found, deformed


def share(report: Report | None, place: int, n: int) -> Report | None:
    """A report on one part of the work of `n`, as part of the report on all of it."""
    if report is None or n == 1:
        return report

    def part(done: int, total: int) -> None:
        report((place * total + done) // n, total)

    return part


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


def _of_frames(
    found: tuple[Any, ...], deformed: dict[str, Any], piece: _Piece, average: str | None
) -> list[Derivatives]:
    """Blocks of several frames, one after the other, as blocks of each."""
    values, row, atom, starts = found
    if piece.frames.n_frames == 1:
        n_rows = 1 if average else len(piece.centers.atom)
        return [Derivatives(values, row, atom, n_rows, piece.frames.n_atoms, piece.frame, piece.row, **deformed)]
    rows = np.arange(piece.frames.n_frames + 1) if average else piece.centers.offsets
    each = zip(*(offsets.tolist() for offsets in (rows, starts[rows], piece.frames.offsets)), strict=True)
    derivatives = []
    for place, ((first_row, start, first_atom), (next_row, stop, next_atom)) in enumerate(pairwise(each)):
        own, n_rows, n_atoms = slice(start, stop), next_row - first_row, next_atom - first_atom
        counted = n_rows, n_atoms, piece.frame + place, piece.row + first_row
        rows_of_frame = {name: rows[first_row:next_row] for name, rows in deformed.items()}
        derivatives.append(Derivatives(values[own], row[own], atom[own], *counted, **rows_of_frame))
    return derivatives


def piece_by_piece(
    call: Any,
    max_bytes: int | None,
    progress: Report | bool | None,
    deformations: Deformations = _NO_DEFORMATIONS,
) -> Iterator[list[Derivatives]]:
    """The derivatives of a call, so many bytes at a time; nothing of a piece is held on to once it was yielded."""
    compiled = call.compiled
    if max_bytes is None:
        max_bytes = PIECE * min(call.threads or _core.get_num_threads(), _MOST_THREADS)
    # Some fingerprints compute more columns than they have.
    n_computed = getattr(compiled.core, "n_computed", compiled.core.n_features)
    size = 3 * n_computed * np.dtype(compiled.dtype).itemsize
    done, n_centers = 0, len(call.centers.atom)
    with reporting(progress) as report:
        # Nine numbers a feature are as many as three blocks have.
        for piece in _pieces(call, max(1, max_bytes // max(size, 1)), 3 * len(deformations.wanted())):
            later = _later(report, done, len(piece.centers.atom), n_centers)
            yield _computed_piece(call, piece, later, deformations)
            done += len(piece.centers.atom)


def blocks_by_pieces(call: Any, most: int | None = None) -> Iterator[tuple[int, NDArray[Any]]]:
    """The values of all blocks, those of some rows at a time, and where the first of them is among all; `most` of them
    together, or as many as caches like.
    """
    if most is None:
        size = 3 * call.compiled.core.n_features * np.dtype(call.compiled.dtype).itemsize
        most = PIECE * min(call.threads or _core.get_num_threads(), _MOST_THREADS) // max(size, 1)
    start = 0
    for piece in _pieces(call, max(1, most or 0), 0):
        (values, *_), _ = _blocks_and_deformed(call, piece, None, None, _NO_DEFORMATIONS)
        yield start, values
        start += len(values)


def room_for(shape: Sequence[int]) -> NDArray[np.float64]:
    """An array to be filled, whose memory serves later results when it is dropped."""
    first, *rest = shape
    flat: NDArray[np.float64] = _core.buffer((first, 1, prod(rest)), "float64")
    return flat.reshape(shape)


def deformed_rows(call: Any, name: str) -> NDArray[Any]:
    """The derivatives of every row by a deformation, `(n_rows, 3, 3, n_features)`."""
    compiled = call.compiled
    rows: NDArray[Any] = compiled.core.deformed(
        call.frames,
        call.centers,
        name,
        out=None,
        average=compiled.average,
        dtype=compiled.dtype,
        prepared=None,
        first=(0, 0),
        threads=call.threads,
        progress=None,
    )
    return rows.reshape(len(rows), 3, 3, compiled.core.n_features)


def _computed_piece(call: Any, piece: _Piece, report: Report | None, deformations: Deformations) -> list[Derivatives]:
    found, deformed = _blocks_and_deformed(call, piece, None, report, deformations)
    return _of_frames(found, deformed, piece, call.compiled.average)


def _later(report: Report | None, done: int, n: int, n_all: int) -> Report | None:
    """A report on `n` of all rows, as part of the report on all of them."""
    if report is None:
        return None

    def later(part: int, parts: int) -> None:
        report(done + part * n // max(parts, 1), n_all)

    return later


def _pieces(call: Any, most: int, besides: int) -> Iterator[_Piece]:
    """Small frames together, and large ones in parts, so that no piece has more blocks than `most` if that can be;
    `besides` are what each row takes as well, in blocks.
    """
    frames, centers, average = call.frames, call.centers, call.compiled.average
    n_rows = np.ones(frames.n_frames, np.int64) if average else np.diff(centers.offsets)
    bounds = (n_rows * (np.diff(frames.offsets) + besides)).tolist()
    first, total = 0, 0
    for frame, bound in enumerate(bounds):
        if total + bound > most:
            if first < frame:
                yield _frames_of(call, first, frame)
            first, total = frame, 0
        if bound > most and not average:
            yield from _parts(call, _frames_of(call, frame, frame + 1), most, besides)
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


def _parts(call: Any, whole: _Piece, most: int, besides: int) -> Iterator[_Piece]:
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
        starts = starts + besides * np.arange(len(starts))
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
