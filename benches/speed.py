"""Recursive SOAP beside the soap_turbo of quippy, for 3 to 12 radial functions and degrees: times and ratios.

    python benches/speed.py --peers-python .venv-peers/bin/python
    python benches/speed.py --peers-python ... --n-max 3 7 11 --l-max 3 12      a part of the grid
    python benches/speed.py --draw                                             the figure alone

As Fig. 3 of M. A. Caro, Phys. Rev. B 100, 024112 (2019): random carbon, 52 neighbors within 5 Å, up to 10,000 atoms,
one thread. Equal columns from equal neighbors, which are compared first; both programs take turns, and each ratio is of
the processor's time of the same round. Three tasks that both can do: features, their Jacobian, and the gradient of a
function of the features. Cases that are in the file are not measured again. More than 11 radial functions end quippy's
process.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime, timezone
from pathlib import Path

import peers
from machine import machine

HERE = Path(__file__).resolve().parent
FIGURE = HERE.parent / "docs" / "figures" / "performance_grid.png"
OURS, THEIRS = "isoprint_from_quip_turbo", "quippy_turbo"
TASKS = {"features": "features", "jacobian": "Jacobian", "pullback by the Jacobian": "gradient of a function"}


def measured(result, args):
    """Every case that is not in the file yet."""
    known = {(one["n_max"], one["l_max"]) for one in result["records"]}
    for n_max in args.n_max:
        for l_max in args.l_max:
            if (n_max, l_max) not in known:
                peers.run_case(result, "carbon", {"n_max": n_max, "l_max": l_max}, 1, args)
                print(f"n_max {n_max}, l_max {l_max}", file=sys.stderr, flush=True)
                stored(result, args.output)


def stored(result, path):
    """One line a record."""
    peers.without_ratios(result)
    parts = []
    for key, value in result.items():
        if isinstance(value, list):
            lines = ",\n".join(f"  {json.dumps(one, ensure_ascii=False)}" for one in value)
            parts.append(f' "{key}": [\n{lines}\n ]' if value else f' "{key}": []')
        else:
            parts.append(f' "{key}": {json.dumps(value, ensure_ascii=False)}')
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def grid_of(result, contestant, task, what):
    """A number for each n_max (row) and l_max (column), NaN where there is none."""
    import numpy as np

    records = [r for r in result["records"] if (r["contestant"], r["task"]) == (contestant, task)]
    rows = sorted({r["n_max"] for r in result["records"]})
    columns = sorted({r["l_max"] for r in result["records"]})
    grid = np.full((len(rows), len(columns)), np.nan)
    for r in records:
        if r[what] is not None:
            grid[rows.index(r["n_max"]), columns.index(r["l_max"])] = r[what]
    return rows, columns, grid


def draw(result, path):
    """Our times above, ratios below; one column a task."""
    from draw import figure_of, said
    from matplotlib.colors import LogNorm

    figure, axes = figure_of(2, 3, figsize=(10.5, 6.6))
    for column, (task, title) in enumerate(TASKS.items()):
        for row, (who, what, colors) in enumerate([(OURS, "least", "YlGnBu"), (THEIRS, "times_twin", "YlOrRd")]):
            rows, columns, grid = grid_of(result, who, task, what)
            axis = axes[row, column]
            axis.imshow(grid, origin="lower", cmap=colors, norm=LogNorm(), aspect="auto")
            written(axis, grid)
            axis.set_xticks(range(len(columns)), columns)
            axis.set_yticks(range(len(rows)), rows)
            axis.tick_params(length=0)
            axis.spines[:].set_visible(False)
            if column == 0:
                axis.set_ylabel("n_max")
            if row == 0:
                axis.set_title(f"{title}, µs an atom", fontsize=10)
            else:
                axis.set(xlabel="l_max")
                axis.set_title("times as long with quippy", fontsize=10)
    figure.suptitle(f"{said(result)}, one thread", fontsize=9)
    figure.savefig(path, dpi=130)


def written(axis, grid):
    """The number of each place, in what can be read there."""
    import numpy as np

    logs = np.log(grid)
    middle = 0.5 * (np.nanmin(logs) + np.nanmax(logs))
    for (i, j), value in np.ndenumerate(grid):
        if np.isnan(value):
            axis.text(j, i, "other digits", ha="center", va="center", fontsize=7, color="0.5")
        else:
            digits = f"{value:.1f}" if value < 10 else f"{value:.0f}"
            color = "white" if np.log(value) > middle + 0.2 * np.ptp(logs[np.isfinite(logs)]) else "black"
            axis.text(j, i, digits, ha="center", va="center", fontsize=8, color=color)


def arguments(given=None):
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter that has quippy-ase")
    parser.add_argument("--n-max", nargs="+", type=int, default=list(range(3, 13)))
    parser.add_argument("--l-max", nargs="+", type=int, default=list(range(3, 13)))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turn", type=float, default=0.05, help="seconds for which a call is repeated")
    parser.add_argument("--target", type=float, default=0.2, help="seconds that one call may take")
    parser.add_argument("--largest", type=int, default=10_000, help="largest number of atoms")
    parser.add_argument("--draw", action="store_true", help="draw what was measured, and measure nothing")
    parser.add_argument("-o", "--output", type=Path, default=HERE / "results" / "speed.json")
    parser.add_argument("--figure", type=Path, default=FIGURE, help="where the figure goes")
    args = parser.parse_args(given)
    args.contestants, args.tasks = [OURS, THEIRS], list(TASKS)
    return args


def main():
    """Measure, store, draw."""
    args = arguments()
    if args.output.exists():
        result = json.loads(args.output.read_text(encoding="utf-8"))
    else:
        date = datetime.now(timezone.utc).isoformat(timespec="seconds")
        command = "python benches/speed.py --peers-python PYTHON"
        result = {"machine": machine(), "date": date, "command": command, "about": {}}
        result |= {"compared": [], "records": [], "missing": []}
    if not args.draw:
        measured(result, args)
    draw(result, args.figure)


if __name__ == "__main__":
    main()
