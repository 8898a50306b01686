"""What is no truth value and no coordinate is refused by name; what is one in another dress is understood."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from ase import Atoms
from scipy import sparse

import isoprint as ip
from catalog import acsf, turbo
from isoprint.structures.frames import pack
from odd import WATER, Quantity, SimpleNamespace, Touchy, descriptors, frame, kind_of, masked, packs

NO_TRUTH = [
    [np.nan, 0, 0],
    np.array([np.nan, 0, 0]),
    np.nan,
    [0.5, 0, 1],
    [2, 0, 1],
    [-1, 0, 0],
    np.array([255, 0, 0], np.uint8),
    ["True", "False", "False"],
    ["F", "F", "F"],
    "False",
    "",
    "FFF",
    b"\0\0\0",
    [None, True, True],
    np.array([0, 1, None], object),
    np.array([[], [], []], object),
    np.array(["", "x", ""], object),
    [1j, 0, 0],
    [[True], [True], [False]],
    [True, False],
    [True] * 4,
    np.ones((3, 3), bool),
    {},
    {"x": True, "y": True, "z": False},
    {True, False},
    masked([True, True, False]),
    np.array(["2020-01-01"] * 3, "M8[D]"),
    np.array([0, 0, 1], "m8[s]"),
    object(),
    Quantity([1, 1, 0], "angstrom"),
    Touchy(),
]


@pytest.mark.parametrize("pbc", NO_TRUTH, ids=kind_of)
def test_periodicity_is_true_or_false(pbc):
    for place, call in packs({"pbc": pbc}):
        with pytest.raises(ValueError, match=rf"pbc of frame {place} "):
            call()


TRUE_FALSE_TRUE = [
    [True, False, True],
    (1, 0, 1),
    [1.0, 0.0, 1.0],
    [True, 0, 1.0],
    np.array([1, 0, 1], np.uint8),
    np.array([1.0, -0.0, 1.0], np.float16),
    np.array([True, False, True], object),
    np.array([[True, False, True]] * 2)[0],
    np.array([2, 0, 128], np.uint8).view(bool),  # as memory that was not written has it
    np.array([1, 1, 0, 0, 1, 1], bool)[::2],
    np.ma.array([True, False, True]),
    sparse.coo_array([[1, 0, 1]]).toarray()[0],
]


@pytest.mark.parametrize("pbc", TRUE_FALSE_TRUE, ids=kind_of)
def test_truth_values_in_other_dress_are_understood(pbc):
    for place, call in packs({"pbc": pbc}):
        assert call().pbc[place].tolist() == [True, False, True]
    own = frame(pbc=pbc, positions=np.array([[0.0, 0.0, 0.0]]))
    expected = frame(pbc=np.array([True, False, True]))
    assert np.array_equal(ip.neighbors(own, 5.0).vector, ip.neighbors(expected, 5.0).vector)
    rows = acsf(species="any").transform([own, own])
    assert np.array_equal(rows, acsf(species="any").transform([expected, expected]))


@pytest.mark.parametrize(
    ("pbc", "meaning"), [(True, 3), (False, 0), (1, 3), (0, 0), (None, 0), (np.False_, 0), (1.0, 3)]
)
def test_one_truth_value_stands_for_three(pbc, meaning):
    for place, call in packs({"pbc": pbc}):
        assert call().pbc[place].sum() == meaning


NO_POSITIONS = [
    [["0", "0", "0"]],
    np.array([["0.0", "1.0", "2.0"]]),
    np.array([[b"0", b"1", b"2"]]),
    [[0, 1j, 0]],
    [[True, False, True]],
    [[0.0, True, 0.0]],
    [np.array([True, False, False])],
    [[0.0, None, 0.0]],
    np.array([[Decimal(1), Decimal(2), Decimal(3)]]),
    np.array([[Fraction(1, 2)] * 3]),
    np.zeros((1, 3), object),
    np.zeros((1, 3), "M8[s]"),
    np.zeros((1, 3), "m8[s]"),
    np.zeros((1, 3), [("x", float)]),
    np.zeros(1, [("x", float), ("y", float), ("z", float)]),
    masked([[0.0, 1.0, 2.0]], (0, 1)),
    Quantity(np.zeros((1, 3)), "bohr"),
    Touchy(),
    sparse.csr_array(np.zeros((1, 3))),
    [[0.0, 1.0, 2.0], [0.0]],
    [[[0.0, 1.0, 2.0]]],
    [0.0, 1.0, 2.0],
    [[10**400, 0, 0]],
    "000",
    {"x": 0.0},
    5.0,
]


@pytest.mark.parametrize("positions", NO_POSITIONS, ids=kind_of)
def test_positions_are_real_numbers(positions):
    for place, call in packs({"positions": positions}):
        with pytest.raises(ValueError, match=rf"(positions of )?frame {place} "):
            call()


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(float).max, reason="no longer numbers here")
def test_longer_numbers_must_fit():
    for place, call in packs({"positions": np.array([[np.longdouble("1e400"), 0, 0]])}):
        with pytest.raises(ValueError, match=rf"positions of frame {place} are .* beyond double precision"):
            call()
    third = np.longdouble(1) / 3
    assert pack([frame(positions=np.array([[third, 0, 0]]))]).positions[0, 0] == 1 / 3


@pytest.mark.parametrize("kind", [list, tuple, np.float16, np.float32, np.longdouble, np.int8, np.uint64, np.ma.array])
def test_positions_in_other_dress_are_understood(kind):
    values = np.array([[0.0, 1.0, 2.0]])
    given = values.astype(kind) if isinstance(kind, type) and issubclass(kind, np.generic) else kind(values)
    for place, call in packs({"positions": given}):
        packed = call()
        assert np.array_equal(packed.positions[packed.offsets[place]], values[0])


@pytest.mark.parametrize(("library", "build"), [("pandas", "DataFrame"), ("torch", "tensor")])
def test_tables_and_tensors_are_understood(library, build):
    values = np.array([[0.0, 1.0, 2.0]])
    positions = getattr(pytest.importorskip(library), build)(values)
    for place, call in packs({"positions": positions}):
        packed = call()
        assert np.array_equal(packed.positions[packed.offsets[place]], values[0])


NO_NUMBERS = [
    [1.0],
    np.array([1.5]),
    ["H"],
    ["1"],
    np.array([b"1"]),
    [True],
    np.array([True]),
    [1j],
    [None],
    np.array([1], object),
    np.array([1], "m8[s]"),
    [[1]],
    1,
    "1",
    b"\1",
    2**70,
    [2**70],
    masked([1]),
    Quantity([1], "u"),
    Touchy(),
]


@pytest.mark.parametrize("numbers", NO_NUMBERS, ids=kind_of)
def test_atomic_numbers_are_integers(numbers):
    for place, call in packs({"numbers": numbers}):
        with pytest.raises(ValueError, match=rf"(numbers of )?frame {place} "):
            call()


NO_CELL = [
    [["4", "0", "0"]] * 3,
    "cubic",
    4.0,
    [4.0, 4.0],
    [4.0] * 9,
    np.eye(3, dtype=bool),
    [[True, 0, 0], [0, 1, 0], [0, 0, 1]],
    np.eye(3) * 1j,
    np.eye(3).astype(object),
    masked(np.eye(3), (0, 0)),
    Quantity(np.eye(3), "nm"),
    Touchy(),
    np.eye(4),
]


@pytest.mark.parametrize("cell", NO_CELL, ids=kind_of)
def test_cells_are_vectors(cell):
    for place, call in packs({"cell": cell}):
        with pytest.raises(ValueError, match=rf"cell (vectors )?of frame {place} "):
            call()


def test_lengths_and_angles_of_a_cell_are_told_from_vectors():
    with pytest.raises(ValueError, match="cellpar_to_cell"):
        pack([frame(cell=[4.0, 4.0, 4.0, 90.0, 90.0, 90.0])])


def test_shapes_of_several_frames_do_not_make_up_for_each_other():
    """All of them in one array would have the right shape."""
    short = frame(pbc=np.ones(2, bool), cell=SimpleNamespace(array=np.eye(3)))
    long = frame(pbc=np.ones(4, bool), cell=SimpleNamespace(array=np.eye(3)))
    with pytest.raises(ValueError, match="pbc of frame 0"):
        pack([short, long])
    short, long = (frame(cell=SimpleNamespace(array=np.ones((n, 3)))) for n in (2, 4))
    with pytest.raises(ValueError, match="cell of frame 0"):
        pack([short, long])
    one, three = frame(positions=np.zeros((1, 3))), frame(positions=np.zeros((3, 3)))
    one.numbers, three.numbers = np.ones(3, int), np.ones(1, int)
    with pytest.raises(ValueError, match="frame 0 has 1 positions and 3 numbers"):
        pack([one, three])


def test_types_of_several_frames_do_not_make_up_for_each_other():
    """numpy would make one type of all."""
    boolean = Atoms("H")
    boolean.arrays["numbers"] = np.array([True])
    with pytest.raises(ValueError, match="numbers of frame 1"):
        pack([WATER, boolean])
    boolean = Atoms("H")
    boolean.arrays["positions"] = np.zeros((1, 3), bool)
    with pytest.raises(ValueError, match=r"positions of frame 1"):
        pack([WATER, boolean])
    hidden = Atoms("H")
    hidden.arrays["positions"] = masked(np.zeros((1, 3)), (0, 0))
    with pytest.raises(ValueError, match=r"positions of frame 1 .*masked"):
        pack([WATER, hidden])


@pytest.mark.parametrize("frames", [None, True, 3, "H2O", b"H2O", 1.5, Touchy(), object()], ids=kind_of)
def test_frames_are_structures(frames):
    for call in (turbo().transform, turbo(species=None).fit, ip.Hybrid([turbo()]).fit, turbo().derivatives):
        with pytest.raises(TypeError, match=r"^frames is"):
            call(frames)


@pytest.mark.parametrize(
    "wrong", [None, "H2O", 3, [WATER], {}, {"positions": [[0, 0, 0]]}, Touchy(), np.zeros((3, 3))], ids=kind_of
)
def test_every_one_of_them_is(wrong):
    with pytest.raises(TypeError, match="frame 1 is"):
        turbo().transform([WATER, wrong])


NO_CENTERS = [
    [0, True],
    [0, np.True_],
    np.array([0, True], object),
    [[0.0, True, 1.0]],
    [[0, 0, 1], [True, 0, 0]],
    [0, [0.0, 1.0, True]],
    [True, False, True],
    np.array([True, False, True]),
    [2**64],
    [2**63],
    [0, 2**63],
    [-(2**63) - 1],
    [10**400],
    np.array([2**64 - 1], np.uint64),
    np.array([2**63 + 1, 0], np.uint64),
    [0, [0.0, 0.0, 1.0], 2**64],
    [1.0],
    [0, 1.0],
    np.array([0.0, 1.0]),
    ["0"],
    "0",
    "01",
    b"\0\1",
    bytearray(b"\0\1"),
    memoryview(b"\0\1"),
    {0: "H", 1: "H"},
    {"0"},
    [None],
    [-1],
    [3],
    [1j],
    [[1j, 0, 0]],
    [["0", "0", "0"]],
    [[None, 0, 0]],
    [[0, 0, 10**400]],
    [[0, 0]],
    [[[0, 0, 0]]],
    masked([0, 1]),
    masked([[0.0, 0.0, 0.0]], (0, 0)),
    Quantity(np.zeros((1, 3)), "bohr"),
    np.array([0], "m8[s]"),
    np.array(0),
    0,
    1.5,
    True,
    Touchy(),
    [Touchy()],
    [np.nan],
    [[np.nan, 0, 0]],
    [[np.inf, 0, 0]],
]


@pytest.mark.parametrize("centers", NO_CENTERS, ids=kind_of)
def test_centers_are_atoms_or_points(centers):
    for frames, wanted in ((WATER, centers), ([WATER, WATER], [None, centers])):
        with pytest.raises(ValueError, match=r"^centers? "):
            turbo().transform(frames, centers=wanted)
    with pytest.raises(ValueError, match=r"^centers? "):
        turbo().derivatives(WATER, centers=centers)


@pytest.mark.parametrize(
    ("centers", "expected"),
    [
        ([0, 2], [0, 2]),
        (range(3), [0, 1, 2]),
        (np.array([2, 0], np.uint8), [2, 0]),
        (np.array([2, 0], np.uint64), [2, 0]),
        (np.array([2, 0], object), [2, 0]),
        ([np.int32(2), np.uint8(0)], [2, 0]),
        ([np.array(2), 0], [2, 0]),
        (iter([2, 0]), [2, 0]),
        ({2, 0}, [0, 2]),
        (frozenset([1]), [1]),
        ([1, 1], [1, 1]),
        (np.ma.array([2, 0]), [2, 0]),
        ([], []),
    ],
)
def test_centers_in_other_dress_are_understood(centers, expected):
    assert np.array_equal(turbo().transform(WATER, centers=centers), turbo().transform(WATER)[expected])


def no_arrays(shape):
    """What is no array of real numbers, whatever its shape."""
    yield np.zeros(shape, complex)
    yield np.zeros(shape, bool)
    yield np.zeros(shape, str)
    yield np.full(shape, "0.0")
    yield np.zeros(shape, object)
    yield np.full(shape, Decimal(0))
    yield np.zeros(shape, "m8[s]")
    yield [*np.zeros(shape).tolist()[:-1], ["0"] * shape[1]]
    yield [*np.zeros(shape).tolist()[:-1], [True] * shape[1]]
    yield [*np.zeros(shape).tolist()[:-1], [None] * shape[1]]
    yield [*np.zeros(shape).tolist()[:-1], [0.0]]
    yield masked(np.zeros(shape), (0, 0))
    yield Quantity(np.zeros(shape), "eV")
    yield sparse.csr_array(np.zeros(shape))
    yield np.full(shape, np.nan)
    yield np.full(shape, -np.inf)
    yield from (0.0, 1, None, "", Touchy(), [], np.zeros(shape[1]), np.zeros((1, shape[1])), np.zeros((shape[0], 1)))
    yield from (np.zeros((shape[1] + 1, shape[0])), np.zeros((1, *shape)), np.zeros((shape[0] + 1, shape[1])))


def test_adjoints_and_displacements_are_real_numbers_of_one_shape():
    for descriptor in descriptors():
        blocks = descriptor.derivatives(WATER)
        shape = 3, descriptor.n_features
        for wrong in no_arrays(shape):
            for pull in (lambda adjoint: descriptor.pullback(WATER, adjoint), blocks.pullback):  # noqa: B023
                with pytest.raises(ValueError, match=r"adjoint "):
                    pull(wrong)
        for wrong in no_arrays((3, 3)):
            for push in (lambda move: descriptor.pushforward(WATER, move), blocks.pushforward):  # noqa: B023
                with pytest.raises(ValueError, match=r"displacements "):
                    push(wrong)


def test_adjoints_in_other_dress_are_understood():
    descriptor = turbo()
    values = np.random.default_rng(1).integers(-5, 5, (3, descriptor.n_features)).astype(float)
    expected = descriptor.pullback(WATER, values).positions
    for same in (
        values.astype(int),
        values.astype(np.float16),
        values.astype(np.longdouble),
        values.tolist(),
        np.asfortranarray(values),
        np.ma.array(values),
        values.astype(">f8"),
    ):
        assert np.array_equal(descriptor.pullback(WATER, same).positions, expected)
