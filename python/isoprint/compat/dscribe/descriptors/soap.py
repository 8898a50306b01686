"""SOAP with DScribe's interface."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint.compat.dscribe.descriptors._bases import gaussian_basis, polynomial_basis
from isoprint.compat.dscribe.descriptors._old_names import old_names
from isoprint.compat.dscribe.descriptors._soap_arguments import compression_of, number_in, weighting_of, whole_of
from isoprint.compat.dscribe.descriptors.descriptorlocal import DescriptorLocal
from isoprint.descriptors.soap import SOAP as Ours
from isoprint.structures.elements import number_of
from isoprint.translators.dscribe import FAINTEST, soap

Floats = NDArray[np.float64]

_HIGHEST_DEGREE = 20
_MODES = ("off", "mu2", "mu1nu1", "crossover")


class SOAP(DescriptorLocal):
    """The power spectrum of smooth overlaps of atomic positions, as DScribe's class of this name.

    Parameters
    ----------
    r_cut : float, optional
        Radius of the environment in Å; may be left out where a weighting tells it.
    n_max : int
        Number of radial functions.
    l_max : int
        Highest degree of the spherical harmonics.
    sigma : float
        Width of the Gaussians in Å.
    rbf : {"gto", "polynomial"}
        Radial functions.
    weighting : dict, optional
        Weights of atoms by distance: "function" with "r0", "c", "d", "m", "threshold", and "w0".
    average : {"off", "inner", "outer"}
        One row a structure: from the mean of the coefficients, or the mean of the rows.
    compression : dict
        "mode", one of "off", "mu2", "mu1nu1" and "crossover", and "species_weighting".
    species : iterable of str or of int
        The elements that there may be.
    periodic : bool
        Whether periodic images count.
    sparse : bool
        Whether results are `sparse.COO`.
    dtype : {"float64", "float32"}
        Of the results.
    strict : bool
        Whether to refuse what DScribe refuses and isoprint can do: `l_max` above 20, bases that DScribe cannot
        orthonormalize, analytical derivatives of averages, weightings and periodic structures.
    crossover, species_weighting
        Of DScribe's first version: what `compression` says now.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from isoprint.compat.dscribe.descriptors import SOAP
    >>> soap = SOAP(species=["H", "O"], r_cut=4.0, n_max=4, l_max=3)
    >>> soap.create(molecule("H2O")).shape
    (3, 144)
    >>> soap.get_location(("H", "O"))
    slice(40, 104, None)
    """

    @old_names(rcut="r_cut", nmax="n_max", lmax="l_max")
    def __init__(
        self,
        r_cut: Any = None,
        n_max: Any = None,
        l_max: Any = None,
        sigma: Any = 1.0,
        rbf: Any = "gto",
        weighting: Any = None,
        average: Any = "off",
        compression: Any = None,
        species: Any = None,
        periodic: Any = False,
        sparse: Any = False,
        dtype: Any = "float64",
        *,
        strict: bool = True,
        crossover: Any = None,
        species_weighting: Any = None,
    ) -> None:
        self._strict = bool(strict)
        self._compression: Any = {}
        self._mode = "off"
        self._species_weights: Floats = np.empty(0)
        self._changed()
        super().__init__(periodic=periodic, sparse=sparse, dtype=dtype, average=average)
        self.species = species
        self._n_max, self._l_max = whole_of("n_max", n_max, 1), whole_of("l_max", l_max, 0)
        self._sigma, self._rbf = number_in("sigma", sigma), rbf
        self._r_cut = 0.0 if r_cut is None else number_in("r_cut", r_cut)
        self._weighting = weighting_of(weighting)
        self.compression = compression_of(compression, crossover, species_weighting)
        self._r_cut = float(self._parameters()["r_cut"])
        if self._strict:
            self._require_what_dscribe_can()
        self.get_number_of_features()  # so that what is out of range is said here

    # Parameters

    def _parameters(self) -> dict[str, Any]:
        """Ours."""
        return soap(
            {
                "r_cut": self._r_cut or None,
                "n_max": self._n_max,
                "l_max": self._l_max,
                "sigma": self._sigma,
                "rbf": self._rbf,
                "weighting": self._weighting,
                "average": self._average,
                "compression": {"mode": self._mode},
                "species": self._atomic_numbers,
                "periodic": self._periodic,
            }
        ) | {"species_weight": dict(zip(self._atomic_numbers.tolist(), self._species_weights.tolist(), strict=True))}

    def _fingerprint(self, dtype: str) -> Ours:
        return Ours(**{**self._parameters(), "dtype": dtype})

    def _ours(self, dtype: str | None = None) -> Any:
        # The mapping is the user's, who may change it in place.
        if self._compression.get("mode", "off") != self._mode:
            self.compression = self._compression
        return super()._ours(dtype)

    def _require_what_dscribe_can(self) -> None:
        if self._l_max > _HIGHEST_DEGREE:
            raise ValueError(
                f"The maximum available l_max for SOAP is {_HIGHEST_DEGREE} in DScribe, you have requested"
                f" l_max={self._l_max}; strict=False goes higher."
            )
        if self._rbf == "gto" and self._r_cut > 1.0:
            self.get_basis_gto(self._r_cut, self._n_max, self._l_max)
        elif self._rbf == "polynomial":
            self.get_basis_poly(self._r_cut, self._n_max)

    @property
    def species(self) -> Any:
        """The elements, as they were given."""
        return self._species

    @species.setter
    def species(self, value: Any) -> None:
        self._set_species(value)
        numbers = self._atomic_numbers.tolist()
        self.atomic_number_to_index = {number: place for place, number in enumerate(numbers)}
        self.index_to_atomic_number = dict(enumerate(numbers))
        self.n_elements = len(numbers)
        if len(self._species_weights) != len(numbers):
            self._species_weights = np.ones(len(numbers))

    @property
    def compression(self) -> Any:
        """How features are compressed: "mode" and "species_weighting"."""
        return self._compression

    @compression.setter
    def compression(self, value: Any) -> None:
        if not isinstance(value, Mapping):
            raise ValueError(f"compression is {short_repr(value)}; give a dict such as {{'mode': 'off'}}")
        mode = value.get("mode", "off")
        if not isinstance(mode, str) or mode not in _MODES:
            raise ValueError(
                f"Invalid compression mode {short_repr(mode)} given. Please use one of the following: {_MODES}"
            )
        self._species_weights = self._weights_of(value.get("species_weighting"))
        self._compression, self._mode = value, mode
        self._changed()

    def _weights_of(self, given: Any) -> Floats:
        """Weights in the order of the atomic numbers."""
        if given is None:
            return np.ones(self.n_elements)
        if not isinstance(given, dict):
            raise ValueError(
                f"Invalid species weighting {short_repr(given)} given. Species weighting must be either None or a dict."
            )
        spelled = list(self.species)
        if len(given) != self.n_elements or any(one not in given for one in spelled):
            raise ValueError(
                "The species_weighting dictionary, if supplied, must contain the same keys as the list of accepted"
                f" species: its keys are {list(given)}, the species are {spelled}."
            )
        by_number = {number_of(one): float(given[one]) for one in spelled}
        return np.array([by_number[number] for number in self._atomic_numbers.tolist()])

    # What DScribe offers besides

    def get_cutoff_padding(self) -> float:
        """How far beyond the cutoff atoms still count, in Å."""
        return float(self._sigma * math.sqrt(-2.0 * math.log(FAINTEST)))

    def get_basis_gto(self, r_cut: float, n_max: int, l_max: int) -> tuple[Floats, Floats]:
        """Exponents and coefficients of the radial Gaussians.

        Parameters
        ----------
        r_cut : float
            Cutoff in Å.
        n_max, l_max : int
            Number of functions, highest degree.

        Returns
        -------
        (ndarray (l_max + 1, n_max), ndarray (l_max + 1, n_max, n_max))
            `g_nl(r) = Σ_k coefficient[l, n, k] r^l exp(-exponent[l, k] r²)`.
        """
        return gaussian_basis(r_cut, n_max, l_max)

    def get_basis_poly(self, r_cut: float, n_max: int) -> tuple[Floats, Floats]:
        """The polynomial functions, on the grid that DScribe integrates on.

        Parameters
        ----------
        r_cut : float
            Cutoff in Å.
        n_max : int
            Number of functions.

        Returns
        -------
        (ndarray (100,), ndarray (n_max, 100))
            Radii, and values there.
        """
        return polynomial_basis(r_cut, n_max)

    @property
    def _alphas(self) -> Floats:
        return self.get_basis_gto(self._r_cut, self._n_max, self._l_max)[0]

    @property
    def _betas(self) -> Floats:
        return self.get_basis_gto(self._r_cut, self._n_max, self._l_max)[1]

    @property
    def _eta(self) -> float:
        return float(1.0 / (2.0 * self._sigma**2))

    def prepare_centers(self, system: Any, centers: Any = None) -> tuple[Floats, NDArray[np.int64]]:
        """Positions of centers, and the atoms that they are, -1 for points.

        Parameters
        ----------
        system : ase.Atoms
            The structure.
        centers : sequence, optional
            As of `create`.

        Returns
        -------
        (ndarray (n, 3), ndarray (n,))
            In Å; indices.
        """
        self._require_fit(system)
        positions = np.asarray(system.positions, dtype=np.float64)
        if centers is None:
            return positions.copy(), np.arange(len(positions))
        wanted = self._centers_of(system, centers)
        index = np.array([one if isinstance(one, int) else -1 for one in wanted])
        return np.array([positions[one] if isinstance(one, int) else one for one in wanted]), index

    def get_location(self, species: Any) -> slice:
        """The columns of a pair of species.

        Parameters
        ----------
        species : pair of str or of int
            Symbols or atomic numbers.

        Returns
        -------
        slice
            Of the columns.

        Raises
        ------
        ValueError
            If there is no such pair.
        """
        if len(species) != 2:
            raise ValueError("Please use a pair of atomic numbers or chemical symbols.")
        numbers = [number_of(one) for one in species]
        for one in numbers:
            if one not in self.atomic_number_to_index:
                raise ValueError(f"Atomic number {one} was not specified in the species.")
        first, second = sorted(self.atomic_number_to_index[one] for one in numbers)
        self._ours()  # which sees whether the compression has changed
        if self._mode == "mu2":
            return slice(0, self._width(True))
        if self._mode != "off":
            if first != second:
                raise ValueError("Compression has been selected. No cross-species output available")
            width = self._width(self._mode == "crossover")
            return slice(first * width, (first + 1) * width)
        # Rows of a triangle come before; of each, one block of a species with itself.
        alike = first + (second > first)
        before = first * self.n_elements - first * (first - 1) // 2 + second - first
        start = alike * self._width(True) + (before - alike) * self._width(False)
        return slice(start, start + self._width(first == second))

    def _width(self, symmetric: bool) -> int:
        pairs = self._n_max * (self._n_max + 1) // 2 if symmetric else self._n_max**2
        return int(pairs * (self._l_max + 1))

    # What DScribe refuses

    def _require_fit(self, system: Any) -> None:
        if self._periodic and self._strict and np.linalg.det(np.asarray(system.cell, dtype=np.float64)) == 0.0:
            raise ValueError("System doesn't have cell to justify periodicity.")

    def validate_derivatives_method(self, method: Any, attach: bool) -> str:
        """How derivatives are computed: "numerical" or "analytical"; `ValueError` where DScribe refuses."""
        return self._chosen_method(method, ("numerical", "analytical", "auto"), self._refusal())

    def _refusal(self) -> str | None:
        """Why DScribe has no analytical derivatives."""
        if self._rbf == "polynomial":
            return "Analytical derivatives currently not available for polynomial radial basis functions."
        if self._average != "off":
            return "Analytical derivatives currently not available for averaged output."
        if self._compression.get("mode", "off") not in ("off", "crossover"):
            return "Analytical derivatives not currently available for mu1nu1, mu2 compression."
        if self._periodic:
            return "Analytical derivatives currently not available for periodic systems."
        if self._weighting:
            return "Analytical derivatives currently not available when weighting is used."
        return None
