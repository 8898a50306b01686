"""The sphere around a center, and how atoms leave it."""

from __future__ import annotations

from typing import Any


class SmoothingFunction:
    """How atoms fade out; of one's own it has no counterpart in the calculators."""

    def _featomic_hypers(self) -> dict[str, Any]:
        return self.get_hypers()

    def get_hypers(self) -> dict[str, Any]:
        """The mapping that stands for it."""
        raise NotImplementedError(
            f"this smoothing function ({type(self).__name__}) does not have matching hyper parameters in the native"
            " calculators"
        )


class ShiftedCosine(SmoothingFunction):
    """Half a cosine, over the last `width` Å before the cutoff."""

    def __init__(self, *, width: float) -> None:
        self.width = float(width)

    def get_hypers(self) -> dict[str, Any]:
        """The mapping that stands for it."""
        return {"type": "ShiftedCosine", "width": self.width}


class Step(SmoothingFunction):
    """Atoms count in full up to the cutoff."""

    def get_hypers(self) -> dict[str, Any]:
        """The mapping that stands for it."""
        return {"type": "Step"}


class Cutoff:
    """The sphere of this `radius` in Å, and the smoothing at its surface, `None` for none."""

    def __init__(self, radius: float, smoothing: SmoothingFunction | None) -> None:
        self.radius = float(radius)
        self.smoothing = Step() if smoothing is None else smoothing

    def _featomic_hypers(self) -> dict[str, Any]:
        return {"radius": self.radius, "smoothing": self.smoothing}
