"""Figures of what a fingerprint sees and does not see (needs matplotlib)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support import output
from isoprint._support.plural import plural
from isoprint.structures.elements import label_of

if TYPE_CHECKING:
    from isoprint.blindness.manifold.path import Path, Scatter
    from isoprint.blindness.sensitivity import Sensitivity

Floats = NDArray[np.float64]

# Eight colors that the colorblind can tell apart (Okabe & Ito 2008), the first for centers.
COLORS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
_GREY = "#999999"
_UNSEEN = 1e-20


def figure(rows: int = 1, columns: int = 1, *, size: tuple[float, float] = (4.2, 3.6)) -> tuple[Any, Any]:
    """A figure and its array of axes, made without a window."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError('figures need matplotlib: pip install "isoprint[plot]"') from None
    made = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
    FigureCanvasAgg(made)
    return made, made.subplots(rows, columns, squeeze=False)


def saved(drawn: Any, path: str | os.PathLike[str] | None, *, dpi: int = 110) -> Any:
    """Store a figure, if there is a path, and give it back."""
    if path is None:
        return drawn
    if hasattr(path, "write"):  # an open file
        drawn.savefig(path, dpi=dpi)
        return drawn
    place = named_figure(path)
    with output.replacing(place, stream=True) as part, output.telling(place, RuntimeError):
        drawn.savefig(part, dpi=dpi)
    return drawn


def named_figure(path: str | os.PathLike[str]) -> str:
    """The name of a figure: with the suffix that matplotlib gives it where it has none, and one that it knows."""
    from matplotlib import rcParams
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    name = os.fsdecode(path)
    suffix = os.path.splitext(name)[1][1:]  # noqa: PTH122  (as matplotlib does it)
    if not suffix:
        return f"{name.rstrip('.')}.{rcParams['savefig.format']}"
    known = FigureCanvasAgg.get_supported_filetypes()
    if suffix.lower() not in known:
        raise ValueError(f"figure is {name!r}; its suffix must be one of {', '.join(f'.{kind}' for kind in known)}")
    return name


# Sensitivity


def plot_sensitivity(found: Sensitivity, ax: Any = None) -> Any:
    """The spectrum of the sensitivity matrix, and how much every site counts.

    Parameters
    ----------
    found : Sensitivity
        What is shown.
    ax : matplotlib axes, optional
        Where the spectrum alone is drawn.
    """
    if ax is not None:
        _spectrum(ax, found)
        return ax.figure
    drawn, axes = figure(1, 2)
    _spectrum(axes[0, 0], found)
    _per_site(axes[0, 1], found)
    return drawn


def _spectrum(ax: Any, found: Sensitivity) -> None:
    scaled = np.maximum((found.singular_values / found.largest) ** 2, _UNSEEN)
    index = np.arange(1, len(scaled) + 1)
    unseen = found.n_internal - found.rank
    ax.semilogy(index[unseen:], scaled[unseen:], "o", ms=4, color=COLORS[1])
    if unseen:
        ax.semilogy(index[:unseen], scaled[:unseen], "x", ms=4, color=COLORS[2], label=f"not seen: {unseen}")
        ax.legend(frameon=False)
    ax.set(xlabel="internal motion", ylabel="eigenvalue / largest", title=f"rank {found.rank} of {found.n_internal}")


def _per_site(ax: Any, found: Sensitivity) -> None:
    r = np.linalg.norm(found.environment.positions - found.environment.positions[0], axis=1)
    numbers = found.environment.numbers
    for color, number in zip(COLORS[1:] * 20, np.unique(numbers[1:]), strict=False):
        mine = 1 + np.flatnonzero(numbers[1:] == number)
        ax.semilogy(
            r[mine], np.maximum(found.per_atom[mine], _UNSEEN), "o", ms=4, color=color, label=label_of(int(number))
        )
    ax.semilogy(r[:1], found.per_atom[:1], "*", ms=9, color=COLORS[0], label=f"center {label_of(int(numbers[0]))}")
    ax.set(
        xlabel="distance from the center / Å", ylabel=r"|dF / d position| / Å$^{-1}$", title="sensitivity of the sites"
    )
    ax.legend(frameon=False)


# Paths


def plot_path(path: Path, *, random: Scatter | None = None, amplitude: float = 0.02, n_random: int = 200) -> Any:
    """Rings in two projections, distances, and spectra along the arc.

    Parameters
    ----------
    path : Path
        What is shown.
    random : Scatter, optional
        Of `Path.random`, to compare with; made here where the path knows its fingerprint.
    amplitude : float
        Of these displacements, in Å.
    n_random : int
        How many.
    """
    if random is None and path.descriptor is not None:
        random = path.random(amplitude, n_random)
    drawn, axes = figure(2, 2)
    flat, tall = _views(path.positions)
    draw_rings(axes[0, 0], path, flat)
    draw_rings(axes[0, 1], path, tall)
    axes[0, 0].legend(frameon=False, loc="best")
    draw_distances(axes[1, 0], path, random)
    draw_spectra(axes[1, 1], path)
    contrast = "" if path.contrast is None else f", contrast {path.contrast:.2g}"
    drawn.suptitle(_heading(path) + contrast)
    return drawn


def _heading(path: Path) -> str:
    if path.closed:
        return (
            f"ring of {plural(len(path), 'point')}: diameter {path.diameter:.3f} Å, length {path.length:.3f} Å,"
            f" gap {path.gap:.0e} Å"
        )
    return (
        f"{path.status} after {plural(len(path), 'point')}: length {path.length:.3f} Å, diameter {path.diameter:.3f} Å"
    )


def _views(positions: Floats) -> tuple[Floats, Floats]:
    """Two pairs of axes: the plane in which the structure is thinnest across, and one that holds its thin direction."""
    mean = positions.mean(axis=0)
    _, _, axes = np.linalg.svd(mean - mean.mean(axis=0))
    return axes[[0, 1]], axes[[0, 2]]


def draw_rings(ax: Any, path: Path, plane: Floats) -> None:
    """The way of every site, seen along the normal of a plane (two unit vectors)."""
    seen = path.positions @ plane.T
    names = [label_of(int(number)) for number in path.numbers]
    colors = dict(zip(dict.fromkeys(names), COLORS, strict=False))
    told = set()
    for site, name in enumerate(names):
        label = None if name in told else name
        told.add(name)
        start = seen[path.start, site]
        ax.plot(*start, "o", ms=16 if site else 20, color=colors[name], alpha=0.15, mec="none")
        ax.plot(*seen[:, site].T, "-", lw=1.4, color=colors[name], label=label)
        ax.plot(*start, "o", ms=3, color=colors[name])
    ax.set_aspect("equal", adjustable="datalim")
    ax.set(xlabel="Å", ylabel="Å")
    ax.margins(0.12)


def draw_distances(ax: Any, path: Path, random: Scatter | None) -> None:
    """Distance in the fingerprint against distance in the reference: the path, and random displacements."""
    if random is not None:
        ax.semilogy(
            random.reference_distance, random.feature_distance, "x", ms=3.5, color=_GREY, label="random displacements"
        )
    away = path.feature_distance > 1e-12
    ax.semilogy(path.reference_distance[away], path.feature_distance[away], "o", ms=3, color=COLORS[2], label="path")
    name = "fingerprint" if path.descriptor is None else type(path.descriptor).__name__
    other = "OverlapMatrix" if path.reference is None else type(path.reference).__name__
    ax.set(xlabel=f"|dG| in {other}", ylabel=f"|dF| in {name}")
    _room_below(ax, np.concatenate([path.feature_distance[away], [] if random is None else random.feature_distance]))
    ax.legend(frameon=False, loc="lower right")


def _room_below(ax: Any, values: Floats) -> None:
    """At most five decades, so that the neighbors of the start do not press all else together."""
    if len(values):
        ax.set_ylim(max(values.min() / 2.0, values.max() * 1e-5), values.max() * 2.0)


def draw_spectra(ax: Any, path: Path) -> None:
    """All eigenvalues of the sensitivity matrix along the arc, the softest in color."""
    internal = path.spectra[:, -_n_internal(path) :]
    scaled = np.maximum(internal / internal[:, -1:], _UNSEEN)
    ax.semilogy(path.arc, scaled[:, 1:], "-", lw=1.0, color=_GREY)
    ax.semilogy(path.arc, scaled[:, 0], "-", lw=1.6, color=COLORS[2])
    for copy in path_copies(path):
        ax.axvline(copy, lw=0.6, ls=":", color=COLORS[1])
    ax.set(xlabel="arc / Å", ylabel="eigenvalue / largest")


def _n_internal(path: Path) -> int:
    from isoprint.blindness.motion import rigid_motions

    return int(path.positions[0].size - len(rigid_motions(path.positions[path.start])))


def path_copies(path: Path) -> list[float]:
    """Where copies of the start are met; none where they are too many to be tried."""
    try:
        return [copy.arc for copy in path.copies]
    except ValueError:
        return []


def plot_along(path: Path, curves: Mapping[str, ArrayLike], *, ylabel: str, at: ArrayLike | None = None) -> Any:
    """Quantities along the arc, such as energies.

    Parameters
    ----------
    path : Path
        Gives the arc.
    curves : mapping
        One array a name, of one value a point, or one for each of the points `at`.
    ylabel : str
        What they are, with unit.
    at : array_like of int, optional
        The points that the values belong to.
    """
    drawn, axes = figure()
    where = path.arc if at is None else path.arc[np.asarray(at)]
    for color, (name, values) in zip(COLORS[1:] * 20, curves.items(), strict=False):
        axes[0, 0].plot(where, np.asarray(values), "o-", ms=3, lw=1.2, color=color, label=name)
    axes[0, 0].set(xlabel="arc / Å", ylabel=ylabel)
    axes[0, 0].legend(frameon=False)
    return drawn
