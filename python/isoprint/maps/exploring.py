"""A map of structures in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from isoprint._support.jobs import threads
from isoprint._support.parameters import choice, flag, whole
from isoprint.maps import _properties
from isoprint.maps._projection import Components, Scaling, by_umap, require_umap
from isoprint.maps._source import Source, kept_frames
from isoprint.maps.map import Map
from isoprint.structures.batches import one_by_one


def explore(
    frames: Any,
    descriptor: Any,
    *,
    per: Literal["structure", "atom"] = "structure",
    method: Literal["pca", "umap"] = "pca",
    n_components: int = 2,
    scale: Literal["total", "columns"] | None = "total",
    features: bool = False,
    batch: int | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Map:
    """Make a map of structures, or of their atoms: describe them, and find the directions along which they differ most.

    Features of more than 256 MiB are not kept but computed anew for each of three passes, so that memory does not grow
    with the number of columns times that of rows.

    Parameters
    ----------
    frames : iterable of ase.Atoms or alike, or path
        The structures: a list, or a file that ase reads, which is read some structures at a time. Those of an iterator
        are put into a list.
    descriptor : Descriptor
        A fingerprint. It is copied; where it does not know its species, the copy learns those of the structures.
    per : {"structure", "atom"}
        What is put on the map: structures, by the mean of the features of their atoms, or each atom.
    method : {"pca", "umap"}
        Principal components, or UMAP (needs the package umap-learn) of the fifty leading ones, which keeps neighbors
        near each other and says nothing with distances.
    n_components : int
        Dimensions of the map.
    scale : {"total", "columns"} or None
        What features are multiplied with: one factor, so that their total variance is one; a factor for each column, so
        that each varies as much as any other; nothing.
    features : bool
        Whether to keep the features, which need memory.
    batch : int, optional
        Structures in a batch, as for `stream`.
    seed : int
        For UMAP. Principal components leave nothing to chance.
    n_jobs : int, optional
        Threads; -1 for all cores. The result does not depend on it.
    progress : callable, optional
        Called with (structures seen, rows seen) after every batch of each pass; what it raises ends the work.

    Returns
    -------
    Map
        `coordinates`, `explained`, `properties`, with `plot`, `write` (for chemiscope) and `transform` for other
        structures. The largest entry of each direction is positive, so that a map is not mirrored by chance.

    Raises
    ------
    ValueError
        Where there are no rows, or a parameter makes no sense.
    ImportError
        Where `method="umap"` and its package is not installed; before anything is computed.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> frames = [molecule(name) for name in ("H2O", "CH4", "CH3OH", "C2H6", "NH3")]
    >>> found = ip.explore(frames, ip.SOAP(r_cut=4.0, n_max=4, l_max=3))
    >>> found.coordinates.shape, found.properties["n_atoms"].tolist()
    ((5, 2), [3.0, 5.0, 6.0, 8.0, 4.0])
    >>> len(ip.explore(frames, ip.SOAP(r_cut=4.0, n_max=4, l_max=3), per="atom"))
    26
    """
    choice("per", per, ("structure", "atom"))
    if choice("method", method, ("pca", "umap")) == "umap":
        require_umap()
    n, keep = whole("n_components", n_components, 1), flag("features", features)
    choice("scale", scale, ("total", "columns", None))
    most = None if batch is None else whole("batch", batch, 1)
    whole("seed", seed, 0)
    threads(n_jobs)
    kept = kept_frames(frames)
    source = Source(kept, descriptor, per == "atom", most, n_jobs, progress)
    n_features = int(source.descriptor.n_features)
    if n > n_features:
        raise ValueError(f"n_components is {n}, and features have {n_features} columns; ask for fewer")
    scaling = Scaling.of(source, scale)
    components = None
    if method == "pca":
        components = Components.of(source, scaling, n)
        coordinates = np.concatenate([components(scaling(rows)) for rows in source.batches()])
    else:
        coordinates = by_umap(source, scaling, n, seed)
    rows = source.features
    if keep and rows is None:
        rows = np.concatenate(list(source.batches()))
    places = source.places
    properties = {name: values[places.frame] for name, values in _properties.of_structures(one_by_one(kept)).items()}
    if per == "atom":
        properties |= _properties.of_atoms(one_by_one(kept), places.frame, places.atom)
    explained = None if components is None else components.explained
    found = Map(coordinates, explained, per, *places, properties, rows if keep else None, kept)
    found._descriptor, found._scaling, found._components = source.descriptor, scaling, components
    return found
