"""Kernels of the terms of a model: how alike two fingerprints, two pairs or two triples are."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import real, whole
from isoprint.models._estimator import Parameters
from isoprint.models._kernel import Power

Floats = NDArray[np.float64]


@runtime_checkable
class Kernel(Protocol):
    """What a kernel has to offer to be one: a function of one number, and its slope.

    Attributes
    ----------
    of : {"product", "distance"}
        What the number is: the dot product of two fingerprints of length one, which is 1 for a fingerprint and itself;
        or the squared distance of two rows of features as they are, each feature in units of its `length`, which is 0.
    length : float or ndarray (n_features,)
        Units of the features, of kernels of a distance.

    Examples
    --------
    A kernel of one's own, which has heavier tails than a Gaussian:

    >>> import isoprint as ip
    >>> import numpy as np
    >>> class RationalQuadratic:
    ...     of = "distance"
    ...     length = 1.0
    ...
    ...     def value_and_slope(self, x):
    ...         return 1 / (1 + x / 2), -0.5 / (1 + x / 2) ** 2
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3)
    >>> model = ip.models.SparseGP(ip.models.Term(soap, kernel=RationalQuadratic()), n_sparse=10)
    """

    of: str

    def value_and_slope(self, x: Floats) -> tuple[Floats, Floats]:
        """`k(x)` and `dk/dx`.

        Parameters
        ----------
        x : ndarray
            Dot products or squared distances.

        Returns
        -------
        tuple of ndarray
            Values, at best 1 for a thing and itself, and derivatives, of the shape of `x`. Neither may be `x`.

        Examples
        --------
        >>> import isoprint as ip
        >>> import numpy as np
        >>> ip.models.PiecewisePolynomial().value_and_slope(np.array([0.0, 1.0]))[0]
        array([1., 0.])
        """
        ...


class DotProduct(Parameters):
    """`(q · q')^zeta` of unit fingerprints.

    Parameters
    ----------
    zeta : float
        Exponent; a whole number unless all dot products are positive.

    Examples
    --------
    >>> import isoprint as ip
    >>> import numpy as np
    >>> ip.models.DotProduct(zeta=2).value_and_slope(np.array([0.5]))
    (array([0.25]), array([1.]))

    Notes
    -----
    A. P. Bartók, R. Kondor, G. Csányi, Phys. Rev. B 87, 184115 (2013), eq. 36.
    """

    of = "product"

    def __init__(self, zeta: float = 4) -> None:
        self.zeta = zeta

    def value_and_slope(self, x: Floats) -> tuple[Floats, Floats]:
        """`x^zeta` and its derivative.

        Parameters
        ----------
        x : ndarray
            Dot products.

        Returns
        -------
        tuple of ndarray
            Of the shape of `x`.

        Examples
        --------
        >>> import isoprint as ip
        >>> import numpy as np
        >>> ip.models.DotProduct(zeta=2).value_and_slope(np.array([0.5, 1.0]))
        (array([0.25, 1.  ]), array([1., 2.]))
        """
        return self._scaled(1.0).value_and_slope(x)

    def _scaled(self, delta: float) -> Power:
        """The same with a variance."""
        return Power(real("zeta", self.zeta, least=1.0, remedy="it must be a number of at least 1"), delta)


class SquaredExponential(Parameters):
    """`exp(-½ Σ ((x - x') / length)²)`: of a distance, of the features of triples, or of fingerprints.

    Parameters
    ----------
    length : float or sequence of float
        How far features are alike, in the units of the features: Å for distances. One for all or one for each.
    unit : bool, optional
        Whether fingerprints are made unit vectors first, as for a `DotProduct`. By default they are where `length` is
        one number. Of pairs and triples it has no meaning.
    constant : float
        Added to the kernel everywhere: the variance of a constant, in units of `delta²`.

    Examples
    --------
    >>> import isoprint as ip
    >>> pairs = ip.models.TwoBody(r_cut=5.0)
    >>> ip.models.Term(pairs, kernel=ip.models.SquaredExponential(0.8), delta=0.5)
    Term(TwoBody(r_cut=5.0), kernel=SquaredExponential(length=0.8), delta=0.5)

    Notes
    -----
    C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning (2006), eq. 4.9. Of unit vectors it
    is `exp((q · q' - 1) / length²)`, a function of the dot product.
    """

    def __init__(self, length: Any = 1.0, *, unit: bool | None = None, constant: float = 0.0) -> None:
        self.length = length
        self.unit = unit
        self.constant = constant

    @property
    def of(self) -> str:
        """What the kernel is a function of."""
        unit = np.ndim(self.length) == 0 if self.unit is None else self.unit
        if unit and np.ndim(self.length):
            raise ValueError("unit vectors go with one length; give one, or unit=False")
        return "product" if unit else "distance"

    def value_and_slope(self, x: Floats) -> tuple[Floats, Floats]:
        """The kernel of dot products, or of squared distances in units of `length`.

        Parameters
        ----------
        x : ndarray
            Dot products if `of` is "product", else squared distances.

        Returns
        -------
        tuple of ndarray
            Values and derivatives by `x`, of the shape of `x`.

        Examples
        --------
        >>> import isoprint as ip
        >>> import numpy as np
        >>> ip.models.SquaredExponential(unit=False).value_and_slope(np.array([0.0]))
        (array([1.]), array([-0.5]))
        """
        if self.of == "distance":
            value = np.exp(-0.5 * x)
            return value + _constant(self.constant), -0.5 * value
        scale = real("length", self.length, above=0.0, remedy="it must be a positive number") ** -2
        value = np.exp(scale * (x - 1.0))
        return value + _constant(self.constant), scale * value


class PiecewisePolynomial(Parameters):
    """`(1 - r)^(j + 1) ((j + 1) r + 1)` within a distance `r` of one length, zero beyond: a kernel of compact support.

    Parameters
    ----------
    length : float or sequence of float
        Where the kernel ends, in the units of the features. One for all or one for each.
    constant : float
        Added to the kernel everywhere: the variance of a constant, in units of `delta²`.
    dimensions : int
        How many features there are: 1 for pairs, 3 for triples.

    Examples
    --------
    >>> import isoprint as ip
    >>> pairs = ip.models.TwoBody(r_cut=5.0)
    >>> term = ip.models.Term(pairs, kernel=ip.models.PiecewisePolynomial(3.0), delta=0.5)

    Notes
    -----
    Rasmussen and Williams (2006), eq. 4.21, of order `q = 1`, with `j = floor(D / 2) + 2` in `D` dimensions.
    """

    of = "distance"

    def __init__(self, length: Any = 1.0, *, constant: float = 0.0, dimensions: int = 1) -> None:
        self.length = length
        self.constant = constant
        self.dimensions = dimensions

    def value_and_slope(self, x: Floats) -> tuple[Floats, Floats]:
        """The kernel of squared distances in units of `length`.

        Parameters
        ----------
        x : ndarray
            Squared distances.

        Returns
        -------
        tuple of ndarray
            Values and derivatives by `x`, of the shape of `x`.

        Examples
        --------
        >>> import isoprint as ip
        >>> import numpy as np
        >>> ip.models.PiecewisePolynomial().value_and_slope(np.array([0.0, 1.0]))
        (array([1., 0.]), array([-6., -0.]))
        """
        power = whole("dimensions", self.dimensions, 1) // 2 + 3
        r = np.sqrt(x)
        left = np.maximum(1.0 - r, 0.0)
        below = left ** (power - 1)
        return below * left * (power * r + 1.0) + _constant(self.constant), -0.5 * power * (power + 1) * below


def _constant(given: Any) -> float:
    return real("constant", given, least=0.0, remedy="it must be a number of at least 0")
