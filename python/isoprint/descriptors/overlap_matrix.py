"""The overlap-matrix fingerprint."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from isoprint import _core
from isoprint._support.arrays import short_repr
from isoprint._support.parameters import choice, real, whole
from isoprint.descriptors._calls import Average, Unknown
from isoprint.descriptors._pair_matrix import Degenerate, Overflow, PairMatrix
from isoprint.descriptors._settings import of_each
from isoprint.structures.elements import by_element, spell
from isoprint.structures.radii import covalent_radius

if TYPE_CHECKING:
    from isoprint._core import _Descriptor as Core

ORBITALS = {"s": [(0, 1.0)], "sp": [(0, 1.0), (1, 1.0)], "spd": [(0, 1.0), (1, 1.0), (2, 1.0)]}
_SHELLS = "give 's', 'sp', 'spd' or a list of shells (l, width factor) such as [(0, 1.0), (0, 1.41), (1, 1.0)]"


class OverlapMatrix(PairMatrix):
    """Eigenvalues of the overlap matrix of Gaussian orbitals on the sites around a center.

    Parameters
    ----------
    r_cut : float
        Radius of the environment in Å; 4 to 6 are usual.
    species : sequence of str or int, optional
        Elements as symbols or atomic numbers. `None`: `fit` learns them. The columns do not depend on them, unless
        `contracted`.
    orbitals : {"s", "sp", "spd"} or list
        Orbitals on each site, or a list of shells `(l, width factor)` with `l` up to 6. A factor multiplies the radius
        of the element, and may be a mapping such as `{"C": 1.0, "H": 1.2}`. "s" alone leaves motions unseen.
    exponent : int
        Amplitudes of sites fall to zero as `(1 - r²/r_cut²)^exponent`; 0: no amplitudes, features jump at the cutoff.
    max_sites : int
        Sites that a row has room for, the center included; eigenvalues are followed by zeros.
    overflow : {"error", "truncate"}
        What to do about more sites: raise an error, or keep the largest eigenvalues.
    radii : mapping, optional
        Widths of the Gaussians in Å by element, instead of the covalent radii.
    width_scale : float
        Factor of all widths.
    contracted : bool
        Make a short row of the leading eigenvector: one eigenvalue for each angular momentum of the center and of each
        species.
    metric : {"overlap", "modulated"}
        Contract the overlaps as they are, or multiplied by the amplitudes.
    degenerate : {"average", "raw", "error", "directional"}
        Derivative of eigenvalues that cannot be told apart. That of their mean; that of the eigenvectors that happened
        to be found; an error; or that of their mean, but in `pushforward` the exact one-sided derivative of the sorted
        eigenvalues, which is not linear in the displacements.
    degenerate_tol : float
        Largest distance between neighboring eigenvalues that count as degenerate. Those that differ by more than a
        quarter of the larger one are distinct, however small they are, unless this is above 1e-3; nothing nearer than
        128 epsilon of the largest eigenvalue is told apart, which rounding may have put apart. Zero joins equal ones
        only.
    periodic : bool
        Whether frames have the periodicity they say; `False` takes all of them for open ones.
    unknown_species : {"error", "ignore"}
        What to do about atoms of other elements: raise an error, or pass them over as neighbors and as orbitals.
    centers : sequence of str or int, optional
        Elements whose atoms become rows; every atom by default.
    average : {None, "inner", "outer", "sum"}
        One row a center, or one row a frame: their mean, which is the same for both words here, or their sum.
    dtype : {"float64", "float32"}
        Precision of the output. The arithmetic is in double precision.

    Examples
    --------
    >>> import isoprint as ip
    >>> om = ip.OverlapMatrix(r_cut=5.0, species=["H", "O"], max_sites=20)
    >>> om.n_features
    80

    Notes
    -----
    A. Sadeghi et al., J. Chem. Phys. 139, 184118 (2013); L. Zhu et al., J. Chem. Phys. 144, 034203 (2016). Each site is
    a set of orbitals `n Y_lm(x - R) exp(-|x - R|²/2σ²)` of unit norm, and the features of a center are the eigenvalues
    of `M_μν = f_μ ⟨μ|ν⟩ f_ν`, from the largest to the smallest. They do not depend on the unit of length. The center is
    a site of its own, with amplitude 1; a center that is a point in space is none.

    Eigenvalues are Lipschitz continuous and cross with kinks, where derivatives jump; in symmetric structures this is
    the rule. See `degenerate`.
    """

    r_cut: float
    species: Any = None
    orbitals: Any = "sp"
    exponent: int = 2
    max_sites: int = 100
    overflow: Overflow = "error"
    radii: Any = None
    width_scale: float = 1.0
    contracted: bool = False
    metric: Literal["overlap", "modulated"] = "overlap"
    degenerate: Degenerate = "average"
    degenerate_tol: float = 1e-8
    periodic: bool = True
    unknown_species: Unknown = "error"
    centers: Any = None
    average: Average = None
    dtype: Any = "float64"

    @classmethod
    def from_libfp(cls, **arguments: Any) -> OverlapMatrix:
        """Build from the arguments of libfp's `get_lfp` and `get_sfp`; rows are as long as there.

        Parameters
        ----------
        **arguments
            `cutoff` (4.0 Å), `orbital` ("s" or "sp"; "s"), `natx` (300), `log` (accepted, without effect on numbers)
            and `contract` (False) of libfp. And `species`, `centers` and `dtype` of the constructor.

        Examples
        --------
        >>> import isoprint as ip
        >>> om = ip.OverlapMatrix.from_libfp(cutoff=6.0, orbital="sp", natx=60)
        >>> om.r_cut, om.max_sites
        (6.0, 60)
        """
        from isoprint.translators.libfp import overlap_matrix

        return cls(**overlap_matrix(arguments, _core.MAX_ROWS))

    @classmethod
    def from_width_cutoff(cls, width_cutoff: float, *, exponent: int = 2, **options: Any) -> OverlapMatrix:
        """Build from the width of the cutoff, as the programs of the Basel group have it.

        Their amplitude is the approximation `(1 - r²/(2 n w²))^n` of the Gaussian `exp(-r²/2w²)`, so that sites end at
        `r_cut = sqrt(2 exponent) width_cutoff`.

        Parameters
        ----------
        width_cutoff : float
            Width of the cutoff in Å.
        exponent : int
            As in the constructor, but not 0.
        **options
            As in the constructor.

        Examples
        --------
        >>> import isoprint as ip
        >>> ip.OverlapMatrix.from_width_cutoff(2.5).r_cut
        5.0
        """
        width = real("width_cutoff", width_cutoff, above=0.0, remedy="it must be a positive number of Å")
        n = whole("exponent", exponent, 1)
        return cls(r_cut=math.sqrt(2.0 * n) * width, exponent=n, **options)

    # A factor of the widths, and which of two contractions.
    _not_compiled = ("width_scale", "metric")

    @staticmethod
    def _made(parameters: dict[str, Any]) -> Core:
        return _core.OverlapMatrix(parameters)

    def _special(self, species: list[int]) -> dict[str, Any]:
        shells = [{"l": l, "width": width} for l, width in self._shells(species)]
        metric = self._read("metric")
        return {
            **super()._special(species),
            "order": "value",
            "shells": shells,
            "contracted": metric if self._read("contracted") else None,
        }

    def _shells(self, species: list[int]) -> list[tuple[int, list[float]]]:
        """Angular momentum, and width for each species, of every shell."""
        given = self.orbitals
        if isinstance(given, str):
            given = ORBITALS[choice("orbitals", given, tuple(ORBITALS))]
        if not isinstance(given, Sequence) or not given:
            raise ValueError(f"orbitals is {short_repr(self.orbitals)}; {_SHELLS}")
        scale = real("width_scale", self.width_scale, above=0.0, remedy="it must be a positive number")
        radii = self._radii(species)
        shells = []
        for shell in given:
            if not isinstance(shell, Sequence) or isinstance(shell, str) or len(shell) != 2:
                raise ValueError(f"orbitals contains {short_repr(shell)}; {_SHELLS}")
            factors = [_factor(name, value) for name, value in of_each("width factor of orbitals", shell[1], species)]
            widths = [scale * factor * radius for factor, radius in zip(factors, radii, strict=True)]
            shells.append((whole("angular momentum of orbitals", shell[0]), widths))
        return shells

    def _radii(self, species: list[int]) -> list[float]:
        """A radius in Å for each species; the mapping may hold others, and need not hold all."""
        if self.radii is None:
            return [covalent_radius(number) for number in species]
        if not isinstance(self.radii, Mapping):
            raise ValueError(
                f"radii is {short_repr(self.radii)}; give a mapping such as {{'C': 0.77, 'H': 0.37}}, in Å"
            )
        known = {
            number: real(f"radii of {spell([number])}", radius, above=0.0, remedy="it must be a positive number of Å")
            for number, radius in by_element("radii", self.radii).items()
        }
        return [known[number] if number in known else covalent_radius(number) for number in species]


def _factor(name: str, value: Any) -> float:
    return real(name, value, above=0.0, remedy="it must be a positive number")
