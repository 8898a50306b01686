"""isoprint's classic SOAP in its own order, the fastest."""

NAME = "isoprint SOAP, own order"
PACKAGE = "isoprint"
OWN = True
PARALLEL = ("carbon", "molecules")
NOTE = "basis gto, n1 <= n2, a cutoff shell of 0.5 Å"


def tasks(scene, case, threads):
    """What is timed."""
    from scenes import SIGMA

    import isoprint
    from contestants._isoprint import soap_tasks

    def make(species, r_cut, case, periodic, **options):
        return isoprint.SOAP(species=species, r_cut=r_cut, sigma=SIGMA, periodic=periodic, **case, **options)

    return soap_tasks(make, scene, case, threads)


def array(task, result, given):
    """What is compared."""
    from contestants._isoprint import array

    return array(task, result, given)
