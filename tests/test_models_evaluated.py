"""Energies and gradients of the compiled function of rows are those of the plain one."""

import pickle

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

import isoprint as ip
from isoprint.descriptors._evaluations import evaluated
from isoprint.models._evaluation import Evaluator, energies_and_gradient
from isoprint.models._kernel import OfProduct, Power
from isoprint.models._sparse_set import SparseSet
from isoprint.structures.frames import pack

rng = np.random.default_rng(8)
FRAMES = [
    Atoms("CHOHCO", rng.uniform(-3, 6, (6, 3)), cell=[[3.1, 0, 0], [1.2, 3.3, 0], [0.3, 0.2, 9]], pbc=[1, 1, 0]),
    Atoms("O" * 70, rng.uniform(0, 12, (70, 3)), cell=[12, 12, 12], pbc=True),
    Atoms("CHHHH" * 9, rng.uniform(0, 9, (45, 3))),
]
SOAP = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"])


class Plain:
    """The same kernel, which the compiled module does not know."""

    def __init__(self, kernel):
        self.kernel = kernel

    def value_and_slope(self, dots):
        return self.kernel.value_and_slope(dots)


def evaluator(descriptor, zeta, plain=False):
    rows, numbers = descriptor.transform(FRAMES), np.concatenate([frame.numbers for frame in FRAMES])
    random = np.random.default_rng(9)
    points = [rows[numbers == z][random.permutation((numbers == z).sum())[:n]] for z, n in ((1, 30), (8, 140))]
    kernel = Power(zeta, 1.7)
    return Evaluator(
        SparseSet([1, 8], points), OfProduct(Plain(Power(zeta, 1.0)), 1.7) if plain else kernel,
        random.standard_normal(sum(map(len, points))), True,
    )  # fmt: skip


@pytest.mark.parametrize("zeta", [1, 2, 4, 5.0])
@pytest.mark.parametrize("descriptor", [SOAP, ip.SoapTurbo(r_cut=4.0, n_max=3, l_max=2, species=["H", "C", "O"])])
def test_compiled_and_plain_functions_agree_and_threads_change_no_bit(descriptor, zeta):
    packed = pack(FRAMES)
    fast, slow = evaluator(descriptor, zeta), evaluator(descriptor, zeta, plain=True)
    assert fast.compiled is not None
    assert slow.compiled is None
    local, gradient = energies_and_gradient(descriptor, fast, FRAMES, packed, 1)
    expected, other = energies_and_gradient(descriptor, slow, FRAMES, packed, 1)
    # Carbon has no sparse points here.
    assert not local[packed.numbers == 6].any()
    for one, two in ((local, expected), (gradient.positions, other.positions), (gradient.strain, other.strain)):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-12 * np.abs(two).max())
    for n_jobs in (2, 3):
        again, pull = energies_and_gradient(descriptor, fast, FRAMES, packed, n_jobs)
        np.testing.assert_array_equal(again, local)
        np.testing.assert_array_equal(pull.positions, gradient.positions)
        np.testing.assert_array_equal(pull.strain, gradient.strain)


def test_what_the_compiled_module_does_not_know_takes_the_plain_way():
    assert evaluator(SOAP, 2.5).compiled is None
    known = evaluator(SOAP, 4)
    both = ip.Hybrid([SOAP, SOAP], scale=None)
    assert evaluated(both, FRAMES, known.compiled, known.kinds(pack(FRAMES).numbers), 1) is None
    single = ip.SOAP(r_cut=4.0, n_max=4, l_max=3, species=["H", "C", "O"], dtype="float32")
    assert evaluated(single, FRAMES, known.compiled, known.kinds(pack(FRAMES).numbers), 1) is None
    assert pickle.loads(pickle.dumps(known)).compiled is not None
    assert known.kinds(np.array([1, 6, 8, 92])).tolist() == [0, -1, 1, -1]


def test_arguments_that_do_not_fit_are_errors():
    known = evaluator(SOAP, 4)
    other = ip.SOAP(r_cut=4.0, n_max=3, l_max=3, species=["H", "C", "O"])
    with pytest.raises(ValueError, match="features of the points"):
        evaluated(other, FRAMES, known.compiled, known.kinds(pack(FRAMES).numbers), 1)


def silicon_model():
    silicon = bulk("Si", cubic=True).repeat(2)
    frames = []
    for seed in range(6):
        frame = silicon.copy()
        frame.rattle(0.15, seed=seed)
        frame.info["energy"] = float(np.random.default_rng(seed).normal(-300.0, 1.0))
        frames.append(frame)
    soap = ip.SoapTurbo(r_cut=5.0, n_max=8, l_max=8, species=["Si"])
    return ip.models.SparseGP(soap, n_sparse=80, sigma_energy=0.01).fit(frames), frames


def test_a_compressed_calculator_is_near_and_its_forces_are_its_derivatives():
    model, frames = silicon_model()
    atoms = frames[0].copy()
    exact, fewer = model.predict(atoms), model.calculator(compress=1e-6)
    atoms.calc = fewer
    points = model.sparse_["Si"]
    largest = np.linalg.norm(points, 2)
    bound = 4 * 1e-6 * largest * np.abs(model.alpha_).sum()
    off = np.abs(fewer.get_property("energies", atoms) - exact.energies).max()
    assert 0.0 < off < min(bound, 1e-3)
    assert np.abs(atoms.get_forces() - exact.forces).max() < 1e-2
    step, force = 1e-3, atoms.get_forces()[3, 1]
    energies = []
    for sign in (2, 1, -1, -2):
        moved = atoms.copy()
        moved.positions[3, 1] += sign * step
        moved.calc = model.calculator(compress=1e-6)
        energies.append(moved.get_potential_energy())
    slope = (-energies[0] + 8 * energies[1] - 8 * energies[2] + energies[3]) / (12 * step)
    assert abs(slope + force) < 1e-6
    np.testing.assert_array_equal(model.predict(atoms).energies, exact.energies)
    with pytest.raises(ValueError, match="compress is -1"):
        model.calculator(compress=-1.0)


def test_the_calculator_sees_every_change_and_nothing_else():
    model, frames = silicon_model()
    atoms = frames[0].copy()
    calculator = atoms.calc = model.calculator()
    assert calculator.check_state(atoms)
    energy = atoms.get_potential_energy()
    assert calculator.check_state(atoms) == []
    atoms.positions[0, 0] = np.nextafter(atoms.positions[0, 0], 9.0)
    assert calculator.check_state(atoms) == ["positions"]
    atoms.set_cell(atoms.cell * 1.01, scale_atoms=True)
    assert calculator.check_state(atoms) == ["positions", "cell"]
    assert atoms.get_potential_energy() != energy
    atoms.pbc = [True, True, False]
    assert calculator.check_state(atoms) == ["pbc"]
    atoms.numbers = atoms.numbers.copy()
    del atoms[0]
    assert {"positions", "numbers"} <= set(calculator.check_state(atoms))
