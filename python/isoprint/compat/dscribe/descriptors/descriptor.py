"""What all descriptors have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint.compat.dscribe.descriptors._forms import in_sparse_form
from isoprint.compat.dscribe.utils.species import get_atomic_numbers

Reals = NDArray[Any]

DTYPES = ("float64", "float32")
# How far an atom is moved to each side for a difference, in Å.
_STEP = 1e-4


class Descriptor(ABC):
    """A descriptor of structures.

    A subclass says in `_fingerprint` which descriptor of isoprint it stands for, and calls `_changed` where a parameter
    is set.

    Parameters
    ----------
    periodic : bool
        Whether periodic images count.
    sparse : bool
        Whether results are `sparse.COO`, rather than numpy arrays.
    dtype : {"float64", "float32"}
        Of the results.
    """

    # Whether only what DScribe accepts is accepted.
    _strict: bool = True
    _species: Any = None
    _atomic_numbers: NDArray[np.int64]

    def __init__(self, periodic: Any, sparse: Any, dtype: Any = "float64") -> None:
        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise ValueError(
                f"Invalid output data type {short_repr(dtype)} given. Please use one of the following: {DTYPES}"
            )
        self.sparse = sparse
        self.periodic = periodic
        self.dtype = dtype

    @abstractmethod
    def create(self, system: Any, *args: Any, **kwargs: Any) -> Any:
        """The descriptor of one structure or of several."""

    @abstractmethod
    def _fingerprint(self, dtype: str) -> Any:
        """Our descriptor with the same meaning and this precision: it has `transform` and `derivatives`."""

    def get_number_of_features(self) -> int:
        """Number of columns."""
        return int(self._ours().n_features)

    # Attributes

    @property
    def sparse(self) -> bool:
        """Whether results are `sparse.COO`."""
        return self._sparse

    @sparse.setter
    def sparse(self, value: Any) -> None:
        self._sparse = bool(value)

    @property
    def periodic(self) -> bool:
        """Whether periodic images count."""
        return self._periodic

    @periodic.setter
    def periodic(self, value: Any) -> None:
        self._periodic = bool(value)
        self._changed()

    def _set_species(self, species: Any) -> None:
        """Keep the species as they are given, and their atomic numbers, sorted."""
        self._atomic_numbers = get_atomic_numbers(species)
        self._atomic_number_set = set(self._atomic_numbers.tolist())
        self._species = species
        self._changed()

    # Checks

    def validate_species(self, value: Any) -> NDArray[np.int64]:
        """Atomic numbers of species, sorted, each once."""
        return get_atomic_numbers(value)

    def validate_atomic_numbers(self, atomic_numbers: Iterable[int]) -> Iterable[int]:
        """The same numbers, if all are among the species; `ValueError` if not."""
        unknown = {int(number) for number in atomic_numbers} - self._atomic_number_set
        if unknown:
            raise ValueError(f"The following atomic numbers are not defined for this descriptor: {unknown}")
        return atomic_numbers

    def _chosen_method(self, method: Any, known: tuple[str, ...], refusal: str | None) -> str:
        """How derivatives are computed.

        Parameters
        ----------
        method
            As asked for.
        known : tuple of str
            What DScribe knows by name.
        refusal : str or None
            Why DScribe has no analytical derivatives here.

        Returns
        -------
        str
            "numerical" or "analytical".
        """
        if not isinstance(method, str) or method not in (known if self._strict else (*known, "analytical")):
            raise ValueError(f"Invalid method specified. Please choose from: {set(known)}")
        if method == "analytical" and self._strict and refusal is not None:
            raise ValueError(refusal)
        return "numerical" if method == "numerical" else "analytical"

    def _lenient(self, strict: bool | None) -> Descriptor:
        """The same descriptor, as strict as a call wants it to be."""
        if strict is None or bool(strict) == self._strict:
            return self
        other = object.__new__(type(self))
        vars(other).update({**vars(self), "_strict": bool(strict)})
        return other

    # Our descriptor

    def _changed(self) -> None:
        """Forget what was made of the parameters."""
        self._made: dict[str, Any] = {}

    def _ours(self, dtype: str | None = None) -> Any:
        """Our descriptor of the present parameters."""
        dtype = self.dtype if dtype is None else dtype
        found = self._made.get(dtype)
        if found is None:
            found = self._made[dtype] = self._fingerprint(dtype)
        return found

    def _rows(
        self, systems: list[Any], centers: list[Any] | None, threads: int, progress: Callable[[int, int], None] | None
    ) -> Any:
        """Rows of all systems, one after the other, dense or sparse."""
        given = {} if centers is None else {"centers": centers}
        sparse = "pydata" if self._sparse else False
        return self._ours().transform(systems, n_jobs=threads, progress=progress, sparse=sparse, **given)

    def _dense(self, system: Any, centers: Any) -> Reals:
        """Rows of one system in double precision."""
        given = {} if centers is None else {"centers": centers}
        rows: Reals = self._ours("float64").transform(system, n_jobs=1, sparse=False, **given)
        return rows

    def format_array(self, input: Reals) -> Any:
        """An array in the precision and the form of results."""
        array = input.astype(self.dtype, copy=False)
        return in_sparse_form(array) if self._sparse else array

    def _differences(self, system: Any, centers: Any, indices: Iterable[int]) -> Reals:
        """Central differences of the rows: `(n_rows, n_indices, 3, n_features)`."""
        indices = list(indices)
        rows = [[self._slope(system, centers, atom, axis) for axis in range(3)] for atom in dict.fromkeys(indices)]
        known = dict(zip(dict.fromkeys(indices), rows, strict=True))
        return np.moveaxis(np.array([known[atom] for atom in indices]), 2, 0)

    def _slope(self, system: Any, centers: Any, atom: int, axis: int) -> Reals:
        back, forth = (self._dense(moved, centers) for moved in _moved(system, atom, axis))
        slope: Reals = (forth - back) / (2.0 * _STEP)
        return slope


def _moved(system: Any, atom: int, axis: int) -> Iterator[Any]:
    """The structure with one atom a step to each side."""
    for step in (-_STEP, _STEP):
        positions = np.array(system.positions, dtype=np.float64)
        positions[atom, axis] += step
        yield SimpleNamespace(positions=positions, numbers=system.numbers, cell=system.cell, pbc=system.pbc)
