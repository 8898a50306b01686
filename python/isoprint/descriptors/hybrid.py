"""Several fingerprints side by side."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import plain, short_repr
from isoprint._support.parameters import choice, real
from isoprint.descriptors._base import Descriptor
from isoprint.descriptors._calls import Compiled, precision
from isoprint.descriptors._concatenated import ConcatenatedCore, ForeignDescriptor, Part
from isoprint.descriptors._estimator import not_fitted
from isoprint.descriptors._watch import Watch
from isoprint.structures.elements import ANY, label_of, numbers_of
from isoprint.structures.frames import as_list

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.typing import FramesLike

# A block that varies by less than this part of its length does so by rounding: rotations move a row by up to 1e-11.
_ROUNDING = 1e-10
# What a block may be multiplied with.
LIGHTEST, HEAVIEST = 1e-100, 1e100
_GIVE = "give a list of descriptors such as [SOAP(...), OverlapMatrix(...)], or of pairs (name, descriptor)"


class _Learned(NamedTuple):
    """What `fit` found out, and for which descriptors."""

    made_from: Watch
    descriptors: list[Any]
    scales: NDArray[np.float64] | None


class Hybrid(Descriptor):
    """Several fingerprints side by side, each scaled by one factor so that all of them count.

    What one fingerprint cannot see, another may. A row is the row of the first descriptor, that of the second, and so
    on; derivatives are stacked likewise.

    Parameters
    ----------
    descriptors : sequence of descriptors, or of pairs (name, descriptor)
        The blocks from left to right: descriptors of this package, or anything with `transform`, `derivatives` and
        `n_features`. All must describe the same centers: their `centers` and `average` must agree. A block without a
        name is called after its class in lower case, with a number where there are several, as in scikit-learn's
        `make_union`.
    scale : {"variance"}, None or sequence of float
        Factors of the blocks. "variance": `fit` chooses them so that each block has a total variance of one over the
        rows of its sample. `None`: all are one. A sequence: these.
    weights : sequence of float, optional
        Further factors: how much each block counts once it is scaled. `None`: all the same.
    dtype : {"float64", "float32"}
        Precision of the output; that of the blocks has no effect here.

    Attributes
    ----------
    scales_ : ndarray (n_blocks,)
        Factor of each block, before `weights`.
    descriptors_ : list
        The descriptors as fitted. Those given are left as they are.
    species_ : list of str
        The species of all blocks, sorted by atomic number.
    n_features : int
        Number of columns.
    reach : float
        Distance in Å beyond which no block sees anything.

    Examples
    --------
    >>> from ase.build import molecule
    >>> import isoprint as ip
    >>> frames = [molecule("CH4"), molecule("CH3OH"), molecule("H2O")]
    >>> soap, om = ip.SOAP(r_cut=4.0, n_max=4, l_max=3), ip.OverlapMatrix(r_cut=4.0, max_sites=6)
    >>> both = ip.Hybrid([soap, om]).fit(frames)
    >>> both.transform(frames).shape, soap.fit(frames).n_features, om.fit(frames).n_features
    ((14, 336), 312, 24)
    >>> print(*both.get_feature_names_out()[[0, -1]], sep=", ")
    soap__H.1 H.1 l=0, overlapmatrix__om 24
    >>> both.get_params()["soap__n_max"]
    4

    Notes
    -----
    Let `x` be a row of one block. Its total variance is the sum over columns of the variance over the rows of the
    sample, and its factor one over the root of that: mean squared distances of the sample are then the same in every
    block. A block that does not vary over the sample has no such factor, which is an error.

    `fit` works on copies of the descriptors, which learn their species anew, unless these were given to them. With
    `scale=None` or given factors nothing is left to learn once the species are known, and `transform` works at once.
    """

    def __init__(
        self,
        descriptors: Sequence[Any],
        *,
        scale: str | ArrayLike | None = "variance",
        weights: ArrayLike | None = None,
        dtype: Any = "float64",
    ) -> None:
        self.descriptors = descriptors
        self.scale = scale
        self.weights = weights
        self.dtype = dtype

    # Parameters, those of the blocks included

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name, as they were given.

        Parameters
        ----------
        deep : bool
            Also the blocks by name, and their parameters as `name__parameter`.

        Returns
        -------
        dict
            From name to value.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> both = ip.Hybrid([ip.SOAP(r_cut=4.0, n_max=4, l_max=3), ip.OverlapMatrix(r_cut=4.0, max_sites=4)])
        >>> both.get_params()["soap__l_max"]
        3
        """
        params = super().get_params(deep)
        if deep:
            for name, descriptor in self._named():
                params[name] = descriptor
                if hasattr(descriptor, "get_params"):
                    params.update({f"{name}__{key}": value for key, value in descriptor.get_params(deep=True).items()})
        return params

    def set_params(self, **params: Any) -> Self:
        """Change parameters, a block, or parameters of a block as `name__parameter`.

        Parameters of a block are set on the descriptor that was given. Where they decide what `fit` learned, it must be
        called again.

        Parameters
        ----------
        **params
            New values by name.

        Returns
        -------
        Hybrid
            The descriptor itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> both = ip.Hybrid([ip.SOAP(r_cut=4.0, n_max=4, l_max=3), ip.OverlapMatrix(r_cut=4.0, max_sites=4)])
        >>> both.set_params(soap__l_max=2).get_params()["soap__l_max"]
        2
        """
        own = {key: value for key, value in params.items() if key in self._defaults()}
        super().set_params(**own)
        blocks = dict(self._named())
        replaced = {key: value for key, value in params.items() if key not in own and key in blocks}
        inner: dict[str, dict[str, Any]] = {}
        for key in params.keys() - own.keys() - replaced.keys():
            name, _, parameter = key.partition("__")
            if not parameter or name not in blocks:
                known = ", ".join([*self._defaults(), *blocks])
                raise ValueError(f"{type(self).__name__} has no parameter and no block {name!r}; there are {known}")
            inner.setdefault(name, {})[parameter] = params[key]
        if replaced:
            blocks.update(replaced)
            self.descriptors = [
                (entry[0], blocks[name]) if isinstance(entry, tuple) else blocks[name]
                for entry, name in zip(self.descriptors, blocks, strict=True)
            ]
        for name, changed in inner.items():
            blocks[name].set_params(**changed)
        return self

    def _named(self) -> list[tuple[str, Any]]:
        """Name and descriptor of each block."""
        given = self.descriptors
        if isinstance(given, (str, bytes)) or not isinstance(given, Sequence) or not len(given):
            raise ValueError(f"descriptors is {short_repr(given)}; {_GIVE}")
        plain = [_class_name(entry) for entry in given if not isinstance(entry, tuple)]
        count: dict[str, int] = {}
        named: list[tuple[str, Any]] = []
        for place, entry in enumerate(given):
            if isinstance(entry, tuple):
                name, descriptor = self._pair(entry, place)
            else:
                name, descriptor = _class_name(entry), entry
                count[name] = count.get(name, 0) + 1
                if plain.count(name) > 1:
                    name = f"{name}-{count[name]}"
            if name in dict(named):
                raise ValueError(f"two descriptors are called {name!r}; give every block a name of its own")
            _require_methods(name, descriptor)
            named.append((name, descriptor))
        return named

    def _pair(self, entry: tuple[Any, ...], place: int) -> tuple[str, Any]:
        if len(entry) != 2 or not isinstance(entry[0], str) or not entry[0]:
            raise ValueError(f"entry {place} of descriptors is {short_repr(entry)}; {_GIVE}")
        if "__" in entry[0] or entry[0] in self._defaults():
            raise ValueError(
                f"a descriptor is called {entry[0]!r}; a name may not contain two underscores, nor be that of a"
                f" parameter ({', '.join(self._defaults())})"
            )
        return entry[0], entry[1]

    # What is known

    @property
    def descriptors_(self) -> list[Any]:
        """The descriptors as fitted."""
        return [descriptor for _, descriptor in self._fitted()]

    @property
    def scales_(self) -> NDArray[np.float64]:
        """Factor of each block, before `weights`, `(n_blocks,)`."""
        n = len(self._named())
        if isinstance(self.scale, str):
            choice("scale", self.scale, ("variance",))
            learned = self._current()
            if learned is None or learned.scales is None:
                raise not_fitted(
                    "this Hybrid does not know its scales yet; call fit(frames), or give scale=None or one factor a"
                    " descriptor"
                )
            return learned.scales
        return _factors("scale", self.scale, n)

    @property
    def r_cut(self) -> float:  # type: ignore[override]
        """The longest cutoff of a descriptor, in Å; infinite where one does not say."""
        lengths = (getattr(descriptor, "r_cut", None) for _, descriptor in self._named())
        return max(np.inf if length is None else float(length) for length in lengths)

    @property
    def periodic(self) -> bool:
        """Whether frames have the periodicity they say; the blocks must agree."""
        return bool(self._common("periodic", True, bool))

    @property
    def average(self) -> str | None:  # type: ignore[override]
        """The average of the first block; all have one, or none."""
        self._common("average", None, lambda average: average is None)
        average: str | None = getattr(self._named()[0][1], "average", None)
        return average

    @property
    def centers(self) -> list[str] | None:
        """Elements whose atoms become rows, on which all blocks must agree; `None`: every atom."""
        numbers = self._common(
            "centers", None, lambda given: None if given is None else tuple(sorted(numbers_of(given, "centers")))
        )
        return None if numbers is None else [label_of(number) for number in numbers]

    def _common(self, attribute: str, default: Any, meaning: Any) -> Any:
        """What an attribute means, which must be the same for all blocks."""
        (first, one), *others = [(name, getattr(block, attribute, default)) for name, block in self._named()]
        for name, other in others:
            if meaning(other) != meaning(one):
                raise ValueError(
                    f"{attribute} is {short_repr(one)} for block {first!r} and {short_repr(other)} for block {name!r};"
                    " set them alike: the rows of all blocks must mean the same"
                )
        return meaning(one)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether species and scales are known."""
        try:
            self._fitted()
            return len(self.scales_) > 0
        except AttributeError:  # of which the error about what is not fitted is a kind
            return False

    def _current(self) -> _Learned | None:
        """What was learned; an error where it was learned for other parameters."""
        learned: _Learned | None = self.__dict__.get("_known")
        if learned is not None and not learned.made_from.unchanged(self._made_from()):
            raise ValueError(
                "the descriptors of this Hybrid, or their parameters, have changed since fit; call fit again"
            )
        return learned

    def _made_from(self) -> list[list[Any]]:
        """The parameters of each block, for a `Watch`."""
        return [_parameters(descriptor) for _, descriptor in self._named()]

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Load; pickles of 0.1 hold no `Watch` of the blocks."""
        vars(self).update(state)
        learned = state.get("_known")
        if learned is not None and not isinstance(learned.made_from, Watch):
            self._known = learned._replace(made_from=Watch(self._made_from()))

    def _fitted(self) -> list[tuple[str, Any]]:
        """Names and descriptors, which know their species."""
        learned, named = self._current(), self._named()
        if learned is not None:
            return [(name, fitted) for (name, _), fitted in zip(named, learned.descriptors, strict=True)]
        for name, descriptor in named:
            if not getattr(descriptor, "__sklearn_is_fitted__", lambda: True)():
                raise not_fitted(
                    f"block {name!r} of this Hybrid is not fitted yet; call fit(frames), or give its descriptor"
                    " species=('H', 'O', ...)"
                )
        return named

    def _species(self) -> list[int]:
        known: set[int] = set()
        for _, descriptor in self._fitted():
            if isinstance(descriptor, Descriptor):
                known.update(descriptor._species())
        return sorted(known - {ANY}) or [ANY]

    def _compile(self, species: list[int]) -> ConcatenatedCore:
        blocks = self._fitted()
        scales = self.scales_
        factors = _products(scales, _factors("weights", self.weights, len(blocks)))
        return ConcatenatedCore(
            [_part(name, block, factor) for (name, block), factor in zip(blocks, factors, strict=True)]
        )

    def _compiled(self) -> Compiled:
        """What the parameters make. Blocks keep what is costly, so nothing is kept here."""
        dtype = precision(self.dtype)
        centers = None if self.centers is None else numbers_of(self.centers, "centers")
        # Each block passes over atoms, and over periodicity, for itself.
        return Compiled([], self._compile([]), [ANY], None, centers, self.average, dtype, False)

    def _inputs(self, call: Any) -> dict[str, Any]:
        learned = self._current()
        return {**super()._inputs(call), "scales_": None if learned is None else learned.scales}

    # Learning

    def fit(self, frames: FramesLike, y: Any = None, *, centers: Any = None, n_jobs: int | None = None) -> Self:
        """Learn the species and the scales, as far as they were not given.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The sample.
        y : ignored
            Accepted because scikit-learn passes it.
        centers, n_jobs : optional
            As in `transform`: the rows over which blocks vary.

        Returns
        -------
        Hybrid
            The descriptor itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> both = ip.Hybrid([ip.SOAP(r_cut=4.0, n_max=4, l_max=3), ip.OverlapMatrix(r_cut=4.0, max_sites=4)])
        >>> both.fit([water, molecule("NH3")]).species_
        ['H', 'N', 'O']
        """
        structures, single = as_list(frames)
        frames = structures[0] if single else structures
        _ = self.centers, self.average  # on which all must agree
        named = self._named()
        fitted = [copy.deepcopy(descriptor) for _, descriptor in named]
        for descriptor in fitted:
            if hasattr(descriptor, "fit"):
                descriptor.fit(frames)
        scales = None
        if isinstance(self.scale, str):
            choice("scale", self.scale, ("variance",))
            options = {"centers": centers, "n_jobs": n_jobs}
            bare = [Hybrid([descriptor], scale=None) for descriptor in fitted]
            scales = np.array(
                [
                    _scale_of(name, block.transform(frames, **options))
                    for (name, _), block in zip(named, bare, strict=True)
                ]
            )
        self._known = _Learned(Watch(self._made_from()), fitted, scales)
        return self

    def fit_transform(self, frames: FramesLike, y: Any = None, **options: Any) -> NDArray[np.float64]:
        """Learn species and scales, then describe the same frames.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The sample.
        y : ignored
            Accepted because scikit-learn passes it.
        **options
            Passed on to `transform`; `centers` and `n_jobs` also to `fit`.

        Returns
        -------
        ndarray (n_rows, n_features)
            As of `transform`.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> both = ip.Hybrid([ip.SOAP(r_cut=4.0, n_max=4, l_max=3), ip.OverlapMatrix(r_cut=4.0, max_sites=4)])
        >>> both.fit_transform([water, molecule("NH3")]).shape
        (7, 328)
        """
        structures, single = as_list(frames)
        frames = structures[0] if single else structures
        shared = {name: options[name] for name in ("centers", "n_jobs") if name in options}
        rows: NDArray[np.float64] = self.fit(frames, **shared).transform(frames, **options)
        return rows


def _class_name(descriptor: Any) -> str:
    return type(descriptor).__name__.lower()


def _require_methods(name: str, block: Any) -> None:
    if isinstance(block, type) or not all(callable(getattr(block, m, None)) for m in ("transform", "derivatives")):
        raise ValueError(
            f"block {name!r} is {short_repr(block)}; a block is a descriptor of isoprint, or an object with transform,"
            " derivatives and n_features"
        )


def _parameters(descriptor: Any) -> list[Any]:
    """The class and the parameters of a block, or the block itself where it has none."""
    if not hasattr(descriptor, "get_params"):
        return [descriptor]
    return [type(descriptor), *descriptor.get_params(deep=True).values()]


def _part(name: str, block: Any, factor: float) -> Part:
    compiled = (
        block._compiled() if isinstance(block, Descriptor) else ForeignDescriptor(block, f"block {name!r}").compiled()
    )
    return Part(name, block, compiled, float(factor))


def _factors(name: str, given: Any, n: int) -> NDArray[np.float64]:
    """One positive number a block; all one where nothing is given."""
    if given is None:
        return np.ones(n)
    if isinstance(given, (str, bytes)) or plain(name, given).shape != (n,):
        raise ValueError(
            f"{name} is {short_repr(given)}; give one positive number for each of the {n} descriptors, or None"
        )
    return np.array(
        [real(f"entry {k} of {name}", value, above=0.0, remedy="it must be positive") for k, value in enumerate(given)]
    )


def _products(scales: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each block is multiplied with: nothing that would make zeros or infinities of its features."""
    with np.errstate(over="ignore", under="ignore"):
        factors = scales * weights
    for k, factor in enumerate(factors):
        if not LIGHTEST <= factor <= HEAVIEST:
            raise ValueError(
                f"entry {k} of scale times weights is {scales[k]:.4g} times {weights[k]:.4g};"
                f" it must be between {LIGHTEST:.0e} and {HEAVIEST:.0e}, or features would not be finite numbers"
            )
    return factors


def _scale_of(name: str, rows: Any) -> float:
    """One over the root of the total variance of a block."""
    values = np.asarray(rows, float)
    spread = float(values.var(axis=0).sum()) if len(values) else 0.0
    if spread <= _ROUNDING**2 * float(np.sum(values**2)) / max(1, len(values)):
        raise ValueError(
            f"block {name!r} does not vary over the {len(values)} rows of the sample, so there is nothing to scale it"
            " by; fit on frames that differ more, or give scale=None or one factor a descriptor"
        )
    return float(1.0 / np.sqrt(spread))
