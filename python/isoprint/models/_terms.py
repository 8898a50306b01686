"""A model as a sum of terms that have learned, and of what is there before anything is learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import real
from isoprint.descriptors.derivatives import Pullback
from isoprint.models import _sparse_set
from isoprint.models._cluster_terms import ClustersTerm, features_of
from isoprint.models._declared import is_clusters
from isoprint.models._environment_terms import DistanceTerm, ProductTerm
from isoprint.models._kernel import OfDistance, OfProduct, Power
from isoprint.models._labels import VOIGT, Labels
from isoprint.models._rows import FrameRows, batches, normalizes
from isoprint.models._sparse_set import Kind, SparseSet
from isoprint.models.clusters import ClusterTerm, group_of, name_of
from isoprint.models.kernels import DotProduct, SquaredExponential
from isoprint.models.pair_potential import PairPotential
from isoprint.models.term import Term
from isoprint.structures.elements import number_of, symbol_of
from isoprint.structures.frames import Frames

Floats = NDArray[np.float64]

# Atoms whose fingerprints are looked at in one go when sparse points are chosen.
_ATOMS = 4096


class LearnedTerm(Protocol):
    """What a model asks of a term; columns are its sparse points."""

    @property
    def n_points(self) -> int: ...

    @property
    def elements(self) -> list[int]: ...

    @property
    def sparse(self) -> dict[str, Floats]: ...

    def prior(self, jitter: float) -> Floats: ...

    def prior_variance(self, frame: Any, numbers: NDArray[np.int64], n_jobs: int | None) -> Floats: ...

    def rows(
        self, frame: Any, numbers: NDArray[np.int64], derivatives: bool, strain: bool, n_jobs: int | None
    ) -> FrameRows: ...

    def weigh(self, alpha: Floats) -> None: ...

    def energies(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> Floats: ...

    def energies_and_gradient(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> tuple[Floats, Any]: ...

    def extrapolation(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> Floats: ...


class Terms:
    """The sum of the terms of a model; the columns of one term follow those of the one before."""

    def __init__(self, terms: dict[str, LearnedTerm], fixed: list[PairPotential]) -> None:
        self.terms, self.fixed = terms, fixed
        ends = np.cumsum([0, *(term.n_points for term in terms.values())])
        self.columns = [slice(int(a), int(b)) for a, b in pairwise(ends)]

    @property
    def n_points(self) -> int:
        """Sparse points of all terms."""
        return sum(term.n_points for term in self.terms.values())

    @property
    def sparse(self) -> dict[str, Any]:
        """Sparse points by element; of several terms, by the name of the term first."""
        if len(self.terms) == 1:
            return next(iter(self.terms.values())).sparse
        return self.sparse_by_name

    @property
    def sparse_by_name(self) -> dict[str, dict[str, Floats]]:
        """Sparse points by the name of the term, then by element or elements."""
        return {name: term.sparse for name, term in self.terms.items()}

    def prior(self, jitter: float) -> Floats:
        """The lower Cholesky factor of the kernel matrix of all sparse points, block by block."""
        whole = np.zeros((self.n_points, self.n_points))
        for term, columns in zip(self.terms.values(), self.columns, strict=True):
            whole[columns, columns] = term.prior(jitter)
        return whole

    def prior_variance(self, frame: Any, numbers: NDArray[np.int64], n_jobs: int | None) -> Floats:
        """Of the local energies, before anything is known."""
        return np.asarray(sum(term.prior_variance(frame, numbers, n_jobs) for term in self.terms.values()))

    def rows(
        self, frame: Any, numbers: NDArray[np.int64], derivatives: bool, strain: bool, n_jobs: int | None
    ) -> FrameRows:
        """Rows of the least-squares problem that belong to a frame."""
        found = [term.rows(frame, numbers, derivatives, strain, n_jobs) for term in self.terms.values()]
        if len(found) == 1:
            return found[0]
        forces = [each.forces for each in found if each.forces is not None]
        virial = [each.virial for each in found if each.virial is not None]
        return FrameRows(
            np.concatenate([each.centers for each in found], axis=1),
            np.concatenate(forces, axis=2) if forces else None,
            np.concatenate(virial, axis=1) if virial else None,
        )

    def weigh(self, alpha: Floats) -> None:
        """Take the weights of all sparse points."""
        for term, columns in zip(self.terms.values(), self.columns, strict=True):
            term.weigh(alpha[columns])

    def compressed(self, tolerance: float) -> Terms:
        """The same with products of fingerprints on fewer directions of their space."""
        fewer = {
            name: term.compressed(tolerance) if isinstance(term, ProductTerm) else term
            for name, term in self.terms.items()
        }
        return Terms(fewer, self.fixed)

    def energies(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> Floats:
        """Local energies without those of single atoms."""
        found = [term.energies(frames, packed, n_jobs) for term in self.terms.values()]
        found += [each._energies(frames, packed, n_jobs) for each in self.fixed]
        return np.asarray(np.sum(found, axis=0))

    def energies_and_gradient(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> tuple[Floats, Any]:
        """The same, and the gradient of their sum."""
        found: list[tuple[Floats, Any]]
        found = [term.energies_and_gradient(frames, packed, n_jobs) for term in self.terms.values()]
        found += [each._energies_and_gradient(frames, packed, n_jobs) for each in self.fixed]
        if len(found) == 1:
            return found[0]
        return (
            np.sum([local for local, _ in found], axis=0),
            Pullback(
                np.sum([gradient.positions for _, gradient in found], axis=0),
                np.sum([gradient.strain for _, gradient in found], axis=0),
            ),
        )

    def extrapolation(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> Floats:
        """The most that any term is beyond its sparse points."""
        each = [term.extrapolation(frames, packed, n_jobs) for term in self.terms.values()]
        return np.asarray(np.max(each, axis=0))


def kernel_of(term: Term, zeta: Any, delta: Any) -> Power | OfProduct | OfDistance:
    """The kernel of a term and its variance; what the term does not say, the model does."""
    clusters = is_clusters(term.descriptor)
    scale = real(
        "delta",
        delta if term.delta is None else term.delta,
        above=1e-100,
        most=1e100,
        remedy="it must be a positive number of eV",
    )
    kernel = term.kernel
    if kernel is None:
        kernel = SquaredExponential() if clusters else DotProduct(zeta if term.zeta is None else term.zeta)
    elif term.zeta is not None:
        raise ValueError(f"zeta is {term.zeta} beside the kernel {kernel!r}; say it in the kernel")
    if isinstance(kernel, DotProduct) and not clusters:
        return kernel._scaled(scale)
    if isinstance(kernel, SquaredExponential) and clusters:
        kernel = SquaredExponential(kernel.length, unit=False, constant=kernel.constant)
    of = getattr(kernel, "of", None)
    if of not in ("product", "distance") or not callable(getattr(kernel, "value_and_slope", None)):
        raise TypeError(f"kernel is {kernel!r}; give a kernel, as isoprint.models.Kernel describes it")
    if of == "product":
        if clusters:
            raise ValueError(f"kernel is {kernel!r}, of dot products; pairs and triples have distances to compare")
        return OfProduct(kernel, scale)
    return OfDistance(kernel, scale, _lengths(kernel, term.descriptor))


def _lengths(kernel: Any, descriptor: Any) -> Floats:
    length = np.asarray(getattr(kernel, "length", 1.0), np.float64)
    if not (np.isfinite(length).all() and (length > 0.0).all() and length.ndim <= 1):
        raise ValueError(f"length of the kernel is {kernel.length!r}; it must be positive, one number or one a feature")
    return np.atleast_1d(length)


def term_of(descriptor: Any, kernel: Power | OfProduct | OfDistance, points: Mapping[str, Floats]) -> LearnedTerm:
    """A term with these sparse points, by element or elements."""
    if isinstance(descriptor, ClusterTerm):
        if not isinstance(kernel, OfDistance):
            raise ValueError("pairs and triples have distances to compare")
        _require_one_each(kernel, descriptor.n_features)
        return ClustersTerm(descriptor, [group_of(name) for name in points], list(points.values()), kernel)
    chosen = SparseSet([number_of(symbol, "sparse") for symbol in points], list(points.values()))
    if isinstance(kernel, OfDistance):
        _require_one_each(kernel, descriptor.n_features)
        return DistanceTerm(descriptor, chosen, kernel)
    return ProductTerm(descriptor, chosen, kernel)


def learned(
    term: Term, model: Any, structures: list[Any], packed: Frames, rng: np.random.Generator, n_jobs: int | None
) -> LearnedTerm:
    """Choose the sparse points of a term among what the frames have."""
    kernel = kernel_of(term, model.zeta, model.delta)
    if is_clusters(term.descriptor):
        return _clusters(term, kernel, structures, packed, rng, n_jobs)
    rows = []
    normalized = isinstance(kernel, OfDistance) or normalizes(term.descriptor)
    for first, last in batches(packed.offsets, _ATOMS):
        found = term.descriptor.transform(structures[first:last], n_jobs=n_jobs)
        rows.append(_sparse_set.unit(found, normalized, packed, int(packed.offsets[first]))[0])
    features = np.concatenate(rows)
    by_element = {int(number): features[packed.numbers == number] for number in np.unique(packed.numbers)}
    how = model.sparse if term.sparse is None else term.sparse
    n_sparse = model.n_sparse if term.n_sparse is None else term.n_sparse
    kind = _sparse_set.OF_ELEMENTS
    if isinstance(kernel, OfDistance):
        _require_one_each(kernel, features.shape[1])
        kind = Kind(kind.name, kind.key, kernel.length)
    points = _sparse_set.points_of(how, n_sparse, by_element, rng, kind)
    return term_of(
        term.descriptor,
        kernel,
        {symbol_of(number): own for number, own in zip(sorted(by_element), points, strict=True)},
    )


def _clusters(
    term: Term, kernel: Any, structures: list[Any], packed: Frames, rng: np.random.Generator, n_jobs: int | None
) -> LearnedTerm:
    clusters = term.descriptor
    clusters._require()
    _require_one_each(kernel, clusters.n_features)
    groups = clusters._groups([int(number) for number in np.unique(packed.numbers)])
    features = dict(zip(groups, features_of(clusters, groups, structures, packed, n_jobs), strict=True))
    pairs = clusters.members == 2
    kind = Kind(name_of, _key, kernel.length, ("uniform", "fps", "random") if pairs else ("fps", "random"))
    how = term.sparse if term.sparse is not None else kind.ways[0]
    n_sparse = term.n_sparse if term.n_sparse is not None else 20 if pairs else 100
    found = dict(zip(sorted(groups), _sparse_set.points_of(how, n_sparse, features, rng, kind), strict=True))
    if not any(map(len, found.values())):
        raise ValueError(f"no frame has what {clusters!r} is a function of; raise r_cut, or leave the term out")
    return term_of(clusters, kernel, {name_of(group): found[group] for group in groups})


def _key(name: Any) -> Any:
    if isinstance(name, str):
        return group_of(name)
    if all(isinstance(element, str) for element in name):
        return group_of("-".join(name))
    return tuple(name)


def _require_one_each(kernel: OfDistance, n_features: int) -> None:
    if len(kernel.length) not in (1, n_features):
        raise ValueError(
            f"length of the kernel has {len(kernel.length)} entries for {n_features} features; give one each"
        )


def less_fixed(
    fixed: list[PairPotential], structures: list[Any], packed: Frames, labels: list[Labels], n_jobs: int | None
) -> list[Labels]:
    """What is left of the labels once the fixed part of a model is taken away."""
    for each in fixed:
        local, gradient = each._energies_and_gradient(structures, packed, n_jobs)
        labels = [_less(label, local, gradient, packed, place) for place, label in enumerate(labels)]
    return labels


def _less(label: Labels, local: Floats, gradient: Pullback, packed: Frames, place: int) -> Labels:
    own = slice(int(packed.offsets[place]), int(packed.offsets[place + 1]))
    strain = np.array([gradient.strain[place][pair] for pair in VOIGT])
    return replace(
        label,
        energy=None if label.energy is None else label.energy - float(local[own].sum()),
        forces=None if label.forces is None else label.forces + gradient.positions[own],
        virial=None if label.virial is None else label.virial + strain,
    )
