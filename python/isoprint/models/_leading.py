"""The model of fewer sparse points, from what a larger one has seen of the data."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from isoprint.models._environment_terms import ProductTerm
from isoprint.models._sparse_set import SparseSet
from isoprint.models._terms import Terms
from isoprint.models._triangle import Triangle

if TYPE_CHECKING:
    from isoprint.models.sparse_gp import SparseGP


def leading(model: SparseGP, counts: Mapping[int, int]) -> SparseGP:
    """The model of the first sparse points of each element: that of a fit with these alone, without one.

    The triangle of all columns holds that of some: its columns are factorized again, which costs `m³` operations
    whatever the number of rows was.
    """
    (name, term), *others = model._terms_.terms.items()
    if others or not isinstance(term, ProductTerm):
        raise ValueError(
            f"the model has the terms {', '.join(model._terms_.terms)}; give one with a single term, of a fingerprint"
        )
    known = {element: (points, columns) for element, points, columns in term.chosen.columns()}
    kept = [np.arange(columns.start, columns.start + counts.get(z, 0)) for z, (_, columns) in known.items()]
    columns = np.append(np.concatenate(kept), term.n_points)
    fewer = SparseSet(list(known), [points[: counts.get(z, 0)] for z, (points, _) in known.items()])
    made = copy(model)
    made._terms_ = Terms({name: type(term)(term.descriptor, fewer, term.kernel)}, model._terms_.fixed)
    made._prior_ = made._terms_.prior(float(model.jitter))
    made._triangles_ = {}
    for key, triangle in model._triangles_.items():
        some = Triangle(len(columns))
        some.push(np.triu(triangle.factor)[:, columns])
        some.n_rows = triangle.n_rows
        made._triangles_[key] = some
    return made.resolve()
