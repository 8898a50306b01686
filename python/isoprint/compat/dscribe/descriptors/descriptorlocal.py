"""Descriptors of the surroundings of atoms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import integer
from isoprint.compat.dscribe.descriptors._forms import (
    displaced,
    n_threads,
    of_each_system,
    percents,
    placed,
    rows_by_system,
    rows_or_one,
    systems_of,
    together,
)
from isoprint.compat.dscribe.descriptors._old_names import old_names
from isoprint.compat.dscribe.descriptors.descriptor import Descriptor, Reals

_CENTERS = (
    "The argument 'centers' should contain a non-empty one-dimensional list of atomic indices or a two-dimensional list"
    " of cartesian coordinates with x, y and z components; it is {}."
)


class DescriptorLocal(Descriptor):
    """A descriptor with one row a center, or with one row a structure by `average`.

    Parameters
    ----------
    periodic, sparse, dtype
        As of `Descriptor`.
    average : {"off", "inner", "outer"}
        How rows are averaged.
    """

    def __init__(self, periodic: Any, sparse: Any, dtype: Any = "float64", average: str = "off") -> None:
        super().__init__(periodic=periodic, sparse=sparse, dtype=dtype)
        self.average = average

    @property
    def average(self) -> str:
        """How rows are averaged."""
        return self._average

    @average.setter
    def average(self, value: str) -> None:
        self._average = value
        self._changed()

    # Values

    @old_names(positions="centers")
    def create(
        self,
        system: Any,
        centers: Any = None,
        n_jobs: int = 1,
        only_physical_cores: bool = False,
        verbose: bool = False,
    ) -> Any:
        """The descriptor of one structure or of several.

        Parameters
        ----------
        system : ase.Atoms or alike, or a sequence of these
            The structures.
        centers : sequence, optional
            Indices of atoms, or points in Å; for several structures one such list each. By default, every atom.
        n_jobs : int
            Threads, of which a negative number leaves so many cores free. The result does not depend on it.
        only_physical_cores : bool
            What a core is where `n_jobs` is negative.
        verbose : bool
            Whether to print how far it is.

        Returns
        -------
        ndarray or sparse.COO, or a list of these
            Of one structure `(n_centers, n_features)`; of several with as many centers each
            `(n_systems, n_centers, n_features)`, else a list. Averages have one dimension less.
        """
        systems, single = systems_of(system)
        given = [centers] if single else of_each_system("centers", centers, len(systems), shared=False)
        threads = 1 if len(systems) == 1 else n_threads(n_jobs, only_physical_cores)
        for one in systems:
            self._require_fit(one)
        wanted = [self._centers_of(one, own) for one, own in zip(systems, given, strict=True)]
        rows = self._rows(systems, None if centers is None else wanted, threads, percents(verbose))
        if self._average != "off":
            return rows_or_one(rows)
        return rows_by_system(rows, [_count(one, own) for one, own in zip(systems, wanted, strict=True)])

    def create_single(self, system: Any, centers: Any = None) -> NDArray[np.float64]:
        """The descriptor of one structure, dense and in double precision."""
        self._require_fit(system)
        rows = self._dense(system, self._centers_of(system, centers))
        return rows[0] if self._average != "off" else rows

    # Derivatives

    @old_names(positions="centers")
    def derivatives(
        self,
        system: Any,
        centers: Any = None,
        include: Any = None,
        exclude: Any = None,
        method: str = "auto",
        return_descriptor: bool = True,
        attach: bool = False,
        n_jobs: int = 1,
        only_physical_cores: bool = False,
        verbose: bool = False,
        *,
        strict: bool | None = None,
    ) -> Any:
        """Derivatives with respect to the positions of atoms.

        Parameters
        ----------
        system, centers, n_jobs, only_physical_cores, verbose
            As of `create`.
        include, exclude : sequence of int, or one such sequence a structure, optional
            The atoms that move, or those that do not.
        method : {"auto", "analytical", "numerical"}
            "auto" is analytical, always. "numerical" takes differences, with steps of 1e-4 Å.
        return_descriptor : bool
            Whether to return the rows too.
        attach : bool
            Whether centers that are given as indices move with their atoms.
        strict : bool, optional
            Whether to refuse "analytical" where DScribe does. By default as the descriptor was told.

        Returns
        -------
        derivatives, or (derivatives, descriptor)
            Of one structure `(n_centers, n_atoms, 3, n_features)` and `(n_centers, n_features)`, one center where
            there is an average; of several with equal shapes one dimension more in front, else lists.
        """
        calm = self._lenient(strict)
        assert isinstance(calm, DescriptorLocal)
        chosen = calm.validate_derivatives_method(method, attach)
        systems, single = systems_of(system)
        n = len(systems)
        given = [centers] if single else of_each_system("centers", centers, n, shared=False)
        moved = [
            displaced(len(one.positions), own, other)
            for one, own, other in zip(
                systems,
                [include] if single else of_each_system("includes", include, n, shared=True),
                [exclude] if single else of_each_system("excludes", exclude, n, shared=True),
                strict=True,
            )
        ]
        threads = 1 if n == 1 else n_threads(n_jobs, only_physical_cores)
        for one in systems:
            calm._require_fit(one)
        wanted = [calm._centers_of(one, own) for one, own in zip(systems, given, strict=True)]
        if not attach:
            wanted = [_points(one, own) for one, own in zip(systems, wanted, strict=True)]
        if chosen == "analytical":
            found = calm._ours().derivatives(systems, centers=wanted, n_jobs=threads, progress=percents(verbose))
            results: list[Any] = []
            while found:
                results.append(placed(found.pop(0), moved[len(results)], calm.sparse))
        else:
            results = [
                calm.format_array(calm._differences(one, own, atoms))
                for one, own, atoms in zip(systems, wanted, moved, strict=True)
            ]
        derivatives = together(results, calm.sparse)
        if not return_descriptor:
            return derivatives
        rows = calm._rows(systems, wanted, threads, None)
        counts = [1 if calm._average != "off" else _count(*one) for one in zip(systems, wanted, strict=True)]
        if isinstance(derivatives, list):
            ends = np.cumsum(counts).tolist()
            return derivatives, [rows[end - count : end] for end, count in zip(ends, counts, strict=True)]
        return derivatives, rows_by_system(rows, counts)

    def validate_derivatives_method(self, method: Any, attach: bool) -> str:
        """How derivatives are computed: "numerical" or "analytical"; `ValueError` for what DScribe does not know."""
        return self._chosen_method(method, ("numerical", "auto"), None)

    # What is asked for

    def _require_fit(self, system: Any) -> None:
        """Raise where DScribe does not take a structure."""

    def _centers_of(self, system: Any, centers: Any) -> Any:
        """The centers of one structure as ours are given: indices from 0 on, and points."""
        if centers is None:
            return None
        if not isinstance(centers, (list, tuple, np.ndarray)) or len(centers) == 0:
            raise ValueError(_CENTERS.format(short_repr(centers)))
        n_atoms = len(system.positions)
        return [self._center(one, n_atoms) for one in centers]

    def _center(self, center: Any, n_atoms: int) -> Any:
        """One center; a negative index counts from the end."""
        index = integer(center)
        if index is not None:
            if not -n_atoms <= index < n_atoms:
                raise IndexError(f"centers contains {index}, which is no atom: there are {n_atoms}, counted from 0")
            return index % n_atoms
        if not isinstance(center, (list, tuple, np.ndarray)) or len(center) != 3:
            raise ValueError(_CENTERS.format(f"a list that contains {short_repr(center)}"))
        return tuple(map(float, center))


def _count(system: Any, centers: Any) -> int:
    return len(system.positions) if centers is None else len(centers)


def _points(system: Any, centers: Any) -> list[Any]:
    """Centers that stay where they are: those of atoms as points."""
    positions: Reals = np.asarray(system.positions, dtype=np.float64)
    if centers is None:
        return list(map(tuple, positions))
    return [tuple(positions[one]) if isinstance(one, int) else one for one in centers]
