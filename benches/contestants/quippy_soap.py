"""Gaussian SOAP as packaged in quippy-ase."""

NAME = "quippy soap"
PACKAGE = "quippy-ase"
OWN = False
AGAINST = "isoprint_soap"
PARALLEL = False
TASKS = ("features", "jacobian")
NOTE = "equally spaced Gaussians; the wheel runs on one thread whatever is asked"


def cannot(case):
    """Runs everything asked so far."""


def tasks(case, threads):
    """What is timed."""
    from quippy.descriptors import Descriptor

    descriptor = Descriptor(
        f"soap l_max={case['l_max']} n_max={case['n_max']} cutoff={case['r_cut']} cutoff_transition_width=0.5 "
        f"atom_sigma={case['sigma']} n_species=1 species_Z={{6}} n_Z=1 Z={{6}}"
    )
    return {
        "features": lambda atoms: descriptor.calc(atoms)["data"],
        "jacobian": lambda atoms: descriptor.calc(atoms, grad=True)["grad_data"],
    }
