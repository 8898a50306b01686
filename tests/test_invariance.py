"""What a fingerprint must not see, for every descriptor and option."""

import numpy as np
import pytest
from ase import Atoms
from hypothesis import assume, given
from hypothesis import strategies as st

from catalog import EVERY_DESCRIPTOR_AND_OPTION, in_cells, turbo
from isoprint.testing import (
    assert_invariant,
    assert_same_for_any_threads,
    assert_smooth_through_cutoff,
    in_general_position,
)
from isoprint.testing.strategies import frames

every = pytest.mark.parametrize("case", EVERY_DESCRIPTOR_AND_OPTION, ids=repr)
# What belongs to one cell is not the same of a part of a larger one: tests of its own say what does not change.
OF_CENTERS = [case for case in EVERY_DESCRIPTOR_AND_OPTION if not case.of_cells]
of_centers = pytest.mark.parametrize("case", OF_CENTERS, ids=repr)


def of(case, atoms):
    """The same atoms, of elements that the descriptor knows, and open where it takes them for open."""
    known = case.elements
    pbc = atoms.pbc if getattr(case.descriptor, "periodic", True) else False
    return Atoms([known[number % len(known)] for number in atoms.numbers], atoms.positions, cell=atoms.cell, pbc=pbc)


def assume_described(case, atoms, centers=None):
    """No atom on a center, or so near that rounding turns its direction, where the descriptor refuses that."""
    if not case.center_shared:
        assume(in_general_position(atoms, case.descriptor.reach, centers=centers, margin=1e-4))


class Lengths:
    """What does not turn of coefficients `[species][lm][n]`: the length of those of each species, degree and n."""

    def __init__(self, descriptor):
        self.descriptor = descriptor

    def transform(self, atoms, **options):
        size = self.descriptor.l_max + 1
        rows = self.descriptor.transform(atoms, **options)
        squares = rows.reshape(len(rows), -1, size**2, self.descriptor.n_max) ** 2
        degrees = [squares[:, :, degree**2 : (degree + 1) ** 2].sum(axis=2) for degree in range(size)]
        return np.sqrt(np.stack(degrees, axis=1)).reshape(len(rows), -1)


def invariants_of(case):
    return Lengths(case.descriptor) if case.turns else case.descriptor


@of_centers
@given(atoms=frames(max_atoms=5, min_cell=2.5), seed=st.integers(0, 2**32 - 1))
def test_rows_do_not_depend_on_how_a_structure_is_written(case, atoms, seed):
    atoms = of(case, atoms)
    if case.order < 1:  # a neighbor that is at the cutoff but for rounding may count or not
        assume(in_general_position(atoms, case.descriptor.reach, margin=1e-6))
    assume_described(case, atoms)
    if case.center_apart:  # so may atoms be in one place but for rounding
        assume(in_general_position(atoms, case.descriptor.reach, margin=1e-4))
    assert_invariant(invariants_of(case), atoms, seed=seed, tolerance=case.invariance)


@of_centers
def test_points_move_with_the_structure(case):
    atoms = of(
        case,
        Atoms(
            "HCOC",
            [[0, 0, 0], [1.1, 0.3, 0], [0.2, 1.4, 0.3], [4, 1, 1]],
            cell=[2.9, 3.1, 3.3],
            pbc=[True, False, True],
        ),
    )
    centers = [1, [0.4, 0.5, 0.6], 0, [0.0, 1.0, 0.0]]
    assert_invariant(invariants_of(case), atoms, centers=centers, tolerance=case.invariance)


@pytest.mark.parametrize("case", [case for case in OF_CENTERS if case.order >= 0], ids=repr)
def test_nothing_happens_when_a_neighbor_leaves(case):
    tolerance = 1e-4 if case.descriptor.dtype == "float32" else 1e-5
    assert_smooth_through_cutoff(case.descriptor, species=case.elements, order=case.order, tolerance=tolerance)


def test_a_jump_at_the_cutoff_is_noticed():
    with pytest.raises(AssertionError, match="when H passes the cutoff"):
        assert_smooth_through_cutoff(turbo(amplitude_scaling=0.0))


@every
def test_threads_do_not_change_a_bit(case, several):
    assert_same_for_any_threads(case.descriptor, in_cells(case, [of(case, frame) for frame in several * 5]))


class Tilted:
    """A fingerprint that sees the z axis."""

    def transform(self, atoms, centers=None):
        return atoms.positions[list(centers)] - atoms.positions.mean(axis=0)


def test_what_is_not_invariant_is_noticed(water):
    with pytest.raises(AssertionError, match="under a rotation"):
        assert_invariant(Tilted(), water)


class Bound(Tilted):
    """A fingerprint that forgets the periodicity."""

    def transform(self, atoms, centers=None):
        return np.array([np.sort(atoms.get_distances(center, range(len(atoms))))[:2] for center in centers])


def test_a_forgotten_periodicity_is_noticed(slab):
    with pytest.raises(AssertionError, match="under lattice vectors added to atoms"):
        assert_invariant(Bound(), slab)
