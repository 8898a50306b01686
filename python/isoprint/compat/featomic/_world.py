"""All structures of a call: their atoms, who sees whom, and which structures are computed together."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint.compat.featomic._kinds import Key, Kind
from isoprint.compat.featomic.systems import System

Ints = NDArray[np.int64]


class Frame(NamedTuple):
    """A structure whose types are called 1, 2, ... in their order."""

    positions: NDArray[np.float64]
    numbers: Ints
    cell: NDArray[np.float64]
    pbc: NDArray[np.bool_]


class Group:
    """Structures with the same types, which one fingerprint describes.

    A fingerprint of all types that there are would have columns, most of them zero, for every pair of them.
    """

    def __init__(self, kind: Kind, types: list[int], systems: list[System], atoms: Ints) -> None:
        self.types = types
        self.atoms = atoms
        """Atoms of these structures among all."""
        self.descriptor = kind.descriptor(max(1, len(types)))
        names = np.array(types, np.int64)
        self.frames = [
            Frame(system.positions, 1 + np.searchsorted(names, system.types), system.cell, system.pbc)
            for system in systems
        ]
        self._ends = np.cumsum([len(system.types) for system in systems])

    def call(self, chosen: NDArray[np.bool_] | None = None) -> Any:
        """A call about all of these atoms, or the chosen ones."""
        centers = None
        if chosen is not None:
            parts = np.split(chosen, self._ends[:-1])
            centers = [np.flatnonzero(part) for part in parts]
        return self.descriptor._call(self.frames, centers, None)

    def pairs(self) -> tuple[Ints, Ints]:
        """Centers and the atoms that each of them sees, itself among these, counted over all structures."""
        call = self.call()
        options: dict[str, Any] = {"average": None, "prepared": None, "first": (0, 0), "threads": call.threads}
        _, atom, starts = call.compiled.core.pattern(call.frames, call.centers, **options)
        center = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        frame = np.repeat(np.arange(len(self.frames)), np.diff(call.frames.offsets))
        return self.atoms[center], self.atoms[call.frames.offsets[frame][center] + atom]


class World:
    """All structures."""

    def __init__(self, kind: Kind, systems: list[System]) -> None:
        self.offsets = np.cumsum([0, *(len(system.types) for system in systems)])
        """The atoms of structure `s` are `offsets[s]:offsets[s + 1]`."""
        self.type = np.concatenate([np.empty(0, np.int64), *(system.types for system in systems)])
        self.system = np.repeat(np.arange(len(systems)), np.diff(self.offsets))
        self.types: list[int] = np.unique(self.type).tolist()
        together: dict[tuple[int, ...], list[int]] = {}
        for place, system in enumerate(systems):
            if len(system.types):
                together.setdefault(tuple(np.unique(system.types).tolist()), []).append(place)
        self.groups = [
            Group(kind, list(types), [systems[place] for place in places], self._atoms_of(places))
            for types, places in together.items()
        ]

    def _atoms_of(self, places: list[int]) -> Ints:
        return np.concatenate([np.arange(self.offsets[place], self.offsets[place + 1]) for place in places])

    @cached_property
    def pairs(self) -> tuple[Ints, Ints, Ints]:
        """Center and atom of each pair, sorted, and where those of each center start."""
        none = np.empty(0, np.int64)
        found = [group.pairs() for group in self.groups]
        center, atom = (np.concatenate([none, *part]) for part in (zip(*found, strict=True) if found else ((), ())))
        if len(found) > 1:
            order = np.argsort(center, kind="stable")
            center, atom = center[order], atom[order]
        return center, atom, np.searchsorted(center, np.arange(len(self.type) + 1))

    @cached_property
    def sees(self) -> NDArray[np.bool_]:
        """Whether each atom sees one of each type."""
        center, atom, _ = self.pairs
        sees = np.zeros((len(self.type), len(self.types)), bool)
        sees[center, np.searchsorted(self.types, self.type)[atom]] = True
        return sees

    def keys(self, kind: Kind) -> list[Key]:
        """The keys of all centers that there are, with the neighbors that they have."""
        keys: list[Key] = []
        for center in self.types:
            seen = self.sees[self.type == center].astype(np.float64)
            together = seen.T @ seen > 0.0 if kind.arity == 2 else np.diag(seen.any(axis=0))
            for first, second in np.argwhere(np.triu(together)).tolist():
                neighbors = (self.types[first], self.types[second])
                keys += kind.keys(center, neighbors if kind.arity == 2 else neighbors[:1])
        return keys

    def centers(self, key: Key) -> Ints:
        """The atoms that are samples of a key."""
        if not set(key.neighbors) <= set(self.types):
            return np.empty(0, np.int64)
        columns = [self.types.index(neighbor) for neighbor in key.neighbors]
        return np.flatnonzero((self.type == key.center) & self.sees[:, columns].all(axis=1))

    def atoms(self, key: Key, samples: NDArray[Any]) -> Ints:
        """The atoms that rows of samples name; -1 where there is none, or one of another type."""
        system, atom = samples.astype(np.int64).T if len(samples) else np.empty((2, 0), np.int64)
        inside = (system >= 0) & (system < len(self.offsets) - 1) & (atom >= 0)
        place = self.offsets[np.where(inside, system, 0)] + np.where(inside, atom, 0)
        inside &= place < self.offsets[np.where(inside, system, 0) + 1]
        place = np.where(inside, place, 0)
        if len(self.type):
            inside &= self.type[place] == key.center
        return np.where(inside, place, -1)

    def gradient_pairs(self, key: Key, centers: Ints) -> tuple[Ints, Ints]:
        """Sample and pair of each gradient by positions: of neighbors of the types of a key, and of their center."""
        center, atom, starts = self.pairs
        there = centers >= 0
        first = np.where(there, starts[np.where(there, centers, 0)], 0)
        counts = np.where(there, starts[np.where(there, centers, 0) + 1] - first, 0)
        sample = np.repeat(np.arange(len(centers)), counts)
        pair = np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)
        matches = np.isin(self.type[atom[pair]], key.neighbors)
        any_matches = np.bincount(sample[matches], minlength=len(centers)) > 0
        kept = matches | ((atom[pair] == center[pair]) & any_matches[sample])
        return sample[kept], pair[kept]
