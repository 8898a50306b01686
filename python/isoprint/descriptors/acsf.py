"""Atom-centered symmetry functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import TYPE_CHECKING, Any, Literal

from isoprint import _core
from isoprint._support.parameters import number
from isoprint.descriptors import _symmetry_functions as functions_
from isoprint.descriptors._calls import Average, Unknown
from isoprint.descriptors._compiled import CompiledDescriptor
from isoprint.structures.elements import ANY

if TYPE_CHECKING:
    from isoprint._core import _Descriptor as Core

BOHR = 0.52917721090
# In 1/bohr²; 10 and 6 × 4 × 2 functions.
_STANDARD_RADIAL = (0.001, 0.01, 0.02, 0.035, 0.06, 0.1, 0.2, 0.4, 0.8, 1.6)
_STANDARD_ANGULAR = (0.0001, 0.003, 0.008, 0.015, 0.025, 0.045)
_STANDARD_ZETA = (1.0, 2.0, 4.0, 16.0)


class ACSF(CompiledDescriptor):
    """Atom-centered symmetry functions: sums over neighbors and over pairs of neighbors.

    Parameters
    ----------
    r_cut : float
        Radius of the environment in Å.
    species : sequence of str or int, or "any", optional
        Elements as symbols or atomic numbers. Their order is the order of the columns. `None`: `fit` learns them, and
        sorts them by atomic number. "any": all atoms count alike, whatever they are.
    g2 : sequence of (eta, R_s)
        Functions `Σ exp(-eta (r - R_s)²) f(r)` of every element; `eta` in 1/Å², `R_s` in Å.
    g3 : sequence of float
        Functions `Σ cos(kappa r) f(r)` of every element; `kappa` in 1/Å.
    g4 : sequence of (eta, zeta, lambda) or (eta, zeta, lambda, R_s)
        Functions `2^(1-zeta) Σ (1 + lambda cos θ)^zeta exp(-eta (r_ij² + r_ik² + r_jk²)) f(r_ij) f(r_ik) f(r_jk)` of
        every pair of elements, each pair of neighbors once. Distances in the exponential are less `R_s`.
    g5 : sequence of (eta, zeta, lambda) or (eta, zeta, lambda, R_s)
        The same without `r_jk`.
    g1 : bool
        Whether there is a function `Σ f(r)` of every element.
    cutoff_function : {"cos", "hard", "tanh3", "tanh3_norm", "exp", "poly1", "poly2", "poly3", "poly4"}
        How neighbors fade out, `f`. Half a cosine, or one up to a jump, `tanh³(1 - r / r_cut)`, the same normalized to
        one, `exp(1 - 1 / (1 - x²))`, or polynomials with one to four derivatives that are zero at both ends.
    alpha : float
        Fraction of the cutoff up to which the cutoff function is one, from 0; without effect on "tanh3" and
        "tanh3_norm".
    weights : None, "number", float or mapping, optional
        Sum over all elements at once, with this weight of each neighbor: its atomic number, or a table such as
        `{"C": 6.0, "H": 1.0}`. `None`: every element and every pair has functions of its own.
    functions : sequence of mappings, optional
        Functions one by one, in the order of the columns, in place of the five above:
        `{"kind": "g2", "eta": 0.5, "r_s": 0.0, "species": "H", "r_cut": 4.0}`. Keys are `kind`, those of `eta`, `r_s`,
        `kappa`, `zeta` and `lambda` that the kind has, and, if wanted, `species`: the element, or two of them; without
        it all elements count, with their weights. `r_cut` is the cutoff of this function, if it is a shorter one.
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
    species_ : list of str
        The species, in the order of the columns; `["any"]` for one that all elements share.
    n_features : int
        Number of columns.
    reach : float
        The longest cutoff of a function.

    Examples
    --------
    >>> from ase.build import molecule
    >>> import isoprint as ip
    >>> acsf = ip.ACSF(r_cut=5.0, species=["H", "O"], g2=[(0.5, 0.0), (0.5, 1.5)], g4=[(0.01, 2, 1), (0.01, 2, -1)])
    >>> acsf.transform(molecule("H2O")).shape
    (3, 12)
    >>> print(*acsf.get_feature_names_out()[[0, 2, 7]], sep=", ")
    G1 H, G2 H eta=0.5 R_s=1.5, G4 H H eta=0.01 zeta=2 lambda=-1
    >>> ip.ACSF(r_cut=5.0, species=["H", "O"], g2=[(0.5, 0.0)], weights="number").n_features
    2

    Notes
    -----
    Defined in J. Behler, M. Parrinello, Phys. Rev. Lett. 98, 146401 (2007) and J. Behler, J. Chem. Phys. 134, 074106
    (2011); weighted ones in M. Gastegger et al., J. Chem. Phys. 148, 241709 (2018).

    Columns are in the order of DScribe: for every element G1, G2, G3; then for every pair of elements G4, G5, the pairs
    as (1, 1), (1, 2), (2, 2), (1, 3), ... The element of the center is not distinguished. Rows are not normalized.

    An angle needs two directions, and an atom on the center itself (nearer than 1e-11 of the cutoff) is in none.
    Functions of angles then take the mean over all directions in which it could lie: `((1 + λ)/2)^(ζ+1)` minus
    `((1 - λ)/2)^(ζ+1)`, over `λ (ζ + 1)`, in place of `((1 + λ cos θ)/2)^ζ`. They have no derivatives there; asking
    for these is an error that names the frame, the center and the atom.
    """

    _knows_any = True

    r_cut: float
    species: Any = None
    g2: Sequence[Any] = ()
    g3: Sequence[Any] = ()
    g4: Sequence[Any] = ()
    g5: Sequence[Any] = ()
    g1: bool = True
    cutoff_function: Literal["cos", "hard", "tanh3", "tanh3_norm", "exp", "poly1", "poly2", "poly3", "poly4"] = "cos"
    alpha: float = 0.0
    weights: float | Literal["number"] | Mapping[Any, float] | None = None
    functions: Sequence[Mapping[str, Any]] | None = None
    periodic: bool = True
    unknown_species: Unknown = "error"
    centers: Any = None
    average: Average = None
    dtype: Any = "float64"

    @classmethod
    def standard(cls, *, species: Any = "any", r_cut: float = 4.8, **options: Any) -> ACSF:
        """Ten functions of distance and 48 of angles, whatever the system.

        A **reconstruction**: studies of what fingerprints cannot see used "10 radial and 48 angular functions" with a
        cutoff of 4.8 Å, whose parameters are not printed. These extend the default list of QUIP to as many: G2 without
        shift, `eta` from 0.001 to 1.6 bohr⁻², and G4 with six `eta` from 0.0001 to 0.045 bohr⁻², `zeta` of 1, 2, 4 and
        16, and both signs of `lambda`, the last of these fastest.

        Parameters
        ----------
        species : optional
            As in the constructor; "any" gives the 58 columns that do not tell elements apart.
        r_cut : float
            Radius of the environment in Å.
        **options
            Further parameters of the constructor.

        Examples
        --------
        >>> import isoprint as ip
        >>> ip.ACSF.standard().n_features, ip.ACSF.standard(species=["H", "C"]).n_features
        (58, 164)
        """
        per_square = 1.0 / BOHR**2
        return cls(
            r_cut=r_cut,
            species=species,
            g2=[(eta * per_square, 0.0) for eta in _STANDARD_RADIAL],
            g4=[
                (eta * per_square, zeta, sign)
                for eta in _STANDARD_ANGULAR
                for zeta in _STANDARD_ZETA
                for sign in (-1.0, 1.0)
            ],
            **{"g1": False, **options},
        )

    @classmethod
    def from_dscribe(cls, *positional: Any, **arguments: Any) -> ACSF:
        """Build from the arguments of DScribe's class `ACSF`; columns are in its order.

        As there, frames are taken for open ones unless `periodic=True`.

        Parameters
        ----------
        *positional, **arguments
            `r_cut`, `g2_params`, `g3_params`, `g4_params`, `g5_params`, `species`, `periodic`, `sparse` and `dtype` of
            DScribe, in this order. `species` may be left out, and is learned by `fit` then. With `sparse`, `transform`
            returns `sparse.COO`, as after `set_output(transform="pydata")`.

        Examples
        --------
        >>> import isoprint as ip
        >>> acsf = ip.ACSF.from_dscribe(r_cut=6, g2_params=[[1, 1], [1, 2]], g4_params=[[1, 1, 1]], species=["O", "H"])
        >>> acsf.species_, acsf.n_features
        (['H', 'O'], 9)
        """
        from isoprint.translators.dscribe import ACSF_ARGUMENTS, acsf, by_name

        given = by_name("ACSF", ACSF_ARGUMENTS, positional, arguments)
        made = cls(**acsf(given))
        if given.get("sparse"):
            made.set_output(transform="pydata")
        return made

    @classmethod
    def from_n2p2(
        cls,
        text: str,
        element: Any,
        *,
        length_unit: str | float = "bohr",
        sort: bool = False,
        centers: Any = None,
        dtype: Any = "float64",
    ) -> ACSF:
        """Build from the text of an `input.nn` of n2p2 or RuNNer: the functions of one central element.

        Types 2, 3, 9, 12 and 13 are known, with the cutoff functions of both programs. Atoms of `element` become rows;
        those of elements that the file does not list are passed over. Scaling, centering and normalization, which
        these programs may apply afterwards, are not done.

        Parameters
        ----------
        text : str
            The file's content.
        element : str or int
            The central element.
        length_unit : {"bohr", "angstrom"} or float
            The unit of the file, or its length in Å.
        sort : bool
            Put the functions into the order in which n2p2 sorts them; `False` keeps that of the file.
        centers, dtype : optional
            As in the constructor.

        Examples
        --------
        >>> import isoprint as ip
        >>> acsf = ip.ACSF.from_n2p2(
        ...     '''
        ...     elements H O
        ...     cutoff_type 2
        ...     symfunction_short H 2 O 0.01 0.0 12.0
        ...     symfunction_short H 3 O O 0.01 1.0 4.0 12.0
        ...     ''',
        ...     "H",
        ... )
        >>> acsf.n_features, acsf.centers
        (2, ['H'])
        """
        from isoprint.translators.n2p2 import acsf

        parameters = {**acsf(text, element, length_unit, sort), "dtype": dtype}
        if centers is not None:
            parameters["centers"] = centers
        return cls(**parameters)

    _special_by_species = ("weights",)
    # They are those of the functions.
    _not_compiled = ("r_cut", "g1")

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Core:
        return _core.ACSF(parameters)

    def _special(self, species: list[int]) -> dict[str, Any]:
        return {
            "weights": functions_.weights_of(self.weights, species),
            "functions": [function.settings() for function in self._functions(species)],
        }

    def _of_columns(self, species: list[int], columns: list[int]) -> Core | None:
        settings = self._settings(species)
        return self._made({**settings, "functions": [settings["functions"][column] for column in columns]})

    def _told(self, error: _core.ParameterError, settings: dict[str, Any]) -> str:
        if error.function is None:
            return super()._told(error, settings)
        function = self._functions(self._species())[error.function]
        return f"{function.label(error.name)} is {function.written(error.name, self.r_cut)}; {error.remedy}"

    def _functions(self, species: list[int]) -> list[functions_.Function]:
        """The columns."""
        r_cut = number(self.r_cut)
        if self.functions is None:
            by_element = self.weights is None and species != [ANY]
            return functions_.grid(
                species, r_cut, self._read("g1"), self.g2, self.g3, self.g4, self.g5, by_element=by_element
            )
        for name in ("g2", "g3", "g4", "g5"):
            given = getattr(self, name)
            if not isinstance(given, Sized) or len(given):
                raise ValueError(f"functions are listed one by one, and {name} is given too; leave one of them out")
        return functions_.one_by_one(self.functions, species, r_cut)
