"""Rows in PyTorch have right first and second derivatives, whatever the fingerprint."""

import pytest

from catalog import DIFFERENTIABLE, well_apart

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("case", DIFFERENTIABLE, ids=repr)
def test_first_and_second_derivatives(case):
    from isoprint.extras.torch import Featurizer

    module = Featurizer(case.descriptor, n_jobs=1)
    # Second derivatives need frames one by one, since a jump of one would be that of all.
    for frame in well_apart(case):
        batch = module.prepare(frame)
        positions = batch.positions.clone().requires_grad_()
        cells = batch.cells.clone().requires_grad_(bool(batch.pbc.any()))
        rows = module(batch).detach()
        scale = rows.abs().max()

        def of_rows(x, h, batch=batch, scale=scale):
            found = module(batch, x, h) / scale
            # Sorted eigenvalues have kinks where they cross, and sums of their powers have none.
            return found if not case.powers else torch.stack([found.pow(power).sum() for power in case.powers])

        generator = torch.Generator().manual_seed(0)
        shape = of_rows(positions, cells).shape
        weights = torch.randn(shape, dtype=torch.float64, generator=generator, requires_grad=True)

        def weighted(x, h, w, of_rows=of_rows):
            return (w * of_rows(x, h)).sum()

        options = {"eps": 1e-5, "atol": 1e-5, "rtol": 1e-5, "fast_mode": True}
        assert torch.autograd.gradcheck(of_rows, (positions, cells), **options)
        assert torch.autograd.gradgradcheck(weighted, (positions, cells, weights), **options)
