"""Compares the arrays of every peer with those of its twin, before anything is timed."""

import numpy as np
import turns
from tables import case_of


def difference(ours, theirs):
    """The largest difference in parts of the largest number; infinite where shapes differ."""
    if ours.shape != theirs.shape:
        return float("inf")
    if ours.size == 0:
        return 0.0
    return float(np.max(np.abs(ours - theirs)) / np.max(np.abs(ours)))


def difference_in_any_order(ours, theirs):
    """The same for rows of which the columns are in another order: each of theirs beside the nearest of ours."""
    apart = np.abs(ours[:, None, :] - theirs[:, :, None]).max(axis=0)
    return float(np.max(apart.min(axis=1)) / np.max(np.abs(theirs)))


def arrays_of(worker, tasks, folder):
    """Results of the tasks of one worker on the small input, by task; what fails is left out."""
    found = {}
    for task in tasks:
        if task in worker.about["calls"]:
            path = folder / f"{worker.name} {task}.npy".replace("+", " ")
            try:
                about = worker.ask(save=task, size=worker.scene.least, path=str(path))
            except turns.Failed as problem:
                found[task] = (None, {"shape": None, "dtype": None, "failed": str(problem)})
            else:
                found[task] = (np.load(path), about)
                path.unlink()
    return found


def compare(workers, tasks, folder):
    """One entry for each peer and task that its twin has too: columns, types, difference."""
    by_name = {worker.name: worker for worker in workers}
    entries, ours = [], {}
    for worker in workers:
        twin = getattr(worker.contestant, "TWIN", None)
        if twin not in by_name:
            continue
        if twin not in ours:
            ours[twin] = arrays_of(by_name[twin], tasks, folder)
        for task, (array, about) in arrays_of(worker, tasks, folder).items():
            if task not in ours[twin]:
                continue
            own = ours[twin][task][0]
            if array is not None and array.size == 0:
                continue  # a script that keeps nothing
            entry = {
                "contestant": worker.name,
                "twin": twin,
                "scene": worker.order["scene"],
                "case": case_of(worker.order["case"]),
                "task": task,
                "shape": about["shape"],
                "dtype": about["dtype"],
                "neighbors": by_name[twin].about.get("neighbors"),
            }
            if array is None or own is None:
                failed = about.get("failed") or ours[twin][task][1].get("failed")
                entries.append({**entry, "difference": None, "agrees": False, "failed": failed})
                continue
            in_order = not getattr(worker.contestant, "ANY_ORDER", False)
            if not in_order and array.ndim != 2:
                continue  # a Jacobian has the order of its columns; that of the rows has been seen to be right
            error = (difference if in_order else difference_in_any_order)(own, array)
            accuracy = worker.contestant.AGREES
            shown = error if np.isfinite(error) else None
            entries.append({**entry, "difference": shown, "accuracy": accuracy, "agrees": error <= accuracy})
    return entries
