"""Many-body tensor representations with DScribe's interface."""

from __future__ import annotations

from typing import Any

from isoprint.compat.dscribe.descriptors._spread import Spread, check_geometry, check_grid, check_weighting
from isoprint.compat.dscribe.descriptors.descriptorglobal import DescriptorGlobal
from isoprint.descriptors.mbtr import MBTR as Ours

__all__ = ["MBTR", "check_geometry", "check_grid", "check_weighting"]

_NO_DERIVATIVES = ("l2",)


class MBTR(Spread, DescriptorGlobal):
    """Many-body tensor representation of a structure, as DScribe's class of this name.

    Parameters
    ----------
    geometry : mapping
        ``{"function": name}`` with "atomic_number", "distance", "inverse_distance", "angle" or "cosine".
    grid : mapping
        `min`, `max`, `sigma` and `n`.
    weighting : mapping, optional
        ``{"function": name, ...}`` with "unity", "exp", "inverse_square" or "smooth_cutoff", and its numbers.
    normalize_gaussians : bool
        Whether the area of a Gaussian is one; otherwise its height is.
    normalization : {"none", "l2", "n_atoms", "valle_oganov"}
        What rows are divided by.
    species : iterable of str or of int
        The elements that there may be.
    periodic : bool
        Whether periodic images count.
    sparse : bool
        Whether results are `sparse.COO`.
    dtype : {"float64", "float32"}
        Of the results.
    strict : bool
        Whether to refuse what DScribe refuses and isoprint can do: analytical derivatives, by that name, of angles and
        of rows divided by their length.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from isoprint.compat.dscribe.descriptors import MBTR
    >>> mbtr = MBTR(
    ...     geometry={"function": "inverse_distance"},
    ...     grid={"min": 0, "max": 1, "sigma": 0.1, "n": 100},
    ...     weighting={"function": "exp", "r_cut": 10, "threshold": 1e-3},
    ...     species=["H", "O"],
    ... )
    >>> mbtr.create(molecule("H2O")).shape, mbtr.get_location(("H", "O"))
    ((300,), slice(100, 200, None))
    """

    _normalizations = ("l2", "n_atoms", "none", "valle_oganov")

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

    def _fingerprint(self, dtype: str) -> Ours:
        alone = self.k == 1 and self._normalization == "valle_oganov"
        normalization: Any = None if alone or self._normalization == "none" else self._normalization
        return Ours(**self._settings(dtype), species=self._atomic_numbers.tolist(), normalization=normalization)

    def get_number_of_features(self) -> int:
        """Number of columns."""
        pairs = self.n_elements * (self.n_elements + 1) // 2
        return {1: self.n_elements, 2: pairs, 3: self.n_elements * pairs}[self.k] * int(self._grid["n"])

    def get_location(self, species: Any) -> slice:
        """The columns of a combination of elements.

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
        if self.k == 1:
            return self._block(places[0])
        if self.k == 2:
            return self._block(self._place_of_pair(*places))
        pairs = self.n_elements * (self.n_elements + 1) // 2
        return self._block(places[1] * pairs + self._place_of_pair(places[0], places[2]))

    def validate_derivatives_method(self, method: Any) -> str:
        """How derivatives are computed: "numerical" or "analytical"; `ValueError` where DScribe refuses."""
        refusal = None
        if self._normalization in _NO_DERIVATIVES:
            refusal = f"Analytical derivatives not implemented for normalization option '{self._normalization}'."
        elif self._geometry["function"] == "angle":
            refusal = "Analytical derivatives not implemented for k3 geometry function 'angle'."
        return self._chosen_method(method, ("numerical", "analytical", "auto"), refusal)

    def _require_fit(self, system: Any) -> None:
        self._require_species(system)
