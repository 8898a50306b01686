"""Keys and values of an argument string of QUIP, each read as what it should be."""

from __future__ import annotations

import difflib
import inspect
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

_PAIR = re.compile(
    r"""(?P<key>[A-Za-z_]\w*)\s*=\s*(?:\{+(?P<array>[^{}]*)\}+|"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<word>[^\s{}"'=]+))\s*"""
)
_FLAG = re.compile(r"(?P<key>[A-Za-z_]\w*),?(?:\s+|$)")
_REMAINDER = re.compile(r"\S+\s*")

# Keys of `gap_fit` and of scripts that write strings for it: descriptors never look at them.
_OF_THE_FIT = frozenset(
    name.lower()
    for name in """
    add_species config_type_n_sparse covariance_type delta element energy_scale f0 label mark_sparse_atoms n_sparse
    name nZ print_sparse_index sparse_file sparse_method theta theta_fac theta_file theta_uniform
    unique_descriptor_tolerance unique_hash_tolerance zeta
    """.split()
)
_TRUE, _FALSE = ("T", "TRUE"), ("F", "FALSE")


class Arguments:
    """Keys and values of an argument string.

    Keys are found whatever the case of their letters, as QUIP finds them; a key without a value is true. Keys of a fit
    are passed over with one warning that names them.

    Parameters
    ----------
    text : str
        The name of the descriptor, and keys with their values.
    name : str
        The name that the text must begin with.
    known : sequence of str
        The keys that mean something to this descriptor.
    flags : sequence of str
        Those of them that may stand alone.
    lenient : bool
        Read the text as QUIP does: a key that nobody knows changes nothing, and of a key that appears twice the last
        one counts. Both are named in the warning. Otherwise they are errors.
    """

    def __init__(
        self, text: str, name: str, known: Sequence[str], flags: Sequence[str] = (), *, lenient: bool = False
    ) -> None:
        head, _, rest = text.strip().partition(" ")
        if head.lower() != name:
            raise ValueError(f"the argument string begins with {head!r}; it must begin with {name!r}")
        self._known, self._flags, self._lenient = known, flags, lenient
        self._spelling = {key.lower(): key for key in known}
        self._values: dict[str, list[str]] = {}
        self._whole: dict[str, str] = {}
        self._passed_over: list[str] = []
        self._repeated: list[str] = []
        self._read(rest.strip())
        self._warn()

    def _read(self, rest: str) -> None:
        place = 0
        while place < len(rest):
            pair = _PAIR.match(rest, place)
            flag = None if pair else _FLAG.match(rest, place)
            if pair is not None:
                value = next(value for value in pair.group("array", "double", "single", "word") if value is not None)
                self._add(pair["key"], value)
                place = pair.end()
            elif flag is not None and self._stands_alone(flag["key"]):
                self._add(flag["key"], "T")
                place = flag.end()
            elif self._lenient:
                remainder = _REMAINDER.match(rest, place)
                assert remainder is not None  # something is left, and it does not begin with a space
                self._passed_over.append(remainder[0].strip())
                place = remainder.end()
            else:
                raise ValueError(
                    f"the argument string cannot be understood from {rest[place : place + 40]!r} on;"
                    " write key=value or key={a b c}"
                )

    def _stands_alone(self, key: str) -> bool:
        return key.lower() in _OF_THE_FIT or self._spelling.get(key.lower()) in self._flags

    def _add(self, given: str, value: str) -> None:
        if given.lower() == "add_species" and value.strip().upper().strip(".") in _FALSE:
            return
        key = self._spelling.get(given.lower())
        if key is None:
            if given.lower() not in _OF_THE_FIT and not self._lenient:
                raise ValueError(f"the key {given!r} of the argument string is unknown; {self._remedy(given)}")
            self._passed_over.append(given)
            return
        if key in self._values:
            if not self._lenient:
                raise ValueError(f"the key {key!r} appears twice in the argument string; keep one")
            self._repeated.append(key)
        self._whole[key] = value.strip()
        self._values[key] = value.strip("{} ").replace(",", " ").split()

    def _remedy(self, key: str) -> str:
        near = difflib.get_close_matches(key, self._known, n=3)
        return f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(self._known)}"

    def _warn(self) -> None:
        parts = []
        fit = [key for key in self._passed_over if key.lower() in _OF_THE_FIT]
        unknown = [key for key in self._passed_over if key.lower() not in _OF_THE_FIT]
        if fit:
            parts.append(
                f"passed over in the argument string, since they change a fit and no descriptor: {', '.join(fit)}"
            )
        for key in unknown:
            near = difflib.get_close_matches(key, self._known, n=1)
            parts.append(
                f"{key!r} of the argument string is no key of this descriptor, so it is passed over, as QUIP does"
                + (f"; did you mean {near[0]}?" if near else "")
            )
        parts += [f"{key} appears twice in the argument string; the last one counts" for key in self._repeated]
        if parts:
            warnings.warn("; ".join(parts), UserWarning, stacklevel=_outside())

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def either(self, key: str, alias: str) -> str:
        """The one of two names of a required thing that is there."""
        if key in self and alias in self:
            raise ValueError(f"{key} and its other name {alias} are both in the argument string; keep one")
        if key not in self and alias not in self:
            raise ValueError(f"{key} is missing from the argument string")
        return key if key in self else alias

    def text(self, key: str) -> str:
        """The value as it is written."""
        return self._whole[key]

    def word(self, key: str, default: str) -> str:
        """The value as one text."""
        return " ".join(self._values[key]) if key in self else default

    def flag(self, key: str, default: bool) -> bool:
        """The value as Fortran writes true and false."""
        word = self.word(key, "T" if default else "F")
        if word.upper().strip(".") not in _TRUE + _FALSE:
            raise ValueError(f"{key} is {word!r}; write T or F")
        return word.upper().strip(".") in _TRUE

    def integers(self, key: str) -> list[int]:
        """All integers of a value; none where the key is missing."""
        return [_number(key, word, int) for word in self._values.get(key, [])]

    def reals(self, key: str) -> list[float]:
        """All numbers of a value."""
        return [_number(key, word, _fortran) for word in self._values[key]]

    def integer(self, key: str, default: int | None = None) -> int:
        """The one integer of a value."""
        return int(self._one(key, self.integers(key) if key in self else [], default))

    def real(self, key: str, default: float | None = None) -> float:
        """The one number of a value."""
        return float(self._one(key, self.reals(key) if key in self else [], default))

    def _one(self, key: str, values: list[Any], default: Any) -> Any:
        if key not in self:
            if default is None:
                raise ValueError(f"{key} is missing from the argument string")
            return default
        if len(values) != 1:
            raise ValueError(f"{key} is {self._whole[key]!r}; give one number")
        return values[0]


def _outside() -> int:
    """How many calls up the one of the user is, for a warning that is given by the caller of this function."""
    level, frame = 0, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").startswith("isoprint."):
        level, frame = level + 1, frame.f_back
    return level


def _number(key: str, word: str, convert: Any) -> Any:
    try:
        return convert(word)
    except ValueError:
        kind = "an integer" if convert is int else "a number"
        raise ValueError(f"{key} contains {word!r}, which is not {kind}") from None


def _fortran(word: str) -> float:
    """A real number, also with Fortran's exponents: `1.5d0`."""
    return float(re.sub(r"(?<=[\d.])[dD](?=[+-]?\d)", "e", word))


def written(values: Mapping[str, Any]) -> str:
    """Keys and values of Python as an argument string has them."""
    return " ".join(key if value is None else f"{key}={_written(value)}" for key, value in values.items())


def _written(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "T" if value else "F"
    if isinstance(value, str):
        return value if value and not re.search(r"\s", value) else f'"{value}"'
    if isinstance(value, (list, tuple, np.ndarray)):
        return "{" + " ".join(_written(one) for one in value) + "}"
    return str(value)


def named(text: str, names: Collection[str]) -> tuple[str, str]:
    """Which descriptor an argument string is of, and the string with that name at its beginning.

    The name may stand anywhere, and may be written as a key that is true.
    """
    words = re.compile(
        r"(?<![\w=])(?P<name>[A-Za-z]\w*)\b(?:\s*=\s*(?:T|True|\.true\.)?(?=\s|$)|(?=\s|$))", re.IGNORECASE
    )
    found = [word for word in words.finditer(_BRACED.sub(_blank, text)) if word["name"].lower() in names]
    if len(found) == 1:
        start, end = found[0].span()
        return found[0]["name"].lower(), f"{found[0]['name']} {text[:start]} {text[end:]}".strip()
    choices = ", ".join(names)
    if len(found) > 1:
        raise ValueError(
            f"the argument string names {len(found)} descriptors, {' and '.join(word['name'] for word in found)};"
            " make one object of each"
        )
    beginning = text.split(maxsplit=1)[0] if text else "nothing"
    raise ValueError(
        f"the argument string begins with {beginning!r} and names no descriptor that is supported: {choices}"
    )


_WORD = re.compile(r"(?<![\w=])(?P<name>[a-z]\w*)\b(?:\s*=\s*(?:t|true|\.true\.)?)?(?=\s|$)", re.IGNORECASE)
_BRACED = re.compile(r"\{[^{}]*\}|\"[^\"]*\"|'[^']*'")


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])
