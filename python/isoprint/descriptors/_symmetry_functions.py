"""Symmetry functions one by one: checked, and in the order of the columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import choice, number, real
from isoprint.structures.elements import ANY, number_of, per_species, spell

# Numbers of each kind, in the order in which they are given where they have no names.
NUMBERS = {
    "g1": (),
    "g2": ("eta", "r_s"),
    "g3": ("kappa",),
    "g4": ("eta", "zeta", "lambda", "r_s"),
    "g5": ("eta", "zeta", "lambda", "r_s"),
}
ANGULAR = ("g4", "g5")
_OPTIONAL = {"r_s": 0.0}


class Function(NamedTuple):
    """One column."""

    kind: str
    numbers: tuple[float, ...]
    r_cut: float
    # Places of the species of the neighbors; empty where all count.
    channels: tuple[int, ...]
    # Where it was listed, and its numbers as they were written there.
    where: str = ""
    given: tuple[Any, ...] = ()

    def settings(self) -> dict[str, Any]:
        """The function in the compiled module's terms."""
        numbers = dict(zip(NUMBERS[self.kind], self.numbers, strict=True))
        return {"kind": self.kind, **numbers, "r_cut": self.r_cut, "channels": self.channels or None}

    def label(self, name: str) -> str:
        """What a number of this function is called in messages."""
        return f"{name} in {self.where}" if name in NUMBERS[self.kind] else name

    def written(self, name: str, r_cut: Any) -> str:
        """A number as it was written; the cutoff is that of all functions where they have one."""
        names = NUMBERS[self.kind]
        return short_repr(self.given[names.index(name)] if name in names else r_cut)


def grid(
    species: list[int], r_cut: float, g1: bool, g2: Any, g3: Any, g4: Any, g5: Any, *, by_element: bool
) -> list[Function]:
    """The functions of every element and of every pair, in the order of DScribe."""
    radial = [Function("g1", (), r_cut, ())] if g1 else []
    radial += [*_several("g2", g2, r_cut), *_several("g3", g3, r_cut)]
    angular = [*_several("g4", g4, r_cut), *_several("g5", g5, r_cut)]
    ones: list[tuple[int, ...]] = [()]
    pairs: list[tuple[int, ...]] = [()]
    if by_element:
        n = len(species)
        ones, pairs = [(a,) for a in range(n)], [(b, a) for a in range(n) for b in range(a + 1)]
    functions = [function._replace(channels=channels) for channels in ones for function in radial]
    functions += [function._replace(channels=channels) for channels in pairs for function in angular]
    if not functions:
        raise ValueError("there are no functions; give g2, g3, g4 or g5, or g1=True, or take ACSF.standard()")
    return functions


def _several(kind: str, given: Any, r_cut: float) -> list[Function]:
    """The functions of one kind."""
    names = NUMBERS[kind]
    shape = f"({', '.join('R_s' if name == 'r_s' else name for name in names)})" if len(names) > 1 else names[0]
    if _is_no_list(given):
        raise ValueError(f"{kind} is {short_repr(given)}; give a sequence with one {shape} a function")
    needed = len([name for name in names if name not in _OPTIONAL or kind == "g2"])
    found = []
    for place, entry in enumerate(given):
        # G3 has one number, which may stand alone.
        alone = isinstance(entry, (str, bytes)) or not isinstance(entry, Iterable)
        written = [entry] if alone else list(entry)
        if not needed <= len(written) <= len(names):
            raise ValueError(f"entry {place} of {kind} is {short_repr(entry)}; give {shape}")
        written += [_OPTIONAL[name] for name in names[len(written) :]]
        found.append(_function(kind, written, r_cut, (), f"entry {place} of {kind}"))
    return found


def _function(kind: str, written: list[Any], r_cut: float, channels: tuple[int, ...], where: str) -> Function:
    return Function(kind, tuple(map(number, written)), r_cut, channels, where, tuple(written))


def _is_no_list(given: Any) -> bool:
    """Whether this cannot be walked through, or not twice: columns are made first, and named later."""
    return isinstance(given, (str, bytes, bytearray, Mapping, Iterator)) or not isinstance(given, Iterable)


def one_by_one(functions: Any, species: list[int], r_cut: float) -> list[Function]:
    """The functions of a list of mappings, in its order."""
    if _is_no_list(functions):
        raise ValueError(f"functions is {short_repr(functions)}; give a sequence of mappings, one a column")
    found = [_one(place, given, species, r_cut) for place, given in enumerate(functions)]
    if not found:
        raise ValueError("functions is empty; list at least one, or leave it out and give g2, g3, g4 or g5")
    return found


def _one(place: int, given: Any, species: list[int], r_cut: float) -> Function:
    where = f"entry {place} of functions"
    if not isinstance(given, Mapping):
        raise ValueError(
            f"{where} is {short_repr(given)}; give a mapping such as {{'kind': 'g2', 'eta': 0.5, 'species': 'H'}}"
        )
    kind = choice(f"kind in {where}", given.get("kind"), tuple(NUMBERS))
    names = NUMBERS[kind]
    known = ("kind", *names, "species", "r_cut")
    for name in given:
        if name not in known:
            raise ValueError(f"{where} has the key {name!r}; those of {kind} are {', '.join(known)}")
    missing = [name for name in names if name not in given and name not in _OPTIONAL]
    if missing:
        raise ValueError(f"{where} has no {', '.join(missing)}, which {kind} needs; give every one")
    written = [given.get(name, _OPTIONAL.get(name)) for name in names]
    own = (
        r_cut
        if "r_cut" not in given
        else real(
            f"r_cut in {where}",
            given["r_cut"],
            above=0.0,
            most=r_cut,
            remedy=f"it must be a positive number up to r_cut, {r_cut} Å",
        )
    )
    return _function(kind, written, own, _channels(where, kind, given.get("species"), species), where)


def _channels(where: str, kind: str, given: Any, species: list[int]) -> tuple[int, ...]:
    """Places of the elements of a function among the species."""
    if given is None:
        return ()
    elements = [given] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    expected = 2 if kind in ANGULAR else 1
    if len(elements) != expected:
        raise ValueError(
            f"species in {where} is {short_repr(given)}; {kind} is about"
            f" {('one element', 'two elements')[expected - 1]}, or about all if there is no such key"
        )
    numbers = [number_of(element, f"species in {where}") for element in elements]
    strangers = [found for found in numbers if found not in species]
    if strangers:
        known = "any element" if species == [ANY] else spell(species)
        raise ValueError(
            f"species in {where} include {spell(strangers)}, not among the species {known}; add them to species"
        )
    return tuple(sorted(map(species.index, numbers)))


def weights_of(given: Any, species: list[int]) -> list[float] | list[None]:
    """What a neighbor of each species counts for where all elements share a function; `None`: the same, one."""
    if given is None:
        return [None] * len(species)
    if isinstance(given, str):
        choice("weights", given, ("number",))
        if species == [ANY]:
            raise ValueError("weights is 'number', but species 'any' is a single one; name the elements in species")
        return list(map(float, species))
    return [
        real("weights", value, remedy="it must be 'number', a finite number, or a mapping of such by element")
        for value in per_species("weights", given, species)
    ]
