"""What distinguishes the calculators: the fingerprint behind each, its keys, and where a block is among the columns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import flag
from isoprint.compat.featomic.status import FeatomicError
from isoprint.descriptors import SOAP, DensityCoefficients
from isoprint.translators import featomic
from isoprint.translators._keys import keys


class Key(NamedTuple):
    """A key, and what it means."""

    values: tuple[int, ...]
    center: int
    """Type of the centers."""
    neighbors: tuple[int, ...]
    """Types of neighbors, all of which a sample has."""
    degree: int = 0


class Kind(ABC):
    """One calculator."""

    name: ClassVar[str]
    key_names: ClassVar[tuple[str, ...]]
    property_names: ClassVar[tuple[str, ...]]
    # Types of neighbors in a key.
    arity: ClassVar[int]
    cutoffs: list[float]

    @abstractmethod
    def descriptor(self, n_types: int) -> Any:
        """The fingerprint of structures with so many types, which are called 1, 2, ..."""

    @abstractmethod
    def keys(self, center: int, neighbors: tuple[int, ...]) -> list[Key]:
        """The keys of such centers and neighbors, in their order."""

    @abstractmethod
    def key(self, values: tuple[int, ...]) -> Key:
        """What a key means."""

    @abstractmethod
    def properties(self) -> NDArray[np.int32]:
        """The properties of every block, one row each."""

    def components(self, key: Key) -> list[tuple[str, NDArray[Any]]]:
        """Names and entries of the components of a block."""
        return []

    @abstractmethod
    def part(self, columns: NDArray[Any], key: Key, types: list[int]) -> NDArray[Any]:
        """What belongs to a block: the last axis of all `columns`, of structures with these types, becomes components
        and properties.
        """


def _mapping(hypers: Any) -> dict[str, Any]:
    """Hyper-parameters as keywords; what is `None` is there, and no mapping."""
    given = keys("hyper-parameters", hypers, ("cutoff", "density", "basis"))
    return {name: {} if value is None else value for name, value in given.items()}


class PowerSpectrum(Kind):
    """The power spectrum: columns are pairs of species, then degrees, then pairs of radial functions."""

    name = "SOAP power spectrum"
    key_names = ("center_type", "neighbor_1_type", "neighbor_2_type")
    property_names = ("l", "n_1", "n_2")
    arity = 2

    def __init__(self, hypers: Any) -> None:
        self._template = SOAP.from_featomic(**_mapping(hypers), species=[1])
        self.cutoffs = [self._template.r_cut]
        # Numbers out of range are refused when the calculator is made.
        _ = self._template.n_features
        self._n, self._l = self._template.n_max, self._template.l_max

    def descriptor(self, n_types: int) -> SOAP:
        return SOAP(**{**self._template.get_params(), "species": list(range(1, n_types + 1))})

    def keys(self, center: int, neighbors: tuple[int, ...]) -> list[Key]:
        return [self.key((center, *neighbors))]

    def key(self, values: tuple[int, ...]) -> Key:
        return Key(values, values[0], values[1:])

    def properties(self) -> NDArray[np.int32]:
        every: NDArray[np.int32] = np.indices((self._l + 1, self._n, self._n), np.int32).reshape(3, -1).T
        return every

    def part(self, columns: NDArray[Any], key: Key, types: list[int]) -> NDArray[Any]:
        first, second = (types.index(kind) for kind in sorted(key.neighbors))
        n_columns = (self._l + 1) * self._n**2
        pair = first * len(types) - first * (first - 1) // 2 + second - first
        own = columns[..., pair * n_columns : (pair + 1) * n_columns]
        if key.neighbors[0] <= key.neighbors[1]:
            return own
        # The other way round, which nobody gets who does not ask for it.
        products = own.reshape(*own.shape[:-1], self._l + 1, self._n, self._n)
        return np.swapaxes(products, -1, -2).reshape(own.shape)


class Expansion(Kind):
    """The density coefficients: columns are species, then `lm`, then radial functions."""

    name = "spherical expansion"
    key_names: ClassVar[tuple[str, ...]] = ("o3_lambda", "o3_sigma", "center_type", "neighbor_type")
    property_names = ("n",)
    arity = 1

    def __init__(self, hypers: Any) -> None:
        self._template = DensityCoefficients.from_featomic(**_mapping(hypers), species=[1])
        self.cutoffs = [self._template.r_cut]
        _ = self._template.n_features
        self._n, self._l = self._template.n_max, self._template.l_max

    def descriptor(self, n_types: int) -> DensityCoefficients:
        return DensityCoefficients(**{**self._template.get_params(), "species": list(range(1, n_types + 1))})

    def keys(self, center: int, neighbors: tuple[int, ...]) -> list[Key]:
        return [self.key((degree, 1, center, *neighbors)) for degree in range(self._l + 1)]

    def key(self, values: tuple[int, ...]) -> Key:
        degree, sigma, center, neighbor = values
        if not 0 <= degree <= self._l or sigma != 1:
            raise FeatomicError(
                f"invalid parameter: there is no key o3_lambda={degree}, o3_sigma={sigma}; o3_lambda is from 0 to"
                f" {self._l}, and o3_sigma is 1"
            )
        return Key(values, center, (neighbor,), degree)

    def properties(self) -> NDArray[np.int32]:
        return np.arange(self._n, dtype=np.int32)[:, None]

    def components(self, key: Key) -> list[tuple[str, NDArray[Any]]]:
        return [("o3_mu", np.arange(-key.degree, key.degree + 1))]

    def part(self, columns: NDArray[Any], key: Key, types: list[int]) -> NDArray[Any]:
        first, n_harmonics, degree = types.index(key.neighbors[0]), (self._l + 1) ** 2, key.degree
        start = (first * n_harmonics + degree**2) * self._n
        own = columns[..., start : start + (2 * degree + 1) * self._n]
        return own.reshape(*own.shape[:-1], 2 * degree + 1, self._n)


class RadialSpectrum(Expansion):
    """The coefficients of degree 0 alone."""

    name = "radial spectrum"
    key_names = ("center_type", "neighbor_type")

    def __init__(self, hypers: Any) -> None:
        super().__init__(featomic.of_degree_zero(hypers))

    def keys(self, center: int, neighbors: tuple[int, ...]) -> list[Key]:
        return [self.key((center, *neighbors))]

    def key(self, values: tuple[int, ...]) -> Key:
        return Key(values, values[0], values[1:])

    def components(self, key: Key) -> list[tuple[str, NDArray[Any]]]:
        return []

    def part(self, columns: NDArray[Any], key: Key, types: list[int]) -> NDArray[Any]:
        start = types.index(key.neighbors[0]) * self._n
        return columns[..., start : start + self._n]


class Composition:
    """Counts of atoms, which need no fingerprint."""

    name = "atomic composition"

    def __init__(self, hypers: Any) -> None:
        self.per_system = flag("per_system", featomic.composition(hypers))
        self.cutoffs: list[float] = []


BY_NAME: dict[str, Any] = {
    "soap_power_spectrum": PowerSpectrum,
    "spherical_expansion": Expansion,
    "soap_radial_spectrum": RadialSpectrum,
    "atomic_composition": Composition,
}
