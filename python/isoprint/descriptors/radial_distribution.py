"""How many neighbors of each element there are at each distance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint.descriptors._calls import Average, Unknown
from isoprint.descriptors._compiled import CompiledDescriptor

if TYPE_CHECKING:
    from isoprint._core import _Descriptor as Core


class RadialDistribution(CompiledDescriptor):
    """Radial distribution: how many neighbors of each element there are at each distance, smeared.

    The plainest fingerprint there is. It sees distances from the center and nothing else, and its rows can be read:
    they are curves. With `average="outer"` a row is the partial pair distribution of a whole frame.

    Parameters
    ----------
    r_cut : float
        Radius of the environment in Å, and the last grid point.
    species : sequence of str or int, or "any", optional
        Elements as symbols or atomic numbers, in the order of the columns. `None`: `fit` learns them, and sorts them by
        atomic number. "any": all atoms count alike, whatever they are.
    n_points : int
        Number of grid points, at equal distances from `r_min` to `r_cut`.
    r_min : float
        The first grid point in Å.
    sigma : float, optional
        Width of the Gaussian of one neighbor in Å; by default the distance between two grid points.
    per : {"length", "volume"}
        Neighbors per Å, so that the integral over the distance is their number; or per Å³ of the shell at this
        distance, which far away is the density of the material.
    cutoff_function : {"cos", "hard", "tanh3", "tanh3_norm", "exp", "poly1", "poly2", "poly3", "poly4"}
        What a neighbor counts for by its distance, as in `ACSF`: it fades out toward the cutoff, so that features
        change smoothly when it leaves. "hard": everything counts in full up to the cutoff.
    alpha : float
        Fraction of the cutoff up to which the cutoff function is one, from 0; without effect on "tanh3" and
        "tanh3_norm".
    periodic : bool
        `False`: frames are taken for open ones, whatever they say.
    unknown_species : {"error", "ignore"}
        What to do about atoms of other elements: raise, or pass over them.
    centers : str or sequence, optional
        Elements whose atoms become rows where nothing else is said; `None`: every atom.
    average : {None, "inner", "outer", "sum"}
        One row a frame: the mean of the rows of its centers, which is the same for both words here, or their sum.
    dtype : {"float64", "float32"}
        Precision of the output; the arithmetic is double.

    Attributes
    ----------
    grid : ndarray (n_points,)
        The distances in Å.
    species_ : list of str
        The species, in the order of the columns.
    n_features : int
        Number of columns: `n_points` for each species.

    Examples
    --------
    >>> from ase.build import bulk
    >>> import isoprint as ip
    >>> rdf = ip.RadialDistribution(r_cut=3.5, species=["Si"], n_points=61, cutoff_function="hard")
    >>> row = rdf.transform(bulk("Si"))[0]
    >>> float(rdf.grid[row.argmax()])  # the nearest neighbors
    2.35
    >>> round(float(row.sum() * 0.05), 6)  # how many these are: a grid point is 0.05 Å wide
    4.0

    Notes
    -----
    Feature `(s, k)` is `w_k Σ_j f(r_j) exp(-(r_k - r_j)² / 2σ²) / (σ √(2π))` over the neighbors `j` of species `s`,
    with `w_k = 1` or `1 / (4π r_k²)`. An atom on the center counts, and changes nothing to first order where it moves.
    """

    _knows_any = True

    r_cut: float
    species: Any = None
    n_points: int = 64
    r_min: float = 0.5
    sigma: float | None = None
    per: Literal["length", "volume"] = "length"
    cutoff_function: Literal["cos", "hard", "tanh3", "tanh3_norm", "exp", "poly1", "poly2", "poly3", "poly4"] = "cos"
    alpha: float = 0.0
    periodic: bool = True
    unknown_species: Unknown = "error"
    centers: Any = None
    average: Average = None
    dtype: Any = "float64"

    @property
    def grid(self) -> NDArray[np.float64]:
        """The distances in Å that the columns of each species stand for."""
        return np.linspace(self._read("r_min"), self._read("r_cut"), self._read("n_points"))

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Core:
        return _core.RadialDistribution(parameters)
