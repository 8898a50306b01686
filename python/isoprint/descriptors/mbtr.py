"""Many-body tensor representations: distributions of distances and angles, of whole frames or around centers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint.descriptors import _answers as answers
from isoprint.descriptors._calls import Average, Unknown
from isoprint.descriptors._compiled import CompiledDescriptor

if TYPE_CHECKING:
    from isoprint._core import _Descriptor as Core


class _Spread(CompiledDescriptor):
    """Answers that are spread over a grid."""

    @property
    def points(self) -> NDArray[np.float64]:
        """The points of the grid, which the columns of each block stand for."""
        grid = self._spread()
        return np.linspace(grid["min"], grid["max"], grid["n"])

    @property
    def reach(self) -> float:
        """Distance in Å beyond which nothing is seen; infinite where all pairs count alike."""
        reach: float = self._compiled().core.reach
        return reach if reach < answers.EVERYTHING else float("inf")

    def _spread(self) -> dict[str, Any]:
        """The grid in the compiled module's terms."""
        return answers.grid(vars(self)["grid"])

    def _answers(self) -> dict[str, Any]:
        """Grid, weighting and normalization in the compiled module's terms."""
        given = vars(self)
        normalization = "none" if given["normalization"] is None else self._read("normalization")
        weighting = answers.weighting(given["weighting"])
        return {"grid": self._spread(), "weighting": weighting, "normalization": normalization}


class _OfFrames(_Spread):
    """One row a frame: sums over its atoms, and then a normalization."""

    # To whoever looks: rows are those of frames, and what they are made of is added up.
    average: ClassVar[Average] = "sum"  # type: ignore[misc]

    def _average(self) -> str:
        return "inner sum"


class MBTR(_OfFrames):
    """Many-body tensor representation: how often each atomic number, distance or angle occurs in a frame.

    One row a frame, whatever its size: the answers of all atoms, pairs or triples to one question, spread over a
    grid, a block of columns for each combination of species.

    Parameters
    ----------
    geometry : {"atomic_number", "distance", "inverse_distance", "angle", "cosine"}
        The question: to one atom its number; to two their distance in Å, or one over it; to three the angle in
        degrees at one of them, or its cosine.
    grid : mapping
        Where the answers are counted: `min`, `max` and the number of points `n`, and `sigma`, the standard deviation of
        the Gaussian that each answer is spread into, all in the unit of the answer.
    weighting : mapping, optional
        What each answer counts for; `None`: all alike, in frames that are not periodic.
        ``{"function": "exp", "r_cut": 6.0, "threshold": 1e-3}``: `exp(-s x)`, where `x` is the distance, or the way
        around the triple, and nothing below the threshold, which is reached at `r_cut` (by a way of `2 r_cut`);
        `scale`, `s` in 1/Å, may be given in the place of `r_cut`.
        ``{"function": "inverse_square", "r_cut": 6.0}``: one over the square of the distance, of pairs.
        ``{"function": "smooth_cutoff", "r_cut": 6.0, "sharpness": 2.0}``: `f(r) f(r')` of the legs of an angle, where
        `f = 1 + y x^(y+1) - (y+1) x^y`, `x = r / r_cut` and `y` is the sharpness, from 1.
    normalize_gaussians : bool
        Whether the area of a Gaussian is one; otherwise its height is.
    normalization : {"l2", "n_atoms", "valle_oganov"}, optional
        What a row is divided by: its length, the number of atoms, or what makes of pairs and triples those of
        Valle and Oganov: the numbers of atoms of the species of each block over the volume of the cell.
    species : sequence, optional
        Elements that are told apart, in the order of their columns. `None`: learned by `fit`.
    periodic : bool
        `False`: frames are taken for open ones, whatever they say.
    unknown_species : {"error", "ignore"}
        What to do about atoms of other elements: raise, or pass over them.
    centers : str or sequence, optional
        Elements whose atoms are summed over where nothing else is said; `None`: every atom.
    dtype : {"float64", "float32"}
        Precision of the output; the arithmetic is double.

    Attributes
    ----------
    points : ndarray (n,)
        The points of the grid.
    reach : float
        Distance in Å beyond which an atom sees nothing.
    species_ : list of str
        The species, in the order of the columns.
    n_features : int
        Number of columns: `n` for each species, unordered pair of species, or species and unordered pair at its sides.

    Examples
    --------
    >>> from ase.build import bulk, molecule
    >>> import isoprint as ip
    >>> mbtr = ip.MBTR(
    ...     geometry="angle", grid={"min": 0, "max": 180, "sigma": 2, "n": 181}, species=["H", "O"], periodic=False
    ... )
    >>> curves = mbtr.transform(molecule("H2O")).reshape(6, 181)
    >>> mbtr.get_feature_names_out()[::181].tolist()[3]
    'H-O-H angle=0'
    >>> float(mbtr.points[curves[3].argmax()])  # the angle of water
    104.0
    >>> crystal = ip.MBTR(
    ...     geometry="distance",
    ...     grid={"min": 1.5, "max": 6.0, "sigma": 0.1, "n": 100},
    ...     weighting={"function": "exp", "r_cut": 6.0, "threshold": 1e-3},
    ...     normalization="n_atoms",
    ...     species=["Na", "Cl"],
    ... )
    >>> salt = bulk("NaCl", "rocksalt", a=5.64)
    >>> bool(abs(crystal.transform(salt) - crystal.transform(salt * (2, 1, 3))).max() < 1e-12)
    True

    Notes
    -----
    The row is `f_k = Σ w(l) G_k(g(l))` over all atoms, unordered pairs, or angles `l`, where `G_k(x)` is the mean of
    the Gaussian around `x` over the interval of one step around point `k`, so that sums over the grid are right
    however coarse it is. Of pairs and triples that cross the faces of a cell, as much counts as belongs to one cell.
    Rows are those of H. Huo and M. Rupp (arXiv:1704.06439; Mach. Learn.: Sci. Technol. 3, 045017, 2022) as L. Himanen
    et al. write them (Comput. Phys. Commun. 247, 106949, 2020).

    `transform(frame, centers=[...])` gives what these atoms contribute: their own numbers, half of their pairs, the
    angles at them. A point in space contributes nothing. An angle at, or to, an atom in the place of its vertex does
    not exist and does not count. An angle of three atoms in a line has no derivative out of the line; what is given
    is the mean over all directions, zero.
    """

    geometry: Literal["atomic_number", "distance", "inverse_distance", "angle", "cosine"]
    grid: Mapping[str, Any]
    weighting: Mapping[str, Any] | None = None
    normalize_gaussians: bool = True
    normalization: Literal["l2", "n_atoms", "valle_oganov"] | None = None
    species: Any = None
    periodic: bool = True
    unknown_species: Unknown = "error"
    centers: Any = None
    dtype: Any = "float64"

    @property
    def r_cut(self) -> float:  # type: ignore[override]
        """Distance in Å beyond which an atom sees nothing."""
        return self.reach

    def _special(self, species: list[int]) -> dict[str, Any]:
        return {**self._answers(), "local": False}

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Core:
        return _core.MBTR(parameters)


class LocalMBTR(_Spread):
    """Local many-body tensor representation: the distances and angles that one center takes part in.

    One row a center, an atom or a point: its distances to others, or the angles of all triples that it is in, be it at
    their vertex or at one of their ends. The species of the center is not told.

    Parameters
    ----------
    geometry : {"distance", "inverse_distance", "angle", "cosine"}
        The question: to the center and another atom their distance in Å, or one over it; to the center and two others
        the angle in degrees at one of the three, or its cosine.
    grid : mapping
        Where the answers are counted: `min`, `max`, `n` and `sigma`, as of `MBTR`.
    weighting : mapping, optional
        What each answer counts for, as of `MBTR`; `None`: all alike, in frames that are not periodic.
    normalize_gaussians : bool
        Whether the area of a Gaussian is one; otherwise its height is.
    normalization : {"l2"}, optional
        What a row is divided by: its length.
    species : sequence, optional
        Elements that are told apart, in the order of their columns. `None`: learned by `fit`.
    periodic : bool
        `False`: frames are taken for open ones, whatever they say.
    unknown_species : {"error", "ignore"}
        What to do about atoms of other elements: raise, or pass over them.
    centers : str or sequence, optional
        Elements whose atoms become rows where nothing else is said; `None`: every atom.
    average : {None, "inner", "outer", "sum"}
        One row a frame: from the mean of the sums of its centers, or as the mean or the sum of their rows.
    dtype : {"float64", "float32"}
        Precision of the output; the arithmetic is double.

    Attributes
    ----------
    points : ndarray (n,)
        The points of the grid.
    reach : float
        Distance in Å beyond which nothing is seen: of angles that fade out with their legs, twice the cutoff.
    species_ : list of str
        The species, in the order of the columns.
    n_features : int
        Number of columns: `n` for each species; of angles, for each unordered pair of species at the sides of the
        center, and then for each species at the vertex and each at the other end.

    Examples
    --------
    >>> from ase.build import molecule
    >>> import isoprint as ip
    >>> local = ip.LocalMBTR(
    ...     geometry="distance",
    ...     grid={"min": 0.5, "max": 2.5, "sigma": 0.05, "n": 201},
    ...     species=["H", "O"],
    ...     periodic=False,
    ... )
    >>> rows = local.transform(molecule("H2O"))
    >>> [str(local.get_feature_names_out()[row.argmax()]) for row in rows]  # X is the center
    ['X-H r=0.97', 'X-O r=0.97', 'X-O r=0.97']

    Notes
    -----
    As of `MBTR`, with every pair and triple of the center in full. The columns are those of L. Himanen et al. (Comput.
    Phys. Commun. 247, 106949, 2020) without the blocks in which the center would be a neighbor, which are always empty.
    """

    geometry: Literal["distance", "inverse_distance", "angle", "cosine"]
    grid: Mapping[str, Any]
    weighting: Mapping[str, Any] | None = None
    normalize_gaussians: bool = True
    normalization: Literal["l2"] | None = None
    species: Any = None
    periodic: bool = True
    unknown_species: Unknown = "error"
    centers: Any = None
    average: Average = None
    dtype: Any = "float64"

    @property
    def r_cut(self) -> float:  # type: ignore[override]
        """Distance in Å beyond which nothing is seen."""
        return self.reach

    def _special(self, species: list[int]) -> dict[str, Any]:
        return {**self._answers(), "local": True}

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Core:
        return _core.MBTR(parameters)


class ValleOganov(_OfFrames):
    """Fingerprint of a crystal: its distances, weighted so that the choice of the cell does not matter, or its angles.

    One row a frame: distances weighted by `1 / r²`, or angles whose legs fade out, per pair or triple of each
    combination of species and times the volume, so that in a gas without structure all distances are alike. Of angles
    this is inversely proportional to the number of atoms in the cell: compare cells of the same size.

    Parameters
    ----------
    r_cut : float
        Distance in Å up to which atoms are seen, and the last distance of the grid.
    geometry : {"distance", "angle"}
        Distances in Å from 0 to `r_cut`, or angles in degrees from 0 to 180.
    n_points : int
        Number of points of the grid.
    sigma : float
        Standard deviation of the Gaussian that each answer is spread into, in the unit of the answer.
    species : sequence, optional
        Elements that are told apart, in the order of their columns. `None`: learned by `fit`.
    unknown_species : {"error", "ignore"}
        What to do about atoms of other elements: raise, or pass over them.
    centers : str or sequence, optional
        Elements whose atoms are summed over where nothing else is said; `None`: every atom.
    dtype : {"float64", "float32"}
        Precision of the output; the arithmetic is double.

    Attributes
    ----------
    points : ndarray (n_points,)
        The points of the grid.
    species_ : list of str
        The species, in the order of the columns.
    n_features : int
        Number of columns: `n_points` for each unordered pair of species, or species and unordered pair at its sides.

    Examples
    --------
    >>> from ase.build import bulk
    >>> import isoprint as ip
    >>> crystal = bulk("NaCl", "rocksalt", a=5.64)
    >>> fingerprint = ip.ValleOganov(r_cut=8.0, n_points=161, sigma=0.1, species=["Na", "Cl"])
    >>> row, other = fingerprint.transform([crystal, crystal * (2, 2, 1)])
    >>> row.shape, bool(abs(row - other).max() < 1e-12)
    ((483,), True)

    Notes
    -----
    `MBTR` with its weightings "inverse_square" and "smooth_cutoff" and the normalization "valle_oganov". Of distances
    of the species A and B it is `V / (4π N_A N_B) Σ δ(r - r_ij) / r_ij²` over all pairs, twice as much of one
    species, which goes to one far away where there is no structure (M. Valle and A. R. Oganov, Acta Cryst. A 66, 507,
    2010, who subtract the one). Strain changes the volume, which its derivatives know.
    """

    r_cut: float
    geometry: Literal["distance", "angle"] = "distance"
    n_points: int = 100
    sigma: float
    species: Any = None
    unknown_species: Unknown = "error"
    centers: Any = None
    dtype: Any = "float64"

    _not_compiled = ("r_cut", "n_points", "sigma")

    def _spread(self) -> dict[str, Any]:
        end = self._read("r_cut") if self._read("geometry") == "distance" else 180.0
        return {"min": 0.0, "max": end, "sigma": self._read("sigma"), "n": self._read("n_points")}

    def _special(self, species: list[int]) -> dict[str, Any]:
        function = "inverse_square" if self._read("geometry") == "distance" else "smooth_cutoff"
        weighting = answers.weighting({"function": function, "r_cut": self._read("r_cut")})
        fixed = {"normalize_gaussians": True, "normalization": "valle_oganov", "local": False}
        return {"grid": self._spread(), "weighting": weighting, **fixed}

    def _told_of_special(self, error: _core.ParameterError) -> tuple[str, str]:
        names = {"n of grid": "n_points", "sigma of grid": "sigma"}
        name = names.get(error.name, "r_cut")
        return name, repr(getattr(self, name))

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Core:
        return _core.MBTR(parameters)
