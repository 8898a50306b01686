"""The sine matrix of a crystal."""

from __future__ import annotations

from typing import Any

from isoprint import _core
from isoprint.descriptors._atom_matrix import AtomMatrix, Degenerate, Permutation


class SineMatrix(AtomMatrix):
    """The sine matrix of a crystal, one row a frame.

    A Coulomb matrix in which the distance of two atoms is replaced by a function with the period of the lattice, so
    that there are no sums over images. All three axes must be periodic.

    Parameters
    ----------
    n_atoms_max : int, optional
        Atoms that a row has room for; smaller frames are followed by zeros, larger ones are an error. `None`: `fit`
        learns the size of the largest frame.
    permutation : {"sorted_l2", "none", "eigenspectrum", "random"}
        What is made of the matrix. "sorted_l2": atoms are ordered by the lengths of their rows, the longest first;
        those that are equally long but for rounding keep their order. "none": atoms stay in the order of the frame.
        "eigenspectrum": the eigenvalues alone, the largest magnitude first. "random": atoms are ordered by the lengths
        of their rows and noise, to make several samples of one frame.
    sigma : float, optional
        Standard deviation of the noise, in the unit of the entries; for "random", and needed there.
    seed : int, optional
        What the noise is made of. It is the same for every frame and every call, so that a row is a function of its
        frame; another seed makes another sample.
    r_core : float
        Length in Å of the periodic function below which its inverse is replaced by a polynomial, so that atoms in one
        place have finite features. The function goes as the square of the distance there, over the edge of the cell.
    degenerate : {"average", "raw", "error"}
        Derivative of eigenvalues that cannot be told apart: that of their mean; that of the eigenvectors that happened
        to be found; or an error, also where the order of two atoms is not determined. Where rows are equally long,
        sorted features have a kink, and derivatives are those of the order that was found.
    degenerate_tol : float
        Largest distance between neighboring eigenvalues that count as degenerate, as in `CoulombMatrix`.
    dtype : {"float64", "float32"}
        Precision of the output. The arithmetic is in double precision.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import bulk
    >>> salt = bulk("NaCl", "rocksalt", a=5.64)
    >>> ip.SineMatrix(n_atoms_max=2).transform(salt).round(2)
    array([[448.79,  19.14,  19.14, 157.87]])

    Notes
    -----
    F. Faber, A. Lindmaa, O. A. von Lilienfeld, R. Armiento, Int. J. Quantum Chem. 115, 1094 (2015),
    equation 24. Entries are `Z_i Z_j / |Σ_k sin²(π Δ_k) b_k|`, where `Δ_k` are the coordinates of the separation along
    the lattice vectors `b_k`, and `Z_i^2.4 / 2` on the diagonal. They depend on which vectors span the lattice.
    """

    n_atoms_max: int | None = None
    permutation: Permutation = "sorted_l2"
    sigma: float | None = None
    seed: int | None = None
    r_core: float = 1e-3
    degenerate: Degenerate = "average"
    degenerate_tol: float = 1e-8
    dtype: Any = "float64"

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Any:
        return _core.SineMatrix(parameters)
