"""One verb a chore: ``nox -s lint test bench docs wheel``, and the long ones: ``guard oldest slow sanitize fuzz``."""

from pathlib import Path

import nox

nox.options.sessions = ["lint", "test"]
nox.options.default_venv_backend = "venv"
PROJECT = nox.project.load_toml("pyproject.toml")


def group(name: str) -> list[str]:
    """Requirements of a dependency group."""
    return nox.project.dependency_groups(PROJECT, name)


def check(session: nox.Session, *names: str) -> None:
    """Run groups of the one list of checks."""
    session.run("python", ".ci/checks.py", *names)


@nox.session
def lint(session: nox.Session) -> None:
    """Format, lint and type-check both languages, and look at stub, docstrings and types of users' code."""
    session.install(".[test]")
    session.install(*group("lint"))
    check(session, "lint")


@nox.session
def test(session: nox.Session) -> None:
    """Test both languages; arguments go to pytest."""
    session.install(".[test]")
    check(session, "rust")
    check(session, "python", "--", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure all that `docs/performance.md` shows, and race the peers; arguments go to `benches/performance.py`."""
    session.install(".", *group("bench"))
    peers = Path(session.create_tmp()) / "peers"
    session.run("python", "-m", "venv", str(peers))
    python = str(peers / "bin" / "python")
    session.run(python, "-m", "pip", "install", "-q", "-r", "benches/requirements-peers.txt", external=True)
    session.run("python", "benches/performance.py", "--peers-python", python, *session.posargs)


@nox.session(venv_backend="none")
def guard(session: nox.Session) -> None:
    """Is any call slower than in the last release? Builds both; arguments go to `benches/guard.py`."""
    session.run("python", "benches/guard.py", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    session.install(".[all]")
    session.install(*group("docs"))
    check(session, "docs")


@nox.session
def wheel(session: nox.Session) -> None:
    """Build source distribution and wheel, and look them over."""
    session.install("maturin>=1.14,<2", "twine", "abi3audit")
    session.run("maturin", "build", "--release", "--sdist", "--out", "dist")
    session.run("twine", "check", "--strict", *map(str, Path("dist").iterdir()))
    session.run("abi3audit", "--strict", *map(str, Path("dist").glob("*.whl")))


# What has no wheel of its oldest version for this Python would have to be compiled.
WHEELS_ONLY = ("h5py", "matplotlib", "numcodecs", "numpy", "pandas", "polars", "scikit-learn", "scipy")


@nox.session
def oldest(session: nox.Session) -> None:
    """Test with the oldest dependencies that `pyproject.toml` admits."""
    session.install("uv")
    pins, limits = Path(session.create_tmp()) / "oldest.txt", Path(session.create_tmp()) / "limits.txt"
    # Old versions of matplotlib use names that newer versions of pyparsing warn of.
    limits.write_text("pyparsing<3.2\n")
    wheels = [word for name in WHEELS_ONLY for word in ("--only-binary", name)]
    lowest = ["--extra", "test", "--resolution", "lowest-direct", "-c", str(limits), "-o", str(pins)]
    session.run("uv", "pip", "compile", "-q", "pyproject.toml", *lowest, *wheels)
    session.run("uv", "pip", "install", "-r", str(pins))
    session.run("uv", "pip", "install", "--no-deps", ".")
    session.run("pytest", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Run the long checks, and the others with twenty times as many drawn examples."""
    session.install(".[test]", "pytest-xdist>=3.5")
    session.run("pytest", "-n", "auto", "-m", "slow", *session.posargs)
    session.run("pytest", "-n", "auto", *session.posargs, env={"HYPOTHESIS_PROFILE": "long"})


@nox.session(venv_backend="none")
def sanitize(session: nox.Session) -> None:
    """Test the core with every access to memory checked; needs a nightly toolchain."""
    target = ["--target", "x86_64-unknown-linux-gnu"]
    environment = {"RUSTFLAGS": "-Zsanitizer=address", "CARGO_TARGET_DIR": "target/sanitize"}
    session.run("cargo", "+nightly", "test", "-p", "isoprint-core", *target, *session.posargs, env=environment)


@nox.session(venv_backend="none")
def fuzz(session: nox.Session) -> None:
    """Throw bytes at the doors of the core for a while; needs a nightly toolchain and cargo-fuzz."""
    seconds = session.posargs[0] if session.posargs else "300"
    for target in ("neighbors", "descriptors"):
        session.run(
            "cargo", "+nightly", "fuzz", "run", "--fuzz-dir", "rust/fuzz", target, "--", f"-max_total_time={seconds}"
        )
