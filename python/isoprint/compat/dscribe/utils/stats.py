"""What there is in a set of structures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from ase import Atoms

from isoprint.compat.dscribe.core.system import System


def system_stats(system_iterator: Iterable[Atoms]) -> dict[str, Any]:
    """Elements, the largest structure, and the shortest distance of several structures.

    Parameters
    ----------
    system_iterator : iterable of ase.Atoms
        The structures.

    Returns
    -------
    dict
        `n_atoms_max`, `max_atomic_number`, `min_atomic_number`, `atomic_numbers`, `element_symbols` and `min_distance`
        in Å, which is that of periodic images too where there are any.

    Examples
    --------
    >>> from ase.build import molecule
    >>> found = system_stats([molecule("H2O"), molecule("CH4")])
    >>> found["n_atoms_max"], sorted(found["element_symbols"]), round(found["min_distance"], 3)
    (5, ['C', 'H', 'O'], 0.969)
    """
    numbers: set[int] = set()
    symbols: set[str] = set()
    largest, nearest = 0, None
    for atoms in system_iterator:
        system: Any = atoms if isinstance(atoms, System) else System.from_atoms(atoms)
        largest = max(largest, len(system))
        numbers.update(system.get_atomic_numbers().tolist())
        symbols.update(system.get_chemical_symbols())
        own = 0 if system.pbc.any() else 1
        distances = system.get_distance_matrix()[np.triu_indices(len(system), k=own)]
        if distances.size:
            nearest = float(distances.min()) if nearest is None else min(nearest, float(distances.min()))
    return {
        "n_atoms_max": largest,
        "max_atomic_number": max(numbers),
        "min_atomic_number": min(numbers),
        "atomic_numbers": list(numbers),
        "element_symbols": list(symbols),
        "min_distance": nearest,
    }
