"""Three vectors that span a lattice."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class Lattice:
    """A lattice, given by its vectors.

    Parameters
    ----------
    matrix : array_like of 9 numbers
        The vectors, one after the other, in Å.

    Examples
    --------
    >>> lattice = Lattice([2, 0, 0, 0, 2, 0, 0, 0, 4])
    >>> lattice.get_fractional_coords([1.0, 1.0, 1.0]).tolist()
    [0.5, 0.5, 0.25]
    """

    def __init__(self, matrix: ArrayLike) -> None:
        self._matrix = np.array(matrix, dtype=np.float64).reshape(3, 3)

    @property
    def matrix(self) -> Floats:
        """The vectors as rows, a copy."""
        return np.array(self._matrix)

    @property
    def inv_matrix(self) -> Floats:
        """The inverse of the matrix."""
        return np.asarray(np.linalg.inv(self._matrix), np.float64)

    @property
    def lengths(self) -> Floats:
        """Lengths of the vectors."""
        return np.asarray(np.linalg.norm(self._matrix, axis=1))

    @property
    def abc(self) -> tuple[float, ...]:
        """Lengths of the vectors, as a tuple."""
        return tuple(self.lengths)

    @property
    def reciprocal_lattice(self) -> Lattice:
        """The reciprocal lattice, with the factor 2π."""
        return Lattice(2.0 * np.pi * self.inv_matrix.T)

    @property
    def reciprocal_lattice_crystallographic(self) -> Lattice:
        """The reciprocal lattice, without a factor."""
        return Lattice(self.inv_matrix.T)

    def get_cartesian_coords(self, fractional_coords: ArrayLike) -> Floats:
        """Cartesian coordinates of fractional ones."""
        return np.asarray(np.dot(fractional_coords, self._matrix))

    def get_fractional_coords(self, cart_coords: ArrayLike) -> Floats:
        """Fractional coordinates of Cartesian ones."""
        return np.asarray(np.dot(cart_coords, self.inv_matrix))

    def get_points_in_sphere(
        self, frac_points: ArrayLike, center: ArrayLike, r: float, zip_results: bool = True
    ) -> Any:
        """Points and their images within a sphere.

        Parameters
        ----------
        frac_points : array_like (n, 3)
            Fractional coordinates.
        center : array_like (3,)
            Cartesian coordinates of the center.
        r : float
            Radius in Å.
        zip_results : bool
            Whether to return a list of (fractional coordinates, distance, index), rather than three arrays.

        Returns
        -------
        list of tuple, or tuple of ndarray
            As `zip_results` says.
        """
        points = np.array(frac_points, dtype=np.float64).reshape(-1, 3) % 1.0
        middle = np.asarray(center, dtype=np.float64)
        # As many cells as a sphere is wide between two lattice planes.
        reach = float(r) * np.linalg.norm(self.inv_matrix, axis=0)
        at = self.get_fractional_coords(middle)
        steps = [
            np.arange(low, high + 1.0)
            for low, high in zip(np.floor(at - reach) - 1.0, np.ceil(at + reach), strict=True)
        ]
        images = np.array(list(itertools.product(*steps)))
        everywhere = points[:, None] + images[None]
        distance = np.linalg.norm(self.get_cartesian_coords(everywhere) - middle, axis=2)
        which, cell = np.nonzero(distance <= r)
        found = everywhere[which, cell], distance[which, cell], which
        return list(zip(*found, strict=True)) if zip_results else found
