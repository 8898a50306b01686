"""Sine matrices with DScribe's interface."""

from __future__ import annotations

from isoprint.compat.dscribe.descriptors.descriptormatrix import DescriptorMatrix
from isoprint.descriptors import sine_matrix


class _Exact(sine_matrix.SineMatrix):
    """The matrix of atoms that may be in one place, which has infinite entries then."""

    _exact = True


class SineMatrix(DescriptorMatrix):
    """The sine matrix of a structure, as DScribe's class of this name.

    Structures are taken for periodic along all three axes, whatever they say.

    Parameters
    ----------
    n_atoms_max, permutation, sigma, seed, sparse, dtype
        As of `DescriptorMatrix`.

    Examples
    --------
    >>> from ase.build import bulk
    >>> from isoprint.compat.dscribe.descriptors import SineMatrix
    >>> SineMatrix(n_atoms_max=2, permutation="eigenspectrum").create(bulk("NaCl", "rocksalt", a=5.64)).round(2)
    array([450.05, 156.62])
    """

    _kind = _Exact
    _crystals = True
