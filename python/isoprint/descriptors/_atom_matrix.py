"""What the matrices of all atoms of a frame have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from isoprint._support.parameters import whole
from isoprint.descriptors._estimator import not_fitted
from isoprint.descriptors._whole_frames import FrameDescriptor
from isoprint.structures.frames import as_list, pack

if TYPE_CHECKING:
    from typing_extensions import Self

    from isoprint.typing import FramesLike

Permutation: TypeAlias = Literal["none", "sorted_l2", "eigenspectrum", "random"]
Degenerate: TypeAlias = Literal["average", "raw", "error"]


class AtomMatrix(FrameDescriptor):
    """A matrix with a row for each atom of a frame, in some order, or its eigenvalues."""

    # Whether atoms in one place have infinite entries, as in other programs.
    _exact: ClassVar[bool] = False
    # Which of two atoms comes first whose rows are equally long: "joined", or "rounded" as in the other program.
    _ties: ClassVar[str] = "joined"

    def _special(self, species: list[int]) -> dict[str, Any]:
        return {"n_atoms_max": self.n_atoms_max_, "exact": self._exact, "ties": self._ties}

    @property
    def n_atoms_max_(self) -> int:
        """Atoms that a row has room for: as given, or those of the largest frame that `fit` has seen."""
        given = self._given_or_learned()
        if given is None:
            raise not_fitted(
                f"this {type(self).__name__} does not know how large a frame may be; call fit(frames), or give"
                " n_atoms_max=23 or whatever the largest frame has"
            )
        return whole("n_atoms_max", given, 1)

    def _given_or_learned(self) -> Any:
        given = vars(self).get("n_atoms_max")
        return vars(self).get("_largest") if given is None else given

    def __sklearn_is_fitted__(self) -> bool:
        """Whether the size of the largest frame is known."""
        return self._given_or_learned() is not None

    def fit(self, frames: FramesLike, y: Any = None) -> Self:
        """Learn the size of the largest frame, unless it was given; then nothing is learned.

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
        >>> ip.GlobalCoulombMatrix().fit([molecule("H2O"), molecule("CH4")]).n_features
        25
        """
        if vars(self).get("n_atoms_max") is None:
            offsets = pack(as_list(frames)[0]).offsets
            largest = int((offsets[1:] - offsets[:-1]).max(initial=0))
            if not largest:
                raise ValueError(
                    "there are no atoms to learn the size of a frame from; fit on other frames, or give n_atoms_max"
                )
            vars(self)["_largest"] = largest
            vars(self).pop("_cache", None)
        return self
