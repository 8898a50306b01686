"""Tabulated pair potentials: what is there before anything is learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint.descriptors.derivatives import Pullback
from isoprint.models._estimator import Parameters
from isoprint.models.clusters import group_of, name_of
from isoprint.structures.clusters import in_any_order, pairs
from isoprint.structures.elements import number_of
from isoprint.structures.frames import Frames
from isoprint.structures.neighbors import neighbors

Floats = NDArray[np.float64]


class PairPotential(Parameters):
    """A pair potential from a table, by cubic splines: a fixed part of a model, without weights.

    A strong repulsion at short distances, where there are no data, is what it is for: a model learns what is left.

    Parameters
    ----------
    tables : mapping
        For pairs of elements, such as `"C-H"` or `("C", "H")`, distances in Å, ascending, and the energies of a pair in
        eV at these: `(r, energy)`, or with the slopes at both ends `(r, energy, (first, last))`, where `None` is for no
        curvature there. Beyond the last distance there is nothing, so the energies should end with zero and a slope
        of zero; before the first one the spline goes on as a straight line.

    Examples
    --------
    >>> import isoprint as ip
    >>> import numpy as np
    >>> r = np.linspace(0.5, 2.0, 31)
    >>> repulsion = ip.models.PairPotential({"Si-Si": (r, 20.0 * (2.0 - r) ** 3)})
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3)
    >>> model = ip.models.SparseGP([repulsion, ip.models.TwoBody(r_cut=5.0), soap])
    """

    def __init__(self, tables: Any) -> None:
        self.tables = tables

    def _named_tables(self) -> dict[str, Any]:
        """The tables by pair, such as `C-H`."""
        return {name_of(group): table for group, table in self._by_group().items()}

    def _require(self) -> None:
        """Complain of tables that make no sense."""
        self._splines()

    def _energies(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> Floats:
        """What it adds to the local energies: half of that of each pair."""
        return self._energies_and_gradient(frames, packed, n_jobs)[0]

    def _energies_and_gradient(self, frames: list[Any], packed: Frames, n_jobs: int | None) -> tuple[Floats, Pullback]:
        """The same, and the gradient of their sum."""
        splines = self._splines()
        r_cut = max(spline.r[-1] for spline in splines.values())
        local = np.zeros(packed.n_atoms)
        gradient = Pullback(np.zeros((packed.n_atoms, 3)), np.zeros((packed.n_frames, 3, 3)))
        for place, frame in enumerate(frames):
            own = slice(int(packed.offsets[place]), int(packed.offsets[place + 1]))
            numbers = packed.numbers[own]
            found = pairs(neighbors(frame, r_cut, n_jobs=n_jobs), np.arange(len(numbers)))
            for group, spline in splines.items():
                some = found.chosen(in_any_order(numbers[found.atoms], group))
                distance = some.distance(0, 1)
                value, slope = spline.value_and_slope(distance.value)
                local[own] += np.bincount(some.atoms[:, 0], 0.5 * value, len(numbers))
                along = 0.5 * slope[:, None, None] * distance.gradient
                for x in range(3):
                    gradient.positions[own, x] += np.bincount(some.atoms.ravel(), along[..., x].ravel(), len(numbers))
                gradient.strain[place] += np.tensordot(some.vectors, along, ([0, 1], [0, 1]))
        return local, gradient

    def _splines(self) -> dict[tuple[int, ...], _Spline]:
        if not isinstance(self.tables, Mapping) or not self.tables:
            raise ValueError(f"tables are {short_repr(self.tables)}; give a mapping such as {{'C-H': (r, energy)}}")
        return {group: _Spline(name_of(group), table) for group, table in self._by_group().items()}

    def _by_group(self) -> dict[tuple[int, ...], Any]:
        found = {}
        for key, table in self.tables.items():
            numbers = group_of(key) if isinstance(key, str) else tuple(number_of(one, "tables") for one in key)
            if len(numbers) != 2:
                raise ValueError(f"tables have the key {short_repr(key)}; it must name two elements, as in 'C-H'")
            found[tuple(sorted(numbers))] = table
        if len(found) != len(self.tables):
            raise ValueError("tables name the same pair of elements twice; keep one")
        return found


class _Spline:
    """A cubic spline that begins with a straight line and ends with nothing."""

    def __init__(self, name: str, table: Any) -> None:
        from scipy.interpolate import CubicSpline

        try:
            given, energy, *rest = table
            self.r, energy = np.asarray(given, np.float64), np.asarray(energy, np.float64)
            ((first, last),) = rest or [(None, None)]
            ends = [(2, 0.0) if slope is None else (1, float(slope)) for slope in (first, last)]
        except (TypeError, ValueError):
            raise ValueError(f"the table of {name} is {short_repr(table)}; give distances and energies") from None
        if self.r.ndim != 1 or self.r.shape != energy.shape or len(self.r) < 2:
            raise ValueError(
                f"the table of {name} has {self.r.shape} distances and {energy.shape} energies; give two or more"
            )
        finite = np.isfinite(self.r).all() and np.isfinite(energy).all() and np.isfinite([end[1] for end in ends]).all()
        if not (finite and (np.diff(self.r) > 0.0).all() and self.r[0] >= 0.0):
            raise ValueError(f"the table of {name} must have ascending distances and finite energies and slopes")
        self._spline = CubicSpline(self.r, energy, bc_type=tuple(ends))

    def value_and_slope(self, r: Floats) -> tuple[Floats, Floats]:
        """Energies of pairs at these distances, and their derivatives."""
        inside = np.clip(r, self.r[0], self.r[-1])
        slope = np.where(r < self.r[-1], self._spline(inside, 1), 0.0)
        value = np.where(r < self.r[-1], self._spline(inside), 0.0) + slope * np.minimum(r - self.r[0], 0.0)
        return value, slope
