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
    r_cut, n_max, l_max, species, sigma, basis, cutoff_width, padding, weighting, species_weight, central_weight
        As those of `SOAP`.
    center_everywhere, basis_error_exponent, accuracy, periodic, unknown_species, centers, dtype
        As those of `SOAP`.
    convention : {"isoprint", "featomic"}
        Whether the density of an atom has height one, or a square that integrates to one, as in featomic.
    average : {None, "inner", "outer"}
        One row a frame, the mean over its centers; both are the same here.

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
