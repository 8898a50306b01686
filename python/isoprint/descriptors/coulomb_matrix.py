"""The sorted eigenvalues of the Coulomb matrix of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from isoprint import _core
from isoprint.descriptors._calls import Average, Unknown
from isoprint.descriptors._pair_matrix import Degenerate, Overflow, PairMatrix

if TYPE_CHECKING:
    from isoprint._core import _Descriptor as Core


class CoulombMatrix(PairMatrix):
    """Eigenvalues of the Coulomb matrix of the sites around a center.

    Parameters
    ----------
    r_cut : float
        Radius of the environment in Å.
    species : sequence of str or int, optional
        Elements as symbols or atomic numbers. `None`: `fit` learns them. The columns do not depend on them.
    exponent : int
        Amplitudes of sites fall to zero as `(1 - r²/r_cut²)^exponent`, and multiply rows and columns; 0: no amplitudes,
        as in the original definition, and features jump at the cutoff.
    max_sites : int
        Sites that a row has room for, the center included.
    overflow : {"error", "truncate"}
        What to do about more sites: raise an error, or keep the first eigenvalues.
    order : {"value", "magnitude"}
        Eigenvalues from the largest to the smallest, the zeros that fill up a row among them: continuous. Or from the
        largest magnitude to the smallest, as is usual, which jumps where two of opposite sign change places.
    r_core : float
        Distance in Å below which `1/r` is replaced by a polynomial, so that atoms in one place have finite features;
        value and two derivatives agree there.
    degenerate : {"average", "raw", "error", "directional"}
        Derivative of eigenvalues that cannot be told apart. That of their mean; that of the eigenvectors that happened
        to be found; an error; or that of their mean, but in `pushforward` the exact one-sided derivative of the sorted
        eigenvalues, which is not linear in the displacements.
    degenerate_tol : float
        Largest distance between neighboring eigenvalues that count as degenerate. Those that differ by more than a
        quarter of the larger one are distinct, however small they are, unless this is above 1e-3; nothing nearer than
        128 epsilon of the largest eigenvalue is told apart, which rounding may have put apart. Zero joins equal ones
        only.
    periodic : bool
        Whether frames have the periodicity they say; `False` takes all of them for open ones.
    unknown_species : {"error", "ignore"}
        What to do about atoms of other elements: raise an error, or pass them over.
    centers : sequence of str or int, optional
        Elements whose atoms become rows; every atom by default.
    average : {None, "inner", "outer", "sum"}
        One row a center, or one row a frame: their mean, which is the same for both words here, or their sum.
    dtype : {"float64", "float32"}
        Precision of the output. The arithmetic is in double precision.

    Examples
    --------
    >>> import isoprint as ip
    >>> ip.CoulombMatrix(r_cut=5.0, species=["H", "O"], max_sites=20).n_features
    20

    Notes
    -----
    M. Rupp, A. Tkatchenko, K.-R. Müller, O. A. von Lilienfeld, Phys. Rev. Lett. 108, 058301 (2012). Entries are
    `Z_i Z_j / r_ij` and, on the diagonal, `Z_i^2.4 / 2`, with distances in Å.
    """

    r_cut: float
    species: Any = None
    exponent: int = 2
    max_sites: int = 100
    overflow: Overflow = "error"
    order: Literal["value", "magnitude"] = "value"
    r_core: float = 0.1
    degenerate: Degenerate = "average"
    degenerate_tol: float = 1e-8
    periodic: bool = True
    unknown_species: Unknown = "error"
    centers: Any = None
    average: Average = None
    dtype: Any = "float64"

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Core:
        return _core.CoulombMatrix(parameters)
