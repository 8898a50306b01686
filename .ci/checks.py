#!/usr/bin/env python3
"""The one list of checks: nox, `.ci/run` and the workflows call it; a new check is one line in `CHECKS`.

    python .ci/checks.py lint rust          all checks of these groups
    python .ci/checks.py mypy ruff          some of them, by name
    python .ci/checks.py pytest -- -n 2     what follows -- goes to the command
    python .ci/checks.py --list

Each group needs what `ENVIRONMENT` says to be installed; nothing is installed here.
"""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

CHECKS = {
    "lint": {
        "cargo fmt": "cargo fmt --check",
        "cargo clippy": "cargo clippy --workspace --all-targets --locked -- -D warnings",
        "cargo doc": "RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --locked --quiet",
        "ruff": "ruff check",
        "ruff format": "ruff format --check",
        "mypy": "mypy",
        "stubtest": "python -m mypy.stubtest isoprint._core",
        "pyright": "PYRIGHT_PYTHON_IGNORE_WARNINGS=1 pyright",
        "docstrings": "pytest -q tests/test_docstrings.py",
        "types of users": "pytest -q tests/test_typing.py",
    },
    "python": {"pytest": "pytest"},
    "rust": {"cargo test": "cargo test --workspace --locked"},
    "docs": {"sphinx": "sphinx-build -W --keep-going -b html docs docs/_build/html"},
    "oldest-rust": {"cargo check": "cargo +1.89 check --workspace --all-targets --locked"},
    "dependencies": {"cargo deny": "cargo deny check"},
}
ENVIRONMENT = {
    "lint": 'pip install ".[test]" --group lint; rustfmt and clippy',
    "python": 'pip install ".[test]"',
    "rust": "cargo",
    "docs": 'pip install ".[all]" --group docs',
    "oldest-rust": "rustup toolchain install 1.89",
    "dependencies": "cargo install cargo-deny",
}


def command(line: str, more: list[str]) -> tuple[list[str], dict[str, str]]:
    """Words of a command, this Python in the place of "python", and the environment that it asks for."""
    words, environment = shlex.split(line), dict(os.environ)
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    if words[0] == "python":
        words[0] = sys.executable
    return words + more, environment


def chosen(names: list[str]) -> dict[str, str]:
    """Checks by the name of their group or by their own, in the order of the list."""
    known = {*CHECKS, *(check for group in CHECKS.values() for check in group)}
    for name in names:
        if name not in known:
            raise SystemExit(f"no check is called {name!r}; there are {', '.join(sorted(known))}")
    return {
        check: line
        for group, checks in CHECKS.items()
        for check, line in checks.items()
        if group in names or check in names
    }


def show() -> None:
    """Print every check and what it needs."""
    for group, checks in CHECKS.items():
        print(f"{group}  ({ENVIRONMENT[group]})")
        for check, line in checks.items():
            print(f"    {check:<22}{line}")


def main(arguments: list[str]) -> None:
    """Run checks one after the other; the first that fails ends it."""
    names, more = arguments, []
    if "--" in arguments:
        cut = arguments.index("--")
        names, more = arguments[:cut], arguments[cut + 1 :]
    if not names or "--list" in names or "--help" in names:
        show()
        return
    start = time.monotonic()
    for check, line in chosen(names).items():
        print(f"\n=== {check} ({time.monotonic() - start:.0f}s)", flush=True)
        words, environment = command(line, more)
        try:
            subprocess.run(words, cwd=Path(__file__).parent.parent, env=environment, check=True)
        except FileNotFoundError:
            raise SystemExit(f"{check}: there is no {words[0]!r} here; see --list for what is needed") from None
        except subprocess.CalledProcessError as failure:
            raise SystemExit(f"{check} failed with status {failure.returncode}: {line}") from None


if __name__ == "__main__":
    main(sys.argv[1:])
