"""Jacobians: the derivatives of every feature, of all frames at once or piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, overload

from numpy.typing import NDArray

from isoprint._support.parameters import flag, whole
from isoprint._support.progress import Report, require_report
from isoprint._support.shared_memory import ExclusiveOutput, require_apart
from isoprint.descriptors._calls import DTYPES, Call, Calls
from isoprint.descriptors._fused import require_range
from isoprint.descriptors._pieces import Deformations, computed, piece_by_piece, require_blocks, require_deformation
from isoprint.descriptors.derivatives import Derivatives
from isoprint.structures.frames import as_list
from isoprint.structures.neighbors import NeighborsLike

if TYPE_CHECKING:
    from isoprint.typing import FrameLike, FramesLike


class Jacobians(Calls):
    """How every feature changes with the position of every atom."""

    @overload
    def derivatives(
        self,
        frame: FrameLike,
        *,
        strain: bool | NDArray[Any] = False,
        cell: bool | NDArray[Any] = False,
        centers: Any = None,
        neighbors: NeighborsLike = None,
        out: NDArray[Any] | None = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> Derivatives: ...

    @overload
    def derivatives(
        self,
        frame: Iterable[FrameLike],
        *,
        strain: bool | NDArray[Any] = False,
        cell: bool | NDArray[Any] = False,
        centers: Any = None,
        neighbors: NeighborsLike = None,
        out: NDArray[Any] | None = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> list[Derivatives]: ...

    def derivatives(
        self,
        frame: FramesLike,
        *,
        strain: bool | NDArray[Any] = False,
        cell: bool | NDArray[Any] = False,
        centers: Any = None,
        neighbors: NeighborsLike = None,
        out: NDArray[Any] | None = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> Derivatives | list[Derivatives]:
        """The Jacobian of each frame, without the blocks that are zero.

        Forces need `pullback` only, which is faster and needs no memory. `iter_derivatives` computes what does not fit
        into memory.

        Parameters
        ----------
        frame : ase.Atoms or alike, or a sequence of these
            The structure, or several: their Jacobians are computed in one call, in one array.
        strain : bool or ndarray
            Whether to differentiate every row by the strain of its frame, too, which is what virials of single atoms
            are made of: `Derivatives.strain`. An array `(n_rows, 3, 3, n_features)` is written into.
        cell : bool or ndarray
            The same by the cell, with atoms where they are: `Derivatives.cell`.
        centers, neighbors : optional
            As in `transform`.
        out : ndarray, optional
            C-contiguous array of shape `(n_blocks, 3, n_features)`, or of more blocks, in single or double precision,
            whose first blocks are written; a memory map is fine. It may not share memory with any other argument.
            After an error or an interrupt it may be written in part.
        n_jobs, progress : optional
            As in `transform`.

        Returns
        -------
        Derivatives, or a list of one a frame
            Blocks `values` (n_blocks, 3, n_features) of the pairs `center` (row) and `atom`. One frame gives one, a
            list of frames a list, be there one frame in it. With `out`, `values` are views of that array.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> blocks = soap.derivatives(water)
        >>> blocks.center.tolist(), blocks.atom.tolist()
        ([0, 0, 0, 1, 1, 1, 2, 2, 2], [0, 1, 2, 0, 1, 2, 0, 1, 2])
        >>> blocks.dense().shape
        (3, 3, 3, 144)
        >>> [blocks.rows for blocks in soap.derivatives([water, water])]
        [slice(0, 3, None), slice(3, 6, None)]

        Memory of one's own, which serves all frames of a trajectory:

        >>> import numpy as np
        >>> memory = np.empty((20, 3, soap.n_features))
        >>> soap.derivatives(water, out=memory).values.base is memory
        True

        What each atom has of the virial of an energy `Σ features² / 2`:

        >>> features, blocks = soap.transform(water), soap.derivatives(water, strain=True)
        >>> virials = -np.einsum("rf,rabf->rab", features, blocks.strain)
        >>> bool(np.allclose(-virials.sum(axis=0), soap.pullback(water, features).strain[0]))
        True
        """
        structures, single = as_list(frame)
        call = self._call(structures[0] if single else structures, centers, n_jobs, neighbors)
        # The plainest call takes microseconds, and should not be kept waiting by questions that are not its own.
        plain = out is None and strain is False and cell is False
        found = computed(call, None, progress) if plain else self._into_outputs(call, out, strain, cell, progress)
        for blocks in found:
            for values in (blocks.values, blocks.strain, blocks.cell):
                if values is not None:
                    require_range(values)
        return found[0] if single else found

    def _into_outputs(
        self, call: Call, out: Any, strain: Any, cell: Any, progress: Report | bool | None
    ) -> list[Derivatives]:
        """Derivatives by position and by deformations, some of them in arrays of the user."""
        deformations = Deformations(strain, cell)
        for name in Deformations._fields:
            shape = (call.n_rows, 3, 3, call.compiled.core.n_features)
            require_deformation(name, getattr(deformations, name), shape, DTYPES)
        given: dict[str, NDArray[Any]] = deformations.outputs()
        if out is not None:
            require_blocks(out, call.compiled.core.n_features, DTYPES)
            given = {"out": out, **given}
        with ExitStack() as locks:
            for name, array in given.items():
                others = {other: array for other, array in given.items() if other != name}
                require_apart(array, call.given[0], {**self._inputs(call), **others})
                locks.enter_context(ExclusiveOutput(array))
            return computed(call, out, progress, deformations)

    def iter_derivatives(
        self,
        frames: FramesLike,
        *,
        strain: bool = False,
        cell: bool = False,
        centers: Any = None,
        max_bytes: int | None = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> Iterator[Derivatives]:
        """The Jacobian piece by piece, for whoever reduces it and needs no more than a part at a time.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures, of any size.
        strain, cell : bool
            As in `derivatives`.
        centers : sequence, optional
            As in `transform`.
        max_bytes : int, optional
            Bytes of the values that are computed together, at most; one row is the least. 16 MiB a thread by default.
            The memory of a piece that is dropped serves a later one, so that a loop takes twice as much, whatever the
            frames.
        n_jobs, progress : optional
            As in `transform`; progress is that of all pieces.

        Returns
        -------
        iterator of Derivatives
            Each has all blocks of some rows, in the order of the rows: of a small frame all of its rows, of a large one
            a stretch. `rows` says where they are among those of `transform`, `frame` of which frame they are. With
            `average`, the one row of a frame, however large. Each stays as it is for as long as it is kept.

        Examples
        --------
        >>> import isoprint as ip
        >>> import numpy as np
        >>> from ase.build import bulk
        >>> crystal = bulk("Si", cubic=True) * (3, 3, 3)
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["Si"])
        >>> adjoint = soap.transform(crystal)
        >>> gradient = np.zeros((len(crystal), 3))
        >>> for blocks in soap.iter_derivatives(crystal, max_bytes=2**20):
        ...     gradient += blocks.pullback(adjoint[blocks.rows])
        >>> bool(np.allclose(gradient, soap.pullback(crystal, adjoint).positions))
        True
        """
        most = None if max_bytes is None else whole("max_bytes", max_bytes, 1)
        require_report(progress)
        deformations = Deformations(flag("strain", strain), flag("cell", cell))
        call = self._call(frames, centers, n_jobs)

        def pieces() -> Iterator[Derivatives]:
            for piece in piece_by_piece(call, most, progress, deformations):
                while piece:
                    for values in (piece[0].values, piece[0].strain, piece[0].cell):
                        if values is not None:
                            require_range(values)
                    yield piece.pop(0)

        return pieces()
