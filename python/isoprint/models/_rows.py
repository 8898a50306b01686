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

# Bytes of Jacobian that are multiplied at a time: they stay in a cache.
_PIECE = 8 << 20


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
    dots = np.zeros((len(rows), m))
    for element, points, columns in sparse.columns():
        own = numbers == element
        found = rows[own] @ points.T
        centers[own, columns], slope[own, columns] = kernel.value_and_slope(found)
        dots[own, columns] = found
    result = FrameRows(centers)
    if not derivatives:
        return result
    result.forces = np.zeros((len(numbers), 3, m))
    result.virial = np.zeros((6, m)) if strain else None
    wanted = {"strain": True} if strain else {}
    for piece in descriptor.iter_derivatives(frame, max_bytes=_PIECE, n_jobs=n_jobs, **wanted):
        own = piece.first_row + piece.center
        for element, points, columns in sparse.columns():
            _add(result, piece, own, numbers, element, points, columns, rows, length, slope, dots)
    return result


def _add(
    result: FrameRows,
    piece: Any,
    own: NDArray[np.int64],
    numbers: NDArray[np.int64],
    element: int,
    points: Floats,
    columns: slice,
    rows: Floats,
    length: Floats | None,
    slope: Floats,
    dots: Floats,
) -> None:
    """Add the blocks of one element: `-k'(q · p) p · dq`."""
    mine = numbers[own] == element
    if not mine.any():
        return
    whole = bool(mine.all())
    blocks = piece.values if whole else piece.values[mine]
    center = own if whole else own[mine]
    atom = piece.atom if whole else piece.atom[mine]
    along = _projected(blocks, points, center, columns, rows, length, slope, dots)
    from scipy.sparse import csr_array

    order = csr_array((np.ones(len(atom)), (atom, np.arange(len(atom)))), shape=(len(numbers), len(atom)))
    assert result.forces is not None
    result.forces[:, :, columns] -= (order @ along.reshape(len(atom), -1)).reshape(len(numbers), 3, -1)
    if result.virial is None:
        return
    strained = np.arange(piece.first_row, piece.first_row + piece.n_rows)
    mine = numbers[strained] == element
    strain = piece.strain[mine].reshape(int(mine.sum()), 9, -1)[:, [3 * a + b for a, b in VOIGT]]
    result.virial[:, columns] -= _projected(strain, points, strained[mine], columns, rows, length, slope, dots).sum(0)


def _projected(
    blocks: Floats,
    points: Floats,
    center: NDArray[np.int64],
    columns: slice,
    rows: Floats,
    length: Floats | None,
    slope: Floats,
    dots: Floats,
) -> Floats:
    """`k'(q · p) p · dq` for blocks `(n, x, n_features)` of `dq`, `(n, x, m)`."""
    n, x, width = blocks.shape
    along = (blocks.reshape(n * x, width) @ points.T).reshape(n, x, -1)
    factor = slope[center, columns]
    if length is not None:
        # The derivative of q / |q| has no part along q.
        outward = np.einsum("nxf,nf->nx", blocks, rows[center])
        along -= outward[:, :, None] * dots[center, columns][:, None, :]
        factor = factor / length[center]
    along *= factor[:, None, :]
    return np.asarray(along)


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
