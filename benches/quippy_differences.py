"""How far two results of `Descriptor.calc` are apart, key by key, whatever the order of the neighbors."""

import numpy as np


def differences(ours, theirs):
    """The largest difference of each key that both have; of integers, the number of those that differ.

    Rows of environments are in the order of the atoms in both; rows of pairs and triples, and rows of gradients within
    one row, are matched by atoms and places.
    """
    count = len(theirs["data"]) if theirs["data"].size else 0
    if not count:
        return {"data": 0.0 if ours["data"].shape == theirs["data"].shape else float("inf")}
    ours, theirs = _without_strangers(ours, theirs)
    one, other = _sorted(ours), _sorted(theirs)
    found = {}
    for key in (
        "data",
        "covariance_cutoff",
        "has_data",
        "ci",
        "grad_data",
        "grad_covariance_cutoff",
        "pos",
        "grad_index_0based",
    ):
        if key in theirs:
            found[key] = _apart(one[key], other[key])
    return found


def _without_strangers(ours, theirs):
    """Both without gradients by atoms that the descriptor does not see: in quippy these hold whatever memory held."""
    if "pos" not in theirs or theirs["grad_index_0based"][:, 1].min() >= 0:
        return ours, theirs
    seen = np.unique(theirs["grad_index_0based"][:, 1])
    keys = ("grad_data", "grad_covariance_cutoff", "pos", "grad_index_0based")
    cut = [dict(one) for one in (ours, theirs)]
    for one in cut:
        keep = np.isin(one["grad_index_0based"][:, 1], seen[seen >= 0])
        one.update({key: one[key][keep] for key in keys})
    return cut


def _apart(ours, theirs):
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return float("inf")
    if ours.dtype.kind in "iu":
        return float(np.count_nonzero(ours != theirs))
    return float(np.max(np.abs(ours - theirs), initial=0.0))


def _sorted(result):
    """A result with rows of clusters, and rows of gradients within one row of data, in an order of their own."""
    result = {key: np.asarray(value) for key, value in result.items() if key not in ("has_grad_data", "ii")}
    count = len(result["data"])
    environments = len(result["ci"]) == count and len(np.unique(result["ci"])) == count
    if environments or count == 1:
        return result if "pos" not in result else {**result, **_gradients_of_rows(result)}
    return _clusters(result, count)


def _gradients_of_rows(result):
    """Gradients of environments: those of one center by place. Its own row stays the first."""
    index, pos = result["grad_index_0based"], np.round(result["pos"], 7) + 0.0
    first = np.append(True, index[1:, 0] != index[:-1, 0])
    own = first.copy()
    order = np.lexsort((pos[:, 2], pos[:, 1], pos[:, 0], index[:, 1], ~own, index[:, 0]))
    return {key: result[key][order] for key in ("grad_data", "grad_covariance_cutoff", "pos", "grad_index_0based")}


def _clusters(result, count):
    """Pairs and triples by their numbers, atoms and places; the second and third atom of a triple may change places."""
    members = len(result["ci"]) // count
    ci = result["ci"].reshape(count, -1)
    data = result["data"]
    if "pos" not in result:
        key = np.round(np.column_stack([ci[:, :1], np.sort(data, axis=1), result["covariance_cutoff"]]), 7)
        order = np.lexsort(key.T[::-1])
        third = data.shape[1] == 3 and members == 3
        return {
            **result,
            "data": np.sort(data, axis=1)[order] if third else data[order],
            "covariance_cutoff": result["covariance_cutoff"][order],
            "ci": np.sort(ci, axis=1)[order],
        }
    moved = len(result["pos"]) // count
    pos, atom = result["pos"].reshape(count, moved, 3), result["grad_index_0based"][:, 1].reshape(count, moved)
    grads, weights = (
        result["grad_data"].reshape(count, moved, 3, -1),
        result["grad_covariance_cutoff"].reshape(count, moved, 3),
    )
    data, grads, pos, atom, weights, ci = (np.array(x) for x in (data, grads, pos, atom, weights, ci))
    if moved == 3 and data.shape[1] == 3 and members == 3:
        swap = [tuple(np.round(p[1], 7)) > tuple(np.round(p[2], 7)) for p in pos]
        for array in (pos, atom, weights, grads, ci):
            array[swap, 1], array[swap, 2] = array[swap, 2].copy(), array[swap, 1].copy()
        for array in (data, np.moveaxis(grads, -1, 1)):
            array[swap, 0], array[swap, 1] = array[swap, 1].copy(), array[swap, 0].copy()
    flat = np.round(np.column_stack([atom, pos.reshape(count, -1)]), 6) + 0.0
    order = np.lexsort(flat.T[::-1])
    # The first column is the center here; quippy looks it up in `ci` by the number of the row, which is meant for rows
    # that have one atom each.
    index = np.stack([np.repeat(atom[order][:, :1], moved, axis=1), atom[order]], axis=-1).astype(np.int32)
    return {
        **result,
        "data": data[order],
        "covariance_cutoff": result["covariance_cutoff"][order],
        "ci": ci[order],
        "pos": pos[order],
        "grad_data": grads[order],
        "grad_covariance_cutoff": weights[order],
        "grad_index_0based": index,
    }
