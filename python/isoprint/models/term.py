"""One term of a model: what is compared, how, and with how many sparse points."""

from __future__ import annotations

from copy import copy
from typing import Any

from isoprint.models._estimator import Parameters


class Term(Parameters):
    """One of several sums of kernels that make a local energy.

    Parameters
    ----------
    descriptor : Descriptor, TwoBody or ThreeBody
        What is compared: fingerprints, pairs or triples.
    kernel : kernel, optional
        How: a `DotProduct`, a `SquaredExponential`, a `PiecewisePolynomial`, or an object like these (`Kernel`). By
        default a dot product of fingerprints and a squared exponential, with a length of 1 Å, of pairs and triples.
    zeta : float, optional
        Exponent of the dot product, if `kernel` is not given; else that of the model.
    delta : float, optional
        Standard deviation in eV of what a fingerprint, a pair or a triple adds to a local energy, before anything is
        known; else that of the model.
    n_sparse : int or mapping, optional
        Number of sparse points. Of fingerprints that of the model; 20 for pairs and 100 for triples, which are shared
        out by number of pairs or triples, or given by their elements as `{"C-H": 10, ...}`.
    sparse : str, array, or mapping of arrays, optional
        How they are chosen, as for the model. Of pairs and triples: "uniform" (over the range of distances; the default
        for pairs), "fps" (the default for triples) or "random", or features `(n, n_features)` by elements.

    Examples
    --------
    >>> import isoprint as ip
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3)
    >>> term = ip.models.Term(soap, zeta=4, delta=0.3, n_sparse=200)
    >>> model = ip.models.SparseGP([ip.models.TwoBody(r_cut=6.0), term])
    >>> model.set_params(descriptor__soap__zeta=2).descriptor[1]
    Term(SOAP(r_cut=4.0, n_max=4, l_max=3), zeta=2, delta=0.3, n_sparse=200)
    """

    def __init__(
        self,
        descriptor: Any,
        *,
        kernel: Any = None,
        zeta: float | None = None,
        delta: float | None = None,
        n_sparse: Any = None,
        sparse: Any = None,
    ) -> None:
        self.descriptor = descriptor
        self.kernel = kernel
        self.zeta = zeta
        self.delta = delta
        self.n_sparse = n_sparse
        self.sparse = sparse

    def copied(self, **changes: Any) -> Term:
        """Make another term like this one, whose descriptor is another object.

        Parameters
        ----------
        **changes
            Parameters that shall be others.

        Returns
        -------
        Term
            The other one.

        Examples
        --------
        >>> import isoprint as ip
        >>> term = ip.models.Term(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), zeta=4)
        >>> term.copied(zeta=2)
        Term(SOAP(r_cut=4.0, n_max=4, l_max=3), zeta=2)
        """
        parameters = {**self.get_params(deep=False), **changes}
        return Term(copy(parameters.pop("descriptor")), **parameters)
