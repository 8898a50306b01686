"""Parameters of descriptors that are eigenvalues of a matrix of pairs."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from isoprint.descriptors._compiled import CompiledDescriptor

Overflow: TypeAlias = Literal["error", "truncate"]
Degenerate: TypeAlias = Literal["average", "raw", "error", "directional"]


class PairMatrix(CompiledDescriptor):
    """Eigenvalues of a matrix of all pairs of sites."""

    def _special(self, species: list[int]) -> dict[str, Any]:
        return {"species": species}
