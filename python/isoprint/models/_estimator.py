"""Models in the manner of scikit-learn: parameters as attributes, `descriptor__` before those of the descriptor."""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self


class Parameters:
    """What has parameters: `__init__` stores them as they are given."""

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """Every parameter of the constructor, and its default."""
        known: Any = cls
        return _parameters(known)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name.

        Parameters
        ----------
        deep : bool
            Whether to list those of the descriptor as well, as `descriptor__r_cut` and so on.

        Returns
        -------
        dict
            From name to value.

        Examples
        --------
        >>> import isoprint as ip
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), zeta=2)
        >>> model.get_params()["zeta"], model.get_params()["descriptor__r_cut"]
        (2, 4.0)
        """
        found = {name: getattr(self, name) for name in self._defaults()}
        if deep:
            for name, value in list(found.items()):
                if hasattr(value, "get_params") and not isinstance(value, type):
                    found.update((f"{name}__{key}", inner) for key, inner in value.get_params().items())
        return found

    def set_params(self, **params: Any) -> Self:
        """Change parameters; what was learned stays until the next `fit`.

        Parameters
        ----------
        **params
            New values by name; `descriptor__r_cut=5.0` changes the descriptor.

        Returns
        -------
        object
            The thing itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3))
        >>> model.set_params(zeta=2, descriptor__r_cut=5.0).descriptor.r_cut
        5.0
        """
        known = self._defaults()
        inner: dict[str, dict[str, Any]] = {}
        for name, value in params.items():
            owner, _, key = name.partition("__")
            if owner not in known:
                raise ValueError(f"{type(self).__name__} has no parameter {owner!r}; there are {', '.join(known)}")
            if key:
                inner.setdefault(owner, {})[key] = value
            else:
                setattr(self, name, value)
        for owner, values in inner.items():
            getattr(self, owner).set_params(**values)
        return self

    def __repr__(self) -> str:
        defaults = self._defaults()
        given = [
            f"{name}={_brief(value)}" if name != "descriptor" else repr(value)
            for name, value in self.get_params(deep=False).items()
            if not _same(value, defaults[name])
        ]
        return f"{type(self).__name__}({', '.join(given)})"


class Model(Parameters):
    """An estimator; what is learned ends in `_`."""

    # Before version 1.6 this told scikit-learn what `__sklearn_tags__` says now.
    _estimator_type = "regressor"

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that this is a regressor of frames, which bring their targets along."""
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=False),
            regressor_tags=RegressorTags(),
            input_tags=InputTags(one_d_array=False, two_d_array=False),
            no_validation=True,
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Whether `predict` would work."""
        return hasattr(self, "alpha_")


@cache
def _parameters(cls: Any) -> dict[str, Any]:
    return {
        name: parameter.default
        for name, parameter in inspect.signature(cls).parameters.items()
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    }


def _same(value: Any, default: Any) -> bool:
    return value is default or (
        type(value) is type(default) and isinstance(value, (str, int, float)) and value == default
    )


def _brief(value: Any) -> str:
    shape = getattr(value, "shape", ())
    return f"<array {'x'.join(map(str, shape))}>" if shape else repr(value)
