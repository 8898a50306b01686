"""An `ase.Atoms` that keeps its distances."""

from __future__ import annotations

from typing import Any

import ase.geometry
import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike, NDArray

from isoprint.compat.dscribe.utils.geometry import get_adjacency_matrix

Floats = NDArray[np.float64]


# Its methods say no types.
_Atoms: Any = Atoms


class System(_Atoms):  # type: ignore[misc]
    """An `ase.Atoms` that keeps its distances until atoms or cell are set anew.

    Parameters
    ----------
    symbols, positions, numbers, tags, momenta, masses, magmoms, charges, scaled_positions, cell, pbc, celldisp,
    constraint, calculator, info : optional
        As of `ase.Atoms`.
    wyckoff_positions, equivalent_atoms : optional
        Kept as attributes.

    Examples
    --------
    >>> from ase.build import molecule
    >>> System.from_atoms(molecule("H2")).get_distance_matrix().round(3).tolist()
    [[0.0, 0.737], [0.737, 0.0]]
    """

    def __init__(
        self,
        symbols: Any = None,
        positions: Any = None,
        numbers: Any = None,
        tags: Any = None,
        momenta: Any = None,
        masses: Any = None,
        magmoms: Any = None,
        charges: Any = None,
        scaled_positions: Any = None,
        cell: Any = None,
        pbc: Any = None,
        celldisp: Any = None,
        constraint: Any = None,
        calculator: Any = None,
        info: Any = None,
        wyckoff_positions: Any = None,
        equivalent_atoms: Any = None,
    ) -> None:
        super().__init__(
            symbols=symbols,
            positions=positions,
            numbers=numbers,
            tags=tags,
            momenta=momenta,
            masses=masses,
            magmoms=magmoms,
            charges=charges,
            scaled_positions=scaled_positions,
            cell=cell,
            pbc=pbc,
            celldisp=celldisp,
            constraint=constraint,
            calculator=calculator,
            info=info,
        )
        self._cell_inverse: Any = None
        self._displacement_tensor: Any = None
        self._distance_matrix: Any = None
        self._inverse_distance_matrix: Any = None
        self.wyckoff_positions = wyckoff_positions
        self.equivalent_atoms = equivalent_atoms

    @staticmethod
    def from_atoms(atoms: Atoms) -> System:
        """A system of the same atoms, with all that is known of them.

        Examples
        --------
        >>> from ase.build import molecule
        >>> len(System.from_atoms(molecule("H2O")))
        3
        """
        return System(
            numbers=atoms.get_atomic_numbers(),
            positions=atoms.get_positions(),
            tags=atoms.get_tags(),
            momenta=atoms.get_momenta(),
            masses=atoms.get_masses(),
            magmoms=atoms.get_initial_magnetic_moments(),
            charges=atoms.get_initial_charges(),
            cell=atoms.get_cell(),
            pbc=atoms.get_pbc(),
            celldisp=atoms.get_celldisp(),
            constraint=list(atoms.constraints),
            calculator=atoms.calc,
            info=atoms.info,
        )

    def get_cell_inverse(self) -> Floats:
        """The inverse of the matrix of the cell vectors."""
        if self._cell_inverse is None:
            self._cell_inverse = np.linalg.inv(self.cell.array)
        return np.asarray(self._cell_inverse)

    def to_scaled(self, positions: ArrayLike, wrap: bool = False) -> Floats:
        """Positions in the basis of the cell vectors.

        Parameters
        ----------
        positions : array_like (n, 3)
            In Å.
        wrap : bool
            Whether to bring them into the cell along the axes that are periodic.

        Examples
        --------
        >>> system = System("H", cell=[2.0, 2.0, 4.0], pbc=True)
        >>> system.to_scaled([[1.0, 3.0, 1.0]], wrap=True).tolist()
        [[0.5, 0.5, 0.25]]
        """
        scaled = np.linalg.solve(self.cell.array.T, np.asarray(positions, dtype=np.float64).T).T
        return self._wrapped(scaled) if wrap else scaled

    def to_cartesian(self, scaled_positions: ArrayLike, wrap: bool = False) -> Floats:
        """Positions in Å of such that are given in the basis of the cell vectors.

        Parameters
        ----------
        scaled_positions : array_like (n, 3)
            Multiples of the cell vectors.
        wrap : bool
            Whether to bring them into the cell along the axes that are periodic.

        Examples
        --------
        >>> System("H", cell=[2.0, 2.0, 4.0]).to_cartesian([[0.5, 0.5, 0.25]]).tolist()
        [[1.0, 1.0, 1.0]]
        """
        scaled = np.asarray(scaled_positions, dtype=np.float64)
        return np.asarray((self._wrapped(scaled) if wrap else scaled) @ self.cell.array)

    def _wrapped(self, scaled: Floats) -> Floats:
        wrapped = np.array(scaled)
        # Of a tiny negative number the first remainder is 1.
        wrapped[:, self.pbc] = wrapped[:, self.pbc] % 1.0 % 1.0
        return wrapped

    def get_displacement_tensor(self) -> Floats:
        """Vectors from each atom to the nearest image of each other, and to its own: the shortest cell vector.

        Returns
        -------
        ndarray (n_atoms, n_atoms, 3)
            In Å; without periodicity, zero from an atom to itself.
        """
        if self._displacement_tensor is None:
            vectors, lengths = ase.geometry.get_distances(self.get_positions(), cell=self.cell, pbc=self.pbc)
            if self.pbc.any():
                cell = self.cell.array
                sides = np.linalg.norm(cell, axis=1)
                shortest = int(np.argmin(sides))
                diagonal = np.arange(len(self))
                vectors[diagonal, diagonal] = cell[shortest]
                lengths[diagonal, diagonal] = sides[shortest]
            self._displacement_tensor, self._distance_matrix = vectors, lengths
        return np.asarray(self._displacement_tensor)

    def get_distance_matrix(self) -> Floats:
        """Lengths of the vectors of `get_displacement_tensor`, `(n_atoms, n_atoms)`."""
        if self._distance_matrix is None:
            self.get_displacement_tensor()
        return np.asarray(self._distance_matrix)

    def get_distance_matrix_within_radius(
        self, radius: float, pos: ArrayLike | None = None, output_type: str = "coo_matrix"
    ) -> Any:
        """Distances up to a radius, without images, as `get_adjacency_matrix` of `utils.geometry` returns them."""
        return get_adjacency_matrix(radius, self.get_positions(), pos2=pos, output_type=output_type)

    def get_inverse_distance_matrix(self) -> Floats:
        """One over the distances of `get_distance_matrix`."""
        if self._inverse_distance_matrix is None:
            with np.errstate(divide="ignore"):
                self._inverse_distance_matrix = np.reciprocal(self.get_distance_matrix())
        return np.asarray(self._inverse_distance_matrix)

    def set_positions(self, newpositions: ArrayLike, apply_constraint: bool = True) -> None:
        """Set the positions, as in `ase.Atoms`."""
        self._reset_structure()
        super().set_positions(newpositions, apply_constraint)

    def set_scaled_positions(self, scaled: ArrayLike) -> None:
        """Set the positions by multiples of the cell vectors, as in `ase.Atoms`."""
        self._reset_structure()
        super().set_scaled_positions(scaled)

    def set_pbc(self, pbc: Any) -> None:
        """Set which axes are periodic, as in `ase.Atoms`."""
        self._reset_structure()
        super().set_pbc(pbc)

    def set_cell(self, cell: Any, scale_atoms: bool = False, apply_constraint: bool = True) -> None:
        """Set the cell vectors, as in `ase.Atoms`."""
        self._reset_structure()
        super().set_cell(cell, scale_atoms, apply_constraint)

    def _reset_structure(self) -> None:
        """Forget what was computed."""
        self._cell_inverse = self._displacement_tensor = None
        self._distance_matrix = self._inverse_distance_matrix = None
