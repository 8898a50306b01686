"""Draws what `costs.py` and `peers.py` measured, for the documentation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from scenes import SCENES
from tables import case_of

COLORS = {"SOAP": "C0", "SoapTurbo": "C1", "ACSF": "C2", "OverlapMatrix": "C3"}
STYLES = {"features": "o-", "pullback": "s--", "jacobian": "^:"}
LABELS = {
    "neighbors": "neighbors (n_max = l_max = 8)",
    "n_max": "n_max (52 neighbors, l_max = 8)",
    "l_max": "l_max (52 neighbors, n_max = 8)",
    "species": "elements (52 neighbors, n_max = l_max = 8)",
    "atoms": "atoms of the frame",
}


def figure_of(rows: int, columns: int, **options: Any) -> tuple[Any, Any]:
    """An empty figure; no window."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt.subplots(rows, columns, layout="constrained", **options)


def curves(axis: Any, records: list[dict], what: str) -> None:
    """Time of each kind and call against one quantity."""
    found = [r for r in records if r["varied"] == what]
    for kind in dict.fromkeys(r["kind"] for r in found):
        for call, style in STYLES.items():
            points = [(r["value"], r["us"]) for r in found if (r["kind"], r["call"]) == (kind, call)]
            if points:
                axis.plot(*zip(*points, strict=True), style, color=COLORS[kind], markersize=3.5, linewidth=1.2)
    values = sorted({r["value"] for r in found})
    axis.set(yscale="log", xlabel=LABELS[what], ylabel="µs a center")
    if what in ("neighbors", "atoms"):
        axis.set_xscale("log")
        axis.set_xticks(values, [f"{value:,}" for value in values], minor=False)
        axis.minorticks_off()
    axis.grid(which="major", alpha=0.3)


def speed_ups(axis: Any, records: list[dict]) -> None:
    """How many times faster several threads are."""
    calls = list(dict.fromkeys((r["kind"], r["call"]) for r in records))
    counts = sorted({r["threads"] for r in records})
    for kind, call in calls:
        times = {r["threads"]: r["us"] for r in records if (r["kind"], r["call"]) == (kind, call)}
        if call in STYLES:
            speed = [times[1] / times[count] for count in counts]
            axis.plot(counts, speed, STYLES[call], color=COLORS[kind], markersize=3.5, linewidth=1.2)
    axis.plot(counts, counts, color="gray", linewidth=0.8)
    axis.set(xlabel="threads", ylabel="times faster by the clock", ylim=(0, None))
    axis.set_xticks(counts)
    axis.grid(alpha=0.3)


def costs(result: dict, path: Path) -> None:
    """Six panels: by neighbors, functions, degrees, elements, atoms, threads."""
    from matplotlib.lines import Line2D

    figure, axes = figure_of(2, 3, figsize=(11, 6.8))
    for axis, what in zip(axes.flat, LABELS, strict=False):
        curves(axis, result["varied"], what)
    speed_ups(axes[1, 2], result["threads"])
    kinds = [Line2D([], [], color=color, label=kind) for kind, color in COLORS.items()]
    calls = [
        Line2D([], [], color="black", linestyle=style[1:], marker=style[0], markersize=3.5, label=call)
        for call, style in STYLES.items()
    ]
    figure.legend(handles=kinds + calls, loc="outside lower center", ncols=7, fontsize=9, frameon=False)
    figure.suptitle(said(result), fontsize=10)
    figure.savefig(path, dpi=110)


def said(result: dict) -> str:
    """Machine, instruction set, date."""
    isa = result.get("isa") or next((a["isa"] for a in result["about"].values() if "isa" in a), "")
    return f"{result['machine']['cpu']}, {isa}, {result['date'][:10]}"


def lanes(result: dict) -> Iterable[tuple[str, str, str, list[dict]]]:
    """Scene, task, peer and records of everything that has a ratio, with one thread."""
    records = [r for r in result["records"] if r["threads"] == 1 and r["times_twin"]]
    for scene in SCENES:
        for task in dict.fromkeys(r["task"] for r in records if r["scene"] == scene):
            here = [r for r in records if (r["scene"], r["task"]) == (scene, task)]
            for name in dict.fromkeys(r["contestant"] for r in here):
                yield scene, task, name, [r for r in here if r["contestant"] == name]


def peers(result: dict, path: Path) -> None:
    """How many times as long as its twin each peer takes: one line a task and peer, one point a case."""
    rows = list(lanes(result))
    figure, axis = figure_of(1, 1, figsize=(10, 1.2 + 0.19 * len(rows)))
    cases = list(dict.fromkeys(case_of(r) for *_, records in rows for r in records))
    for place, (*_, records) in enumerate(rows):
        axis.plot([r["times_twin"] for r in records], [place] * len(records), "-", color="lightgray", zorder=0)
    for index, case in enumerate(cases):
        points = [
            (r["times_twin"], place) for place, (*_, records) in enumerate(rows) for r in records if case_of(r) == case
        ]
        axis.plot(*zip(*points, strict=True), "o", color=f"C{index}", markersize=4.5, label=case)
    names = [f"{scene}, {task}: {result['about'][name]['name']}" for scene, task, name, _ in rows]
    axis.set_yticks(range(len(rows)), names, fontsize=8)
    axis.set(xscale="log", xlabel="times as long as isoprint with the same columns and neighbors, one thread")
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.axvline(1.0, color="black", linewidth=0.8)
    axis.grid(axis="x", which="both", alpha=0.25)
    axis.legend(title="n_max,l_max or cutoff", fontsize=8, title_fontsize=8)
    axis.set_title(said(result), fontsize=10)
    figure.savefig(path, dpi=110)
