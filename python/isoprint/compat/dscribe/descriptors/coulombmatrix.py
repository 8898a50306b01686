"""Coulomb matrices with DScribe's interface."""

from __future__ import annotations

from typing import Any

from isoprint.compat.dscribe.descriptors._noise import CompiledNoise
from isoprint.compat.dscribe.descriptors.descriptormatrix import DescriptorMatrix
from isoprint.descriptors.global_coulomb_matrix import GlobalCoulombMatrix


class _Exact(GlobalCoulombMatrix):
    """The matrix of atoms that may be in one place, which has infinite entries then; rounding decides about ties."""

    _exact = True
    _ties = "rounded"


class CoulombMatrix(DescriptorMatrix):
    """The Coulomb matrix of a structure, as DScribe's class of this name.

    Periodicity does not count: distances are those of the atoms as they stand.

    Parameters
    ----------
    n_atoms_max, permutation, sigma, seed, sparse
        As of `DescriptorMatrix`.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from isoprint.compat.dscribe.descriptors import CoulombMatrix
    >>> CoulombMatrix(n_atoms_max=5).create([molecule("H2O"), molecule("CH4")]).shape
    (2, 25)
    """

    _kind = _Exact
    _crystals = False
    _steps = False

    def __init__(
        self,
        n_atoms_max: Any,
        permutation: Any = "sorted_l2",
        sigma: Any = None,
        seed: Any = None,
        sparse: Any = False,
    ) -> None:
        super().__init__(n_atoms_max, permutation, sigma, seed, sparse)

    @staticmethod
    def _fresh_noise(seed: Any) -> CompiledNoise:
        return CompiledNoise(0 if seed is None else seed)
