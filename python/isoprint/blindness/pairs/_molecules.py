"""Small molecules by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from isoprint._support.arrays import short_repr
from isoprint.structures.elements import number_of
from isoprint.structures.radii import covalent_radius

# Bond length in Å, and angle between two bonds in degrees.
_BENT = {"H2O": (0.9575, 104.51), "NH3": (1.012, 106.7)}
_METHANE = 1.087


def reference(molecule: str) -> Any:
    """A molecule in its symmetric structure, as open `ase.Atoms`.

    Water, ammonia and methane are near to experiment and have the center first; others are those of `ase.build`.
    """
    from ase import Atoms
    from ase.build import molecule as build

    if molecule == "CH4":
        corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]) / np.sqrt(3.0)
        return Atoms("CH4", np.vstack([np.zeros(3), _METHANE * corners]))
    if molecule in _BENT:
        bond, angle = _BENT[molecule]
        n = 2 if molecule == "H2O" else 3
        # Bonds at polar angle θ, evenly around an axis, enclose the angle φ with sin(φ / 2) = sin(π / n) sin(θ).
        sine = np.sin(np.radians(angle) / 2.0) / np.sin(np.pi / n)
        around = 2.0 * np.pi * np.arange(n) / n
        bonds = [[sine * np.cos(phi), sine * np.sin(phi), -np.sqrt(1.0 - sine**2)] for phi in around]
        return Atoms("OH2" if n == 2 else "NH3", np.vstack([np.zeros(3), bond * np.array(bonds)]))
    try:
        return build(molecule)
    except (KeyError, NotImplementedError):
        raise ValueError(
            f"molecule is {short_repr(molecule)}, which ase does not know; give a formula such as 'CH4', 'NH3' or"
            " 'H2O', or a frame"
        ) from None


def center_and_neighbors(molecule: Any, n_neighbors: int) -> tuple[list[int], list[float]]:
    """Atomic numbers, the center first, and usual bond lengths in Å of a formula such as `CH3F`."""
    from ase.formula import Formula

    numbers: list[int] = []
    if isinstance(molecule, str):
        try:
            numbers = [number_of(symbol, "molecule") for symbol in Formula(molecule)]
        except ValueError:
            numbers = []
    if len(numbers) != n_neighbors + 1:
        raise ValueError(
            f"molecule is {short_repr(molecule)}; give a formula of a center and {n_neighbors} neighbors, the center"
            " first, such as 'CH4' or 'CH3F'"
        )
    if molecule == "CH4":
        return numbers, [_METHANE] * n_neighbors
    return numbers, [covalent_radius(numbers[0]) + covalent_radius(number) for number in numbers[1:]]
