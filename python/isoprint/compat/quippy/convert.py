"""`quippy.convert`, as far as scripts that compute descriptors call it."""

from __future__ import annotations

from typing import Any


def ase_to_quip(ase_atoms: Any, quip_atoms: Any = None, **options: Any) -> Any:
    """The structure itself: descriptors here take it as it is.

    Parameters
    ----------
    ase_atoms : ase.Atoms
        The structure.
    quip_atoms, **options : ignored
        Accepted because quippy takes them.

    Returns
    -------
    ase.Atoms
        A copy, which knows `set_cutoff` and `calc_connect`: they do nothing, since neighbors are found when they are
        needed.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from isoprint.compat.quippy.convert import ase_to_quip
    >>> len(ase_to_quip(molecule("H2O")))
    3
    """
    copy = ase_atoms.copy()
    copy.set_cutoff = _nothing
    copy.calc_connect = _nothing
    return copy


def _nothing(*arguments: Any, **options: Any) -> None:
    """What needs not be done."""
