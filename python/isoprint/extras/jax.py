"""Fingerprints in JAX: rows of some structures as a function that can be differentiated twice, and compiled.

>>> from isoprint.extras.jax import featurizer  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from isoprint._support.jobs import threads
from isoprint.extras import _jax_maps as maps
from isoprint.extras._deformed import Deformed, Parts, in_precision, require_shapes

jax: Any = maps.jax


def featurizer(descriptor: Any, frames: Any, *, centers: Any = None, n_jobs: int | None = None) -> Callable[..., Any]:
    """Make a function of positions and cells that describes every center.

    It is computed on the processor, outside of what JAX compiles, and may be called under `jit`, `vmap` (one after the
    other), `jvp`, `grad` and what is made of these, to second order: the derivative of forces by the parameters of a
    network is exact; Hessians by positions and cells are differences of exact first derivatives, within 1e-8 or so
    where nothing is at the edge of a cutoff.

    Parameters
    ----------
    descriptor : Descriptor
        A fingerprint that knows its species.
    frames : ase.Atoms or alike, or a sequence of these
        Elements and periodic directions, and the cells where none are given.
    centers : sequence, optional
        As in `transform`. Points move with the cell vectors.
    n_jobs : int, optional
        Threads; -1 for all cores.

    Returns
    -------
    callable
        `f(positions, cells=None)`: positions `(n_atoms of all frames, 3)`, cells `(n_frames, 3, 3)`, both in Å; rows
        `(n_rows, n_features)` of the type of the positions, which is double where `jax_enable_x64` is set.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> water = molecule("H2O")
    >>> f = featurizer(ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"]), water)  # doctest: +SKIP
    >>> f(water.positions).shape  # doctest: +SKIP
    (3, 144)
    """
    threads(n_jobs)
    parts = Parts.of(descriptor, frames, centers)
    of_dtype = {dtype: Deformed.of(in_precision(descriptor, dtype), parts, n_jobs) for dtype in ("float32", "float64")}

    def of(positions: Any, cells: Any = None) -> Any:
        positions = jax.numpy.asarray(positions)
        if not jax.numpy.issubdtype(positions.dtype, jax.numpy.floating):
            positions = positions.astype(float)
        cells = jax.numpy.asarray(parts.frames.cells if cells is None else cells, positions.dtype)
        require_shapes(positions, cells, parts.frames.n_atoms, parts.frames.n_frames)
        deformed = of_dtype["float64" if positions.dtype == "float64" else "float32"]
        (rows,) = maps.call("features", positions, cells, deformed=deformed, n_rows=len(parts.frame))
        return rows

    return of
