"""Classic SOAP of Gaussian densities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from isoprint import _core
from isoprint.descriptors import _compression, _weighting
from isoprint.descriptors._accuracy import warn_of_accuracy
from isoprint.descriptors._calls import Average, Unknown
from isoprint.descriptors._compiled import CompiledDescriptor, Reals

if TYPE_CHECKING:
    from isoprint._core import _Descriptor as Core


class SOAP(CompiledDescriptor):
    """Smooth overlap of atomic positions: the power spectrum of a density of Gaussians, one on each neighbor.

    Parameters
    ----------
    r_cut : float
        Radius of the environment in Å; with `basis="gto"` from 1 to 1000.
    n_max : int
        Number of radial functions of each species, up to 24.
    l_max : int
        Highest degree of the spherical harmonics, included, up to 30.
    species : sequence of str or int, or "any", optional
        Elements as symbols or atomic numbers. Their order is the order of the columns. `None`: `fit` learns them, and
        sorts them by atomic number. "any": one density that all atoms share, whatever they are.
    sigma : float or mapping
        Width of the Gaussians in Å, from 0.0005 to 10 times the distance up to which neighbors count. A mapping such as
        `{"C": 0.5, "H": 0.3}` gives every species its own, as for all parameters that may be a mapping.
    basis : {"gto", "polynomial", "equispaced", "gto_featomic", "gto_quip", "polynomial_quip", "bessel"}
        Radial functions. Gaussians that die out at distances up to `r_cut` or polynomials that end there, as in
        DScribe; interpolation between equally spaced Gaussians, as in QUIP; Gaussians times powers, as in featomic;
        two more of QUIP; and sine waves over the distance, which resolve all of it alike, as in many neural networks.
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
    average : {None, "inner", "outer", "sum"}
        One row a frame: from the mean of the coefficients of its centers, or as the mean or the sum of their rows.
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
    compression: Any = None
    normalize: bool = True
    convention: Literal["isoprint", "quip", "dscribe", "featomic"] = "isoprint"
    constant: float | None = None
    basis_error_exponent: float = 10.0
    accuracy: float = 1e-12
    periodic: bool = True
    unknown_species: Unknown = "error"
    centers: Any = None
    average: Average = None
    dtype: Any = "float64"

    @classmethod
    def from_quip(cls, text: str, *, centers: Any = None, dtype: Any = "float64") -> SOAP:
        """Build from the argument string of QUIP's descriptor `soap`; columns are in its order, with its factors.

        Atoms of the elements in `Z` become rows, and elements that `species_Z` does not list are passed over. `fit`
        learns nothing. Keys of a fit (`zeta`, `n_sparse`, ...) change nothing; a warning names them.

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
        from isoprint.translators.quippy import soap

        parameters = {**soap(text), "dtype": dtype}
        if centers is not None:
            parameters["centers"] = centers
        return cls(**parameters)

    @classmethod
    def from_dscribe(cls, *positional: Any, **arguments: Any) -> SOAP:
        """Build from the arguments of DScribe's class `SOAP`; columns are in its order, with its factors.

        As there, frames are taken for open ones unless `periodic=True`, and rows are not normalized. Give centers to
        `transform`, as indices or points.

        Parameters
        ----------
        *positional, **arguments
            `r_cut`, `n_max`, `l_max`, `sigma`, `rbf`, `weighting`, `average`, `compression`, `species`, `periodic`,
            `sparse` and `dtype` of DScribe, in this order. `r_cut` may be left out where a weighting says how far it
            matters; `species` may be left out too, and is learned by `fit` then. With `sparse`, `transform` returns
            `sparse.COO`, as after `set_output(transform="pydata")`.

        Examples
        --------
        >>> import isoprint as ip
        >>> soap = ip.SOAP.from_dscribe(species=["O", "H"], r_cut=4.0, n_max=4, l_max=3, sigma=0.5)
        >>> soap.species_, soap.n_features
        (['H', 'O'], 144)
        """
        from isoprint.translators.dscribe import SOAP_ARGUMENTS, by_name, soap

        given = by_name("SOAP", SOAP_ARGUMENTS, positional, arguments)
        made = cls(**soap(given))
        if given.get("sparse"):
            made.set_output(transform="pydata")
        return made

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
        from isoprint.translators.featomic import soap

        hypers = {"cutoff": cutoff, "density": density, "basis": basis}
        given = {name: value for name, value in hypers.items() if value is not None}
        return cls(**soap({**given, **unknown}, _core.MAX_FUNCTIONS), species=species, centers=centers, dtype=dtype)

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Core:
        """The compiled fingerprint, with a warning where its tables are not as good as they were asked to be."""
        core: _core.SOAP = _compression.compiled(_core.SOAP, parameters)
        warn_of_accuracy(core.accuracy, parameters["accuracy"])
        return core

    def _of_columns(self, species: list[int], columns: list[int]) -> Core | None:
        core: Core | None = _compression.of_columns(_core.SOAP, self._settings(species), columns)
        return core

    def _special(self, species: list[int]) -> dict[str, Any]:
        return {
            "weighting": _weighting.resolve(self.weighting),
            "compression": _compression.resolve(
                self.compression, self.n_max, self.l_max, species, _compression.NAMED, self.convention
            ),
        }
