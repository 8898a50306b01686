"""Recursive SOAP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint import _core
from isoprint._support.arrays import plain
from isoprint._support.parameters import choice, flag, real, whole
from isoprint.descriptors import _compression
from isoprint.descriptors._base import Core, Descriptor
from isoprint.descriptors._settings import compiled, of_each, reals_of_each
from isoprint.structures.elements import by_element, spell

BASES = ("poly3", "poly3gauss", "jacobi")
POLICIES = ("exact", "reference")
# The compiled basis is proved to these sizes.
N_MAX = 24
L_MAX = 30
# Between r_soft and r_cut where nothing is said, in Å, as in the program that introduced the fingerprint.
BUFFER = 0.5


class SoapTurbo(Descriptor):
    """Recursive SOAP: the power spectrum of the neighbor density, with radial and angular widths of their own.

    Each neighbor is a density that is narrow along its distance and wide across it, as the two widths and their growth
    with the distance say. The density is expanded in radial functions and spherical harmonics; the fingerprint is the
    rotational power spectrum of the coefficients.

    Parameters
    ----------
    r_cut : float
        Radius of the environment in Å.
    n_max : int or mapping
        Number of radial functions of each species, up to 24. A mapping such as `{"C": 8, "H": 5}` gives every species
        its own number, as for all parameters that may be a mapping.
    l_max : int
        Highest degree of the spherical harmonics, included, up to 30.
    species : sequence of str or int, optional
        Elements as symbols or atomic numbers. Their order is the order of the columns. `None`: `fit` learns them, and
        sorts them by atomic number.
    r_soft : float, optional
        Where the density begins to fade out, in Å; `None`: 0.5 Å before `r_cut`.
    sigma, sigma_t : float or mapping
        Radial and angular width of the density at the center, in Å; `sigma_t=None`: the same as `sigma`. At every
        distance the widths must be between 0.002 and 100 times `r_cut`.
    sigma_scaling, sigma_t_scaling : float or mapping
        Growth of the two widths with the distance: `sigma + sigma_scaling * r`.
    amplitude_scaling : float or mapping
        How fast the weight of a neighbor falls toward the cutoff, where it goes as `(1 - r / r_cut)` to twice
        this power. At 0 features jump when a neighbor leaves; above 0.5 they are smooth enough for forces.
    central_weight : float or mapping
        Weight of the center in its own density; the species of the center decides.
    radial_enhancement : {0, 1, 2}
        Power of the distance by which far neighbors are enhanced.
    basis : {"poly3", "poly3gauss", "jacobi"}
        Radial functions. Polynomials; these and a Gaussian at the origin; or orthogonal polynomials, whose span, hence
        kernel, is that of "poly3".
    compression : None, str, path or matrix
        "trivial" keeps components with a first radial function. Counts such as "1_1" say how many of the two factors
        keep their radial and their species label; other labels are summed over. Also the path of a compress file, or
        a (sparse) matrix with one column a component.
    normalize : bool
        Divide each row by its length, however short; a center that sees nothing has a row of zeros. With
        `policy="reference"` rows shorter than 1e-5 are not divided.
    policy : {"exact", "reference"}
        The mathematical object to machine precision, or the shortcuts of the program that introduced it, to reproduce
        its digits.
    filter_decay : float
        How fast the density fades out between `r_soft` and `r_cut`: a Gaussian to this many standard deviations.
    unknown_species : {"error", "ignore"}
        What to do about atoms of other elements: raise, or pass over them.
    basis_matrix : mapping, optional
        With policy "reference", the orthonormalizing matrix of some species instead of our own.
    centers : str or sequence, optional
        Elements whose atoms become rows where nothing else is said; `None`: every atom.
    average : {None, "inner", "outer"}
        One row a frame: from the mean of the coefficients of its centers, or as the mean of their rows.
    dtype : {"float64", "float32"}
        Precision of the output; the arithmetic is double.

    Attributes
    ----------
    species_ : list of str
        The species, in the order of the columns.
    n_features : int
        Number of columns.

    Examples
    --------
    >>> from ase.build import molecule
    >>> import isoprint as ip
    >>> soap = ip.SoapTurbo(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> soap.transform(molecule("H2O")).shape
    (3, 144)
    >>> print(soap.get_feature_names_out()[17])
    H.1 O.1 l=1

    Notes
    -----
    Defined in M. A. Caro, Phys. Rev. B 100, 024112 (2019). With `S` species of `n` functions there are
    `S n (S n + 1) / 2 (l_max + 1)` components before compression.
    """

    def __init__(
        self,
        *,
        r_cut: float,
        n_max: int | Mapping[Any, int],
        l_max: int,
        species: Any = None,
        r_soft: float | None = None,
        sigma: float | Mapping[Any, float] = 0.5,
        sigma_t: float | Mapping[Any, float] | None = None,
        sigma_scaling: float | Mapping[Any, float] = 0.0,
        sigma_t_scaling: float | Mapping[Any, float] = 0.0,
        amplitude_scaling: float | Mapping[Any, float] = 1.0,
        central_weight: float | Mapping[Any, float] = 1.0,
        radial_enhancement: int = 0,
        basis: str = "poly3",
        compression: Any = None,
        normalize: bool = True,
        policy: str = "exact",
        filter_decay: float = 4.0,
        unknown_species: str = "error",
        basis_matrix: Mapping[Any, Any] | None = None,
        centers: Any = None,
        average: str | None = None,
        dtype: Any = "float64",
    ) -> None:
        self.r_cut = r_cut
        self.n_max = n_max
        self.l_max = l_max
        self.species = species
        self.r_soft = r_soft
        self.sigma = sigma
        self.sigma_t = sigma_t
        self.sigma_scaling = sigma_scaling
        self.sigma_t_scaling = sigma_t_scaling
        self.amplitude_scaling = amplitude_scaling
        self.central_weight = central_weight
        self.radial_enhancement = radial_enhancement
        self.basis = basis
        self.compression = compression
        self.normalize = normalize
        self.policy = policy
        self.filter_decay = filter_decay
        self.unknown_species = unknown_species
        self.basis_matrix = basis_matrix
        self.centers = centers
        self.average = average
        self.dtype = dtype

    @classmethod
    def from_quip(
        cls,
        text: str,
        *,
        policy: str = "exact",
        basis_matrix: Mapping[Any, Any] | None = None,
        normalize: bool = True,
        centers: Any = None,
        average: str | None = None,
        dtype: Any = "float64",
    ) -> SoapTurbo:
        """Build from the argument string of QUIP's descriptor `soap_turbo`; columns are in its order.

        Atoms of the element that `central_index` selects become rows, and elements that `species_Z` does not list are
        passed over. `fit` learns nothing.

        Parameters
        ----------
        text : str
            Such as `"soap_turbo l_max=8 alpha_max={8 8} cutoff=5.0 atom_sigma={0.5 0.4} species_Z={1 6} n_species=2"`.
        policy, basis_matrix, normalize, centers, average, dtype : optional
            As in the constructor. `policy="reference"` reproduces the shortcuts of that program.

        Examples
        --------
        >>> import isoprint as ip
        >>> soap = ip.SoapTurbo.from_quip("soap_turbo l_max=6 n_max=5 cutoff=4.5 atom_sigma=0.5 species_Z=6")
        >>> soap
        SoapTurbo(r_cut=4.5, n_max=5, l_max=6, species=['C'], r_soft=4.0, unknown_species='ignore', centers=['C'])
        """
        from isoprint.compat.quippy import soap_turbo

        options = {
            "policy": policy,
            "basis_matrix": basis_matrix,
            "normalize": normalize,
            "average": average,
            "dtype": dtype,
        }
        parameters = {**soap_turbo(text), **options}
        if centers is not None:
            parameters["centers"] = centers
        return cls(**parameters)

    def _compile(self, species: list[int]) -> Core:
        core: Core = compiled(_core.SoapTurbo, self._settings(species))
        return core

    def _settings(self, species: list[int]) -> dict[str, Any]:
        """Every parameter, checked and spelled out for every species."""
        r_cut = real("r_cut", self.r_cut, above=0.0, remedy="it must be a positive number of Å")
        basis, policy = choice("basis", self.basis, BASES), choice("policy", self.policy, POLICIES)
        if basis == "jacobi" and policy == "reference":
            raise ValueError(
                "policy is 'reference' with basis 'jacobi', which that program does not have;"
                " choose basis 'poly3' or 'poly3gauss'"
            )
        n_max = [
            whole(label, value, 2 if basis == "poly3gauss" else 1, N_MAX)
            for label, value in of_each("n_max", self.n_max, species)
        ]
        l_max = whole("l_max", self.l_max, 0, L_MAX)
        width, growth = "it must be a positive number of Å", "it must be a number that is not negative"
        compression = _compression.resolve(self.compression, n_max, l_max)
        sigma_t, sigma_t_name = (self.sigma, "sigma") if self.sigma_t is None else (self.sigma_t, "sigma_t")

        def numbers(name: str, given: Any, remedy: str = growth, **bounds: float) -> list[float]:
            return reals_of_each(name, given, species, remedy, **bounds)

        return {
            "r_cut": r_cut,
            "r_soft": self._soft(r_cut),
            "l_max": l_max,
            "filter_decay": real("filter_decay", self.filter_decay, above=0.0, remedy="it must be a positive number"),
            "radial_enhancement": whole("radial_enhancement", self.radial_enhancement, 0, 2),
            "basis": basis,
            "policy": policy,
            "compression": tuple(compression) if isinstance(compression, tuple) else compression,
            "normalize": flag("normalize", self.normalize),
            "ignore_unknown_species": self.unknown_species == "ignore",
            "numbers": species,
            "n_max": n_max,
            "sigma_r": numbers("sigma", self.sigma, width, above=0.0),
            "sigma_t": numbers(sigma_t_name, sigma_t, width, above=0.0),
            "sigma_r_scaling": numbers("sigma_scaling", self.sigma_scaling, least=0.0),
            "sigma_t_scaling": numbers("sigma_t_scaling", self.sigma_t_scaling, least=0.0),
            "amplitude_scaling": numbers("amplitude_scaling", self.amplitude_scaling, least=0.0),
            "central_weight": numbers("central_weight", self.central_weight, "it must be a finite number"),
            "basis_matrix": self._basis_matrices(species, n_max),
        }

    def _soft(self, r_cut: float) -> float:
        if self.r_soft is None:
            if r_cut <= BUFFER:
                raise ValueError(
                    f"r_cut is {self.r_cut!r}, too short for the usual buffer of {BUFFER} Å; give r_soft, at most r_cut"
                )
            return r_cut - BUFFER
        return real(
            "r_soft", self.r_soft, above=0.0, most=r_cut, remedy=f"it must be positive and at most r_cut = {r_cut}"
        )

    def _basis_matrices(self, species: list[int], n_max: list[int]) -> list[NDArray[np.float64] | None]:
        if self.basis_matrix is None:
            return [None] * len(species)
        if self.policy != "reference":
            raise ValueError(
                f"basis_matrix is given with policy {self.policy!r}; it needs policy 'reference', as ours is exact"
            )
        if not isinstance(self.basis_matrix, Mapping):
            raise ValueError(
                f"basis_matrix is a {type(self.basis_matrix).__name__}; give a mapping such as {{'C': matrix}}"
            )
        given = {
            number: plain(f"basis_matrix of {spell([number])}", matrix)
            for number, matrix in by_element("basis_matrix", self.basis_matrix).items()
        }
        strangers = [number for number in given if number not in species]
        if strangers:
            raise ValueError(
                f"basis_matrix has entries for {spell(strangers)}, not among the species {spell(species)}; remove them"
            )
        for number, count in zip(species, n_max, strict=True):
            matrix = given.get(number)
            if matrix is not None and (
                matrix.shape != (count, count) or matrix.dtype.kind not in "fiu" or not np.isfinite(matrix).all()
            ):
                raise ValueError(
                    f"basis_matrix of {spell([number])} has shape {matrix.shape},"
                    f" expected {(count, count)}: finite numbers, n_max by n_max"
                )
        return [
            np.ascontiguousarray(given[number], dtype=np.float64) if number in given else None for number in species
        ]
