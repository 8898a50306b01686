"""Fingerprints in JAX: rows of some structures as a function that can be differentiated twice, and compiled.

>>> from isoprint.extras.jax import featurizer  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from isoprint._support.jobs import threads
from isoprint.extras._deformed import Deformed

try:
    # By its name: for type checkers, which look beside this file first, it is this file.
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")
except ImportError:
    raise ImportError('isoprint.extras.jax needs JAX: pip install "isoprint[jax]"') from None


def featurizer(descriptor: Any, frames: Any, *, n_jobs: int | None = None) -> Callable[..., Any]:
    """Make a function of positions and cells that describes every center.

    It is computed on the processor, outside of what JAX compiles, and may be called under `jit`, `grad` and
    `value_and_grad`, twice too: the derivative of forces by the parameters of a network is exact; Hessians by
    positions and cells are differences of exact gradients, within 1e-8 or so where nothing is at the edge of a cutoff.
    There is no forward mode (`jvp`).

    Parameters
    ----------
    descriptor : Descriptor
        A fingerprint that knows its species.
    frames : ase.Atoms or alike, or a sequence of these
        Elements and periodic directions, and the cells where none are given.
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
    deformed = Deformed.of(descriptor, frames, n_jobs)
    shape = (deformed.n_rows, int(descriptor.n_features))
    features = _differentiable(deformed, shape)

    def of(positions: Any, cells: Any = None) -> Any:
        positions = jnp.asarray(positions)
        cells = jnp.asarray(deformed.cells if cells is None else cells, positions.dtype)
        deformed.require(positions, cells)
        return features(positions, cells)

    return of


def _differentiable(deformed: Deformed, shape: tuple[int, int]) -> Any:
    def like(array: Any, size: Any) -> Any:
        return jax.ShapeDtypeStruct(size, array.dtype)

    def called(function: Callable[..., Any], results: Any, *arrays: Any) -> Any:
        def on_host(*given: Any) -> Any:
            found = function(*(np.asarray(array, np.float64) for array in given))
            if isinstance(found, tuple):
                return tuple(np.asarray(part, wanted.dtype) for part, wanted in zip(found, results, strict=True))
            return np.asarray(found, results.dtype)

        return jax.pure_callback(on_host, results, *arrays, vmap_method="sequential")

    def rows(positions: Any, cells: Any) -> Any:
        return called(deformed.features, like(positions, shape), positions, cells)

    def slopes(positions: Any, cells: Any, adjoint: Any) -> Any:
        results = (like(positions, positions.shape), like(cells, cells.shape))
        return called(deformed.gradient, results, positions, cells, adjoint)

    features: Any = jax.custom_vjp(rows)
    gradient: Any = jax.custom_vjp(slopes)

    def back(kept: Any, tangents: Any) -> Any:
        positions, cells, adjoint = kept
        results = (like(positions, positions.shape), like(cells, cells.shape))
        moved, strained = called(deformed.gradient_along, results, positions, cells, adjoint, *tangents)
        along = called(deformed.along, like(adjoint, shape), positions, cells, *tangents)
        return moved, strained, along

    features.defvjp(lambda x, h: (features(x, h), (x, h)), lambda kept, adjoint: gradient(*kept, adjoint))
    gradient.defvjp(lambda x, h, a: (gradient(x, h, a), (x, h, a)), back)
    return features
