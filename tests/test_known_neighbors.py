"""Lists of neighbors that are handed in, and frames that are remembered: the same results as without."""

import pickle

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip
from catalog import EVERY_DESCRIPTOR_AND_OPTION
from isoprint.testing.strategies import frames

TRICLINIC = [[6.1, 0.0, 0.0], [1.2, 5.3, 0.0], [0.3, 0.2, 7.0]]


def structure(elements="HCO", n=9, seed=0, pbc=(True, True, False)):
    """Atoms, some outside of their cell, none on another."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(3)] * 3), -1).reshape(-1, 3)[:n] / 3
    positions = (grid + 0.1 * rng.random((n, 3)) + rng.integers(-1, 2, (n, 3)) * pbc) @ np.array(TRICLINIC)
    return Atoms([elements[i % len(elements)] for i in range(n)], positions, cell=TRICLINIC, pbc=pbc)


def soap(**options):
    return ip.SOAP(**{"species": ["H", "C", "O"], "r_cut": 4.0, "n_max": 3, "l_max": 2, **options})


def close(found, expected):
    scale = max(1.0, np.abs(expected).max(initial=0.0))
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=2e-13 * scale)


# Where all atoms are seen there is no list to be had.
@pytest.mark.parametrize(
    "case", [case for case in EVERY_DESCRIPTOR_AND_OPTION if case.descriptor.reach < 1e3], ids=repr
)
def test_every_result_is_that_of_a_search(case):
    descriptor = case.descriptor
    before = structure(case.elements, pbc=(getattr(descriptor, "periodic", True),) * 2 + (False,))
    found = ip.neighbors(before, descriptor.reach + 0.5)
    after = before.copy()
    after.rattle(0.07, seed=1)
    rows = np.asarray(descriptor.transform(after))
    adjoint = np.cos(np.arange(rows.size)).reshape(rows.shape)
    moves = np.sin(np.arange(3.0 * len(after))).reshape(-1, 3)
    # Degenerate eigenvalues, and blocks that are alike, differ by what rounding decides.
    tolerance = 1e-9 if case.powers else 1e-12

    def same(a, b):
        np.testing.assert_allclose(a, b, rtol=0.0, atol=tolerance * max(1.0, np.abs(b).max(initial=0.0)))

    same(descriptor.transform(after, neighbors=found), rows)
    pulled, expected = descriptor.pullback(after, adjoint, neighbors=found), descriptor.pullback(after, adjoint)
    same(pulled.positions, expected.positions)
    same(pulled.strain, expected.strain)
    same(descriptor.pushforward(after, moves, neighbors=found), descriptor.pushforward(after, moves))
    blocks, expected = descriptor.derivatives(after, neighbors=found), descriptor.derivatives(after)
    same(blocks.dense(), expected.dense())


@given(atoms=frames(), skin=st.floats(0.001, 1.0), data=st.data())
def test_a_list_serves_while_no_atom_has_moved_half_its_skin(atoms, skin, data):
    descriptor = soap(r_cut=3.0)
    descriptor.set_params(species=None, centers=None).fit(atoms)
    found = ip.neighbors(atoms, descriptor.reach + skin)
    moved = atoms.copy()
    direction = np.array(data.draw(st.lists(st.floats(-1.0, 1.0), min_size=3 * len(atoms), max_size=3 * len(atoms))))
    direction = direction.reshape(-1, 3) / max(1.0, np.linalg.norm(direction.reshape(-1, 3), axis=1).max())
    moved.positions += 0.499 * skin * direction
    assert found.serves(moved, descriptor.reach)
    close(descriptor.transform(moved, neighbors=found), descriptor.transform(moved))


def test_a_list_of_the_same_cutoff_in_an_open_frame_gives_the_same_bits():
    frame = structure(pbc=(False, False, False), n=20)
    descriptor = soap()
    found = ip.neighbors(frame, descriptor.reach)
    np.testing.assert_array_equal(descriptor.transform(frame, neighbors=found), descriptor.transform(frame))


@pytest.mark.parametrize("pbc", [(True, True, True), (True, False, True), (False, True, False), (False, False, False)])
def test_shifts_say_which_image_a_neighbor_is(pbc):
    frame = structure(pbc=pbc)
    found = ip.neighbors(frame, 6.5, centers=[3, (0.4, 0.5, 0.6), 1])
    origin = np.repeat([frame.positions[3], (0.4, 0.5, 0.6), frame.positions[1]], np.diff(found.offsets), axis=0)
    vector = frame.positions[found.index] + found.shift @ frame.cell.array - origin
    np.testing.assert_allclose(vector, found.vector, rtol=0.0, atol=1e-12)
    assert found.r_cut == 6.5
    assert found.shift.dtype.kind == "i"


@pytest.mark.parametrize("strain", [0.01, -0.01])
def test_cells_may_change(strain):
    frame, descriptor = structure(pbc=(True, True, True)), soap()
    found = ip.neighbors(frame, descriptor.reach + 0.5)
    after = frame.copy()
    deformation = np.eye(3) + strain * np.array([[1.0, 0.4, 0.0], [-0.2, 0.8, 0.3], [0.1, 0.0, 1.1]])
    after.set_cell(frame.cell.array @ deformation, scale_atoms=True)
    assert found.serves(after, descriptor.reach)
    close(descriptor.transform(after, neighbors=found), descriptor.transform(after))


def test_a_cell_that_has_shrunk_too_much_is_an_error():
    frame, descriptor = structure(pbc=(True, True, True)), soap()
    found = ip.neighbors(frame, descriptor.reach + 0.5)
    after = frame.copy()
    # 4.5 Å become 4.05 Å, and then 3.96 Å.
    after.set_cell(0.9 * frame.cell.array, scale_atoms=True)
    assert found.serves(after, descriptor.reach)
    after.set_cell(0.88 * frame.cell.array, scale_atoms=True)
    assert not found.serves(after, descriptor.reach)
    with pytest.raises(ValueError, match=r"serve a fingerprint that sees 4 Å far until .* cell has\s+shrunk"):
        descriptor.transform(after, neighbors=found)


def test_an_atom_that_moved_too_far_is_an_error_which_says_who_and_how_far():
    frame, descriptor = structure(), soap()
    found = ip.neighbors(frame, descriptor.reach + 1.0)
    frame.positions[4] += [0.0, 0.5, 0.0]
    assert found.serves(frame, descriptor.reach - 1e-9)
    frame.positions[4] += [0.0, 0.2, 0.0]
    assert not found.serves(frame, descriptor.reach)
    adjoint = np.zeros((len(frame), descriptor.n_features))
    for call in (
        lambda: descriptor.transform(frame, neighbors=found),
        lambda: descriptor.pullback(frame, adjoint, neighbors=found),
        lambda: descriptor.derivatives(frame, neighbors=found),
    ):
        with pytest.raises(
            ValueError, match=r"moved 0\.5000.* Å .*atom 4 of frame 0 has moved 0\.62.* make a new list"
        ):
            call()


def test_centers_are_those_of_the_list_or_some_of_them():
    frame, descriptor = structure(), soap()
    point = (0.3, 0.4, 0.5)
    everything = descriptor.transform(frame)
    found = ip.neighbors(frame, 5.0)
    close(descriptor.transform(frame, centers=[5, 0, 5], neighbors=found), everything[[5, 0, 5]])
    some = ip.neighbors(frame, 5.0, centers=[2, point])
    expected = descriptor.transform(frame, centers=[point, 2])
    close(descriptor.transform(frame, centers=[point, 2], neighbors=some), expected)
    with pytest.raises(ValueError, match=r"center 1 of frame 0, atom 3; make a list of these centers"):
        descriptor.transform(frame, centers=[2, 3], neighbors=some)
    with pytest.raises(ValueError, match=r"center 0 of frame 0, the point \[0\.3, 0\.4, 0\.6\]"):
        descriptor.transform(frame, centers=[(0.3, 0.4, 0.6)], neighbors=some)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda frame: frame[:8], "are those of 9 atoms, and frame 0 has 8"),
        (lambda frame: Atoms(frame, pbc=True), "were found with pbc .*, and frame 0 has"),
        (lambda frame: Atoms(frame, positions=np.full((9, 3), np.nan)), "position of atom 0 of frame 0 is"),
        (lambda frame: Atoms(frame, cell=[1, 0, 1]), "no volume along its periodic axes"),
    ],
)
def test_another_frame_is_an_error(spoil, message):
    frame = structure()
    found = ip.neighbors(frame, 5.0)
    with pytest.raises(ValueError, match=message):
        soap().transform(spoil(frame), neighbors=found)


def test_a_list_that_is_too_short_is_an_error():
    frame = structure()
    with pytest.raises(ValueError, match=r"found within 3\.9 Å, and this fingerprint sees 4 Å far; make a list"):
        soap().transform(frame, neighbors=ip.neighbors(frame, 3.9))


def test_several_frames_have_a_list_each():
    several, descriptor = [structure(seed=1), molecule("CH3OH"), bulk("C")], soap()
    lists = [ip.neighbors(frame, 4.3) for frame in several]
    close(descriptor.transform(several, neighbors=lists), descriptor.transform(several))
    for average in ("inner", "outer", "sum"):
        averaged = soap(average=average)
        close(averaged.transform(several, neighbors=lists), averaged.transform(several))
    with pytest.raises(ValueError, match="neighbors of 2 frames for 3"):
        descriptor.transform(several, neighbors=lists[:2])
    with pytest.raises(ValueError, match="neighbors of 1 frames for 3"):
        descriptor.transform(several, neighbors=lists[0])
    with pytest.raises(TypeError, match="neighbors holds None; give what isoprint"):
        descriptor.transform(several, neighbors=[*lists[:2], None])
    with pytest.raises(TypeError, match=r"neighbors holds 4\.3; give what isoprint.neighbors"):
        descriptor.transform(several[0], neighbors=4.3)


def test_arrays_of_ones_own_are_no_list():
    frame = structure()
    found = ip.neighbors(frame, 5.0)
    bare = ip.Neighbors(found.offsets, found.index, found.vector)
    with pytest.raises(ValueError, match="do not know which frame they are of"):
        soap().transform(frame, neighbors=bare)
    found.vector[3, 1] += 0.1
    with pytest.raises(ValueError, match="not those that were found in the frame they came from"):
        soap().transform(frame, neighbors=found)


def test_what_was_found_stays_when_atoms_move_and_can_be_kept():
    frame, descriptor = structure(), soap()
    found = ip.neighbors(frame, 5.0)
    frame.rattle(0.1, seed=4)
    expected = descriptor.transform(frame, neighbors=found)
    kept = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(descriptor.transform(frame, neighbors=kept), expected)
    frame.positions[0] += 0.6
    assert not kept.serves(frame, descriptor.reach)


def test_a_step_that_all_atoms_take_together_is_no_motion_but_to_a_point():
    frame, descriptor = structure(), soap()
    found, seen_from_a_point = ip.neighbors(frame, 4.5), ip.neighbors(frame, 4.5, centers=[(0.1, 0.2, 0.3)])
    frame.positions += [7.3, -100.0, 0.9]
    assert found.serves(frame, descriptor.reach)
    close(descriptor.transform(frame, neighbors=found), descriptor.transform(frame))
    assert not seen_from_a_point.serves(frame, descriptor.reach)


def test_same_bits_with_a_list_for_any_number_of_threads():
    frame = bulk("C", cubic=True) * (6, 6, 6)
    frame.rattle(0.1, seed=2)
    descriptor = soap(species=["C"], r_cut=3.0)
    found = ip.neighbors(frame, 3.2)
    rows = descriptor.transform(frame)
    results = []
    for n_jobs in (1, 2, 7):
        pulled = descriptor.pullback(frame, rows, neighbors=found, n_jobs=n_jobs)
        features = descriptor.transform(frame, neighbors=found, n_jobs=n_jobs)
        results.append([features.tobytes(), pulled.positions.tobytes(), pulled.strain.tobytes()])
    assert results[1:] == results[:1] * 2
    close(descriptor.transform(frame, neighbors=found), rows)


# Frames that are remembered


def changes():
    """What can be different about a frame, in place."""

    def swap(frame):
        frame.numbers[[0, 1]] = frame.numbers[[1, 0]]

    def move(frame):
        frame.positions[-1, 2] = np.nextafter(frame.positions[-1, 2], np.inf)

    def open_an_axis(frame):
        frame.pbc[0] = False

    def stretch(frame):
        frame.cell[1, 1] *= 1.0 + 1e-15

    return {"numbers": swap, "positions": move, "pbc": open_an_axis, "cell": stretch}


@pytest.mark.parametrize("change", changes())
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_frame_that_has_changed_in_place_is_not_taken_for_the_one_that_was(change, n_jobs):
    frame = structure(n=27)
    frame *= (1, 1, 2)
    descriptor = soap()
    descriptor.transform(frame, n_jobs=n_jobs)
    descriptor.transform(frame, centers=[1], n_jobs=n_jobs)
    changes()[change](frame)
    expected = pickle.loads(pickle.dumps(descriptor)).transform([frame, molecule("H2O")])[: len(frame)]
    for _ in range(2):
        np.testing.assert_array_equal(descriptor.transform(frame, n_jobs=n_jobs), expected)
    np.testing.assert_array_equal(descriptor.transform(frame, centers=[40, 3], n_jobs=n_jobs), expected[[40, 3]])


def test_what_is_wrong_with_a_frame_is_said_each_time():
    frame, descriptor = structure(n=27) * (1, 1, 2), soap()
    descriptor.transform(frame)
    frame.positions[7, 1] = np.nan
    for _ in range(2):
        with pytest.raises(ValueError, match="position of atom 7 of frame 0"):
            descriptor.transform(frame, centers=[1])
    frame.positions[7, 1] = 1.0
    frame.numbers[5] = 16
    for _ in range(2):
        with pytest.raises(ValueError, match="include 'S'"):
            descriptor.transform(frame, centers=[1])


def test_a_loop_over_centers_gives_the_rows_of_one_call():
    frame, descriptor = structure(n=27) * (1, 1, 2), soap()
    rows = descriptor.transform(frame)
    one_by_one = [descriptor.transform(frame, centers=[center]) for center in range(len(frame))]
    np.testing.assert_array_equal(np.concatenate(one_by_one), rows)
