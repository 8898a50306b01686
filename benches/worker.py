"""The process in which one contestant runs one case, and takes its turns."""

import importlib
import sys
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import turns
from scenes import SCENES


def as_it_is(task, result, given):
    """The result of a contestant that says nothing of arrays."""
    return result


def neighbors(tasks, place):
    """How many neighbors a center has on average within the reach of the fingerprint."""
    import isoprint

    reach = next((task.reach for task in tasks.values() if hasattr(task, "reach")), None)
    if reach is None:
        return None
    given = place.make(place.least)
    found = [isoprint.neighbors(atoms, reach).offsets for atoms in (given if isinstance(given, list) else [given])]
    return sum(int(offsets[-1]) for offsets in found) / sum(len(offsets) - 1 for offsets in found)


def prepare(contestant, scene, case, threads):
    """What there is, and a function that makes a call of a task and a size."""
    module = importlib.import_module(f"contestants.{contestant}")
    tasks = module.tasks(scene, case, threads)
    place = SCENES[scene]
    inputs = {}

    def make(task, size):
        if size not in inputs:
            inputs[size] = place.make(size)
        given, array = inputs[size], getattr(module, "array", as_it_is)
        return turns.Call(
            tasks[task],
            lambda: place.fresh(given),
            place.units(task, given),
            lambda: array(task, tasks[task](given), given),
        )

    about = {"calls": list(tasks), "numpy": version("numpy"), "python": sys.version.split()[0]}
    if module.OWN:
        import isoprint
        from isoprint import _core

        seen = neighbors(tasks, place) if scene != "construction" else None
        return {"version": isoprint.__version__, "isa": _core.isa(), "neighbors": seen, **about}, make
    return {"version": version(module.PACKAGE), **about}, make


if __name__ == "__main__":
    turns.serve(prepare)
