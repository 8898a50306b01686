"""Terms of fingerprints that have learned: sums over atoms, one sparse set for each central element."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.descriptors.derivatives import Pullback
from isoprint.models import _evaluation
from isoprint.models._kernel import DotProductKernel, OfDistance
from isoprint.models._labels import VOIGT
from isoprint.models._rows import FrameRows, batches, normalizes, rows_of
from isoprint.models._solver import cholesky_of, prior_factor
from isoprint.models._sparse_set import SparseSet, unit
from isoprint.structures.elements import symbol_of
from isoprint.structures.frames import Frames

Floats = NDArray[np.float64]

# Atoms whose fingerprints are compared with the sparse points in one go.
_ATOMS = 4096
# Bytes of Jacobian that are multiplied at a time: they stay in a cache.
_PIECE = 8 << 20


class ProductTerm:
    """Fingerprints of length one, with a kernel of their dot product."""

    def __init__(self, descriptor: Any, chosen: SparseSet, kernel: DotProductKernel) -> None:
        self.descriptor, self.chosen, self.kernel = descriptor, chosen, kernel

    @property
    def n_points(self) -> int:
        """Sparse points."""
        return self.chosen.n_points

    @property
    def elements(self) -> list[int]:
        """Those of which there are sparse points."""
        return self.chosen.elements

    @property
    def sparse(self) -> dict[str, Floats]:
        """Sparse points by the symbol of the central element."""
        return {symbol_of(e): p for e, p in zip(self.chosen.elements, self.chosen.points, strict=True)}

    def prior(self, jitter: float) -> Floats:
        """The lower Cholesky factor of the kernel matrix of the sparse points, by element."""
        return prior_factor(self.chosen, self.kernel, jitter)

    def prior_variance(self, frame: Any, numbers: NDArray[np.int64], n_jobs: int | None) -> Floats:
        """Of the local energies, before anything is known."""
        return np.where(np.isin(numbers, self.elements), self.kernel.on_diagonal(), 0.0)

    def rows(
        self, frame: Any, numbers: NDArray[np.int64], derivatives: bool, strain: bool, n_jobs: int | None
    ) -> FrameRows:
        """Kernels of a frame with every sparse point, and their derivatives."""
        return rows_of(
            self.descriptor,
            self.chosen,
            self.kernel,
            frame,
            numbers,
            derivatives=derivatives,
            strain=strain,
            n_jobs=n_jobs,
        )

    def weigh(self, alpha: Floats) -> None:
        """Take the weights of the sparse points."""
        self._evaluator = _evaluation.Evaluator(self.chosen, self.kernel, alpha, normalizes(self.descriptor))

    def compressed(self, tolerance: float) -> ProductTerm:
        """The same on fewer directions of the space of fingerprints."""
        fewer = copy(self)
        fewer._evaluator = self._evaluator.compressed(tolerance)
        return fewer

    def energies(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> Floats:
        """What the term adds to the local energies."""
        return _evaluation.energies(self.descriptor, self._evaluator, frames, packed, n_jobs)

    def energies_and_gradient(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> tuple[Floats, Any]:
        """The same, and the gradient of their sum."""
        return _evaluation.energies_and_gradient(self.descriptor, self._evaluator, frames, packed, n_jobs)

    def extrapolation(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> Floats:
        """One less the largest kernel with a sparse point, relative to that of a fingerprint with itself."""
        found = np.zeros(packed.n_atoms)
        for first, last in batches(packed.offsets, _ATOMS):
            own = slice(int(packed.offsets[first]), int(packed.offsets[last]))
            rows = self._comparable(self.descriptor.transform(frames[first:last], n_jobs=n_jobs))
            for element, points, _ in self.chosen.columns():
                mine = np.flatnonzero(packed.numbers[own] == element)
                if len(mine):
                    found[own.start + mine] = 1.0 - self._nearest(rows[mine], points) / self.kernel.on_diagonal()
        return found

    def _comparable(self, features: Floats) -> Floats:
        return unit(features, normalizes(self.descriptor))[0]

    def _nearest(self, rows: Floats, points: Floats) -> Floats:
        return self.kernel.value_and_slope((rows @ points.T).max(axis=1))[0]


class DistanceTerm(ProductTerm):
    """Fingerprints as they are, with a kernel of the distance between them; points are in units of the lengths."""

    kernel: Any

    def __init__(self, descriptor: Any, chosen: SparseSet, kernel: OfDistance) -> None:
        super().__init__(descriptor, chosen, kernel)  # type: ignore[arg-type]
        self._scaled = SparseSet(chosen.elements, [points / kernel.length for points in chosen.points])

    def prior(self, jitter: float) -> Floats:
        """The lower Cholesky factor of the kernel matrix of the sparse points, by element."""
        whole = np.zeros((self.n_points, self.n_points))
        for _, points, columns in self._scaled.columns():
            between, _ = self.kernel.value_and_slope(points, points)
            whole[columns, columns] = cholesky_of(between, jitter, self.kernel.on_diagonal())
        return whole

    def rows(
        self, frame: Any, numbers: NDArray[np.int64], derivatives: bool, strain: bool, n_jobs: int | None
    ) -> FrameRows:
        """Kernels of a frame with every sparse point, and their derivatives."""
        rows = self._comparable(self.descriptor.transform(frame, n_jobs=n_jobs))
        m = self.n_points
        centers, slope = np.zeros((len(rows), m)), np.zeros((len(rows), m))
        for element, points, columns in self._scaled.columns():
            own = numbers == element
            centers[own, columns], slope[own, columns] = self.kernel.value_and_slope(rows[own], points)
        if not derivatives:
            return FrameRows(centers)
        forces = np.zeros((len(numbers), 3, m))
        virial = np.zeros((6, m)) if strain else None
        wanted = {"strain": True} if strain else {}
        for piece in self.descriptor.iter_derivatives(frame, max_bytes=_PIECE, n_jobs=n_jobs, **wanted):
            own = piece.first_row + piece.center
            np.subtract.at(forces, piece.atom, self._along(piece.values, own, numbers, rows, slope))
            if virial is not None:
                some = np.arange(piece.first_row, piece.first_row + piece.n_rows)
                nine = piece.strain.reshape(piece.n_rows, 9, -1)[:, [3 * a + b for a, b in VOIGT]]
                virial -= self._along(nine, some, numbers, rows, slope).sum(axis=0)
        return FrameRows(centers, forces, virial)

    def _along(
        self, blocks: Floats, own: NDArray[np.int64], numbers: NDArray[np.int64], rows: Floats, slope: Floats
    ) -> Floats:
        """`k'(D) dD = 2 k'(D) (x - s) · dx` for blocks `(n, x, n_features)` of derivatives, `(n, x, m)`."""
        scaled = blocks / self.kernel.length
        found = np.zeros((*blocks.shape[:2], self.n_points))
        outward = np.einsum("nxf,nf->nx", scaled, rows[own])
        for element, points, columns in self._scaled.columns():
            mine = numbers[own] == element
            found[mine, :, columns] = outward[mine][:, :, None] - scaled[mine] @ points.T
        found *= 2.0 * slope[own][:, None, :]
        return found

    def weigh(self, alpha: Floats) -> None:
        """Take the weights of the sparse points."""
        self._alpha = alpha

    def compressed(self, tolerance: float) -> ProductTerm:
        """Itself: distances are those of all features."""
        return self

    def energies(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> Floats:
        """What the term adds to the local energies."""
        found = np.zeros(packed.n_atoms)
        for first, last in batches(packed.offsets, _ATOMS):
            own = slice(int(packed.offsets[first]), int(packed.offsets[last]))
            rows = self.descriptor.transform(frames[first:last], n_jobs=n_jobs)
            found[own] = self._evaluated(rows, packed.numbers[own])[0]
        return found

    def energies_and_gradient(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> tuple[Floats, Any]:
        """The same, and the gradient of their sum."""
        found = np.zeros(packed.n_atoms)

        def ask(rows: Any, features: Floats) -> Floats:
            found[rows.index], adjoint = self._evaluated(features, rows.species)
            return adjoint

        pull = self.descriptor.fused(frames, ask, block=_evaluation.BLOCK, n_jobs=n_jobs)
        return found, Pullback(pull.positions, pull.strain)

    def _evaluated(self, features: Floats, numbers: NDArray[np.int64]) -> tuple[Floats, Floats]:
        rows = self._comparable(features)
        found, adjoint = np.zeros(len(rows)), np.zeros_like(rows)
        for element, points, columns in self._scaled.columns():
            own = np.flatnonzero(numbers == element)
            value, slope = self.kernel.value_and_slope(rows[own], points)
            found[own] = value @ self._alpha[columns]
            slope *= 2.0 * self._alpha[columns]
            adjoint[own] = slope.sum(axis=1)[:, None] * rows[own] - slope @ points
        return found, adjoint / self.kernel.length

    def _comparable(self, features: Floats) -> Floats:
        return np.asarray(features / self.kernel.length)

    def _nearest(self, rows: Floats, points: Floats) -> Floats:
        value: Floats = self.kernel.value_and_slope(rows, points / self.kernel.length)[0].max(axis=1)
        return value
