"""Descriptors: frames in, rows and their derivatives out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import require_writable, short_repr
from isoprint._support.jobs import threads
from isoprint._support.parameters import choice, flag, whole
from isoprint._support.progress import Report, reporting, require_report
from isoprint._support.shared_memory import ExclusiveOutput, require_apart
from isoprint.descriptors._answers import EVERYTHING
from isoprint.descriptors._estimator import Estimator, not_fitted
from isoprint.descriptors._fused import BLOCK, AdjointFunction, Questions, require_finite, require_range
from isoprint.descriptors._jacobians import computed, piece_by_piece, require_blocks
from isoprint.descriptors._sparse import LIBRARIES, SparseRows, sparse_array
from isoprint.descriptors._watch import Watch, changeable
from isoprint.descriptors.derivatives import Derivatives, Pullback, require_no_overflow, shaped
from isoprint.structures.centers import Centers, resolve
from isoprint.structures.elements import ANY, label_of, numbers_of
from isoprint.structures.frames import Frames, as_list, learned_species, pack, require_species, species_mask
from isoprint.structures.neighbors import NeighborsLike, with_neighbors

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint._core import _Descriptor as Core
    from isoprint.typing import FrameLike, FramesLike

Out = TypeVar("Out", bound=NDArray[Any])

Unknown: TypeAlias = Literal["error", "ignore"]
Average: TypeAlias = Literal["inner", "outer", "sum"] | None

AVERAGES = (None, "inner", "outer", "sum")
DTYPES = ("float64", "float32")


class Compiled(NamedTuple):
    """Parameters once they were checked, and the compiled fingerprint that they make."""

    watches: list[Watch]
    """Of the parameters that may change in place."""
    core: Core
    """The object of the compiled module, or one that answers the same calls."""
    species: list[int]
    """Atomic numbers, in the order of their columns; `[ANY]` for one species of all atoms."""
    known: NDArray[np.bool_] | None
    """For each atomic number whether it is seen; `None` where none is an error."""
    centers: list[int] | None
    """Atomic numbers of the centers; `None` for every atom."""
    average: str | None
    dtype: str
    ignores_periodicity: bool

    def admitted(self, frames: Frames, who: str) -> Frames:
        """The frames as this fingerprint takes them, once no atom is of an element that it was not told about."""
        if self.ignores_periodicity:
            frames = frames._replace(pbc=np.zeros_like(frames.pbc))
        if self.known is not None:
            require_species(frames, self.known, who)
        if self.core.reach >= EVERYTHING and frames.pbc.any():
            frame = int(frames.pbc.any(axis=1).argmax())
            raise ValueError(
                f"frame {frame} is periodic, and this {who} sees everything, however far; give it a weighting that ends"
                " somewhere, or periodic=False"
            )
        return frames


class _Call(NamedTuple):
    """The arguments that every calculation shares."""

    compiled: Compiled
    given: tuple[list[Any], Any]
    frames: Frames
    centers: Centers
    n_rows: int
    threads: int


class Descriptor(Estimator):
    """A fingerprint of atomic surroundings, and a scikit-learn transformer of lists of structures.

    A subclass stores its parameters in a keyword-only `__init__` and says in `_compile` what they make. If it has a
    parameter `periodic`, `False` makes every frame an open one.
    """

    # Whether `species="any"` means one species that every element belongs to.
    _knows_any: ClassVar[bool] = False
    r_cut: float
    species: Any
    unknown_species: Unknown
    centers: Any
    average: Average
    dtype: Any
    _learned: list[int]
    _cache: Compiled

    @abstractmethod
    def _compile(self, species: list[int]) -> Core:
        """The compiled fingerprint; raises `ValueError` where a parameter makes no sense."""

    # What is known

    @property
    def species_(self) -> list[str]:
        """Symbols of the species: as given, or as learned by `fit` and sorted by atomic number."""
        return [label_of(number) for number in self._species()]

    @property
    def n_features(self) -> int:
        """Number of columns."""
        return self._compiled().core.n_features

    @property
    def reach(self) -> float:
        """Distance in Å beyond which nothing is seen: `r_cut`, and more where a density is cut farther out."""
        return self._compiled().core.reach

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """One readable, unique name a column.

        Parameters
        ----------
        input_features : ignored
            Accepted because scikit-learn passes it.

        Returns
        -------
        ndarray of str, dtype object
            As many names as there are features.

        Examples
        --------
        >>> import isoprint as ip
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> soap.get_feature_names_out()[:3].tolist()
        ['H.1 H.1 l=0', 'H.1 H.1 l=1', 'H.1 H.1 l=2']
        """
        compiled = self._compiled()
        return np.array(compiled.core.feature_names([label_of(number) for number in compiled.species]), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        """Whether the species are known."""
        return self.species is not None or hasattr(self, "_learned")

    def _species(self) -> list[int]:
        if self.species is not None:
            if self._knows_any and _is_any(self.species):
                return [ANY]
            numbers = numbers_of(self.species, "species")
            if not numbers:
                raise ValueError(
                    f"species is {short_repr(self.species)}; name at least one element, or None to learn them by fit"
                )
            return numbers
        if not hasattr(self, "_learned"):
            raise not_fitted(
                f"this {type(self).__name__} does not know its species yet;"
                " call fit(frames), or give species=('H', 'O', ...)"
            )
        return self._learned

    def _compiled(self) -> Compiled:
        """Compiled fingerprint of the parameters; made again only when one of them was set, or changed in place."""
        compiled: Compiled | None = self.__dict__.get("_cache")
        if compiled is None or not all(watch.unchanged() for watch in compiled.watches):
            watches = [Watch(value) for value in self.get_params().values() if changeable(value)]
            dtype = precision(self.dtype)
            average = self._average()
            ignores = choice("unknown_species", self.unknown_species, ("error", "ignore")) == "ignore"
            centers = None if self.centers is None else numbers_of(self.centers, "centers")
            open_frames = not flag("periodic", getattr(self, "periodic", True))
            species = self._species()
            core = self._compile(species)
            known = None if ignores or species == [ANY] else species_mask(species)
            compiled = Compiled(watches, core, species, known, centers, average, dtype, open_frames)
            vars(self)["_cache"] = compiled
        return compiled

    def _average(self) -> str | None:
        """The average over the centers of a frame, as the compiled module calls it."""
        average: str | None = choice("average", self.average, AVERAGES)
        return average

    # Learning

    def fit(self, frames: FramesLike, y: Any = None) -> Self:
        """Learn the species, unless they were given; then nothing is learned.

        Placeholders ("X", atomic number 0) are never learned; a warning says how to say what they are.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        y : ignored
            Accepted because scikit-learn passes it.

        Returns
        -------
        Descriptor
            The descriptor itself.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> ip.SOAP(r_cut=4.0, n_max=4, l_max=3).fit([water, molecule("CH4")]).species_
        ['H', 'C', 'O']
        """
        if self.species is None:
            species = learned_species(pack(as_list(frames)[0]), told_to_ignore=self.unknown_species == "ignore")
            if not species:
                raise ValueError(
                    "there are no atoms to learn the species from; fit on other frames, or give species=('H', 'O', ...)"
                )
            self._learned = species
        return self

    def fit_transform(self, frames: FramesLike, y: Any = None, **options: Any) -> NDArray[np.float64]:
        """Learn the species, then describe the same frames.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        y : ignored
            Accepted because scikit-learn passes it.
        **options
            Passed on to `transform`.

        Returns
        -------
        ndarray (n_rows, n_features)
            As of `transform`.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> ip.SOAP(r_cut=4.0, n_max=4, l_max=3).fit_transform(water).shape
        (3, 144)
        """
        structures, single = as_list(frames)
        frames = structures[0] if single else structures
        rows: NDArray[np.float64] = self.fit(frames).transform(frames, **options)
        return rows

    # Describing

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
            Array of shape `(n_rows, n_features)`, single or double precision, to write into; a memory map is fine. It
            may not share memory with any other argument. After an error or an interrupt some of its rows are written,
            others are not, or in part.
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
            rows, holds_zeros = _new_rows(shape, call.compiled.dtype)
            _write(call, rows, progress, holds_zeros)
            require_range(rows)
            return self._contained(rows)
        rows, target = _output(out, shape, call.compiled.dtype)
        require_apart(out, call.given[0], self._inputs(call))
        with ExclusiveOutput(out):
            _write(call, target, progress, False)
            if target is not rows:
                rows[...] = target
        require_range(target)
        return self._contained(out)

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
            are not finite are an error.
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
        weights = shaped("adjoint", adjoint, (call.n_rows, call.compiled.core.n_features), meaning)
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
            rows, target = _output(out, shape, compiled.dtype)
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
        return gradient if rows is None else (self._contained(rows if out is None else out), gradient)

    def pushforward(
        self,
        frames: FramesLike,
        displacements: ArrayLike,
        *,
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
        centers, neighbors, n_jobs, progress : optional
            As in `transform`. A center that is an atom moves with it, a point stays where it is.

        Returns
        -------
        ndarray (n_rows, n_features)
            Derivatives d feature / d displacement.

        Examples
        --------
        >>> import isoprint as ip
        >>> from ase.build import molecule
        >>> water = molecule("H2O")
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
        >>> shift = [[0.0, 0.0, 1.0]] * 3  # all atoms alike: nothing changes
        >>> bool(abs(soap.pushforward(water, shift)).max() < 1e-12)
        True
        """
        call = self._call(frames, centers, n_jobs, neighbors)
        along = shaped("displacements", displacements, (call.frames.n_atoms, 3), "one row an atom of all frames")
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
            )
        require_no_overflow("displacements", along, rows)
        return rows

    @overload
    def derivatives(
        self,
        frame: FrameLike,
        *,
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
        """
        structures, single = as_list(frame)
        call = self._call(structures[0] if single else structures, centers, n_jobs, neighbors)
        if out is None:
            found = computed(call, None, progress)
        else:
            require_blocks(out, call.compiled.core.n_features, DTYPES)
            require_apart(out, call.given[0], self._inputs(call))
            with ExclusiveOutput(out):
                found = computed(call, out, progress)
        for blocks in found:
            require_range(blocks.values)
        return found[0] if single else found

    def iter_derivatives(
        self,
        frames: FramesLike,
        *,
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
        call = self._call(frames, centers, n_jobs)

        def pieces() -> Iterator[Derivatives]:
            for piece in piece_by_piece(call, most, progress):
                while piece:
                    require_range(piece[0].values)
                    yield piece.pop(0)

        return pieces()

    def _call(self, frames: Any, centers: Any, n_jobs: int | None, neighbors: NeighborsLike = None) -> _Call:
        compiled = self._compiled()
        structures, single = as_list(frames)
        if centers is not None and hasattr(centers, "__next__"):
            centers = list(centers)
        packed = with_neighbors(pack(structures), neighbors, single)
        packed = compiled.admitted(packed, type(self).__name__)
        resolved = resolve(centers, packed, single, compiled.centers)
        n_rows = packed.n_frames if compiled.average else len(resolved.atom)
        return _Call(compiled, (structures, centers), packed, resolved, n_rows, threads(n_jobs))

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

    def _inputs(self, call: _Call) -> dict[str, Any]:
        """What is given besides the structures and may be an array, by name."""
        return {**self.get_params(), "centers": call.given[1]}


def _write(call: _Call, target: NDArray[Any], progress: Report | bool | None, holds_zeros: bool) -> None:
    with reporting(progress) as report:
        call.compiled.core.transform(
            call.frames,
            call.centers,
            target,
            average=call.compiled.average,
            threads=call.threads,
            progress=report,
            holds_zeros=holds_zeros,
        )


def _sparse(call: _Call, progress: Report | bool | None) -> SparseRows:
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


def precision(dtype: Any) -> str:
    """The name of a precision: as a word, or as numpy spells it."""
    try:
        name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
        native = isinstance(dtype, str) or np.dtype(dtype).isnative
    except Exception:  # numpy asks the object itself
        name, native = None, False
    return str(choice("dtype", name if native else short_repr(dtype), DTYPES))


def _is_any(species: Any) -> bool:
    return isinstance(species, (str, list, tuple)) and species in ("any", ["any"], ("any",))


# Of so many bytes every system makes zeros that cost nothing until they are written to.
_FRESH = 32 << 20


def _new_rows(shape: tuple[int, int], dtype: str) -> tuple[NDArray[Any], bool]:
    """Rows to write into, and whether they hold zeros."""
    if shape[0] * shape[1] * np.dtype(dtype).itemsize < _FRESH:
        return np.empty(shape, dtype), False
    return np.zeros(shape, dtype), True


def _output(out: Any, shape: tuple[int, int], dtype: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """The array that a user gets, and the one that is written into: the same, unless the first has gaps."""
    if out is None:
        rows = np.empty(shape, dtype)
        return rows, rows
    if not isinstance(out, np.ndarray) or out.shape != shape:
        found = f"an array of shape {out.shape}" if isinstance(out, np.ndarray) else f"a {type(out).__name__}"
        raise ValueError(
            f"out is {found}, expected a numpy array of shape {shape}:"
            " one row a center (or a frame), one column a feature"
        )
    require_writable(out, DTYPES)
    rows = out.view(np.ndarray)
    return rows, rows if out.flags.c_contiguous and out.flags.aligned else np.empty(shape, out.dtype)
