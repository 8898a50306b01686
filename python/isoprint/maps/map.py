"""A map: where rows are, and what is known of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from isoprint.maps._projection import Components, Scaling
from isoprint.maps._source import Source, kept_frames
from isoprint.structures.batches import one_by_one
from isoprint.structures.frames import as_list, is_frame

Floats = NDArray[np.float64]


@dataclass(eq=False, repr=False)
class Map:
    """Structures, or their atoms, in a few dimensions: made by `isoprint.explore`.

    Parameters
    ----------
    coordinates : ndarray (n_rows, n_components)
        Where each row is: along the directions of largest variance, the first one first.
    explained : ndarray (n_components,) or None
        The part of the variance of all features along each direction; `None` for UMAP, which has no such directions.
    per : {"structure", "atom"}
        What a row is.
    frame, atom, species : ndarray (n_rows,)
        The structure, the atom (-1 for all of a structure) and its atomic number (0 for all) of each row.
    properties : dict
        What the structures say of themselves, one entry a row for each name: numbers, with NaN where one has none, or
        words. Of structures it is what stands in `info`, the energy of a calculation, and `n_atoms`; of atoms also what
        stands in `arrays` (the lengths of vectors such as forces), and `element`.
    features : ndarray (n_rows, n_features) or None
        Where they were asked for.
    frames : list or path
        The structures.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> frames = [molecule(name) for name in ("H2O", "CH4", "CH3OH", "C2H6")]
    >>> found = ip.explore(frames, ip.SOAP(r_cut=4.0, n_max=4, l_max=3))
    >>> found
    Map(4 structures in 2 dimensions, 95 % of the variance)
    """

    coordinates: Floats
    explained: Floats | None
    per: Literal["structure", "atom"]
    frame: NDArray[np.int64]
    atom: NDArray[np.int64]
    species: NDArray[np.int64]
    properties: dict[str, NDArray[Any]]
    features: Floats | None
    frames: Any
    _descriptor: Any = field(default=None, init=False)
    _scaling: Scaling | None = field(default=None, init=False)
    _components: Components | None = field(default=None, init=False)

    def transform(self, frames: Any, *, n_jobs: int | None = None) -> Floats:
        """Where other structures lie on this map.

        Parameters
        ----------
        frames : iterable of ase.Atoms or alike, or path
            Of elements that the map knows.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        ndarray (n_rows, n_components)
            Coordinates on the same axes.

        Raises
        ------
        ValueError
            For a map by UMAP, which knows no axes.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> frames = [molecule(name) for name in ("H2O", "CH4", "CH3OH", "C2H6")]
        >>> found = ip.explore(frames, ip.SOAP(r_cut=4.0, n_max=4, l_max=3))
        >>> bool(np.allclose(found.transform(frames[1:2]), found.coordinates[1]))
        True
        """
        if self._components is None or self._scaling is None:
            raise ValueError("a map by UMAP has no axes on which other structures could be put; take method='pca'")
        source = Source(kept_frames(frames), self._descriptor, self.per == "atom", None, n_jobs, None)
        found = [self._components(self._scaling(rows)) for rows in source.batches()]
        return np.concatenate([np.empty((0, self.coordinates.shape[1])), *found])

    def plot(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        color: Any = None,
        marker: Any = None,
        ax: Any = None,
    ) -> Any:
        """Draw the first two coordinates (needs matplotlib).

        Parameters
        ----------
        path : path, optional
            File of the figure, such as `map.png`.
        color : str or array_like (n_rows,), optional
            The name of a property, or one value a row: numbers make a color bar, words a legend. By default the energy,
            of atoms the element.
        marker : str or array_like (n_rows,), optional
            The name of a property with few values, or one value a row, each of which has a marker of its own.
        ax : matplotlib axes, optional
            Where to draw.

        Returns
        -------
        matplotlib.figure.Figure
            The figure.

        Raises
        ------
        ValueError
            Where there is no property of that name; it says which there are.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> frames = [molecule(name) for name in ("H2O", "CH4", "CH3OH", "C2H6")]
        >>> found = ip.explore(frames, ip.SOAP(r_cut=4.0, n_max=4, l_max=3))
        >>> figure = found.plot(color="n_atoms")  # doctest: +SKIP
        """
        from isoprint.extras.plotting_map import plot_map

        return plot_map(self, path, color=color, marker=marker, ax=ax)

    def write(self, file: str | os.PathLike[str]) -> None:
        """Store coordinates, properties and structures for the viewer chemiscope (needs its package).

        Parameters
        ----------
        file : path
            Ends in `.json` or `.json.gz`; https://chemiscope.org shows it, and so does `chemiscope.show_input`.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> frames = [molecule(name) for name in ("H2O", "CH4", "CH3OH", "C2H6")]
        >>> found = ip.explore(frames, ip.SOAP(r_cut=4.0, n_max=4, l_max=3))
        >>> found.write("map.json.gz")  # doctest: +SKIP
        """
        from isoprint.extras.chemiscope import write_map

        write_map(self, file)

    def values(self, name: str) -> NDArray[Any]:
        """One entry a row of a property.

        Parameters
        ----------
        name : str
            A name of `properties`.

        Returns
        -------
        ndarray (n_rows,)
            Numbers or words.

        Raises
        ------
        ValueError
            Where there is no such property; it says which there are.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> frames = [molecule(name) for name in ("H2O", "CH4")]
        >>> ip.explore(frames, ip.SOAP(r_cut=4.0, n_max=4, l_max=3)).values("n_atoms").tolist()
        [3.0, 5.0]
        """
        if name not in self.properties:
            raise ValueError(f"there is no property {name!r}; the structures have {', '.join(sorted(self.properties))}")
        return self.properties[name]

    def structures(self) -> Iterator[Any]:
        """The structures, one after the other; of a file they are read anew.

        Returns
        -------
        iterator of ase.Atoms or alike
            As they were given.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> frames = [molecule(name) for name in ("H2O", "CH4")]
        >>> [len(frame) for frame in ip.explore(frames, ip.SOAP(r_cut=4.0, n_max=4, l_max=3)).structures()]
        [3, 5]
        """
        frames = self.frames
        return iter(as_list(frames)[0]) if is_frame(frames) else one_by_one(frames)

    @property
    def reach(self) -> float:
        """Distance in Å beyond which the fingerprint sees nothing."""
        return float(self._descriptor.reach)

    def __len__(self) -> int:
        return len(self.coordinates)

    def __repr__(self) -> str:
        what = "structures" if self.per == "structure" else "atoms"
        how = "UMAP" if self.explained is None else f"{100 * self.explained.sum():.0f} % of the variance"
        return f"Map({len(self)} {what} in {self.coordinates.shape[1]} dimensions, {how})"
