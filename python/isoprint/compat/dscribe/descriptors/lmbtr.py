"""Local many-body tensor representations with DScribe's interface."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint.compat.dscribe.descriptors._spread import DEGREES, Spread, check_geometry
from isoprint.compat.dscribe.descriptors.descriptorlocal import DescriptorLocal
from isoprint.descriptors.mbtr import LocalMBTR as Ours


class LMBTR(Spread, DescriptorLocal):
    """Local many-body tensor representation of centers, as DScribe's class of this name.

    Parameters
    ----------
    geometry : mapping
        ``{"function": name}`` with "distance", "inverse_distance", "angle" or "cosine".
    grid, weighting, normalize_gaussians
        As of `MBTR`.
    normalization : {"none", "l2"}
        What rows are divided by.
    species : iterable of str or of int
        The elements that there may be; a center is the element "X" with the number 0.
    periodic : bool
        Whether periodic images count.
    sparse : bool
        Whether results are `sparse.COO`.
    dtype : {"float64", "float32"}
        Of the results.
    strict : bool
        Whether to refuse what DScribe refuses and isoprint can do: the weightings "inverse_square" and "smooth_cutoff",
        and analytical derivatives by that name.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from isoprint.compat.dscribe.descriptors import LMBTR
    >>> lmbtr = LMBTR(
    ...     geometry={"function": "distance"},
    ...     grid={"min": 0, "max": 5, "sigma": 0.1, "n": 200},
    ...     weighting={"function": "exp", "scale": 0.5, "threshold": 1e-3},
    ...     species=["H", "O"],
    ... )
    >>> lmbtr.create(molecule("H2O")).shape, lmbtr.get_location(("X", "O"))
    ((3, 600), slice(400, 600, None))
    """

    _normalizations = ("l2", "none")

    def __init__(
        self,
        geometry: Any = None,
        grid: Any = None,
        weighting: Any = None,
        normalize_gaussians: Any = True,
        normalization: Any = "none",
        species: Any = None,
        periodic: Any = False,
        sparse: Any = False,
        dtype: Any = "float64",
        *,
        strict: bool = True,
    ) -> None:
        self._changed()
        super().__init__(periodic=periodic, sparse=sparse, dtype=dtype)
        self._tell(geometry, grid, weighting, normalize_gaussians, normalization, species, strict)

    @property
    def geometry(self) -> Any:
        """The geometry function, as it was given."""
        return self._geometry

    @geometry.setter
    def geometry(self, value: Any) -> None:
        check_geometry(value)
        if DEGREES[value["function"]] == 1:
            raise ValueError("LMBTR does not support geometry functions for degree k=1.")
        self.k = DEGREES[value["function"]]
        self._geometry = value

    def _count_elements(self) -> None:
        if 0 in self._atomic_number_set:
            raise ValueError("The atomic number 0 is reserved for the ghost atoms in this implementation.")
        self._atomic_number_set.add(0)
        self._atomic_numbers = np.insert(self._atomic_numbers, 0, 0)
        super()._count_elements()

    def _weight(self) -> Any:
        weighting = super()._weight()
        if weighting is None:
            return None
        if self._strict and weighting["function"] != "exp":
            raise ValueError(
                "Invalid weighting function: LMBTR of DScribe takes 'unity' and 'exp';"
                f" {weighting['function']!r} needs strict=False"
            )
        return None if weighting.get("scale") == 0 else weighting

    def _fingerprint(self, dtype: str) -> Any:
        normalization: Any = None if self._normalization == "none" else self._normalization
        ours = Ours(**self._settings(dtype), species=self._atomic_numbers[1:].tolist(), normalization=normalization)
        return _Widened(ours, self._columns(), self.get_number_of_features())

    def _columns(self) -> NDArray[np.int64]:
        """The columns that ours have among DScribe's, where the blocks without any pair or triple are there as well."""
        elements = range(1, self.n_elements)
        if self.k == 2:
            places = list(elements)
        else:
            places = [self._place_of_pair(a, b) for a in elements for b in elements if a <= b]
            places += [self._place_beside(a, b) for a in elements for b in elements]
        n = int(self._grid["n"])
        return (np.array(places)[:, None] * n + np.arange(n)).ravel()

    def _place_beside(self, vertex: int, end: int) -> int:
        """The place of angles between the center and another atom."""
        return self.n_elements * (self.n_elements + 1) // 2 + (vertex - 1) * self.n_elements + end

    def get_number_of_features(self) -> int:
        """Number of columns."""
        blocks = self.n_elements if self.k == 2 else self.n_elements * (3 * self.n_elements - 1) // 2
        return blocks * int(self._grid["n"])

    def get_location(self, species: Any) -> slice:
        """The columns of a combination of elements, the center "X" among them.

        Parameters
        ----------
        species : tuple of str or of int
            One element for each atom that is asked; of three the one in the middle is the vertex.

        Returns
        -------
        slice
            Their columns.

        Raises
        ------
        ValueError
            Where there is no such combination.
        """
        places = self._indices(species)
        if 0 not in places:
            raise ValueError("The central species X (atomic number 0) has to be one of the elements.")
        if self.k == 2:
            return self._block(max(places))
        first, vertex, last = min(places[0], places[2]), places[1], max(places[0], places[2])
        return self._block(self._place_of_pair(first, last) if vertex == 0 else self._place_beside(vertex, last))

    def _require_fit(self, system: Any) -> None:
        if 0 in np.asarray(system.numbers):
            raise ValueError(
                "Please do not use the atomic number 0 in local MBTR as it is reserved to mark the atoms use as"
                " analysis centers."
            )
        self._require_species(system)


class _Widened:
    """Our descriptor with columns that are always zero between its own."""

    def __init__(self, ours: Ours, columns: NDArray[np.int64], n_features: int) -> None:
        self._ours, self._columns, self.n_features = ours, columns, n_features

    def transform(self, frames: Any, *, sparse: Any = False, **options: Any) -> Any:
        rows: Any = self._ours.transform(frames, sparse=sparse, **options)
        if sparse == "pydata":
            from sparse import COO

            places = np.stack([rows.coords[0], self._columns[rows.coords[1]]])
            return COO(places, rows.data, shape=(rows.shape[0], self.n_features))
        return self._wide(rows)

    def derivatives(self, frames: Any, **options: Any) -> list[Any]:
        found = self._ours.derivatives(frames, **options)
        return [
            SimpleNamespace(
                values=self._wide(blocks.values),
                center=blocks.center,
                atom=blocks.atom,
                n_atoms=blocks.n_atoms,
                n_rows=blocks.n_rows,
            )
            for blocks in found
        ]

    def _wide(self, values: Any) -> Any:
        wide = np.zeros((*values.shape[:-1], self.n_features), values.dtype)
        wide[..., self._columns] = values
        return wide
