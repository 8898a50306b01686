"""The command `isoprint`: structures in; features, what these do not see, and models out."""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from isoprint._support import hints
from isoprint.cli._warnings import in_one_line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be text
    try:
        options = _parser().parse_args(_joined(sys.argv[1:] if arguments is None else arguments))
        with in_one_line():
            status = int(options.run(options))
            sys.stdout.flush()
            return status
    except KeyboardInterrupt:
        return _complain("interrupted", 130)
    except ImportError as problem:
        return _complain(f"{problem}; install it with pip")
    except RecursionError:
        return _complain("a parameter is nested too deeply; give it as documented")
    except OSError as problem:
        _drop_unwritable()
        return _complain(f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem))
    except (ValueError, TypeError, OverflowError, MemoryError) as problem:
        return _complain(str(problem) or type(problem).__name__)


def _complain(message: str, status: int = 2) -> int:
    print(f"isoprint: error: {' '.join(message.split())}", file=sys.stderr)
    return status


def _drop_unwritable() -> None:
    """Let go of what cannot be printed, on a full disk or down a closed pipe; Python would try again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _joined(arguments: Sequence[str]) -> list[str]:
    """Arguments in which a value such as `-3:` or `-1e-3`, which looks like an option, is one word with its option."""
    joined: list[str] = []
    for word in arguments:
        before = joined[-1] if joined else ""
        if re.match(r"-[0-9.]", word) and before.startswith("--") and before != "--" and "=" not in before:
            joined[-1] = f"{before}={word}"
        else:
            joined.append(word)
    return joined


class _Parser(argparse.ArgumentParser):
    """Errors in one line, with a hint where an option is not known; `--help` shows the rest."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Parse; what a command does not know is an error of its own, which knows what was near."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown and self.prog.count(" "):
            self.error(self._unknown(unknown))
        return options, unknown

    def _unknown(self, words: list[str]) -> str:
        options = [option for option in self._option_string_actions if option.startswith("--")]
        known = {option[2:].replace("-", "_"): option for option in options}
        said = []
        for word in words:
            if word.startswith("-") and word.strip("-"):
                near = hints.near(word.partition("=")[0].lstrip("-").replace("-", "_"), known)
                said.append(f"there is no option {word}{f'; did you mean {known[near]}?' if near else ''}")
        stray = f"{' '.join(words)!r} belongs to no option; switches such as --normalize or --no-normalize stand alone"
        return "; ".join(said) or stray

    def error(self, message: str) -> NoReturn:
        print(f"{self.prog}: error: {message} (see {self.prog} --help)", file=sys.stderr)
        raise SystemExit(2)


def _parser() -> _Parser:
    from isoprint import __version__
    from isoprint.cli import errors, fit, info, manifold, map, md, pairs, predict, relax, search, sensitivity, transform

    parser = _Parser(prog="isoprint", description="Atomic fingerprints of structures in files.")
    parser.add_argument("--version", action="version", version=f"isoprint {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (transform, info, map, sensitivity, manifold, pairs, fit, predict, errors, search, md, relax):
        command.add(commands)
    return parser
