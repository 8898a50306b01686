"""Options that say where the labels of structures stand."""

from __future__ import annotations

import argparse

_WHERE = {"energy": "info", "forces": "arrays", "virial": "info"}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Names of the labels."""
    group = parser.add_argument_group("labels")
    for kind, store in _WHERE.items():
        group.add_argument(f"--{kind}", metavar="KEY", help=f"name in {store}, or none to pass over ({kind})")


def keys(options: argparse.Namespace) -> dict[str, str | None]:
    """The names that were given; the word none passes over a label."""
    given = vars(options)
    found = {kind: given[kind] for kind in _WHERE if kind in given}
    return {kind: None if key.lower() == "none" else key for kind, key in found.items()}
