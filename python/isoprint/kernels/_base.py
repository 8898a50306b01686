"""What all kernels of structures share."""

from __future__ import annotations

import copy
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import real_array, require_writable, short_repr
from isoprint._support.jobs import threads
from isoprint._support.parameters import flag
from isoprint.descriptors._estimator import not_fitted
from isoprint.descriptors._nested import WithDescriptor
from isoprint.descriptors.derivatives import Pullback
from isoprint.kernels._blocks import Matching, Pairs, _inverse_root
from isoprint.kernels._environments import Metric, Settings, settings
from isoprint.kernels._structures import Arrays, Described, Structures
from isoprint.structures.frames import as_list

if TYPE_CHECKING:
    from typing_extensions import Self

Floats = NDArray[np.float64]


class StructureKernel(WithDescriptor):
    """A kernel of structures, and a scikit-learn transformer of lists of them.

    A subclass says in `_matching` how the similarities of environments make that of two structures.
    """

    metric: Metric
    zeta: float
    gamma: float | None
    degree: float
    coef0: float
    normalize: bool

    def _matching(self) -> Matching | None:
        raise NotImplementedError

    # What is known

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there are structures to compare with."""
        return hasattr(self, "_fitted")

    @property
    def n_features_out_(self) -> int:
        """Number of structures that `fit` was given: columns of what `transform` returns."""
        return len(self._of_fit())

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """One name a structure that `fit` was given.

        Parameters
        ----------
        input_features : ignored
            Accepted because scikit-learn passes it.

        Returns
        -------
        ndarray of str, dtype object
            As many names as `transform` gives columns.

        Examples
        --------
        >>> import isoprint as ip
        >>> kernel = ip.kernels.AverageKernel().fit([[[1.0, 0.0]], [[0.0, 1.0], [0.5, 0.5]]])
        >>> kernel.get_feature_names_out().tolist()
        ['averagekernel0', 'averagekernel1']
        """
        name = type(self).__name__.lower()
        return np.array([f"{name}{place}" for place in range(self.n_features_out_)], dtype=object)

    def _of_fit(self) -> Structures:
        if not hasattr(self, "_fitted"):
            raise not_fitted(
                f"this {type(self).__name__} knows no structures to compare with; call fit(structures), or give both"
                " lists: kernel(A, B)"
            )
        fitted: Structures = self._fitted
        return fitted

    def _settings(self) -> Settings:
        flag("normalize", self.normalize)
        return settings(self.metric, self.zeta, self.gamma, self.degree, self.coef0)

    def _structures(self, given: Any, n_jobs: int | None) -> Structures:
        """Structures as the user gives them: frames where there is a descriptor, features where there is none."""
        if self.descriptor is None:
            return Arrays(given)
        frames = as_list(given)[0]
        descriptor = getattr(self, "descriptor_", self.descriptor)
        if not all(callable(getattr(descriptor, name, None)) for name in ("transform", "rows")):
            raise ValueError(
                f"descriptor is {short_repr(descriptor)}; give a descriptor of isoprint, or None and lists of features"
            )
        return Described(descriptor, frames, n_jobs)

    def _pairs(self, structures: Structures, n_jobs: int | None) -> Pairs:
        number = threads(n_jobs)
        environments = self._settings().for_features(structures.n_features or 1, number)
        return Pairs(environments, self._matching(), number)

    # Comparing

    def fit(self, X: Any, y: Any = None) -> Self:
        """Remember structures to compare others with; a descriptor learns its species from them.

        Parameters
        ----------
        X : list of frames, or of arrays (n_environments, n_features)
            Frames where the kernel has a descriptor, else features. A copy of the features is kept.
        y : ignored
            Accepted because scikit-learn passes it.

        Returns
        -------
        StructureKernel
            The kernel itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> kernel = ip.kernels.AverageKernel(ip.SOAP(r_cut=4.0, n_max=4, l_max=3))
        >>> kernel.fit([molecule("H2O"), molecule("CH4")]).transform([molecule("CH3OH")]).shape
        (1, 2)
        """
        self._fit(X, None)
        return self

    def _fit(self, given: Any, n_jobs: int | None) -> Structures:
        self._settings()
        self._matching()
        if self.descriptor is not None:
            frames = as_list(given)[0]
            descriptor = copy.deepcopy(self.descriptor)
            self.descriptor_ = descriptor.fit(frames) if hasattr(descriptor, "fit") else descriptor
            given = frames
        self._fitted = self._structures(given, n_jobs).kept()
        self._scale_of_fit: tuple[Any, Floats] | None = None
        return self._fitted

    def transform(self, X: Any, *, out: NDArray[Any] | None = None, n_jobs: int | None = None) -> Any:
        """The kernel of structures with those that `fit` was given.

        Parameters
        ----------
        X : list of frames, or of arrays (n_environments, n_features)
            As in `fit`.
        out : ndarray, optional
            Array `(n, n_fitted)`, single or double precision, to write into; a memory map is fine.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        ndarray (n, n_fitted)
            One row a structure, one column a structure that `fit` was given: what estimators with
            `kernel="precomputed"` take. A data frame after `set_output`.

        Examples
        --------
        >>> import isoprint as ip
        >>> kernel = ip.kernels.BestMatch().fit([[[1.0, 0.0]], [[0.0, 1.0], [0.6, 0.8]]])
        >>> kernel.transform([[[0.0, 2.0]]])
        array([[0. , 0.9]])
        """
        fitted = self._of_fit()
        structures = self._structures(X, n_jobs)
        return self._tabled(self._between(structures, fitted, out, n_jobs))

    def fit_transform(self, X: Any, y: Any = None, *, n_jobs: int | None = None) -> Any:
        """Remember structures, and return their kernel among themselves.

        Parameters
        ----------
        X : list of frames, or of arrays (n_environments, n_features)
            As in `fit`.
        y : ignored
            Accepted because scikit-learn passes it.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        ndarray (n, n)
            As of `transform`; symmetric.

        Examples
        --------
        >>> import isoprint as ip
        >>> ip.kernels.AverageKernel(normalize=False).fit_transform([[[1.0, 0.0]], [[0.0, 1.0], [2.0, 1.0]]])
        array([[1., 1.],
               [1., 2.]])
        """
        structures = self._fit(X, n_jobs)
        return self._tabled(self._symmetric(structures, None, n_jobs))

    def __call__(
        self,
        A: Any,
        B: Any = None,
        *,
        out: NDArray[Any] | None = None,
        n_jobs: int | None = None,
    ) -> NDArray[Any]:
        """The kernel of structures among themselves, or with others. Nothing is remembered.

        Parameters
        ----------
        A, B : list of frames, or of arrays (n_environments, n_features)
            Frames where the kernel has a descriptor, else features. `B=None` is `A`.
        out : ndarray, optional
            Array `(n_a, n_b)`, single or double precision, to write into; a memory map is fine.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        ndarray (n_a, n_b)
            The kernel of each pair.
        """
        structures = self._structures(A, n_jobs)
        if B is None:
            return self._symmetric(structures, out, n_jobs)
        return self._between(structures, self._structures(B, n_jobs), out, n_jobs)

    def diag(self, X: Any, *, n_jobs: int | None = None) -> Floats:
        """The kernel of each structure with itself.

        Parameters
        ----------
        X : list of frames, or of arrays (n_environments, n_features)
            As in `fit`.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        ndarray (n,)
            Ones where the kernel is normalized.

        Examples
        --------
        >>> import isoprint as ip
        >>> ip.kernels.AverageKernel(normalize=False).diag([[[1.0, 0.0]], [[0.0, 1.0], [2.0, 1.0]]])
        array([1., 2.])
        """
        structures = self._structures(X, n_jobs)
        found = self._scale(structures, n_jobs)
        return found * _inverse_root(found) ** 2 if self.normalize else found

    def feature_gradient(
        self,
        X: Any,
        adjoint: ArrayLike,
        Y: Any = None,
        *,
        n_jobs: int | None = None,
    ) -> Floats:
        """Derivative of `Σ adjoint · kernel` with respect to the features of structures.

        Parameters
        ----------
        X : list of frames, or of arrays (n_environments, n_features)
            The structures whose features vary.
        adjoint : array_like (n, n_others)
            Derivative of a scalar, such as an energy, with respect to each entry of the kernel.
        Y : list of frames, or of arrays, optional
            The others, which stay what they are; those that `fit` was given by default.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        ndarray (n_rows, n_features)
            One row an environment, structure by structure: an adjoint for `descriptor.pullback`.

        Examples
        --------
        >>> import isoprint as ip
        >>> kernel = ip.kernels.AverageKernel(normalize=False).fit([[[1.0, 0.0]], [[0.0, 1.0], [2.0, 1.0]]])
        >>> kernel.feature_gradient([[[0.3, 0.2], [0.1, 0.4]]], [[1.0, 1.0]])
        array([[1. , 0.5],
               [1. , 0.5]])
        """
        structures = self._structures(X, n_jobs)
        others = self._of_fit() if Y is None else self._structures(Y, n_jobs)
        _require_alike(structures, others)
        weights = real_array("adjoint", adjoint)
        shape = (len(structures), len(others))
        if weights.shape != shape or not np.isfinite(weights).all():
            found = f"an array of shape {weights.shape}" if weights.shape != shape else "not finite everywhere"
            raise ValueError(
                f"adjoint is {found}; give finite numbers of shape {shape}, one for each entry of the kernel"
            )
        scales = None
        if self.normalize:
            scales = self._scale(structures, n_jobs), self._scale(others, n_jobs)
        pairs = self._pairs(structures, n_jobs)
        back = self._pulled_back(pairs, structures, others, weights, scales)
        self._warn(pairs, structures, others)
        return back

    def pullback(self, frames: Any, adjoint: ArrayLike, Y: Any = None, *, n_jobs: int | None = None) -> Pullback:
        """Gradients of `Σ adjoint · kernel` with respect to positions and strain.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures whose atoms move.
        adjoint : array_like (n, n_others)
            Derivative of a scalar, such as an energy, with respect to each entry of the kernel: for a kernel ridge
            regression, its dual coefficients, a row of them for each frame.
        Y : list of frames, optional
            The others, which stay what they are; those that `fit` was given by default.
        n_jobs : int, optional
            Threads; -1 for all cores.

        Returns
        -------
        Pullback
            `positions` (n_atoms of all frames, 3) and `strain` (n_frames, 3, 3).

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"])
        >>> kernel = ip.kernels.REMatch(soap).fit([molecule("H2O"), molecule("CH3OH")])
        >>> forces = -kernel.pullback(molecule("CH4"), [[2.0, -1.0]]).positions
        >>> forces.shape
        (5, 3)
        """
        if self.descriptor is None:
            raise ValueError(
                "there is no descriptor to go back through; give the kernel one, or hand the result of feature_gradient"
                " to descriptor.pullback"
            )
        gradient = self.feature_gradient(frames, adjoint, Y, n_jobs=n_jobs)
        descriptor = getattr(self, "descriptor_", self.descriptor)
        back: Pullback = descriptor.pullback(frames, gradient, n_jobs=n_jobs)
        return back

    # How

    def _symmetric(self, structures: Structures, out: NDArray[Any] | None, n_jobs: int | None) -> NDArray[Any]:
        target = _target(out, (len(structures), len(structures)))
        pairs = self._pairs(structures, n_jobs)
        self._write_symmetric(pairs, structures, target)
        self._warn(pairs, structures, structures)
        if self.normalize:
            own = np.array(np.diagonal(target), dtype=np.float64)
            self._divide(target, own, own)
            np.fill_diagonal(target, np.where(own > 0.0, 1.0, 0.0))
        return target if out is None else out

    def _between(
        self, structures: Structures, others: Structures, out: NDArray[Any] | None, n_jobs: int | None
    ) -> NDArray[Any]:
        _require_alike(structures, others)
        target = _target(out, (len(structures), len(others)))
        pairs = self._pairs(structures if len(structures) else others, n_jobs)
        self._write_between(pairs, structures, others, target)
        self._warn(pairs, structures, others)
        if self.normalize:
            self._divide(target, self._scale(structures, n_jobs), self._scale(others, n_jobs))
        return target if out is None else out

    def _divide(self, target: NDArray[Any], rows: Floats, columns: Floats) -> None:
        for own in (rows, columns):
            if len(own) and own.min() < 0.0:
                raise ValueError(
                    f"the kernel of structure {int(np.argmin(own))} with itself is {own.min():.4g}, which cannot be"
                    " normalized; take another metric, or normalize=False"
                )
        factors = _inverse_root(columns)
        for start in range(0, len(target), 256):
            target[start : start + 256] *= np.multiply.outer(_inverse_root(rows[start : start + 256]), factors)

    def _scale(self, structures: Structures, n_jobs: int | None) -> Floats:
        """The kernel of each structure with itself; that of fitted ones is remembered."""
        remembered = structures is getattr(self, "_fitted", None)
        key = self._settings(), self._matching()
        if remembered and self._scale_of_fit is not None and self._scale_of_fit[0] == key:
            return self._scale_of_fit[1]
        found = self._own(self._pairs(structures, n_jobs), structures)
        if remembered:
            self._scale_of_fit = key, found
        return found

    def _write_symmetric(self, pairs: Pairs, structures: Structures, out: NDArray[Any]) -> None:
        pairs.symmetric(structures, out)

    def _write_between(self, pairs: Pairs, structures: Structures, others: Structures, out: NDArray[Any]) -> None:
        pairs.between(structures, others, out)

    def _own(self, pairs: Pairs, structures: Structures) -> Floats:
        return pairs.diagonal(structures)

    def _pulled_back(
        self,
        pairs: Pairs,
        structures: Structures,
        others: Structures,
        adjoint: Floats,
        scales: tuple[Floats, Floats] | None,
    ) -> Floats:
        return pairs.gradient(structures, others, adjoint, scales)

    def _warn(self, pairs: Pairs, structures: Structures, others: Structures) -> None:
        if pairs.unfinished:
            matching = self._matching()
            limit = matching.max_iter if matching else 0
            warnings.warn(
                f"{type(self).__name__}: {pairs.unfinished} of {len(structures) * len(others)} pairs of structures did"
                f" not converge within {limit} iterations; take a larger alpha, a larger tol, or more iterations",
                RuntimeWarning,
                stacklevel=4,
            )

    def _tabled(self, values: NDArray[Any]) -> Any:
        return self._contained(values, None)


def _target(out: Any, shape: tuple[int, int]) -> NDArray[Any]:
    if out is None:
        return np.empty(shape)
    if not isinstance(out, np.ndarray) or out.shape != shape:
        found = f"an array of shape {out.shape}" if isinstance(out, np.ndarray) else f"a {type(out).__name__}"
        raise ValueError(f"out is {found}, expected a numpy array of shape {shape}: one entry a pair of structures")
    require_writable(out, ("float64", "float32"))
    return out.view(np.ndarray)


def _require_alike(structures: Structures, others: Structures) -> None:
    if len(structures) and len(others) and structures.n_features != others.n_features:
        raise ValueError(
            f"structures have {structures.n_features} features, and those to compare with {others.n_features}; compute"
            " them with the same descriptor"
        )
