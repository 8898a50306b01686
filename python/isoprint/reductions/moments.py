"""Mean, variance and covariance of features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import flag
from isoprint.reductions.reducer import Reducer, require_known
from isoprint.structures.elements import symbol_of

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.reductions._places import Places

Floats = NDArray[np.float64]

# The only group where elements are not kept apart.
_ALL = -1


@dataclass
class Sums:
    """Number, mean, and sum of squares about the mean, of each feature or of all pairs of them.

    T. F. Chan, G. H. Golub, R. J. LeVeque, The American Statistician 37, 242 (1983), eqs. 1.5 and 2.1.
    """

    n: int
    mean: Floats
    scatter: Floats

    @classmethod
    def of(cls, rows: Floats, pairs: bool) -> Sums:
        """Those of some rows, in two passes over them."""
        mean = rows.mean(axis=0)
        left = rows - mean
        rest = left.sum(axis=0) / len(rows)
        scatter = left.T @ left if pairs else np.einsum("ij,ij->j", left, left)
        scatter -= len(rows) * (np.multiply.outer(rest, rest) if pairs else rest * rest)
        return cls(len(rows), mean + rest, scatter)

    def join(self, other: Sums) -> None:
        """Add others."""
        n = self.n + other.n
        apart = other.mean - self.mean
        between = self.n * (other.n / n)
        self.scatter += other.scatter
        self.scatter += between * (np.multiply.outer(apart, apart) if self.scatter.ndim == 2 else apart * apart)
        self.mean += apart * (other.n / n)
        self.n = n

    def copy(self) -> Sums:
        """The same, to be changed."""
        return Sums(self.n, self.mean.copy(), self.scatter.copy())


class Moments(Reducer):
    """Mean, variance and covariance of features, of all rows or by element.

    Sums are about means that are known, and put together by the differences of means, so that nothing cancels: the
    result is that of two passes to 1e-12, whatever the batches and the order of merges.

    Parameters
    ----------
    covariance : bool
        Whether to keep the covariance of all pairs of features, `8 n_features²` bytes, or their variances alone.
    by_species : bool
        Whether to keep elements apart; `species` then has the moments of each.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> many = (molecule("H2O") for _ in range(1000))
    >>> moments = ip.reduce(many, soap, ip.reductions.Moments(by_species=True))
    >>> moments.count, moments.mean.shape, {name: own.count for name, own in moments.species.items()}
    (3000, (144,), {'H': 2000, 'O': 1000})
    """

    _alike = ("_pairs", "_by_species")

    def __init__(self, *, covariance: bool = False, by_species: bool = False) -> None:
        self._pairs = flag("covariance", covariance)
        self._by_species = flag("by_species", by_species)
        super().__init__()

    def _clear(self) -> None:
        """Forget all rows."""
        super()._clear()
        self._groups: dict[int, Sums] = {}

    def _take(self, features: Floats, places: Places) -> None:
        """See a batch."""
        if not self._by_species:
            self._include(_ALL, Sums.of(features, self._pairs))
            return
        require_known(places, "by_species")
        for element in np.unique(places.species).tolist():
            self._include(element, Sums.of(features[places.species == element], self._pairs))

    def _join(self, other: Self, n_frames: int, n_rows: int) -> None:
        """Add what another one has seen."""
        for element, sums in other._groups.items():
            self._include(element, sums.copy())

    def _include(self, element: int, sums: Sums) -> None:
        if element in self._groups:
            self._groups[element].join(sums)
        else:
            self._groups[element] = sums

    def _all(self) -> Sums:
        self._require_rows()
        first, *others = (self._groups[element] for element in sorted(self._groups))
        if others:
            first = first.copy()
        for sums in others:
            first.join(sums)
        return first

    @property
    def count(self) -> int:
        """Rows that were seen."""
        return self.n_rows

    @property
    def mean(self) -> Floats:
        """Of each feature, `(n_features,)`."""
        return np.array(self._all().mean)

    @property
    def variance(self) -> Floats:
        """Mean square about the mean of each feature, `(n_features,)`: divided by the number of rows, as in numpy."""
        sums = self._all()
        squares = np.diagonal(sums.scatter) if self._pairs else sums.scatter
        return np.asarray(np.maximum(squares / sums.n, 0.0))

    @property
    def std(self) -> Floats:
        """Standard deviation of each feature, the root of `variance`."""
        return np.asarray(np.sqrt(self.variance))

    @property
    def covariance(self) -> Floats:
        """Of all pairs of features, `(n_features, n_features)`, divided by the number of rows."""
        if not self._pairs:
            raise ValueError("the covariance was not kept; ask for it: Moments(covariance=True)")
        sums = self._all()
        return np.asarray(sums.scatter / sums.n)

    @property
    def species(self) -> dict[str, Moments]:
        """The moments of each element by its symbol; "X" for rows that are of no atom."""
        if not self._by_species:
            raise ValueError("elements were not kept apart; ask for it: Moments(by_species=True)")
        return {symbol_of(element): self._of(element) for element in sorted(self._groups)}

    def _of(self, element: int) -> Moments:
        made = Moments(covariance=self._pairs)
        made._groups[_ALL] = self._groups[element].copy()
        made.n_rows, made.n_frames, made.n_features = self._groups[element].n, self.n_frames, self.n_features
        return made
