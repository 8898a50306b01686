"""Coefficients of the neighbor density of classic SOAP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from isoprint import _core
from isoprint.descriptors import _weighting
from isoprint.descriptors._accuracy import warn_of_accuracy
from isoprint.descriptors._calls import Average, Unknown
from isoprint.descriptors._compiled import CompiledDescriptor, Reals

if TYPE_CHECKING:
    from isoprint._core import _Descriptor as Core


class DensityCoefficients(CompiledDescriptor):
    """Coefficients of the density of Gaussians that `SOAP` is the power spectrum of: they turn with the structure.

    What equivariant models, and invariants of one's own making, begin with. Two structures that differ by a rotation
    have different rows; where that is not wanted, take `SOAP`.

    Parameters
    ----------
    r_cut : float
        Radius of the environment in Å.
    n_max : int
        Number of radial functions, up to 24.
    l_max : int
        Highest degree of the spherical harmonics, included, up to 30.
    species : sequence of str or int, or "any", optional
        Elements as symbols or atomic numbers. Their order is the order of the columns. `None`: `fit` learns them, and
        sorts them by atomic number. "any": one density that all atoms share, whatever they are.
    sigma : float or mapping
        Width of the Gaussians in Å, from 0.0005 to 10 times the distance up to which neighbors count.
    basis : {"gto", "polynomial", "equispaced", "gto_featomic", "gto_quip", "polynomial_quip", "bessel"}
        Radial functions, as those of `SOAP`.
    cutoff_width : float
        Width of the shell in which neighbors fade out, as half a cosine, in Å; 0: they count in full up to the cutoff,
        where features jump.
    padding : float
        How far beyond `r_cut` atoms still count, in Å, because their Gaussians reach inside.
    weighting : mapping, optional
        Weights of neighbors by distance, as those of `SOAP`.
    species_weight : float or mapping
        Factor of the densities of a species.
    central_weight : float or mapping
        Weight of the center in its own density; the species of the center decides.
    center_everywhere : bool
        Put the center into the densities of all species, rather than of its own.
    convention : {"isoprint", "featomic"}
        Whether the density of an atom has height one, or a square that integrates to one, as in featomic.
    basis_error_exponent : float
        For the bases of QUIP: how far beyond `r_cut` the functions extend, as the decimal exponent of what is left of
        a Gaussian there.
    accuracy : float
        Error of the tabulated radial functions that is asked for, relative to the largest value.
    periodic : bool
        `False`: frames are taken for open ones, whatever they say.
    unknown_species : {"error", "ignore"}
        What to do about atoms of other elements: raise, or pass over them.
    centers : str or sequence, optional
        Elements whose atoms become rows where nothing else is said; `None`: every atom.
    average : {None, "inner", "outer", "sum"}
        One row a frame: the mean of the rows of its centers, which is the same for both words, or their sum.
    dtype : {"float64", "float32"}
        Precision of the output; the arithmetic is double.

    Attributes
    ----------
    species_ : list of str
        The species, in the order of the columns.
    n_features : int
        Number of columns: `(l_max + 1)² n_max` for each species.

    Examples
    --------
    >>> from ase.build import molecule
    >>> import isoprint as ip
    >>> density = ip.DensityCoefficients(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> density.transform(molecule("H2O")).shape
    (3, 128)
    >>> print(density.get_feature_names_out()[70])
    O.3 l=1 m=-1

    The length of what has one degree does not change as the molecule turns:

    >>> import numpy as np
    >>> water = molecule("H2O")
    >>> before = density.transform(water)
    >>> water.rotate(40, "x")
    >>> after = density.transform(water)
    >>> degree_one = slice(4, 16)
    >>> lengths = [np.linalg.norm(rows[:, degree_one].reshape(3, 3, 4), axis=1) for rows in (before, after)]
    >>> bool(np.allclose(before, after)), bool(np.allclose(*lengths))
    (False, True)

    Notes
    -----
    Column `(s, l, m, n)` is `Σ_j b_nl(r_j) Y_lm(r̂_j)` over the neighbors `j` of species `s`, with the radial integrals
    `b_nl` of a Gaussian at that distance and real spherical harmonics, `m` from `-l` to `l` (A. P. Bartók, R. Kondor,
    G. Csányi, Phys. Rev. B 87, 184115 (2013), equation 26); the center adds to `l = 0`.
    """

    _knows_any = True

    r_cut: float
    n_max: int
    l_max: int
    species: Any = None
    sigma: Reals = 0.5
    basis: Literal["gto", "polynomial", "equispaced", "gto_featomic", "gto_quip", "polynomial_quip", "bessel"] = "gto"
    cutoff_width: float = 0.5
    padding: float = 0.0
    weighting: Mapping[str, Any] | None = None
    species_weight: Reals = 1.0
    central_weight: Reals = 1.0
    center_everywhere: bool = False
    convention: Literal["isoprint", "featomic"] = "isoprint"
    basis_error_exponent: float = 10.0
    accuracy: float = 1e-12
    periodic: bool = True
    unknown_species: Unknown = "error"
    centers: Any = None
    average: Average = None
    dtype: Any = "float64"

    @classmethod
    def from_featomic(
        cls,
        *,
        cutoff: Any = None,
        density: Any = None,
        basis: Any = None,
        species: Any = None,
        centers: Any = None,
        dtype: Any = "float64",
        **unknown: Any,
    ) -> DensityCoefficients:
        """Build from the parameters of featomic's `SphericalExpansion`; values are the same, signs included.

        Parameters
        ----------
        cutoff, density, basis : mapping
            As of `SOAP.from_featomic`.
        species, centers, dtype : optional
            As in the constructor; species are learned by `fit` if they are not given.
        **unknown
            None: other keywords are refused by name.

        Examples
        --------
        >>> import isoprint as ip
        >>> density = ip.DensityCoefficients.from_featomic(
        ...     cutoff={"radius": 4.0, "smoothing": {"type": "Step"}},
        ...     density={"type": "Gaussian", "width": 0.5},
        ...     basis={"type": "TensorProduct", "max_angular": 3, "radial": {"type": "Gto", "max_radial": 3}},
        ...     species=["H", "O"],
        ... )
        >>> density.n_features
        128
        """
        from isoprint.translators.featomic import soap

        hypers = {"cutoff": cutoff, "density": density, "basis": basis}
        given = {name: value for name, value in hypers.items() if value is not None}
        found = soap({**given, **unknown}, _core.MAX_FUNCTIONS, "SphericalExpansion")
        del found["normalize"]
        return cls(**found, species=species, centers=centers, dtype=dtype)

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Core:
        core = _core.DensityCoefficients(parameters)
        warn_of_accuracy(core.accuracy, parameters["accuracy"])
        return core

    def _special(self, species: list[int]) -> dict[str, Any]:
        # What a power spectrum would be made with, which there is none of.
        unused = {"normalize": False, "constant": None}
        return {"weighting": _weighting.resolve(self.weighting), **unused}
