"""What the words of a command line mean as parameters of a fingerprint."""

from __future__ import annotations

import argparse
import re
from typing import Any

# Python itself would read 1_1 as the number 11, and the digits of all scripts.
_WHOLE = re.compile(r"[+-]?[0-9]{1,300}")
_REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(inf|nan)")
_PAIR = re.compile(r"\w+\s*=.+")
_SHELL = re.compile(r"[0-9]+:[^:]+")


def value(text: str) -> Any:
    """A number, a word, several after commas, several by species as `C=8,H=5`, or shells as `0:1,0:1.4`."""
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if entries and all(map(_PAIR.fullmatch, entries)):
        return _table(text, [entry.partition("=") for entry in entries])
    if entries and all(map(_SHELL.fullmatch, entries)):
        return [(int(l), _single(factor.strip())) for l, _, factor in (entry.partition(":") for entry in entries)]
    return [_single(entry) for entry in entries] if "," in text else _single(text.strip())


def _table(text: str, pairs: list[tuple[str, str, str]]) -> dict[Any, Any]:
    keys = [_key(key.strip()) for key, _, _ in pairs]
    if len(set(keys)) < len(keys):
        raise argparse.ArgumentTypeError(f"{text!r} says two things of one")
    return {key: _single(entry.strip()) for key, (_, _, entry) in zip(keys, pairs, strict=True)}


def numbered(given: Any) -> Any:
    """A table of a TOML file, whose keys are words, with numbers for the atomic numbers among them."""
    return {_key(key): entry for key, entry in given.items()} if isinstance(given, dict) else given


def _key(text: str) -> int | str:
    return int(text) if _WHOLE.fullmatch(text) else text


def _single(text: str) -> Any:
    """A number, `None`, or the word itself."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if _REAL.fullmatch(text):
        return float(text)
    return None if text.lower() == "none" else text
