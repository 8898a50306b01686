"""What libraries with automatic differentiation need of a fingerprint: arrays of positions and cells in, arrays out."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.structures.frames import as_list, pack

Floats = NDArray[np.float64]

# Of the differences that stand for second derivatives, in Å; with five points their error is of the order of 1e-9.
_STEP = 1e-3


@dataclass(frozen=True)
class Deformed:
    """A fingerprint of some structures, as a function of their positions `(n_atoms, 3)` and cells `(n_frames, 3, 3)`.

    Elements and periodic directions stay those of the structures.
    """

    descriptor: Any
    numbers: NDArray[np.int64]
    pbc: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    positions: Floats
    cells: Floats
    n_jobs: int | None

    @classmethod
    def of(cls, descriptor: Any, frames: Any, n_jobs: int | None) -> Deformed:
        """Take structures apart."""
        packed = pack(as_list(frames)[0])
        return cls(
            descriptor,
            packed.numbers.copy(),
            packed.pbc.copy(),
            packed.offsets,
            packed.positions.copy(),
            packed.cells.copy(),
            n_jobs,
        )

    @property
    def n_rows(self) -> int:
        """Rows of the features."""
        return len(self.descriptor.rows(self._frames(self.positions, self.cells)))

    def require(self, positions: Any, cells: Any) -> None:
        """Refuse arrays of other shapes."""
        for name, given, expected in (("positions", positions, self.positions), ("cells", cells, self.cells)):
            if tuple(given.shape) != expected.shape:
                raise ValueError(
                    f"{name} are of shape {tuple(given.shape)}, expected {expected.shape} for these"
                    f" {len(self.pbc)} structures"
                )

    def features(self, positions: Floats, cells: Floats) -> NDArray[Any]:
        """One row a center."""
        found: NDArray[Any] = self.descriptor.transform(self._frames(positions, cells), n_jobs=self.n_jobs)
        return found

    def gradient(self, positions: Floats, cells: Floats, adjoint: Floats) -> tuple[Floats, Floats]:
        """Derivatives of `Σ adjoint · features` by positions and by cells, the others being held."""
        found = self.descriptor.pullback(
            self._frames(positions, cells), np.ascontiguousarray(adjoint, np.float64), n_jobs=self.n_jobs
        )
        of_cells = np.zeros_like(cells)
        for frame, cell in enumerate(cells):
            own = slice(int(self.offsets[frame]), int(self.offsets[frame + 1]))
            # A strain moves atoms and cell vectors: what atoms have no part in is the cell's.
            of_cells[frame] = _inverse(cell).T @ (found.strain[frame] - positions[own].T @ found.positions[own])
        return found.positions, of_cells

    def along(self, positions: Floats, cells: Floats, moves: Floats, of_cells: Floats) -> NDArray[Any]:
        """Derivatives of the features along changes of positions and cells."""
        strain, moves = np.zeros_like(cells), moves.copy()
        for frame, cell in enumerate(cells):
            own = slice(int(self.offsets[frame]), int(self.offsets[frame + 1]))
            strain[frame] = _inverse(cell) @ of_cells[frame]
            moves[own] -= positions[own] @ strain[frame]
        found: NDArray[Any] = self.descriptor.pushforward(
            self._frames(positions, cells), moves, strain=strain, n_jobs=self.n_jobs
        )
        return found

    def gradient_along(
        self, positions: Floats, cells: Floats, adjoint: Floats, moves: Floats, of_cells: Floats
    ) -> tuple[Floats, Floats]:
        """How `gradient` changes along changes of positions and cells, by differences over five points."""
        largest = max(float(np.abs(moves).max(initial=0.0)), float(np.abs(of_cells).max(initial=0.0)))
        if largest == 0.0:
            return np.zeros_like(positions), np.zeros_like(cells)
        step = _STEP / largest

        def at(times: float) -> tuple[Floats, Floats]:
            return self.gradient(positions + times * step * moves, cells + times * step * of_cells, adjoint)

        points = [at(times) for times in (1.0, -1.0, 2.0, -2.0)]
        near, far = ([a - b for a, b in zip(*points[i : i + 2], strict=True)] for i in (0, 2))
        change = [(8.0 * n - f) / (12.0 * step) for n, f in zip(near, far, strict=True)]
        return change[0], change[1]

    def _frames(self, positions: Floats, cells: Floats) -> list[Any]:
        return [
            SimpleNamespace(
                positions=positions[first:last],
                numbers=self.numbers[first:last],
                cell=cells[frame],
                pbc=self.pbc[frame],
            )
            for frame, (first, last) in enumerate(zip(self.offsets[:-1], self.offsets[1:], strict=True))
        ]


def _inverse(cell: Floats) -> Floats:
    """Of a cell, some vectors of which may be zero."""
    return np.asarray(np.linalg.pinv(cell), np.float64)
