"""The functions that densities are expanded in."""

from __future__ import annotations

from typing import Any


class RadialBasis:
    """Radial functions; those of one's own have no counterpart in the calculators."""

    def __init__(self, *, max_radial: int, radius: float) -> None:
        self.max_radial, self.radius = int(max_radial), float(radius)

    def _featomic_hypers(self) -> dict[str, Any]:
        return self.get_hypers()

    def get_hypers(self) -> dict[str, Any]:
        """The mapping that stands for it."""
        raise NotImplementedError(
            f"This radial basis function ({type(self).__name__}) does not have matching hyper parameters in the native"
            " calculators. It should be used through one of the spliner class instead of directly."
        )


class Gto(RadialBasis):
    """Powers times Gaussians, `max_radial` and one of them."""

    def __init__(self, *, max_radial: int, radius: float | None = None) -> None:
        super().__init__(max_radial=max_radial, radius=float("inf") if radius is None else radius)
        self._given = radius

    def get_hypers(self) -> dict[str, Any]:
        """The mapping that stands for it."""
        known = {"type": "Gto", "max_radial": self.max_radial}
        return known if self._given is None else {**known, "radius": self.radius}


class ExpansionBasis:
    """Radial and angular functions; those of one's own have no counterpart in the calculators."""

    def _featomic_hypers(self) -> dict[str, Any]:
        return self.get_hypers()

    def get_hypers(self) -> dict[str, Any]:
        """The mapping that stands for it."""
        raise NotImplementedError(
            f"This basis functions set ({type(self).__name__}) does not have matching hyper parameters in the native"
            " calculators. It should be used through one of the spliner class instead of directly."
        )


class TensorProduct(ExpansionBasis):
    """The same radial functions for every degree up to `max_angular`."""

    def __init__(self, *, max_angular: int, radial: RadialBasis, spline_accuracy: float | None = 1e-8) -> None:
        self.max_angular, self.radial = int(max_angular), radial
        self.spline_accuracy = None if spline_accuracy is None else float(spline_accuracy)

    def get_hypers(self) -> dict[str, Any]:
        """The mapping that stands for it."""
        return {
            "type": "TensorProduct",
            "max_angular": self.max_angular,
            "radial": self.radial,
            "spline_accuracy": self.spline_accuracy,
        }

    def angular_channels(self) -> list[int]:
        """The degrees."""
        return list(range(self.max_angular + 1))

    def radial_basis(self, angular: int) -> RadialBasis:
        """The radial functions of a degree."""
        return self.radial
