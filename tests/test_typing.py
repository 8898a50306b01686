"""Type checkers accept what users write, and find their mistakes."""

import importlib.util
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = Path(__file__).parent / "typing"
PYMATGEN = importlib.util.find_spec("pymatgen") is not None
# One run of a checker for all scripts: most of its time goes into the libraries that they import.
NAMES = ["good.py", "bad.py", *(["with_pymatgen.py"] if PYMATGEN else [])]


def run(*command):
    """What a checker prints, with the configuration of the project."""
    paths = [str(SCRIPTS / name) for name in NAMES]
    command = [sys.executable, "-m", *command, *paths]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False).stdout


def mypy():
    """Errors as (script, line, message)."""
    said = run("mypy", "--no-error-summary")
    found = re.findall(r"^(\S+):(\d+): error: (.*)$", said, re.MULTILINE)
    return [(Path(file).name, int(line), message) for file, line, message in found]


def pyright():
    """Errors as (script, line, message)."""
    found = json.loads(run("pyright", "--outputjson", "--pythonpath", sys.executable))["generalDiagnostics"]
    return [
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1, one["message"])
        for one in found
        if one["severity"] == "error"
    ]


@pytest.fixture(scope="module", params=[mypy, pyright], ids=["mypy", "pyright"])
def errors(request):
    pytest.importorskip(request.param.__name__)
    return request.param()


def test_what_users_write(errors):
    assert not [error for error in errors if error[0] != "bad.py"]


def test_mistakes_of_users(errors):
    written = (SCRIPTS / "bad.py").read_text(encoding="utf-8").splitlines()
    marked = {number for number, line in enumerate(written, 1) if line.endswith("# error")}
    assert marked
    assert {line for script, line, _ in errors if script == "bad.py"} == marked, errors


@pytest.mark.parametrize("name", [name for name in NAMES if name != "bad.py"])
def test_what_users_write_runs(name):
    pytest.importorskip("pandas")
    runpy.run_path(str(SCRIPTS / name))
