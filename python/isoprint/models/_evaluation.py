"""Energy, forces and stress of frames in one pass: features forth, the gradient of the energy back."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._core import KernelSum
from isoprint.descriptors._evaluations import evaluated
from isoprint.models._kernel import DotProductKernel, Power
from isoprint.models._rows import batches
from isoprint.models._sparse_set import SparseSet, unit

Floats = NDArray[np.float64]

# Centers whose products with the sparse points are made at a time.
BLOCK = 64
_ATOMS = 4096
# Whole powers up to here are products.
_MOST = 64


class Evaluator:
    """Local energies of fingerprints, and their gradient with respect to these."""

    def __init__(
        self,
        sparse: SparseSet,
        kernel: DotProductKernel,
        alpha: Floats,
        normalized: bool,
        basis: Floats | None = None,
    ) -> None:
        self._kernel, self._normalized, self._basis = kernel, normalized, basis
        self._given = sparse, alpha
        self._parts = [
            (element, points, points.T.copy(), alpha[columns]) for element, points, columns in sparse.columns()
        ]
        self._elements = np.full(1 + max(sparse.elements, default=0), -1)
        self._elements[sparse.elements] = np.arange(len(sparse.elements))

    @cached_property
    def compiled(self) -> KernelSum | None:
        """The same as a function that the compiled module knows, if it knows this kernel."""
        if not (isinstance(self._kernel, Power) and self._normalized and self._parts):
            return None
        zeta, square = self._kernel.zeta, self._kernel.delta**2
        if zeta != int(zeta) or zeta > _MOST:
            return None
        seen = [points if self._basis is None else points @ self._basis.T for _, points, _, _ in self._parts]
        weights = [square * alpha for *_, alpha in self._parts]
        parts = [(np.ascontiguousarray(points), own) for points, own in zip(seen, weights, strict=True)]
        return KernelSum(self._parts[0][1].shape[1], int(zeta), parts, self._basis)

    def compressed(self, tolerance: float) -> Evaluator:
        """The same on the directions in which the points have singular values above `tolerance` times the largest.

        Itself where these are more than half of all, which would save nothing.
        """
        points = np.concatenate([points for _, points, _, _ in self._parts])
        _, values, directions = np.linalg.svd(points, full_matrices=False)
        rank = int((values > tolerance * values.max(initial=0.0)).sum())
        if 2 * rank > points.shape[1] or self.compiled is None:
            return self
        sparse, alpha = self._given
        return Evaluator(sparse, self._kernel, alpha, self._normalized, np.ascontiguousarray(directions[:rank]))

    def __getstate__(self) -> dict[str, Any]:
        """All but what the compiled module keeps, which is made again."""
        return {name: value for name, value in vars(self).items() if name != "compiled"}

    def kinds(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places of atomic numbers among the elements; -1 for others."""
        known = numbers < len(self._elements)
        return np.where(known, self._elements[np.where(known, numbers, 0)], -1)

    def energies(self, features: Floats, numbers: NDArray[np.int64]) -> Floats:
        """Local energies without those of single atoms."""
        rows, _ = unit(features, self._normalized)
        found = np.zeros(len(rows))
        for element, _, transposed, alpha in self._parts:
            own, some = _of(numbers, element, rows)
            if len(some):
                found[own] = self._kernel.value_and_slope(some @ transposed)[0] @ alpha
        return found

    def energies_and_adjoint(self, features: Floats, numbers: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Local energies, and their gradients by the features."""
        rows, length = unit(features, self._normalized)
        found, adjoint = np.zeros(len(rows)), np.zeros_like(rows)
        for element, points, transposed, alpha in self._parts:
            own, some = _of(numbers, element, rows)
            if len(some):
                value, slope = self._kernel.value_and_slope(some @ transposed)
                found[own] = value @ alpha
                slope *= alpha
                adjoint[own] = slope @ points
        if length is not None:
            adjoint -= rows * np.einsum("nf,nf->n", rows, adjoint)[:, None]
            adjoint /= length
        return found, adjoint


def _of(numbers: NDArray[np.int64], element: int, rows: Floats) -> tuple[Any, Floats]:
    """Which rows are of an element, and these; all of them without a copy."""
    own = numbers == element
    return (slice(None), rows) if own.all() else (own, rows[own])


def energies(descriptor: Any, evaluator: Evaluator, frames: list[Any], packed: Any, n_jobs: int | None) -> Floats:
    """Local energies of all atoms, no gradients."""
    found = np.zeros(packed.n_atoms)
    for first, last in batches(packed.offsets, _ATOMS):
        own = slice(int(packed.offsets[first]), int(packed.offsets[last]))
        rows = descriptor.transform(frames[first:last], n_jobs=n_jobs)
        found[own] = evaluator.energies(rows, packed.numbers[own])
    return found


def energies_and_gradient(
    descriptor: Any, evaluator: Evaluator, frames: list[Any], packed: Any, n_jobs: int | None
) -> tuple[Floats, Any]:
    """Local energies of all atoms, and the gradient of their sum."""
    if evaluator.compiled is not None:
        answer = evaluated(descriptor, frames, evaluator.compiled, evaluator.kinds(packed.numbers), n_jobs)
        if answer is not None:
            return answer
    found = np.zeros(packed.n_atoms)

    def ask(rows: Any, features: Floats) -> Floats:
        found[rows.index], adjoint = evaluator.energies_and_adjoint(features, rows.species)
        return adjoint

    return found, descriptor.fused(frames, ask, block=BLOCK, n_jobs=n_jobs)
