"""Findings in a few lines of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isoprint._elements import label_of
from isoprint._words import counted

if TYPE_CHECKING:
    from isoprint.sensitivity import Sensitivity

_BAR = 40


def of_sensitivity(found: Sensitivity) -> str:
    """What a sensitivity analysis has found, for people."""
    numbers = found.environment.numbers
    center = f"{label_of(int(numbers[0]))} (atom {int(found.environment.atom[0])})"
    lines = [
        f"{type(found.environment.descriptor).__name__} of {center} with {counted(found.n_sites - 1, 'site')}",
        f"  rank               {found.rank} of {counted(found.n_internal, 'internal motion')}",
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
