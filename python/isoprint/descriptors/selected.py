"""Some columns of a fingerprint."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import plain, short_repr
from isoprint.descriptors._base import Descriptor
from isoprint.descriptors._calls import Compiled, precision
from isoprint.descriptors._columns import SomeColumns
from isoprint.descriptors._concatenated import ForeignDescriptor
from isoprint.descriptors._estimator import not_fitted
from isoprint.descriptors._nested import WithDescriptor
from isoprint.descriptors._watch import Watch
from isoprint.structures.elements import ANY, label_of, numbers_of
from isoprint.structures.frames import as_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

    from isoprint.typing import FramesLike

_GIVE = "give places of columns counted from 0, one truth value a column, or names of features"


class _Learned(NamedTuple):
    """What `fit` found out, and of which parameters."""

    made_from: Watch
    descriptor: Any


class _Chosen(NamedTuple):
    """What was compiled, and of what."""

    whole: Compiled
    columns: NDArray[np.int64]
    core: Any


class Selected(WithDescriptor, Descriptor):
    """Some columns of a fingerprint, such as `isoprint.select` has chosen: a descriptor like any other.

    Parameters
    ----------
    descriptor : descriptor
        The whole fingerprint: one of this package, or anything with `transform`, `derivatives` and `n_features`.
    columns : sequence of int, of bool or of str
        Which of its columns, in the order in which they are wanted: places counted from 0, one truth value a column, or
        names as `get_feature_names_out` has them. Each once.
    dtype : {"float64", "float32"}
        Precision of the output; that of the descriptor has no effect here.

    Attributes
    ----------
    descriptor_ : descriptor
        The whole as fitted. The one that was given is left as it is.
    columns_ : ndarray of int
        Places of the columns.
    computes_all : bool
        Whether all columns are computed, and some of them kept.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> frames = [molecule(name) for name in ("CH4", "CH3OH", "H2O")]
    >>> soap = ip.SOAP(r_cut=4.0, n_max=6, l_max=4, species=["H", "C", "O"], normalize=False)
    >>> columns = ip.select.cur(soap.transform(frames), 20, axis="columns").index
    >>> few = ip.Selected(soap, columns)
    >>> few.transform(frames).shape, few.derivatives(frames[0]).values.shape
    ((14, 20), (25, 3, 20))
    >>> few.computes_all
    False

    Notes
    -----
    Numbers are those of the whole. Of `ACSF`, only the functions that were chosen are computed; of `SOAP` and
    `SoapTurbo` with `normalize=False`, only the products that were chosen. There the time of rows, gradients and
    Jacobians shrinks with what is left out, and so does memory. A row that is normalized has a length to which all
    products contribute: then, and for other fingerprints, all columns are computed, and some are handed on.
    """

    def __init__(self, descriptor: Any, columns: ArrayLike | Sequence[str], *, dtype: Any = "float64") -> None:
        self.descriptor = descriptor
        self.columns = columns
        self.dtype = dtype

    # What is known

    @property
    def descriptor_(self) -> Any:
        """The whole as fitted."""
        self._require_descriptor()
        learned: _Learned | None = vars(self).get("_known")
        if learned is not None:
            if not learned.made_from.unchanged(self._made_from()):
                raise ValueError(
                    "the descriptor of this Selected, or its parameters, have changed since fit; call fit again"
                )
            return learned.descriptor
        if not getattr(self.descriptor, "__sklearn_is_fitted__", lambda: True)():
            raise not_fitted(
                "the descriptor of this Selected is not fitted yet; call fit(frames), or give it"
                " species=('H', 'O', ...)"
            )
        return self.descriptor

    @property
    def columns_(self) -> NDArray[np.int64]:
        """Places of the columns among those of the whole."""
        return _places(self.columns, self.descriptor_)

    @property
    def computes_all(self) -> bool:
        """Whether all columns are computed, and some of them kept."""
        return isinstance(self._compiled().core, SomeColumns)

    @property
    def r_cut(self) -> float:  # type: ignore[override]
        """That of the whole, in Å; infinite where it does not say."""
        length = getattr(self.descriptor, "r_cut", None)
        return np.inf if length is None else float(length)

    @property
    def periodic(self) -> bool:
        """That of the whole."""
        return bool(getattr(self.descriptor, "periodic", True))

    @property
    def average(self) -> Any:  # type: ignore[override]
        """That of the whole."""
        return getattr(self.descriptor, "average", None)

    @property
    def centers(self) -> list[str] | None:
        """Elements whose atoms become rows; `None`: every atom."""
        given = getattr(self.descriptor, "centers", None)
        return None if given is None else [label_of(number) for number in numbers_of(given, "centers")]

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The names that the whole has for these columns.

        Parameters
        ----------
        input_features : ignored
            Accepted because scikit-learn passes it.

        Returns
        -------
        ndarray of str, dtype object
            As many names as there are columns.

        Examples
        --------
        >>> import isoprint as ip
        >>> acsf = ip.ACSF(r_cut=5.0, species=["H", "O"], g2=[(1.0, 0.0)])
        >>> ip.Selected(acsf, [3, 0]).get_feature_names_out().tolist()
        ['G2 O eta=1 R_s=0', 'G1 H']
        """
        return np.array([_names(self.descriptor_)[column] for column in self.columns_], dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether the whole knows its species."""
        try:
            return self.descriptor_ is not None
        except AttributeError:  # of which the error about what is not fitted is a kind
            return False

    def _require_descriptor(self) -> None:
        whole = self.descriptor
        methods = ("transform", "derivatives")
        if isinstance(whole, type) or not all(callable(getattr(whole, name, None)) for name in methods):
            raise ValueError(
                f"descriptor is {short_repr(whole)}; give a descriptor of isoprint, or an object with transform,"
                " derivatives and n_features"
            )

    def _made_from(self) -> list[Any]:
        """The class and the parameters of the whole, for a `Watch`."""
        whole = self.descriptor
        return [type(whole), *whole.get_params(deep=True).values()] if hasattr(whole, "get_params") else [whole]

    def _species(self) -> list[int]:
        whole = self.descriptor_
        return whole._species() if isinstance(whole, Descriptor) else [ANY]

    def _compile(self, species: list[int]) -> Any:
        return self._compiled().core

    def _compiled(self) -> Compiled:
        """What the parameters make; compiled anew where the whole is another, or the columns are."""
        descriptor = self.descriptor_
        ours = isinstance(descriptor, Descriptor)
        whole = descriptor._compiled() if ours else ForeignDescriptor(descriptor, "the descriptor").compiled()
        columns = self.columns_
        kept: _Chosen | None = vars(self).get("_cache")
        if kept is None or kept.whole is not whole or not np.array_equal(kept.columns, columns):
            core = descriptor._of_columns(whole.species, columns.tolist()) if ours else None
            kept = _Chosen(whole, columns, SomeColumns(whole, columns) if core is None else core)
            vars(self)["_cache"] = kept
        return whole._replace(watches=[], core=kept.core, dtype=precision(self.dtype))

    # Learning

    def fit(self, frames: FramesLike, y: Any = None) -> Self:
        """Let a copy of the descriptor learn what it learns.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        y : ignored
            Accepted because scikit-learn passes it.

        Returns
        -------
        Selected
            The descriptor itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> few = ip.Selected(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), range(0, 100, 10)).fit(molecule("H2O"))
        >>> few.species_, few.n_features
        (['H', 'O'], 10)
        """
        self._require_descriptor()
        structures, single = as_list(frames)
        fitted = copy.deepcopy(self.descriptor)
        if hasattr(fitted, "fit"):
            fitted.fit(structures[0] if single else structures)
        _places(self.columns, fitted)
        self._known = _Learned(Watch(self._made_from()), fitted)
        return self


def _names(whole: Any) -> list[str]:
    if hasattr(whole, "get_feature_names_out"):
        return [str(name) for name in whole.get_feature_names_out()]
    return [str(column) for column in range(whole.n_features)]


def _places(given: Any, whole: Any) -> NDArray[np.int64]:
    """Columns by name, by truth value or by place, as places."""
    columns = plain("columns", list(given) if isinstance(given, range) else given)
    n = whole.n_features
    if columns.ndim != 1 or not len(columns):
        raise ValueError(f"columns is {short_repr(given)}; {_GIVE}, at least one")
    if columns.dtype.kind in "UO" and all(isinstance(name, str) for name in columns.tolist()):
        known = {name: place for place, name in enumerate(_names(whole))}
        missing = [name for name in columns.tolist() if name not in known]
        if missing:
            raise ValueError(f"columns has the name {missing[0]!r}, which no feature of the descriptor has; {_GIVE}")
        places = np.array([known[name] for name in columns.tolist()], np.int64)
    elif columns.dtype.kind == "b":
        if len(columns) != n:
            raise ValueError(f"columns has {len(columns)} truth values, but there are {n} features; give one a column")
        places = np.flatnonzero(columns)
        if not len(places):
            raise ValueError("columns has no True; choose at least one column")
    elif columns.dtype.kind in "iu":
        wrong = columns[(columns < 0) | (columns >= n)]
        if len(wrong):
            raise ValueError(f"columns has {wrong[0]}, but the descriptor has {n} features, counted from 0")
        places = columns.astype(np.int64)
    else:
        raise ValueError(f"columns is {short_repr(given)}; {_GIVE}")
    chosen, counts = np.unique(places, return_counts=True)
    if counts.max() > 1:
        raise ValueError(f"columns has {chosen[counts.argmax()]} more than once; name each column once")
    return places
