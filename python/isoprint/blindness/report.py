"""Findings in a few lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from isoprint._support.plural import plural
from isoprint.structures.elements import label_of

if TYPE_CHECKING:
    from isoprint.blindness.manifold.path import Path
    from isoprint.blindness.sensitivity import Sensitivity

_BAR = 40


def of_sensitivity(found: Sensitivity) -> str:
    """What a sensitivity analysis has found, for people."""
    numbers = found.environment.numbers
    center = f"{label_of(int(numbers[0]))} (atom {int(found.environment.atom[0])})"
    lines = [
        f"{type(found.environment.descriptor).__name__} of {center} with {plural(found.n_sites - 1, 'site')}",
        f"  rank               {found.rank} of {plural(found.n_internal, 'internal motion')}",
        f"  largest            {found.largest:.6g} / Å",
        f"  condition          {found.condition:.4g}   (largest over smallest singular value)",
        f"  isolation          {found.isolation:.4g}   (second smallest over smallest eigenvalue)",
        f"  rigid motions      {found.rigid_residual:.1e} of the largest",
        "  internal motions by decade of s / s_max",
    ]
    rows = [(f"1e{decade + 1:+03d} .. 1e{decade:+03d}", count) for decade, count in found.histogram().items()]
    rows.append(("not seen", found.n_internal - found.rank))
    most = max(count for _, count in rows)
    for name, count in rows:
        lines.append(f"    {name:15s} {count:5d}  {'#' * round(_BAR * count / most)}".rstrip())
    lines.append("  sensitivity by distance from the center")
    shells = found.shells()
    first = shells[0].sensitivity
    for shell in shells:
        sites = f"{len(shell.sites):4d} {'site ' if len(shell.sites) == 1 else 'sites'}"
        part = f"{shell.sensitivity / first:8.3f} of the first" if first > 0.0 else ""
        lines.append(f"    {shell.radius:7.3f} Å  {sites}  {shell.sensitivity:10.4g} / Å  {part}".rstrip())
    return "\n".join(lines)


def line_of_path(path: Path) -> str:
    """What must be said of a path, in one line."""
    told = [
        path.status,
        plural(len(path), "point"),
        f"length {path.length:.3f} Å",
        f"diameter {path.diameter:.3f} Å",
        f"|dF| up to {path.feature_distance.max():.2e}",
    ]
    if path.contrast is not None:
        told.append(f"contrast {path.contrast:.2g}")
    if path.closed:
        told.append(f"gap {path.gap:.1e} Å")
    if path.weak_steps:
        told.append(f"weak steps {path.weak_steps}")
    if path.status == "noise" and path.noise is not None:
        told.append(f"noise {path.noise:.1e}")
    return f"Path({', '.join(told)})"


def of_path(path: Path) -> str:
    """What must be said of a path, for people."""
    first = "" if path.first_status is None else f" at the end, {path.first_status} at the beginning"
    lines = [
        f"path of {label_of(int(path.numbers[0]))} with {len(path.numbers) - 1} sites",
        f"  status             {path.status}{first}",
        f"  points             {len(path)}, steps up to {path.steps.max():.3g} Å, {path.weak_steps} weak",
        f"  length             {path.length:.4g} Å over all coordinates",
        f"  diameter           {path.diameter:.4g} Å",
        f"  gap                {path.gap:.1e} Å" if path.closed else "",
        f"  |dF|               up to {path.feature_distance.max():.3g}",
        f"  contrast           {_number(path.contrast)}   (1: seen like random moves of like size; far below: blind)",
        f"  softest            {path.softest.min():.2g} to {path.softest.max():.2g} of the largest eigenvalue",
        f"  isolation          {path.isolation.min():.3g} to {path.isolation.max():.3g}",
        f"  noise              {_number(path.noise)} of values",
        f"  rigid motions      {path.rigid_residual.max():.1e} of the largest singular value",
    ]
    if path.status == "noise" and path.noise is not None:
        lines.append(_about_noise(path, path.noise))
    return "\n".join(line for line in lines if line)


def _about_noise(path: Path, noise: float) -> str:
    """What the noise does to the floor of the valley at the last point, and what helps."""
    second = float(np.sqrt(path.softest[-1] * path.isolation[-1] * path.spectra[-1, -1]))
    derivatives = float(path.rigid_residual[-1] * np.sqrt(path.spectra[-1, -1]))
    return (
        f"  values are noisy by {noise:.1e} and derivatives by {derivatives:.1e} / Å, where the second softest motion"
        f"\n  changes them by {second:.1e} / Å: corrections do not become as short as the tolerance of"
        f"\n  {path.rules.tolerance:.0e} Å; take a fingerprint with more digits, or a larger tolerance"
    )


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2g}"
