"""Every example runs, from a folder that is not its own, and keeps its promise."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))


def run(script, folder):
    """What the script prints."""
    # Two threads at most, one of the BLAS: the tests may run beside others.
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", str(script)],
        cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_runs(script, tmp_path):
    if "sklearn" in script.read_text(encoding="utf-8"):
        pytest.importorskip("sklearn")
    assert run(script, tmp_path).strip()
    assert not list(tmp_path.iterdir()), "an example leaves files behind"


def test_the_linear_model_learned_something(tmp_path):
    """Errors on frames that it has not seen are well below the spread of the data."""
    printed = run(EXAMPLES / "forces_of_a_linear_model.py", tmp_path)
    for line in ("energy", "forces"):
        error, spread = map(float, re.search(rf"{line}: ([\d.]+) .*spread ([\d.]+)", printed).groups())
        assert error < 0.5 * spread, printed


def test_every_example_is_listed():
    table = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"`{script.name}`" in table for script in SCRIPTS)
    assert all(f"`{data.name}`" in table for data in EXAMPLES.glob("*.extxyz"))
