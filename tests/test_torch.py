"""Rows in PyTorch have right derivatives, and networks on them learn from forces."""

import numpy as np
import pytest
from ase.build import bulk, molecule

import isoprint as ip

torch = pytest.importorskip("torch")

DESCRIPTORS = {
    "SOAP": ip.SOAP(r_cut=3.4, n_max=2, l_max=2, species=["H", "C"]),
    "SoapTurbo": ip.SoapTurbo(r_cut=3.4, n_max=3, l_max=2, species=["H", "C"], average="outer"),
    "ACSF": ip.ACSF(r_cut=3.4, species=["H", "C"], g2=[(0.4, 0.0)], g4=[(0.02, 1, -1)]),
    "OverlapMatrix": ip.OverlapMatrix(r_cut=3.4, species=["H", "C"], max_sites=30),
    "RadialDistribution": ip.RadialDistribution(r_cut=3.4, species=["H", "C"]),
    "MBTR": ip.MBTR(
        geometry="distance",
        grid={"min": 0, "max": 4, "sigma": 0.3, "n": 5},
        weighting={"function": "exp", "scale": 2.0, "threshold": 1e-3},
        species=["H", "C"],
    ),
}
each = pytest.mark.parametrize("name", DESCRIPTORS)


def structures():
    crystal, methane = bulk("C"), molecule("CH4")
    crystal.rattle(0.03, seed=1)
    methane.rattle(0.1, seed=2)
    return [crystal, methane]


def inputs(frames):
    positions = np.concatenate([atoms.positions for atoms in frames])
    cells = np.stack([atoms.cell.array for atoms in frames])
    return torch.tensor(positions, requires_grad=True), torch.tensor(cells, requires_grad=True)


def featurizer(name, **options):
    from isoprint.extras.torch import Featurizer

    return Featurizer(DESCRIPTORS[name], n_jobs=1, **options)


@each
def test_first_derivatives(name):
    frames = structures()
    positions, cells = inputs(frames)
    module = featurizer(name)
    rows = module(frames, positions, cells)
    np.testing.assert_array_equal(rows.detach().numpy(), DESCRIPTORS[name].transform(frames))
    assert torch.autograd.gradcheck(lambda x: module(frames, x, cells.detach()), positions, eps=1e-5, atol=1e-5)
    # Of the molecule, whose cell is none, nothing may change.
    crystal = inputs(frames[:1])
    assert torch.autograd.gradcheck(
        lambda h: module(frames[:1], crystal[0].detach(), h), crystal[1], eps=1e-5, atol=1e-5
    )


@each
def test_second_derivatives(name):
    frames = structures()[1:]
    positions, cells = inputs(frames)
    module = featurizer(name)
    weights = torch.randn(module(frames).shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def energy(x, w):
        return (w * module(frames, x, cells.detach())).sum()

    weights.requires_grad_()
    assert torch.autograd.gradgradcheck(energy, (positions, weights), eps=1e-4, atol=1e-4)


def test_training_needs_no_second_derivatives_by_positions():
    frames = structures()
    positions, cells = inputs(frames)
    layer = torch.nn.Linear(DESCRIPTORS["SOAP"].n_features, 1, dtype=torch.float64)
    found = []
    for second in (True, False):
        module = featurizer("SOAP", second=second)
        energy = layer(module(frames, positions, cells)).tanh().sum()
        (gradient,) = torch.autograd.grad(energy, positions, create_graph=True)
        found.append(torch.autograd.grad(gradient.square().sum(), layer.weight)[0])
    assert torch.equal(*found)


def test_a_network_learns_forces():
    from ase.calculators.lj import LennardJones

    rng, frames = np.random.default_rng(0), []
    for _ in range(12):
        atoms = bulk("C", "sc", 3.3).repeat(2)
        atoms.positions += rng.normal(scale=0.1, size=(8, 3))
        atoms.calc = LennardJones(sigma=2.8, epsilon=0.5, rc=4.5, smooth=True)
        frames.append(atoms)
    forces = torch.tensor(np.concatenate([atoms.get_forces() for atoms in frames]))
    soap = ip.SOAP(r_cut=4.5, n_max=4, l_max=2, species=["C"])
    from isoprint.extras.torch import Featurizer

    module = Featurizer(soap, second=False)
    positions, cells = inputs(frames)
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(soap.n_features, 16, dtype=torch.float64),
        torch.nn.Tanh(),
        torch.nn.Linear(16, 1, dtype=torch.float64),
    )
    optimizer, losses = torch.optim.Adam(network.parameters(), lr=0.02), []
    for _ in range(150):
        optimizer.zero_grad()
        energy = network(module(frames, positions, cells)).sum()
        (gradient,) = torch.autograd.grad(energy, positions, create_graph=True)
        loss = (gradient + forces).square().mean()
        loss.backward(inputs=list(network.parameters()))
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.2 * float(forces.square().mean())


@pytest.mark.filterwarnings("ignore")  # of the compiler, about itself
def test_single_precision_and_compiled_programs():
    frames = structures()
    module = featurizer("SOAP")
    positions, cells = inputs(frames)
    rows = module(frames, positions.detach().float(), cells.detach().float())
    assert rows.dtype == torch.float32
    compiled = torch.compile(lambda x: module(frames, x).square().sum(), backend="eager")
    expected = module(frames, positions).square().sum()
    assert torch.allclose(compiled(positions), expected)
    with pytest.raises(ValueError, match="positions are of shape"):
        module(frames, positions[:2])
    assert "SOAP(r_cut=3.4" in repr(module)
