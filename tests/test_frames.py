"""Structures of any library become the same flat arrays; centers become rows."""

from types import SimpleNamespace

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from isoprint.structures.centers import resolve
from isoprint.structures.frames import as_list, pack


def packed(*frames):
    return pack(list(frames))


def test_one_frame_is_not_copied(slab):
    flat = packed(slab)
    assert flat.positions is slab.arrays["positions"]
    assert flat.numbers is slab.arrays["numbers"]
    assert flat.offsets.tolist() == [0, 6]
    assert np.array_equal(flat.cells[0], slab.cell.array)
    assert flat.pbc.tolist() == [[True, True, False]]


def test_many_frames_follow_each_other(several, water):
    flat = packed(*several, Atoms(), water)
    assert flat.offsets.tolist() == [0, 6, 8, 11, 11, 14]
    assert np.array_equal(flat.positions[11:], water.positions)
    assert np.array_equal(flat.numbers, np.concatenate([*(frame.numbers for frame in several), water.numbers]))
    assert flat.locate(11) == (4, 0)
    assert flat.locate(10) == (2, 2)


def test_types_and_shapes_are_what_the_core_wants(several):
    plain = SimpleNamespace(positions=[[0, 0, 0]], numbers=(1,), cell=[3, 4, 5], pbc=True)
    for frames in ([], several, [plain], [*several, plain]):
        flat = pack(frames)
        assert [array.dtype for array in flat[:5]] == [np.float64, np.int64, np.float64, np.bool_, np.int64]
        assert all(array.flags.c_contiguous for array in flat[:5])
        n, f = flat.n_atoms, len(frames)
        assert [array.shape for array in flat[:5]] == [(n, 3), (n,), (f, 3, 3), (f, 3), (f + 1,)]


@pytest.mark.parametrize(
    "change",
    [
        lambda a: {"positions": a.positions.tolist()},
        lambda a: {"positions": np.asfortranarray(a.positions)},
        lambda a: {"positions": np.repeat(a.positions, 2, axis=0)[::2]},
        lambda a: {"numbers": [int(z) for z in a.numbers]},
        lambda a: {"numbers": a.numbers.astype(np.uint8)},
        lambda a: {"cell": a.cell},
        lambda a: {"cell": a.cell.array.tolist()},
        lambda a: {"cell": a.cell.array.astype(object).astype(float)},
        lambda a: {"pbc": [1, 1, 0]},
        lambda a: {"pbc": (True, True, False)},
    ],
)
def test_duck_typed_frames_are_the_same(slab, change):
    whole = {"positions": slab.positions, "numbers": slab.numbers, "cell": slab.cell.array, "pbc": slab.pbc}
    duck = SimpleNamespace(**{**whole, **change(slab)})
    for expected, found in zip(packed(slab, slab)[:5], packed(duck, slab)[:5], strict=True):
        assert np.array_equal(expected, found)


@pytest.mark.parametrize("cell", [None, np.zeros((3, 3))])
def test_a_frame_may_have_no_cell(water, cell):
    duck = SimpleNamespace(positions=water.positions, numbers=water.numbers, cell=cell, pbc=False)
    assert np.array_equal(packed(duck).cells, np.zeros((1, 3, 3)))


def test_a_frame_without_cell_and_pbc_is_not_periodic(water):
    duck = SimpleNamespace(positions=water.positions, numbers=water.numbers)
    assert not packed(duck).pbc.any()


def test_three_lengths_are_a_box():
    duck = SimpleNamespace(positions=np.zeros((1, 3)), numbers=[1], cell=[3, 4, 5], pbc=True)
    assert np.array_equal(packed(duck).cells[0], np.diag([3.0, 4.0, 5.0]))


def test_pymatgen_like_structures(slab):
    lattice = SimpleNamespace(matrix=slab.cell.array, pbc=(True, True, False))
    structure = SimpleNamespace(
        cart_coords=slab.positions, atomic_numbers=tuple(slab.numbers.tolist()), lattice=lattice
    )
    alone = SimpleNamespace(cart_coords=slab.positions, atomic_numbers=list(slab.numbers))
    assert all(map(np.array_equal, packed(structure), packed(slab)))
    assert not packed(alone).pbc.any()


def test_pymatgen_itself(slab):
    core = pytest.importorskip("pymatgen.core")
    structure = core.Structure(
        core.Lattice(slab.cell.array, pbc=(True, True, False)),
        slab.get_chemical_symbols(),
        slab.positions,
        coords_are_cartesian=True,
    )
    for expected, found in zip(packed(slab)[:5], packed(structure)[:5], strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-14)
    methane = core.Molecule(["C", "H"], [[0, 0, 0], [0, 0, 1.1]])
    assert packed(methane).numbers.tolist() == [6, 1]
    mixed = core.Structure(core.Lattice.cubic(3), [{"Fe": 0.5, "Ni": 0.5}], [[0, 0, 0]])
    with pytest.raises(ValueError, match=r"frame 1 .*ordered structure"):
        packed(slab, mixed)


def test_one_or_several(water):
    assert as_list(water) == ([water], True)
    assert as_list([water]) == ([water], False)
    assert as_list(iter([water, water]))[0] == [water, water]
    assert as_list(()) == ([], False)
    assert as_list(np.array([water, None], dtype=object)[:1]) == ([water], False)


@pytest.mark.parametrize("wrong", ["water.xyz", 3, None])
def test_what_is_no_frame_is_said(wrong):
    with pytest.raises(TypeError, match=r"ase\.io\.read"):
        as_list(wrong)
    with pytest.raises(TypeError, match="frame 1 is"):
        packed(molecule("H2"), wrong)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"positions": [[0.0, 0.0]]}, r"positions of frame 1 have shape \(1, 2\), expected \(n_atoms, 3\)"),
        ({"positions": [["a", "b", "c"]]}, "positions of frame 1 are of type"),
        ({"positions": np.zeros((1, 3), complex)}, "positions of frame 1 are of type complex128"),
        ({"numbers": [1, 1]}, "frame 1 has 1 positions and 2 numbers"),
        ({"numbers": ["H"]}, "numbers of frame 1 are .* integer"),
        ({"numbers": [1.5]}, "numbers of frame 1 are float64"),
        ({"cell": [1.0, 2.0]}, r"cell of frame 1 has shape \(2,\)"),
        ({"pbc": [True, False]}, r"pbc of frame 1 is \[True, False\]"),
        ({"pbc": None}, "frame 1 has a cell but no pbc"),
    ],
)
def test_malformed_frames_are_named(water, change, message):
    whole = {"positions": [[0.0, 0.0, 0.0]], "numbers": [1], "cell": np.eye(3), "pbc": True}
    duck = SimpleNamespace(**{**whole, **change})
    if change.get("pbc", 1) is None:
        del duck.pbc
    with pytest.raises(ValueError, match=message):
        packed(water, duck)


def rows(frames, centers, single=False, elements=None):
    found = resolve(centers, pack(frames), single, elements)
    assert found.offsets[-1] == len(found.atom)
    return found.offsets.tolist(), found.atom.tolist(), None if found.points is None else found.points.tolist()


def test_every_atom_is_a_center(several):
    assert rows(several, None) == ([0, 6, 8, 11], [0, 1, 2, 3, 4, 5, 0, 1, 0, 1, 2], None)
    assert rows([], None) == ([0], [], None)


def test_atoms_of_some_elements_are_centers(several):
    oxygen = [frame.symbols.indices().get("O", np.array([], int)).tolist() for frame in several]
    offsets, index, _ = rows(several, None, elements=[8])
    assert index == [index for own in oxygen for index in own]
    assert offsets == np.cumsum([0, *map(len, oxygen)]).tolist()


@pytest.mark.parametrize(
    "centers", [[2, 0], (2, 0), np.array([2, 0]), np.array([2, 0], np.int32), range(2, -1, -2), iter([2, 0])]
)
def test_indices(water, centers):
    assert rows([water], centers, single=True) == ([0, 2], [2, 0], None)


@pytest.mark.parametrize("centers", [[[0, 1, 2]], [(0.0, 1.0, 2.0)], np.array([[0.0, 1, 2]]), [np.array([0, 1, 2])]])
def test_points(water, centers):
    assert rows([water], centers, single=True) == ([0, 1], [-1], [[0.0, 1.0, 2.0]])


@pytest.mark.parametrize("empty", [[], (), np.empty((0, 3)), np.empty(0)])
def test_no_centers(water, empty):
    assert rows([water], empty, single=True) == ([0, 0], [], None)


def test_indices_and_points_keep_their_order(water):
    mixed = [np.int64(1), [0.5, 0, 0], 0, np.array([0, 0.25, 0])]
    assert rows([water], mixed, single=True) == (
        [0, 4],
        [1, -1, 0, -1],
        [[0, 0, 0], [0.5, 0, 0], [0, 0, 0], [0, 0.25, 0]],
    )


def test_several_frames_have_several_lists(several):
    offsets, index, points = rows(several, [[0], None, [[1, 2, 3], 2]], elements=[6])
    assert (offsets, index) == ([0, 1, 3, 5], [0, 0, 1, -1, 2])
    assert points[3] == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("centers", "message"),
    [
        ([3], "center 3 of frame 0 is out of range: the frame has 3 atoms"),
        ([-1], "center -1 of frame 0 is out of range: .* negative"),
        ([0, [0, 0, 1], -2], "center -2 of frame 0 is out of range"),
        ([True, False, True], r"mask.*numpy\.flatnonzero"),
        ([0, True, [0, 0, 0]], "center 1 of frame 0 is True"),
        ([0.0, 1.0, 2.0], r"one point is written \[\[x, y, z\]\]"),
        ([[0.0, 1.0]], r"shape \(1, 2\)"),
        ([0, [1.0, 2.0]], "center 1 of frame 0"),
        (["O"], "parameter centers of the constructor"),
        ("O", "parameter centers of the constructor"),
        (0, "give atom indices"),
    ],
)
def test_senseless_centers_are_named(water, centers, message):
    with pytest.raises(ValueError, match=message):
        rows([water], centers, single=True)


def test_lists_of_centers_must_match_the_frames(several):
    with pytest.raises(ValueError, match="centers has 2 entries for 3 frames"):
        rows(several, [None, [0]])
    with pytest.raises(ValueError, match="center 7 of frame 1 is out of range: the frame has 2 atoms"):
        rows(several, [None, [7], None])
