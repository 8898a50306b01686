"""The four-body energy as a calculator of ASE."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from isoprint._support.parameters import real, whole
from isoprint.blindness.four_body import four_body_energy, four_body_gradient


class FourBody(Calculator):  # type: ignore[misc, unused-ignore]
    """`isoprint.four_body_energy` of one center in an open structure, for everything in ASE that takes a calculator.

    Parameters
    ----------
    center : int
        The atom that all others are neighbors of.
    unit : float
        Energy of a sum of one, in eV.

    Examples
    --------
    >>> from ase.build import molecule
    >>> from isoprint.extras.four_body import FourBody
    >>> methane = molecule("CH4")
    >>> methane.calc = FourBody()
    >>> round(methane.get_potential_energy(), 12)
    3.0
    """

    implemented_properties: Any = ("energy", "forces")

    def __init__(self, *, center: int = 0, unit: float = 1.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call, unused-ignore]
        self.center = center
        self.unit = unit

    def calculate(self, atoms: Any = None, properties: Any = ("energy",), system_changes: Any = all_changes) -> None:
        """Compute the energy in eV and the forces in eV/Å; ASE calls this where they are asked for.

        Parameters
        ----------
        atoms : ase.Atoms, optional
            An open structure; without it that of the last call.
        properties : sequence of str
            Without effect: both are computed.
        system_changes : sequence of str
            What has changed since the last call, as ASE says it.

        Examples
        --------
        >>> from ase.build import molecule
        >>> from isoprint.extras.four_body import FourBody
        >>> calculator = FourBody()
        >>> calculator.calculate(molecule("NH3"))
        >>> sorted(calculator.results)
        ['energy', 'forces']
        """
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call, unused-ignore]
        frame: Any = self.atoms
        if frame.pbc.any():
            raise ValueError(
                f"the frame is periodic (pbc={frame.pbc.tolist()}); this energy is that of one center and all other"
                " atoms, so set pbc=False"
            )
        unit = real("unit", self.unit, remedy="give the energy of a sum of one in eV")
        n = len(frame)
        center = whole("center", self.center, 0, n - 1)
        order = np.concatenate([[center], np.delete(np.arange(n), center)])
        positions = frame.positions[order]
        forces = np.empty((n, 3))
        forces[order] = -unit * four_body_gradient(positions)
        self.results = {"energy": unit * float(four_body_energy(positions)), "forces": forces}
