"""Kernel ridge regression on fingerprints, for any number that belongs to centers or frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import integer_array, real_array, short_repr
from isoprint._support.parameters import choice, integer, real, whole
from isoprint.descriptors._estimator import not_fitted
from isoprint.models import _kernel_ridge, _sparse_set
from isoprint.models._estimator import Model
from isoprint.models._kernel import Power
from isoprint.models._kernel_ridge import Data, Weights, predicted, spread
from isoprint.models._rows import normalizes
from isoprint.models._sparse_set import SparseSet
from isoprint.structures.elements import symbol_of

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.typing import FramesLike

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

Target = Literal["center", "mean", "sum"]


class SparseKernelRidge(Model):
    """A number for each center, or for each frame, as a sum of kernels with a few fingerprints.

    `y_i = y_0 + Σ_s alpha_s k(q_i, q_s)` with `k = delta² (q · q')^zeta` between centers of one element; of a frame,
    the sum or the mean over its centers. Charges, shifts, adsorption energies, band gaps: whatever its surroundings
    decide. Energies with forces are the task of `SparseGP`.

    Parameters
    ----------
    descriptor : Descriptor
        Any fingerprint in double precision; rows are made unit vectors unless they are.
    target : {"center", "mean", "sum"}
        What a target belongs to: a row of the descriptor; a frame, as the mean over its centers (intensive) or as their
        sum (extensive).
    zeta : float
        Exponent of the kernel; a whole number unless all dot products are positive. Of a fractional power it is not
        certain that it is a kernel: where its matrix has a negative eigenvalue, `fit` says so.
    delta : float, optional
        Prior standard deviation of what a center contributes; by default the spread of the targets, for "sum" of
        targets over the root of the number of centers.
    noise : float
        Expected error of a target, in parts of `delta`. The ridge is its square.
    n_sparse : int, mapping or None
        Number of sparse points: in all, shared out by number of centers, or for each element; `None` for all centers,
        which is kernel ridge regression without approximation.
    sparse : {"cur", "fps", "random"}, array, or mapping of arrays
        How they are chosen, as in `SparseGP`.
    jitter : float
        What is added to the diagonal of the kernel matrix of the sparse points, in units of `delta²`.
    random_state : int
        Seed of "cur", "random", and of the folds of `cross_predict`.

    Attributes
    ----------
    alpha_ : ndarray (n_sparse,) or (n_sparse, n_outputs)
        Weights; the elements one after the other.
    sparse_ : dict
        Sparse points `(n, n_features)` by central element; "X" for points in space and averages.
    intercept_ : ndarray () or (n_outputs,)
        `y_0`, the mean of the targets; for "sum", what a center has on average.

    Examples
    --------
    How many atoms are next to an atom, learned from some clusters:

    >>> import isoprint as ip
    >>> import numpy as np
    >>> from ase.cluster import Octahedron
    >>> frames = [Octahedron("Cu", 4) for _ in range(4)]
    >>> for seed, frame in enumerate(frames):
    ...     frame.rattle(0.05, seed=seed)
    >>> near = [((f.get_all_distances() < 3.0).sum(axis=1) - 1).astype(float) for f in frames]
    >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["Cu"])
    >>> model = ip.models.SparseKernelRidge(soap, n_sparse=30, noise=0.01).fit(frames[:3], np.concatenate(near[:3]))
    >>> bool(model.score(frames[3], near[3]) > 0.99)
    True

    Notes
    -----
    Projected processes: J. Quiñonero-Candela, C. E. Rasmussen, J. Mach. Learn. Res. 6, 1939 (2005), sect. 6.
    """

    def __init__(
        self,
        descriptor: Any,
        *,
        target: Target = "center",
        zeta: float = 4,
        delta: float | None = None,
        noise: float = 0.1,
        n_sparse: Any = 500,
        sparse: Any = "cur",
        jitter: float = 1e-8,
        random_state: int = 0,
    ) -> None:
        self.descriptor = descriptor
        self.target = target
        self.zeta = zeta
        self.delta = delta
        self.noise = noise
        self.n_sparse = n_sparse
        self.sparse = sparse
        self.jitter = jitter
        self.random_state = random_state

    def fit(self, frames: FramesLike, y: ArrayLike, *, centers: Any = None, n_jobs: int | None = None) -> Self:
        """Choose sparse points, and find the weights that fit the targets.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        y : array_like (n,) or (n, n_outputs)
            One target for each row of the descriptor, or for each frame; several outputs share the sparse points.
        centers : optional
            As for `descriptor.transform`: atoms or points, of one frame or a list for many.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        SparseKernelRidge
            The model itself.

        Raises
        ------
        ValueError
            Where there are not as many targets as rows or frames, or one is not finite; it names the target.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"], centers=["O"])
        >>> model = ip.models.SparseKernelRidge(soap, n_sparse=None)
        >>> model.fit([molecule("H2O"), molecule("OH"), molecule("H2O2")], [0.0, 1.0, 2.0, 2.0]).alpha_.shape
        (4,)
        """
        structures = _listed(frames)
        self.descriptor.fit(structures)
        data = self._data(structures, centers, n_jobs)
        targets = _targets(y, data.n_targets, self._where())
        learned = self._learned(data, targets)
        self._weights_ = learned
        self.alpha_, self.intercept_ = learned.alpha, learned.intercept
        if targets.ndim == 1:
            self.alpha_, self.intercept_ = learned.alpha[:, 0], learned.intercept[0]
        self._outputs_ = targets.shape[1:]
        self.sparse_ = {symbol_of(e): p for e, p in zip(learned.points.elements, learned.points.points, strict=True)}
        return self

    def predict(
        self, frames: FramesLike, *, centers: Any = None, return_std: bool = False, n_jobs: int | None = None
    ) -> Any:
        """Targets of frames.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        centers : optional
            As in `fit`.
        return_std : bool
            Whether to return standard deviations as well: what data and sparse points leave open, without the noise.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        ndarray (n,) or (n, n_outputs)
            One entry for each row of the descriptor, or for each frame; with `return_std`, a pair of it and `(n,)`.

        Raises
        ------
        ValueError
            For a center of an element of which the model has seen none.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> model = ip.models.SparseKernelRidge(soap, target="mean", n_sparse=None, noise=1e-4)
        >>> model.fit([molecule("H2O"), molecule("OH")], [1.0, 2.0]).predict(molecule("OH")).round(3)
        array([2.])
        """
        if not self.__sklearn_is_fitted__():
            raise _nothing_learned()
        data = self._data(_listed(frames), centers, n_jobs)
        found = predicted(self._weights_, data).reshape(data.n_targets, *self._outputs_)
        return (found, spread(self._weights_, data)) if return_std else found

    def score(self, frames: FramesLike, y: ArrayLike, *, centers: Any = None) -> float:
        """R² of the predictions, as in scikit-learn; the mean over outputs.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        y : array_like (n,) or (n, n_outputs)
            Their targets.
        centers : optional
            As in `fit`.

        Returns
        -------
        float
            1 for a perfect prediction, 0 for one that is as good as the mean.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> model = ip.models.SparseKernelRidge(soap, target="sum", n_sparse=None, noise=1e-4)
        >>> frames = [molecule("H2O"), molecule("OH")]
        >>> bool(model.fit(frames, [1.0, 2.0]).score(frames, [1.0, 2.0]) > 0.999)
        True
        """
        found = self.predict(frames, centers=centers)
        known = _targets(y, len(found), self._where())
        left = ((known - found) ** 2).sum(axis=0)
        spread = ((known - known.mean(axis=0)) ** 2).sum(axis=0)
        if not np.all(spread > 0.0):
            raise ValueError(f"the targets are the same for all {len(known)} entries, so that R² has no meaning")
        return float(np.mean(1.0 - left / spread))

    def cross_predict(
        self, frames: FramesLike, y: ArrayLike, *, folds: Any = 5, centers: Any = None, n_jobs: int | None = None
    ) -> Floats:
        """Predict every target from the others, fold by fold; fingerprints are computed once.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        y : array_like (n,) or (n, n_outputs)
            Their targets.
        folds : int, or pairs of arrays of indices
            In so many random parts; or which targets teach and which are predicted. Targets that are in no fold are
            NaN.
        centers : optional
            As in `fit`.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        ndarray, shape of `y`
            The predictions. What was learned before stays.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import bulk
        >>> frames = [bulk("Cu", a=a) for a in (3.4, 3.5, 3.6, 3.7, 3.8, 3.9)]
        >>> model = ip.models.SparseKernelRidge(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), n_sparse=None)
        >>> model.cross_predict(frames, [3.4, 3.5, 3.6, 3.7, 3.8, 3.9], folds=3).shape
        (6,)
        """
        structures = _listed(frames)
        self.descriptor.fit(structures)
        data = self._data(structures, centers, n_jobs)
        targets = _targets(y, data.n_targets, self._where())
        found = np.full(targets.shape, np.nan)
        for teach, test in self._folds(folds, data.n_targets):
            learned = self._learned(data.of(teach), targets[teach])
            found[test] = predicted(learned, data.of(test)).reshape(len(test), *targets.shape[1:])
        return found

    def _folds(self, given: Any, n: int) -> Iterator[tuple[Indices, Indices]]:
        count = integer(given)
        if count is not None:
            if not 2 <= count <= n:
                raise ValueError(f"folds is {count}; with {n} targets it must be from 2 to {n}")
            order = np.random.default_rng(whole("random_state", self.random_state)).permutation(n)
            for part in np.array_split(order, count):
                yield np.setdiff1d(order, part), np.sort(part)
            return
        if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
            raise ValueError(f"folds is {short_repr(given)}; give a number of folds, or pairs of arrays of indices")
        for pair in given:
            teach, test = (integer_array("folds", part, "are") for part in pair)
            for part in (teach, test):
                if not len(part) or part.min() < 0 or part.max() >= n:
                    raise ValueError(f"folds have the part {short_repr(part.tolist())}; there are {n} targets")
            yield np.unique(teach), np.unique(test)

    def _where(self) -> str:
        return "row of the descriptor" if self.target == "center" else "frame"

    def _data(self, frames: Any, centers: Any, n_jobs: int | None) -> Data:
        choice("target", self.target, get_args(Target))
        features = self.descriptor.transform(frames, centers=centers, n_jobs=n_jobs)
        features, _ = _sparse_set.unit(np.asarray(features, np.float64), normalizes(self.descriptor))
        rows = self.descriptor.rows(frames, centers=centers)
        if self.target == "center":
            n = len(features)
            return Data(features, rows.species, np.arange(n), n, np.ones(n))
        n_frames = 1 if hasattr(frames, "positions") else len(frames)
        counts = np.bincount(rows.frame, minlength=n_frames)
        if not counts.all():
            raise ValueError(f"frame {int(np.argmin(counts))} has no centers, and nothing to predict it from")
        weight = 1.0 / counts[rows.frame] if self.target == "mean" else np.ones(len(features))
        return Data(features, rows.species, rows.frame, n_frames, weight)

    def _learned(self, data: Data, targets: Floats) -> Weights:
        """Sparse points, weights, and what is needed for standard deviations."""
        y = targets.reshape(data.n_targets, -1)
        share: Floats = np.bincount(data.target, data.weight, data.n_targets)[:, None].astype(np.float64)
        intercept = y.sum(axis=0) / share.sum() if self.target == "sum" else y.mean(axis=0)
        y = y - share * intercept
        kernel = Power(
            real("zeta", self.zeta, least=1.0, remedy="it must be a number of at least 1"), self._delta(y, share)
        )
        sigma = kernel.delta * real("noise", self.noise, above=0.0, remedy="it must be a positive number")
        points = self._points(data)
        jitter = real("jitter", self.jitter, least=0.0, remedy="it must be a number of at least 0")
        return _kernel_ridge.learned(points, kernel, data, y, intercept, sigma, jitter)

    def _delta(self, y: Floats, share: Floats) -> float:
        if self.delta is not None:
            return real("delta", self.delta, above=0.0, remedy="it must be a positive number, or None")
        spread = float(np.sqrt(np.mean(y**2 / share)))
        return spread if spread > 0.0 else 1.0

    def _points(self, data: Data) -> SparseSet:
        elements = np.unique(data.species)
        by_element = {int(one): data.features[data.species == one] for one in elements}
        rng = np.random.default_rng(whole("random_state", self.random_state))
        if self.n_sparse is None and isinstance(self.sparse, str):
            choice("sparse", self.sparse, _sparse_set.WAYS)
            return SparseSet([*by_element], [*by_element.values()])
        return _sparse_set.chosen(self.sparse, self.n_sparse, by_element, rng)


def _listed(frames: Any) -> Any:
    """One frame, or a list of these, which can be gone through more than once."""
    return frames if hasattr(frames, "positions") or isinstance(frames, Sequence) else list(frames)


def _targets(given: Any, n: int, where: str) -> Floats:
    y = real_array("y", given, "are")
    if y.ndim not in (1, 2) or len(y) != n:
        raise ValueError(f"y has shape {y.shape}, expected ({n},) or ({n}, n_outputs): one entry for each {where}")
    if not n:
        raise ValueError("there are no targets to learn from; fit on other frames")
    if not np.isfinite(y).all():
        place = int(np.argwhere(~np.isfinite(y))[0, 0])
        raise ValueError(f"y[{place}] is {y[place]}; it must be finite")
    return y


def _nothing_learned() -> Exception:
    return not_fitted("this SparseKernelRidge has learned nothing yet; call fit(frames, y)")
