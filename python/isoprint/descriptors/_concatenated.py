"""Several compiled fingerprints as one, and the fingerprints of other packages as compiled ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint._support.arrays import real_array
from isoprint._support.parameters import whole
from isoprint._support.progress import Report
from isoprint.descriptors._calls import Compiled
from isoprint.descriptors._fused import require_range
from isoprint.descriptors._pieces import leading, share
from isoprint.descriptors._reach import reach_of
from isoprint.descriptors._sparse import SparseRows, side_by_side, sparse_rows
from isoprint.descriptors.derivatives import finite
from isoprint.structures.centers import Centers
from isoprint.structures.elements import ANY
from isoprint.structures.frames import ANY_ATOM, Frames

Floats = NDArray[np.float64]


class Part(NamedTuple):
    """One fingerprint of several, and the factor of its columns."""

    name: str
    block: Any
    """The descriptor itself, as the user gave it."""
    compiled: Compiled
    factor: float

    @property
    def who(self) -> str:
        """What it is called in messages."""
        return f"{type(self.block).__name__} (block {self.name!r})"


class ConcatenatedCore:
    """Blocks of columns from left to right, each times a factor: a fingerprint as those of the compiled module."""

    needs_copies = True

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        ends = np.cumsum([0] + [part.compiled.core.n_features for part in parts])
        self._columns = [slice(int(a), int(b)) for a, b in pairwise(ends)]
        self.n_features = int(ends[-1])
        self.reach = max(part.compiled.core.reach for part in parts)

    def feature_names(self, symbols: list[str]) -> list[str]:
        """The names that the blocks give their columns, each after the name of its block."""
        return [f"{part.name}__{column}" for part in self._parts for column in _column_names(part.block)]

    def _blocks(self, frames: Frames, progress: Report | None) -> Iterator[tuple[Part, slice, Frames, Report | None]]:
        """One block after the other: itself, its columns, the frames as it takes them, and whom it reports to."""
        for place, (part, columns) in enumerate(zip(self._parts, self._columns, strict=True)):
            admitted = part.compiled.admitted(frames, part.who)
            yield part, columns, admitted, share(progress, place, len(self._parts))

    def transform(
        self,
        frames: Any,
        centers: Any,
        out: Any,
        *,
        average: Any,
        threads: int,
        progress: Report | None,
        holds_zeros: bool = False,
        prepared: Any = None,
        first: tuple[int, int] = (0, 0),
    ) -> None:
        """Write every block into its columns of `out`."""
        for place, (part, columns, admitted, report) in enumerate(self._blocks(frames, progress)):
            block = np.empty((len(out), part.compiled.core.n_features))
            options: dict[str, Any] = {"average": part.compiled.average, "threads": threads, "progress": report}
            options |= {"prepared": prepared and prepared[place], "first": first}
            part.compiled.core.transform(admitted, centers, block, **options)
            _scale(part, block, out[:, columns])
        require_range(out)

    def sparse(
        self, frames: Any, centers: Any, *, average: Any, dtype: Any, threads: int, progress: Report | None
    ) -> SparseRows:
        """Entries of every block, row by row."""
        found: list[SparseRows] = []
        for part, _, admitted, report in self._blocks(frames, progress):
            options: dict[str, Any] = {
                "average": part.compiled.average,
                "dtype": "float64",
                "threads": threads,
                "progress": report,
            }
            offsets, columns, entries = part.compiled.core.sparse(admitted, centers, **options)
            values = np.empty(len(entries), dtype)
            _scale(part, np.asarray(entries, np.float64), values)
            found.append((offsets, columns, values))
        return side_by_side(found, [columns.start for columns in self._columns], dtype)

    def pullback(
        self, frames: Any, centers: Any, adjoint: Any, *, average: Any, threads: int, progress: Report | None
    ) -> tuple[Any, Any]:
        """Sum of what the blocks pull back, from left to right."""
        # A block would count columns from its own first one.
        finite("adjoint", adjoint)
        gradients = []
        for part, columns, admitted, report in self._blocks(frames, progress):
            weights = np.empty((len(adjoint), part.compiled.core.n_features))
            _scale(part, adjoint[:, columns], weights)
            options: dict[str, Any] = {"average": part.compiled.average, "threads": threads, "progress": report}
            gradients.append(part.compiled.core.pullback(admitted, centers, weights, **options))
        with np.errstate(over="ignore", invalid="ignore"):  # whoever gave the adjoint is told
            positions, strain = (reduce(np.add, terms) for terms in zip(*gradients, strict=True))
        return positions, strain

    def fused(self, frames: Any, centers: Any, function: Any, **options: Any) -> tuple[Any, Any]:
        """Gradients where the adjoint of some rows is `function(rows, features)`."""
        return _fused(self, frames, centers, function, **options)

    def pushforward(
        self,
        frames: Any,
        centers: Any,
        displacements: Any,
        out: Any,
        *,
        average: Any,
        threads: int,
        progress: Any,
        strain: Any = None,
    ) -> None:
        """Write the derivative of every block along the displacements into its columns of `out`."""
        for part, columns, admitted, report in self._blocks(frames, progress):
            block = np.empty((len(out), part.compiled.core.n_features))
            options: dict[str, Any] = {"average": part.compiled.average, "threads": threads, "progress": report}
            part.compiled.core.pushforward(admitted, centers, displacements, block, strain=strain, **options)
            _scale(part, block, out[:, columns])

    def deformed(
        self,
        frames: Any,
        centers: Any,
        deformation: str,
        *,
        out: Any,
        average: Any,
        dtype: Any,
        prepared: Any,
        progress: Report | None,
        **options: Any,
    ) -> Any:
        """Derivatives of every block with respect to a deformation, in its columns."""
        n_rows = frames.n_frames if average else len(centers.atom)
        rows = _core.buffer((n_rows, 9, self.n_features), dtype) if out is None else out
        for place, (part, columns, admitted, report) in enumerate(self._blocks(frames, progress)):
            block = part.compiled.core.deformed(
                admitted,
                centers,
                deformation,
                out=None,
                average=part.compiled.average,
                dtype="float64",
                prepared=prepared and prepared[place],
                progress=report,
                **options,
            )
            _scale(part, block, rows[:, :, columns])
        return rows

    def prepare(self, frames: Any, *, first: tuple[int, int], threads: int) -> Any:
        """The frames, prepared for each block."""
        return [
            part.compiled.core.prepare(admitted, first=first, threads=threads)
            for part, _, admitted, _ in self._blocks(frames, None)
        ]

    def block_starts(self, frames: Any, centers: Any, *, average: Any, prepared: Any, **options: Any) -> Any:
        """Where the blocks of each row would start at the latest, if no two fingerprints saw the same atom."""
        return sum(
            part.compiled.core.block_starts(
                admitted, centers, average=part.compiled.average, prepared=prepared and prepared[place], **options
            )
            for place, (part, _, admitted, _) in enumerate(self._blocks(frames, None))
        )

    def pattern(self, frames: Any, centers: Any, *, average: Any, prepared: Any, **options: Any) -> tuple[Any, ...]:
        """Row and atom of the blocks that any of the fingerprints has, and where those of each row start."""
        found = [
            part.compiled.core.pattern(
                admitted, centers, average=part.compiled.average, prepared=prepared and prepared[place], **options
            )
            for place, (part, _, admitted, _) in enumerate(self._blocks(frames, None))
        ]
        return _united(found, frames, centers, average)[:3]

    def derivatives(
        self,
        frames: Any,
        centers: Any,
        *,
        out: Any,
        average: Any,
        dtype: Any,
        prepared: Any,
        progress: Report | None,
        **options: Any,
    ) -> tuple[Any, Any, Any, Any]:
        """Blocks of all pairs of row and atom that any of the fingerprints has; zeros where the others have none."""
        found = []
        for place, (part, columns, admitted, report) in enumerate(self._blocks(frames, progress)):
            own = part.compiled.core.derivatives(
                admitted,
                centers,
                out=None,
                average=part.compiled.average,
                dtype="float64",
                prepared=prepared and prepared[place],
                progress=report,
                **options,
            )
            found.append((part, columns, own))
        patterns = [pattern for *_, (_, *pattern) in found]
        row, atom, starts, places = _united(patterns, frames, centers, average)
        shape = (len(atom), 3, self.n_features)
        values = _core.buffer(shape, dtype) if out is None else leading(out, *shape)
        if places is not None:
            values[...] = 0.0
        for number, (part, columns, (block, *_)) in enumerate(found):
            if places is None:
                _scale(part, block, values[:, :, columns])
            else:
                _scale(part, block, block)
                values[places[number], :, columns] = block
        return values, row, atom, starts


def _united(patterns: list[Any], frames: Any, centers: Any, average: Any) -> tuple[Any, Any, Any, list[Any] | None]:
    """Row, atom and starts of the blocks that any of the fingerprints has, and where those of each are among them;
    `None` where all have the same.
    """
    offsets = np.arange(frames.n_frames + 1) if average else centers.offsets
    most = max(1, int(np.diff(frames.offsets).max(initial=0)))
    row, atom, starts = patterns[0]
    pairs = [_rows(starts) * most + atom for _, atom, starts in patterns]
    if all(np.array_equal(own, pairs[0]) for own in pairs):
        return row, atom, starts, None
    every = np.unique(np.concatenate(pairs))
    of_all, atom = every // most, every % most
    starts = np.searchsorted(of_all, np.arange(offsets[-1] + 1))
    row = of_all - np.repeat(offsets[:-1], np.diff(offsets))[of_all]
    return row, atom, starts, [np.searchsorted(every, pair) for pair in pairs]


def _rows(starts: Any) -> Any:
    """The row of each block, counted over all frames."""
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))


# Rows that are described together: neighbors of a frame are sought anew for each piece of it.
_PIECE = 1024


def _fused(
    core: ConcatenatedCore | ForeignDescriptor,
    frames: Frames,
    centers: Centers,
    function: Callable[[Any, Any], Any],
    *,
    block: int,
    average: Any,
    threads: int,
    progress: Report | None,
) -> tuple[Any, Any]:
    """Features and gradients of a fingerprint that knows each alone, for some frames at a time."""
    positions, strain = np.zeros((frames.n_atoms, 3)), np.zeros((frames.n_frames, 3, 3))
    n_rows = frames.n_frames if average else len(centers.atom)
    options: dict[str, Any] = {"average": average, "threads": threads, "progress": None}
    for some, own, rows, atoms, structures in _pieces(frames, centers, bool(average), max(block, _PIECE)):
        features = np.empty((len(rows), core.n_features))
        core.transform(some, own, features, **options)
        adjoint = np.empty_like(features)
        for start in range(0, len(rows), block):
            these = slice(start, start + block)
            adjoint[these] = function(np.array(rows[these]), features[these].copy())
        finite("adjoint", adjoint, rows.start)
        of_atoms, of_structures = core.pullback(some, own, adjoint, **options)
        with np.errstate(over="ignore", invalid="ignore"):  # whoever gave the adjoint is told
            positions[atoms] += of_atoms
            strain[structures] += of_structures
        if progress is not None:
            progress(rows.stop, n_rows)
    return positions, strain


def _pieces(
    frames: Frames, centers: Centers, averaged: bool, size: int
) -> Iterator[tuple[Frames, Centers, range, slice, slice]]:
    """Frames, or parts of large ones, with at most `size` rows: with their centers, rows, atoms, and places."""
    start, n_frames = 0, frames.n_frames
    while start < n_frames:
        first = int(centers.offsets[start])
        stop = start + 1
        while stop < n_frames and (stop + 1 - start if averaged else int(centers.offsets[stop + 1]) - first) <= size:
            stop += 1
        atoms = slice(int(frames.offsets[start]), int(frames.offsets[stop]))
        structures = slice(start, stop)
        some = Frames(
            frames.positions[atoms],
            frames.numbers[atoms],
            frames.cells[structures],
            frames.pbc[structures],
            frames.offsets[start : stop + 1] - atoms.start,
        )
        end = int(centers.offsets[stop])
        step = max(1, end - first) if averaged or stop > start + 1 else size
        for low in range(first, end, step) if end > first else range(first, first + (1 if averaged else 0)):
            high = min(low + step, end)
            offsets = np.clip(centers.offsets[start : stop + 1], low, high) - low
            points = None if centers.points is None else centers.points[low:high]
            rows = range(start, stop) if averaged else range(low, high)
            yield some, Centers(offsets, centers.atom[low:high], points), rows, atoms, structures
        start = stop


def _scale(part: Part, block: Floats, out: NDArray[Any]) -> None:
    """Write a block times its factor; what is too large for the output is an error."""
    if part.factor == 1.0 and out.dtype.char == "d":
        out[...] = block
        return
    try:
        with np.errstate(over="raise"):
            np.multiply(block, part.factor, out=out)
    except FloatingPointError:
        largest = f"numbers up to {np.abs(block).max():.3g} times the factor {part.factor:.3g} of {part.who}"
        raise ValueError(
            f"{largest} are beyond the range of {out.dtype}; take smaller entries of scale or weights"
            f"{', or float64' if out.dtype == np.float32 else ''}"
        ) from None


class ForeignDescriptor:
    """A fingerprint of another package, asked frame by frame.

    Parameters
    ----------
    thing
        Has `n_features`, `transform(frame, centers=...)` and `derivatives(frame, centers=...)`; `pullback` and
        `pushforward` where these are asked for.
    who : str
        What it is called in messages.
    """

    def __init__(self, thing: Any, who: str) -> None:
        self._thing, self._who = thing, who
        if not hasattr(thing, "n_features"):
            raise ValueError(f"{who} has no attribute n_features; it must say how many columns it has")
        self.n_features = whole(f"n_features of {who}", thing.n_features, 0, 2**31)
        self.reach = reach_of(thing, who)

    def compiled(self) -> Compiled:
        """Return this fingerprint in the form that `Descriptor._compiled` gives our own."""
        average, periodic = getattr(self._thing, "average", None), getattr(self._thing, "periodic", True)
        core: Any = self  # which answers all calls of a block of several, not those of a whole
        return Compiled([], core, [ANY], ANY_ATOM, None, average, "float64", not periodic)

    def feature_names(self, symbols: list[str]) -> list[str]:
        """The names of its columns: its own, or numbers."""
        return _column_names(self._thing)

    def transform(self, frames: Any, centers: Any, out: Any, **options: Any) -> None:
        """Write the rows into `out`."""
        rows = [self._method("transform")(frame, centers=own) for frame, own, _ in _one_by_one(frames, centers)]
        self._gather(rows, out, "transform")

    def sparse(self, frames: Any, centers: Any, *, average: Any, dtype: Any, **options: Any) -> SparseRows:
        """Entries that are not zero."""
        rows = np.empty((frames.n_frames if average else len(centers.atom), self.n_features))
        self.transform(frames, centers, rows)
        offsets, columns, values = sparse_rows(rows)
        with np.errstate(over="ignore"):  # whoever asked is told
            return offsets, columns, values.astype(dtype)

    def pullback(self, frames: Any, centers: Any, adjoint: Any, *, average: Any, **options: Any) -> tuple[Any, Any]:
        """Gradients with respect to positions and strain."""
        adjoint = np.asarray(adjoint, np.float64)
        positions, strain, start = [np.empty((0, 3))], [np.empty((0, 3, 3))], 0
        for frame, own, _ in _one_by_one(frames, centers):
            stop = start + (1 if average else len(own))
            back = self._method("pullback")(frame, adjoint[start:stop], centers=own)
            positions.append(np.reshape(back.positions, (-1, 3)))
            strain.append(np.reshape(back.strain, (1, 3, 3)))
            start = stop
        return np.concatenate(positions), np.concatenate(strain)

    def fused(self, frames: Any, centers: Any, function: Any, **options: Any) -> tuple[Any, Any]:
        """Gradients where the adjoint of some rows is `function(rows, features)`."""
        return _fused(self, frames, centers, function, **options)

    def pushforward(
        self, frames: Any, centers: Any, displacements: Any, out: Any, *, strain: Any = None, **options: Any
    ) -> None:
        """Write the derivatives along the displacements, and the strains if there are some, into `out`."""
        push, rows = self._method("pushforward"), []
        for place, (frame, own, atoms) in enumerate(_one_by_one(frames, centers)):
            besides = {} if strain is None else {"strain": strain[place : place + 1]}
            rows.append(push(frame, displacements[atoms], centers=own, **besides))
        self._gather(rows, out, "pushforward")

    def deformed(self, frames: Any, centers: Any, deformation: str, **options: Any) -> Any:
        """Derivatives with respect to a deformation, if the other package knows them."""
        found = [np.empty((0, 9, self.n_features))]
        for frame, own, _ in _one_by_one(frames, centers):
            rows = getattr(self._method("derivatives")(frame, centers=own, **{deformation: True}), deformation, None)
            if rows is None:
                raise ValueError(
                    f"derivatives of {self._who} have no attribute {deformation}; what needs it cannot be asked"
                )
            found.append(real_array(f"{deformation} derivatives of {self._who}", rows).reshape(-1, 9, self.n_features))
        return np.concatenate(found)

    def prepare(self, frames: Any, **options: Any) -> Any:
        """Nothing: the other package prepares for itself."""

    def block_starts(self, frames: Any, centers: Any, *, average: Any, **options: Any) -> Any:
        """Where the blocks of each row would start, if it depended on all atoms."""
        n_atoms = np.diff(frames.offsets)
        of_row = n_atoms if average else np.repeat(n_atoms, np.diff(centers.offsets))
        return np.concatenate([[0], np.cumsum(of_row)])

    def pattern(self, frames: Any, centers: Any, **options: Any) -> tuple[Any, ...]:
        """Row and atom of each block, and where those of each row start: the other package has to compute them."""
        return self.derivatives(frames, centers, **options)[1:]

    def derivatives(self, frames: Any, centers: Any, *, average: Any, **options: Any) -> tuple[Any, Any, Any, Any]:
        """Blocks of each frame, sorted by row and atom."""
        none = np.empty(0, np.int64)
        values, rows, atoms, starts = [np.empty((0, 3, self.n_features))], [none], [none], [np.zeros(1, np.int64)]
        for frame, own, _ in _one_by_one(frames, centers):
            found = self._method("derivatives")(frame, centers=own)
            order = np.lexsort((found.atom, found.center))
            values.append(real_array(f"derivatives of {self._who}", found.values, "are")[order])
            rows.append(np.asarray(found.center)[order])
            atoms.append(np.asarray(found.atom)[order])
            ends = np.searchsorted(rows[-1], np.arange(1 if average else len(own)), side="right")
            starts.append(starts[-1][-1] + ends)
        return np.concatenate(values), np.concatenate(rows), np.concatenate(atoms), np.concatenate(starts)

    def _method(self, name: str) -> Callable[..., Any]:
        method = getattr(self._thing, name, None)
        if not callable(method):
            raise ValueError(f"{self._who} has no method {name}; what needs it cannot be asked of the whole")
        found: Callable[..., Any] = method
        return found

    def _gather(self, rows: list[Any], out: Any, name: str) -> None:
        found = [real_array(f"{name} of {self._who}", own) for own in rows]
        values = np.concatenate([np.empty((0, self.n_features)), *found])
        if values.shape != out.shape:
            raise ValueError(
                f"{name} of {self._who} returned an array of shape {values.shape}, expected {out.shape}: one row a"
                " center (or a frame), one column a feature"
            )
        out[...] = values


def _column_names(block: Any) -> list[str]:
    if hasattr(block, "get_feature_names_out"):
        return [str(name) for name in block.get_feature_names_out()]
    return [str(column) for column in range(block.n_features)]


def _one_by_one(frames: Frames, centers: Centers) -> Iterator[tuple[Any, list[Any], slice]]:
    """Every frame as `ase.Atoms`, its centers, and where its atoms are among those of all frames."""
    from ase import Atoms

    for place in range(frames.n_frames):
        atoms = slice(int(frames.offsets[place]), int(frames.offsets[place + 1]))
        frame = Atoms(frames.numbers[atoms], frames.positions[atoms], cell=frames.cells[place], pbc=frames.pbc[place])
        rows = range(int(centers.offsets[place]), int(centers.offsets[place + 1]))
        points = centers.points
        own = [int(centers.atom[row]) if points is None or centers.atom[row] >= 0 else points[row] for row in rows]
        yield frame, own, atoms
