"""The plan for many cores: its formula against the simulation, and what neither may break."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def model(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benches"))
    import cluster_model

    return cluster_model


def costs_of(model, **changes):
    usual = {"center": 1e-5, "row_bytes": 1320.0, "task": 1e-3, "worker": 5e-3, "start": 1.0, "merge": 1e-4}
    return model.Costs(**{**usual, "spread": (0.97, 1.0, 1.03), **changes})


@pytest.mark.parametrize("storage", [None, (1e9, 5e8, 1e3), (2e8, 1e8, 1e3), (1e11, 1e9, 0.2)])
@pytest.mark.parametrize("cores", [1, 7, 64, 256])
def test_formula_and_simulation_agree(model, cores, storage):
    costs = costs_of(model)
    storage = storage and model.Storage("some", *storage)
    size = model.best_task(1e8, cores, costs, storage)
    plan = model.Plan(1e8, cores, size, storage)
    assert model.simulated(plan, costs) == pytest.approx(model.seconds(plan, costs), rel=0.12)


def test_nothing_is_quicker_than_any_of_its_parts(model):
    costs = costs_of(model, spread=(1.0,))
    storage = model.Storage("some", 1e8, 5e7, 50)
    for cores, size in ((1, 1e5), (3, 1e3), (100, 1e4), (500, 1e5)):
        plan = model.Plan(1e6, cores, size, storage)
        took = model.simulated(plan, costs)
        # Rounded up to whole tasks.
        assert took >= plan.n_tasks * size * costs.center / cores
        assert took >= costs.task * plan.n_tasks + costs.worker * cores
        assert took >= plan.centers * costs.row_bytes / storage.bandwidth


def test_one_worker_does_one_task_after_the_other(model):
    costs = costs_of(model, spread=(1.0,), task=0.0, worker=0.0, merge=0.0)
    assert model.simulated(model.Plan(1e6, 1, 1e5), costs) == pytest.approx(1.0 + 10.0)
    # With two, three tasks take as long as two: the third has a worker of its own only half of the time.
    assert model.simulated(model.Plan(3e5, 2, 1e5), costs) == pytest.approx(1.0 + 2.0)


def test_a_scheduler_that_is_slow_decides(model):
    costs = costs_of(model, task=1.0, worker=0.0, spread=(1.0,))
    plan = model.Plan(1e5, 10, 1e3)  # 100 tasks of ten milliseconds
    assert model.simulated(plan, costs) == pytest.approx(100.0, rel=0.05)
    assert model.limits(plan, costs)["scheduling"] == 100.0


def test_times_can_be_given(model):
    costs = costs_of(model, start=0.0, worker=0.0, task=0.0, merge=0.0)
    assert model.simulated(model.Plan(3e5, 3, 1e5), costs, times=[1.0, 5.0, 2.0]) == pytest.approx(5.0)


def test_the_page_shows_what_was_measured(model):
    import json

    import thousand_nodes

    result = json.loads(thousand_nodes.RESULTS.read_text(encoding="utf-8"))
    for name, text in thousand_nodes.page(result).items():
        shown = (ROOT / "docs" / "data" / f"thousand_nodes_{name}.inc").read_text(encoding="utf-8")
        assert shown == text + "\n", name
