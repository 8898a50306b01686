"""Two environments that look alike to a fingerprint, and lists of such pairs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from isoprint._support import checksums
from isoprint._support.plural import plural
from isoprint.blindness.environment import environment
from isoprint.blindness.motion import centered, distances_of_copies, relabelings, rotation_onto
from isoprint.blindness.pairs import _storage
from isoprint.structures import xyz

if TYPE_CHECKING:
    from ase import Atoms

    from isoprint.typing import Differentiable

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pair:
    """Two environments of the same atoms that are not congruent.

    Attributes
    ----------
    a, b : ase.Atoms
        Open frames; the center comes first and is the origin. `b` is turned, and where that brings it nearer
        mirrored and its like atoms exchanged, to be as near to `a` as it can be.
    separation : float
        Distance in Å over all coordinates, the least over rigid motions, mirror images and exchanges of like atoms.
    """

    a: Atoms
    b: Atoms
    separation: float

    @property
    def frames(self) -> tuple[Atoms, Atoms]:
        """Both."""
        return self.a, self.b

    def distance(self, descriptor: Differentiable) -> float:
        """How far apart a fingerprint says that the two are.

        Parameters
        ----------
        descriptor : Differentiable
            Has `transform` and `derivatives`; a copy learns its species here if it has none yet.

        Returns
        -------
        float
            `|F(a) - F(b)|` of the centers.

        Examples
        --------
        >>> import isoprint as ip
        >>> pairs = ip.degenerate_pairs("CH4", n=1)
        >>> soap = ip.SOAP(r_cut=4.0, n_max=4, l_max=4, species=["H", "C"])
        >>> pairs[0].distance(soap) < 1e-12
        True
        """
        sites = environment(descriptor, self.a, 0)
        # Sites may be in another order, or out of reach, but which atoms there are is the same in both.
        other = environment(sites.descriptor, self.b, 0)
        return float(np.linalg.norm(sites.row(sites.positions) - other.row(other.positions)))

    def _about(self) -> dict[str, Any]:
        """What is written beside the frames."""
        return {"separation": self.separation}


@dataclass(frozen=True, eq=False, repr=False)
class DegeneratePair(Pair):
    """Two environments that no fingerprint of distances and of angles between two neighbors can tell apart.

    Attributes
    ----------
    determinant : float
        Of the cosines between the bonds after the exchange: zero, but for rounding, as that of vectors in space.

    Examples
    --------
    >>> import isoprint as ip
    >>> pairs = ip.degenerate_pairs("CH4", n=1)
    >>> pairs[0].separation > 0.1, abs(pairs[0].determinant) < 1e-14
    (True, True)
    >>> pairs[0].a.get_chemical_formula()
    'CH4'
    """

    determinant: float

    def __repr__(self) -> str:
        name = self.a.symbols
        return f"DegeneratePair({name}, separation={self.separation:.4f} Å, determinant={self.determinant:.0e})"

    def _about(self) -> dict[str, Any]:
        return {**super()._about(), "determinant": self.determinant}


@dataclass(frozen=True, eq=False, repr=False)
class BlindPair(Pair):
    """What a search for two environments with one fingerprint has ended at.

    Attributes
    ----------
    feature_distance : float
        `|F(a) - F(b)|`.
    relative : float
        The same over the median that random displacements of ±0.02 Å cause.
    guard_distance : float
        How far apart the guard says that they are.
    blind : bool
        Whether `relative` is below the threshold of the search, while the guard sees a difference.
    start : int
        Which start of the search it came from.
    evaluations : int
        How often fingerprints and derivatives of both were computed.

    Examples
    --------
    >>> import isoprint as ip
    >>> om = ip.OverlapMatrix(r_cut=4.8, orbitals="s", max_sites=4)
    >>> pair = ip.find_blind_pairs(om, "NH3", starts=1)[0]
    >>> pair.blind, pair.relative < 1e-6, round(pair.guard_distance, 3)
    (True, True, 0.05)
    """

    feature_distance: float
    relative: float
    guard_distance: float
    blind: bool
    start: int
    evaluations: int

    def __repr__(self) -> str:
        return (
            f"BlindPair({self.a.symbols}, relative={self.relative:.1e},"
            f" guard_distance={self.guard_distance:.4f}, separation={self.separation:.4f} Å, blind={self.blind})"
        )

    def _about(self) -> dict[str, Any]:
        said = ("feature_distance", "relative", "guard_distance", "blind", "start", "evaluations")
        return {**super()._about(), **{name: getattr(self, name) for name in said}}


# What tells the kinds of pairs apart in a file.
_KINDS: dict[str, type[Pair]] = {"blind": BlindPair, "determinant": DegeneratePair, "separation": Pair}

P = TypeVar("P", bound=Pair)
_HEADER = ("", "|dF|", "relative", "guard", "separation / Å", "evaluations")


class Pairs(list[P]):
    """A list of pairs that prints as a table and can be written to a file.

    Parameters
    ----------
    iterable : iterable of Pair, optional
        What the list begins with.

    Examples
    --------
    >>> import isoprint as ip
    >>> pairs = ip.degenerate_pairs("CH4", n=3)
    >>> len(pairs), len(pairs.blind), len(ip.Pairs(pairs[:2]))
    (3, 3, 2)
    """

    @property
    def blind(self) -> Pairs[P]:
        """Pairs that the fingerprint cannot tell apart."""
        return Pairs(pair for pair in self if getattr(pair, "blind", True))

    def write(self, file: str | os.PathLike[str]) -> None:
        """Write the frames, `a` and `b` in turn, with what is known about them and with all digits.

        Parameters
        ----------
        file : path
            An extended XYZ file, which appears under its name only when it is complete.

        Examples
        --------
        >>> import isoprint as ip
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ip.degenerate_pairs("CH4", n=2).write(Path(folder) / "pairs.extxyz")
        ...     [path.name for path in Path(folder).iterdir()]
        ['pairs.extxyz']
        """
        blocks = [
            xyz.block(frame.numbers, frame.positions, {"pair": number, "member": member, **pair._about()})
            for number, pair in enumerate(self)
            for member, frame in zip("ab", pair.frames, strict=True)
        ]
        if not blocks:
            raise ValueError("there is no pair to write; search with more starts")
        xyz.store(file, checksums.with_checksums(blocks))

    @classmethod
    def read(cls, file: str | os.PathLike[str]) -> Pairs[Any]:
        """Read what `write` has stored; a file that was cut or changed is refused.

        Parameters
        ----------
        file : path
            The file.

        Returns
        -------
        Pairs
            Of the same kinds and with the same numbers as those that were written.

        Examples
        --------
        >>> import isoprint as ip
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ip.degenerate_pairs("CH4", n=2).write(Path(folder) / "pairs.extxyz")
        ...     len(ip.Pairs.read(Path(folder) / "pairs.extxyz"))
        2
        """
        stored: list[Any] = _storage.read(file, _KINDS)
        return cls(stored)

    def __repr__(self) -> str:
        if not self or not all(isinstance(pair, BlindPair) for pair in self):
            return "\n".join(["[", *(f"  {pair!r}," for pair in self), "]"]) if self else "[]"
        rows = [_HEADER, *map(_cells, self)]
        width = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
        lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, width, strict=True)) for row in rows]
        return "\n".join([summary(self), *lines])


def summary(pairs: Pairs[Any]) -> str:
    """How many of at least one pair are blind, in a few words."""
    blind = len(pairs.blind)
    return f"{blind} of {plural(len(pairs), 'pair')} of {pairs[0].a.symbols} {'is' if blind == 1 else 'are'} blind"


def _cells(pair: Any) -> tuple[str, ...]:
    return (
        "blind" if pair.blind else "seen",
        f"{pair.feature_distance:.2e}",
        f"{pair.relative:.2e}",
        f"{pair.guard_distance:.5f}",
        f"{pair.separation:.4f}",
        f"{pair.evaluations}",
    )


def placed(a: Floats, b: Floats, numbers: NDArray[np.int64]) -> tuple[Any, Any, float]:
    """Frames of two structures with the center at the origin, the second moved nearest to the first.

    Parameters
    ----------
    a, b : ndarray (n_sites, 3)
        Positions in Å, the center first.
    numbers : ndarray (n_sites,)
        Atomic numbers of both.

    Returns
    -------
    tuple
        Both frames, and their distance in Å over all coordinates, centroid on centroid.
    """
    from ase import Atoms

    orders = relabelings(numbers)
    distance = np.stack([distances_of_copies(b, a, orders, mirror=mirror) for mirror in (False, True)])
    mirror, order = np.unravel_index(np.argmin(distance), distance.shape)
    own = centered(-b if mirror else b)[orders[order]]
    turned = own @ rotation_onto(own, centered(a))
    frames = [Atoms(numbers=numbers, positions=positions - positions[0]) for positions in (a, turned)]
    return frames[0], frames[1], float(distance.min())


def apart(positions: Floats, least: Floats) -> bool:
    """Whether all pairs of sites keep their least distances `(n_sites, n_sites)`."""
    distance = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    return bool((distance >= least).all())


def ordered(pairs: Sequence[BlindPair]) -> Pairs[BlindPair]:
    """The least visible first."""
    return Pairs(sorted(pairs, key=lambda pair: (not pair.blind, pair.relative)))
