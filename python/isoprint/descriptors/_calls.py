"""What all calculations share: parameters and what they make, and the arguments of every call."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import short_repr
from isoprint._support.jobs import threads
from isoprint._support.parameters import choice, flag
from isoprint.descriptors._answers import EVERYTHING
from isoprint.descriptors._estimator import Estimator, not_fitted
from isoprint.descriptors._watch import Watch, changeable
from isoprint.descriptors.rows import Rows, _OfAll
from isoprint.structures.centers import Centers, resolve
from isoprint.structures.elements import ANY, label_of, numbers_of
from isoprint.structures.frames import Frames, as_list, pack, require_species, species_mask
from isoprint.structures.neighbors import NeighborsLike, with_neighbors

if TYPE_CHECKING:
    from isoprint._core import _Descriptor as Core

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
        # Fingerprints of whole frames have no reach at all, and know what to do about images.
        if EVERYTHING <= self.core.reach < np.inf and frames.pbc.any():
            frame = int(frames.pbc.any(axis=1).argmax())
            raise ValueError(
                f"frame {frame} is periodic, and this {who} sees everything, however far; give it a weighting that ends"
                " somewhere, or periodic=False"
            )
        return frames


class Call(NamedTuple):
    """The arguments that every calculation shares."""

    compiled: Compiled
    given: tuple[list[Any], Any]
    frames: Frames
    centers: Centers
    n_rows: int
    threads: int
    prepared: Any = None
    """What the neighbor search has made of the frames, where some centers of a large one are asked for at a time."""
    first: tuple[int, int] = (0, 0)
    """The place of the first frame among all, and that of the first center among those of its frame."""
    row: int = 0
    """The first row among all."""

    @property
    def rows(self) -> Rows:
        """Which rows the result has."""
        return self.rows_after((0, 0))

    def pieces(self, most: int) -> Iterator[tuple[slice, Call]]:
        """The same in parts of at most so many rows; neighbors are searched for once in a frame that has more."""
        averaged = self.compiled.average is not None
        starts = np.arange(self.frames.n_frames + 1) if averaged else self.centers.offsets
        prepared, of_frame = self.prepared, -1
        for start in range(0, self.n_rows, most):
            rows = slice(start, min(start + most, self.n_rows))
            first = int(np.searchsorted(starts, rows.start, side="right")) - 1
            last = int(np.searchsorted(starts, rows.stop, side="left"))
            own = slice(int(self.centers.offsets[first]), int(self.centers.offsets[last])) if averaged else rows
            frames, centers = self.frames.some(first, last), self.centers.some(first, last, own)
            center = (0 if averaged else rows.start - int(starts[first])) + (self.first[1] if first == 0 else 0)
            place = (self.first[0] + first, center)
            alone = last - first == 1 and starts[last] - starts[first] > most
            if alone and of_frame != first and self.prepared is None:
                prepared = None  # which is much, and given up before there is more
                prepared = self.compiled.core.prepare(frames, first=(place[0], 0), threads=self.threads)
                of_frame = first
            yield (
                rows,
                self._replace(
                    frames=frames,
                    centers=centers,
                    n_rows=rows.stop - rows.start,
                    prepared=prepared if alone else None,
                    first=place,
                    row=self.row + rows.start,
                ),
            )

    def rows_after(self, before: tuple[int, int]) -> Rows:
        """Which rows the result has, where so many frames and rows came before these."""
        counted = (before[0] + self.first[0], before[1] + self.row)
        return _OfAll(self.frames, self.centers, self.compiled.average is not None, counted).every()


class Calls(Estimator):
    """A fingerprint whose parameters are known, and which is ready to be asked."""

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

    def _of_columns(self, species: list[int], columns: list[int]) -> Core | None:
        """The compiled fingerprint of some columns alone, with the same numbers; `None` where there is none."""
        return None

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

    def _call(self, frames: Any, centers: Any, n_jobs: int | None, neighbors: NeighborsLike = None) -> Call:
        compiled = self._compiled()
        structures, single = as_list(frames)
        if centers is not None and hasattr(centers, "__next__"):
            centers = list(centers)
        packed = with_neighbors(pack(structures), neighbors, single)
        packed = compiled.admitted(packed, type(self).__name__)
        resolved = resolve(centers, packed, single, compiled.centers)
        n_rows = packed.n_frames if compiled.average else len(resolved.atom)
        return Call(compiled, (structures, centers), packed, resolved, n_rows, threads(n_jobs))

    def _inputs(self, call: Call) -> dict[str, Any]:
        """What is given besides the structures and may be an array, by name."""
        return {**self.get_params(), "centers": call.given[1]}


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
