"""A term whose columns are the features themselves, one block of them for each central element."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.models._evaluation import BLOCK
from isoprint.models._labels import VOIGT
from isoprint.models._rows import FrameRows, batches

Floats = NDArray[np.float64]

# Atoms whose fingerprints are computed in one go.
_ATOMS = 4096
# Bytes of Jacobian that are summed at a time: they stay in a cache.
_PIECE = 8 << 20


class LinearTerm:
    """`w_Z · q` for every atom; a column is a feature in units in which its weight is one a priori.

    Parameters
    ----------
    descriptor : Descriptor
        With a row an atom.
    units : dict
        By atomic number: how many eV a feature of one adds with a column's weight of one.
    """

    def __init__(self, descriptor: Any, units: dict[int, float]) -> None:
        self.descriptor, self.units = descriptor, units
        self._width = int(descriptor.n_features)
        self.columns = {z: slice(k * self._width, (k + 1) * self._width) for k, z in enumerate(units)}
        self.weights: dict[int, Floats] = {}

    @property
    def n_points(self) -> int:
        """Columns."""
        return self._width * len(self.units)

    @property
    def elements(self) -> list[int]:
        """Those that have columns."""
        return list(self.units)

    @property
    def sparse(self) -> dict[str, Floats]:
        """There are no sparse points."""
        return {}

    def prior(self, jitter: float) -> Floats:
        """The lower Cholesky factor of the prior: weights are independent, each of variance one."""
        return np.eye(self.n_points)

    def prior_variance(self, frame: Any, numbers: NDArray[np.int64], n_jobs: int | None) -> Floats:
        """Of the local energies, before anything is known."""
        return np.asarray((self.rows(frame, numbers, False, False, n_jobs).centers ** 2).sum(axis=1))

    def rows(
        self, frame: Any, numbers: NDArray[np.int64], derivatives: bool, strain: bool, n_jobs: int | None
    ) -> FrameRows:
        """Features of a frame in their columns, and their derivatives."""
        features = self.descriptor.transform(frame, n_jobs=n_jobs)
        result = FrameRows(np.zeros((len(numbers), self.n_points)))
        for element, columns in self.columns.items():
            own = numbers == element
            result.centers[own, columns] = features[own] * self.units[element]
        if not derivatives:
            return result
        result.forces = np.zeros((len(numbers), 3, self.n_points))
        result.virial = np.zeros((6, self.n_points)) if strain else None
        wanted = {"strain": True} if strain else {}
        for piece in self.descriptor.iter_derivatives(frame, max_bytes=_PIECE, n_jobs=n_jobs, **wanted):
            for element, columns in self.columns.items():
                self._add(result, piece, numbers, element, columns)
        return result

    def _add(self, result: FrameRows, piece: Any, numbers: NDArray[np.int64], element: int, columns: slice) -> None:
        """Add the blocks of one element."""
        from scipy.sparse import csr_array

        mine = np.flatnonzero(numbers[piece.first_row + piece.center] == element)
        unit, n = self.units[element], len(numbers)
        if not len(mine):
            return
        # Blocks stay where they are: the matrix passes over those of other elements.
        order = csr_array((np.full(len(mine), unit), (piece.atom[mine], mine)), shape=(n, len(piece.atom)))
        summed = order @ piece.values.reshape(len(piece.atom), -1)
        assert result.forces is not None
        result.forces[:, :, columns] -= summed.reshape(n, 3, -1)
        if result.virial is not None:
            strained = numbers[piece.first_row : piece.first_row + piece.n_rows] == element
            nine = piece.strain[strained].sum(axis=0).reshape(9, -1)
            result.virial[:, columns] -= unit * nine[[3 * a + b for a, b in VOIGT]]

    def weigh(self, alpha: Floats) -> None:
        """Take the weights of all columns."""
        self.weights = {z: self.units[z] * alpha[columns] for z, columns in self.columns.items()}

    def energies(self, frames: list[Any], packed: Any, n_jobs: int | None) -> Floats:
        """Local energies without those of single atoms."""
        found = np.zeros(packed.n_atoms)
        for first, last in batches(packed.offsets, _ATOMS):
            own = slice(int(packed.offsets[first]), int(packed.offsets[last]))
            rows = self.descriptor.transform(frames[first:last], n_jobs=n_jobs)
            found[own] = np.einsum("nf,nf->n", rows, self._adjoint(packed.numbers[own]))
        return found

    def energies_and_gradient(self, frames: list[Any], packed: Any, n_jobs: int | None) -> tuple[Floats, Any]:
        """The same, and the gradient of their sum."""
        found = np.zeros(packed.n_atoms)

        def ask(rows: Any, features: Floats) -> Floats:
            adjoint = self._adjoint(rows.species)
            found[rows.index] = np.einsum("nf,nf->n", features, adjoint)
            return adjoint

        return found, self.descriptor.fused(frames, ask, block=BLOCK, n_jobs=n_jobs)

    def _adjoint(self, numbers: NDArray[np.int64]) -> Floats:
        """The weights of the element of each atom."""
        adjoint = np.zeros((len(numbers), self._width))
        for element, weights in self.weights.items():
            adjoint[numbers == element] = weights
        return adjoint

    def extrapolation(self, frames: list[Any], packed: Any, n_jobs: int | None) -> Floats:
        """Nothing is known of it without what was seen of the data; the model has an answer of its own."""
        return np.zeros(packed.n_atoms)


def units_of(descriptor: Any, structures: list[Any], packed: Any, delta: float, n_jobs: int | None) -> dict[int, float]:
    """By element: `delta` over the root mean square length of its rows."""
    squares = {int(z): [0.0, 0] for z in np.unique(packed.numbers)}
    for first, last in batches(packed.offsets, _ATOMS):
        numbers = packed.numbers[int(packed.offsets[first]) : int(packed.offsets[last])]
        lengths = (descriptor.transform(structures[first:last], n_jobs=n_jobs) ** 2).sum(axis=1)
        for element, known in squares.items():
            known[0] += float(lengths[numbers == element].sum())
            known[1] += int((numbers == element).sum())
    return {z: delta / np.sqrt(total / count) if total > 0.0 else delta for z, (total, count) in squares.items()}
