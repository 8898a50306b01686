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


def test_single_precision_and_wrong_shapes():
    frames = structures()
    module = featurizer("SOAP")
    positions, cells = inputs(frames)
    rows = module(frames, positions.detach().float(), cells.detach().float())
    assert rows.dtype == torch.float32
    np.testing.assert_allclose(rows.numpy(), DESCRIPTORS["SOAP"].transform(frames), rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match="positions are of shape"):
        module(frames, positions[:2])
    with pytest.raises(ValueError, match="cells are of shape"):
        module(frames, positions, cells[:1])
    with pytest.raises(ValueError, match="give them to prepare"):
        module(module.prepare(frames), centers=[[0], [1]])
    assert "SOAP(r_cut=3.4" in repr(module)
    assert module.prepare(frames).to(torch.float32).cells.dtype == torch.float32


def energy_of(module):
    """A network of rows, summed over each structure."""
    torch.manual_seed(0)
    layer = torch.nn.Linear(module.n_features, 1, dtype=torch.float64)
    return layer, lambda batch, x, h: batch.sum(layer(module(batch, x, h)).tanh()).sum()


def counted(monkeypatch, name):
    """The arguments of each call of a map."""
    from isoprint.extras._deformed import Deformed

    calls, original = [], getattr(Deformed, name)

    def counting(self, *arguments, **options):
        calls.append(options)
        return original(self, *arguments, **options)

    monkeypatch.setattr(Deformed, name, counting)
    return calls


def test_what_is_not_needed_is_not_computed(monkeypatch):
    module = featurizer("SOAP")
    layer, energy = energy_of(module)
    batch = module.prepare(structures())
    x, h = batch.positions.requires_grad_(), batch.cells
    gradients, curvatures = counted(monkeypatch, "gradient"), counted(monkeypatch, "curvature")
    (gradient,) = torch.autograd.grad(energy(batch, x, h), x, create_graph=True)
    assert gradients == [{"by_cells": False}]
    gradient.square().sum().backward(inputs=list(layer.parameters()))
    assert curvatures == []
    (gradient,) = torch.autograd.grad(energy(batch, x, h), x, create_graph=True)
    gradient.square().sum().backward()
    assert curvatures == [{"by_cells": False}]
    assert x.grad.abs().max() > 0
    h.requires_grad_()
    gradients.clear()
    torch.autograd.grad(energy(batch, x, h), (x, h))
    assert gradients == [{"by_cells": True}]


def test_networks_learn_from_hessians_too():
    module = featurizer("SOAP")
    layer, energy = energy_of(module)
    batch = module.prepare(structures())
    x = batch.positions.requires_grad_()
    v = torch.linspace(-1.0, 1.0, x.numel(), dtype=torch.float64).reshape(x.shape)

    def along(weight):
        layer.weight.data = weight.detach()
        (gradient,) = torch.autograd.grad(energy(batch, x, batch.cells), x, create_graph=True)
        (product,) = torch.autograd.grad((gradient * v).sum(), x, create_graph=True)
        return product.square().sum()

    weight = layer.weight.detach().clone()
    (found,) = torch.autograd.grad(along(weight), layer.weight)
    move = torch.randn(weight.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    expected = (along(weight + 1e-4 * move) - along(weight - 1e-4 * move)) / 2e-4
    assert float((found * move).sum()) == pytest.approx(float(expected.detach()), rel=1e-5)
    # In the other order, by parameters first, the derivative is the same.
    layer.weight.data = weight
    (gradient,) = torch.autograd.grad(energy(batch, x, batch.cells), x, create_graph=True)
    (by_weight,) = torch.autograd.grad((gradient * v).sum(), layer.weight, create_graph=True)
    (mixed,) = torch.autograd.grad((by_weight * move).sum(), x, retain_graph=True)
    (product,) = torch.autograd.grad((gradient * v).sum(), x, create_graph=True)
    dot = torch.autograd.grad((product * v).sum(), layer.weight)[0]
    assert float((mixed * v).sum()) == pytest.approx(float((dot * move).sum()), rel=1e-6)
    with pytest.raises(NotImplementedError, match="third derivatives"):
        torch.autograd.grad(along(weight), x)


def test_centers_are_atoms_and_points():
    frames, module = structures(), featurizer("SOAP")
    centers = [[1, (0.1, 0.4, 0.9)], [0, (0.2, 0.0, 0.3)]]
    batch = module.prepare(frames, centers=centers)
    expected = DESCRIPTORS["SOAP"].transform(frames, centers=centers)
    np.testing.assert_allclose(module(batch).numpy(), expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(module(frames, centers=centers).numpy(), expected, rtol=0, atol=1e-13)
    assert batch.frame.tolist() == [0, 0, 1, 1]
    one = module.prepare(frames[0], centers=centers[0])
    assert torch.autograd.gradcheck(
        lambda x, h: module(one, x, h),
        (one.positions.requires_grad_(), one.cells.requires_grad_()),
        eps=1e-5,
        atol=1e-5,
    )


@pytest.mark.parametrize("centers", [None, [[1, (0.1, 0.4, 0.9)], [0]]])
def test_batches_are_joined(centers):
    from isoprint.extras.torch import Structures

    frames, module = structures(), featurizer("SOAP")
    whole = module.prepare(frames, centers=centers)
    parts = [module.prepare(frame, centers=centers and centers[i]) for i, frame in enumerate(frames)]
    joined = Structures.join(parts)
    for name, own, other in zip(whole._fields, whole, joined, strict=True):
        assert (own is None and other is None) or torch.equal(own, other), name
    if centers:
        with pytest.raises(ValueError, match="some of these structures were prepared with centers"):
            Structures.join([parts[0], module.prepare(frames[1])])


def test_copies_pickles_and_states():
    import copy
    import io
    import pickle

    frames, module = structures(), featurizer("ACSF")
    rows = module(frames)
    network = torch.nn.Sequential(module, torch.nn.Linear(module.n_features, 1, dtype=torch.float64))
    for other in (copy.deepcopy(network), pickle.loads(pickle.dumps(network))):
        assert torch.equal(other[0](frames), rows)
        assert torch.equal(other(frames), network(frames))
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    file.seek(0)
    fresh = torch.nn.Sequential(featurizer("ACSF"), torch.nn.Linear(module.n_features, 1, dtype=torch.float64))
    fresh.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(fresh(frames), network(frames))
    # The graph is of use when the module is gone.
    positions, _ = inputs(frames)
    total = copy.deepcopy(module)(frames, positions).sum()
    total.backward()
    assert positions.grad.abs().max() > 0


def test_parameters_that_change_afterwards_have_no_effect():
    from isoprint.extras.torch import Featurizer

    soap = ip.SOAP(r_cut=3.4, n_max=2, l_max=2, species=["H", "C"], average="inner")
    module = Featurizer(soap)
    soap.set_params(n_max=3)
    batch = module.prepare(structures())
    assert module(batch).shape == (2, module.n_features) == (2, 30)
    assert batch.sum(module(batch)).shape == (2, 30)


class Described(torch.utils.data.Dataset):
    """Rows that workers compute."""

    def __init__(self, module, frames):
        self.module, self.frames = module, frames

    def __len__(self):
        return len(self.frames)

    def __getitem__(self, place):
        batch = self.module.prepare(self.frames[place])
        return batch, self.module(batch)


def joined(items):
    from isoprint.extras.torch import Structures

    batches, rows = zip(*items, strict=True)
    return Structures.join(batches), torch.cat(rows)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork")
def test_workers_of_a_loader_describe():
    from isoprint.extras.torch import Featurizer

    frames, module = structures() * 4, Featurizer(DESCRIPTORS["SOAP"], n_jobs=2)
    expected = module(frames)  # and threads have been started, which a fork does not take along
    loader = torch.utils.data.DataLoader(
        Described(module, frames), batch_size=4, num_workers=2, collate_fn=joined, multiprocessing_context="fork"
    )
    found = list(loader)
    assert torch.equal(torch.cat([rows for _, rows in found]), expected)
    assert all(torch.equal(module(batch), rows) for batch, rows in found)


@pytest.mark.filterwarnings("ignore")  # of PyTorch, about itself
def test_functions_of_functions():
    module = featurizer("SOAP")
    _, energy = energy_of(module)
    batch = module.prepare(structures())
    x = batch.positions
    e = lambda positions: energy(batch, positions, batch.cells)  # noqa: E731
    hessian = torch.autograd.functional.hessian(e, x).detach()
    one = torch.func
    for nested in (one.hessian, lambda f: one.jacfwd(one.jacfwd(f)), lambda f: one.jacrev(one.jacfwd(f)),
                   lambda f: one.jacrev(one.jacrev(f))):  # fmt: skip
        assert torch.allclose(nested(e)(x), hessian, rtol=0, atol=1e-9)
    moved = torch.stack([x, x + 0.1 * torch.sin(x)])
    expected = torch.stack([one.grad(e)(each) for each in moved])
    assert torch.allclose(one.vmap(one.grad(e))(moved), expected)
    rows, change = one.jvp(lambda positions: module(batch, positions), (x,), (torch.cos(x),))
    assert torch.equal(rows, module(batch))
    along = DESCRIPTORS["SOAP"].pushforward(structures(), torch.cos(x).numpy())
    np.testing.assert_allclose(change.numpy(), along, rtol=0, atol=1e-14)


compiled = pytest.mark.filterwarnings("ignore")  # of the compiler, about itself
backends = pytest.mark.parametrize("backend", ["eager", "aot_eager"])


@compiled
@backends
def test_compiled_programs_are_whole(backend):
    module = featurizer("SOAP")
    layer, energy = energy_of(module)
    torch._dynamo.reset()
    program = torch.compile(energy, fullgraph=True, backend=backend)
    for frames in (structures(), structures() * 2, structures()[1:] * 3):
        batch = module.prepare(frames)
        places = batch.positions.requires_grad_(), batch.cells.requires_grad_()
        found, expected = program(batch, *places), energy(batch, *places)
        assert torch.allclose(found, expected)
        wanted = (*places, layer.weight)
        for own, other in zip(torch.autograd.grad(found, wanted), torch.autograd.grad(expected, wanted), strict=True):
            assert torch.allclose(own, other, rtol=1e-9, atol=1e-12)


@compiled
@backends
def test_forces_are_compiled_too(backend):
    if not hasattr(torch._dynamo.config, "trace_autograd_ops"):
        pytest.skip("this PyTorch compiles no gradients inside of programs")
    module = featurizer("SOAP")
    layer, energy = energy_of(module)
    batch = module.prepare(structures())
    x = batch.positions.requires_grad_()

    def loss(x):
        return torch.autograd.grad(energy(batch, x, batch.cells), x, create_graph=True)[0].square().sum()

    torch._dynamo.reset()
    with torch._dynamo.config.patch(trace_autograd_ops=True):
        found = torch.compile(loss, fullgraph=True, backend=backend)(x)
    expected = loss(x)
    assert torch.allclose(found, expected)
    slopes = [torch.autograd.grad(each, layer.weight)[0] for each in (found, expected)]
    assert torch.allclose(*slopes, rtol=1e-9, atol=1e-12)


@compiled
def test_programs_go_around_structures_that_are_no_tensors():
    frames, module = structures(), featurizer("SOAP")
    positions, _ = inputs(frames)
    torch._dynamo.reset()
    program = torch.compile(lambda x: module(frames, x).square().sum(), backend="eager")
    assert torch.allclose(program(positions), module(frames, positions).square().sum())


@compiled
def test_operators_keep_the_rules_of_pytorch():
    from isoprint.extras import _torch_maps as maps

    module = featurizer("SOAP")
    batch = module.prepare(structures())
    x, h = batch.positions.requires_grad_(), batch.cells.requires_grad_()
    rows = torch.randn(module(batch).shape, dtype=torch.float64).requires_grad_()
    u, w = torch.cos(x.detach()).requires_grad_(), torch.sin(h.detach()).requires_grad_()
    key = module._fingerprint.key
    fixed = (batch.numbers, batch.pbc, batch.offsets, batch.frame, None, None, key, module.n_features, 1, True, True)
    given = {"features": (), "gradient": (rows,), "along": (u, w), "curvature": (rows, u, w), "bend": (u, w, u, w)}
    for name, arguments in given.items():
        found = torch.library.opcheck(maps._OPERATORS[name], (x, h, *arguments, *fixed), raise_exception=False)
        # Gradients of what is a difference, or would be a third derivative, are no matter of the checks.
        wrong = {check for check, result in found.items() if result != "SUCCESS"}
        assert wrong <= ({"test_aot_dispatch_dynamic"} if name in ("curvature", "bend") else set()), found
    with pytest.raises(RuntimeError, match="no Featurizer of this process"):
        maps._OPERATORS["features"](x, h, *fixed[:6], "unknown", *fixed[7:])
