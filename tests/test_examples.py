"""Every example runs, from a folder that is not its own, and keeps its promise."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))


# Numbers that are printed, and where they must be.
NUMBERS = {
    "silicon_properties": {
        r"lattice constant: (\S+)": (5.45, 5.49),
        r"bulk modulus: (\S+)": (85, 105),
        r"C11 (\S+),": (140, 170),
        r"C12 (\S+),": (50, 75),
        r"C44 (\S+) ": (62, 80),
        r"phonons at Γ: .* (\S+) THz": (13.5, 16.0),
        r"within (\S+) meV/atom": (0.0, 0.2),
    },
    "ipi_client": {r"went through the socket: (\S+)": (0.0, 1e-12)},
    "silicon_potential": {r"over their standard deviations: (\S+)": (0.6, 1.4)},
    # The spread of the forces is 0.63 eV/Å.
    "silicon_network": {r"network: (\S+) meV": (0.0, 30.0), r"network: .* meV/atom, (\S+) eV": (0.0, 0.35)},
    "map_of_crystals": {r"in 2 dimensions, (\S+) %": (40.0, 55.0)},
}


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
    if "import torch" in script.read_text(encoding="utf-8"):
        pytest.importorskip("torch")
    if "socketio" in script.read_text(encoding="utf-8") and sys.platform == "win32":
        pytest.skip("no unix sockets")
    printed = run(script, tmp_path)
    assert printed.strip()
    for pattern, (least, most) in NUMBERS.get(script.stem, {}).items():
        assert least <= float(re.search(pattern, printed).group(1)) <= most, printed
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
    assert all(f"`{data.name}`" in table for data in EXAMPLES.glob("*.extxyz*"))
