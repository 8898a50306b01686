"""Descriptors that are a matrix of all atoms of a structure."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint.compat.dscribe.descriptors._forms import in_sparse_form, systems_of
from isoprint.compat.dscribe.descriptors._noise import CompiledNoise, NumpyNoise
from isoprint.compat.dscribe.descriptors.descriptorglobal import DescriptorGlobal
from isoprint.descriptors._atom_matrix import AtomMatrix

Reals = NDArray[Any]

_PERMUTATIONS = ("none", "sorted_l2", "eigenspectrum", "random")


class DescriptorMatrix(DescriptorGlobal):
    """A matrix with a row for each atom, filled up with zeros, in one row a structure.

    Parameters
    ----------
    n_atoms_max : int
        Atoms of the largest structure.
    permutation : {"sorted_l2", "none", "eigenspectrum", "random"}
        Whether rows and columns are ordered by their lengths, stay as they are, make room for the eigenvalues, or are
        ordered by their lengths and noise.
    sigma : float, optional
        Standard deviation of the noise; for "random" alone, and needed there.
    seed : int, optional
        Of the noise.
    sparse : bool
        Whether results are `sparse.COO`.
    dtype : {"float64", "float32"}
        Of the results.
    """

    # Our class with entries that are infinite for atoms in one place, and whether structures are crystals.
    _kind: ClassVar[type[AtomMatrix]]
    _crystals: ClassVar[bool]
    # Whether DScribe makes numerical derivatives of its steps in Python: those who ask for them get its rounding too.
    _steps: ClassVar[bool] = True
    n_atoms_max: Any
    permutation: Any
    sigma: Any
    seed: Any

    def __init__(
        self,
        n_atoms_max: Any,
        permutation: Any = "sorted_l2",
        sigma: Any = None,
        seed: Any = None,
        sparse: Any = False,
        dtype: Any = "float64",
    ) -> None:
        self._changed()
        super().__init__(periodic=False, sparse=sparse, dtype=dtype)
        if n_atoms_max is not None and n_atoms_max <= 0:
            raise ValueError(
                f"The maximum number of atoms must be a positive number: n_atoms_max is {short_repr(n_atoms_max)}."
            )
        if permutation not in _PERMUTATIONS:
            raise ValueError(
                f"Unknown permutation option {short_repr(permutation)} given. Please use one of the following:"
                f" {', '.join(_PERMUTATIONS)}."
            )
        if permutation == "random" and not sigma:
            raise ValueError("Please specify sigma as a degree of random noise.")
        if permutation != "random" and sigma is not None:
            raise ValueError("Sigma value specified but the parameter 'permutation' not set as 'random'.")
        self.n_atoms_max = n_atoms_max
        self.permutation = permutation
        self.sigma = sigma
        self.seed = seed
        self._noise = self._fresh_noise(seed)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if not name.startswith("_") and name not in ("sparse", "dtype"):
            self._changed()
        if name == "seed":
            self._noise = self._fresh_noise(value)

    @staticmethod
    def _fresh_noise(seed: Any) -> CompiledNoise | NumpyNoise:
        return NumpyNoise(seed)

    # Our descriptor

    def _fingerprint(self, dtype: str) -> Any:
        permutation = "none" if self.permutation == "random" else self.permutation
        return self._kind(n_atoms_max=self.n_atoms_max, permutation=permutation, dtype=dtype, **self._options())  # type: ignore[call-arg]

    def _options(self) -> dict[str, Any]:
        """Further parameters of our class."""
        return {} if self._crystals else {"periodic": False}

    def get_number_of_features(self) -> int:
        """Number of columns."""
        return int(self.n_atoms_max if self.permutation == "eigenspectrum" else self.n_atoms_max**2)

    def _require_fit(self, system: Any) -> None:
        n_atoms = len(system.positions)
        if n_atoms > self.n_atoms_max:
            raise ValueError(
                f"One of the given systems has more atoms ({n_atoms}) than allowed by n_atoms_max ({self.n_atoms_max})."
            )

    def _taken(self, system: Any) -> Any:
        """A structure with the periodicity that it has here, whatever it says."""
        if not self._crystals:
            return system  # ours is told to ignore it
        return SimpleNamespace(positions=system.positions, numbers=system.numbers, cell=system.cell, pbc=True)

    def _rows(
        self, systems: list[Any], centers: list[Any] | None, threads: int, progress: Callable[[int, int], None] | None
    ) -> Any:
        taken = [self._taken(system) for system in systems]
        if self.permutation == "random":
            rows = self._ours().transform(taken, n_jobs=threads, progress=progress, sparse=False)
            rows = np.array([self._shuffled(row, len(one.positions)) for row, one in zip(rows, taken, strict=True)])
            return in_sparse_form(rows) if self._sparse else rows
        return super()._rows(taken, centers, threads, progress)

    def _dense(self, system: Any, centers: Any) -> Reals:
        if self._steps and self.permutation == "eigenspectrum":
            return self.zero_pad(self.get_eigenspectrum(self.get_matrix(system)))[None]
        rows = super()._dense(self._taken(system), centers)
        if self.permutation == "random":
            return np.array([self._shuffled(rows[0], len(system.positions))])
        return rows

    def _blocks(self, systems: list[Any], threads: int, progress: Any) -> list[Any]:
        return super()._blocks([self._taken(system) for system in systems], threads, progress)

    def _shuffled(self, row: Reals, n_atoms: int) -> Reals:
        """A row whose atoms are in a random order."""
        padded = np.zeros((self.n_atoms_max, self.n_atoms_max), row.dtype)
        matrix = row.reshape(padded.shape)[:n_atoms, :n_atoms]
        padded[:n_atoms, :n_atoms] = self.sort_randomly(matrix, self.sigma)
        return padded.ravel()

    # Matrices

    def get_matrix(self, system: Any) -> Reals:
        """The matrix of a structure, before anything is made of it.

        Parameters
        ----------
        system : ase.Atoms or alike
            The structure.

        Returns
        -------
        ndarray (n_atoms, n_atoms)
            In the order of the structure.
        """
        (one,), _ = systems_of(system)
        n_atoms = len(one.positions)
        ours = self._kind(n_atoms_max=max(n_atoms, 1), permutation="none", **self._options())  # type: ignore[call-arg]
        row: Reals = ours.transform(self._taken(one))[0]
        return row[: n_atoms**2].reshape(n_atoms, n_atoms)

    def sort(self, matrix: Reals) -> Reals:
        """The matrix with the longest row first, and columns in the order of the rows."""
        order = np.argsort(-np.linalg.norm(matrix, axis=1), kind="stable")
        return matrix[order][:, order]

    def sort_randomly(self, matrix: Reals, sigma: float) -> Reals:
        """The matrix in the order of the lengths of its rows and noise of this width."""
        noisy = self._noise.around(np.linalg.norm(matrix, axis=1), sigma)
        order = np.argsort(noisy)[::-1]
        return matrix[order][:, order]

    def get_eigenspectrum(self, matrix: Reals) -> Reals:
        """The eigenvalues, the largest magnitude first."""
        values = np.real(np.linalg.eig(matrix)[0])
        return np.asarray(values[np.argsort(-np.abs(values))])

    def zero_pad(self, array: Reals) -> Reals:
        """The array, filled up with zeros to `n_atoms_max` along each axis."""
        return np.pad(array, [(0, self.n_atoms_max - len(array))] * array.ndim)

    def unflatten(self, features: Any, n_systems: int | None = None) -> Any:
        """Rows as matrices.

        Parameters
        ----------
        features : ndarray or sparse.COO
            One row, or one a structure.
        n_systems : int, optional
            Number of structures; as many as there are rows by default.

        Returns
        -------
        ndarray or sparse.COO
            `(n_atoms_max, n_atoms_max)`, of several structures `(n_systems, n_atoms_max, n_atoms_max)`.
        """
        if n_systems is None:
            n_systems = 1 if features.ndim == 1 else features.shape[0]
        shape = (self.n_atoms_max, self.n_atoms_max)
        return features.reshape(shape if n_systems == 1 else (n_systems, *shape))
