"""What every fingerprint of isoprint is asked to do, scene by scene."""

import inspect

import numpy as np
from scenes import ELEMENTS, R_CUT, one_by_one

from contestants._adjoints import adjoint, together


def frame_tasks(descriptor, threads):
    """Tasks on one frame."""

    def features(atoms):
        return descriptor.transform(atoms, n_jobs=threads)

    def pullback(atoms):
        return descriptor.pullback(atoms, adjoint(len(atoms), descriptor.n_features), n_jobs=threads)

    def both(atoms):
        return features(atoms), pullback(atoms)

    def fused(atoms):
        given = adjoint(len(atoms), descriptor.n_features)
        return descriptor.fused(atoms, lambda rows, features: given[rows.atom], features=True, n_jobs=threads)

    def jacobian(atoms):
        return descriptor.derivatives(atoms, n_jobs=threads)

    features.reach = descriptor.reach
    tasks = {
        "features": features,
        "pullback": pullback,
        "features+pullback": fused if hasattr(descriptor, "fused") else both,
        "jacobian": jacobian,
        # What a peer has to make a Jacobian for, ours does on the way back.
        "pullback by the Jacobian": pullback,
        "strain": pullback,
    }
    if "out" in inspect.signature(descriptor.derivatives).parameters:
        tasks["jacobian into out"] = memory_kept(descriptor, threads)
    return tasks


def memory_kept(descriptor, threads):
    """The Jacobian into an array that was there before."""
    kept = {}

    def jacobian(atoms):
        if len(atoms) not in kept:
            kept[len(atoms)] = np.empty_like(descriptor.derivatives(atoms, n_jobs=threads).values)
        return descriptor.derivatives(atoms, out=kept[len(atoms)], n_jobs=threads)

    return jacobian


def molecule_tasks(make, threads, options=()):
    """Tasks on many molecules; `make` takes options of the constructor."""
    rows = make()

    def many(descriptor):
        def transform(frames):
            return descriptor.transform(frames, n_jobs=threads)

        transform.reach = descriptor.reach
        return transform

    tasks = {
        "rows": many(rows),
        "one by one": lambda frames: one_by_one(lambda atoms: rows.transform(atoms, n_jobs=threads), frames),
        **{average: many(make(average=average)) for average in options},
        "jacobian": lambda frames: one_by_one(lambda atoms: rows.derivatives(atoms, n_jobs=threads), frames),
    }
    if "sparse" in inspect.signature(rows.transform).parameters:
        tasks["sparse rows"] = lambda frames: rows.transform(frames, sparse="scipy", n_jobs=threads)
    return tasks


def script_tasks(make):
    """Tasks of scripts that make descriptors; `make` takes elements and a cutoff."""

    def new_parameters(script):
        return make(["C"], script.r_cut).transform(_one_atom(), n_jobs=1)

    def one_a_molecule(script):
        for atoms in script.molecules:
            make(sorted(set(atoms.symbols)), script.r_cut).transform(atoms, n_jobs=1)

    return {"new parameters": new_parameters, "one a molecule": one_a_molecule}


def _one_atom():
    from ase import Atoms

    return Atoms("C", [[0.0, 0.0, 0.0]])


def soap_tasks(make, scene, case, threads):
    """Tasks of a kind of SOAP; `make` takes elements, a cutoff, a case, whether frames are periodic, and options."""
    if scene == "carbon":
        return frame_tasks(make(["C"], R_CUT, case, True), threads)
    if scene == "molecules":
        return molecule_tasks(
            lambda **options: make(list(ELEMENTS), R_CUT, case, False, **options), threads, ("inner", "outer")
        )
    if scene == "construction":
        return script_tasks(lambda species, r_cut: make(species, r_cut, case, False))
    return {}


def array(task, result, given):
    """Rows, gradients or a Jacobian as one array."""
    if task in ("pullback", "pullback by the Jacobian"):
        return result.positions
    if task == "strain":
        return result.strain[0]
    if task == "features+pullback":
        return result[1].positions if isinstance(result, tuple) else result.positions
    if task.startswith("jacobian"):
        many = result if isinstance(result, list) else [result]
        return np.concatenate([one.dense().ravel() for one in many])
    return together(result)
