"""Figures of searches for hyperparameters (needs matplotlib)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from isoprint.extras.plotting import COLORS, figure, saved
from isoprint.study._ranges import plain

if TYPE_CHECKING:
    from isoprint.study.search import Search

_MARKERS = ("o", "s", "^", "D", "v", "P")
# Of the losses of all models; what lies above is not shown.
_SHOWN = 0.6


def plot_hulls(
    searches: Mapping[str, Search],
    parameters: Sequence[str] | None = None,
    *,
    bins: int = 8,
    labels: Mapping[str, str] | None = None,
    ylabel: str = "loss",
    path: str | os.PathLike[str] | None = None,
) -> Any:
    """Lowest losses along each parameter, one panel a parameter, over dots of all models.

    Parameters
    ----------
    searches : mapping
        From a name to a search; several are drawn in the same panels.
    parameters : sequence of str, optional
        Which ones, in this order; all by default.
    bins : int
        As for `Search.hull`.
    labels : mapping, optional
        What to write below the panel of a parameter, in place of its name.
    ylabel : str
        What the loss is.
    path : path, optional
        Where to store it.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown: there is no window.

    Examples
    --------
    >>> import numpy as np
    >>> from isoprint import study
    >>> from isoprint.extras.plotting_search import plot_hulls
    >>> x = np.linspace(-3.0, 3.0, 40)[:, None]
    >>> found = study.hyperparameters(study.KernelRidge(), {"components": range(1, 9)}, x, np.sin(x[:, 0]), models=5)
    >>> len(plot_hulls({"sine": found}).axes)
    1
    """
    names = list(dict.fromkeys(name for found in searches.values() for name in found.study["ranges"]))
    chosen = names if parameters is None else list(parameters)
    # As few empty places as possible.
    columns = min(len(chosen), min((4, 3), key=lambda n: -len(chosen) % n))
    drawn, axes = figure(-(-len(chosen) // columns), columns, size=(2.9, 2.3))
    panels = axes.ravel()
    low, high = _losses(searches)
    for panel, name in zip(panels, chosen, strict=False):
        for (label, found), color, marker in zip(searches.items(), COLORS[1:] * 9, _MARKERS * 9, strict=False):
            if name in found.study["ranges"]:
                _draw(panel, found, name, bins, label, color, marker)
        panel.set(xlabel=(labels or {}).get(name, name.rpartition("__")[2]), ylim=(low, high))
        panel.tick_params(labelsize=8, labelleft=panel in axes[:, 0])
        panel.spines[["top", "right"]].set_visible(False)
    for panel in panels[len(chosen) :]:
        panel.set_visible(False)
    drawn.supylabel(ylabel, fontsize=10)
    handles, texts = panels[0].get_legend_handles_labels()
    if any(searches):
        drawn.legend(handles, texts, loc="outside upper center", ncols=len(texts), frameon=False, fontsize=9)
    return saved(drawn, path, dpi=150)


def _losses(searches: Mapping[str, Search]) -> tuple[float, float]:
    """Limits of the axis: the best with some room, and what most models reach."""
    each = [[record["loss"] for record in found.records if record["loss"] is not None] for found in searches.values()]
    losses = np.concatenate([np.asarray(some, float) for some in each]) if each else np.empty(0)
    if not len(losses):
        return 0.0, 1.0
    low, high = float(losses.min()), float(max(np.quantile(some, _SHOWN) for some in each if some))
    room = 0.06 * (high - low) or 0.05 * abs(low) or 1.0
    return low - room, high + room


def _draw(panel: Any, found: Search, name: str, bins: int, label: str, color: str, marker: str) -> None:
    described = found.study["ranges"][name]
    hull = found.hull(name, bins)
    values = hull.column("value") if len(hull) else []
    words = any(not isinstance(value, (int, float)) or isinstance(value, bool) for value in values)
    place = {str(value): k for k, value in enumerate(described["choices"])} if words else {}
    known = [(record["parameters"][name], record["loss"]) for record in found.records if record["loss"] is not None]

    def along(value: Any) -> float:
        return place[str(plain(value))] if words else float(value)

    panel.plot(
        [along(value) for value, _ in known], [loss for _, loss in known], ".", ms=3.2, mew=0, color=color, alpha=0.2
    )
    panel.plot(
        [along(value) for value in values], hull.column("loss") if values else [], marker=marker, ms=4.5, lw=1.7,
        color=color, mec="white", mew=0.6, label=label or None,
    )  # fmt: skip
    if words:
        panel.set_xticks(range(len(place)), list(place))
    elif isinstance(described, dict) and len(values) <= bins and "choices" in described:
        panel.set_xticks(values)
    elif isinstance(described, list) and described[2:] == ["log"]:
        panel.set_xscale("log")


def plot_running_best(
    searches: Mapping[str, Sequence[Search]], *, ylabel: str = "best loss", path: str | os.PathLike[str] | None = None
) -> Any:
    """Lowest loss so far against the number of models: the median over several seeds, and from the best to the worst.

    Parameters
    ----------
    searches : mapping
        From a name, of a method say, to searches that differ by their seeds.
    ylabel : str
        What the loss is.
    path : path, optional
        Where to store it.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown: there is no window.

    Examples
    --------
    >>> import numpy as np
    >>> from isoprint import study
    >>> from isoprint.extras.plotting_search import plot_running_best
    >>> x = np.linspace(-3.0, 3.0, 40)[:, None]
    >>> ranges = {"components": range(1, 9)}
    >>> found = study.hyperparameters(study.KernelRidge(), ranges, x, np.sin(x[:, 0]), models=5)
    >>> len(plot_running_best({"Monte Carlo": [found]}).axes)
    1
    """
    drawn, axes = figure(size=(5.2, 3.6))
    panel = axes[0, 0]
    first: list[float] = []
    length = 0
    for (label, some), color in zip(searches.items(), COLORS[1:] * 9, strict=False):
        length = min(len(found) for found in some)
        curves = np.array([found.running_best()[:length] for found in some])
        models = np.arange(1, length + 1)
        panel.fill_between(models, curves.min(axis=0), curves.max(axis=0), color=color, alpha=0.15, lw=0)
        panel.plot(models, np.median(curves, axis=0), color=color, lw=1.8, label=label)
        first.append(float(np.median(curves[:, min(9, length - 1)])))
    panel.set(xscale="log", xlabel="models", ylabel=ylabel)
    if length > 50:
        panel.set_xlim(left=10)
    if first and np.isfinite(first).all():
        panel.set_ylim(top=max(first))
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(frameon=False, fontsize=9)
    return saved(drawn, path, dpi=150)
