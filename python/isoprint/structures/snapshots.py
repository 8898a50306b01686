"""Structures as they were at one moment, with no more than fingerprints and stores ask of them."""

from __future__ import annotations

import numbers as kinds
from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np


class Snapshot:
    """Positions, elements, cell and information of a structure.

    Programs of molecular dynamics hand out one object again and again, and move its atoms in between.

    Parameters
    ----------
    positions : array (n_atoms, 3)
        In Å.
    numbers : array (n_atoms,)
        Atomic numbers.
    cell : array (3, 3), optional
        Rows are the cell vectors.
    pbc : array (3,), optional
        Which axes are periodic.
    info : dict or callable
        What is said of the structure, or a function without arguments that finds it where somebody asks.

    Examples
    --------
    >>> import isoprint as ip
    >>> from isoprint.structures.snapshots import Snapshot
    >>> hydrogen = Snapshot([[0.0, 0.0, 0.0], [0.0, 0.0, 0.74]], [1, 1], None, None, {"energy": -31.7})
    >>> ip.SOAP(r_cut=4.0, n_max=4, l_max=3).fit_transform(hydrogen).shape
    (2, 40)
    """

    __slots__ = ("_info", "cell", "numbers", "pbc", "positions")

    def __init__(
        self, positions: Any, numbers: Any, cell: Any, pbc: Any, info: dict[str, Any] | Callable[[], dict[str, Any]]
    ) -> None:
        self.positions, self.numbers, self.cell, self.pbc, self._info = positions, numbers, cell, pbc, info

    @classmethod
    def of(cls, frame: Any) -> Snapshot:
        """Copy what a structure is now.

        Parameters
        ----------
        frame : ase.Atoms or alike
            A structure.

        Returns
        -------
        Snapshot
            Which does not change when the structure does.

        Examples
        --------
        >>> from ase.build import molecule
        >>> from isoprint.structures.snapshots import Snapshot
        >>> water = molecule("H2O")
        >>> before = Snapshot.of(water)
        >>> water.positions += 1.0
        >>> before.numbers.tolist(), bool((before.positions == water.positions).any())
        ([8, 1, 1], False)
        """
        cell = getattr(frame, "cell", None)
        return cls(
            copy(frame.positions),
            copy(frame.numbers),
            copy(getattr(cell, "array", cell)),
            copy(getattr(frame, "pbc", None)),
            information(frame),
        )

    @property
    def info(self) -> dict[str, Any]:
        """What is said of the structure, by name."""
        if callable(self._info):
            self._info = self._info()
        return self._info

    def __len__(self) -> int:
        return len(self.positions)


def information(frame: Any) -> dict[str, Any]:
    """What a structure says of itself: its `info`, and the numbers that ASE gives to a calculator when it reads a file.

    Parameters
    ----------
    frame : ase.Atoms or alike
        A structure.

    Returns
    -------
    dict
        A new one.
    """
    return {**_labels(frame), **(getattr(frame, "info", None) or {})}


def _labels(frame: Any) -> dict[str, Any]:
    """Numbers that a file had for the whole structure, such as its energy, as long as no atom has moved since."""
    calculator: Any = getattr(frame, "calc", None)
    if type(calculator).__name__ != "SinglePointCalculator":
        return {}
    before = getattr(calculator, "atoms", None)
    if before is None or not (
        np.array_equal(before.positions, frame.positions) and np.array_equal(before.cell[:], frame.cell[:])
    ):
        return {}
    return {name: value for name, value in calculator.results.items() if isinstance(value, kinds.Real)}
