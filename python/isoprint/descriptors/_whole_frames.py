"""Fingerprints of whole frames: one row a frame, made of all of its atoms."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint._support.arrays import short_repr
from isoprint._support.parameters import flag
from isoprint._support.progress import Report
from isoprint.descriptors._calls import Call, Compiled, precision
from isoprint.descriptors._compiled import CompiledDescriptor
from isoprint.descriptors._fused import require_range
from isoprint.descriptors._pieces import leading
from isoprint.descriptors._sparse import SparseRows, sparse_rows
from isoprint.descriptors.derivatives import finite
from isoprint.structures.centers import Centers
from isoprint.structures.elements import ANY
from isoprint.structures.frames import ANY_ATOM, Frames
from isoprint.structures.neighbors import NeighborsLike

if TYPE_CHECKING:
    from isoprint._core import _FrameDescriptor

Floats = NDArray[np.float64]

# Entries of dense rows that are made at a time on the way to sparse ones.
_AT_ONCE = 1 << 20


class WholeFrameCore:
    """A compiled fingerprint of frames that answers the calls of one of centers, as of an average over these."""

    reach = np.inf

    def __init__(self, core: _FrameDescriptor, who: str) -> None:
        self._core, self._who = core, who
        self.n_features = core.n_features

    def feature_names(self, symbols: list[str]) -> list[str]:
        """One name a column; elements have none of their own."""
        return self._core.feature_names()

    def transform(
        self,
        frames: Any,
        centers: Any,
        out: Any,
        *,
        threads: int,
        progress: Report | None,
        first: tuple[int, int] = (0, 0),
        **_: Any,
    ) -> None:
        """Write the features into `out`."""
        self._require_all(frames, centers)
        self._core.transform(frames, out, first=first[0], threads=threads, progress=progress)
        require_range(out)

    def sparse(
        self, frames: Any, centers: Any, *, dtype: str, threads: int, progress: Report | None, **_: Any
    ) -> SparseRows:
        """Entries that are not zero, of some frames at a time."""
        self._require_all(frames, centers)
        some = max(1, _AT_ONCE // max(1, self.n_features))
        found = []
        for start in range(0, max(1, frames.n_frames), some):
            part = _part(frames, start, min(start + some, frames.n_frames))
            rows = np.empty((part.n_frames, self.n_features), dtype)
            self._core.transform(part, rows, first=start, threads=threads, progress=None)
            found.append(sparse_rows(rows))
            if progress is not None:
                progress(min(start + some, frames.n_frames), frames.n_frames)
        shifts = np.cumsum([0] + [int(offsets[-1]) for offsets, *_ in found])
        offsets = [offsets[1:] + shift for (offsets, *_), shift in zip(found, shifts, strict=False)]
        columns, values = (np.concatenate([part[k] for part in found]) for k in (1, 2))
        return np.concatenate([[0], *offsets]).astype(np.int64), columns, values

    def pullback(
        self, frames: Any, centers: Any, adjoint: Any, *, threads: int, progress: Report | None, **_: Any
    ) -> tuple[Any, Any]:
        """Gradients of `Σ adjoint · features`."""
        self._require_all(frames, centers)
        adjoint = np.asarray(adjoint, np.float64)
        return self._core.pullback(frames, adjoint, first=0, threads=threads, progress=progress)

    def fused(
        self,
        frames: Any,
        centers: Any,
        function: Any,
        *,
        block: int,
        threads: int,
        progress: Report | None,
        **_: Any,
    ) -> tuple[Any, Any]:
        """Gradients where the adjoint of at most `block` rows is `function(rows, features)`."""
        self._require_all(frames, centers)
        positions, strain = np.zeros((frames.n_atoms, 3)), np.zeros((frames.n_frames, 3, 3))
        for start in range(0, frames.n_frames, block):
            stop = min(start + block, frames.n_frames)
            part = _part(frames, start, stop)
            features = np.empty((stop - start, self.n_features))
            self._core.transform(part, features, first=start, threads=threads, progress=None)
            adjoint = np.ascontiguousarray(function(np.arange(start, stop), features))
            finite("adjoint", adjoint, start)
            atoms = slice(int(frames.offsets[start]), int(frames.offsets[stop]))
            gradients = self._core.pullback(part, adjoint, first=start, threads=threads, progress=None)
            positions[atoms], strain[start:stop] = gradients
            if progress is not None:
                progress(stop, frames.n_frames)
        return positions, strain

    def pushforward(
        self,
        frames: Any,
        centers: Any,
        displacements: Any,
        out: Any,
        *,
        threads: int,
        progress: Any,
        strain: Any = None,
        **_: Any,
    ) -> None:
        """Write the derivatives along the displacements, and the strains if there are some, into `out`."""
        self._require_all(frames, centers)
        self._core.pushforward(frames, displacements, out, threads=threads, progress=progress)
        if strain is not None:
            rows = self._by_strain(frames, threads)
            out += np.einsum("fab,fabk->fk", strain, rows.reshape(len(rows), 3, 3, -1))

    def deformed(
        self,
        frames: Any,
        centers: Any,
        deformation: str,
        *,
        out: Any,
        dtype: str,
        threads: int,
        progress: Report | None,
        **_: Any,
    ) -> Any:
        """Derivatives of every row with respect to a deformation."""
        self._require_all(frames, centers)
        found = self._by_strain(frames, threads, deformation == "cell")
        if progress is not None:
            progress(frames.n_frames, frames.n_frames)
        rows = _core.buffer(found.shape, dtype) if out is None else out
        rows[...] = found
        return rows

    def _by_strain(self, frames: Frames, threads: int, of_cell: bool = False) -> Floats:
        """The derivative of each feature by strain, or by the cell with atoms where they are, from its gradient."""
        rows = np.empty((frames.n_frames, 9, self.n_features))
        for column in range(self.n_features):
            adjoint = np.zeros((frames.n_frames, self.n_features))
            adjoint[:, column] = 1.0
            positions, strain = self._core.pullback(frames, adjoint, first=0, threads=threads, progress=None)
            found = _by_cell(frames, positions, strain) if of_cell else strain
            rows[:, :, column] = found.reshape(-1, 9)
        return rows

    def prepare(self, frames: Any, **_: Any) -> None:
        """Nothing is worth preparing."""

    def pattern(self, frames: Any, centers: Any, **_: Any) -> tuple[Any, ...]:
        """Every atom of a frame has a block of its row."""
        sizes = np.diff(frames.offsets)
        atom = np.arange(frames.n_atoms) - np.repeat(frames.offsets[:-1], sizes)
        return np.zeros(frames.n_atoms, np.int64), atom, np.array(frames.offsets)

    def block_starts(self, frames: Any, centers: Any, **_: Any) -> Any:
        """Every atom of a frame has a block of its row."""
        return np.array(frames.offsets)

    def derivatives(
        self,
        frames: Any,
        centers: Any,
        *,
        out: Any,
        dtype: str,
        first: tuple[int, int],
        threads: int,
        progress: Report | None,
        **_: Any,
    ) -> tuple[Any, Any, Any, Any]:
        """The block of every atom of each frame."""
        self._require_all(frames, centers)
        shape = (frames.n_atoms, 3, self.n_features)
        values = _core.buffer(shape, dtype) if out is None else leading(out, *shape)
        self._core.derivatives(frames, values, first=first[0], threads=threads, progress=progress)
        return values, *self.pattern(frames, centers)

    def _require_all(self, frames: Frames, centers: Centers) -> None:
        """Raise where a fingerprint of centers beside this one is asked about some of them only."""
        if centers.points is not None or len(centers.atom) != frames.n_atoms:
            raise ValueError(f"centers are given, and {self._who} describes whole frames; leave them out")


def _part(frames: Frames, start: int, stop: int) -> Frames:
    """Frames `start` to `stop`."""
    atoms = slice(int(frames.offsets[start]), int(frames.offsets[stop]))
    offsets = frames.offsets[start : stop + 1] - atoms.start
    return Frames(
        frames.positions[atoms], frames.numbers[atoms], frames.cells[start:stop], frames.pbc[start:stop], offsets
    )


def _by_cell(frames: Frames, positions: Floats, strain: Floats) -> Floats:
    """Derivatives by the lattice vectors of periodic frames, of a strain that moves the atoms as well.

    A strain does both, `d/dε = Σ xᵀ d/dx + hᵀ d/dh`, with a row of `h` for each lattice vector.
    """
    found = np.zeros((frames.n_frames, 3, 3))
    for frame in np.flatnonzero(frames.pbc.all(axis=1)):
        own = slice(int(frames.offsets[frame]), int(frames.offsets[frame + 1]))
        of_cell = strain[frame] - frames.positions[own].T @ positions[own]
        found[frame] = np.linalg.solve(frames.cells[frame].T, of_cell)
    return found


class FrameDescriptor(CompiledDescriptor):
    """A fingerprint of whole frames, with one row a frame, of which every element is known.

    A subclass has a parameter `dtype` among its own.
    """

    # What a fingerprint of centers has for parameters.
    species = None
    unknown_species = "error"
    centers = None
    # One row a frame, whatever it is made of.
    average = "outer"
    r_cut = np.inf

    @staticmethod
    @abstractmethod
    def _made(parameters: dict[str, Any]) -> Any:
        """The compiled fingerprint of these parameters, one of frames."""

    def _species(self) -> list[int]:
        return [ANY]

    def _settings(self, species: list[int]) -> dict[str, Any]:
        settings = super()._settings(species)
        del settings["species"], settings["ignore_unknown_species"]
        return settings

    def _compiled(self) -> Compiled:
        compiled: Compiled | None = self.__dict__.get("_cache")
        if compiled is None:
            dtype = precision(self.dtype)
            open_frames = not flag("periodic", getattr(self, "periodic", True))
            made: Any = self._compile([ANY])
            core: Any = WholeFrameCore(made, type(self).__name__)
            compiled = Compiled([], core, [ANY], ANY_ATOM, None, self.average, dtype, open_frames)
            vars(self)["_cache"] = compiled
        return compiled

    def _call(self, frames: Any, centers: Any, n_jobs: int | None, neighbors: NeighborsLike = None) -> Call:
        for name, given in (("centers", centers), ("neighbors", neighbors)):
            if given is not None:
                raise ValueError(
                    f"{name} is {short_repr(given)}, and {type(self).__name__} describes whole frames, one row each;"
                    f" leave out {name}, or take a fingerprint of atoms"
                )
        return super()._call(frames, None, n_jobs)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there is nothing left to learn."""
        return True
