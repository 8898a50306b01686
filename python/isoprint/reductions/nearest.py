"""The rows that are nearest to some landmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import whole
from isoprint.reductions import _distances
from isoprint.reductions._landmarks import landmarks_of, require_width
from isoprint.reductions.reducer import Reducer

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.reductions._places import Places

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


class Nearest(Reducer):
    """For each landmark the rows that are nearest to it, and for how many rows it is the nearest.

    Distances are Euclidean, from differences. Of rows at the same distance, to the last bit, the first counts as
    nearer, and of landmarks at the same distance, to 1e-11, the first.

    Parameters
    ----------
    landmarks : array_like (n_landmarks, n_features)
        Rows of features.
    k : int
        Rows for each landmark.

    Attributes
    ----------
    index : ndarray (n_landmarks, k) of int
        Rows, the nearest first; -1 where fewer than `k` were seen.
    frame, atom : ndarray (n_landmarks, k) of int
        Where these rows are; -1 where it is not known.
    distance : ndarray (n_landmarks, k)
        How far they are; infinite where there is none.
    counts : ndarray (n_landmarks,) of int
        For how many rows a landmark is the nearest of all.

    Examples
    --------
    Which atoms look most like the oxygen of water:

    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"])
    >>> frames = [molecule(name) for name in ("CH3OH", "H2O", "CO2", "H2O2")]
    >>> found = ip.reduce(frames, soap, ip.reductions.Nearest(soap.transform(molecule("H2O"))[:1], k=3))
    >>> found.frame, found.atom
    (array([[1, 3, 3]]), array([[0, 0, 1]]))
    """

    _alike = ("_landmarks", "_k")

    def __init__(self, landmarks: Any, k: int = 1) -> None:
        self._landmarks, species = landmarks_of(landmarks)
        if species is not None:
            raise ValueError("landmarks are a mapping; give one array of rows, (n_landmarks, n_features)")
        self._k = whole("k", k, 1)
        super().__init__()

    def _clear(self) -> None:
        """Forget all rows."""
        super()._clear()
        shape = len(self._landmarks), self._k
        self.distance: Floats = np.full(shape, np.inf)
        self.index, self.frame, self.atom = (np.full(shape, -1) for _ in range(3))
        self.counts: Indices = np.zeros(len(self._landmarks), np.int64)

    def _take(self, features: Floats, places: Places) -> None:
        """See a batch."""
        require_width(self._landmarks, features)
        squared = _distances.squared(features, self._landmarks)
        least = squared.min(axis=1)
        which = np.argmax(squared <= (1.0 + _distances.ROUNDING) * least[:, None], axis=1)
        counts = np.bincount(which, minlength=len(self._landmarks))
        found = [self._nearest(squared[:, one], one, features, places) for one in range(len(self._landmarks))]
        self.counts = self.counts + counts
        self._keep(*(np.stack(each) for each in zip(*found, strict=True)))

    def _nearest(self, squared: Floats, one: int, features: Floats, places: Places) -> tuple[NDArray[Any], ...]:
        """The nearest rows of a batch to one landmark."""
        k = min(self._k, len(squared))
        most = np.partition(squared, k - 1)[k - 1] * (1.0 + _distances.ROUNDING)
        own = np.flatnonzero(squared <= min(most, (1.0 + _distances.ROUNDING) * float(self.distance[one, -1]) ** 2))
        distance = np.sqrt(_distances.of_pairs(features[own], self._landmarks[one]))
        order = np.lexsort((places.index[own], distance))[: self._k]
        own, distance = own[order], distance[order]
        left = self._k - len(own)
        indices = (
            np.pad(each[own], (0, left), constant_values=-1) for each in (places.index, places.frame, places.atom)
        )
        return np.pad(distance, (0, left), constant_values=np.inf), *indices

    def _join(self, other: Self, n_frames: int, n_rows: int) -> None:
        """Add what another one has seen."""
        index = np.where(other.index < 0, -1, other.index + n_rows)
        frame = np.where(other.frame < 0, -1, other.frame + n_frames)
        self.counts = self.counts + other.counts
        self._keep(other.distance, index, frame, other.atom)

    def _keep(self, distance: Floats, index: Indices, frame: Indices, atom: Indices) -> None:
        """The nearest of those kept and of these."""
        pairs = [(self.distance, distance), (self.index, index), (self.frame, frame), (self.atom, atom)]
        both = [np.concatenate(pair, axis=1) for pair in pairs]
        # Places that are free come last, whatever their index.
        order = np.lexsort((both[1], both[1] < 0, both[0]), axis=1)[:, : self._k]
        self.distance, self.index, self.frame, self.atom = (np.take_along_axis(each, order, axis=1) for each in both)
