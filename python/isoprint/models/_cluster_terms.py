"""Terms of pairs and triples that have learned: sums over clusters, one sparse set for each kind of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.descriptors.derivatives import Pullback
from isoprint.models._kernel import OfDistance
from isoprint.models._labels import VOIGT
from isoprint.models._rows import FrameRows
from isoprint.models._solver import cholesky_of
from isoprint.models.clusters import ClusterTerm, Group, name_of
from isoprint.structures.clusters import Clusters
from isoprint.structures.frames import Frames

Floats = NDArray[np.float64]

# Bytes of derivatives by all sparse points that are made at a time.
_BYTES = 16 << 20


class ClustersTerm:
    """Pairs or triples whose features are compared by a kernel of their distance.

    A local energy is the sum over the clusters of a center, each times its weight, `Σ w(c) Σ_s alpha_s k(x_c, x_s)`.
    """

    def __init__(self, clusters: ClusterTerm, groups: list[Group], points: list[Floats], kernel: OfDistance) -> None:
        self.clusters, self.groups, self.points, self.kernel = clusters, groups, points, kernel
        self._scaled = [own / kernel.length for own in points]
        ends = np.cumsum([0, *map(len, points)])
        self._columns = [slice(int(a), int(b)) for a, b in pairwise(ends)]

    @property
    def n_points(self) -> int:
        """Sparse points."""
        return sum(map(len, self.points))

    @property
    def elements(self) -> list[int]:
        """Those of which there are clusters; none where it is any."""
        return sorted({number for group in self.groups for number in group} - {0})

    @property
    def sparse(self) -> dict[str, Floats]:
        """Features of the sparse points by elements."""
        return {name_of(group): own for group, own in zip(self.groups, self.points, strict=True)}

    def prior(self, jitter: float) -> Floats:
        """The lower Cholesky factor of the kernel matrix of the sparse points, by kind of cluster."""
        whole = np.zeros((self.n_points, self.n_points))
        for own, columns in zip(self._scaled, self._columns, strict=True):
            if len(own):
                between, _ = self.kernel.value_and_slope(own, own)
                whole[columns, columns] = cholesky_of(between, jitter, self.kernel.on_diagonal())
        return whole

    def prior_variance(self, frame: Any, numbers: NDArray[np.int64], n_jobs: int | None) -> Floats:
        """Of the local energies, before anything is known: all clusters of a center with each other."""
        found = np.zeros(len(numbers))
        for clusters in self.clusters._found(frame, numbers, self.groups, n_jobs):
            features, weight, _, _ = self._described(clusters)
            order = np.argsort(clusters.atoms[:, 0], kind="stable")
            ends = np.searchsorted(clusters.atoms[order, 0], np.arange(len(numbers) + 1))
            for center, (a, b) in enumerate(pairwise(ends)):
                own = order[a:b]
                value, _ = self.kernel.value_and_slope(features[own], features[own])
                found[center] += weight[own] @ value @ weight[own]
        return found

    def rows(
        self, frame: Any, numbers: NDArray[np.int64], derivatives: bool, strain: bool, n_jobs: int | None
    ) -> FrameRows:
        """Kernels of a frame with every sparse point, and their derivatives."""
        n, m = len(numbers), self.n_points
        centers = np.zeros((n, m))
        forces = np.zeros((n, 3, m)) if derivatives else None
        virial = np.zeros((6, m)) if derivatives and strain else None
        for clusters, points, columns in self._pieces(frame, numbers, n_jobs):
            features, weight, slopes, fading = self._described(clusters)
            value, slope = self.kernel.value_and_slope(features, points)
            centers[:, columns] += _summed(clusters.atoms[:, 0], weight[:, None] * value, n)
            if forces is None:
                continue
            # d(w k) = k dw + 2 w k'(D) (x - s) · dx
            outward = np.einsum("npxd,nd->npx", slopes, features)
            along = outward[..., None] - slopes @ points.T
            along *= (2.0 * weight[:, None] * slope)[:, None, None, :]
            along += fading[..., None] * value[:, None, None, :]
            members = clusters.atoms.ravel()
            forces[:, :, columns] -= _summed(members, along.reshape(len(members), -1), n).reshape(n, 3, -1)
            if virial is not None:
                for place, (a, b) in enumerate(VOIGT):
                    virial[place, columns] -= np.einsum("np,npm->m", clusters.vectors[:, :, a], along[:, :, b])
        return FrameRows(centers, forces, virial)

    def weigh(self, alpha: Floats) -> None:
        """Take the weights of the sparse points."""
        self._alpha = alpha

    def energies(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> Floats:
        """What the term adds to the local energies."""
        return self._evaluated(frames, packed, n_jobs, None)

    def energies_and_gradient(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> tuple[Floats, Pullback]:
        """The same, and the gradient of their sum."""
        gradient = Pullback(np.zeros((packed.n_atoms, 3)), np.zeros((packed.n_frames, 3, 3)))
        return self._evaluated(frames, packed, n_jobs, gradient), gradient

    def _evaluated(self, frames: list[Any], packed: Frames, n_jobs: int | None, gradient: Pullback | None) -> Floats:
        found = np.zeros(packed.n_atoms)
        for place, frame in enumerate(frames):
            own = slice(int(packed.offsets[place]), int(packed.offsets[place + 1]))
            numbers = packed.numbers[own]
            for clusters, points, columns in self._pieces(frame, numbers, n_jobs):
                alpha = self._alpha[columns]
                features, weight, slopes, fading = self._described(clusters)
                value, slope = self.kernel.value_and_slope(features, points)
                local = value @ alpha
                found[own] += np.bincount(clusters.atoms[:, 0], weight * local, len(numbers))
                if gradient is None:
                    continue
                slope *= 2.0 * alpha
                adjoint = (slope.sum(axis=1)[:, None] * features - slope @ points) * weight[:, None]
                along = np.einsum("npxd,nd->npx", slopes, adjoint) + fading * local[:, None, None]
                members = clusters.atoms.ravel()
                for x in range(3):
                    gradient.positions[own, x] += np.bincount(members, along[..., x].ravel(), len(numbers))
                gradient.strain[place] += np.tensordot(clusters.vectors, along, ([0, 1], [0, 1]))
        return found

    def extrapolation(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> Floats:
        """The most that any cluster of a center is unlike all sparse points, times its weight."""
        found = np.zeros(packed.n_atoms)
        for place, frame in enumerate(frames):
            own = slice(int(packed.offsets[place]), int(packed.offsets[place + 1]))
            kinds = self.clusters._found(frame, packed.numbers[own], self.groups, n_jobs)
            for clusters, points in zip(kinds, self._scaled, strict=True):
                features, weight, _, _ = self._described(clusters)
                nearest = self.kernel.value_and_slope(features, points)[0].max(axis=1, initial=0.0)
                np.maximum.at(found[own], clusters.atoms[:, 0], weight * (1.0 - nearest / self.kernel.on_diagonal()))
        return found

    def _pieces(
        self, frame: Any, numbers: NDArray[np.int64], n_jobs: int | None
    ) -> Iterator[tuple[Clusters, Floats, slice]]:
        """Clusters of one kind, as many as fit into memory, their sparse points, and the columns of these."""
        kinds = self.clusters._found(frame, numbers, self.groups, n_jobs)
        for clusters, points, columns in zip(kinds, self._scaled, self._columns, strict=True):
            if not len(points):
                continue
            most = max(1, _BYTES // (24 * self.clusters.members * len(points)))
            for begin in range(0, len(clusters.atoms), most):
                yield clusters.chosen(slice(begin, begin + most)), points, columns

    def _described(self, clusters: Clusters) -> tuple[Floats, Floats, Floats, Floats]:
        """Features in units of the lengths `(n, d)`, weights `(n,)`, and the derivatives of both by the members."""
        weight = self.clusters._weight(clusters)
        found = self.clusters._features(clusters)
        features = np.stack([each.value for each in found], axis=-1) / self.kernel.length
        slopes = np.stack([each.gradient for each in found], axis=-1) / self.kernel.length
        return features, weight.value, slopes, weight.gradient


def features_of(
    clusters: ClusterTerm, groups: list[Group], structures: list[Any], packed: Frames, n_jobs: int | None
) -> list[Floats]:
    """Features of all clusters of some frames, by kind, as far as these count at all; the same ones once."""
    found: list[list[Floats]] = [[] for _ in groups]
    for place, frame in enumerate(structures):
        numbers = packed.numbers[packed.offsets[place] : packed.offsets[place + 1]]
        for rows, own in zip(found, clusters._found(frame, numbers, groups, n_jobs), strict=True):
            counts = clusters._weight(own).value > 0.0
            rows.append(np.stack([each.value for each in clusters._features(own)], axis=-1)[counts])
    # Pairs are found from either end, and triples in either order.
    return [np.unique(np.concatenate(rows), axis=0) if rows else np.empty((0, clusters.n_features)) for rows in found]


def _summed(place: NDArray[np.int64], values: Floats, n: int) -> Floats:
    """Sums of rows by place, `(n, width)`."""
    from scipy.sparse import csr_array

    order = csr_array((np.ones(len(place)), (place, np.arange(len(place)))), shape=(n, len(place)))
    return np.asarray(order @ values)
