"""Fits of which every worker sees a share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from typing import Any, TypeVar

from isoprint._support.arrays import short_repr
from isoprint._support.jobs import threads
from isoprint._support.parameters import whole
from isoprint.extras._dask_parts import are_paths, lazy_lists, libraries, name_of, opened
from isoprint.models._sharing import Sharing
from isoprint.models.share import Share
from isoprint.reductions.reducer import told_of
from isoprint.structures.batches import in_batches
from isoprint.structures.frames import as_list

AnyModel = TypeVar("AnyModel", bound=Sharing)

# Atoms of a task, at least; their forces are three times as many rows.
_ATOMS = 2048
# Shares that one task merges.
_MERGED = 4


def fit(
    model: AnyModel,
    frames: Any,
    *,
    first: Any = None,
    batch: int | None = None,
    energy: str | None = "energy",
    forces: str | None = "forces",
    virial: str | None = "virial",
    n_jobs: int = 1,
) -> AnyModel:
    """Fit a model to labelled structures: every task makes the triangles of its share, which are merged in their order.

    Sparse points and energies of single atoms are chosen here, from fingerprints without derivatives; derivatives and
    least squares, which are nearly all of the work, are the tasks'. The model is that of `model.fit(frames)` but for
    the rounding of another order of the frames.

    Parameters
    ----------
    model : SparseGP or Linear
        Its sparse points may be given as arrays.
    frames : list of paths, sequence of ase.Atoms or alike, dask.bag.Bag of these, or list of Delayed
        Structures with labels. Files are read by the workers, one a task.
    first : sequence of ase.Atoms or alike, optional
        Structures that sparse points and energies of single atoms are taken from; all elements must be among them. By
        default all, which are then read here as well.
    batch : int, optional
        Structures of a task, where they are in a sequence; by default as many as have 2048 atoms, or as there are
        sparse points.
    energy, forces, virial : str or None
        Other names of the labels; `None` passes over them.
    n_jobs : int
        Threads of a task.

    Returns
    -------
    SparseGP or Linear
        The model itself.

    Raises
    ------
    ValueError
        As `model.fit`; what concerns a file names it.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import bulk
    >>> from isoprint.extras import dask as lazily
    >>> frames = [bulk("Si", a=a) for a in (5.3, 5.4, 5.5, 5.6)]
    >>> for frame, energy in zip(frames, (-10.7, -10.8, -10.8, -10.7)):
    ...     frame.info["energy"] = energy
    >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=2)
    >>> lazily.fit(model, frames, batch=2).report_["rows"]
    {'energy': 4}
    """
    delayed, _, compute = libraries()
    if not isinstance(model, Sharing):
        raise TypeError(f"model is {short_repr(model)}; give a SparseGP or a Linear, whose fits can be merged")
    threads(n_jobs)
    lazy = lazy_lists(frames)
    beginning = first if first is not None else _all_here(frames, lazy, compute)
    model.begin(beginning, energy=energy, forces=forces, virial=virial)
    if lazy is None:
        lazy = [os.fsdecode(path) for path in frames] if are_paths(frames) else list(_lists(frames, model, batch))
    shipped = delayed(model, pure=False, traverse=False)
    shares = [delayed(_share, pure=False)(part, shipped, n_jobs) for part in lazy]
    while len(shares) > 1:
        groups = (shares[start : start + _MERGED] for start in range(0, len(shares), _MERGED))
        shares = [delayed(_merged, pure=False)(group) for group in groups]
    found = compute(*shares)
    model.merge(*found)
    if not model.report_["rows"]:
        raise ValueError(
            "no frame has a label: no energy in info or calc, no forces in arrays or calc; name the keys, as in"
            " fit(model, frames, energy='dft_energy')"
        )
    return model


def _all_here(frames: Any, lazy: list[Any] | None, compute: Any) -> list[Any]:
    if lazy is not None:
        return list(chain.from_iterable(compute(*lazy)))
    if are_paths(frames):
        return list(chain.from_iterable(opened(os.fsdecode(path), labels=True) for path in frames))
    every: list[Any] = as_list(frames)[0]
    return every


def _lists(frames: Any, model: Sharing, batch: int | None) -> Iterator[list[Any]]:
    most = None if batch is None else whole("batch", batch, 1)
    yield from in_batches(as_list(frames)[0], most, max(_ATOMS, model._terms_.n_points), False)


# What workers do.


def _share(part: Any, model: Sharing, n_jobs: int) -> Share:
    structures = list(opened(part, labels=True))
    with told_of(name_of(part)):
        return model.share(structures, n_jobs=n_jobs)


def _merged(shares: list[Share]) -> Share:
    return shares[0].merge(*shares[1:])
