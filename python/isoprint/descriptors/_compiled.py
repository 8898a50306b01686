"""Fingerprints that the compiled module makes of their parameters.

A parameter is one line of a class: its name, its type and its default; the compiled module knows it by the same name.
Here its value is looked at for its type, and nothing is taken for what it only looks like. Which numbers are in range
is known to the compiled module alone. It answers with a name, a value and a remedy, and the user is told the value as
it was written.
"""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeAlias, get_args, get_origin, get_type_hints

from isoprint import _core
from isoprint._support.arrays import short_repr
from isoprint._support.parameters import choice, flag, integer, number
from isoprint.descriptors._base import Descriptor
from isoprint.descriptors._settings import compiled
from isoprint.structures.elements import ANY, label_of, per_species

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform

    from isoprint._core import _Descriptor as Core
else:

    def dataclass_transform(**_options: Any) -> Callable[[Any], Any]:
        """Only type checkers need to be told."""
        return lambda cls: cls


# One value for all species, or one for each.
Reals: TypeAlias = float | Mapping[Any, float]
Wholes: TypeAlias = int | Mapping[Any, int]
# Parameters of every fingerprint, which are not the compiled module's.
_OURS = ("species", "periodic", "unknown_species", "centers", "average", "dtype")
# What no count is.
_NO_COUNT = -1
_LARGEST = 2**63 - 1


class Parameter(NamedTuple):
    """How the values of a parameter are read."""

    name: str
    read: Callable[[str, Any], Any]
    optional: bool
    by_species: bool


@dataclass_transform(kw_only_default=True, eq_default=False)
class CompiledDescriptor(Descriptor):
    """A fingerprint whose parameters are the annotated attributes of its class, in their order.

    Real numbers, integers, flags and choices (`Literal`), each of these by species, and `None` where it is among the
    types, reach the compiled module as they are. What is of any other type is put into the compiled module's terms by
    `_special`.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Give the class the constructor that its parameters describe."""
        dataclasses.dataclass(kw_only=True, eq=False, repr=False)(cls)
        super().__init_subclass__(**options)

    # Names of `_special` that have a value for each species.
    _special_by_species: ClassVar[tuple[str, ...]] = ()
    # Parameters of plain types that the compiled module does not know: `_special` makes something else of them.
    _not_compiled: ClassVar[tuple[str, ...]] = ()

    @staticmethod
    @abstractmethod
    def _made(parameters: dict[str, Any]) -> Core:
        """The compiled fingerprint of these parameters."""

    def _special(self, species: list[int]) -> dict[str, Any]:
        """Values, by the compiled module's names, of what is not of a plain type; by species in lists."""
        return {}

    def _read(self, name: str) -> Any:
        """The value of a parameter of a plain type, looked at."""
        found = next(parameter for parameter in parameters_of(type(self)) if parameter.name == name)
        return found.read(name, getattr(self, name))

    def _settings(self, species: list[int]) -> dict[str, Any]:
        """The parameters in the compiled module's terms."""
        special = self._special(species)
        common: dict[str, Any] = {"ignore_unknown_species": self.unknown_species == "ignore"}
        each: dict[str, list[Any]] = {"number": [None if number == ANY else number for number in species]}
        for name, read, optional, by_species in parameters_of(type(self)):
            if name in special or name in self._not_compiled:
                continue
            value = getattr(self, name)
            if by_species:
                each[name] = [read(name, entry) for entry in per_species(name, value, species)]
            else:
                common[name] = None if optional and value is None else read(name, value)
        each.update((name, special.pop(name)) for name in self._special_by_species)
        common["species"] = [dict(zip(each, values, strict=True)) for values in zip(*each.values(), strict=True)]
        return {**common, **special}

    def _compile(self, species: list[int]) -> Core:
        settings = self._settings(species)
        try:
            core: Core = compiled(self._made, settings)
        except _core.ParameterError as error:
            raise ValueError(self._told(error, settings)) from None
        return core

    def _told(self, error: _core.ParameterError, settings: dict[str, Any]) -> str:
        """What is out of range, as the user wrote it."""
        label, value = error.name, error.value
        parameter = next((known for known in parameters_of(type(self)) if known.name == error.name), None)
        if parameter is None:
            label, value = self._told_of_special(error)
        elif not parameter.by_species:
            value = short_repr(getattr(self, error.name))
        elif error.element in (numbers := [entry["number"] for entry in settings["species"]]):
            # Where no element is named, this is about several species, or about one that is any.
            given = getattr(self, error.name)
            label = _of_element(label, error.element) if isinstance(given, Mapping) else label
            species = [ANY if number is None else number for number in numbers]
            value = short_repr(per_species(label, given, species)[numbers.index(error.element)])
        return f"{label} is {value}; {error.remedy}"

    def _told_of_special(self, error: _core.ParameterError) -> tuple[str, str]:
        """The name and the value of a parameter that is the compiled module's, or part of one."""
        key, _, owner = error.name.partition(" of ")
        given = getattr(self, owner, None) if owner in self._defaults() else None
        if isinstance(given, Mapping) and key in given:
            return error.name, short_repr(given[key])
        return _of_element(error.name, error.element), error.value


def _of_element(name: str, element: int | None) -> str:
    return name if element is None else f"{name} of {label_of(element)!r}"


@cache
def parameters_of(cls: Any) -> list[Parameter]:
    """The parameters of a class that the compiled module takes as they are."""
    hints = get_type_hints(cls)
    found = (_parameter(field.name, hints[field.name]) for field in dataclasses.fields(cls))
    return [parameter for parameter in found if parameter is not None]


def _parameter(name: str, hint: Any) -> Parameter | None:
    """How a parameter of this type is read; `None` where that is nothing that holds for all of its type."""
    options = [hint] if get_origin(hint) is Literal else list(get_args(hint)) or [hint]
    plain = [option for option in options if option is not NoneType and get_origin(option) is not Mapping]
    read = _reader(plain[0]) if len(plain) == 1 and name not in _OURS else None
    if read is None:
        return None
    return Parameter(name, read, NoneType in options, len(options) - len(plain) > (NoneType in options))


def _reader(hint: Any) -> Callable[[str, Any], Any] | None:
    if get_origin(hint) is Literal:
        words = get_args(hint)
        return lambda name, value: choice(name, value, words)
    return {float: _real, int: _whole, bool: flag}.get(hint)


def _real(name: str, value: Any) -> float:
    """A number; NaN, which is in no range, for what is none."""
    return number(value)


def _whole(name: str, value: Any) -> int:
    """An integer that a machine holds; one that is in no range for what is none."""
    found = integer(value)
    return _NO_COUNT if found is None else max(_NO_COUNT, min(found, _LARGEST))
