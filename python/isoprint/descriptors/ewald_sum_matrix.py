"""The Ewald sum matrix of a crystal."""

from __future__ import annotations

from typing import Any

from isoprint import _core
from isoprint.descriptors._atom_matrix import AtomMatrix, Degenerate, Permutation


class EwaldSumMatrix(AtomMatrix):
    """The Ewald sum matrix of a crystal, one row a frame.

    Entries are Coulomb energies of two atoms and all of their images, with a background that makes the crystal neutral.
    All three axes must be periodic.

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
    accuracy : float
        Terms of the sums that are smaller, in parts of the first, are left out, unless cutoffs are given. Features jump
        by as much where a term comes or goes; the default leaves nothing but rounding.
    w : float
        What a term of the sum over images costs, in terms of the sum over waves: less of the former where it is larger.
        The result does not depend on it.
    r_cut, g_cut : float, optional
        Cutoffs of the sums over images in Å, and over waves in 1/Å, in place of `accuracy`; both or none.
    a : float, optional
        Inverse width of the Gaussian charges that part the two sums, in 1/Å. `None`: `√π (w N / V²)^(1/6)` for `N`
        atoms in the volume `V`.
    r_core : float
        Distance in Å below which `1/r` is replaced by a polynomial, so that atoms in one place have finite features.
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
    >>> ip.EwaldSumMatrix(n_atoms_max=2).transform(salt).round(2)
    array([[-117.47,  -36.13,  -36.13,  -49.18]])

    Notes
    -----
    F. Faber, A. Lindmaa, O. A. von Lilienfeld, R. Armiento, Int. J. Quantum Chem. 115, 1094 (2015),
    equations 18 to 21, with what is on the diagonal counted once: the sum of the upper triangle, diagonal included, is
    the Coulomb energy of the crystal (L. Himanen et al., Comput. Phys. Commun. 247, 106949, 2020). Widths and cutoffs
    from an accuracy: R. A. Jackson, C. R. A. Catlow, Mol. Simul. 1, 207 (1988).
    """

    n_atoms_max: int | None = None
    permutation: Permutation = "sorted_l2"
    sigma: float | None = None
    seed: int | None = None
    accuracy: float = 1e-12
    w: float = 1.0
    r_cut: float | None = None  # type: ignore[assignment]
    g_cut: float | None = None
    a: float | None = None
    r_core: float = 0.1
    degenerate: Degenerate = "average"
    degenerate_tol: float = 1e-8
    dtype: Any = "float64"

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Any:
        return _core.EwaldSumMatrix(parameters)
