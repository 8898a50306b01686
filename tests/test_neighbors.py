"""Neighbors against ASE, over the cells in which lists go wrong."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule
from ase.neighborlist import neighbor_list
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip
from isoprint.testing.strategies import frames


def ordered(vectors):
    return vectors[np.lexsort(np.round(vectors, 7).T)]


def compare(atoms, r_cut):
    found = ip.neighbors(atoms, r_cut)
    first, second, vector = neighbor_list("ijD", atoms, r_cut)
    assert found.offsets[0] == 0
    assert len(found.offsets) == len(atoms) + 1
    assert found.offsets[-1] == len(found.index) == len(found.vector)
    for atom in range(len(atoms)):
        mine, theirs = slice(*found.offsets[atom : atom + 2]), first == atom
        a = np.column_stack([found.index[mine], found.vector[mine]])
        b = np.column_stack([second[theirs], vector[theirs]])
        assert a.shape == b.shape, f"atom {atom} has {len(a)} neighbors, ase finds {len(b)}"
        np.testing.assert_allclose(ordered(a), ordered(b), atol=1e-9)


def nudged(atoms):
    """Off the lattice sites, where distances equal to the cutoff would be decided by rounding."""
    atoms = atoms.copy()
    atoms.rattle(0.05, seed=3)
    return atoms


left_handed = bulk("Cu", cubic=True)
left_handed.set_cell(left_handed.cell[[1, 0, 2]])
far = bulk("NaCl", "rocksalt", a=5.6, cubic=True)
far.positions += [100.0, -57.3, 23.1]
wire = Atoms("HO", [[0, 0, 0], [0.3, 0.9, 0.2]], cell=[1.1, 20, 20], pbc=[True, False, False])
needle = Atoms("C", cell=[[1.0, 0, 0], [4.9, 1.0, 0], [-3.2, 2.1, 1.0]], pbc=True)
STRUCTURES = {
    "molecule": molecule("C6H6"),
    "primitive": bulk("Si"),
    "cubic": bulk("Fe", cubic=True) * (2, 1, 3),
    "slab": fcc111("Al", (2, 2, 3), vacuum=4.0),
    "slab without cell height": Atoms("Al2", [[0, 0, 0], [1, 1, 2]], cell=[3, 3, 0], pbc=[True, True, False]),
    "wire": wire,
    "thin and very skewed": needle,
    "left-handed": left_handed,
    "far outside": far,
    "one atom": Atoms("H"),
    "no atom": Atoms(),
    "hexagonal": bulk("Mg"),
}


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("r_cut", [1.7, 4.3])
def test_as_ase_finds_them(name, r_cut):
    compare(nudged(STRUCTURES[name]), r_cut)


def ase_can(atoms):
    return np.linalg.matrix_rank(atoms.cell.array[atoms.pbc]) == atoms.pbc.sum()


@given(atoms=frames(max_atoms=6), r_cut=st.floats(0.5, 4.5))
def test_as_ase_finds_them_anywhere(atoms, r_cut):
    distances = np.linalg.norm(neighbor_list("D", atoms, r_cut + 1e-6), axis=-1)
    if np.any(np.abs(distances - r_cut) < 1e-7):  # rounding decides
        return
    compare(atoms, r_cut)


def test_every_pair_appears_from_both_ends(slab):
    found = ip.neighbors(slab, 3.0)
    first = np.repeat(np.arange(len(slab)), np.diff(found.offsets))
    there = np.column_stack([first, found.index, found.vector])
    back = np.column_stack([found.index, first, -found.vector])
    np.testing.assert_allclose(ordered(there), ordered(back), atol=1e-10)


def test_images_of_the_atom_itself_count():
    found = ip.neighbors(Atoms("Po", cell=[2, 2, 2], pbc=True), 2.5)
    assert len(found.index) == 6
    assert not found.index.any()


def test_a_list_of_one_frame_will_do_but_not_of_two(water):
    assert len(ip.neighbors([water], 1.2).index) == 4
    with pytest.raises(ValueError, match="one frame at a time, not in 2"):
        ip.neighbors([water, water], 1.2)


@pytest.mark.parametrize("r_cut", [0, -1.0, np.nan, np.inf, "far", None, [3.0]])
def test_senseless_cutoffs_are_named(water, r_cut):
    with pytest.raises(ValueError, match=r"r_cut is .*positive number of Å"):
        ip.neighbors(water, r_cut)


def rows_of(found):
    """Index and vector of each row, as bytes."""
    ends = zip(found.offsets[:-1], found.offsets[1:], strict=True)
    return [(found.index[a:b].tobytes(), found.vector[a:b].tobytes()) for a, b in ends]


@pytest.mark.parametrize("name", STRUCTURES)
def test_chosen_centers_have_their_rows_of_the_whole_list(name):
    atoms = nudged(STRUCTURES[name])
    whole = rows_of(ip.neighbors(atoms, 4.3))
    rng = np.random.default_rng(0)
    chosen = rng.integers(len(atoms), size=7) if len(atoms) else np.empty(0, int)  # some are asked for twice
    for centers in ([], chosen, list(map(int, chosen)), range(len(atoms))):
        assert rows_of(ip.neighbors(atoms, 4.3, centers=centers)) == [whole[center] for center in centers]


def test_points_are_centers_too(slab):
    whole = rows_of(ip.neighbors(slab, 4.3))
    point = slab.positions[2] + [0.1, 0.2, 0.3]
    found = ip.neighbors(slab, 4.3, centers=[3, point, 0])
    first, at_point, last = rows_of(found)
    assert (first, last) == (whole[3], whole[0])
    ghost = slab + Atoms("X", [point])
    expected = ip.neighbors(ghost, 4.3, centers=[len(slab)])
    own = expected.index == len(slab)  # images of the ghost
    np.testing.assert_array_equal(found.index[slice(*found.offsets[1:3])], expected.index[~own])
    np.testing.assert_allclose(found.vector[slice(*found.offsets[1:3])], expected.vector[~own], atol=1e-12)
    assert at_point == rows_of(ip.neighbors(slab, 4.3, centers=point[None]))[0]


def test_an_atom_at_a_point_is_a_neighbor_of_the_point(water):
    found = ip.neighbors(water, 1.2, centers=water.positions[:1])
    assert sorted(found.index) == [0, 1, 2]
    assert not found.vector[found.index == 0].any()


def test_centers_of_a_list_of_one_frame_are_a_list(water):
    assert rows_of(ip.neighbors([water], 1.2, centers=[[2]])) == rows_of(ip.neighbors(water, 1.2, centers=[2]))


@pytest.mark.parametrize("centers", [[3], [-1], "O", [[np.nan, 0, 0]]])
def test_senseless_centers_are_named(water, centers):
    with pytest.raises(ValueError, match="center"):
        ip.neighbors(water, 1.2, centers=centers)
