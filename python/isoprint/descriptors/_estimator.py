"""The manners of a scikit-learn estimator, without scikit-learn.

`clone`, `Pipeline`, `GridSearchCV` and `set_output` ask for little: parameters that the constructor stores untouched,
two methods to read and set them, and a few answers about oneself. Where scikit-learn's own classes are needed for an
answer, it is scikit-learn that asked, so it is there to be imported.
"""

from __future__ import annotations

import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from isoprint._support import hints
from isoprint._support.arrays import short_repr
from isoprint._support.parameters import choice
from isoprint.descriptors._sparse import LIBRARIES

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    from typing_extensions import Self

    from isoprint.typing import Tabular

_CONTAINERS = ("default", "pandas", "polars", *LIBRARIES)


class NotFittedError(ValueError, AttributeError):
    """The species were neither given nor learned yet."""


def not_fitted(message: str) -> Exception:
    """The error for a descriptor that knows no species: scikit-learn's own where that is loaded."""
    theirs = sys.modules.get("sklearn.exceptions")
    kind = NotFittedError if theirs is None else theirs.NotFittedError
    error: Exception = kind(message)
    return error


class Estimator(ABC):
    """Parameters as attributes of the same name, stored by `__init__` as they are given."""

    _sklearn_output_config: dict[str, str]

    def __init_subclass__(cls, **options: Any) -> None:
        """Let the constructor say what may have been meant; its signature stays what it is."""
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            cls.__init__ = _explaining_arguments(cls.__init__)  # type: ignore[method-assign]

    if not TYPE_CHECKING:  # for whom there is no attribute that is not defined

        def __getattr__(self, name: str) -> Any:
            """Say what a method or parameter is called here; only asked for what there is not."""
            if hasattr(type(self), name):
                return object.__getattribute__(self, name)  # a property that failed, and fails again with its own words
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            hint = None if name.startswith("_") else hints.attribute(type(self), name, self._defaults())
            raise AttributeError(f"{message}; {hint}" if hint else message, name=name, obj=self)

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """Every parameter of the constructor, and its default."""
        known: Any = cls
        return _keywords(known)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name, as they were given.

        Parameters
        ----------
        deep : bool
            Without effect: no parameter is an estimator. Accepted because scikit-learn passes it.

        Returns
        -------
        dict
            From name to value.

        Examples
        --------
        >>> import isoprint as ip
        >>> ip.SOAP(r_cut=4.0, n_max=4, l_max=3).get_params()["r_cut"]
        4.0
        """
        return {name: getattr(self, name) for name in self._defaults()}

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a parameter; what was made from those before is no longer of use."""
        vars(self).pop("_cache", None)
        super().__setattr__(name, value)

    def set_params(self, **params: Any) -> Self:
        """Change parameters; what was learned by `fit` is kept.

        Parameters
        ----------
        **params
            New values by name.

        Returns
        -------
        Descriptor
            The descriptor itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> ip.SOAP(r_cut=4.0, n_max=4, l_max=3).set_params(r_cut=5.0)
        SOAP(r_cut=5.0, n_max=4, l_max=3)
        """
        known = self._defaults()
        for name in params:
            if name not in known:
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}; {hints.parameter(type(self), name, known)}"
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        given = [
            f"{name}={_brief(getattr(self, name))}"
            for name, default in self._defaults().items()
            if not _same(getattr(self, name), default)
        ]
        return f"{type(self).__name__}({', '.join(given)})"

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: parameters and what was learned, but nothing that can be computed again."""
        return {name: value for name, value in self.__dict__.items() if name != "_cache"}

    @abstractmethod
    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """One readable, unique name a column."""

    @overload
    def set_output(self, *, transform: Literal["default"] | None = None) -> Self: ...

    @overload
    def set_output(self, *, transform: Literal["pandas"]) -> Tabular[pd.DataFrame]: ...

    @overload
    def set_output(self, *, transform: Literal["polars"]) -> Tabular[pl.DataFrame]: ...

    @overload
    def set_output(self, *, transform: Literal["scipy", "pydata"]) -> Tabular[Any]: ...

    def set_output(self, *, transform: str | None = None) -> Any:
        """Choose the container that `transform` and `fit_transform` return.

        Parameters
        ----------
        transform : {"default", "pandas", "polars", "scipy", "pydata"}, optional
            A numpy array; a data frame with the names of the features as columns; or a sparse array, as the argument
            `sparse` of `transform` makes it, for the next step of a pipeline. The index of a pandas data frame has
            three levels, the `frame`, `atom` and `species` of each row, as `rows` tells them; polars has no index, so
            there they are in `rows` alone. `None` changes nothing.

        Returns
        -------
        Descriptor
            The descriptor itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3).set_output(transform="pandas")
        >>> table = soap.fit_transform([water, water])
        >>> table.columns[0], table.index.tolist()[-1]
        ('H.1 H.1 l=0', (1, 2, 1))
        >>> table.xs(8, level="species").index.tolist()  # the oxygen atoms
        [(0, 0), (1, 0)]
        """
        if transform is not None:
            container = choice("transform", transform, _CONTAINERS)
            self._sklearn_output_config = {**getattr(self, "_sklearn_output_config", {}), "transform": container}
        return self

    def _contained(self, values: NDArray[Any], call: Any) -> Any:
        """Values, of rows that `call` tells, in the container that was asked for, here or by `sklearn.set_config`."""
        sklearn = sys.modules.get("sklearn")
        everywhere = "default" if sklearn is None else sklearn.get_config()["transform_output"]
        container = vars(self).get("_sklearn_output_config", {}).get("transform", everywhere)
        if container == "pandas":
            import pandas as pd

            index = None
            if call is not None:
                levels = [call.rows.frame, call.rows.atom, call.rows.species]
                index = pd.MultiIndex.from_arrays(levels, names=["frame", "atom", "species"])
            return pd.DataFrame(values, index=index, columns=self.get_feature_names_out(), copy=False)
        if container == "polars":
            import polars as pl

            return pl.DataFrame(values, schema=list(self.get_feature_names_out()), orient="row")
        return values

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what kind of estimator this is."""
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type="transformer",
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(preserves_dtype=[]),
            input_tags=InputTags(one_d_array=False, two_d_array=False),
            no_validation=True,
            requires_fit=not self.__sklearn_is_fitted__(),
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `transform` would work."""
        return True


def _explaining_arguments(init: Callable[..., None]) -> Callable[..., None]:
    """A constructor that explains arguments which it does not take."""

    @wraps(init)
    def explaining_init(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except TypeError:
            message = _argument_not_taken(type(self), init, args, kwargs)
            if message is None:
                raise
            raise TypeError(message) from None

    return explaining_init


def _argument_not_taken(
    cls: type, init: Callable[..., None], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> str | None:
    """Which argument a constructor does not take, if that is what was wrong."""
    parameters = list(inspect.signature(init).parameters.values())[1:]
    kinds = {p.kind for p in parameters}
    if kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}:
        return None
    known = [p.name for p in parameters]
    for name in kwargs:
        if name not in known:
            return f"{cls.__name__} has no parameter {name!r}; {hints.parameter(cls, name, known)}"
    by_place = [p.name for p in parameters if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    if len(args) > len(by_place):
        example = f"{known[len(by_place)]}={short_repr(args[len(by_place)])}"
        return (
            f"{cls.__name__} takes its parameters by name, as in {cls.__name__}({example});"
            f" {len(args)} were given without one"
        )
    return None


@cache
def _keywords(cls: Any) -> dict[str, Any]:
    parameters = inspect.signature(cls).parameters.values()
    return {p.name: p.default for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}


def _same(value: Any, default: Any) -> bool:
    return value is default or (
        type(value) is type(default) and isinstance(value, (str, int, float, bool)) and value == default
    )


def _brief(value: Any) -> str:
    """A parameter in one line; an array by its shape."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key!r}: {_brief(entry)}" for key, entry in value.items()) + "}"
    if hasattr(value, "shape") and value.shape != ():
        return f"<{type(value).__name__} {'x'.join(map(str, value.shape))}>"
    try:
        return repr(value)
    except Exception:  # more digits than Python prints, or an object that cannot say what it is
        return f"<{type(value).__name__}>"


class _Itself:
    """What a fitted `Hybrid` of 0.1 remembers of a parameter; there to load its pickles."""
