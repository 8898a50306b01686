"""Gradients of functions of the features: pullback, pushforward, and both ways in one pass."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import plain
from isoprint._support.parameters import flag, whole
from isoprint._support.progress import Report, reporting
from isoprint._support.shared_memory import ExclusiveOutput, require_apart
from isoprint.descriptors._calls import Calls
from isoprint.descriptors._fused import BLOCK, AdjointFunction, Questions, require_finite
from isoprint.descriptors._outputs import Out, output_rows
from isoprint.descriptors.derivatives import Pullback, require_no_overflow, shaped
from isoprint.structures.neighbors import NeighborsLike

if TYPE_CHECKING:
    from isoprint.typing import FramesLike


class Gradients(Calls):
    """How a function of the features changes with the positions, and features along a displacement."""

    def pullback(
        self,
        frames: FramesLike,
        adjoint: ArrayLike,
        *,
        centers: Any = None,
        neighbors: NeighborsLike = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> Pullback:
        """Gradients of `Σ adjoint · features` with respect to positions and strain (reverse mode).

        Forces and stresses need nothing else. The Jacobian is never stored.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        adjoint : array_like (n_rows, n_features)
            Derivative of a scalar, such as an energy, with respect to each feature. Entries so large that the gradients
            are not finite are an error. An array of numpy in single or double precision, a memory map among them, is
            read as it is, and never copied.
        centers, neighbors, n_jobs, progress : optional
            As in `transform`.

        Returns
        -------
        Pullback
            `positions` (n_atoms of all frames, 3) and `strain` (n_frames, 3, 3).

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> weights = soap.transform(water)  # of the energy Σ features² / 2
        >>> forces = -soap.pullback(water, weights).positions
        >>> forces.shape, bool(abs(forces.sum(axis=0)).max() < 1e-12)
        ((3, 3), True)
        """
        call = self._call(frames, centers, n_jobs, neighbors)
        meaning = (
            "one row a frame, one column a feature"
            if call.compiled.average
            else "one row a center, one column a feature"
        )
        weights = _adjoint(adjoint, (call.n_rows, call.compiled.core.n_features), meaning)
        with reporting(progress) as report:
            positions, strain = call.compiled.core.pullback(
                call.frames,
                call.centers,
                weights,
                average=call.compiled.average,
                threads=call.threads,
                progress=report,
            )
        require_no_overflow("adjoint", weights, positions, strain)
        return Pullback(positions, strain)

    @overload
    def fused(
        self,
        frames: FramesLike,
        function: AdjointFunction,
        *,
        features: Literal[False] = False,
        out: None = None,
        block: int = BLOCK,
        centers: Any = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> Pullback: ...

    @overload
    def fused(
        self,
        frames: FramesLike,
        function: AdjointFunction,
        *,
        features: Literal[True],
        out: None = None,
        block: int = BLOCK,
        centers: Any = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> tuple[NDArray[np.float64], Pullback]: ...

    @overload
    def fused(
        self,
        frames: FramesLike,
        function: AdjointFunction,
        *,
        features: bool = False,
        out: Out,
        block: int = BLOCK,
        centers: Any = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> tuple[Out, Pullback]: ...

    def fused(
        self,
        frames: FramesLike,
        function: AdjointFunction,
        *,
        features: bool = False,
        out: NDArray[Any] | None = None,
        block: int = BLOCK,
        centers: Any = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> Any:
        """Features and the gradients of a function of them, in one pass.

        As `transform` followed by `pullback`, but neighbors, radial functions and coefficients are computed once. Rows
        are taken a block at a time: their features are shown to `function`, which returns their adjoint. Neither the
        features nor the adjoint of all rows need memory.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        function : callable
            Called with `Rows`, which tell frame, atom and species of each, and their features `(n, n_features)`, which
            it may keep; returns the derivative of a scalar, such as an energy, with respect to each of these features,
            an array of the same shape. It is called on your thread, block by block, with each row once; which rows a
            block has, and the order of the blocks, depend on the structures and on `block` alone. What it raises ends
            the work, and is raised.
        features : bool
            Whether to return the features as well.
        out : ndarray, optional
            As in `transform`: an array to write the features into.
        block : int
            Rows of a block at most. What is known of them stays in a processor's cache as long as they are few; a
            function that takes long to call wants more of them.
        centers, n_jobs, progress : optional
            As in `transform`.

        Returns
        -------
        Pullback
            As of `pullback`, to a few parts in 1e16 of the largest term.
        (ndarray, Pullback)
            With `features` or `out`, the features before it.

        Examples
        --------
        >>> import isoprint as ip
        >>> import numpy as np
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> weights = np.linspace(-1.0, 1.0, soap.n_features)
        >>> energies = np.zeros(1)
        >>> def linear(rows, features):
        ...     np.add.at(energies, rows.frame, features @ weights)
        ...     return np.broadcast_to(weights, features.shape)
        >>> forces = -soap.fused(water, linear).positions
        >>> bool(np.isclose(energies[0], (soap.transform(water) @ weights).sum())), forces.shape
        (True, (3, 3))
        """
        call = self._call(frames, centers, n_jobs)
        compiled = call.compiled
        rows = target = None
        shape = (call.n_rows, compiled.core.n_features)
        if out is None and flag("features", features):
            rows = target = np.empty(shape, compiled.dtype)
        elif out is not None:
            rows, target = output_rows(out, shape, compiled.dtype)
            require_apart(out, call.given[0], self._inputs(call))
        averaged = compiled.average is not None
        ask = Questions(function, call.frames, call.centers, averaged, compiled.dtype, target)
        size = whole("block", block, 1)
        with reporting(progress) as report, nullcontext() if out is None else ExclusiveOutput(out):
            positions, strain = compiled.core.fused(
                call.frames,
                call.centers,
                ask,
                block=size,
                average=compiled.average,
                threads=call.threads,
                progress=report,
            )
            if rows is not None and target is not None and target is not rows:
                rows[...] = target
        require_finite(positions, strain)
        gradient = Pullback(positions, strain)
        return gradient if rows is None else (self._contained(rows if out is None else out, call), gradient)

    def pushforward(
        self,
        frames: FramesLike,
        displacements: ArrayLike,
        *,
        strain: ArrayLike | None = None,
        centers: Any = None,
        neighbors: NeighborsLike = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> NDArray[Any]:
        """Derivative of the features along a displacement of all atoms (forward mode).

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        displacements : array_like (n_atoms of all frames, 3)
            How each atom moves. Entries so large that the result is not finite are an error.
        strain : array_like (n_frames, 3, 3), optional
            A strain ε of each frame by which everything moves as well: every point `x` (a row, lattice vectors too) to
            `x (1 + ε)`, as in `Pullback.strain`.
        centers, neighbors, n_jobs, progress : optional
            As in `transform`. A center that is an atom moves with it, a point stays where it is; under a strain, both
            move.

        Returns
        -------
        ndarray (n_rows, n_features)
            Derivatives d feature / d displacement.

        Examples
        --------
        >>> import isoprint as ip
        >>> import numpy as np
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> shift = [[0.0, 0.0, 1.0]] * 3  # all atoms alike: nothing changes
        >>> bool(abs(soap.pushforward(water, shift)).max() < 1e-12)
        True
        >>> stretched = soap.pushforward(water, np.zeros((3, 3)), strain=[np.diag([0.0, 0.0, 1.0])])
        >>> bool(np.allclose(stretched, soap.pushforward(water, water.positions * [0.0, 0.0, 1.0])))
        True
        """
        call = self._call(frames, centers, n_jobs, neighbors)
        along = shaped("displacements", displacements, (call.frames.n_atoms, 3), "one row an atom of all frames")
        besides: dict[str, Any] = {}
        if strain is not None:
            besides["strain"] = shaped("strain", strain, (call.frames.n_frames, 3, 3), "one strain a frame")
        rows = np.empty((call.n_rows, call.compiled.core.n_features), call.compiled.dtype)
        with reporting(progress) as report:
            call.compiled.core.pushforward(
                call.frames,
                call.centers,
                along,
                rows,
                average=call.compiled.average,
                threads=call.threads,
                progress=report,
                **besides,
            )
        if besides:
            require_no_overflow("displacements or strain", np.append(along.ravel(), besides["strain"]), rows)
        require_no_overflow("displacements", along, rows)
        return rows


def _adjoint(adjoint: ArrayLike, shape: tuple[int, int], meaning: str) -> NDArray[Any]:
    """The adjoint in double precision; an array in single precision as it is, since it may be larger than memory."""
    single = isinstance(adjoint, np.ndarray) and adjoint.dtype == np.float32 and adjoint.dtype.isnative
    if single and adjoint.shape == shape and adjoint.flags.c_contiguous and adjoint.flags.aligned:  # type: ignore[union-attr]
        return plain("adjoint", adjoint)
    return shaped("adjoint", adjoint, shape, meaning)
