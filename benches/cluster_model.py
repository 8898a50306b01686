"""What many workers that share one scheduler and one storage take: in a formula, and in a simulation that checks it.

Nothing here knows fingerprints. `Costs` are measured by `thousand_nodes.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log

import numpy as np

# Tasks that a worker of dask holds: one that runs, and one that waits.
HELD = 2


@dataclass(frozen=True)
class Costs:
    """Seconds and bytes, measured on one machine."""

    center: float
    """Seconds of one core for one center."""
    row_bytes: float
    """Of the features of one center, with what says which it is."""
    task: float
    """Seconds that the scheduler, which is one thread, is busy with a task."""
    worker: float
    """Seconds that it is busy with a worker that comes."""
    start: float
    """Seconds until a new process has described its first structure."""
    merge: float
    """Seconds to merge two sums."""
    spread: tuple[float, ...]
    """Times of tasks of equal size, relative to their mean."""


@dataclass(frozen=True)
class Storage:
    """A file system that all workers share."""

    name: str
    bandwidth: float
    """Bytes a second, all streams together."""
    stream: float
    """Bytes a second of one stream at most."""
    files: float
    """Files that it can make in a second."""


@dataclass(frozen=True)
class Plan:
    """How some work is cut."""

    centers: float
    cores: int
    task_centers: float
    storage: Storage | None = None
    file_bytes: float = 2**26
    """Of a file of the store."""

    @property
    def n_tasks(self) -> int:
        """Tasks."""
        return ceil(self.centers / self.task_centers)


def limits(plan: Plan, costs: Costs) -> dict[str, float]:
    """Seconds that each part needs if nothing else takes any time; the longest decides.

    Workers come before tasks do. The last tasks end when the slowest of all cores does: with a whole number of tasks,
    half a task more than an equal share on average, and the expected largest of as many sums of times that vary.
    """
    coming = costs.worker * plan.cores
    begin = max(costs.start, coming)
    share = plan.n_tasks / plan.cores
    one = plan.task_centers * costs.center
    slowest = np.std(costs.spread) * np.sqrt(2.0 * share * log(max(plan.cores, 2)))
    found = {
        "computing": begin + one * (max(share, ceil(share) - 0.5) + slowest),
        "scheduling": coming + costs.task * plan.n_tasks,
    }
    if plan.storage is not None:
        n_bytes = plan.centers * costs.row_bytes
        # Nothing is written before the first task has ended.
        streams = min(plan.storage.bandwidth, plan.cores * plan.storage.stream)
        found["writing"] = begin + one + n_bytes / streams
        found["making files"] = begin + one + ceil(n_bytes / plan.file_bytes) / plan.storage.files
    else:
        # Each core merges what it has, then half of those that are left merge with the other half.
        found["computing"] += costs.merge * (share + log(max(plan.cores, 2), 2))
    return found


def seconds(plan: Plan, costs: Costs) -> float:
    """By the formula."""
    return max(limits(plan, costs).values())


def simulated(plan: Plan, costs: Costs, *, seed: int = 0, times: Sequence[float] | None = None) -> float:
    """By playing it through, event by event.

    Workers of one thread come one after the other to a scheduler, and hold a task more than they compute. What a task
    has computed is written while the next is computed, by as many streams as the storage has. `times` are those of
    the tasks, drawn by default.
    """
    import simpy

    rng = np.random.default_rng(seed)
    world = simpy.Environment()
    scheduler = simpy.Resource(world)
    disk = None
    if plan.storage is not None:
        disk = simpy.Resource(world, max(1, round(plan.storage.bandwidth / plan.storage.stream)))
    drawn = rng.choice(costs.spread, plan.n_tasks) * plan.task_centers * costs.center if times is None else times
    left = iter(drawn)

    def busy(resource, time):
        with resource.request() as turn:
            yield turn
            yield world.timeout(time)

    def fetch(room, held):
        yield from busy(scheduler, costs.worker)
        while True:
            yield room.get(1)
            time = next(left, None)
            if time is not None:
                yield from busy(scheduler, costs.task)
            yield held.put(time)
            if time is None:
                return

    def write(room):
        n_bytes = plan.task_centers * costs.row_bytes
        yield from busy(disk, n_bytes / plan.storage.stream)
        yield from busy(metadata, n_bytes / plan.file_bytes / plan.storage.files)
        yield room.put(1)

    def work():
        writing = []
        room, held = simpy.Container(world, init=HELD), simpy.Store(world)
        world.process(fetch(room, held))
        yield world.timeout(costs.start)
        while (time := (yield held.get())) is not None:
            yield world.timeout(time)
            if disk is None:
                yield world.timeout(costs.merge)
                yield room.put(1)
            else:
                writing.append(world.process(write(room)))
        yield simpy.AllOf(world, writing)

    metadata = simpy.Resource(world)
    workers = [world.process(work()) for _ in range(plan.cores)]
    world.run(until=simpy.AllOf(world, workers))
    merges = 0.0 if plan.storage is not None else costs.merge * log(max(plan.cores, 2), 2)
    return float(world.now) + merges


def best_task(centers: float, cores: int, costs: Costs, storage: Storage | None = None) -> float:
    """Centers of a task: as many as take no more than two percent longer than the best by the formula.

    Between a thousand and a million, whose rows are a gigabyte.
    """
    sizes = np.geomspace(1e3, 1e6, 61)
    times = np.array([seconds(Plan(centers, cores, size, storage), costs) for size in sizes])
    return float(sizes[times <= 1.02 * times.min()].max())
