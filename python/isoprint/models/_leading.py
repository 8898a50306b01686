"""The model of fewer sparse points, from what a larger one has seen of the data."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from isoprint.models import _solver
from isoprint.models._sparse_set import SparseSet
from isoprint.models._triangle import Triangle

if TYPE_CHECKING:
    from isoprint.models.sparse_gp import SparseGP


def leading(model: SparseGP, counts: Mapping[int, int]) -> SparseGP:
    """The model of the first sparse points of each element: that of a fit with these alone, without one.

    The triangle of all columns holds that of some: its columns are factorized again, which costs `m³` operations
    whatever the number of rows was.
    """
    elements = [element for element in model._set_.elements if counts.get(element, 0)]
    known = {element: (points, columns) for element, points, columns in model._set_.columns()}
    kept = [np.arange(known[element][1].start, known[element][1].start + counts[element]) for element in elements]
    columns = np.append(np.concatenate(kept), model._set_.n_points)
    made = copy(model)
    made._set_ = SparseSet(elements, [known[element][0][: counts[element]] for element in elements])
    made._prior_ = _solver.prior_factor(made._set_, model._kernel_, float(model.jitter))
    made._single_ = {element: model._single_[element] for element in elements}
    made._triangles_ = {}
    for key, triangle in model._triangles_.items():
        fewer = Triangle(len(columns))
        fewer.push(np.triu(triangle.factor)[:, columns])
        fewer.n_rows = triangle.n_rows
        made._triangles_[key] = fewer
    return made.resolve()
