"""What all reductions have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.interrupts import uninterrupted
from isoprint.reductions._places import Places, places_of
from isoprint.select._matrix import matrix

if TYPE_CHECKING:
    from typing_extensions import Self

Floats = NDArray[np.float64]

# Sums of squares of larger numbers may be none.
_LARGEST = 1e140


class Reducer:
    """A summary of rows that takes them batch by batch, and that can be put together with another of the same kind.

    Your own: a subclass with three methods that nobody but its base calls. `_clear()` forgets all rows, and is called
    by the constructor; `_take(features, places)` is shown a batch, `places` with `index`, `frame`, `atom` and `species`
    of each row; `_join(other, n_frames, n_rows)` adds what another one has seen, whose frames and rows are counted from
    these on. `reduce` and `isoprint.extras.dask.reduce` do the rest.

    Attributes
    ----------
    n_rows : int
        Rows that were seen, in this pass.
    n_frames : int
        Frames up to the last that was seen, in this pass.
    n_features : int or None
        Columns, once they are known.

    Examples
    --------
    The largest value of each feature:

    >>> import isoprint as ip
    >>> import numpy as np
    >>> class Largest(ip.reductions.Reducer):
    ...     def _clear(self):
    ...         super()._clear()
    ...         self.value = -np.inf
    ...
    ...     def _take(self, features, places):
    ...         self.value = np.maximum(self.value, features.max(axis=0))
    ...
    ...     def _join(self, other, n_frames, n_rows):
    ...         self.value = np.maximum(self.value, other.value)
    >>> one, other = Largest().add([[1.0, 2.0]]), Largest().add([[0.0, 5.0], [0.5, 0.5]])
    >>> one.merge(other).value
    array([1., 5.])
    """

    needs_rereading = False
    """Whether it has to see all rows more than once."""
    _alike: tuple[str, ...] = ()
    # Attributes that two of a kind must have in common; and those that a share does not need.
    _own: tuple[str, ...] = ()

    n_features: int | None = None

    def __init__(self) -> None:
        self._clear()

    @property
    def is_done(self) -> bool:
        """Whether no more rows can be added: of those that need several passes, after the last."""
        return False

    def _clear(self) -> None:
        """Forget the rows that were seen in this pass."""
        self.n_rows = self.n_frames = 0
        # Frames and rows before the last frame, of which there may be more rows to come.
        self._settled = (0, 0)

    def _take(self, features: Floats, places: Places) -> None:
        """See a batch `(n, n_features)` in double precision, of at least one row; and where each row is from."""
        raise NotImplementedError(f"{type(self).__name__} has no _take(features, places)")

    def _join(self, other: Any, n_frames: int, n_rows: int) -> None:
        """Add what another one has seen, which stays as it is; its frames and rows are counted from these on."""
        raise NotImplementedError(f"{type(self).__name__} has no _join(other, n_frames, n_rows)")

    def _begin(self, features: Floats, places: Places) -> None:
        """See the first rows of all, before the first pass; for those who need them."""

    def _end_pass(self) -> bool:
        """Use what was seen, once all rows were; clear it and say so where they have to be seen again."""
        return False

    def end_pass(self) -> bool:
        """Use what was seen, once all rows were: of those that need several passes.

        Returns
        -------
        bool
            Whether it wants to see all rows again; then it is ready for that.

        Examples
        --------
        >>> import isoprint as ip
        >>> rows = [[0.0], [0.1], [5.0], [5.2]]
        >>> found = ip.reductions.Farthest(3)
        >>> while found.add(rows).end_pass():
        ...     pass
        >>> found.index
        array([0, 3, 2])
        """
        return self._end_pass()

    def empty(self) -> Self:
        """One with the same arguments, in the same pass, that has seen no rows: for a share of them.

        Returns
        -------
        Reducer
            Of the same class.

        Examples
        --------
        >>> import isoprint as ip
        >>> ip.reductions.Moments().add([[1.0], [2.0]]).empty().n_rows
        0
        """
        made = copy(self)
        for name in self._own:
            setattr(made, name, None)
        made._clear()
        return made

    def add(self, features: Any, rows: Any = None) -> Self:
        """See a batch of rows.

        Parameters
        ----------
        features : array_like (n, n_features)
            As `stream` and `transform` give them; sums are in double precision.
        rows : Rows, optional
            Which they are, as `stream` tells it. Without, nothing is known of their frames and atoms.

        Returns
        -------
        Reducer
            Itself.

        Raises
        ------
        ValueError
            Where features are not finite, or have another number of columns than those before; it is then as it was.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> moments = ip.reductions.Moments()
        >>> for features, rows in soap.stream([molecule("H2O")] * 10, batch=3):
        ...     _ = moments.add(features, rows)
        >>> moments.n_rows, moments.n_frames
        (30, 10)
        """
        values = self._checked(features)
        places = places_of(rows, len(values), self.n_rows)
        with uninterrupted():
            if len(values):
                self._take(values, places)
            self.n_features = values.shape[1]
            self._settled = places.settled(self._settled)
            self.n_rows += len(values)
            self.n_frames = max(self.n_frames, places.n_frames)
        return self

    def merge(self, other: Self, *, follows: bool = False) -> Self:
        """Add what another one has seen.

        Parameters
        ----------
        other : Reducer
            Of the same class and arguments; it stays as it is.
        follows : bool
            Whether it counted frames and rows from 0, and they come after those of this one.

        Returns
        -------
        Reducer
            Itself.

        Raises
        ------
        TypeError, ValueError
            Where the two are not alike; it says what differs.

        Examples
        --------
        >>> import isoprint as ip
        >>> one, other = ip.reductions.Moments().add([[1.0], [2.0]]), ip.reductions.Moments().add([[6.0]])
        >>> one.merge(other).mean
        array([3.])
        """
        self._require_alike(other)
        n_frames, n_rows = (self.n_frames, self.n_rows) if follows else (0, 0)
        with uninterrupted():
            if other.n_rows:
                self._join(other, n_frames, n_rows)
            self.n_features = other.n_features if self.n_features is None else self.n_features
            self.n_rows += other.n_rows
            self.n_frames = max(self.n_frames, n_frames + other.n_frames)
            self._settled = (self.n_frames, self.n_rows)
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.n_rows} rows of {self.n_frames} frames seen)"

    def _checked(self, features: Any) -> Floats:
        values: Floats = np.asarray(matrix(features), np.float64)
        if self.n_features is not None and values.shape[1] != self.n_features:
            raise ValueError(
                f"features have {values.shape[1]} columns, and those before had {self.n_features}; give rows of one"
                " fingerprint"
            )
        if values.size and not (values.max() <= _LARGEST and values.min() >= -_LARGEST):
            raise ValueError(
                f"features go up to {np.abs(values).max():.3g}, whose squares cannot be summed; scale them down"
            )
        return values

    def _require_alike(self, other: Any) -> None:
        if type(other) is not type(self):
            raise TypeError(f"other is {short_repr(other)}; give a {type(self).__name__}")
        if other is self:
            raise ValueError("other is the reducer itself, whose rows would count twice")
        if None not in (self.n_features, other.n_features) and self.n_features != other.n_features:
            raise ValueError(
                f"other has seen {other.n_features} columns, and this one {self.n_features}; merge those of one"
                " fingerprint"
            )
        for name in self._alike:
            own, theirs = getattr(self, name), getattr(other, name)
            if not _same(own, theirs):
                raise ValueError(
                    f"{name.strip('_')} is {short_repr(theirs)} in the other, and {short_repr(own)} here; merge those"
                    " of the same arguments and the same pass"
                )

    def _require_rows(self) -> None:
        if not self.n_rows:
            raise ValueError(f"this {type(self).__name__} has seen no rows; add some")


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return bool(one == other)


def require_known(places: Places, what: str) -> None:
    """Refuse rows of which nothing is said."""
    if not places.is_known:
        raise ValueError(f"{what} needs to know the frames of rows; give rows, as add(features, rows)")


@contextmanager
def told_of(where: str) -> Iterator[None]:
    """Errors say which share of the data they are of."""
    try:
        yield
    except (TypeError, ValueError) as problem:
        if type(problem) not in (TypeError, ValueError) or where in str(problem):
            raise
        raise type(problem)(f"{where}: {problem}") from None
