"""Functions of rows that the compiled module knows: it asks nobody in between."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._core import KernelSum
from isoprint.descriptors._fused import require_finite
from isoprint.descriptors.derivatives import Pullback


def evaluated(
    descriptor: Any, frames: Any, function: KernelSum, kinds: NDArray[np.int64], n_jobs: int | None
) -> tuple[NDArray[np.float64], Pullback] | None:
    """Values of a function of every row, and the gradient of their sum; `None` where `fused` has to be taken.

    `kinds` says of which of the kinds of the function each atom is; -1 for none.
    """
    call = descriptor._call(frames, None, n_jobs)
    compiled = call.compiled
    evaluate = getattr(compiled.core, "evaluate", None)
    if evaluate is None or compiled.average is not None or compiled.dtype != "float64" or call.n_rows != len(kinds):
        return None
    values, (positions, strain) = evaluate(
        call.frames, call.centers, function, kinds, threads=call.threads, progress=None
    )
    require_finite(positions, strain)
    return values, Pullback(positions, strain)
