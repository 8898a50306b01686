"""Classic SOAP of Gaussian densities."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

from isoprint import _core
from isoprint._support.parameters import choice, flag, real, whole
from isoprint.descriptors import _compression, _weighting
from isoprint.descriptors._base import Core, Descriptor
from isoprint.descriptors._settings import compiled, reals_of_each
from isoprint.descriptors.soap_turbo import L_MAX, N_MAX

BASES = ("gto", "polynomial", "equispaced", "gto_featomic", "gto_quip", "polynomial_quip")
# One length unit: the narrowest function of this basis ends there, so the cutoff has to be beyond.
SHORTEST_GTO = 1.0
# Longer cutoffs, in Å, are taken for a wrong unit.
LONGEST = 200.0


class SOAP(Descriptor):
    """Smooth overlap of atomic positions: the power spectrum of a density of Gaussians, one on each neighbor.

    Parameters
    ----------
    r_cut : float
        Radius of the environment in Å, up to 200.
    n_max : int
        Number of radial functions of each species, up to 24.
    l_max : int
        Highest degree of the spherical harmonics, included, up to 30.
    species : sequence of str or int, or "any", optional
        Elements as symbols or atomic numbers. Their order is the order of the columns. `None`: `fit` learns them, and
        sorts them by atomic number. "any": one density that all atoms share, whatever they are.
    sigma : float or mapping
        Width of the Gaussians in Å, from 0.005 to 10 times the distance up to which neighbors count. A mapping such as
        `{"C": 0.5, "H": 0.3}` gives every species its own, as for all parameters that may be a mapping.
    basis : {"gto", "polynomial", "equispaced", "gto_featomic", "gto_quip", "polynomial_quip"}
        Radial functions. Gaussians that die out at distances up to `r_cut` or polynomials that end there, as in
        DScribe; interpolation between equally spaced Gaussians, as in QUIP; Gaussians times powers, as in featomic;
        and two more of QUIP.
    cutoff_width : float
        Width of the shell in which neighbors fade out, as half a cosine, in Å; 0: they count in full up to the cutoff,
        where features jump.
    padding : float
        How far beyond `r_cut` atoms still count, in Å, because their Gaussians reach inside. The shell in which
        they fade out moves along.
    weighting : mapping, optional
        Weights of neighbors by distance. With `t = r / r0`, the key "function" chooses "poly":
        `c (1 + 2 t³ - 3 t²)^m` up to `r0`, "pow": `c / (d + t^m)`, or "exp": `c / (d + e^-t)`; all letters are keys.
        The key "w0" is the weight at distance 0, above all of the center itself, and may stand alone.
    species_weight : float or mapping
        Factor of the densities of a species. Factors of either sign can cancel where `compression` sums the species;
        what is left of atoms in one place is then rounding, and `normalize` makes it as large as anything.
    central_weight : float or mapping
        Weight of the center in its own density; the species of the center decides.
    center_everywhere : bool
        Put the center into the densities of all species, rather than of its own.
    compression : None, str, path or matrix
        "mu2" sums densities over the species, "mu1nu1" those of the second factor; "crossover" keeps pairs of one
        species, "diagonal" pairs of one radial number, "trivial" pairs with a first function. Counts such as
        "1_1" say how many of the two factors keep their radial and their species label; other labels are summed over.
        Also a (sparse) matrix with one column a component, in the order of the convention, or the path of a compress
        file.
    normalize : bool
        Divide each row by its length.
    convention : {"isoprint", "quip", "dscribe", "featomic"}
        Whose order of columns, factors and signs.
    constant : float, optional
        One more column, the last, with this number in every row.
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
    average : {None, "inner", "outer"}
        One row a frame: from the mean of the coefficients of its centers, or as the mean of their rows.
    dtype : {"float64", "float32"}
        Precision of the output; the arithmetic is double.

    Attributes
    ----------
    species_ : list of str
        The species, in the order of the columns; `["any"]` for one that all elements share.
    n_features : int
        Number of columns.
    reach : float
        `r_cut + padding`, beyond which nothing is seen.

    Examples
    --------
    >>> from ase.build import molecule
    >>> import isoprint as ip
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> soap.transform(molecule("H2O")).shape
    (3, 144)
    >>> print(soap.get_feature_names_out()[17])
    H.1 O.1 l=1
    >>> fading = {"function": "pow", "r0": 2.0, "c": 1.0, "d": 1.0, "m": 4.0}
    >>> ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species="any", weighting=fading).fit_transform(
    ...     molecule("C2H6")
    ... ).shape
    (8, 40)

    Notes
    -----
    Defined in A. P. Bartók, R. Kondor, G. Csányi, Phys. Rev. B 87, 184115 (2013). With `S` species there are
    `S n_max (S n_max + 1) / 2 (l_max + 1)` components before compression.

    Features and forces are continuous at the cutoff if `cutoff_width` is positive.
    """

    _knows_any = True

    def __init__(
        self,
        *,
        r_cut: float,
        n_max: int,
        l_max: int,
        species: Any = None,
        sigma: float | Mapping[Any, float] = 0.5,
        basis: str = "gto",
        cutoff_width: float = 0.5,
        padding: float = 0.0,
        weighting: Mapping[str, Any] | None = None,
        species_weight: float | Mapping[Any, float] = 1.0,
        central_weight: float | Mapping[Any, float] = 1.0,
        center_everywhere: bool = False,
        compression: Any = None,
        normalize: bool = True,
        convention: str = "isoprint",
        constant: float | None = None,
        basis_error_exponent: float = 10.0,
        accuracy: float = 1e-12,
        periodic: bool = True,
        unknown_species: str = "error",
        centers: Any = None,
        average: str | None = None,
        dtype: Any = "float64",
    ) -> None:
        self.r_cut = r_cut
        self.n_max = n_max
        self.l_max = l_max
        self.species = species
        self.sigma = sigma
        self.basis = basis
        self.cutoff_width = cutoff_width
        self.padding = padding
        self.weighting = weighting
        self.species_weight = species_weight
        self.central_weight = central_weight
        self.center_everywhere = center_everywhere
        self.compression = compression
        self.normalize = normalize
        self.convention = convention
        self.constant = constant
        self.basis_error_exponent = basis_error_exponent
        self.accuracy = accuracy
        self.periodic = periodic
        self.unknown_species = unknown_species
        self.centers = centers
        self.average = average
        self.dtype = dtype

    @classmethod
    def from_quip(cls, text: str, *, centers: Any = None, dtype: Any = "float64") -> SOAP:
        """Build from the argument string of QUIP's descriptor `soap`; columns are in its order, with its factors.

        Atoms of the elements in `Z` become rows, and elements that `species_Z` does not list are passed over. `fit`
        learns nothing.

        Parameters
        ----------
        text : str
            Such as `"soap l_max=8 n_max=8 cutoff=5.0 atom_sigma=0.5 n_species=2 species_Z={1 6} n_Z=1 Z=6"`.
        centers, dtype : optional
            As in the constructor.

        Examples
        --------
        >>> import isoprint as ip
        >>> soap = ip.SOAP.from_quip("soap l_max=4 n_max=4 cutoff=4.5 atom_sigma=0.4 n_species=2 species_Z={1 8}")
        >>> soap.species_, soap.n_features
        (['H', 'O'], 181)
        """
        from isoprint.compat.quippy import soap

        parameters = {**soap(text), "dtype": dtype}
        if centers is not None:
            parameters["centers"] = centers
        return cls(**parameters)

    @classmethod
    def from_dscribe(cls, **arguments: Any) -> SOAP:
        """Build from the arguments of DScribe's class `SOAP`; columns are in its order, with its factors.

        As there, frames are taken for open ones unless `periodic=True`, and rows are not normalized. Give centers to
        `transform`, as indices or points.

        Parameters
        ----------
        **arguments
            `r_cut`, `n_max`, `l_max`, `sigma`, `rbf`, `weighting`, `average`, `compression`, `species`, `periodic` and
            `dtype` of DScribe. `r_cut` may be left out where a weighting says how far it matters; `species` may be
            left out too, and is learned by `fit` then.

        Examples
        --------
        >>> import isoprint as ip
        >>> soap = ip.SOAP.from_dscribe(species=["O", "H"], r_cut=4.0, n_max=4, l_max=3, sigma=0.5)
        >>> soap.species_, soap.n_features
        (['H', 'O'], 144)
        """
        from isoprint.compat.dscribe import soap

        return cls(**soap(arguments))

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
    ) -> SOAP:
        """Build from the parameters of featomic's `SoapPowerSpectrum`; columns are in its order, signs included.

        A row has the columns of all pairs of species, one block of featomic after the other; those that featomic
        leaves out of a block are zero. The integrals are exact, whatever `spline_accuracy` says.

        Parameters
        ----------
        cutoff : mapping
            `{"radius": 5.0, "smoothing": {"type": "ShiftedCosine", "width": 0.5}}`, or `{"type": "Step"}`.
        density : mapping
            `{"type": "Gaussian", "width": 0.3, "center_atom_weight": 1.0}`, and `"scaling"` if there is one.
        basis : mapping
            `{"type": "TensorProduct", "max_angular": 6, "radial": {"type": "Gto", "max_radial": 5}}`.
        species, centers, dtype : optional
            As in the constructor; species are learned by `fit` if they are not given.
        **unknown
            None: other keywords are refused by name.

        Examples
        --------
        >>> import isoprint as ip
        >>> soap = ip.SOAP.from_featomic(
        ...     cutoff={"radius": 4.0, "smoothing": {"type": "Step"}},
        ...     density={"type": "Gaussian", "width": 0.5},
        ...     basis={"type": "TensorProduct", "max_angular": 3, "radial": {"type": "Gto", "max_radial": 3}},
        ...     species=["H", "O"],
        ... )
        >>> soap.n_features
        192
        """
        from isoprint.compat.featomic import soap

        hypers = {"cutoff": cutoff, "density": density, "basis": basis}
        given = {name: value for name, value in hypers.items() if value is not None}
        return cls(**soap({**given, **unknown}, N_MAX), species=species, centers=centers, dtype=dtype)

    def _compile(self, species: list[int]) -> Core:
        settings = self._settings(species)
        core: Core = compiled(_made, settings)
        return core

    def _settings(self, species: list[int]) -> dict[str, Any]:
        """Every parameter, checked and spelled out for every species."""
        positive, any_number = "it must be a positive number", "it must be a finite number"
        r_cut = real("r_cut", self.r_cut, above=0.0, most=LONGEST, remedy=_LENGTHS)
        basis, convention = choice("basis", self.basis, BASES), choice("convention", self.convention, _CONVENTIONS)
        if basis == "gto" and r_cut <= SHORTEST_GTO:
            raise ValueError(
                f"r_cut is {self.r_cut!r}, but functions of basis 'gto' are spread from {SHORTEST_GTO} Å to r_cut;"
                " take a longer one, or another basis"
            )
        n_max, l_max = whole("n_max", self.n_max, 1, N_MAX), whole("l_max", self.l_max, 0, L_MAX)
        padding = real("padding", self.padding, least=0.0, remedy="it must be a number of Å that is not negative")
        reach = r_cut + padding
        width = real(
            "cutoff_width",
            self.cutoff_width,
            least=0.0,
            most=reach,
            remedy=f"it must be from 0 to {reach} Å, which is r_cut and padding",
        )
        compression = _compression.resolve(
            self.compression, [n_max] * len(species), l_max, _compression.NAMED, convention
        )
        return {
            "r_cut": r_cut,
            "padding": padding,
            "n_max": n_max,
            "l_max": l_max,
            "basis": basis,
            "basis_error_exponent": real("basis_error_exponent", self.basis_error_exponent, above=0.0, remedy=positive),
            "cutoff_width": width,
            "weighting": _weighting.resolve(self.weighting, reach),
            "convention": convention,
            "compression": tuple(compression) if isinstance(compression, tuple) else compression,
            "normalize": flag("normalize", self.normalize),
            "center_everywhere": flag("center_everywhere", self.center_everywhere),
            "constant": None if self.constant is None else real("constant", self.constant, remedy=any_number),
            "accuracy": real("accuracy", self.accuracy, above=0.0, most=1e-2, remedy=_ACCURACIES),
            "ignore_unknown_species": self.unknown_species == "ignore",
            "numbers": species,
            "sigma": reals_of_each("sigma", self.sigma, species, "it must be a positive number of Å", above=0.0),
            "species_weight": reals_of_each("species_weight", self.species_weight, species, any_number),
            "central_weight": reals_of_each("central_weight", self.central_weight, species, any_number),
        }


_CONVENTIONS = ("isoprint", "quip", "dscribe", "featomic")
_LENGTHS = f"it must be a positive number of Å, up to {LONGEST:.0f}"
_ACCURACIES = "it must be a positive number up to 0.01, such as 1e-12"


def _made(*, accuracy: float, **settings: Any) -> _core.SOAP:
    """The compiled fingerprint, with a warning where its tables are not as good as they were asked to be."""
    core = _core.SOAP(accuracy=accuracy, **settings)
    if core.accuracy > accuracy:
        enough = 10.0 ** math.ceil(math.log10(core.accuracy))
        warnings.warn(
            f"the radial functions are accurate to {core.accuracy:.1e} of their largest value, not to the accuracy"
            f" {accuracy:.1e} that was asked for; take fewer functions or another sigma,"
            f" or say that accuracy={enough:.0e} is enough",
            UserWarning,
            stacklevel=2,
        )
    return core
