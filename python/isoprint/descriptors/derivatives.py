"""Derivatives of features with respect to the positions of atoms."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import plain, real_array


@dataclass(frozen=True, eq=False)
class Pullback:
    """Gradients of the scalar `Σ adjoint · features`; forces and stresses are made of these.

    Attributes
    ----------
    positions : ndarray (n_atoms of all frames, 3)
        With respect to the positions, per Å. Where the adjoint is dE / d features, forces are minus this.
    strain : ndarray (n_frames, 3, 3)
        With respect to a strain ε of each frame that moves every point `x` (a row, lattice vectors too) to `x (1 + ε)`.
        Where the adjoint is dE / d features, stress is this over the volume.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> water = molecule("H2O")
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> gradient = soap.pullback(water, soap.transform(water))
    >>> gradient.positions.shape, gradient.strain.shape
    ((3, 3), (1, 3, 3))
    """

    positions: NDArray[np.float64]
    strain: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Projection:
    """Gradients of many functions `Σ weights[:, k] · (features @ directions[k])` of the features at once.

    Attributes
    ----------
    positions : ndarray (n_atoms of all frames, 3, m)
        With respect to the positions, per Å.
    strain : ndarray (n_frames, 3, 3, m), or None
        With respect to the strain of `Pullback`, where it was asked for.

    Examples
    --------
    >>> import isoprint as ip
    >>> import numpy as np
    >>> from ase.build import molecule
    >>> water = molecule("H2O")
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> soap.project(water, np.eye(5, soap.n_features), np.ones((3, 5)))
    Projection(3 atoms, 5 directions)
    """

    positions: NDArray[np.float64]
    strain: NDArray[np.float64] | None = None

    def __repr__(self) -> str:
        n_atoms, _, n = self.positions.shape
        return f"Projection({n_atoms} atoms, {n} directions{', with strain' if self.strain is not None else ''})"


@dataclass(frozen=True, eq=False)
class Derivatives:
    """The Jacobian of one frame, without the blocks that are zero because an atom is out of reach of a center.

    Periodic images of one atom are summed, so each pair (row, atom) appears once. A center that is an atom moves with
    it and has a block of its own; the blocks of its row then sum to zero. Blocks are sorted by row, then by atom.

    Attributes
    ----------
    values : ndarray (n_blocks, 3, n_features)
        d feature / d position in 1 / Å: block, direction, feature.
    center : ndarray (n_blocks,)
        The row of `transform` to which each block belongs.
    atom : ndarray (n_blocks,)
        The atom that moves.
    n_rows, n_atoms : int
        Rows of `transform`, and atoms of the frame.
    frame, first_row : int
        Of several frames, or of some rows of a large one: the place of this frame among all of them, and that of the
        first of its rows here among the rows of all. Rows and atoms are counted from these.
    strain : ndarray (n_rows, 3, 3, n_features), optional
        d feature / d strain of each row, with the strain of `Pullback`; where it was asked for.
    cell : ndarray (n_rows, 3, 3, n_features), optional
        d feature / d cell of each row in 1 / Å, with all atoms where they are, so that their images alone move: lattice
        vector, direction, feature. Zero along axes that are not periodic. Where it was asked for.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> water = molecule("H2O")
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> blocks = soap.derivatives(water)
    >>> blocks
    Derivatives(9 blocks of 3 x 144, 3 rows, 3 atoms, float64)
    >>> int(blocks.center[1]), int(blocks.atom[1])  # the row of the first atom, when the second one moves
    (0, 1)
    """

    values: NDArray[Any]
    center: NDArray[np.int64]
    atom: NDArray[np.int64]
    n_rows: int
    n_atoms: int
    frame: int = 0
    first_row: int = 0
    strain: NDArray[Any] | None = None
    cell: NDArray[Any] | None = None

    @property
    def rows(self) -> slice:
        """Where the rows of these blocks are among those that `transform` gives for the same frames."""
        return slice(self.first_row, self.first_row + self.n_rows)

    @property
    def n_features(self) -> int:
        """Number of features."""
        return int(self.values.shape[2])

    def __repr__(self) -> str:
        return (
            f"Derivatives({len(self.values)} blocks of 3 x {self.n_features},"
            f" {self.n_rows} rows, {self.n_atoms} atoms, {self.values.dtype})"
        )

    def dense(self) -> NDArray[Any]:
        """The whole Jacobian, with the blocks that are zero.

        Returns
        -------
        ndarray (n_rows, n_atoms, 3, n_features)
            In 1 / Å.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> blocks = soap.derivatives(water)
        >>> blocks.dense().shape
        (3, 3, 3, 144)
        """
        whole = np.zeros((self.n_rows, self.n_atoms, *self.values.shape[1:]), self.values.dtype)
        whole[self.center, self.atom] = self.values
        return whole

    def to_scipy(self) -> Any:
        """The Jacobian as a `scipy.sparse.csr_array` of shape `(n_rows * n_features, n_atoms * 3)`.

        Row `r * n_features + f` is feature `f` of row `r`, column `a * 3 + x` is direction `x` of atom `a`, so that
        `jacobian @ displacements.ravel()` is the raveled change of the features.

        Returns
        -------
        scipy.sparse.csr_array
            Without the entries of blocks that are zero.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> blocks = soap.derivatives(water)
        >>> blocks.to_scipy().shape == (3 * soap.n_features, 9)
        True
        """
        from scipy.sparse import bsr_array

        start = np.searchsorted(self.center, np.arange(self.n_rows + 1))
        shape = (self.n_rows * self.n_features, self.n_atoms * 3)
        if not len(self.values):
            from scipy.sparse import csr_array

            return csr_array(shape, dtype=self.values.dtype)
        return bsr_array((self.values.transpose(0, 2, 1), self.atom, start), shape=shape).tocsr()

    def pullback(self, adjoint: ArrayLike) -> NDArray[np.float64]:
        """Gradient of `Σ adjoint · features` with respect to the positions.

        Parameters
        ----------
        adjoint : array_like (n_rows, n_features)
            Derivative of the scalar with respect to each feature.

        Returns
        -------
        ndarray (n_atoms, 3)
            In the unit of the scalar over Å.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> blocks = soap.derivatives(water)
        >>> weights = soap.transform(water)
        >>> bool(abs(blocks.pullback(weights) - soap.pullback(water, weights).positions).max() < 1e-12)
        True
        """
        meaning = "one row a row of transform, one column a feature"
        weights = finite("adjoint", shaped("adjoint", adjoint, (self.n_rows, self.n_features), meaning))
        gradient = np.zeros((self.n_atoms, 3))
        with np.errstate(over="ignore", invalid="ignore"):
            np.add.at(gradient, self.atom, np.einsum("bxf,bf->bx", self.values, weights[self.center]))
        require_no_overflow("adjoint", weights, gradient)
        return gradient

    def pushforward(self, displacements: ArrayLike, *, strain: ArrayLike | None = None) -> NDArray[np.float64]:
        """Derivative of the features along a displacement of all atoms.

        Parameters
        ----------
        displacements : array_like (n_atoms, 3)
            How each atom moves.
        strain : array_like (3, 3), optional
            A strain by which all moves as well; it needs derivatives that were made with `strain=True`.

        Returns
        -------
        ndarray (n_rows, n_features)
            Derivatives d feature / d displacement.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> blocks = soap.derivatives(water)
        >>> blocks.pushforward([[0.0, 0.0, 0.1]] * 3).shape == (3, soap.n_features)
        True
        """
        along = finite("displacements", shaped("displacements", displacements, (self.n_atoms, 3), "one row an atom"))
        change = np.zeros((self.n_rows, self.n_features))
        with np.errstate(over="ignore", invalid="ignore"):
            np.add.at(change, self.center, np.einsum("bxf,bx->bf", self.values, along[self.atom]))
        require_no_overflow("displacements", along, change)
        if strain is not None:
            if self.strain is None:
                raise ValueError(
                    "these derivatives hold none by strain; ask for them with derivatives(..., strain=True)"
                )
            of_strain = finite("strain", shaped("strain", strain, (3, 3), "rows and columns of one strain"))
            with np.errstate(over="ignore", invalid="ignore"):
                change += np.einsum("rabf,ab->rf", self.strain, of_strain)
            require_no_overflow("strain", of_strain, change)
        return change


_DOUBLE = np.dtype(np.float64)


def shaped(name: str, value: ArrayLike, expected: tuple[int, ...], meaning: str) -> NDArray[np.float64]:
    """`value` in contiguous double precision, or an error that says what was expected and found."""
    if type(value) is np.ndarray and value.dtype is _DOUBLE and value.shape == expected and value.flags.c_contiguous:
        return value
    array = plain(name, value)
    if array.shape != expected:
        raise ValueError(f"{name} has shape {array.shape}, expected {expected}: {meaning}")
    return real_array(name, value)


def finite(name: str, numbers: NDArray[np.float64], first_row: int = 0) -> NDArray[np.float64]:
    """Return an array of finite numbers, or raise where one is not. The compiled module looks for itself."""
    good = np.isfinite(numbers)
    if not good.all():
        row, column = map(int, np.argwhere(~good)[0])
        value = str(numbers[row, column]).replace("nan", "NaN")
        raise ValueError(
            f"{name} has the entry {value} in row {first_row + row}, column {column}; all entries must be finite"
        )
    return numbers


# Larger results are summed without BLAS, which would wake its threads for them.
_FEW = 8192


def all_finite(result: NDArray[Any]) -> bool:
    """Whether all entries are finite: by one sum, which is quick, and one by one only where that is not."""
    if result.size <= _FEW:
        # Unlike other products, this one does not warn where the squares alone are too large.
        return isfinite(np.vdot(result, result)) or bool(np.isfinite(result).all())
    with np.errstate(over="ignore", invalid="ignore"):
        return isfinite(result.sum()) or bool(np.isfinite(result).all())


def require_no_overflow(name: str, given: NDArray[Any], *results: NDArray[Any]) -> None:
    """Raise where a result that is linear in an argument is not finite, although the argument is."""
    for result in results:
        if not all_finite(result):
            largest = max(given.max(initial=0.0), -given.min(initial=0.0))
            raise ValueError(
                f"{name} has entries up to {largest:.3g}, with which the result is not finite"
                f"{' in single precision' if result.dtype == np.float32 else ''}; make them smaller"
            )
