"""Everything that `docs/performance.md` shows, in one command: costs, the race, tables and figures.

python benches/performance.py --peers-python .venv-peers/bin/python
python benches/performance.py --peers-python ... --quick            a few minutes; written, too
python benches/performance.py --peers-python ... --old-ase-python .venv-old/bin/python     whole structures, too

Descriptors of whole structures, and kernels, have a race of their own: the peer that has them needs `ase<3.26`, and so
an environment of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
STRUCTURES = HERE / "results" / "peers_structures.json"
OF_STRUCTURES = [
    f"{program}_{what}" for what in ("mbtr", "lmbtr", "matrices", "kernels") for program in ("isoprint", "dscribe")
]


def of_structures(python: str) -> list[str]:
    """Options of the race of whole structures."""
    return ["--peers-python", python, "--contestants", *OF_STRUCTURES, "--threads", "1", "-o", str(STRUCTURES)]


def main() -> None:
    """Run the scripts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", required=True, help="interpreter that has the peers")
    parser.add_argument("--old-ase-python", help="interpreter that has DScribe and an ASE before 3.26")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    quick = ["--quick"] if args.quick else []
    start = time.monotonic()
    runs = [("costs.py", quick), ("peers.py", ["--peers-python", args.peers_python, *quick])]
    if args.old_ase_python:
        runs.append(("peers.py", [*of_structures(args.old_ase_python), *quick]))
    for script, options in [*runs, ("page.py", [])]:
        subprocess.run([sys.executable, str(HERE / script), *options], check=True)
        print(f"{script} done after {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
