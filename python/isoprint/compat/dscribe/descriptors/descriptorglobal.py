"""Descriptors of whole structures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.compat.dscribe.descriptors._forms import (
    displaced,
    n_threads,
    of_each_system,
    percents,
    placed,
    rows_or_one,
    systems_of,
    together,
)
from isoprint.compat.dscribe.descriptors.descriptor import Descriptor


class DescriptorGlobal(Descriptor):
    """A descriptor with one row a structure.

    Parameters
    ----------
    periodic, sparse, dtype
        As of `Descriptor`.
    """

    # Values

    def create(self, system: Any, n_jobs: int = 1, only_physical_cores: bool = False, verbose: bool = False) -> Any:
        """The descriptor of one structure or of several.

        Parameters
        ----------
        system : ase.Atoms or alike, or a sequence of these
            The structures.
        n_jobs : int
            Threads, of which a negative number leaves so many cores free. The result does not depend on it.
        only_physical_cores : bool
            What a core is where `n_jobs` is negative.
        verbose : bool
            Whether to print how far it is.

        Returns
        -------
        ndarray or sparse.COO
            Of one structure `(n_features,)`, of several `(n_systems, n_features)`.
        """
        systems, _ = systems_of(system)
        threads = 1 if len(systems) == 1 else n_threads(n_jobs, only_physical_cores)
        for one in systems:
            self._require_fit(one)
        return rows_or_one(self._rows(systems, None, threads, percents(verbose)))

    def create_single(self, system: Any) -> NDArray[np.float64]:
        """The descriptor of one structure, dense and in double precision."""
        self._require_fit(system)
        return np.asarray(self._dense(system, None)[0])

    # Derivatives

    def derivatives(
        self,
        system: Any,
        include: Any = None,
        exclude: Any = None,
        method: str = "auto",
        return_descriptor: bool = True,
        n_jobs: int = 1,
        only_physical_cores: bool = False,
        verbose: bool = False,
        *,
        strict: bool | None = None,
    ) -> Any:
        """Derivatives with respect to the positions of atoms.

        Parameters
        ----------
        system, n_jobs, only_physical_cores, verbose
            As of `create`.
        include, exclude : sequence of int, or one such sequence a structure, optional
            The atoms that move, or those that do not.
        method : {"auto", "numerical"}
            "auto" is analytical, always. "numerical" takes differences, with steps of 1e-4 Å. Who is not strict may
            say "analytical" too.
        return_descriptor : bool
            Whether to return the descriptor too.
        strict : bool, optional
            Whether to refuse "analytical" where DScribe does. By default as the descriptor was told.

        Returns
        -------
        derivatives, or (derivatives, descriptor)
            Of one structure `(n_atoms, 3, n_features)` and `(n_features,)`; of several with equal shapes one dimension
            more in front, else lists.
        """
        calm = self._lenient(strict)
        assert isinstance(calm, DescriptorGlobal)
        chosen = calm.validate_derivatives_method(method)
        systems, _ = systems_of(system)
        n = len(systems)
        moved = [
            displaced(len(one.positions), own, other)
            for one, own, other in zip(
                systems,
                of_each_system("includes", include, n, shared=True),
                of_each_system("excludes", exclude, n, shared=True),
                strict=True,
            )
        ]
        threads = 1 if n == 1 else n_threads(n_jobs, only_physical_cores)
        for one in systems:
            calm._require_fit(one)
        if chosen == "analytical":
            found = calm._blocks(systems, threads, percents(verbose))
            results: list[Any] = []
            while found:
                results.append(placed(found.pop(0), moved[len(results)], calm.sparse)[0])
        else:
            results = [
                calm.format_array(calm._differences(one, None, atoms)[0])
                for one, atoms in zip(systems, moved, strict=True)
            ]
        derivatives = together(results, calm.sparse)
        if not return_descriptor:
            return derivatives
        rows = calm._rows(systems, None, threads, None)
        return derivatives, [*rows] if isinstance(derivatives, list) else rows_or_one(rows)

    def _blocks(self, systems: list[Any], threads: int, progress: Any) -> list[Any]:
        """The Jacobian of the one row of each structure, as `isoprint.Derivatives`."""
        found: list[Any] = self._ours().derivatives(systems, n_jobs=threads, progress=progress)
        return found

    def validate_derivatives_method(self, method: Any) -> str:
        """How derivatives are computed: "numerical" or "analytical"; `ValueError` for what DScribe does not know."""
        return self._chosen_method(method, ("numerical", "auto"), None)

    def _require_fit(self, system: Any) -> None:
        """Raise where DScribe does not take a structure."""
