"""Rows of the least-squares problem: kernels of a frame with every sparse point, and their derivatives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.models._kernel import DotProductKernel
from isoprint.models._labels import VOIGT
from isoprint.models._sparse_set import SparseSet, unit

Floats = NDArray[np.float64]


@dataclass
class FrameRows:
    """What one frame contributes, one column a sparse point: each center, each force component, six virials."""

    centers: Floats
    forces: Floats | None = None
    virial: Floats | None = None

    @property
    def energy(self) -> Floats:
        """Of the sum over the centers."""
        return np.asarray(self.centers.sum(axis=0))


def rows_of(
    descriptor: Any,
    sparse: SparseSet,
    kernel: DotProductKernel,
    frame: Any,
    numbers: NDArray[np.int64],
    *,
    derivatives: bool,
    strain: bool = False,
    n_jobs: int | None = None,
) -> FrameRows:
    """Rows of one frame whose atoms have these atomic numbers."""
    features = descriptor.transform(frame, n_jobs=n_jobs)
    rows, length = unit(features, normalizes(descriptor))
    m = sparse.n_points
    centers = np.zeros((len(rows), m))
    slope = np.zeros((len(rows), m))
    for element, points, columns in sparse.columns():
        own = numbers == element
        centers[own, columns], slope[own, columns] = kernel.value_and_slope(rows[own] @ points.T)
    result = FrameRows(centers)
    if not derivatives:
        return result
    np.negative(slope, out=slope)
    options: dict[str, Any] = {"unit": length is not None, "strain": strain, "n_jobs": n_jobs}
    if len(sparse.elements) == 1:
        found = descriptor.project(frame, sparse.points[0], slope, **options)
        return FrameRows(centers, found.positions, _components(found) if strain else None)
    result.forces = np.zeros((len(numbers), 3, m))
    result.virial = np.zeros((6, m)) if strain else None
    for element, points, columns in sparse.columns():
        own = np.flatnonzero(numbers == element)
        if not len(own):
            continue
        found = descriptor.project(frame, points, slope[own, columns], centers=own, **options)
        result.forces[..., columns] = found.positions
        if result.virial is not None:
            result.virial[:, columns] = _components(found)
    return result


def _components(found: Any) -> Floats:
    """The six components of the derivatives by the strain of one frame."""
    return np.stack([found.strain[0, a, b] for a, b in VOIGT])


def normalizes(descriptor: Any) -> bool:
    """Whether rows of a descriptor have length one already."""
    return getattr(descriptor, "normalize", False) is True


def batches(offsets: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """Stretches of frames of at most so many atoms, one frame at least."""
    first, n = 0, len(offsets) - 1
    while first < n:
        last = int(np.searchsorted(offsets, offsets[first] + most, side="right")) - 1
        last = min(max(last, first + 1), n)
        yield first, last
        first = last
