"""soap_turbo as packaged in quippy-ase. The wheel keeps its radial basis per process: one process a case."""

NAME = "quippy soap_turbo"
PACKAGE = "quippy-ase"
OWN = False
AGAINST = "isoprint_turbo"
PARALLEL = False
TASKS = ("features", "jacobian")
NOTE = "basis poly3gauss; the wheel runs on one thread whatever is asked"


def cannot(case):
    """The program refuses large bases."""
    return "more than 11 radial functions abort the process" if case["n_max"] > 11 else None


def tasks(case, threads):
    """What is timed."""
    from quippy.descriptors import Descriptor

    r, sigma = case["r_cut"], case["sigma"]
    descriptor = Descriptor(
        f"soap_turbo l_max={case['l_max']} alpha_max={{{case['n_max']}}} rcut_hard={r} rcut_soft={r - 0.5} "
        f"atom_sigma_r={{{sigma}}} atom_sigma_t={{{sigma}}} atom_sigma_r_scaling={{0.0}} atom_sigma_t_scaling={{0.0}} "
        "amplitude_scaling={1.0} central_weight={1.0} radial_enhancement=0 basis=poly3gauss scaling_mode=polynomial "
        "species_Z={6} n_species=1 central_index=1 add_species=F compress_mode=None"
    )
    return {
        "features": lambda atoms: descriptor.calc(atoms)["data"],
        "jacobian": lambda atoms: descriptor.calc(atoms, grad=True)["grad_data"],
    }
