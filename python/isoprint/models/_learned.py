"""What a model knows once it has learned, and what fitting and predicting both ask of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.descriptors._estimator import not_fitted as _not_fitted
from isoprint.models import _made_with
from isoprint.models._calibration import Calibration
from isoprint.models._estimator import Model
from isoprint.models._labels import Keys
from isoprint.models._rows import FrameRows
from isoprint.models._terms import Terms
from isoprint.models._triangle import Triangle
from isoprint.structures.elements import symbol_of
from isoprint.structures.frames import Frames, as_list, pack

Floats = NDArray[np.float64]

# Parameters that are about how the model was found, or that `resolve` changes.
_FREE = ("sigma_", "n_sparse ", "sparse ", "e0 ", "random_state ")


class Learned(Model):
    """Attributes of a model that has learned; those with a name that begins in `_` are ours alone."""

    descriptor: Any
    alpha_: Floats
    factor_: Floats
    sparse_: dict[str, Any]
    e0_: dict[str, float]
    report_: dict[str, Any]
    _terms_: Terms
    _single_: dict[int, float]
    _prior_: Floats
    _triangles_: dict[tuple[str, str], Triangle]
    _calibration_: dict[str, Calibration]
    _keys_: Keys
    """Names of the labels that were fitted; a model from a file has none."""
    _made_with_: dict[str, str]
    """Parameters as they were when the sparse points were chosen."""

    def _restored(self, report: dict[str, Any]) -> None:
        """What is public of what was learned."""
        self.report_ = report
        self.sparse_ = self._terms_.sparse
        self.e0_ = {symbol_of(element): energy for element, energy in self._single_.items()}
        self._terms_.weigh(self.alpha_)

    def _rows(
        self, frame: Any, numbers: NDArray[np.int64], derivatives: bool, strain: bool, n_jobs: int | None
    ) -> FrameRows:
        return self._terms_.rows(frame, numbers, derivatives, strain, n_jobs)

    def _require_unchanged(self) -> None:
        """Refuse to write weights beside parameters that they are not of."""
        changed = _made_with.differences(self._made_with_, _made_with.told(self))
        for each in changed:
            if not each.startswith(_FREE):
                raise ValueError(f"parameters were changed after the fit: {each}; fit again, or set them back")

    def _alone(self, numbers: NDArray[np.int64]) -> float:
        return float(sum(self._single_[int(number)] for number in numbers))

    def _require_spread(self) -> None:
        if not hasattr(self, "factor_"):
            raise ValueError(
                "this model was read from a file that does not say how sure its weights are; it has no standard"
                " deviations"
            )

    def _require_known(self, packed: Frames) -> None:
        known = np.isin(packed.numbers, list(self._single_))
        if not known.all():
            frame, atom = packed.locate(int(np.argmin(known)))
            number = int(packed.numbers[np.argmin(known)])
            told = ", ".join(symbol_of(element) for element in sorted(self._single_))
            raise ValueError(
                f"atom {atom} of frame {frame} is {symbol_of(number)!r}, which this model has not seen; it knows"
                f" {told}: fit on frames that contain it"
            )


def structures_of(frames: Any) -> tuple[list[Any], Frames]:
    """The frames as a list, and their arrays."""
    structures, _ = as_list(frames)
    return structures, pack(structures)


def not_fitted() -> Exception:
    """The error for a model that has learned nothing."""
    return _not_fitted("this model has learned nothing yet; call fit(frames)")
