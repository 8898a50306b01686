"""Everything that `docs/performance.md` shows, in one command: costs, the race, tables and figures.

python benches/performance.py --peers-python .venv-peers/bin/python
python benches/performance.py --peers-python ... --quick            a few minutes; written, too
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Run the three scripts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", required=True, help="interpreter that has the peers")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    quick = ["--quick"] if args.quick else []
    start = time.monotonic()
    for script, options in (
        ("costs.py", quick),
        ("peers.py", ["--peers-python", args.peers_python, *quick]),
        ("page.py", []),
    ):
        subprocess.run([sys.executable, str(HERE / script), *options], check=True)
        print(f"{script} done after {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
