"""Figures of maps (needs matplotlib)."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint.extras.plotting import COLORS, figure, saved

_MARKERS = "osD^v*PX"
# Words that a legend has room for.
_MANY = 12


def plot_map(found: Any, path: str | os.PathLike[str] | None, *, color: Any, marker: Any, ax: Any) -> Any:
    """The first two coordinates of a map, colored by a property.

    Parameters
    ----------
    found : Map
        What is shown.
    path : path, optional
        File of the figure.
    color, marker : str or array_like, optional
        The name of a property, or one value a row.
    ax : matplotlib axes, optional
        Where to draw.
    """
    if color is None:
        wanted = "element" if found.per == "atom" else "energy"
        color = wanted if wanted in found.properties else None
    name, values = _values(found, color, "color")
    kind, kinds = _values(found, marker, "marker")
    if ax is None:
        drawn, axes = figure(size=(5.4, 4.2))
        ax = axes[0, 0]
    else:
        drawn = ax.figure
    x = found.coordinates[:, 0]
    y = found.coordinates[:, 1] if found.coordinates.shape[1] > 1 else np.zeros_like(x)
    _scatter(drawn, ax, x, y, name, values, kind, _few(kinds, kind))
    ax.set(xlabel=_label(found, 0), ylabel=_label(found, 1) if found.coordinates.shape[1] > 1 else "")
    return saved(drawn, path, dpi=150)


def _values(found: Any, wanted: Any, what: str) -> tuple[str, NDArray[Any] | None]:
    """A name, and one value a row."""
    if wanted is None:
        return "", None
    if isinstance(wanted, str):
        return wanted, found.values(wanted)
    array = np.asarray(wanted)
    if array.shape != (len(found),):
        raise ValueError(
            f"{what} is of shape {array.shape}; give one value for each of the {len(found)} rows, or a name"
        )
    return "", array


def _few(kinds: NDArray[Any] | None, name: str) -> list[tuple[str, NDArray[Any]]]:
    """Which rows have each value."""
    if kinds is None:
        return []
    values = np.unique(kinds)
    if len(values) > len(_MARKERS):
        raise ValueError(
            f"marker {name or short_repr(kinds)} has {len(values)} values, and there are {len(_MARKERS)} markers; take"
            " a property with fewer"
        )
    # The most frequent first, below the others.
    order = sorted(values, key=lambda value: -int((kinds == value).sum()))
    return [(str(value), kinds == value) for value in order]


def _scatter(
    drawn: Any,
    ax: Any,
    x: NDArray[Any],
    y: NDArray[Any],
    name: str,
    values: NDArray[Any] | None,
    kind: str,
    groups: list[tuple[str, NDArray[Any]]],
) -> None:
    small = max(6.0, min(30.0, 9000.0 / max(len(x), 1)))
    options: dict[str, Any] = {"s": small, "linewidths": 0.3, "edgecolors": "white"}
    shown = groups or [("", np.ones(len(x), bool))]
    if values is not None and values.dtype.kind in "iuf":
        known = values[np.isfinite(values)]
        low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
        ax.scatter(x[~np.isfinite(values)], y[~np.isfinite(values)], color="0.8", **options)
        options |= {"cmap": "viridis", "vmin": low, "vmax": high}
        drawing: Any = None
        for place, (label, own) in enumerate(shown):
            rows = np.flatnonzero(own & np.isfinite(values))
            # Groups after the first are few, and drawn larger.
            larger = {"s": small * (3.0 if place else 1.0), "edgecolors": "black" if place else "white"}
            drawing = ax.scatter(
                x[rows], y[rows], c=values[rows], marker=_MARKERS[place], label=label, **{**options, **larger}
            )
        drawn.colorbar(drawing, ax=ax, label=name)
    else:
        words = np.full(len(x), "") if values is None else values.astype(str)
        told = np.unique(words)
        for place, (label, own) in enumerate(shown):
            for color, word in enumerate(told):
                rows = np.flatnonzero(own & (words == word))
                said = ", ".join(part for part in (word if len(told) <= _MANY else "", label) if part)
                shade = COLORS[1:][color % 7] if values is not None else COLORS[1]
                if len(rows):
                    ax.scatter(x[rows], y[rows], color=shade, marker=_MARKERS[place], label=said, **options)
    if any(label for label in ax.get_legend_handles_labels()[1]):
        ax.legend(frameon=False, title=kind or None, fontsize="small")


def _label(found: Any, place: int) -> str:
    if found.explained is None:
        return f"UMAP {place + 1}"
    return f"principal component {place + 1} ({100 * found.explained[place]:.0f} % of the variance)"
