"""Descriptors: frames in, rows and their derivatives out."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.jobs import threads
from isoprint._support.parameters import choice, flag, whole
from isoprint._support.progress import Report, reporting
from isoprint._support.shared_memory import ExclusiveOutput, require_apart
from isoprint.descriptors._estimator import Estimator, not_fitted
from isoprint.descriptors._fused import BLOCK, AdjointFunction, Questions, require_finite, require_range
from isoprint.descriptors._watch import Watch, changeable
from isoprint.descriptors.derivatives import Derivatives, Pullback, require_no_overflow, shaped
from isoprint.structures.centers import Centers, resolve
from isoprint.structures.elements import ANY, label_of, numbers_of
from isoprint.structures.frames import Frames, as_list, learned_species, pack, require_species, species_mask

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint._core import _Descriptor as Core
    from isoprint.typing import FramesLike

Out = TypeVar("Out", bound=NDArray[Any])

Unknown: TypeAlias = Literal["error", "ignore"]
Average: TypeAlias = Literal["inner", "outer"] | None

AVERAGES = (None, "inner", "outer")
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
            average = choice("average", self.average, AVERAGES)
            ignores = choice("unknown_species", self.unknown_species, ("error", "ignore")) == "ignore"
            centers = None if self.centers is None else numbers_of(self.centers, "centers")
            open_frames = not flag("periodic", getattr(self, "periodic", True))
            species = self._species()
            core = self._compile(species)
            known = None if ignores or species == [ANY] else species_mask(species)
            compiled = Compiled(watches, core, species, known, centers, average, dtype, open_frames)
            vars(self)["_cache"] = compiled
        return compiled

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
        return self.fit(frames).transform(frames, **options)

    # Describing

    @overload
    def transform(
        self,
        frames: FramesLike,
        *,
        centers: Any = None,
        out: None = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> NDArray[np.float64]: ...

    @overload
    def transform(
        self,
        frames: FramesLike,
        *,
        centers: Any = None,
        out: Out,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> Out: ...

    def transform(
        self,
        frames: FramesLike,
        *,
        centers: Any = None,
        out: NDArray[Any] | None = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> Any:
        """Describe the surroundings of every center.

        Parameters
        ----------
        frames : ase.Atoms or alike, or a sequence of these
            The structures.
        centers : sequence, optional
            For one frame the indices of atoms, or points `(k, 3)` in Å, or both in one list; for several frames one
            such sequence a frame, with `None` for the default: every atom, or those that the parameter `centers` names.
        out : ndarray, optional
            Array of shape `(n_rows, n_features)`, single or double precision, to write into; a memory map is fine. It
            may not share memory with any other argument. After an error or an interrupt some of its rows are written,
            others are not, or in part.
        n_jobs : int, optional
            Threads; -1 for all cores. The result does not depend on it.
        progress : callable or bool, optional
            Called with (rows done, rows in all) some times a second; what it raises ends the work, as Ctrl-C does,
            within a fraction of a second. `True` shows a bar.

        Returns
        -------
        ndarray (n_rows, n_features)
            One row a center, in frame order, then in the order of the centers; with `average`, one row a frame. A data
            frame after `set_output`.

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
        """
        call = self._call(frames, centers, n_jobs)
        rows, target = _output(out, (call.n_rows, call.compiled.core.n_features), call.compiled.dtype)
        if out is None:
            _write(call, target, progress)
        else:
            require_apart(out, call.given[0], self._inputs(call))
            with ExclusiveOutput(out):
                _write(call, target, progress)
                if target is not rows:
                    rows[...] = target
        require_range(target)
        return self._contained(rows if out is None else out)

    def pullback(
        self,
        frames: FramesLike,
        adjoint: ArrayLike,
        *,
        centers: Any = None,
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
        centers, n_jobs, progress : optional
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
        call = self._call(frames, centers, n_jobs)
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
        if flag("features", features) or out is not None:
            rows, target = _output(out, (call.n_rows, compiled.core.n_features), compiled.dtype)
        if out is not None:
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
        centers, n_jobs, progress : optional
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
        call = self._call(frames, centers, n_jobs)
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

    def derivatives(
        self,
        frame: FramesLike,
        *,
        centers: Any = None,
        n_jobs: int | None = None,
        progress: Report | bool | None = None,
    ) -> Derivatives:
        """The Jacobian of one frame, without the blocks that are zero.

        Forces need `pullback` only, which is faster and needs no memory.

        Parameters
        ----------
        frame : ase.Atoms or alike
            The structure.
        centers, n_jobs, progress : optional
            As in `transform`.

        Returns
        -------
        Derivatives
            Blocks `values` (n_blocks, 3, n_features) of the pairs `center` (row) and `atom`.

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
        """
        structures, single = as_list(frame)
        if len(structures) != 1:
            raise ValueError(f"derivatives are those of one frame, not of {len(structures)}; call them for each frame")
        call = self._call(structures[0] if single else structures, centers, n_jobs)
        with reporting(progress) as report:
            blocks = call.compiled.core.derivatives(
                call.frames,
                call.centers,
                average=call.compiled.average,
                dtype=call.compiled.dtype,
                threads=call.threads,
                progress=report,
            )
        require_range(blocks[0])
        return Derivatives(*blocks, n_rows=call.n_rows, n_atoms=call.frames.n_atoms)

    def _call(self, frames: Any, centers: Any, n_jobs: int | None) -> _Call:
        compiled = self._compiled()
        structures, single = as_list(frames)
        if centers is not None and hasattr(centers, "__next__"):
            centers = list(centers)
        packed = compiled.admitted(pack(structures), type(self).__name__)
        resolved = resolve(centers, packed, single, compiled.centers)
        n_rows = packed.n_frames if compiled.average else len(resolved.atom)
        return _Call(compiled, (structures, centers), packed, resolved, n_rows, threads(n_jobs))

    def _inputs(self, call: _Call) -> dict[str, Any]:
        """What is given besides the structures and may be an array, by name."""
        return {**self.get_params(), "centers": call.given[1]}


def _write(call: _Call, target: NDArray[Any], progress: Report | bool | None) -> None:
    with reporting(progress) as report:
        call.compiled.core.transform(
            call.frames, call.centers, target, average=call.compiled.average, threads=call.threads, progress=report
        )


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
    if out.dtype.name not in DTYPES or not out.dtype.isnative:
        raise ValueError(f"out is of type {out.dtype}; it must be float64 or float32 in native byte order")
    if np.ma.is_masked(out):
        raise ValueError("out has masked entries, which would hide results; pass a plain array")
    if not out.flags.writeable:
        raise ValueError(
            "out is read-only; open a memory map with mode 'r+' or 'w+', or pass an array that may be written"
        )
    rows = out.view(np.ndarray)
    return rows, rows if out.flags.c_contiguous and out.flags.aligned else np.empty(shape, out.dtype)
