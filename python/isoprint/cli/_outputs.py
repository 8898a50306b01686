"""Where commands put what they have found, looked at before anything is computed."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from isoprint._support import output
from isoprint.cli import _files

Check = Callable[[str], Any]


def require(options: Namespace, check_output: Check = output.require_place, *, in_place: bool = False) -> None:
    """Refuse outputs that cannot be put where they shall be, or that would replace what the command reads.

    Parameters
    ----------
    options : Namespace
        Of the command.
    check_output : callable
        Refuses a path that OUT must not be.
    in_place : bool
        Whether OUT may be the input, because it will hold all of it.
    """
    given = vars(options)
    checks: Mapping[str, Check] = {
        "output": check_output,
        "plot": _figure,
        "json": text,
        "chemiscope": _chemiscope,
        "log": text,
        "checkpoint": output.require_place,
    }
    seen: dict[str, str] = {}
    for name, check in checks.items():
        if name not in given:
            continue
        check(given[name])
        sources = {name: given.get(name) for name in ("config", "model")}
        inputs = [given.get("input", "")] if isinstance(given.get("input", ""), str) else given["input"]
        read_too = [("input", _files.parted(entry)[0]) for entry in inputs]
        for source, read in [*read_too, *sources.items()]:
            if not (in_place and (name, source) == ("output", "input")) and _same(given[name], read):
                raise ValueError(
                    f"--{name} is {given[name]!r}, which is the file that is read; it would be lost, give another name"
                )
        for other, taken in seen.items():
            if _same(given[name], taken) or Path(given[name]) == Path(taken):
                raise ValueError(f"--{name} and --{other} are both {given[name]!r}; give each a name of its own")
        seen[name] = given[name]


def text(path: str) -> None:
    """Refuse a path where no text may be put; a pipe will do."""
    output.require_place(path, stream=True)


def _figure(path: str) -> None:
    try:
        from isoprint.extras.plotting import named_figure

        named = named_figure(path)
    except ImportError:
        raise ImportError('figures need matplotlib: pip install "isoprint[plot]"') from None
    output.require_place(named, stream=True)


def _chemiscope(path: str) -> None:
    from isoprint.extras.chemiscope import require_place

    require_place(path)


def _same(path: str, other: str | None) -> bool:
    """Whether two names lead to one existing file."""
    try:
        return other is not None and os.path.samefile(path, other)  # noqa: PTH121  (pathlib may not find a name)
    except (OSError, ValueError):
        return False
