"""The density of an atom."""

from __future__ import annotations

from typing import Any


class RadialScaling:
    """Weights of neighbors by distance; of one's own they have no counterpart in the calculators."""

    def _featomic_hypers(self) -> dict[str, Any]:
        return self.get_hypers()

    def get_hypers(self) -> dict[str, Any]:
        """The mapping that stands for it."""
        raise NotImplementedError(
            f"this density scaling ({type(self).__name__}) does not have matching hyper parameters in the native"
            " calculators"
        )


class Willatt2018(RadialScaling):
    """The weight `rate / (rate + (r / scale)^exponent)`."""

    def __init__(self, *, exponent: int, rate: float, scale: float) -> None:
        self.exponent, self.rate, self.scale = int(exponent), float(rate), float(scale)

    def get_hypers(self) -> dict[str, Any]:
        """The mapping that stands for it."""
        return {"type": "Willatt2018", "exponent": self.exponent, "rate": self.rate, "scale": self.scale}


class AtomicDensity:
    """A density of atoms; of one's own it has no counterpart in the calculators."""

    def __init__(self, *, center_atom_weight: float = 1.0, scaling: RadialScaling | None = None) -> None:
        self.center_atom_weight = float(center_atom_weight)
        self.scaling = scaling

    def get_hypers(self) -> dict[str, Any]:
        """The mapping that stands for it."""
        raise NotImplementedError(
            f"This density ({type(self).__name__}) does not have matching hyper parameters in the native calculators."
            " It should be used through one of the spliner class instead of directly."
        )

    def _featomic_hypers(self) -> dict[str, Any]:
        return {**self.get_hypers(), "center_atom_weight": self.center_atom_weight, "scaling": self.scaling}


class Gaussian(AtomicDensity):
    """A Gaussian of this `width` in Å, whose square integrates to one."""

    def __init__(self, *, width: float, center_atom_weight: float = 1.0, scaling: RadialScaling | None = None) -> None:
        super().__init__(center_atom_weight=center_atom_weight, scaling=scaling)
        self.width = float(width)

    def get_hypers(self) -> dict[str, Any]:
        """The mapping that stands for it."""
        return {"type": "Gaussian", "width": self.width}
