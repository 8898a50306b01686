"""Figures of the study: learning curves, predictions along a ring, how learnable an energy is (needs matplotlib)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from isoprint.extras.plotting import figure, saved
from isoprint.study.evaluation import Evaluation
from isoprint.study.tables import Table

# Distinct for all kinds of color vision: M. Okabe, K. Ito (2008), less the yellow, which is faint on white. A
# fingerprint has the same color in every figure.
_COLOR = {
    "SOAP": "#0072B2", "ACSF": "#D55E00", "OM": "#009E73", "SOAP+OM": "#CC79A7", "ACSF+OM": "#E69F00",
    "SOAP 8/8": "#56B4E9",
}  # fmt: skip
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_STYLE = {"random": "--", "ring": "-"}
_LABEL = {"random": "random structures", "ring": "on the ring"}


def plot_learning_curves(
    table: Table, *, fingerprints: Sequence[str] | None = None, path: str | os.PathLike[str] | None = None
) -> Any:
    """Errors by size of the training set, both axes logarithmic: random structures dashed, the ring solid.

    Parameters
    ----------
    table : Table
        Of `study.learning_curve`. Points are medians over seeds, bands reach from the least to the largest error.
    fingerprints : sequence of str, optional
        Which ones, in this order; all by default.
    path : path, optional
        Where to store it.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown: there is no window.

    Examples
    --------
    >>> from isoprint.extras.plotting_study import plot_learning_curves
    >>> from isoprint.study import Table
    >>> rows = [
    ...     {"fingerprint": "SOAP", "n_train": n, "seed": 0, "test": test, "rmse": 1.0 / n, "spread": 0.1}
    ...     for n in (100, 1000)
    ...     for test in ("random", "ring")
    ... ]
    >>> len(plot_learning_curves(Table(rows)).axes)
    1
    """
    names = list(dict.fromkeys(table.column("fingerprint"))) if fingerprints is None else list(fingerprints)
    from matplotlib.lines import Line2D

    drawn, axes = figure(size=(7.0, 4.4))
    ax = axes[0, 0]
    for name, color, marker in zip(names, _colors(names), _MARKERS * len(names), strict=False):
        for test, style in _STYLE.items():
            rows = table.where(fingerprint=name, test=test)
            sizes = sorted(set(rows.column("n_train")))
            errors = [rows.where(n_train=size).column("rmse") for size in sizes]
            middle = [float(np.median(values)) for values in errors]
            ax.fill_between(sizes, [min(v) for v in errors], [max(v) for v in errors], color=color, alpha=0.12, lw=0)
            ax.plot(sizes, middle, style, color=color, marker=marker, ms=5, lw=1.6)
    spread = np.median(table.where(test="ring").column("spread"))
    ax.axhline(spread, color="0.25", lw=1.0, ls=":")
    ax.set(xscale="log", yscale="log", xlabel="training structures", ylabel="RMSE of the four-body energy")
    sizes = sorted(set(table.column("n_train")))
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.set_xticks([], minor=True)
    keys = [
        Line2D([], [], color=color, marker=marker, ms=5, lw=1.6, label=name)
        for name, color, marker in zip(names, _colors(names), _MARKERS * len(names), strict=False)
    ]
    keys += [Line2D([], [], color="0.25", ls=style, label=_LABEL[test]) for test, style in _STYLE.items()]
    keys.append(Line2D([], [], color="0.25", ls=":", lw=1.0, label="spread on the ring"))
    drawn.legend(handles=keys, loc="outside right center", frameon=False, fontsize=9)
    _tidy(ax)
    return saved(drawn, path)


def plot_parity(evaluations: Mapping[str, Evaluation], *, path: str | os.PathLike[str] | None = None) -> Any:
    """Predicted against true energies along the ring, axes cropped to the ring; random structures in gray.

    Parameters
    ----------
    evaluations : mapping
        From the name of a fingerprint to what `study.evaluate` gives; up to four panels stand in a row.
    path : path, optional
        Where to store it.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown: there is no window.

    Examples
    --------
    >>> import isoprint as ip
    >>> from isoprint.extras.plotting_study import plot_parity
    >>> from isoprint import study
    >>> ring = study.Ring.of([study.start("NH3-a"), study.start("NH3-b")] * 2)
    >>> sample = study.draw(ring, n_train=30, n_test=10)
    >>> found = study.evaluate(ip.ACSF.standard(centers=["N"]), sample)
    >>> len(plot_parity({"ACSF": found}).axes)
    1
    """
    columns = min(4, len(evaluations))
    rows = -(-len(evaluations) // columns)
    drawn, axes = figure(rows, columns, size=(2.45, 2.8))
    panels = axes.ravel()
    truths = np.concatenate([found.target["ring"] for found in evaluations.values()])
    low, high = truths.min(), truths.max()
    room = 0.25 * (high - low)
    span = low - room, high + room
    for ax, (name, found), color in zip(panels, evaluations.items(), _colors([*evaluations]), strict=False):
        ax.plot(span, span, color="0.6", lw=0.8, zorder=1)
        ax.scatter(found.target["random"], found.predicted["random"], s=6, color="0.72", lw=0, zorder=2)
        ax.scatter(found.target["ring"], found.predicted["ring"], s=12, color=color, lw=0, zorder=3)
        quality = next(row for row in found.rows() if row["test"] == "ring")
        ax.set_title(name, fontsize=10)
        ax.text(0.05, 0.95, f"R² = {quality['r2']:.2f}", transform=ax.transAxes, va="top", fontsize=9)
        ax.set(xlim=span, ylim=span)
        ax.label_outer()
        _tidy(ax)
    for ax in panels[len(evaluations) :]:
        ax.set_visible(False)
    drawn.supxlabel("four-body energy", fontsize=10)
    drawn.supylabel("predicted", fontsize=10)
    return saved(drawn, path)


def plot_learnability(learnability: Table, results: Table, *, path: str | os.PathLike[str] | None = None) -> Any:
    """How learnable the energy is on each ring, beside how well it was learned.

    Parameters
    ----------
    learnability : Table
        Columns `ring`, `fingerprint`, `median` and `largest` of the learnability norm.
    results : Table
        Of `study.learning_curve`, with a column `ring`: R² on the ring, median over seeds.
    path : path, optional
        Where to store it.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown: there is no window.

    Examples
    --------
    >>> from isoprint.extras.plotting_study import plot_learnability
    >>> from isoprint.study import Table
    >>> norms = Table([{"ring": "NH3-a", "fingerprint": "SOAP", "median": 3.0, "largest": 8.0}])
    >>> results = Table([{"ring": "NH3-a", "fingerprint": "SOAP", "test": "ring", "r2": 0.9}])
    >>> len(plot_learnability(norms, results).axes)
    2
    """
    rings = list(dict.fromkeys(learnability.column("ring")))
    names = list(dict.fromkeys(learnability.column("fingerprint")))
    drawn, axes = figure(1, 2, size=(3.7, 3.6))
    left, right = axes[0]
    wide = 0.8 / len(names)
    for k, (name, color) in enumerate(zip(names, _colors(names), strict=True)):
        at = np.arange(len(rings)) + (k - (len(names) - 1) / 2) * wide
        norms = [learnability.where(ring=ring, fingerprint=name) for ring in rings]
        middle = np.array([rows.column("median")[0] for rows in norms])
        largest = np.array([rows.column("largest")[0] for rows in norms])
        left.bar(at, middle, 0.9 * wide, color=color, label=name)
        left.vlines(at, middle, largest, color=color, lw=1.0)
        learned = [results.where(ring=ring, fingerprint=name, test="ring").column("r2") for ring in rings]
        right.bar(at, [float(np.median(values)) for values in learned], 0.9 * wide, color=color)
    for limit in (10.0, 100.0):
        left.axhline(limit, color="0.55", lw=0.8, ls=":")
    left.set(yscale="log", ylim=(1.0, None), ylabel="learnability norm $L_E$ (1 is ideal)")
    right.axhline(0.0, color="0.3", lw=0.8)
    right.set(ylim=(-1.05, 1.05), ylabel="R² on the ring")
    for ax in (left, right):
        ax.set_xticks(np.arange(len(rings)), rings)
        ax.set_xlabel("ring")
        _tidy(ax)
    drawn.legend(
        *left.get_legend_handles_labels(), loc="outside upper center", ncols=len(names), frameon=False, fontsize=9
    )
    return saved(drawn, path)


def _colors(names: Sequence[str]) -> list[str]:
    """One color a fingerprint: its own, or one that none of the others has, as far as there are."""
    free = [color for name, color in _COLOR.items() if name not in names] + ["#000000", "#777777"]
    others = iter(free * len(names))
    return [_COLOR[name] if name in _COLOR else next(others) for name in names]


def _tidy(ax: Any) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=9)
