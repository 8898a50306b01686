"""Parameters in a TOML file."""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from isoprint._support import hints
from isoprint.cli._values import numbered


def read(path: str) -> dict[str, Any]:
    """The parameters that a file holds; atomic numbers may be keys of its tables."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as problem:
        raise ValueError(f"{path} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        raise ValueError(f"{path} is not text in UTF-8, as TOML is: see byte {problem.start}") from None
    try:
        return {key: numbered(value) for key, value in tomllib.loads(text).items()}
    except RecursionError:
        raise ValueError(f"{path} has brackets in brackets, deeper than any parameter needs; remove them") from None
    except ValueError as problem:  # of TOML, or of a number with too many digits
        raise ValueError(f"{path} is not valid TOML: {str(problem).partition(';')[0]}") from None


def require_known(path: str, given: Collection[str], name: str, known: Collection[str], every: Collection[str]) -> None:
    """Raise where a key is no parameter of the fingerprint `name`; `every` are the names of all fingerprints."""
    for key in given:
        if key in known:
            continue
        if key in every:
            hint = f"say descriptor = {key!r}, and put its parameters beside it rather than into a table"
        else:
            near = hints.near(key, known)
            hint = f"did you mean {near!r}?" if near else f"there are {', '.join(known)}"
        raise ValueError(f"{path}: {name} has no parameter {key!r}; {hint}")


def table(path: str, name: str, owner: type, known: Collection[str]) -> dict[str, Any]:
    """A table of the file, whose keys are parameters of a class."""
    found = read(path).get(name, {})
    if not isinstance(found, dict):
        raise ValueError(f"{path}: {name} is {found!r}; it must be a table, as under [{name}]")
    for key in found:
        if key not in known:
            near = hints.near(str(key), known)
            hint = f"did you mean {near!r}?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"{path}: {owner.__name__} has no parameter {key!r}; {hint}")
    return {key: numbered(value) for key, value in found.items()}
