"""featomic's power spectrum as MDescriptor has it."""

NAME = "MDescriptor SoapPowerSpectrum"
PACKAGE = "MDescriptor"
OWN = False
TWIN = "isoprint_from_featomic"
AGREES = 1e-6
PARALLEL = ("carbon",)
NOTE = "no derivatives"


def tasks(scene, case, threads):
    """What is timed."""
    if scene != "carbon":
        return {}
    from mdescriptor import ExecutionOptions
    from mdescriptor.descriptors import SoapPowerSpectrum
    from scenes import R_CUT, SIGMA

    spectrum = SoapPowerSpectrum(
        species=[6], cutoff=R_CUT, density_width=SIGMA, max_radial=case["n_max"] - 1, max_angular=case["l_max"],
        execution=ExecutionOptions(num_threads=threads),
    )  # fmt: skip
    return {"features": lambda atoms: spectrum.compute(atoms).values}
