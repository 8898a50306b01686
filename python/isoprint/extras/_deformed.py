"""What libraries with automatic differentiation need of a fingerprint: arrays of positions and cells in, arrays out.

Five functions of positions `x` and cells `h` are closed under differentiation, up to the second order in both. `F` are
the features, `a` an adjoint of them, `(u, w)` and `(p, q)` changes of positions and cells:

    features(x, h)                        F
    gradient(x, h, a)                     the derivative of Σ a · F by x and h
    along(x, h, u, w)                     the derivative of F along (u, w)
    curvature(x, h, a, u, w)              how the gradient changes along (u, w)
    bend(x, h, u, w, p, q)                how the derivative of F along (u, w) changes along (p, q)

The first three are exact. The last two are differences of exact derivatives.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint.structures.centers import Centers, resolve
from isoprint.structures.frames import Frames, Packed, as_list, pack

Floats = NDArray[np.float64]
Both = tuple[Floats, Floats]

# Of the differences that stand for second derivatives, in Å; with five points their error is of the order of 1e-9.
_STEP = 1e-3
# A cell of less than this part of the volume of a right-angled one is one of fewer dimensions.
_FLAT = 1e-9


def in_precision(descriptor: Any, dtype: str) -> Any:
    """The same fingerprint with rows in some precision; one without a choice is as it is."""
    if getattr(descriptor, "dtype", dtype) == dtype:
        return copy.deepcopy(descriptor)
    return copy.deepcopy(descriptor).set_params(dtype=dtype)


def require_shapes(positions: Any, cells: Any, n_atoms: int, n_frames: int) -> None:
    """Refuse arrays of other shapes than these structures have."""
    for name, given, expected in (("positions", positions, (n_atoms, 3)), ("cells", cells, (n_frames, 3, 3))):
        if tuple(given.shape) != expected:
            raise ValueError(
                f"{name} are of shape {tuple(given.shape)}, expected {expected} for these {n_frames} structures"
            )


@dataclass(eq=False)
class Deformed:
    """A fingerprint of some structures, as a function of their positions `(n_atoms, 3)` and cells `(n_frames, 3, 3)`.

    Elements, periodic directions and centers stay those of the structures. Centers that are points move with the cell.
    """

    descriptor: Any
    numbers: NDArray[np.int64]
    pbc: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    n_jobs: int | None
    # Only where others than those of the descriptor were asked for.
    centers: Centers | None = None
    # Coordinates `(n_centers, 2, 3)` of the points: by cell vectors, and in Å where a vector is none.
    points: Floats | None = None

    @classmethod
    def of(cls, descriptor: Any, parts: Parts, n_jobs: int | None) -> Deformed:
        """Of structures that were taken apart."""
        frames = parts.frames
        return cls(descriptor, frames.numbers, frames.pbc, frames.offsets, n_jobs, parts.centers, parts.points)

    def features(self, positions: Floats, cells: Floats) -> NDArray[Any]:
        """One row a center."""
        found: NDArray[Any] = self.descriptor.transform(*self._at(positions, cells), **self._options(cells))
        return found

    def gradient(self, positions: Floats, cells: Floats, adjoint: Floats, by_cells: bool = True) -> Both:
        """Derivatives of `Σ adjoint · features` by positions and by cells, the others being held.

        Those by cells are zero where they are not asked for.
        """
        adjoint = np.ascontiguousarray(adjoint, np.float64)
        found = self.descriptor.pullback(*self._at(positions, cells), adjoint, **self._options(cells))
        if not by_cells:
            return found.positions, np.zeros_like(cells)
        # A strain moves atoms and cell vectors: what atoms have no part in is the cell's.
        of_cells = found.strain - self._by_frame(positions, found.positions)
        return found.positions, _inverse(cells).transpose(0, 2, 1) @ of_cells

    def along(self, positions: Floats, cells: Floats, moves: Floats, of_cells: Floats) -> NDArray[Any]:
        """Derivatives of the features along changes of positions and cells."""
        strain = None
        if of_cells.any():
            strain = _inverse(cells) @ of_cells
            moves = moves - np.einsum("na,nab->nb", positions, np.repeat(strain, np.diff(self.offsets), axis=0))
        found: NDArray[Any] = self.descriptor.pushforward(
            *self._at(positions, cells), moves, strain=strain, **self._options(cells)
        )
        return found

    def curvature(
        self, positions: Floats, cells: Floats, adjoint: Floats, moves: Floats, of_cells: Floats, by_cells: bool = True
    ) -> Both:
        """How `gradient` changes along changes of positions and cells, by differences over five points."""

        def gradient(x: Floats, h: Floats) -> Both:
            return self.gradient(x, h, adjoint, by_cells)

        found: Both | None = _change(gradient, positions, cells, moves, of_cells)
        return (np.zeros_like(positions), np.zeros_like(cells)) if found is None else found

    def bend(
        self, positions: Floats, cells: Floats, moves: Floats, of_cells: Floats, moves_2: Floats, of_cells_2: Floats
    ) -> NDArray[Any]:
        """How `along` some changes of positions and cells changes along others, by differences over five points."""

        def along(x: Floats, h: Floats) -> tuple[NDArray[Any]]:
            return (self.along(x, h, moves, of_cells),)

        found: tuple[NDArray[Any]] | None = _change(along, positions, cells, moves_2, of_cells_2)
        return np.zeros_like(along(positions, cells)[0]) if found is None else found[0]

    def _at(self, positions: Floats, cells: Floats) -> tuple[Packed]:
        positions, cells = (np.ascontiguousarray(array, np.float64) for array in (positions, cells))
        return (Packed(Frames(positions, self.numbers, cells, self.pbc, self.offsets)),)

    def _options(self, cells: Floats) -> dict[str, Any]:
        if self.centers is None:
            return {"n_jobs": self.n_jobs}
        centers = self.centers
        if self.points is not None:
            frame = np.repeat(np.arange(len(cells)), np.diff(centers.offsets))
            moved = np.einsum("na,nab->nb", self.points[:, 0], cells[frame]) + self.points[:, 1]
            centers = centers._replace(points=np.ascontiguousarray(moved))
        return {"n_jobs": self.n_jobs, "centers": centers}

    def _by_frame(self, positions: Floats, gradient: Floats) -> Floats:
        """Sums over the atoms of each frame of positions times gradients."""
        if len(self.pbc) == 1:
            return np.asarray(positions.T @ gradient)[None]
        sums = np.zeros((len(self.pbc), 9))
        products = (positions[:, :, None] * gradient[:, None, :]).reshape(-1, 9)
        # A frame without atoms has no first one.
        filled = np.diff(self.offsets) > 0
        if filled.any():
            sums[filled] = np.add.reduceat(products, self.offsets[:-1][filled], axis=0)
        return sums.reshape(-1, 3, 3)


class Parts(NamedTuple):
    """What structures are made of, copied, and what is asked of them."""

    frames: Frames
    # The frame of every row.
    frame: NDArray[np.int64]
    # Only where some were asked for, with the coordinates of points as `Deformed` takes them.
    centers: Centers | None
    points: Floats | None

    @classmethod
    def of(cls, descriptor: Any, frames: Any, centers: Any = None) -> Parts:
        """Take structures apart."""
        structures, single = as_list(frames)
        packed = pack(structures)
        own = Frames(
            packed.positions.copy(),
            packed.numbers.copy(),
            packed.cells.copy(),
            packed.pbc.copy(),
            packed.offsets.copy(),
        )
        resolved = points = None
        if centers is not None:
            resolved = resolve(centers, own, single, None)
            points = _fractional(resolved, own.cells)
        return cls(own, descriptor.rows(Packed(own), centers=resolved).frame, resolved, points)


def _fractional(centers: Centers, cells: Floats) -> Floats | None:
    """Where the points among some centers are, in terms of cells, as `Deformed` takes them."""
    if centers.points is None:
        return None
    own = cells[np.repeat(np.arange(len(cells)), np.diff(centers.offsets))]
    by_cell = np.einsum("na,nab->nb", centers.points, _inverse(own))
    return np.stack([by_cell, centers.points - np.einsum("na,nab->nb", by_cell, own)], axis=1)


def _change(
    function: Callable[[Floats, Floats], Any], positions: Floats, cells: Floats, moves: Floats, of_cells: Floats
) -> Any:
    """How results change along changes of positions and cells; `None` where nothing moves."""
    largest = max(float(np.abs(moves).max(initial=0.0)), float(np.abs(of_cells).max(initial=0.0)))
    if largest == 0.0:
        return None
    step = _STEP / largest

    def at(times: float) -> Any:
        return function(positions + times * step * moves, cells + times * step * of_cells)

    points = [at(times) for times in (1.0, -1.0, 2.0, -2.0)]
    near, far = ([a - b for a, b in zip(*points[i : i + 2], strict=True)] for i in (0, 2))
    return tuple((8.0 * n - f) / (12.0 * step) for n, f in zip(near, far, strict=True))


def _inverse(cells: Floats) -> Floats:
    """Of cells, some vectors of which may be zero."""
    if not cells.any():
        return cells
    whole = np.abs(np.linalg.det(cells)) > _FLAT * np.linalg.norm(cells, axis=2).prod(axis=1)
    if whole.all():
        return np.asarray(np.linalg.inv(cells), np.float64)
    inverse = np.zeros_like(cells)
    inverse[whole] = np.linalg.inv(cells[whole])
    # Most are of molecules, and there is nothing to invert.
    flat = ~whole & cells.any(axis=(1, 2))
    inverse[flat] = np.linalg.pinv(cells[flat])
    return inverse
