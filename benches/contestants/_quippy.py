"""Descriptor strings of QUIP, for itself and for their twins, and its tasks."""

import numpy as np
from scenes import ELEMENTS, R_CUT, SIGMA, one_by_one

NUMBERS = {"H": 1, "C": 6, "N": 7, "O": 8, "F": 9}


def soap_string(species, r_cut, case):
    """Classic SOAP, every atom a center."""
    numbers = " ".join(str(n) for n in sorted(NUMBERS[element] for element in species))
    return (
        f"soap l_max={case['l_max']} n_max={case['n_max']} cutoff={r_cut} cutoff_transition_width=0.5"
        f" atom_sigma={SIGMA} n_species={len(species)} species_Z={{{numbers}}} n_Z={len(species)} Z={{{numbers}}}"
    )


def turbo_string(species, r_cut, case):
    """Recursive SOAP of one element."""
    return (
        f"soap_turbo l_max={case['l_max']} alpha_max={{{case['n_max']}}} rcut_hard={r_cut} rcut_soft={r_cut - 0.5}"
        f" atom_sigma_r={{{SIGMA}}} atom_sigma_t={{{SIGMA}}} atom_sigma_r_scaling={{0.0}} atom_sigma_t_scaling={{0.0}}"
        " amplitude_scaling={1.0} central_weight={1.0} radial_enhancement=0 basis=poly3gauss scaling_mode=polynomial"
        f" species_Z={{{NUMBERS[species[0]]}}} n_species=1 central_index=1 add_species=F compress_mode=None"
    )


def frame_tasks(string):
    """Tasks of a descriptor on one frame."""
    from quippy.descriptors import Descriptor

    from contestants._adjoints import contracted

    descriptor = Descriptor(string)

    def jacobian(atoms):
        return descriptor.calc(atoms, grad=True)

    def pullback(atoms):
        found = jacobian(atoms)
        row, atom = found["grad_index_0based"].T
        return contracted(found["grad_data"], row, atom, len(atoms), len(atoms))

    return {
        "features": lambda atoms: descriptor.calc(atoms)["data"],
        "jacobian": jacobian,
        "jacobian into out": jacobian,
        "pullback by the Jacobian": pullback,
    }


def soap_tasks(scene, case):
    """All tasks of classic SOAP."""
    from quippy.descriptors import Descriptor

    if scene == "carbon":
        return frame_tasks(soap_string(["C"], R_CUT, case))
    if scene == "molecules":
        descriptor = Descriptor(soap_string(ELEMENTS, R_CUT, case))
        return {
            "rows": lambda frames: np.concatenate([descriptor.calc(atoms)["data"] for atoms in frames]),
            "jacobian": lambda frames: one_by_one(lambda atoms: descriptor.calc(atoms, grad=True), frames),
        }
    if scene == "construction":
        return script_tasks(soap_string, case)
    return {}


def script_tasks(string, case):
    """A new descriptor and its first row; one for each of many molecules would take minutes."""
    from ase import Atoms
    from quippy.descriptors import Descriptor

    def new_parameters(script):
        return Descriptor(string(["C"], script.r_cut, case)).calc(Atoms("C", [[0, 0, 0]], cell=[20] * 3))["data"]

    return {"new parameters": new_parameters}


def array(task, result, given):
    """A Jacobian with a place for every atom, images of one atom added."""
    from contestants._adjoints import dense, together

    if not task.startswith("jacobian"):
        return together(result)
    results, frames = (result, given) if isinstance(result, list) else ([result], [given])
    arrays = []
    for found, atoms in zip(results, frames, strict=True):
        row, atom = found["grad_index_0based"].T
        arrays.append(dense(found["grad_data"], row, atom, len(atoms), len(atoms)).ravel())
    return np.concatenate(arrays)
