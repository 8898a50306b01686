"""Two versions of isoprint, each in an environment of its own: from a commit, a wheel, a folder or an interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CALLS = Path(__file__).resolve().parent / "guard_calls.py"
REFERENCE = Path(__file__).resolve().parent / "reference.txt"


@dataclass(frozen=True)
class Side:
    """What is measured: how it is called, and how it is started."""

    what: str
    command: list[str]
    variables: dict[str, str] = field(default_factory=dict)


def git(*words: str, root: Path = ROOT) -> str:
    """What git says; empty where it has no answer."""
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def last_release(root: Path = ROOT, reference: Path = REFERENCE) -> str:
    """The newest tag of a version among the ancestors of the working tree, or the commit that `reference.txt` names.

    A tag on the very commit that is measured is the release that is being made, not the last one.
    """
    here = git("tag", "--points-at", "HEAD", root=root).split()
    for tag in git("tag", "--list", "v*", "--merged", "HEAD", "--sort=-v:refname", root=root).split():
        if tag not in here:
            return tag
    lines = reference.read_text(encoding="utf-8").splitlines()
    return next(line.split()[0] for line in lines if line.strip() and not line.startswith("#"))


def environment(folder: Path, *installed: str) -> str:
    """The interpreter of a fresh environment that has these."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    # Both sides are built the same way, and share what is compiled of the libraries they need.
    variables = {**os.environ, "CARGO_TARGET_DIR": str(folder.parent / "cargo"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    variables.pop("PYTHONPATH", None)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *installed], check=True, env=variables)
    return str(python)


def built(commit: str, folder: Path) -> str:
    """The interpreter of an environment with a commit, which is built once."""
    place = folder / commit[:12]
    finished, python = place / "finished", place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not finished.exists():
        source = folder / f"source-{commit[:12]}"
        packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
        with tarfile.open(fileobj=BytesIO(packed)) as archive:
            if hasattr(tarfile, "data_filter"):
                archive.extractall(source, filter="data")
            else:
                archive.extractall(source)
        environment(place, str(source))
        finished.touch()
    return str(python)


def side_of(text: str, folder: Path) -> Side:
    """What `--before` or `--after` means.

    A folder that holds the package, an interpreter that has it, a wheel, the word `tree` for the working tree, or else
    a commit or tag.
    """
    path = Path(text)
    if (path / "isoprint" / "__init__.py").exists():
        return Side(text, [sys.executable, str(CALLS)], {"PYTHONPATH": str(path.resolve())})
    if path.suffix == ".whl":
        if not path.exists():
            raise SystemExit(f"there is no wheel {text}")
        return Side(path.name, [environment(folder / path.stem, str(path.resolve())), str(CALLS)])
    if text == "tree":
        commit = git("rev-parse", "--short=12", "HEAD")
        changed = " and changes" if git("status", "--porcelain", "--untracked-files=no") else ""
        python = environment(folder / "tree", str(ROOT))
        return Side(f"working tree, {commit}{changed}", [python, str(CALLS)], {"PYTHONPATH": ""})
    if path.is_file() and os.access(path, os.X_OK):
        return Side(text, [str(path.absolute()), str(CALLS)])
    commit = git("rev-parse", "--verify", "--quiet", f"{text}^{{commit}}")
    if not commit:
        raise SystemExit(f"{text!r} is no folder with isoprint, no interpreter, no wheel, and no commit that git knows")
    return Side(f"{text}, {commit[:12]}", [built(commit, folder), str(CALLS)], {"PYTHONPATH": ""})
