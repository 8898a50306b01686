"""`soap`, `soap_turbo` and `behler`: rows are the surroundings of atoms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.compat.quippy._results import Described, Gradients
from isoprint.compat.quippy._structure import Found, OpenFrame, Structure, near, without
from isoprint.descriptors.acsf import ACSF
from isoprint.descriptors.soap import SOAP
from isoprint.descriptors.soap_turbo import SoapTurbo
from isoprint.structures.elements import numbers_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class EnvironmentRows:
    """Fingerprints of atoms, or of all atoms of a structure together, as a descriptor of ours computes them.

    Parameters
    ----------
    descriptor : ACSF, SOAP or SoapTurbo
        The fingerprint; its `average` is `None` or `"inner"`.
    hides_strangers : bool
        Whether neighbors that the fingerprint does not see have no gradients at all, rather than zeros.
    """

    def __init__(self, descriptor: ACSF | SOAP | SoapTurbo, *, hides_strangers: bool) -> None:
        self.descriptor = descriptor
        self.hides_strangers = hides_strangers
        self.cutoff = float(descriptor.r_cut)
        self._elements = None if descriptor.centers is None else numbers_of(descriptor.centers, "centers")
        self._seen = None if descriptor.species == "any" else numbers_of(descriptor.species, "species")

    @property
    def n_features(self) -> int:
        """Numbers in a row."""
        return self.descriptor.n_features

    def permutations(self) -> NDArray[np.int32]:
        """The one order of the features."""
        return np.arange(1, self.n_features + 1, dtype=np.int32)[None]

    def describe(self, structure: Structure, gradients: bool, n_jobs: int | None) -> Described:
        """All rows of one structure."""
        return self.describe_all([structure], gradients, n_jobs)[0]

    def describe_all(self, structures: Sequence[Structure], gradients: bool, n_jobs: int | None) -> list[Described]:
        """All rows of several structures, computed in one call."""
        centers = [self._centers(structure) for structure in structures]
        rows = self._values([structure.frame for structure in structures], centers, n_jobs)
        return [
            Described(
                values,
                np.ones(len(values)),
                own,
                self._gradients(structure, own, n_jobs) if gradients and len(own) else None,
            )
            for structure, own, values in zip(structures, centers, rows, strict=True)
        ]

    def sizes(self, structure: Structure, n_jobs: int | None) -> tuple[int, int]:
        """Numbers of rows and of rows of gradients; those of strangers are counted, hidden or not, as quippy does."""
        centers = self._centers(structure)
        count = len(self._neighbors(structure, centers, n_jobs).index) + len(centers)
        return min(1, len(centers)) if self.descriptor.average else len(centers), count

    def _centers(self, structure: Structure) -> Ints:
        chosen = structure.mask
        if self._elements is not None:
            chosen = chosen & np.isin(structure.numbers, self._elements)
        return np.flatnonzero(chosen)

    def _values(self, frames: Sequence[Any], centers: Sequence[Ints], n_jobs: int | None) -> list[Floats]:
        """The rows of each frame."""
        averaged = self.descriptor.average is not None
        filled = [place for place, own in enumerate(centers) if len(own)]
        found = [np.zeros((0, self.n_features)) for _ in frames]
        if not filled:
            return found
        rows = self.descriptor.transform(
            [frames[place] for place in filled], centers=[centers[place] for place in filled], n_jobs=n_jobs
        )
        ends = np.cumsum([1 if averaged else len(centers[place]) for place in filled])
        for place, values in zip(filled, np.split(rows, ends[:-1]), strict=True):
            found[place] = self._summed(values, len(centers[place]))
        return found

    def _summed(self, values: Floats, count: int) -> Floats:
        """Features of the sum over atoms rather than of their mean, where that makes a difference."""
        if self.descriptor.average is None or getattr(self.descriptor, "normalize", True):
            return values
        values = np.array(values)
        values[..., :-1] *= float(count) ** 2
        return values

    # Gradients: one row an image, where a Jacobian of ours sums over the images of an atom.

    def _gradients(self, structure: Structure, centers: Ints, n_jobs: int | None) -> Gradients:
        found = self._neighbors(structure, centers, n_jobs)
        if self.hides_strangers and self._seen is not None:
            found = without(found, ~np.isin(structure.numbers[found.index], self._seen))
        counts = np.diff(found.offsets) + 1
        starts = np.cumsum(counts) - counts
        n = int(counts.sum())
        own = np.zeros(n, bool)
        own[starts] = True
        center = np.repeat(centers, counts)
        atom = center.copy()
        atom[~own] = found.index
        vector = np.zeros((n, 3))
        vector[~own] = found.vector
        values = np.zeros((n, 3, self.n_features))
        if self.descriptor.average is None:
            self._write_environments(structure, centers, found, own, values, n_jobs)
            return Gradients(
                values,
                np.zeros((n, 3)),
                np.append(starts, n),
                center,
                atom,
                structure.positions[center] + vector,
            )
        self._write_average(structure, counts, atom, vector, values, n_jobs)
        # Positions of an average are relative to the center, and all its rows belong to the first atom, as in quippy.
        return Gradients(values, np.zeros((n, 3)), np.array([0, n]), np.full(n, centers[0]), atom, vector)

    def _write_environments(
        self,
        structure: Structure,
        centers: Ints,
        found: Found,
        own: NDArray[np.bool_],
        values: Floats,
        n_jobs: int | None,
    ) -> None:
        """Write the block of each row and image: those of an open frame in which each image is an atom of its own."""
        n_atoms = len(structure.numbers)
        home = ~found.shift.any(axis=1)
        images, place = np.unique(np.column_stack([found.index, found.shift])[~home], axis=0, return_inverse=True)
        image = found.index.copy()
        image[~home] = n_atoms + place.ravel()
        # Where an image is: seen from any center that has it as a neighbor.
        positions = np.zeros((len(images), 3))
        seen_from = np.repeat(centers, np.diff(found.offsets))[~home]
        positions[place.ravel()] = structure.positions[seen_from] + found.vector[~home]
        unfolded = OpenFrame(
            np.concatenate([structure.positions, positions]),
            np.concatenate([structure.numbers, structure.numbers[images[:, 0]]]),
        )
        width = len(unfolded.numbers)
        row = np.repeat(np.arange(len(centers)), np.diff(found.offsets) + 1)
        moved = np.repeat(centers, np.diff(found.offsets) + 1)
        moved[~own] = image
        key = row * width + moved
        order = np.argsort(key)
        known = key[order]
        for blocks in self.descriptor.iter_derivatives(unfolded, centers=centers, n_jobs=n_jobs):
            wanted = (blocks.center + blocks.first_row) * width + blocks.atom
            places = np.searchsorted(known, wanted)
            inside = places < len(known)
            inside[inside] = known[places[inside]] == wanted[inside]
            values[order[places[inside]]] = blocks.values[inside]

    def _write_average(
        self, structure: Structure, counts: Ints, atom: Ints, vector: Floats, values: Floats, n_jobs: int | None
    ) -> None:
        """Write the part of each center in the derivatives of an average: of clusters that are far apart."""
        steps = np.ceil(len(counts) ** (1.0 / 3.0))
        number = np.arange(len(counts))
        grid = np.stack([number % steps, number // steps % steps, number // steps**2], axis=1)
        scattered = OpenFrame(
            vector + np.repeat(grid * (4.0 * self.descriptor.reach), counts, axis=0), structure.numbers[atom]
        )
        blocks = self.descriptor.derivatives(scattered, centers=np.cumsum(counts) - counts, n_jobs=n_jobs)
        values[blocks.atom] = self._summed(blocks.values, len(counts))

    def _neighbors(self, structure: Structure, centers: Ints, n_jobs: int | None) -> Found:
        return near(structure, self.cutoff, centers, n_jobs)
