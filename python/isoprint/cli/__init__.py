"""The command `isoprint`: structures in, features and what they do not see out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from isoprint.cli._warnings import in_one_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    try:
        options = _parser().parse_args(arguments)
        with in_one_line():
            return int(options.run(options))
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except ImportError as problem:
        return _complain(f"{problem}; install it with pip")
    except (ValueError, TypeError, OSError, MemoryError) as problem:
        return _complain(str(problem) or type(problem).__name__)


def _complain(message: str, status: int = 2) -> int:
    print(f"isoprint: error: {' '.join(message.split())}", file=sys.stderr)
    return status


class _Parser(argparse.ArgumentParser):
    """Errors in one line; `--help` shows the rest."""

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: error: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def _parser() -> _Parser:
    from isoprint import __version__
    from isoprint.cli import manifold, pairs, sensitivity, transform

    parser = _Parser(prog="isoprint", description="Atomic fingerprints of structures in files.")
    parser.add_argument("--version", action="version", version=f"isoprint {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (transform, sensitivity, manifold, pairs):
        command.add(commands)
    return parser
