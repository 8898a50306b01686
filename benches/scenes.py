"""What the contestants of `peers.py` are given: scenes, the parameters of each, and the sizes there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

R_CUT, SIGMA = 5.0, 0.5


@dataclass(frozen=True)
class Scene:
    """One kind of input."""

    title: str
    unit: str
    cases: tuple[dict[str, Any], ...]
    sizes: tuple[int, ...]
    """What a contestant may be given; the largest with which a call keeps below the target."""
    least: int
    """The size for arrays that are compared."""
    make: Callable[[int], Any]
    fresh: Callable[[Any], Any]
    """A copy in which nothing is left that a program may have kept for the next call."""
    units: Callable[[str, Any], int]
    """How many units a task does with an input."""
    largest: tuple[tuple[str, int], ...] = ()
    """Tasks whose results would not fit into memory, and the largest size for them."""


def carbon(n_atoms: int) -> Any:
    """The seed system."""
    from seed_system import seed_system

    return seed_system(n_atoms)


ELEMENTS = ("H", "C", "N", "O", "F")


def molecules(n: int) -> list[Any]:
    """Molecules of the G2 set that are made of five elements, displaced, over and over."""
    from ase.build import molecule
    from ase.collections import g2

    names = [name for name in g2.names if set(molecule(name).symbols) <= set(ELEMENTS) and len(molecule(name)) > 1]
    chosen = []
    for i in range(n):
        # Neighbors in the list are no relatives, so that few molecules are a fair sample of many.
        atoms = molecule(names[37 * i % len(names)])
        atoms.rattle(0.05, seed=i)
        chosen.append(atoms)
    return chosen


FEW = 10


def one_by_one(function: Callable[[Any], Any], frames: list[Any]) -> list[Any] | None:
    """A call for each frame; results are dropped, as by a script that reduces them, unless they are few to compare."""
    if len(frames) <= FEW:
        return [function(atoms) for atoms in frames]
    for atoms in frames:
        function(atoms)
    return None


def silicon(n_atoms: int) -> Any:
    """A crystal, displaced by 0.05 Å."""
    from ase.build import bulk

    cells = {64: 2, 216: 3}[n_atoms]
    atoms = bulk("Si", "diamond", a=5.43, cubic=True).repeat(cells)
    atoms.rattle(0.05, seed=1)
    return atoms


@dataclass(frozen=True)
class Script:
    """What a script that makes descriptors has before it starts: a cutoff that nobody has had before, and molecules."""

    r_cut: float
    molecules: list[Any]


def features_of_molecules(n: int) -> list[Any]:
    """Rows of unit length of some small molecules, as a power spectrum has them: none negative, and much alike."""
    import numpy as np

    rng = np.random.default_rng(7)
    rows = [1.0 + np.abs(rng.standard_normal((size, 300))) for size in rng.integers(3, 16, n)]
    return [features / np.linalg.norm(features, axis=1)[:, None] for features in rows]


_SERIAL = count(1)


def script(n: int) -> Script:
    """A cutoff and some molecules."""
    return Script(R_CUT, molecules(n))


def same_script_again(given: Script) -> Script:
    """Another cutoff, so that what is remembered from earlier runs is of no use."""
    return Script(R_CUT + 1e-4 * next(_SERIAL), [atoms.copy() for atoms in given.molecules])


SCENES = {
    "carbon": Scene(
        "random carbon in a periodic cube, 0.1 atoms per Å³, one frame",
        "µs a center",
        tuple({"n_max": n, "l_max": n} for n in (4, 8, 12)),
        (100, 200, 500, 1000, 2000, 5000, 10_000),
        least=100,
        make=carbon,
        fresh=lambda atoms: atoms.copy(),
        units=lambda task, atoms: len(atoms),
        # A Jacobian of some hundred MB would time the pages of the system.
        largest=(
            ("jacobian", 100),
            ("jacobian into out", 100),
            ("pullback by the Jacobian", 100),
            ("strain", 100),
        ),
    ),
    "molecules": Scene(
        "small molecules of the elements H C N O F, seven atoms each on average",
        "µs an atom",
        ({"n_max": 4, "l_max": 4}, {"n_max": 8, "l_max": 6}),
        (20, 100, 500),
        least=FEW,
        make=molecules,
        fresh=lambda frames: [atoms.copy() for atoms in frames],
        units=lambda task, frames: sum(map(len, frames)),
    ),
    "silicon": Scene(
        "silicon crystal, displaced by 0.05 Å",
        "µs a center",
        ({"r_cut": 5.0}, {"r_cut": 6.0}),
        (64,),
        least=64,
        make=silicon,
        fresh=lambda atoms: atoms.copy(),
        units=lambda task, atoms: len(atoms),
    ),
    "construction": Scene(
        "a descriptor with parameters that nobody has had before, and what comes first from it",
        "µs a descriptor",
        ({"n_max": 8, "l_max": 6}, {"n_max": 12, "l_max": 9}),
        (100,),
        least=100,
        make=script,
        fresh=same_script_again,
        units=lambda task, given: len(given.molecules) if task == "one a molecule" else 1,
    ),
    "kernels": Scene(
        "kernels of structures of 3 to 15 atoms with 300 features each",
        "µs a pair of structures",
        ({"n_features": 300},),
        (10, 30, 100, 300, 1000),
        least=FEW,
        make=features_of_molecules,
        fresh=lambda structures: [features.copy() for features in structures],
        units=lambda task, structures: len(structures) * (len(structures) + 1) // 2,
    ),
}
