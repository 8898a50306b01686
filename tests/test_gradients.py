"""Every derivative is the derivative of the value, for every descriptor and option."""

import numpy as np
import pytest
from ase import Atoms
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.base import clone

import isoprint as ip
from catalog import EVERY_DESCRIPTOR_AND_OPTION, turbo
from isoprint.descriptors.derivatives import Derivatives, Pullback
from isoprint.testing import (
    assert_jacobian_consistent,
    assert_pullback_is_the_derivative,
    assert_strain_is_the_derivative,
    in_general_position,
)
from isoprint.testing.strategies import adjoints, frames
from test_invariance import assume_described, of

every = pytest.mark.parametrize("case", EVERY_DESCRIPTOR_AND_OPTION, ids=repr)
smooth = pytest.mark.parametrize(
    "case",
    [
        case
        for case in EVERY_DESCRIPTOR_AND_OPTION
        if case.descriptor.dtype == "float64" and case.name != "OM truncated"  # its sums are cut off where it crosses
    ],
    ids=repr,
)
spread = frames(max_atoms=4, min_distance=0.5, min_cell=2.5)
seeds = st.integers(0, 2**32 - 1)
POINT = [0.31, -0.42, 0.53]


def centers_in(atoms, mixed):
    return [len(atoms) - 1, POINT, 0] if mixed else None


class PowerSums:
    """Sums of powers of the entries of each row, which have no kinks where these are eigenvalues."""

    def __init__(self, descriptor, powers):
        self.descriptor, self.powers = descriptor, powers

    def transform(self, atoms, **options):
        rows = self.descriptor.transform(atoms, **options)
        return np.stack([np.sum(rows**power, axis=1) for power in self.powers], axis=1)

    def pullback(self, atoms, adjoint, **options):
        rows = self.descriptor.transform(atoms, **options)
        terms = [p * rows ** (p - 1) * weight[:, None] for p, weight in zip(self.powers, adjoint.T, strict=True)]
        return self.descriptor.pullback(atoms, sum(terms), **options)


def without_kinks(case):
    return PowerSums(case.descriptor, case.powers) if case.powers else case.descriptor


def no_three_in_a_line(atoms, reach, centers):
    """Whether no angle is so near 0 or 180 degrees that a small motion may make it that; images of one atom apart."""
    atoms = atoms.copy()
    points = [center for center in centers or [] if np.ndim(center) == 1]
    atoms.extend(Atoms(["X"] * len(points), positions=points))
    found = ip.neighbors(atoms, min(reach, 50.0))
    for center in range(len(atoms)):
        near = slice(found.offsets[center], found.offsets[center + 1])
        units = found.vector[near] / np.linalg.norm(found.vector[near], axis=1, keepdims=True)
        sines = np.linalg.norm(np.cross(units[:, None], units[None]), axis=-1)
        own = found.index[near] == center
        alike = np.eye(len(units), dtype=bool) | (own[:, None] & own[None])
        if (sines[~alike] < 0.05).any():
            return False
    return True


def assume_smooth(case, atoms, centers):
    """No pair at the cutoff, and no row so faint that it is all rounding, or only just divided by its length."""
    for distance in (case.descriptor.reach, *case.kinks):
        assume(in_general_position(atoms, distance, centers=centers))
    if case.tips:
        assume(no_three_in_a_line(atoms, case.descriptor.reach, centers))
    if "normalize" not in case.descriptor.get_params():
        length = np.linalg.norm(case.descriptor.transform(atoms, centers=centers), axis=1)
        assume(not ((length > 0.0) & (length < 1e-3)).any())
        return
    divided = None if case.descriptor.average in ("outer", "sum") else case.descriptor.average
    if "normalize" not in case.descriptor.get_params():
        return
    bare = clone(case.descriptor).set_params(normalize=False, average=divided)
    if "constant" in bare.get_params():
        bare.set_params(constant=None)
    raw = bare.transform(atoms, centers=centers)
    length = np.linalg.norm(raw, axis=1)
    assume(not ((length > 1e-7) & (length < 1e-3)).any())


@smooth
@given(atoms=spread, seed=seeds, mixed=st.booleans())
def test_pullback_is_the_difference(case, atoms, seed, mixed):
    atoms = of(case, atoms)
    centers = centers_in(atoms, mixed)
    assume_smooth(case, atoms, centers)
    # Short where normalization makes a faint density steep, and long enough for the digits that there are.
    step = 5e-4 if case.descriptor.dtype == "float32" else 1e-4
    assert_pullback_is_the_derivative(
        without_kinks(case), atoms, centers=centers, seed=seed, tolerance=case.tolerance, step=step
    )


@smooth
@given(atoms=spread, seed=seeds, mixed=st.booleans())
def test_strain_is_the_difference(case, atoms, seed, mixed):
    atoms = of(case, atoms)
    centers = centers_in(atoms, mixed)
    assume_smooth(case, atoms, centers)
    assert_strain_is_the_derivative(without_kinks(case), atoms, centers=centers, seed=seed, tolerance=case.tolerance)


@every
@given(atoms=frames(max_atoms=4, min_cell=2.5), seed=seeds, mixed=st.booleans())
def test_all_derivatives_are_one_jacobian(case, atoms, seed, mixed):
    """Coincident atoms too: there derivatives are a convention, but the same one everywhere."""
    atoms = of(case, atoms)
    centers = centers_in(atoms, mixed)
    assume_described(case, atoms, centers)
    if case.center_apart:  # the weight of a site that is on the center but for rounding has no digits
        assume(in_general_position(atoms, case.descriptor.reach, centers=centers, margin=1e-4))
    assert_jacobian_consistent(case.descriptor, atoms, centers=centers, seed=seed)


@given(atoms=spread, data=st.data())
def test_pullback_is_linear(atoms, data):
    soap = turbo()
    one, other = (data.draw(adjoints(len(atoms), soap.n_features)) for _ in range(2))
    a, b, both = (soap.pullback(atoms, adjoint) for adjoint in (one, other, one - 2 * other))
    np.testing.assert_allclose(both.positions, a.positions - 2 * b.positions, atol=1e-10)
    np.testing.assert_allclose(both.strain, a.strain - 2 * b.strain, atol=1e-9)


@given(atoms=spread, seed=seeds)
def test_forces_of_rotationally_invariant_features_have_no_torque(atoms, seed):
    """The antisymmetric part of the strain gradient is a rotation, which features do not see."""
    soap = turbo()
    adjoint = np.random.default_rng(seed).standard_normal((len(atoms), soap.n_features))
    strain = soap.pullback(atoms, adjoint).strain[0]
    np.testing.assert_allclose(strain, strain.T, atol=1e-9 * max(1.0, np.abs(strain).max()))


class Wrong:
    """A descriptor whose derivatives are a little off."""

    def __init__(self, pull=1.0, strain=1.0, push=1.0):
        self.soap, self.pull, self.strain, self.push = turbo(), pull, strain, push
        self.transform = self.soap.transform

    def pullback(self, *args, **options):
        right = self.soap.pullback(*args, **options)
        return Pullback(self.pull * right.positions, self.strain * right.strain)

    def pushforward(self, *args, **options):
        return self.push * self.soap.pushforward(*args, **options)

    def derivatives(self, *args, **options):
        return self.soap.derivatives(*args, **options)


def test_wrong_derivatives_are_noticed(water):
    with pytest.raises(AssertionError, match="pullback to positions gives"):
        assert_pullback_is_the_derivative(Wrong(pull=1.0001), water)
    with pytest.raises(AssertionError, match="pullback to strain gives"):
        assert_strain_is_the_derivative(Wrong(strain=1.0001), water)
    with pytest.raises(AssertionError, match="of pullback"):
        assert_jacobian_consistent(Wrong(pull=1.000001), water)
    with pytest.raises(AssertionError, match="of pushforward"):
        assert_jacobian_consistent(Wrong(push=1.000001), water)


class Leaky(Wrong):
    """A descriptor that forgets the block of the center itself."""

    def derivatives(self, atoms, centers=None):
        right = self.soap.derivatives(atoms, centers=centers)
        kept = right.center != right.atom
        return Derivatives(right.values[kept], right.center[kept], right.atom[kept], right.n_rows, right.n_atoms)


def test_a_forgotten_block_is_noticed(water):
    with pytest.raises(AssertionError):
        assert_jacobian_consistent(Leaky(), water)


@pytest.mark.parametrize(
    "descriptor",
    [
        ip.SOAP(species=["C", "H"], r_cut=5.0, n_max=5, l_max=4),
        ip.SOAP(species=["C", "H"], r_cut=5.0, n_max=5, l_max=4, normalize=False),
        ip.SoapTurbo(species=["C", "H"], r_cut=5.0, n_max=4, l_max=6),
        ip.SOAP.from_dscribe(species=["C", "H"], r_cut=4.0, n_max=5, l_max=4),
        ip.SOAP(species=["C", "H"], r_cut=5.0, n_max=7, l_max=4, compression="crossover"),
    ],
    ids=repr,
)
def test_blocks_of_a_large_result_are_those_of_each_center(descriptor):
    """What is larger than the caches is written past them, what is smaller is not."""
    atoms = Atoms("CH" * 32, np.random.default_rng(5).uniform(0.0, 5.0, (64, 3)))
    together = descriptor.derivatives(atoms)
    assert together.values.nbytes > 2**24
    for center in (0, 17, 63):
        alone = descriptor.derivatives(atoms, centers=[center])
        assert alone.values.nbytes < 2**20
        np.testing.assert_array_equal(together.values[together.center == center], alone.values)
    at_point = descriptor.derivatives(atoms, centers=[POINT, *range(64)])
    alone = descriptor.derivatives(atoms, centers=[POINT])
    np.testing.assert_array_equal(at_point.values[at_point.center == 0], alone.values)
