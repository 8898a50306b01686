"""Symmetry functions with DScribe's interface."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from isoprint._support.arrays import short_repr
from isoprint._support.parameters import integer, number
from isoprint.compat.dscribe.descriptors._old_names import old_names
from isoprint.compat.dscribe.descriptors.descriptorlocal import DescriptorLocal
from isoprint.descriptors.acsf import ACSF as Ours
from isoprint.translators.dscribe import acsf, parameters_of

_KINDS = ("g2", "g3", "g4", "g5")


class ACSF(DescriptorLocal):
    """Atom-centered symmetry functions, as DScribe's class of this name.

    Parameters
    ----------
    r_cut : float
        Radius of the environment in Å.
    g2_params : array_like (n, 2), optional
        `eta` and `R_s` of each function of distance.
    g3_params : array_like (n,), optional
        `kappa` of each.
    g4_params, g5_params : array_like (n, 3), optional
        `eta`, `zeta` and `lambda` of each function of angle, with and without the distance of the two neighbors.
    species : iterable of str or of int
        The elements that there may be.
    periodic : bool
        Whether periodic images count.
    sparse : bool
        Whether results are `sparse.COO`.
    dtype : {"float64", "float32"}
        Of the results.
    strict : bool
        Whether to refuse what DScribe refuses and isoprint can do: analytical derivatives by that name, points as
        centers.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from isoprint.compat.dscribe.descriptors import ACSF
    >>> acsf = ACSF(r_cut=6.0, species=["H", "O"], g2_params=[[1.0, 1.0]], g4_params=[[1.0, 1.0, 1.0]])
    >>> acsf.create(molecule("H2O")).shape
    (3, 7)
    """

    @old_names(rcut="r_cut")
    def __init__(
        self,
        r_cut: Any,
        g2_params: Any = None,
        g3_params: Any = None,
        g4_params: Any = None,
        g5_params: Any = None,
        species: Any = None,
        periodic: Any = False,
        sparse: Any = False,
        dtype: Any = "float64",
        *,
        strict: bool = True,
    ) -> None:
        self._strict = bool(strict)
        self._changed()
        super().__init__(periodic=periodic, sparse=sparse, dtype=dtype)
        self._set_species(species)
        self._r_cut = self.validate_r_cut(r_cut)
        given = zip(_KINDS, (g2_params, g3_params, g4_params, g5_params), strict=True)
        self._params = {kind: parameters_of(kind, values) for kind, values in given}
        self.get_number_of_features()  # so that what is out of range is said here

    def _fingerprint(self, dtype: str) -> Ours:
        arguments = {
            "r_cut": self._r_cut,
            "species": self._atomic_numbers,
            "periodic": self._periodic,
            "dtype": dtype,
            **{f"{kind}_params": values or None for kind, values in self._params.items()},
        }
        return Ours(**acsf(arguments))

    @property
    def species(self) -> Any:
        """The elements, as they were given."""
        return self._species

    @species.setter
    def species(self, value: Any) -> None:
        self._set_species(value)

    @property
    def r_cut(self) -> float:
        """Radius of the environment in Å."""
        return float(self._r_cut)

    @r_cut.setter
    def r_cut(self, value: Any) -> None:
        self._r_cut = self.validate_r_cut(value)
        self._changed()

    def validate_r_cut(self, value: Any) -> Any:
        """The same radius, if it is positive; `ValueError` if not."""
        if value <= 0:
            raise ValueError(f"Cutoff radius should be positive: r_cut is {short_repr(value)}.")
        return value

    @property
    def g2_params(self) -> list[Any]:
        """`[eta, R_s]` of each function of distance."""
        return self._params["g2"]

    @g2_params.setter
    def g2_params(self, value: Any) -> None:
        self._set_params("g2", value)

    @property
    def g3_params(self) -> list[Any]:
        """`kappa` of each function."""
        return self._params["g3"]

    @g3_params.setter
    def g3_params(self, value: Any) -> None:
        self._set_params("g3", value)

    @property
    def g4_params(self) -> list[Any]:
        """`[eta, zeta, lambda]` of each function of angle and three distances."""
        return self._params["g4"]

    @g4_params.setter
    def g4_params(self, value: Any) -> None:
        self._set_params("g4", value)

    @property
    def g5_params(self) -> list[Any]:
        """`[eta, zeta, lambda]` of each function of angle and two distances."""
        return self._params["g5"]

    @g5_params.setter
    def g5_params(self, value: Any) -> None:
        self._set_params("g5", value)

    def _set_params(self, kind: str, value: Any) -> None:
        self._params = {**self._params, kind: parameters_of(kind, value)}
        self._changed()

    # What DScribe refuses

    def _centers_of(self, system: Any, centers: Any) -> Any:
        # Unlike SOAP, it takes any collection of indices, an empty one too.
        if isinstance(centers, Iterable) and not isinstance(centers, str):
            centers = list(centers)
        return [] if centers == [] else super()._centers_of(system, centers)

    def _center(self, center: Any, n_atoms: int) -> Any:
        index = integer(center)
        if index is None and number(center).is_integer():
            index = int(center)
        if self._strict and index is None:
            raise ValueError(
                f"centers contains {short_repr(center)}; give the indices of atoms, or strict=False to the descriptor"
                " for points in space"
            )
        return super()._center(center if index is None else index, n_atoms)

    def validate_derivatives_method(self, method: Any, attach: bool) -> str:
        """How derivatives are computed: "numerical" or "analytical"; `ValueError` where DScribe refuses."""
        if self._strict and not attach:
            raise ValueError("ACSF derivatives can only be calculated with attach=True.")
        return super().validate_derivatives_method(method, attach)
