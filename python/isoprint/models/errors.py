"""How far a model is from labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Of one kind of label in one group of frames."""

    count: int
    rmse: float
    mae: float
    largest: float


@dataclass(frozen=True)
class Errors:
    """Errors of a model: energies in eV per atom, force components in eV/Å, virials in eV per atom.

    Printed, it is a table. A group is what frames say in `info["config_type"]`; "all" is all of them.

    Attributes
    ----------
    energy, forces, virial : Line, or None
        Of all frames that have this label: `count`, `rmse`, `mae`, `largest`.
    groups : mapping
        The same by group, then by kind.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import bulk
    >>> silicon = bulk("Si", cubic=True)
    >>> silicon.info["energy"] = -43.4
    >>> model = ip.models.SparseGP(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=1, sparse="random")
    >>> errors = model.fit(silicon).errors(silicon)
    >>> errors.energy.count, errors.forces
    (1, None)
    """

    groups: Mapping[str, Mapping[str, Line]] = field(default_factory=dict)

    @property
    def energy(self) -> Line | None:
        """Of energies per atom."""
        return self.groups["all"].get("energy")

    @property
    def forces(self) -> Line | None:
        """Of components of forces."""
        return self.groups["all"].get("forces")

    @property
    def virial(self) -> Line | None:
        """Of components of the virial per atom."""
        return self.groups["all"].get("virial")

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        width = max(len("group"), *map(len, self.groups))
        lines = [f"{'group':{width}}  {'label':18} {'count':>8} {'RMSE':>11} {'MAE':>11} {'largest':>11}"]
        names = {"energy": "energy, eV/atom", "forces": "forces, eV/Å", "virial": "virial, eV/atom"}
        for group, kinds in self.groups.items():
            lines += [
                f"{group:{width}}  {names[kind]:18} {line.count:8d} {line.rmse:11.5g} {line.mae:11.5g}"
                f" {line.largest:11.5g}"
                for kind, line in kinds.items()
            ]
        return "\n".join(lines)


def collected(differences: Mapping[tuple[str, str], list[Floats]]) -> Errors:
    """Errors of differences by (group, kind)."""
    names = ["all", *dict.fromkeys(group for group, _ in differences)]
    groups: dict[str, dict[str, Line]] = {}
    for name in names:
        lines = {}
        for kind in ("energy", "forces", "virial"):
            found = [
                np.ravel(each)
                for (group, other), all_of in differences.items()
                for each in all_of
                if other == kind and name in ("all", group)
            ]
            flat = np.concatenate(found) if found else np.empty(0)
            if len(flat):
                absolute = np.abs(flat)
                lines[kind] = Line(
                    len(flat), float(np.sqrt(np.mean(flat**2))), float(absolute.mean()), float(absolute.max())
                )
        groups[name] = lines
    if len(groups) == 2:
        del groups[names[1]]
    return Errors(groups)
