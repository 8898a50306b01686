"""Sums of kernels with landmarks, over frames or over all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import choice, flag, real
from isoprint.reductions._landmarks import landmarks_of, require_width
from isoprint.reductions.reducer import Reducer, require_known

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.reductions._places import Places

Floats = NDArray[np.float64]


class KernelSums(Reducer):
    """Sums of `(q · q')^zeta` of all rows `q` with each of some landmarks `q'`.

    Of each frame they are what a kernel model knows of its energy: the energy that `SparseGP` predicts is `delta²`
    times the sums of a frame with its sparse points, times `alpha_`, and the energies of single atoms.

    Parameters
    ----------
    landmarks : array_like (n_landmarks, n_features), or mapping of such by element
        Rows of features. By element, as `sparse_` of a model, kernels of different elements are zero, and the elements
        follow one another.
    zeta : float
        Exponent; a whole number unless all dot products are positive.
    per : {"all", "frame"}
        Over all rows, or over the rows of each frame.
    normalize : bool
        Whether rows and landmarks are made unit vectors first; rows that are zero stay so.

    Examples
    --------
    >>> import isoprint as ip
    >>> from ase.build import molecule
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
    >>> landmarks = {"O": soap.transform(molecule("H2O"))[:1], "H": soap.transform(molecule("H2O"))[1:2]}
    >>> frames = [molecule("H2O"), molecule("OH")]
    >>> found = ip.reduce(frames, soap, ip.reductions.KernelSums(landmarks, zeta=2, per="frame"))
    >>> found.sums.round(2)
    array([[1.  , 2.  ],
           [0.81, 0.85]])
    """

    _alike = ("_landmarks", "_species", "_zeta", "_per", "_normalize")

    def __init__(
        self, landmarks: Any, zeta: float = 4, *, per: Literal["all", "frame"] = "all", normalize: bool = True
    ) -> None:
        self._landmarks, self._species = landmarks_of(landmarks)
        self._zeta = real("zeta", zeta, least=1.0, remedy="it must be a number of at least 1")
        self._per = choice("per", per, ("all", "frame"))
        self._normalize = flag("normalize", normalize)
        if self._normalize:
            self._landmarks = _unit(self._landmarks)
        super().__init__()

    def _clear(self) -> None:
        """Forget all rows."""
        super()._clear()
        # By frame; all rows count as one frame where frames are not asked for.
        self._sums: dict[int, Floats] = {}

    def _take(self, features: Floats, places: Places) -> None:
        """See a batch."""
        require_width(self._landmarks, features)
        rows = _unit(features) if self._normalize else features
        products = rows @ self._landmarks.T
        if not self._zeta.is_integer() and products.min() < 0.0:
            row = int(np.argmin(products.min(axis=1)))
            raise ValueError(
                f"the dot product of row {places.index[row]} with a landmark is {products.min():.3g}, of which zeta="
                f"{self._zeta} is no power; take a whole number"
            )
        with np.errstate(over="ignore"):
            kernels = products**self._zeta
        if not np.isfinite(kernels).all():
            raise ValueError(f"dot products to the power zeta={self._zeta} are too large; take normalize=True")
        if self._species is not None:
            require_known(places, "a mapping of landmarks by element")
            kernels[places.species[:, None] != self._species] = 0.0
        if self._per == "all":
            self._include(0, kernels.sum(axis=0))
            return
        require_known(places, 'per="frame"')
        order = np.argsort(places.frame, kind="stable")
        frames, starts = np.unique(places.frame[order], return_index=True)
        for frame, sums in zip(frames.tolist(), np.add.reduceat(kernels[order], starts, axis=0), strict=True):
            self._include(frame, sums)

    def _join(self, other: Self, n_frames: int, n_rows: int) -> None:
        """Add what another one has seen."""
        shift = n_frames if self._per == "frame" else 0
        for frame, sums in other._sums.items():
            self._include(frame + shift, sums)

    def _include(self, frame: int, sums: Floats) -> None:
        self._sums[frame] = self._sums[frame] + sums if frame in self._sums else sums

    @property
    def sums(self) -> Floats:
        """The sums, `(n_landmarks,)`, or `(n_frames, n_landmarks)` with zeros for frames without rows."""
        if self._per == "all":
            return self._sums[0].copy() if self._sums else np.zeros(len(self._landmarks))
        found = np.zeros((self.n_frames, len(self._landmarks)))
        for frame, own in self._sums.items():
            found[frame] = own
        return found


def _unit(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0.0, length, 1.0))
