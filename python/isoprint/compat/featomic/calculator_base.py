"""What all calculators have in common: hyper-parameters in, a `TensorMap` out."""

from __future__ import annotations

import json
from typing import Any

from isoprint._support.arrays import short_repr
from isoprint.compat.featomic import _kinds
from isoprint.compat.featomic._assembly import compute
from isoprint.compat.featomic._selection import Selections
from isoprint.compat.featomic.hypers import hypers_to_json
from isoprint.compat.featomic.status import FeatomicError
from isoprint.compat.featomic.systems import systems_of

_GRADIENTS = ("positions", "cell", "strain")


class CalculatorBase:
    """A calculator by the name that featomic has for it, or the base class of those that have classes.

    Parameters
    ----------
    name : str
        `"soap_power_spectrum"`, `"spherical_expansion"`, `"soap_radial_spectrum"` or `"atomic_composition"`.
    parameters : str
        Hyper-parameters as JSON.

    Raises
    ------
    FeatomicError
        For another name, and for text that is not JSON.
    ValueError
        For hyper-parameters that are not known, out of range, or not supported, by name.
    """

    def __init__(self, name: str, parameters: str) -> None:
        self._c_name, self._parameters = name, parameters
        if name not in _kinds.BY_NAME:
            known = ", ".join(_kinds.BY_NAME)
            raise FeatomicError(f"invalid parameter: unknown calculator with name '{name}'; known here are {known}")
        try:
            hypers = json.loads(parameters)
        except json.JSONDecodeError as error:
            raise FeatomicError(f"json error: {error}") from None
        self._kind = _kinds.BY_NAME[name](hypers)

    @classmethod
    def _of(cls, name: str, hypers: dict[str, Any]) -> str:
        """The hyper-parameters of a class as JSON."""
        try:
            return json.dumps(hypers_to_json(hypers))
        except TypeError as error:
            raise ValueError(f"hyper-parameters of {name} are no plain numbers and words: {error}") from None

    @property
    def name(self) -> str:
        """The name in words."""
        name: str = self._kind.name
        return name

    @property
    def c_name(self) -> str:
        """The name by which it is made."""
        return self._c_name

    @property
    def parameters(self) -> str:
        """The hyper-parameters as JSON."""
        return self._parameters

    @property
    def cutoffs(self) -> list[float]:
        """The radii in Å up to which neighbors are seen."""
        cutoffs: list[float] = self._kind.cutoffs
        return cutoffs

    def compute(
        self,
        systems: Any,
        *,
        gradients: list[str] | None = None,
        use_native_system: bool = True,
        selected_samples: Any = None,
        selected_properties: Any = None,
        selected_keys: Any = None,
    ) -> Any:
        """Describe every atom.

        Parameters
        ----------
        systems : structure, or list of structures
            `ase.Atoms`, frames of chemfiles, objects with the methods of `SystemBase`.
        gradients : list of {"positions", "strain", "cell"}, optional
            The gradients to compute.
        use_native_system : bool
            Accepted; neighbors are always found here.
        selected_samples, selected_properties : metatensor.Labels or metatensor.TensorMap, optional
            The samples or properties to keep: those of the default ones that are among these labels, or that agree with
            them where these have fewer names; or, for each key, those of its block.
        selected_keys : metatensor.Labels, optional
            The keys to keep.

        Returns
        -------
        metatensor.TensorMap
            With featomic's keys, samples, components, properties and gradients.

        Raises
        ------
        FeatomicError
            For selections and gradients that there are not.
        ImportError
            Where metatensor is not installed.
        """
        asked = _gradients(gradients)
        selections = Selections(selected_samples, selected_properties, selected_keys)
        return compute(self._kind, systems_of(systems), asked, selections)


def _gradients(given: Any) -> tuple[str, ...]:
    if given is None:
        return ()
    if not isinstance(given, list):
        raise ValueError(f"`gradients` parameter must be a list of str, got a {type(given)}")
    for name in given:
        if not isinstance(name, str):
            raise ValueError(f"`gradients` parameter must be a list of str, got a {type(name)} in the list")
        if name not in _GRADIENTS:
            raise FeatomicError(
                f'invalid parameter: unexpected gradient "{short_repr(name)[1:-1]}", should be one of "positions",'
                ' "cell", or "strain"'
            )
    return tuple(name for name in _GRADIENTS if name in given)
