"""Recursive SOAP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from isoprint import _core
from isoprint._support.arrays import plain
from isoprint._support.parameters import integer, number
from isoprint.descriptors import _compression
from isoprint.descriptors._calls import Average, Unknown
from isoprint.descriptors._compiled import CompiledDescriptor, Reals, Wholes
from isoprint.structures.elements import by_element, per_species, spell

if TYPE_CHECKING:
    from isoprint._core import _Descriptor as Core

# Between r_soft and r_cut where nothing is said, in Å, as in the program that introduced the fingerprint.
BUFFER = 0.5


class SoapTurbo(CompiledDescriptor):
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
    average : {None, "inner", "outer", "sum"}
        One row a frame: from the mean of the coefficients of its centers, or as the mean or the sum of their rows.
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

    r_cut: float
    n_max: Wholes
    l_max: int
    species: Any = None
    r_soft: float | None = None
    sigma: Reals = 0.5
    sigma_t: Reals | None = None
    sigma_scaling: Reals = 0.0
    sigma_t_scaling: Reals = 0.0
    amplitude_scaling: Reals = 1.0
    central_weight: Reals = 1.0
    radial_enhancement: int = 0
    basis: Literal["poly3", "poly3gauss", "jacobi"] = "poly3"
    compression: Any = None
    normalize: bool = True
    policy: Literal["exact", "reference"] = "exact"
    filter_decay: float = 4.0
    unknown_species: Unknown = "error"
    basis_matrix: Mapping[Any, Any] | None = None
    centers: Any = None
    average: Average = None
    dtype: Any = "float64"

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
        passed over. `fit` learns nothing. Keys of a fit (`zeta`, `n_sparse`, ...) change nothing; a warning names them.

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
        from isoprint.translators.quippy import soap_turbo

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

    _special_by_species = ("sigma_t", "basis_matrix")

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Core:
        core: Core = _compression.compiled(_core.SoapTurbo, parameters)
        return core

    def _of_columns(self, species: list[int], columns: list[int]) -> Core | None:
        core: Core | None = _compression.of_columns(_core.SoapTurbo, self._settings(species), columns)
        return core

    def _special(self, species: list[int]) -> dict[str, Any]:
        name, sigma_t = ("sigma", self.sigma) if self.sigma_t is None else ("sigma_t", self.sigma_t)
        return {
            "r_soft": self._soft(),
            "sigma_t": [number(entry) for entry in per_species(name, sigma_t, species)],
            "compression": _compression.resolve(self.compression, self.n_max, self.l_max, species),
            "basis_matrix": self._basis_matrices(species),
        }

    def _soft(self) -> float:
        """Where the density begins to fade out."""
        r_cut = number(self.r_cut)
        if self.r_soft is not None:
            return number(self.r_soft)
        if 0.0 < r_cut <= BUFFER:
            raise ValueError(
                f"r_cut is {self.r_cut!r}, too short for the usual buffer of {BUFFER} Å; give r_soft, at most r_cut"
            )
        return r_cut - BUFFER

    def _basis_matrices(self, species: list[int]) -> list[list[float] | None]:
        """The entries of each matrix, row by row."""
        if self.basis_matrix is None:
            return [None] * len(species)
        if not isinstance(self.basis_matrix, Mapping):
            raise ValueError(
                f"basis_matrix is a {type(self.basis_matrix).__name__}; give a mapping such as {{'C': matrix}}"
            )
        given = {
            element: plain(f"basis_matrix of {spell([element])}", matrix)
            for element, matrix in by_element("basis_matrix", self.basis_matrix).items()
        }
        strangers = [element for element in given if element not in species]
        if strangers:
            raise ValueError(
                f"basis_matrix has entries for {spell(strangers)}, not among the species {spell(species)}; remove them"
            )
        for element, count in zip(species, per_species("n_max", self.n_max, species), strict=True):
            matrix = given.get(element)
            if matrix is not None and (
                matrix.shape != (integer(count), integer(count))
                or matrix.dtype.kind not in "fiu"
                or not np.isfinite(matrix).all()
            ):
                raise ValueError(
                    f"basis_matrix of {spell([element])} has shape {matrix.shape},"
                    f" expected {(count, count)}: finite numbers, n_max by n_max"
                )
        return [given[element].astype(np.float64).ravel().tolist() if element in given else None for element in species]
