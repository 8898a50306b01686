"""The mean similarity of environments over a match that entropy has softened."""

from __future__ import annotations

from typing import Any

from isoprint._support.parameters import real, whole
from isoprint.kernels._base import StructureKernel
from isoprint.kernels._blocks import Matching
from isoprint.kernels._environments import Metric


class REMatch(StructureKernel):
    """Similarity of environments over a match of two structures that is as good as it can be, but for its entropy.

    `K(A, B) = Σ P k(a, b)` with the one `P` that has the largest `Σ P k - alpha Σ P ln P`, its rows summing to `1/n`
    and its columns to `1/m`. It is smooth, and lies between `BestMatch` (small `alpha`) and `AverageKernel` (large
    `alpha`).

    Parameters
    ----------
    descriptor : optional
        As of `AverageKernel`.
    alpha : float
        Weight of the entropy, in units of the similarity of two environments.
    tol : float
        Iterations end when every row and every column of `P` has its sum to this part.
    max_iter : int
        Iterations at most; where they do not suffice there is a warning.
    metric, zeta, gamma, degree, coef0, normalize : optional
        As of `AverageKernel`.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"])
    >>> ip.kernels.REMatch(soap, alpha=0.5)([molecule("CH4"), molecule("C2H6"), molecule("H2O")]).round(2)
    array([[1.  , 0.92, 0.55],
           [0.92, 1.  , 0.44],
           [0.55, 0.44, 1.  ]])

    Notes
    -----
    `P` is found by Sinkhorn's iterations, and every now and then a step of Newton's where these are slow. Where
    exponentials would not be numbers, as of raw features with small `alpha`, potentials are kept in logarithms, and
    iterations begin from those of a best match. An `alpha` below 1e-10 of the spread of the similarities is taken for
    zero, which changes `K` by less than `alpha ln(n m)`.

    Source: S. De, A. P. Bartók, G. Csányi, M. Ceriotti, Phys. Chem. Chem. Phys. 18, 13754 (2016), equations 10 and 11;
    M. Cuturi, Adv. Neural Inf. Process. Syst. 26, 2292 (2013).
    """

    def __init__(
        self,
        descriptor: Any = None,
        *,
        alpha: float = 0.1,
        tol: float = 1e-9,
        max_iter: int = 10_000,
        metric: Metric = "linear",
        zeta: float = 1.0,
        gamma: float | None = None,
        degree: float = 3.0,
        coef0: float = 1.0,
        normalize: bool = True,
    ) -> None:
        self.descriptor = descriptor
        self.alpha = alpha
        self.tol = tol
        self.max_iter = max_iter
        self.metric = metric
        self.zeta = zeta
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0
        self.normalize = normalize

    def _matching(self) -> Matching | None:
        return Matching(
            real("alpha", self.alpha, above=0.0, remedy="it must be positive; BestMatch is the limit of small alpha"),
            real("tol", self.tol, above=0.0, remedy="it must be positive"),
            True,
            whole("max_iter", self.max_iter, 1),
        )
