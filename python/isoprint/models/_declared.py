"""What a user gives as `descriptor`: one fingerprint, or several terms, each with a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isoprint._support.arrays import short_repr
from isoprint.models.clusters import ClusterTerm
from isoprint.models.pair_potential import PairPotential
from isoprint.models.term import Term

_GIVE = "give a fingerprint of isoprint, a Term, or a list of these"


def named(given: Any) -> dict[str, Any]:
    """Everything in a list or mapping, by name; one thing alone has the name of its class."""
    if isinstance(given, Mapping):
        names, things = [str(name) for name in given], list(given.values())
    elif isinstance(given, (list, tuple)):
        told = [each if _is_pair(each) else (None, each) for each in given]
        names, things = _numbered(told), [thing for _, thing in told]
    else:
        return {_called(given): given}
    if not things:
        raise ValueError(f"descriptor has no terms; {_GIVE}")
    for name in names:
        if "__" in name or not name or names.count(name) > 1:
            raise ValueError(f"the name {name!r} of a term is empty, has two underscores, or appears twice")
    return dict(zip(names, things, strict=True))


def terms_of(given: Any) -> dict[str, Term]:
    """The terms that learn, by name."""
    terms = {}
    for name, thing in named(given).items():
        term = thing if isinstance(thing, Term) else Term(thing)
        if is_fixed(term.descriptor):
            if isinstance(thing, Term):
                raise ValueError(f"{name} is a Term of a PairPotential, which does not learn; leave the Term away")
            continue
        is_class = isinstance(term.descriptor, type)
        if is_class or not (is_clusters(term.descriptor) or hasattr(term.descriptor, "iter_derivatives")):
            raise TypeError(f"descriptor is {short_repr(term.descriptor)}; {_GIVE}")
        terms[name] = term
    if not terms:
        raise ValueError(f"no term of the model learns; {_GIVE}")
    return terms


def fixed_of(given: Any) -> list[PairPotential]:
    """What is there before anything is learned."""
    return [thing for thing in named(given).values() if is_fixed(thing)]


def fingerprints_of(given: Any) -> list[Any]:
    """The descriptors of the terms that are of fingerprints."""
    return [term.descriptor for term in terms_of(given).values() if not is_clusters(term.descriptor)]


def is_clusters(thing: Any) -> bool:
    """Whether a term is of pairs or triples."""
    return isinstance(thing, ClusterTerm)


def is_fixed(thing: Any) -> bool:
    """Whether a term has no weights."""
    return isinstance(thing, PairPotential)


def replaced(given: Any, name: str, value: Any) -> Any:
    """The list or mapping with another thing under a name."""
    names = list(named(given))
    if isinstance(given, Mapping):
        return {key: value if str(key) == name else thing for key, thing in given.items()}
    place = names.index(name)
    other = (name, value) if _is_pair(given[place]) else value
    return type(given)([*given[:place], other, *given[place + 1 :]])


def _is_pair(thing: Any) -> bool:
    return isinstance(thing, tuple) and len(thing) == 2 and isinstance(thing[0], str)


def _called(thing: Any) -> str:
    return type(thing.descriptor if isinstance(thing, Term) else thing).__name__.lower()


def _numbered(told: list[Any]) -> list[str]:
    """Names as scikit-learn's `make_union` gives them."""
    plain = [_called(thing) if name is None else name for name, thing in told]
    seen: dict[str, int] = {}
    names = []
    for (name, _), word in zip(told, plain, strict=True):
        seen[word] = seen.get(word, 0) + 1
        names.append(f"{word}-{seen[word]}" if name is None and plain.count(word) > 1 else word)
    return names
