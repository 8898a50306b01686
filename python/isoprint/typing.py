"""Types for annotations: what counts as a structure, and as a fingerprint.

Nothing here is needed to run a calculation. A structure of your own, or a descriptor of your own, fits where its
attributes do; no class has to be inherited.

>>> from isoprint.typing import FramesLike
>>> def count(frames: FramesLike) -> int:
...     import isoprint as ip
...     return len(ip.SOAP(r_cut=4.0, n_max=4, l_max=3).fit_transform(frames))
>>> from ase.build import molecule
>>> count([molecule("H2O"), molecule("NH3")])
7
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from numpy.typing import ArrayLike

__all__ = ["AtomsLike", "Differentiable", "Fingerprint", "FrameLike", "FramesLike", "StructureLike"]


@runtime_checkable
class AtomsLike(Protocol):
    """A structure as `ase.Atoms` is one.

    Where it is periodic, it has `cell` (rows are the cell vectors in Å) and `pbc` (one truth value, or three) as well.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from isoprint.typing import AtomsLike
    >>> isinstance(molecule("H2O"), AtomsLike), isinstance([[0.0, 0.0, 0.0]], AtomsLike)
    (True, False)
    """

    @property
    def positions(self) -> ArrayLike:
        """Positions in Å, `(n_atoms, 3)`."""
        ...

    @property
    def numbers(self) -> ArrayLike:
        """Atomic numbers, `(n_atoms,)`."""
        ...


@runtime_checkable
class StructureLike(Protocol):
    """A structure or a molecule as pymatgen has them.

    A structure that is periodic has a `lattice` as well.

    Examples
    --------
    >>> from isoprint.typing import StructureLike
    >>> class Proton:
    ...     cart_coords, atomic_numbers = [[0.0, 0.0, 0.0]], [1]
    >>> isinstance(Proton(), StructureLike)
    True
    """

    @property
    def cart_coords(self) -> ArrayLike:
        """Positions in Å, `(n_atoms, 3)`."""
        ...

    @property
    def atomic_numbers(self) -> ArrayLike:
        """Atomic numbers, `(n_atoms,)`."""
        ...


FrameLike: TypeAlias = AtomsLike | StructureLike
"""One structure."""
FramesLike: TypeAlias = FrameLike | Iterable[FrameLike]
"""One structure, or several."""


@runtime_checkable
class Fingerprint(Protocol):
    """Whatever makes rows of features: every descriptor of isoprint, and objects of your own.

    Examples
    --------
    >>> import isoprint as ip
    >>> from isoprint.typing import Fingerprint
    >>> isinstance(ip.SOAP(r_cut=4.0, n_max=4, l_max=3), Fingerprint)
    True
    """

    @property
    def transform(self) -> Callable[..., Any]:
        """A method: takes frames and `centers`, and gives an array `(n_rows, n_features)`."""
        ...


@runtime_checkable
class Differentiable(Fingerprint, Protocol):
    """A fingerprint that knows its derivatives.

    Examples
    --------
    >>> import isoprint as ip
    >>> from isoprint.typing import Differentiable
    >>> isinstance(ip.ACSF.standard(), Differentiable)
    True
    """

    @property
    def derivatives(self) -> Callable[..., Any]:
        """A method: takes a frame and `centers`, and gives `Derivatives`, or an array of the same meaning."""
        ...


if TYPE_CHECKING:
    from typing import Generic, TypeVar

    from isoprint.descriptors._base import Descriptor

    Table = TypeVar("Table")

    class Tabular(Descriptor, Generic[Table]):
        """A descriptor after `set_output`: `transform` makes data frames."""

        def transform(  # type: ignore[override]
            self, frames: FramesLike, *, centers: Any = None, n_jobs: int | None = None, progress: Any = None
        ) -> Table: ...

        def fit_transform(self, frames: FramesLike, y: Any = None, **options: Any) -> Table: ...  # type: ignore[override]
