"""What quippy returns for one structure, made of the values and gradients of clusters or environments."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class DescriptorError(ValueError, RuntimeError):
    """Arguments or structures that cannot be described; quippy raises `RuntimeError` or `ValueError` for them."""


class Gradients(NamedTuple):
    """Derivatives of the rows, one row of these for each row and each atom or image that moves."""

    values: Floats
    """`(n, 3, n_features)`."""
    weights: Floats
    """Of the weights of the rows, `(n, 3)`."""
    offsets: Ints
    """Those of row `i` are the places `offsets[i]:offsets[i + 1]`."""
    center: Ints
    """The first atom of each row, `(n,)`, counted from 0."""
    atom: Ints
    """The atom that moves, or of which an image moves, `(n,)`, counted from 0."""
    position: Floats
    """Where it is, `(n, 3)`."""


class Described(NamedTuple):
    """The rows of one structure."""

    values: Floats
    """`(n_rows, n_features)`."""
    weights: Floats
    """How much each row counts in a model, `(n_rows,)`: fades out where a cluster does."""
    centers: Ints
    """The atoms that rows belong to, one after the other, counted from 0."""
    gradients: Gradients | None

    def as_dict(self) -> dict[str, Any]:
        """The mapping that quippy returns."""
        if not len(self.values):
            return {"data": np.zeros((1, 0))}
        found: dict[str, Any] = {}
        if self.gradients is not None:
            found.update(_gradients(self.gradients))
        found["covariance_cutoff"] = self.weights
        found["data"] = self.values
        found["has_data"] = np.ones(len(self.values), np.int64)
        found["ci"] = (self.centers + 1).astype(np.int32)
        return found


def _gradients(rows: Gradients) -> dict[str, Any]:
    cuts = rows.offsets[1:-1]
    return {
        "has_grad_data": np.split(np.ones(len(rows.atom), np.int32), cuts),
        "ii": np.split((rows.atom + 1).astype(np.int32), cuts),
        "pos": rows.position,
        "grad_covariance_cutoff": rows.weights,
        "grad_data": rows.values,
        "grad_index_0based": np.stack([rows.center, rows.atom], axis=1).astype(np.int32),
    }
