"""Hypothesis strategies for structures and adjoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

__all__ = ["adjoints", "frames"]


def frames(
    *,
    min_atoms: int = 1,
    max_atoms: int = 6,
    elements: Sequence[Any] = ("H", "C", "O"),
    min_distance: float = 0.0,
    min_cell: float = 2.0,
) -> Any:
    """Small structures that visit every corner: slabs, wires, skewed cells, atoms outside the cell.

    Parameters
    ----------
    min_atoms, max_atoms : int
        Number of atoms.
    elements : sequence of str
        Elements that appear.
    min_distance : float
        Atoms nearer than this (Å) to another are moved; by default even coincident atoms appear.
    min_cell : float
        Shortest edge of the cell before it is skewed, in Å.

    Returns
    -------
    hypothesis strategy
        Of `ase.Atoms`.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from isoprint.testing.strategies import frames
    >>> @settings(max_examples=3, database=None)
    ... @given(atoms=frames(max_atoms=4, elements=["Si"]))
    ... def test_few_atoms(atoms):
    ...     assert len(atoms) <= 4
    >>> test_few_atoms()
    """

    @st.composite
    def build(draw: Any) -> Any:
        n = draw(st.integers(min_atoms, max_atoms))
        skew = draw(arrays(float, (3, 3), elements=st.floats(-0.75, 0.75, width=16)))
        cell = np.diag([draw(st.floats(min_cell, min_cell + 4.0)) for _ in range(3)]) + skew
        scaled = draw(arrays(float, (n, 3), elements=st.floats(-2.0, 2.0, width=16)))
        symbols = draw(st.lists(st.sampled_from(list(elements)), min_size=n, max_size=n))
        atoms = Atoms(symbols, scaled_positions=scaled, cell=cell, pbc=draw(st.tuples(*[st.booleans()] * 3)))
        return _spread(atoms, min_distance)

    return build()


def adjoints(n_rows: int, n_features: int) -> Any:
    """Arrays of numbers from -1 to 1, to pull back.

    Parameters
    ----------
    n_rows, n_features : int
        Shape of the array.

    Returns
    -------
    hypothesis strategy
        Of arrays.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from isoprint.testing.strategies import adjoints
    >>> @settings(max_examples=3, database=None)
    ... @given(adjoint=adjoints(3, 2))
    ... def test_shape(adjoint):
    ...     assert adjoint.shape == (3, 2)
    >>> test_shape()
    """
    return arrays(float, (n_rows, n_features), elements=st.floats(-1.0, 1.0, width=16))


def _spread(atoms: Any, min_distance: float) -> Any:
    """Move atoms, one after the other, until none is too near to an earlier one."""
    step = np.array([0.37, -0.23, 0.31])
    for last in range(1, len(atoms) if min_distance else 0):
        for _ in range(200):
            gaps = atoms.get_distances(last, range(last), mic=bool(atoms.pbc.any()))
            if gaps.min() >= min_distance:
                break
            atoms.positions[last] += step
    return atoms
