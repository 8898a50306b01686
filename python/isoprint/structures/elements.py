"""Chemical symbols and atomic numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import integer

# Place is atomic number; "X" stands for a ghost atom, as in ASE.
SYMBOLS = tuple(
    """
    X H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr
    Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu
    Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr
    Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og
    """.split()
)
_NUMBERS = {symbol: number for number, symbol in enumerate(SYMBOLS)}
# The largest atomic number.
LAST = len(SYMBOLS) - 1
# Stands, alone, for one species that every element belongs to; no atom has this number.
ANY = -1


def symbol_of(number: int) -> str:
    """The symbol of an atomic number; `Z=123` where there is none."""
    return SYMBOLS[number] if 0 <= number < len(SYMBOLS) else f"Z={number}"


def number_of(element: Any, name: str = "species") -> int:
    """The atomic number of a symbol, or of an atomic number; `name` is the parameter that is blamed."""
    if isinstance(element, str):
        if element in _NUMBERS:
            return _NUMBERS[element]
    else:
        number = integer(element)
        if number is not None and 0 <= number <= LAST:
            return number
    raise ValueError(
        f"{name} contains {short_repr(element)}, which is no element; write a symbol such as 'C' or an atomic number"
    )


def numbers_of(elements: Any, name: str) -> list[int]:
    """The atomic numbers of one element or of several different ones, in their order; of a set, by atomic number."""
    if isinstance(elements, (bytes, bytearray, memoryview, Iterator)):
        raise ValueError(
            f"{name} is {short_repr(elements)}; give a list of symbols or atomic numbers such as ['H', 'O']"
        )
    if isinstance(elements, str) or not isinstance(elements, Iterable) or getattr(elements, "shape", None) == ():
        elements = [elements]
    numbers = [number_of(element, name) for element in elements]
    if isinstance(elements, (set, frozenset)):
        numbers.sort()
    _require_once(numbers, name)
    return numbers


def _require_once(numbers: list[int], name: str) -> None:
    repeated = sorted({symbol_of(number) for number in numbers if numbers.count(number) > 1})
    if repeated:
        raise ValueError(f"{name} contains {', '.join(repeated)} more than once; list every element once")


def label_of(number: int) -> str:
    """What a species is called: its symbol, or `any`."""
    return "any" if number == ANY else symbol_of(number)


def spell(numbers: Iterable[int]) -> str:
    """A readable list of elements: `'H', 'O'`."""
    return ", ".join(repr(symbol_of(int(number))) for number in numbers)


def by_element(name: str, value: Mapping[Any, Any]) -> dict[int, Any]:
    """Return a mapping of species by atomic number, which no two keys may share."""
    numbers = [number_of(element, name) for element in value]
    _require_once(numbers, name)
    return dict(zip(numbers, value.values(), strict=True))


def per_species(name: str, value: Any, numbers: list[int]) -> list[Any]:
    """One entry a species, from one value for all or from a mapping by element that covers exactly the species."""
    if not isinstance(value, Mapping):
        return [value] * len(numbers)
    if numbers == [ANY]:
        raise ValueError(f"{name} is a mapping, but species 'any' is a single one; give one number")
    by_number = by_element(name, value)
    strangers = [number for number in by_number if number not in numbers]
    if strangers:
        raise ValueError(
            f"{name} has entries for {spell(strangers)}, not among the species {spell(numbers)};"
            " remove them or add them to species"
        )
    missing = [number for number in numbers if number not in by_number]
    if missing:
        raise ValueError(f"{name} has no entry for {spell(missing)}; give one for every species: {spell(numbers)}")
    return [by_number[number] for number in numbers]
