"""What fingerprints made of eigenvalues have in common."""

from __future__ import annotations

from typing import Any

from isoprint._support.parameters import choice, real, whole
from isoprint.descriptors._base import Descriptor

# Rows of the largest matrix.
MAX_ROWS = 3000
MAX_EXPONENT = 20
# Longer cutoffs, in Å, are taken for a wrong unit.
LONGEST = 1e5
_LENGTHS = f"it must be a positive number of Å, up to {LONGEST:.0f}"
DEGENERATE = ("average", "raw", "error", "directional")


class Spectrum(Descriptor):
    """Eigenvalues of a matrix of all pairs of sites."""

    exponent: int
    max_sites: int
    overflow: str
    degenerate: str
    degenerate_tol: float

    def _shared(self, species: list[int], n_orbitals: int, order: str) -> dict[str, Any]:
        """The parameters that they share, checked."""
        return {
            "r_cut": real("r_cut", self.r_cut, above=0.0, most=LONGEST, remedy=_LENGTHS),
            "exponent": whole("exponent", self.exponent, 0, MAX_EXPONENT),
            "max_sites": whole("max_sites", self.max_sites, 1, MAX_ROWS // n_orbitals),
            "overflow": choice("overflow", self.overflow, ("error", "truncate")),
            "order": order,
            "degenerate": choice("degenerate", self.degenerate, DEGENERATE),
            "degenerate_tol": real(
                "degenerate_tol", self.degenerate_tol, least=0.0, remedy="it must be a number that is not negative"
            ),
            "ignore_unknown_species": self.unknown_species == "ignore",
            "numbers": species,
        }
