"""Values: frames in, rows out; into an array of the user or a sparse one, if asked to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from isoprint._support.parameters import choice
from isoprint._support.progress import Report, reporting
from isoprint._support.shared_memory import ExclusiveOutput, require_apart
from isoprint.descriptors._calls import Call, Calls
from isoprint.descriptors._fused import require_range
from isoprint.descriptors._outputs import Out, is_on_disk, new_rows, output_rows, require_room
from isoprint.descriptors._sparse import LIBRARIES, SparseRows, sparse_array
from isoprint.descriptors.rows import Rows
from isoprint.structures.neighbors import NeighborsLike

if TYPE_CHECKING:
    from isoprint.typing import FramesLike


# Bytes of features that an array on disk gets at a time, and of those that have to be copied.
_PIECE = 2**25


class Values(Calls):
    """What a fingerprint says of every center."""

    @overload
    def transform(
        self,
        frames: FramesLike,
        *,
        centers: Any = None,
        neighbors: NeighborsLike = None,
        out: None = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
        sparse: Literal[False] | None = None,
    ) -> NDArray[np.float64]: ...

    @overload
    def transform(
        self,
        frames: FramesLike,
        *,
        centers: Any = None,
        neighbors: NeighborsLike = None,
        out: None = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
        sparse: Literal["scipy", "pydata"],
    ) -> Any: ...

    @overload
    def transform(
        self,
        frames: FramesLike,
        *,
        centers: Any = None,
        neighbors: NeighborsLike = None,
        out: Out,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
        sparse: Literal[False] | None = None,
    ) -> Out: ...

    def transform(
        self,
        frames: FramesLike,
        *,
        centers: Any = None,
        neighbors: NeighborsLike = None,
        out: NDArray[Any] | None = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
        sparse: Literal["scipy", "pydata", False] | None = None,
    ) -> Any:
        """Describe the surroundings of every center.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        centers : sequence, optional
            For one frame the indices of atoms, or points `(k, 3)` in Å, or both in one list; for several frames one
            such sequence a frame, with `None` for the default: every atom, or those that the parameter `centers` names.
        neighbors : Neighbors, or a sequence of one a frame, optional
            What `isoprint.neighbors` found, for these atoms and centers and as far as `reach` or farther, so that there
            is no search. It may have been made a little earlier: vectors are computed from the present positions and
            cell, and it is an error if an atom has moved so far that a neighbor may be missing (`Neighbors.serves`).
            The result is the same but for rounding.
        out : ndarray, optional
            Array of shape `(n_rows, n_features)`, single or double precision, to write into: of numpy, a memory map
            among them, or of zarr or h5py, which gets some rows at a time. It may not share memory with any other
            argument. After an error or an interrupt some of its rows are written, others are not, or in part.
        n_jobs : int, optional
            Threads; -1 for all cores. The result does not depend on it.
        progress : callable or bool, optional
            Called with (rows done, rows in all) some times a second; what it raises ends the work, as Ctrl-C does,
            within a fraction of a second. `True` shows a bar.
        sparse : {"scipy", "pydata", False}, optional
            A sparse array in place of a dense one: `scipy.sparse.csr_array`, or `sparse.COO` of the package sparse.
            The dense array is never made, and memory is that of the entries that are stored: in a power spectrum the
            products of species that are there, of other fingerprints what is not zero. `None`: as `set_output` says,
            else dense.

        Returns
        -------
        ndarray (n_rows, n_features)
            One row a center, in frame order, then in the order of the centers; with `average`, one row a frame. A data
            frame or a sparse array after `set_output`.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> soap.transform([water, water]).shape  # one row an atom
        (6, 144)
        >>> soap.transform(water, centers=[0, (0.0, 0.0, 1.0)]).shape  # an atom, and a point in space
        (2, 144)
        >>> soap.transform([water, water], sparse="scipy").shape
        (6, 144)
        """
        library = self._sparse_library(sparse, out)
        call = self._call(frames, centers, n_jobs, neighbors)
        shape = (call.n_rows, call.compiled.core.n_features)
        if library is not None:
            return sparse_array(library, _sparse(call, progress), shape)
        if out is None:
            rows, holds_zeros = new_rows(shape, call.compiled.dtype)
            write_rows(call, rows, progress, holds_zeros)
            return self._contained(rows, call)
        if is_on_disk(out):
            require_room(out, shape)
            _write_pieces(call, out, progress)
            return out
        rows, target = output_rows(out, shape, call.compiled.dtype)
        require_apart(out, call.given[0], self._inputs(call))
        with ExclusiveOutput(out):
            write_rows(call, target, progress, False)
            if target is not rows:
                rows[...] = target
        return self._contained(out, call)

    def rows(self, frames: FramesLike, *, centers: Any = None) -> Rows:
        """Which rows `transform` would give: frame, atom and species of each. No feature is computed.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        centers : sequence, optional
            As in `transform`.

        Returns
        -------
        Rows
            `frame`, `atom` and `species`, an array `(n_rows,)` each. `atom` is -1 for a point in space, and for the one
            row that a frame has with `average`.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> rows = soap.rows([molecule("H2O"), molecule("OH")])
        >>> rows.frame.tolist(), rows.atom.tolist(), rows.species.tolist()
        ([0, 0, 0, 1, 1], [0, 1, 2, 0, 1], [8, 1, 1, 8, 1])
        """
        return self._call(frames, centers, None).rows

    def split(self, features: Any, frames: FramesLike, *, centers: Any = None) -> list[Any]:
        """The rows of each frame: what `transform` gave for all frames, cut into as many parts.

        Parameters
        ----------
        features : ndarray, data frame or sparse array of `n_rows` rows
            The result of `transform` for the same frames and centers, or anything that has one entry a row.
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        centers : sequence, optional
            As in `transform`.

        Returns
        -------
        list of the same kind, one a frame
            A frame without rows has an empty part. Parts of a numpy array are views of it.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> frames = [molecule("H2O"), molecule("OH")]
        >>> [part.shape for part in soap.split(soap.transform(frames), frames)]
        [(3, 144), (2, 144)]
        """
        return self.rows(frames, centers=centers).split(features)

    def _sparse_library(self, sparse: Any, out: Any) -> str | None:
        """The library whose sparse arrays are asked for; `None` for a dense array."""
        if sparse is None:
            container = vars(self).get("_sklearn_output_config", {}).get("transform")
            return container if container in LIBRARIES and out is None else None
        if sparse is False:
            return None
        library: str = choice("sparse", sparse, (*LIBRARIES, False))
        if out is not None:
            raise ValueError(f"out is given with sparse={library!r}; sparse rows make arrays of their own, so give one")
        return library


def write_rows(call: Call, target: NDArray[Any], progress: Report | bool | None, holds_zeros: bool) -> None:
    """Write the rows of a call; what single precision has no room for is an error of whoever writes a row."""
    if getattr(call.compiled.core, "needs_copies", False) and call.n_rows > _rows_of_a_piece(call):
        _write_pieces(call, target, progress)
        return
    piece: dict[str, Any] = {} if call.prepared is None else {"prepared": call.prepared}
    if call.first != (0, 0):
        piece["first"] = call.first
    with reporting(progress) as report:
        call.compiled.core.transform(
            call.frames,
            call.centers,
            target,
            average=call.compiled.average,
            threads=call.threads,
            progress=report,
            holds_zeros=holds_zeros,
            **piece,
        )


def _rows_of_a_piece(call: Call) -> int:
    core: Any = call.compiled.core
    n_features: int = getattr(core, "n_computed", core.n_features)
    return max(1, _PIECE // (8 * max(1, n_features)))


def _write_pieces(call: Call, out: Any, progress: Report | bool | None) -> None:
    """Write some rows at a time, in memory that does not grow with their number."""
    with reporting(progress) as report:
        for place, piece in call.pieces(_rows_of_a_piece(call)):
            rows = np.empty((piece.n_rows, out.shape[1]), out.dtype)
            write_rows(piece, rows, None, False)
            out[place] = rows
            if report:
                report(place.stop, call.n_rows)


def _sparse(call: Call, progress: Report | bool | None) -> SparseRows:
    with reporting(progress) as report:
        rows = call.compiled.core.sparse(
            call.frames,
            call.centers,
            average=call.compiled.average,
            dtype=call.compiled.dtype,
            threads=call.threads,
            progress=report,
        )
    require_range(rows[2])
    return rows
