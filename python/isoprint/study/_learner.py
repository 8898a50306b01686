"""What learners of the study have in common: parameters as fields of a dataclass, in the manner of scikit-learn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import real_array

if TYPE_CHECKING:
    from typing_extensions import Self

Floats = NDArray[np.float64]


class Learner(ABC):
    """Parameters are the fields of the dataclass; `fit` sets attributes that end in `_`."""

    # Before version 1.6 this told scikit-learn what `__sklearn_tags__` says now.
    _estimator_type: ClassVar[str] = "regressor"

    @classmethod
    def _names(cls) -> list[str]:
        known: Any = cls
        return [field.name for field in fields(known)]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters by name.

        Parameters
        ----------
        deep : bool
            Without effect: no parameter is a learner. Accepted because scikit-learn passes it.

        Returns
        -------
        dict
            From name to value.

        Examples
        --------
        >>> from isoprint.study import KernelRidge
        >>> KernelRidge(components=100).get_params()["components"]
        100
        """
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:
        """Change parameters; what was learned is kept.

        Parameters
        ----------
        **params
            New values by name.

        Returns
        -------
        Learner
            The learner itself.

        Examples
        --------
        >>> from isoprint.study import KernelRidge
        >>> KernelRidge().set_params(components=100).components
        100
        """
        for name, value in params.items():
            if name not in self._names():
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}; there are {', '.join(self._names())}"
                )
            setattr(self, name, value)
        return self

    @abstractmethod
    def predict(self, features: ArrayLike) -> Floats:
        """Targets of rows of features.

        Parameters
        ----------
        features : array_like (n_rows, n_features)
            As many columns as in `fit`.

        Returns
        -------
        ndarray (n_rows,)
            One number a row.
        """

    def score(self, features: ArrayLike, targets: ArrayLike) -> float:
        """R² of the predictions, as in scikit-learn.

        Parameters
        ----------
        features : array_like (n_rows, n_features)
            As many columns as in `fit`.
        targets : array_like (n_rows,)
            What should be predicted.

        Returns
        -------
        float
            One less the mean squared error over the variance of the targets.

        Examples
        --------
        >>> import numpy as np
        >>> from isoprint.study import KernelRidge
        >>> x = np.linspace(-3.0, 3.0, 40)[:, None]
        >>> model = KernelRidge(lengths=(0.5, 1.0)).fit(x, np.sin(x[:, 0]))
        >>> model.score(x, np.sin(x[:, 0])) > 0.999
        True
        """
        from isoprint.study.tables import scores

        return scores(real_array("targets", targets, "are"), self.predict(features))["r2"]

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn that this is a regressor."""
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True),
            regressor_tags=RegressorTags(),
            input_tags=InputTags(),
        )


def table_of(features: ArrayLike, columns: int | None = None) -> Floats:
    """Rows of finite features, or an error that says what is wrong."""
    x = real_array("features", features, "are")
    if x.ndim != 2 or (columns is not None and x.shape[1] != columns):
        expected = "(n_rows, n_features)" if columns is None else f"(n_rows, {columns}), as many columns as in fit"
        raise ValueError(f"features have shape {x.shape}, expected {expected}")
    if not np.isfinite(x).all():
        row, column = map(int, np.argwhere(~np.isfinite(x))[0])
        raise ValueError(f"features have the entry {x[row, column]} in row {row}, column {column}; it must be finite")
    return x


def targets_of(targets: ArrayLike, rows: int) -> Floats:
    """One finite number a row, two rows at least."""
    y = real_array("targets", targets, "are")
    if y.shape != (rows,):
        raise ValueError(f"targets have shape {y.shape}, expected ({rows},): one number a row of features")
    if rows < 2:
        raise ValueError(f"there are {rows} rows to learn from; at least 2 are needed")
    if not np.isfinite(y).all():
        row = int(np.argwhere(~np.isfinite(y))[0, 0])
        raise ValueError(f"targets[{row}] is {y[row]}; it must be finite")
    return y
