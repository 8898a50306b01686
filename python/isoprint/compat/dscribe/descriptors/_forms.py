"""The forms of arguments and results that all descriptors share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import integer
from isoprint.compat.dscribe.utils.dimensionality import is1d
from isoprint.structures.frames import as_list

Reals = NDArray[Any]
Indices = NDArray[np.int64]


def systems_of(system: Any) -> tuple[list[Any], bool]:
    """The structures as a list, and whether a single one was given without a list around it."""
    return as_list(system)


def n_threads(n_jobs: Any, only_physical_cores: bool) -> int:
    """Threads for `n_jobs` of DScribe, where a negative number is added to that of the cores."""
    wanted = integer(n_jobs)
    if wanted is not None and wanted < 0:
        cores = _cores(only_physical_cores)
        # The last core is not given away.
        wanted = max(cores + wanted, 1) if wanted == -1 else cores + wanted
    if wanted is None or wanted <= 0:
        raise ValueError(f"Invalid number of jobs specified: n_jobs is {short_repr(n_jobs)}, which leaves no thread.")
    return wanted


def _cores(only_physical: bool) -> int:
    if only_physical:
        from joblib import cpu_count  # which scikit-learn brings

        return int(cpu_count(only_physical_cores=True))
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def percents(verbose: bool) -> Callable[[int, int], None] | None:
    """What reports progress in words, as DScribe does."""
    if not verbose:
        return None
    shown = 0

    def report(done: int, of: int) -> None:
        nonlocal shown
        percent = 100 * done // of if of else 100
        if percent > shown:
            shown = percent
            print(f"Process 0: {100.0 * done / max(of, 1):.1f} %")

    return report


def of_each_system(name: str, given: Any, n_systems: int, shared: bool) -> list[Any]:
    """One entry a system.

    Parameters
    ----------
    name : str
        What they are called.
    given
        `None`, or one entry a system.
    n_systems : int
        Number of systems.
    shared : bool
        Whether a plain list of integers may be given for all systems at once.
    """
    if given is None:
        return [None] * n_systems
    if shared and is1d(given):
        return [given] * n_systems
    if len(given) != n_systems:
        raise ValueError(
            f"The given number of {name} does not match the given number of systems: {len(given)} and {n_systems}."
        )
    return list(given)


def displaced(n_atoms: int, include: Any, exclude: Any) -> Indices:
    """The atoms that derivatives are taken of, in the order in which they are asked for.

    Parameters
    ----------
    n_atoms : int
        Number of atoms.
    include, exclude : sequence of int, or None
        One of them at most.

    Raises
    ------
    ValueError
        If both are given, one is out of range, or nothing is left.
    """
    if include is not None and exclude is not None:
        raise ValueError("Provide either 'include' or 'exclude', not both.")
    if include is not None:
        found = _atoms("included", include, n_atoms)
    elif exclude is not None:
        found = np.delete(np.arange(n_atoms), np.unique(_atoms("excluded", exclude, n_atoms)))
    else:
        found = np.arange(n_atoms)
    if not len(found):
        raise ValueError("Please include at least one atom.")
    return found


def _atoms(what: str, given: Any, n_atoms: int) -> Indices:
    indices = np.array([integer(one) if integer(one) is not None else n_atoms for one in given], dtype=np.int64)
    wrong = np.flatnonzero((indices < 0) | (indices >= n_atoms))
    if len(wrong):
        raise ValueError(
            f"Invalid index provided in the list of {what} atoms: {short_repr(list(given)[wrong[0]])};"
            f" there are {n_atoms} atoms, counted from 0."
        )
    return indices


def rows_by_system(rows: Any, counts: Sequence[int]) -> Any:
    """Rows of all systems as DScribe returns them.

    Parameters
    ----------
    rows : array (n_rows, n_features)
        One system after the other.
    counts : sequence of int
        Rows of each system.

    Returns
    -------
    array or list
        Of one system its rows, `(n, n_features)`; of several with as many each, `(n_systems, n, n_features)`; of others
        a list of arrays.
    """
    if len(counts) == 1:
        return rows
    if len(set(counts)) <= 1:
        return rows.reshape((len(counts), counts[0] if counts else 0, rows.shape[-1]))
    ends = np.cumsum(counts).tolist()
    return [rows[end - count : end] for end, count in zip(ends, counts, strict=True)]


def rows_or_one(rows: Any) -> Any:
    """One row a system: of one system that row alone."""
    return rows[0] if rows.shape[0] == 1 else rows


def together(results: list[Any], sparse: bool) -> Any:
    """One array of all systems if their shapes are the same, else the list."""
    if len(results) == 1:
        return results[0]
    if len({result.shape for result in results}) > 1:
        return results
    if sparse:
        from sparse import stack

        return stack(results)
    return np.stack(results)


def in_sparse_form(array: Any) -> Any:
    """A `sparse.COO` of a dense array."""
    from sparse import COO

    return COO.from_numpy(np.asarray(array))


def placed(blocks: Any, indices: Indices, sparse: bool) -> Any:
    """The Jacobian with respect to some atoms.

    Parameters
    ----------
    blocks : isoprint.Derivatives
        All blocks that are not zero.
    indices : ndarray of int
        The atoms.
    sparse : bool
        Whether to return a `sparse.COO`.

    Returns
    -------
    array (n_rows, n_indices, 3, n_features)
        In 1 / Å.
    """
    wanted, order = np.unique(indices, return_inverse=True)
    place = np.full(blocks.n_atoms, -1)
    if len(wanted) == len(indices):
        place[indices] = np.arange(len(indices))
    else:
        place[wanted] = np.arange(len(wanted))
    atom = place[blocks.atom]
    kept = atom >= 0
    values, row, atom = (
        (blocks.values, blocks.center, atom) if kept.all() else (blocks.values[kept], blocks.center[kept], atom[kept])
    )
    shape = (blocks.n_rows, len(wanted), 3, blocks.values.shape[2])
    if sparse:
        from sparse import COO

        block, axis, feature = np.nonzero(values)
        whole = COO(np.stack([row[block], atom[block], axis, feature]), values[block, axis, feature], shape=shape)
    else:
        whole = np.zeros(shape, values.dtype)
        whole[row, atom] = values
    return whole if len(wanted) == len(indices) else whole[:, order]
