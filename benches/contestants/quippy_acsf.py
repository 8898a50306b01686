"""Symmetry functions of QUIP."""

NAME = "quippy behler"
PACKAGE = "quippy-ase"
OWN = False
TWIN = "isoprint_acsf"
AGREES = 1e-6
ANY_ORDER = True
PARALLEL = ()
NOTE = "without G1, in an order of its own; the wheel runs on one thread whatever is asked"


def tasks(scene, case, threads):
    """What is timed."""
    if scene != "silicon":
        return {}
    from quippy.descriptors import Descriptor

    from contestants._acsf import ANGULAR, BOHR, ETA_2

    r_cut = case["r_cut"]
    functions = [f"2:0:{eta}:0.0:{r_cut / BOHR}" for eta in ETA_2]
    functions += [f"3:0:0:{eta}:{sign}:{zeta}:{r_cut / BOHR}" for eta, zeta, sign in ANGULAR]
    behler = Descriptor(f"behler Z=0 cutoff={r_cut} specification={{{'|'.join(functions)}}}")
    return {
        "features": lambda atoms: behler.calc(atoms)["data"],
        "jacobian": lambda atoms: behler.calc(atoms, grad=True),
    }


def array(task, result, given):
    """What is compared."""
    from contestants._quippy import array

    return array(task, result, given)
