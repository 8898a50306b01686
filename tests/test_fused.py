"""Features and gradients in one pass are those of `transform` and `pullback`, whatever the function does."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

import isoprint as ip
from catalog import EVERY_DESCRIPTOR_AND_OPTION, in_cells, matrix, turbo
from isoprint.descriptors import _concatenated

rng = np.random.default_rng(12)
CELL = [[3.1, 0, 0], [1.2, 3.3, 0], [0.3, 0.2, 9]]
FRAMES = [
    molecule("CH3OH"),
    molecule("CO2"),
    Atoms("CHOHCO", rng.uniform(-4, 7, (6, 3)), cell=CELL, pbc=[1, 1, 0]),
    Atoms("CCHHO", rng.uniform(0, 5, (5, 3)), cell=[5, 5.2, 5.5], pbc=True),
]
every = pytest.mark.parametrize("case", EVERY_DESCRIPTOR_AND_OPTION, ids=repr)
both = pytest.mark.parametrize("n_jobs", [1, 2])


def frames_for(case):
    found = [frame for frame in FRAMES if set(frame.get_chemical_symbols()) <= set(case.elements)]
    found = found or [Atoms(case.elements[0] * 4, rng.uniform(0, 3, (4, 3))) for _ in range(3)]
    return in_cells(case, found)


def adjoint_of(index, n_features):
    """An adjoint that differs from row to row, whoever asks for it."""
    return np.cos(np.arange(n_features) + 7.0 * np.asarray(index)[:, None])


def assert_same(found, expected):
    for name in ("positions", "strain"):
        one, other = getattr(found, name), getattr(expected, name)
        scale = max(1.0, np.abs(other).max(initial=0.0))
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-13 * scale, err_msg=name)


@every
def test_fused_is_transform_and_pullback(case):
    descriptor, frames = case.descriptor, frames_for(case)
    centers = [None, *[[0, (0.31, -0.42, 0.53), 1, 0] for _ in frames[1:]]]
    rows = descriptor.transform(frames, centers=centers)
    expected = descriptor.pullback(frames, adjoint_of(range(len(rows)), rows.shape[1]), centers=centers)
    results = {}
    for block in (1, 3, 64):
        for n_jobs in (1, 2):
            seen = []

            def function(of, features, seen=seen, block=block):
                assert len(of) <= block
                np.testing.assert_array_equal(features, rows[of.index])
                assert features.dtype == rows.dtype
                seen.append(of.index)
                return adjoint_of(of.index, features.shape[1])

            options = {"centers": centers, "block": block, "n_jobs": n_jobs}
            features, gradient = descriptor.fused(frames, function, features=True, **options)
            np.testing.assert_array_equal(features, rows)
            assert_same(gradient, expected)
            assert sorted(np.concatenate(seen)) == list(range(len(rows)))
            results[block, n_jobs] = [*seen, gradient.positions, gradient.strain]
        for one, other in zip(results[block, 1], results[block, 2], strict=True):
            np.testing.assert_array_equal(one, other)


def test_blocks_of_a_large_frame_are_the_same_for_any_number_of_threads():
    """Its centers are taken as they lie in space, not in their order."""
    frame = Atoms("H1500", np.random.default_rng(3).uniform(0, 30, (1500, 3)), cell=[30, 30, 30], pbc=True)
    descriptor = ip.RadialDistribution(r_cut=3.0, species=["H"], n_points=5)
    rows = descriptor.transform(frame)
    expected = descriptor.pullback(frame, adjoint_of(range(1500), 5))
    found = []
    for n_jobs in (1, 2, 5):
        seen = []

        def function(of, features, seen=seen):
            seen.append(of.index)
            np.testing.assert_array_equal(features, rows[of.index])
            return adjoint_of(of.index, 5)

        gradient = descriptor.fused(frame, function, block=100, n_jobs=n_jobs)
        assert sorted(np.concatenate(seen)) == list(range(1500))
        assert max(map(len, seen)) <= 100
        assert_same(gradient, expected)
        found.append([*seen, gradient.positions, gradient.strain])
    for other in found[1:]:
        for one, another in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, another)


@pytest.mark.parametrize("average", ["inner", "outer", "sum"])
def test_rows_of_averages_are_frames(average):
    soap = turbo(average=average)
    seen = []

    def function(rows, features):
        seen.append((rows.index.tolist(), rows.frame.tolist(), rows.atom.tolist(), rows.species.tolist()))
        return features

    soap.fused(FRAMES, function, block=3, centers=[None, [], [0], [1, 2]])
    assert seen == [([0, 1, 2], [0, 1, 2], [-1] * 3, [0] * 3), ([3], [3], [-1], [0])]


def test_rows_say_what_they_describe():
    seen = []

    def function(rows, features):
        seen.append(rows)
        return features

    turbo().fused([FRAMES[0], FRAMES[1]], function, centers=[[4, (0.0, 0.0, 0.5), 0], [1]])
    (rows,) = seen
    assert rows.index.tolist() == [0, 1, 2, 3]
    assert rows.frame.tolist() == [0, 0, 0, 1]
    assert rows.atom.tolist() == [4, -1, 0, 1]
    assert rows.species.tolist() == [FRAMES[0].numbers[4], 0, 6, 8]
    assert repr(rows) == "Rows(4 rows of 2 frames)"


def test_energies_and_forces_of_a_kernel_model():
    """The gradient is that of the energy which the function has summed."""
    soap = turbo(normalize=True)
    sparse = soap.transform(FRAMES)[::4]
    weights = np.linspace(-1.0, 1.0, len(sparse))

    def energy_and_forces(frame):
        energy = 0.0

        def model(rows, features):
            nonlocal energy
            kernel = features @ sparse.T
            energy += np.sum(kernel**4 @ weights)
            return (4 * kernel**3 * weights) @ sparse

        gradient = soap.fused(frame, model)
        return energy, -gradient.positions

    frame = FRAMES[3]
    _, forces = energy_and_forces(frame)
    direction = np.random.default_rng(0).standard_normal(forces.shape)
    step, energies = 1e-4, []
    for sign in (1, -1):
        moved = frame.copy()
        moved.positions += sign * step * direction
        energies.append(energy_and_forces(moved)[0])
    assert -np.sum(forces * direction) == pytest.approx((energies[0] - energies[1]) / (2 * step), rel=1e-6)


@both
def test_what_the_function_raises_is_raised_as_it_is(n_jobs):
    soap, error, calls = turbo(), LookupError("no such atom"), []
    before = soap.transform(FRAMES)

    def function(rows, features):
        calls.append(len(rows))
        if len(calls) == 3:
            raise error
        return features

    with pytest.raises(LookupError) as raised:
        soap.fused(FRAMES, function, block=2, n_jobs=n_jobs)
    assert raised.value is error
    assert len(calls) == 3
    np.testing.assert_array_equal(soap.transform(FRAMES, n_jobs=n_jobs), before)
    assert_same(soap.fused(FRAMES, lambda _, features: features, n_jobs=n_jobs), soap.pullback(FRAMES, before))


@both
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            lambda features: features[:, :-1],
            r"adjoint has shape \(3, 134\), expected \(3, 135\): what the function ret",
        ),
        (lambda features: features[0], r"adjoint has shape \(135,\), expected \(3, 135\)"),
        (lambda features: None, "adjoint"),
        (lambda features: features.astype(complex), "adjoint"),
        (lambda features: np.where(features == features[1, 5], np.nan, features), "entry NaN in row 4, column 5"),
        (
            lambda features: np.full_like(features, 1e308),
            "adjoint has entries so large that the result is not finite",
        ),
    ],
)
def test_answers_that_are_no_adjoint(answer, message, n_jobs):
    calls = []

    def function(rows, features):
        calls.append(rows)
        # Of the second block, so that the row that is named is one of all.
        return answer(features) if len(calls) == 2 else features

    with pytest.raises(ValueError, match=message):
        turbo(normalize=False).fused(FRAMES[3], function, centers=[0, 1, 2, 0, 1, 2], block=3, n_jobs=n_jobs)


def test_bad_arguments():
    soap = turbo()
    with pytest.raises(TypeError, match=r"function is None; give one that is called with some rows and their features"):
        soap.fused(FRAMES[0], None)
    with pytest.raises(ValueError, match="block is 0; it must be an integer from 1 on"):
        soap.fused(FRAMES[0], lambda _, features: features, block=0)
    with pytest.raises(ValueError, match="features is 2; it must be True or False"):
        soap.fused(FRAMES[0], lambda _, features: features, features=2)
    frame = molecule("H2O")
    with pytest.raises(ValueError, match="out shares memory with positions of frame 0"):
        soap.fused(frame, lambda _, features: features, out=np.lib.stride_tricks.as_strided(frame.positions, (3, 135)))


@both
def test_a_function_may_ask_the_same_descriptor(n_jobs):
    soap = turbo()
    expected = soap.pullback(FRAMES, soap.transform(FRAMES))

    def inner(rows, features):
        return features

    def function(rows, features):
        for frame in np.unique(rows.frame):
            of_frame = soap.transform(FRAMES[frame], n_jobs=n_jobs)
            np.testing.assert_array_equal(features[rows.frame == frame], of_frame[rows.atom[rows.frame == frame]])
        soap.fused(FRAMES, inner, n_jobs=n_jobs)
        return features

    assert_same(soap.fused(FRAMES, function, block=5, n_jobs=n_jobs), expected)


@both
def test_features_may_be_kept_and_written_to(n_jobs):
    soap, kept = turbo(), []
    rows = soap.transform(FRAMES)

    def function(of, features):
        kept.append((of.index, features))
        return features

    soap.fused(FRAMES, function, block=3, n_jobs=n_jobs)
    for index, features in kept:
        np.testing.assert_array_equal(features, rows[index])

    def destructive(of, features):
        adjoint = features.copy()
        features[...] = np.nan
        return adjoint

    features, gradient = soap.fused(FRAMES, destructive, features=True, n_jobs=n_jobs)
    np.testing.assert_array_equal(features, rows)
    assert_same(gradient, soap.pullback(FRAMES, rows))


def test_features_go_where_they_are_wanted():
    soap = turbo()
    rows = soap.transform(FRAMES)

    def function(of, features):
        return features

    for out in (np.zeros_like(rows), np.zeros(rows.shape, np.float32), np.zeros((len(rows), 270))[:, ::2]):
        found, gradient = soap.fused(FRAMES, function, out=out)
        assert found is out
        np.testing.assert_array_equal(out, rows.astype(out.dtype))
        assert_same(gradient, soap.pullback(FRAMES, rows))
    assert isinstance(soap.fused(FRAMES, function), ip.Pullback)
    pytest.importorskip("pandas")
    table, _ = turbo().set_output(transform="pandas").fused(FRAMES, function, features=True)
    np.testing.assert_array_equal(table.to_numpy(), rows)


@both
def test_nothing_to_describe(n_jobs):
    soap = turbo()

    def never(of, features):
        raise AssertionError("there are no rows")

    features, gradient = soap.fused([], never, features=True, n_jobs=n_jobs)
    assert (features.shape, gradient.positions.shape, gradient.strain.shape) == ((0, 135), (0, 3), (0, 3, 3))
    gradient = soap.fused(FRAMES, never, centers=[[]] * 4, n_jobs=n_jobs)
    assert not gradient.positions.any()
    assert len(gradient.positions) == sum(map(len, FRAMES))


@both
@pytest.mark.parametrize("descriptor", [turbo(), turbo(average="outer"), ip.Hybrid([turbo()], scale=None)], ids=repr)
def test_progress_is_told_and_may_end_the_work(descriptor, n_jobs):
    frames, told = FRAMES * 30, []
    descriptor.fused(frames, lambda _, features: features, progress=lambda *p: told.append(p), n_jobs=n_jobs)
    done, total = zip(*told, strict=True)
    assert list(done) == sorted(done)
    assert done[-1] == total[-1]

    def enough(done, total):
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        descriptor.fused(frames, lambda _, features: features, progress=enough, n_jobs=n_jobs)


def test_hybrids_of_large_frames_go_piece_by_piece(monkeypatch):
    monkeypatch.setattr(_concatenated, "_PIECE", 4)
    hybrid = ip.Hybrid([turbo(), turbo(n_max=2)], scale=None)
    rows = hybrid.transform(FRAMES)
    expected = hybrid.pullback(FRAMES, rows)
    sizes = []

    def function(of, features):
        sizes.append(len(of))
        np.testing.assert_array_equal(features, rows[of.index])
        return features

    assert_same(hybrid.fused(FRAMES, function, block=3), expected)
    assert sizes == [3, 1, 2, 3, 3, 1, 2, 3, 1, 1]
    with pytest.raises(ValueError, match="entry NaN in row 8, column 0"):
        hybrid.fused(FRAMES, lambda of, features: np.where(of.index[:, None] == 8, np.nan, features), block=3)


def test_rows_without_a_length_and_rows_that_were_rescaled():
    """What a row was divided by is not known where coefficients were brought into range before."""
    faint = ip.SOAP(r_cut=3.0, n_max=3, l_max=2, species=["C", "H", "O"], sigma=0.4, species_weight=1e-90)
    for soap in (turbo(), turbo(normalize=False), faint, ip.SOAP(r_cut=3.0, n_max=3, l_max=2, species=["C", "H", "O"],
                 central_weight=0.0), turbo(compression=matrix())):  # fmt: skip
        frames = [*FRAMES, Atoms("C")]
        adjoint = adjoint_of(range(sum(map(len, frames))), soap.n_features)
        expected = soap.pullback(frames, adjoint)
        found = soap.fused(frames, lambda of, features, adjoint=adjoint: adjoint[of.index])
        scale = np.abs(expected.positions).max()
        np.testing.assert_allclose(found.positions, expected.positions, rtol=0, atol=1e-13 * scale)


def test_messages_are_those_of_transform():
    with pytest.raises(ValueError, match=r"species of frame 1 include 'N' \(atom 0 is 'N'\), which this Soap"):
        turbo().fused([FRAMES[0], molecule("NH3")], lambda _, features: features)
