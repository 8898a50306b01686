"""Draws the result of `peers.py`.

    python benches/plot_peers.py benches/results/peers.json

Three rows: time per center, ratio to isoprint (both against n_max = l_max, one thread), and where isoprint's own time
goes. The picture is written beside the file.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

STEPS = ("neighbors", "features", "features+pullback")


def series(result, contestant, task, threads=1, quantity="us_per_center"):
    """Sizes and a quantity of one contestant."""
    rows = [
        r
        for r in result["records"]
        if (r["contestant"], r["task"], r["threads"]) == (contestant, task, threads) and r["n_max"] == r["l_max"]
    ]
    rows.sort(key=lambda r: r["n_max"])
    return [r["n_max"] for r in rows], [r[quantity] for r in rows]


def draw_times(axis, result, task, names):
    """Time per center of every contestant."""
    for place, name in enumerate(names):
        sizes, times = series(result, name, task)
        if sizes:
            axis.plot(sizes, times, "o-", color=f"C{place}", label=result["about"][name]["name"])
    axis.set(yscale="log", ylabel="µs per center", title=task)
    axis.legend(fontsize=8)


def draw_ratios(axis, result, task, names):
    """How many times longer than isoprint, the same calls in the same minutes."""
    for place, name in enumerate(names):
        sizes, ratios = series(result, name, task, quantity="times_isoprint")
        if sizes and all(ratios) and not result["about"][name]["own"]:
            axis.plot(sizes, ratios, "o-", color=f"C{place}", label=result["about"][name]["name"])
    axis.axhline(1.0, color="gray", lw=1)
    axis.set(yscale="log", xlabel="n_max = l_max", ylabel="times isoprint")


def draw_shares(axis, result, own):
    """What isoprint spends on neighbors, on features and on the way back."""
    cumulative = [series(result, own, step) for step in STEPS]
    if not all(sizes for sizes, _ in cumulative):
        axis.set_axis_off()
        return
    sizes, below = cumulative[0][0], [0.0] * len(cumulative[0][0])
    total = cumulative[-1][1]
    for (_, times), label in zip(cumulative, ("neighbors", "features", "pullback"), strict=True):
        share = [max(t - b, 0.0) / t_all for t, b, t_all in zip(times, below, total, strict=True)]
        axis.bar(sizes, share, bottom=[b / t for b, t in zip(below, total, strict=True)], label=label)
        below = times
    axis.set(xlabel="n_max = l_max", ylabel="share of features + pullback", ylim=(0, 1.25))
    axis.legend(fontsize=8, ncols=3)


def draw_threads(axis, result, own):
    """Speed-up by the second thread."""
    for task in ("features", "pullback"):
        one, two = (dict(zip(*series(result, own, task, k), strict=True)) for k in (1, 2))
        pairs = [(n, one[n] / two[n]) for n in one if n in two]
        if pairs:
            axis.plot(*zip(*pairs, strict=True), "o-", label=task)
    axis.set(xlabel="n_max = l_max", ylabel="two threads: times faster", ylim=(0, 2.2))
    if axis.lines:
        axis.legend(fontsize=8)


def plot(result, path):
    """All panels in one picture."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = list(result["about"])
    own = names[0]
    figure, axes = plt.subplots(3, 2, figsize=(11, 12), layout="constrained")
    for column, task in enumerate(("features", "jacobian")):
        draw_times(axes[0, column], result, task, names)
        draw_ratios(axes[1, column], result, task, names)
    draw_shares(axes[2, 0], result, own)
    draw_threads(axes[2, 1], result, own)
    machine = result["machine"]
    isa = result["about"][own].get("isa", "")
    figure.suptitle(f"{machine['cpu']} {isa}, {result['date'][:10]}, one thread, r_cut 5 Å, sigma 0.5 Å, random carbon")
    figure.savefig(path, dpi=110)


def main():
    """Read, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", type=Path)
    args = parser.parse_args()
    plot(json.loads(args.result.read_text()), args.result.with_suffix(".png"))


if __name__ == "__main__":
    main()
