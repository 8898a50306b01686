"""Blocks of a `TensorMap`, filled from the rows of fingerprints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.compat.featomic import _composition
from isoprint.compat.featomic._kinds import Composition, Key, Kind
from isoprint.compat.featomic._selection import Selections
from isoprint.compat.featomic._world import Group, Ints, World
from isoprint.compat.featomic.systems import System
from isoprint.descriptors._pieces import blocks_by_pieces, deformed_rows, room_for
from isoprint.extras.metatensor import AXES, block, labels, metatensor

# More blocks of a Jacobian than there can be.
_EVERYTHING = 1 << 62


class Block:
    """One block: its labels, and arrays that are filled group by group."""

    def __init__(self, key: Key, samples: Any, centers: Ints, properties: tuple[Any, NDArray[np.int64] | None]) -> None:
        self.key, self.samples, self.centers = key, samples, centers
        self.properties, self.chosen = properties
        self.values: NDArray[Any] = np.empty(0)
        self.gradients: dict[str, tuple[NDArray[Any], Any]] = {}
        self.pairs = np.empty(0, np.int64)
        """The pair of each gradient by positions."""


def compute(kind: Any, systems: list[System], gradients: tuple[str, ...], selections: Selections) -> Any:
    """What a calculator computes of structures."""
    if isinstance(kind, Composition):
        return _composition.compute(kind.per_system, systems, gradients, selections)
    world = World(kind, systems)
    blocks = [_block(kind, world, key, selections) for key in selections.keys(kind, world.keys(kind))]
    for own in blocks:
        _allocate(kind, world, own, gradients)
    for group in world.groups:
        _fill(kind, world, group, blocks, gradients)
    keys = labels(kind.key_names, [own.key.values for own in blocks])
    return metatensor().TensorMap(keys, [_finished(kind, own) for own in blocks])


def _block(kind: Kind, world: World, key: Key, selections: Selections) -> Block:
    atoms = world.centers(key)
    system = world.system[atoms]
    default = labels(["system", "atom"], np.stack([system, atoms - world.offsets[system]], axis=1))
    samples = selections.samples(kind, key, default)
    centers = atoms if samples is default else world.atoms(key, np.asarray(samples.values))
    every = labels(kind.property_names, kind.properties())
    return Block(key, samples, centers, selections.properties(kind, key, every))


def _allocate(kind: Kind, world: World, own: Block, gradients: tuple[str, ...]) -> None:
    """Make room for a block and its gradients; what no group fills is zero."""
    inner = [*(len(entries) for _, entries in kind.components(own.key)), len(own.properties)]
    make = np.empty if (own.centers >= 0).all() else np.zeros
    own.values = make((len(own.centers), *inner))
    for name in gradients:
        if name == "positions":
            sample, own.pairs = world.gradient_pairs(own.key, own.centers)
            _, atom, _ = world.pairs
            of_pair = atom[own.pairs]
            system = world.system[of_pair]
            entries = np.stack([sample, system, of_pair - world.offsets[system]], axis=1)
            own.gradients[name] = room_for((len(sample), 3, *inner)), labels(["sample", "system", "atom"], entries)
        else:
            shape = (len(own.centers), *(3 for _ in AXES[name]), *inner)
            room = room_for(shape) if make is np.empty else np.zeros(shape)
            own.gradients[name] = room, labels(["sample"], np.arange(len(own.centers)))


def _finished(kind: Kind, own: Block) -> Any:
    components = [labels([name], entries) for name, entries in kind.components(own.key)]
    return block(own.values, own.samples, components, own.properties, own.gradients)


def _fill(kind: Kind, world: World, group: Group, blocks: list[Block], gradients: tuple[str, ...]) -> None:
    """Compute what the blocks need of the structures of a group, and put it there."""
    wanted = np.zeros(len(world.type), bool)
    for own in blocks:
        wanted[own.centers[own.centers >= 0]] = True
    chosen = wanted[group.atoms]
    if not chosen.any():
        return
    call = group.call(None if chosen.all() else chosen)
    # Rows of the group's fingerprint, of each atom.
    row = np.full(len(world.type) + 1, -1)
    row[group.atoms[chosen]] = np.arange(chosen.sum())
    blocks = [own for own in blocks if set(own.key.neighbors) <= set(group.types) or (row[own.centers] >= 0).any()]

    def part(columns: NDArray[Any], own: Block) -> NDArray[Any] | None:
        if not set(own.key.neighbors) <= set(group.types):
            return None
        found = kind.part(columns, own.key, group.types)
        return found if own.chosen is None else found[..., own.chosen]

    features = np.empty((call.n_rows, call.compiled.core.n_features))
    options: dict[str, Any] = {"average": None, "threads": call.threads, "progress": None}
    call.compiled.core.transform(call.frames, call.centers, features, **options)
    _put_rows(features, blocks, row, part, None)
    for name in gradients:
        if name == "positions":
            _put_pairs(call, world, blocks, row, part)
        else:
            _put_rows(deformed_rows(call, name), blocks, row, part, name)


def _put_rows(
    columns: NDArray[Any],
    blocks: list[Block],
    row: Ints,
    part: Callable[[NDArray[Any], Block], NDArray[Any] | None],
    gradient: str | None,
) -> None:
    """Put rows where their samples are; a block that has all of them in their order takes them as they are."""
    for own in blocks:
        places = row[own.centers]
        found = part(columns, own)
        if found is not None and len(places) == len(columns) and np.array_equal(places, np.arange(len(columns))):
            target = found
        else:
            target = own.values if gradient is None else own.gradients[gradient][0]
            _copy(found, places, target)
        if gradient is None:
            own.values = target
        else:
            own.gradients[gradient] = target, own.gradients[gradient][1]


def _copy(found: NDArray[Any] | None, places: Ints, target: NDArray[Any]) -> None:
    """Put the entries at these places into a block, where there are some."""
    here = np.flatnonzero(places >= 0)
    if found is None:
        target[here] = 0.0
    elif len(here) == len(places):
        target[...] = found[places]
    elif len(here):
        target[_stretch(here)] = found[places[here]]


def _stretch(places: Ints) -> Any:
    """Places that follow each other as a slice."""
    first, stop = int(places[0]), int(places[-1]) + 1
    return slice(first, stop) if stop - first == len(places) else places


def _put_pairs(
    call: Any,
    world: World,
    blocks: list[Block],
    row: Ints,
    part: Callable[[NDArray[Any], Block], NDArray[Any] | None],
) -> None:
    """Put derivatives by positions where their pairs of sample and atom are, some rows of the group at a time."""
    center, _, starts = world.pairs
    atoms = np.flatnonzero(row[:-1] >= 0)
    atoms = atoms[np.argsort(row[atoms])]
    counts = starts[atoms + 1] - starts[atoms]
    first = np.zeros(len(row), np.int64)
    first[atoms] = np.cumsum(counts) - counts
    n_pairs = int(counts.sum())
    wanted = []
    for own in blocks:
        here = np.flatnonzero(row[center[own.pairs]] >= 0)
        of_pair = center[own.pairs[here]]
        places = first[of_pair] + own.pairs[here] - starts[of_pair]
        order = None if (np.diff(places) > 0).all() else np.argsort(places)
        wanted.append((places, here) if order is None else (places[order], here[order]))
    whole = len(blocks) == 1 and len(wanted[0][0]) == n_pairs == len(blocks[0].pairs)
    for start, values in blocks_by_pieces(call, _EVERYTHING if whole else None):
        for own, (places, here) in zip(blocks, wanted, strict=True):
            low, high = np.searchsorted(places, [start, start + len(values)]).tolist()
            if low == high:
                continue
            found = part(values, own)
            target, of_block = own.gradients["positions"]
            if whole and found is not None and found.shape == target.shape and (np.diff(here) == 1).all():
                own.gradients["positions"] = found, of_block
            elif found is None:
                target[_stretch(here[low:high])] = 0.0
            elif high - low == len(values):
                target[_stretch(here[low:high])] = found
            else:
                target[_stretch(here[low:high])] = found[places[low:high] - start]
