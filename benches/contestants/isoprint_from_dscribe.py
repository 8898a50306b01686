"""isoprint's classic SOAP with the columns and the padded cutoff of DScribe."""

NAME = "isoprint SOAP.from_dscribe"
PACKAGE = "isoprint"
OWN = True
PARALLEL = ("carbon", "molecules")
NOTE = "n1 <= n2; the cutoff is padded as in DScribe, which sees 2.5 times as many neighbors as the others"


def tasks(scene, case, threads):
    """What is timed."""
    from scenes import SIGMA

    import isoprint
    from contestants._isoprint import soap_tasks

    def make(species, r_cut, case, periodic, average=None):
        return isoprint.SOAP.from_dscribe(
            species=species, r_cut=r_cut, sigma=SIGMA, rbf="gto", periodic=periodic, average=average or "off", **case
        )

    return soap_tasks(make, scene, case, threads)


def array(task, result, given):
    """What is compared."""
    from contestants._isoprint import array

    return array(task, result, given)
