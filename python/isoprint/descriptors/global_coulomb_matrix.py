"""The Coulomb matrix of a molecule."""

from __future__ import annotations

from typing import Any

from isoprint import _core
from isoprint.descriptors._atom_matrix import AtomMatrix, Degenerate, Permutation


class GlobalCoulombMatrix(AtomMatrix):
    """The Coulomb matrix of a whole molecule, one row a frame.

    Distances are those of the atoms as they stand: there are no periodic images. `CoulombMatrix` describes the
    surroundings of single atoms instead.

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
        Distance in Å below which `1/r` is replaced by a polynomial, so that atoms in one place have finite features;
        value and two derivatives agree there.
    degenerate : {"average", "raw", "error"}
        Derivative of eigenvalues that cannot be told apart: that of their mean; that of the eigenvectors that happened
        to be found; or an error, also where the order of two atoms is not determined. Where rows are equally long,
        sorted features have a kink, and derivatives are those of the order that was found.
    degenerate_tol : float
        Largest distance between neighboring eigenvalues that count as degenerate, as in `CoulombMatrix`.
    periodic : bool
        A periodic frame is an error, since the matrix knows no images; `False` describes its atoms alone.
    dtype : {"float64", "float32"}
        Precision of the output. The arithmetic is in double precision.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> matrix = ip.GlobalCoulombMatrix(n_atoms_max=5, permutation="eigenspectrum")
    >>> matrix.transform([molecule("H2O"), molecule("CH4")]).round(2)
    array([[ 7.536e+01, -6.800e-01, -1.600e-01,  0.000e+00,  0.000e+00],
           [ 4.006e+01, -1.020e+00, -6.000e-02, -6.000e-02, -6.000e-02]])

    Notes
    -----
    M. Rupp, A. Tkatchenko, K.-R. Müller, O. A. von Lilienfeld, Phys. Rev. Lett. 108, 058301 (2012),
    equation 1. Entries are `Z_i Z_j / r_ij` and, on the diagonal, `Z_i^2.4 / 2`, with distances in Å; a placeholder has
    no charge. The matrix is written out row by row, both triangles of it.
    """

    n_atoms_max: int | None = None
    permutation: Permutation = "sorted_l2"
    sigma: float | None = None
    seed: int | None = None
    r_core: float = 0.1
    degenerate: Degenerate = "average"
    degenerate_tol: float = 1e-8
    periodic: bool = True
    dtype: Any = "float64"

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Any:
        return _core.GlobalCoulombMatrix(parameters)
