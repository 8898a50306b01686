"""Parameters of featomic's calculators."""

from __future__ import annotations

from typing import Any

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import real, whole
from isoprint.translators._keys import keys, only

_LENGTH = "it must be a positive number of Å"


def soap(hypers: dict[str, Any], most: int, who: str = "SoapPowerSpectrum") -> dict[str, Any]:
    """Parameters of `isoprint.SOAP` that mean the same as those of featomic's `SoapPowerSpectrum`.

    Parameters
    ----------
    hypers : dict
        Of featomic.
    most : int
        The largest `n_max` that there is.
    who : str
        The calculator, for messages.
    """
    given = keys(f"featomic's {who}", hypers, ("cutoff", "density", "basis"))
    sphere = keys("cutoff", given["cutoff"], ("radius", "smoothing"))
    r_cut = real("radius of cutoff", sphere["radius"], above=0.0, remedy=_LENGTH)
    width, central_weight, weighting = _density(given["density"])
    n_max, l_max = _basis(given["basis"], r_cut, most)
    return {
        "r_cut": r_cut,
        "n_max": n_max,
        "l_max": l_max,
        "sigma": width,
        "basis": "gto_featomic",
        "cutoff_width": _smoothing(sphere["smoothing"], r_cut),
        "weighting": weighting,
        "central_weight": central_weight,
        "normalize": False,
        "convention": "featomic",
    }


def of_degree_zero(hypers: dict[str, Any]) -> dict[str, Any]:
    """Hyper-parameters of an expansion that is the same as featomic's `SoapRadialSpectrum`."""
    given = keys("featomic's SoapRadialSpectrum", hypers, ("cutoff", "density", "basis"))
    basis = keys("basis", given["basis"], ("radial",), ("spline_accuracy",))
    return {**given, "basis": {**basis, "type": "TensorProduct", "max_angular": 0}}


def composition(hypers: dict[str, Any]) -> Any:
    """Whether featomic's `AtomicComposition` counts by structure."""
    return keys("featomic's AtomicComposition", hypers, ("per_system",))["per_system"]


def _type(what: str, given: Any, supported: tuple[str, ...]) -> str:
    """The type that a mapping names, before its other keys are looked at."""
    kind = given.get("type") if hasattr(given, "get") else given
    if not hasattr(given, "get") or kind is None:
        raise ValueError(
            f"{what} is {short_repr(given)}; give a mapping with a type, such as {{'type': {supported[0]!r}, ...}}"
        )
    return only(f"type of {what}", kind, supported)


def _smoothing(given: Any, r_cut: float) -> float:
    kind = _type("smoothing", given, ("ShiftedCosine", "Step"))
    if kind == "Step":
        keys("smoothing", given, ("type",))
        return 0.0
    width = keys("smoothing", given, ("type", "width"))["width"]
    return real("width of smoothing", width, above=0.0, most=r_cut, remedy=f"it must be positive and at most {r_cut} Å")


def _density(given: Any) -> tuple[float, float, dict[str, Any] | None]:
    """Width, weight of the center, weights by distance."""
    _type("density", given, ("Gaussian",))
    known = keys("density", given, ("type", "width"), ("center_atom_weight", "scaling"))
    width = real("width of density", known["width"], above=0.0, remedy=_LENGTH)
    central = real(
        "center_atom_weight of density", known.get("center_atom_weight", 1.0), remedy="it must be a finite number"
    )
    scaling = known.get("scaling")
    if scaling is None:
        return width, central, None
    _type("scaling", scaling, ("Willatt2018",))
    numbers = keys("scaling", scaling, ("type", "scale", "rate", "exponent"))
    scale = real("scale of scaling", numbers["scale"], above=0.0, remedy=_LENGTH)
    rate = real("rate of scaling", numbers["rate"], above=0.0, remedy="it must be a positive number")
    exponent = real(
        "exponent of scaling", numbers["exponent"], least=1.0, remedy="it must be a number that is at least 1"
    )
    return width, central, {"function": "pow", "r0": scale, "c": rate, "d": rate, "m": exponent}


def _basis(given: Any, r_cut: float, most: int) -> tuple[int, int]:
    """Number of radial functions and highest degree; featomic counts the former from 0."""
    _type("basis", given, ("TensorProduct",))
    known = keys("basis", given, ("type", "max_angular", "radial"), ("spline_accuracy",))
    radial = known["radial"]
    _type("radial of basis", radial, ("Gto",))
    numbers = keys("radial of basis", radial, ("type", "max_radial"), ("radius",))
    radius = numbers.get("radius")
    if radius is not None and radius != r_cut:
        raise ValueError(
            f"radius of radial is {short_repr(radius)} while that of cutoff is {short_repr(r_cut)}; leave the first out"
        )
    return 1 + whole("max_radial", numbers["max_radial"], 0, most - 1), known["max_angular"]
