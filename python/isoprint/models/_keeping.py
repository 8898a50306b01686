"""What a file keeps of any model that was fitted by least squares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from isoprint._support.parameters import flag
from isoprint.models._archive import Archive


def keep(archive: Archive, model: Any, settings: Sequence[str], data: Any) -> None:
    """Write how sure the weights are, settings, energies of single atoms, and what was seen of the data if wanted."""
    if hasattr(model, "factor_"):
        archive.arrays["factor"] = model.factor_
    groups = []
    if flag("data", data):
        if not hasattr(model, "_triangles_"):
            raise ValueError("this model does not have what it saw of the data, so it cannot be kept; leave data=True")
        for place, ((kind, group), triangle) in enumerate(model._triangles_.items()):
            archive.arrays[f"rows_{place}"] = np.triu(triangle.factor)
            groups.append([kind, group, triangle.n_rows])
    archive.fields |= {
        "settings": archive.plain("setting", {name: getattr(model, name) for name in settings}),
        "e0": model.e0_,
        "calibration": model._calibration_,
        "report": model.report_,
        "groups": groups,
    }
