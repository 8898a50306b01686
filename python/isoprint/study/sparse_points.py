"""Errors of a potential against the number of its sparse points."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import whole
from isoprint.structures.frames import as_list, pack
from isoprint.study.tables import Table

if TYPE_CHECKING:
    from isoprint.typing import FramesLike

Indices = NDArray[np.int64]


def sparse_sets(
    models: Any,
    train: FramesLike,
    test: FramesLike,
    *,
    sizes: Sequence[int] = (25, 50, 100, 200, 400, 800),
    sets: int = 10,
    energy: str = "energy",
    forces: str | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: Callable[[str], Any] | None = None,
) -> Table:
    """Fit potentials on nested random sets of sparse points, and tell the errors of each size.

    A set is a random order of the atoms of the training set; its first 25 fingerprints are the smallest set of sparse
    points, its first 50 the next, and so on. One pass over the data serves all sizes. All models have the same sets.

    Parameters
    ----------
    models : SparseGP, or mapping
        From a name to a model, with its fingerprint, zeta and sigmas; `n_sparse` and `sparse` are not looked at.
    train, test : sequence of frames
        Structures with labels.
    sizes : sequence of int
        Numbers of sparse points, of all elements together.
    sets : int
        How many random sets.
    energy, forces : str or None
        Names of the labels, as for `SparseGP.fit`; without `forces`, energies alone are fitted and tested.
    seed : int
        Set `k` is of `seed` and `k`.
    n_jobs : int, optional
        Threads; -1 for all cores.
    progress : callable, optional
        Is told a line for each fit.

    Returns
    -------
    Table
        One row a model, set and size: `model`, `labels` ("energies", or "energies and forces"), `size`, `set`, the root
        mean squared errors `energy` in eV per atom and `forces` in eV/Å, and the `seconds` that the rows of the set
        took.

    Raises
    ------
    ValueError
        For sizes that the training set has no atoms for, or a test without energies.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import bulk
    >>> frames = [bulk("Si", cubic=True, a=a) for a in (5.3, 5.4, 5.5, 5.6)]
    >>> for seed, (frame, energy) in enumerate(zip(frames, (-43.2, -43.4, -43.3, -43.0))):
    ...     frame.rattle(0.05, seed=seed)
    ...     frame.info["energy"] = energy
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["Si"])
    >>> table = ip.study.sparse_sets(ip.models.SparseGP(soap), frames[:3], frames[3:], sizes=(2, 4), sets=3)
    >>> len(table), table.columns[:4]
    (6, ['model', 'labels', 'size', 'set'])

    Notes
    -----
    M. A. Caro, Phys. Rev. B 100, 024112 (2019), Fig. 4.
    """
    known = dict(models) if isinstance(models, Mapping) else {"model": models}
    structures, _ = as_list(train)
    numbers = pack(structures).numbers
    wanted = _sizes(sizes, len(numbers))
    whole("sets", sets, 1)
    whole("seed", seed)
    labels = "energies and forces" if forces else "energies"
    rows = []
    for name, model in known.items():
        for place in range(sets):
            order = np.random.default_rng((seed, place)).permutation(len(numbers))
            options = {"energy": energy, "forces": forces, "n_jobs": n_jobs}
            for row in _of_one_set(model, structures, test, numbers, order, wanted, options):
                rows.append({"model": name, "labels": labels, "set": place, **row})
            if progress is not None:
                progress(f"{name}, set {place}: {_told(rows[-1])}")
    names = ("model", "labels", "size", "set")
    return Table({**{name: row[name] for name in names}, **row} for row in rows)


def _sizes(given: Sequence[int], n_atoms: int) -> list[int]:
    if isinstance(given, (str, bytes)) or not isinstance(given, (Sequence, np.ndarray)) or not len(given):
        raise ValueError(f"sizes are {short_repr(given)}; give numbers of sparse points, such as (25, 50, 100)")
    sizes = sorted({whole(f"sizes[{place}]", one, 1) for place, one in enumerate(given)})
    if sizes[-1] > n_atoms:
        raise ValueError(f"sizes go up to {sizes[-1]}, and the training set has {n_atoms} atoms; give smaller ones")
    return sizes


def _of_one_set(
    model: Any,
    train: list[Any],
    test: Any,
    numbers: Indices,
    order: Indices,
    sizes: list[int],
    options: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """A row for each size, from one fit of the largest."""
    from isoprint.models._leading import leading
    from isoprint.study._losses import cloned

    first = order[: sizes[-1]]
    start = time.perf_counter()
    # Each element has rows of its own, counted from its first atom.
    own = {int(z): np.flatnonzero(numbers == z) for z in np.unique(numbers)}
    missing = [z for z, atoms in own.items() if not np.isin(first, atoms).any()]
    if missing:
        raise ValueError(f"the largest set has no atom of atomic number {missing[0]}; give larger sizes")
    chosen = {z: np.searchsorted(atoms, first[numbers[first] == z]) for z, atoms in own.items()}
    fitted = cloned(model).set_params(sparse=chosen, n_sparse=sizes[-1]).fit(train, **options)
    seconds = time.perf_counter() - start
    for size in sizes:
        counts = {z: int((numbers[order[:size]] == z).sum()) for z in own}
        if not all(counts.values()):
            continue  # too few points for every element to have one
        errors = leading(fitted, counts).errors(test, virial=None, **options)
        if errors.energy is None:
            raise ValueError(f"no test structure has a label {options['energy']!r}; name the key of its energy")
        row: dict[str, Any] = {"size": size, "energy": errors.energy.rmse}
        if options["forces"] is not None:
            row["forces"] = None if errors.forces is None else errors.forces.rmse
        yield {**row, "seconds": round(seconds, 3)}


def _told(row: Mapping[str, Any]) -> str:
    forces = f", {row['forces']:.3g} eV/Å" if row.get("forces") is not None else ""
    return f"{1e3 * row['energy']:.3g} meV/atom{forces} with {row['size']} points"
