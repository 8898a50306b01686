"""Derivatives of every row by the strain and by the cell, for every descriptor and option."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from hypothesis import assume, given
from hypothesis import strategies as st

import isoprint as ip
from catalog import ATOM_MATRICES, EVERY_DESCRIPTOR_AND_OPTION
from isoprint.testing import assert_strain_jacobian_consistent, in_general_position
from isoprint.testing.strategies import frames
from test_invariance import assume_described, of

every = pytest.mark.parametrize("case", EVERY_DESCRIPTOR_AND_OPTION, ids=repr)
POINT = [0.31, -0.42, 0.53]


def salt():
    atoms = bulk("NaCl", "rocksalt", a=4.2)
    atoms.rattle(0.1, seed=1)
    atoms.positions += 9.7  # far outside of the cell
    return atoms


def soap(**options):
    return ip.SOAP(**{"r_cut": 3.5, "n_max": 3, "l_max": 2, "species": ["Na", "Cl"], **options})


@every
@given(atoms=frames(max_atoms=4, min_cell=2.5), seed=st.integers(0, 2**32 - 1), mixed=st.booleans())
def test_strain_of_rows_is_that_of_pullback_and_pushforward(case, atoms, seed, mixed):
    atoms = of(case, atoms)
    centers = [len(atoms) - 1, POINT, 0] if mixed else None
    assume_described(case, atoms, centers)
    if case.center_apart:
        assume(in_general_position(atoms, case.descriptor.reach, centers=centers, margin=1e-4))
    assert_strain_jacobian_consistent(case.descriptor, atoms, centers=centers, seed=seed)


@pytest.mark.parametrize(
    "case", [case for case in EVERY_DESCRIPTOR_AND_OPTION if case.descriptor.average is None], ids=repr
)
@given(atoms=frames(max_atoms=4, min_cell=2.5), mixed=st.booleans())
def test_a_strain_is_a_motion_of_atoms_and_of_the_cell(case, atoms, mixed):
    """`vector = x_atom - x_center + shift · cell`, and so are the derivatives."""
    atoms = of(case, atoms)
    centers = [len(atoms) - 1, POINT, 0] if mixed else list(range(len(atoms)))
    assume_described(case, atoms, centers)
    if case.center_apart:
        assume(in_general_position(atoms, case.descriptor.reach, centers=centers, margin=1e-4))
    found = case.descriptor.derivatives(atoms, centers=centers, strain=True, cell=True)
    places = np.array([atoms.positions[center] if np.ndim(center) == 0 else center for center in centers])
    relative = atoms.positions[found.atom] - places[found.center]
    expected = np.einsum("ka,rkbf->rabf", atoms.cell.array, found.cell)
    np.add.at(expected, found.center, np.einsum("pa,pbf->pabf", relative, found.values))
    precision = 1e-4 if found.values.dtype == np.float32 else 1e-9
    largest = [np.abs(part).max(initial=0.0) for part in (found.values, found.cell, found.strain)]
    scale = 1e-6 + sum(largest) * (10.0 + np.abs(relative).max(initial=0.0))
    np.testing.assert_allclose(found.strain, expected, rtol=0, atol=precision * scale)
    open_axes = ~atoms.pbc if getattr(case.descriptor, "periodic", True) else np.ones(3, bool)
    assert (found.cell[:, open_axes] == 0.0).all()


@pytest.mark.parametrize("average", [None, "inner", "outer"])
def test_the_cell_alone_is_the_difference(average):
    descriptor, atoms, h = soap(average=average), salt(), 1e-5
    found = descriptor.derivatives(atoms, cell=True).cell
    for axis in range(3):
        for direction in range(3):
            rows = []
            for sign in (1, -1):
                moved, cell = atoms.copy(), atoms.cell.array.copy()
                cell[axis, direction] += sign * h
                moved.set_cell(cell)
                rows.append(descriptor.transform(moved))
            slope = (rows[0] - rows[1]) / (2 * h)
            np.testing.assert_allclose(found[:, axis, direction], slope, atol=1e-7)


def whole_cells():
    """Fingerprints of whole frames: those that are matrices, and sums that know the volume or are normalized."""
    sums = [case for case in EVERY_DESCRIPTOR_AND_OPTION if isinstance(case.descriptor, (ip.MBTR, ip.ValleOganov))]
    return [case for case in [*ATOM_MATRICES, *sums] if case.descriptor.dtype == "float64" and case.order >= 0]


def rocks():
    """Three atoms, no two of which are alike, in a skewed cell; one lies outside of it."""
    return Atoms(
        "HCO",
        [[0.1, 0.2, -0.3], [1.3, 1.2, 0.9], [0.4, 3.9, 1.7]],
        cell=[[3.3, 0.1, 0.2], [0.4, 3.6, -0.1], [-0.2, 0.5, 3.9]],
        pbc=True,
    )


@pytest.mark.parametrize("case", whole_cells(), ids=repr)
def test_deformations_of_whole_frames_are_the_differences(case):
    atoms = rocks()
    atoms.pbc = getattr(case.descriptor, "periodic", True) and not isinstance(case.descriptor, ip.GlobalCoulombMatrix)
    descriptor, h = case.descriptor, 1e-4
    found = descriptor.derivatives(atoms, strain=True, cell=True)
    push = descriptor.pushforward(atoms, np.zeros((3, 3)), strain=np.diag([1.0, 0.0, 0.0])[None])
    np.testing.assert_allclose(push[0], found.strain[0, 0, 0], rtol=0, atol=1e-10 * np.abs(found.strain).max())

    def rows(deformation, scale_atoms):
        other = atoms.copy()
        other.set_cell(deformation, scale_atoms=scale_atoms)
        return descriptor.transform(other)[0]

    largest = np.abs(found.strain).max() + np.abs(descriptor.transform(atoms)).max()
    for a, b in ((0, 0), (1, 2), (2, 1)):
        step = np.zeros((3, 3))
        step[a, b] = h
        cell = atoms.cell.array
        of_strain = (rows(cell @ (np.eye(3) + step), True) - rows(cell @ (np.eye(3) - step), True)) / (2 * h)
        np.testing.assert_allclose(found.strain[0, a, b], of_strain, rtol=0, atol=2e-5 * largest)
        of_cell = (rows(cell + step, False) - rows(cell - step, False)) / (2 * h)
        np.testing.assert_allclose(found.cell[0, a, b], of_cell, rtol=0, atol=2e-5 * largest)


def test_rows_of_many_frames_and_of_pieces():
    descriptor, structures = soap(), [salt(), salt() * (2, 1, 1), molecule("NaCl"), Atoms()]
    together = descriptor.derivatives(structures, strain=True, cell=True)
    for frame, found in zip(structures, together, strict=True):
        alone = descriptor.derivatives(frame, strain=True, cell=True)
        assert np.array_equal(alone.strain, found.strain)
        assert np.array_equal(alone.cell, found.cell)
    pieces = list(descriptor.iter_derivatives(structures, strain=True, cell=True, max_bytes=20_000))
    assert len(pieces) > len(structures)
    for name in ("strain", "cell", "values"):
        whole, parts = ([getattr(found, name) for found in some] for some in (together, pieces))
        assert np.array_equal(np.concatenate(whole), np.concatenate(parts))
    plain = descriptor.derivatives(structures)
    assert all(np.array_equal(a.values, b.values) for a, b in zip(plain, together, strict=True))
    assert plain[0].strain is None
    assert plain[0].cell is None


def test_known_neighbors_and_threads_change_nothing():
    descriptor, atoms = soap(), salt()
    expected = descriptor.derivatives(atoms, strain=True, cell=True, n_jobs=1)
    several = descriptor.derivatives(atoms, strain=True, cell=True, n_jobs=3)
    assert np.array_equal(several.strain, expected.strain)
    near = ip.neighbors(atoms, descriptor.reach + 0.5)
    listed = descriptor.derivatives(atoms, strain=True, cell=True, neighbors=near)
    np.testing.assert_allclose(listed.strain, expected.strain, atol=1e-12)
    np.testing.assert_allclose(listed.cell, expected.cell, atol=1e-12)


def test_rows_go_into_arrays_of_the_user():
    descriptor, atoms = soap(), salt()
    expected = descriptor.derivatives(atoms, strain=True)
    strain = np.full((2, 3, 3, descriptor.n_features), np.nan)
    blocks = np.full((4, 3, descriptor.n_features), np.nan, np.float32)
    found = descriptor.derivatives(atoms, strain=strain, out=blocks)
    assert found.strain is strain
    assert np.array_equal(strain, expected.strain)
    assert np.array_equal(blocks, expected.values.astype(np.float32))
    shape = rf"\(2, 3, 3, {descriptor.n_features}\)"
    for wrong, words in [
        (strain[:1], rf"strain is an array of shape \(1, 3, 3, {descriptor.n_features}\), expected .*{shape}"),
        ("yes", "strain is 'yes', expected True, False, or"),
        (strain.astype(int), "it must be float64 or float32"),
        (strain[..., ::-1], "gaps between its entries"),
    ]:
        with pytest.raises((ValueError, TypeError), match=words):
            descriptor.derivatives(atoms, strain=wrong)
    with pytest.raises(ValueError, match="shares memory"):
        descriptor.derivatives(atoms, strain=strain, cell=strain)


def test_a_strain_of_the_wrong_shape_or_value():
    descriptor, atoms = soap(), salt()
    still = np.zeros((2, 3))
    with pytest.raises(ValueError, match=r"strain has shape \(3, 3\), expected \(1, 3, 3\): one strain a frame"):
        descriptor.pushforward(atoms, still, strain=np.eye(3))
    with pytest.raises(ValueError, match="strain has the entry NaN"):
        descriptor.pushforward(atoms, still, strain=[np.full((3, 3), np.nan)])
    with pytest.raises(ValueError, match="not finite; make them smaller"):
        descriptor.pushforward(atoms, still, strain=[np.full((3, 3), 1e308)])
    with pytest.raises(ValueError, match="these derivatives hold none by strain"):
        descriptor.derivatives(atoms).pushforward(still, strain=np.eye(3))


def test_blocks_of_others_may_know_strain_or_not():
    class Other:
        n_features, r_cut = 1, 3.0

        def transform(self, atoms, centers=None):
            return np.zeros((len(atoms), 1))

        def derivatives(self, atoms, centers=None, strain=False):
            found = soap().derivatives(atoms, strain=strain)
            cut = None if found.strain is None else found.strain[..., :1]
            return type(found)(found.values[..., :1], found.center, found.atom, found.n_rows, found.n_atoms, strain=cut)

    both = ip.Hybrid([soap(), Other()], scale=[1.0, 2.0])
    found = both.derivatives(salt(), strain=True).strain
    assert np.allclose(found[..., -1], 2.0 * found[..., 0])
