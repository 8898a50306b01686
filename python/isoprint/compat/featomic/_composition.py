"""Counts of atoms of each type."""

from __future__ import annotations

from typing import Any

import numpy as np

from isoprint.compat.featomic._kinds import Key
from isoprint.compat.featomic._selection import Selections
from isoprint.compat.featomic.status import FeatomicError
from isoprint.compat.featomic.systems import System
from isoprint.extras.metatensor import block, labels, metatensor


class _Names:
    """Names of the keys, as the selections ask for them."""

    key_names = ("center_type",)

    def key(self, values: tuple[int, ...]) -> Key:
        return Key(values, values[0], ())


def compute(per_system: bool, systems: list[System], gradients: tuple[str, ...], selections: Selections) -> Any:
    """One for each atom of a type, or their number in each structure."""
    for name in gradients:
        raise FeatomicError(
            f"invalid parameter: the atomic composition calculator does not support gradients with respect to {name}"
        )
    names: Any = _Names()
    types = np.unique(np.concatenate([np.empty(0, np.int64), *(system.types for system in systems)])).tolist()
    keys = selections.keys(names, [names.key((kind,)) for kind in types])
    every, blocks = labels(["count"], [0]), []
    for key in keys:
        counts: dict[tuple[int, ...], float] = {}
        for place, system in enumerate(systems):
            atoms = np.flatnonzero(system.types == key.center)
            if per_system:
                counts[place,] = float(len(atoms))
            else:
                counts.update({(place, int(atom)): 1.0 for atom in atoms})
        entries = list(counts)
        default = labels(["system"] if per_system else ["system", "atom"], entries)
        samples = selections.samples(names, key, default)
        properties, chosen = selections.properties(names, key, every)
        values = np.array([[counts.get(tuple(entry), 0.0)] for entry in samples.values.tolist()]).reshape(-1, 1)
        blocks.append(block(values if chosen is None else values[:, chosen], samples, [], properties, {}))
    return metatensor().TensorMap(labels(["center_type"], [key.values for key in keys]), blocks)
