"""One verb a chore: ``nox -s lint test bench docs wheel``."""

from pathlib import Path

import nox

nox.options.sessions = ["lint", "test"]
nox.options.default_venv_backend = "venv"
PROJECT = nox.project.load_toml("pyproject.toml")


def group(name: str) -> list[str]:
    """Requirements of a dependency group."""
    return nox.project.dependency_groups(PROJECT, name)


@nox.session
def lint(session: nox.Session) -> None:
    """Format, lint and type-check both languages; compare the stub with the compiled module."""
    session.run("cargo", "fmt", "--check", external=True)
    session.run("cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings", external=True)
    session.install(".[test]")
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("python", "-m", "mypy.stubtest", "isoprint._core")


@nox.session
def test(session: nox.Session) -> None:
    """Test both languages; arguments go to pytest."""
    session.install(".[test]")
    session.run("cargo", "test", "--workspace", "--locked", external=True)
    session.run("pytest", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Race the peers; arguments go to `benches/peers.py`."""
    session.install(".", *group("bench"))
    peers = Path(session.create_tmp()) / "peers"
    session.run("python", "-m", "venv", str(peers))
    python = str(peers / "bin" / "python")
    session.run(python, "-m", "pip", "install", "-q", "-r", "benches/requirements-peers.txt", external=True)
    session.run("python", "benches/peers.py", "--peers-python", python, *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    session.install(".[all]")
    session.install(*group("docs"))
    session.run("sphinx-build", "-W", "--keep-going", "-b", "html", "docs", "docs/_build/html")


@nox.session
def wheel(session: nox.Session) -> None:
    """Build source distribution and wheel, and look them over."""
    session.install("maturin>=1.14,<2", "twine", "abi3audit")
    session.run("maturin", "build", "--release", "--sdist", "--out", "dist")
    session.run("twine", "check", "--strict", *map(str, Path("dist").iterdir()))
    session.run("abi3audit", "--strict", *map(str, Path("dist").glob("*.whl")))
