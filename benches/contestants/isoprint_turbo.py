"""isoprint's recursive SOAP in its own order."""

NAME = "isoprint SoapTurbo, own order"
PACKAGE = "isoprint"
OWN = True
PARALLEL = ("carbon", "molecules")
NOTE = "basis poly3gauss, exact"


def tasks(scene, case, threads):
    """What is timed."""
    from scenes import SIGMA

    import isoprint
    from contestants._isoprint import soap_tasks

    def make(species, r_cut, case, periodic, **options):
        return isoprint.SoapTurbo(
            species=species, r_cut=r_cut, r_soft=r_cut - 0.5, sigma=SIGMA, basis="poly3gauss", **case, **options
        )

    return soap_tasks(make, scene, case, threads)


def array(task, result, given):
    """What is compared."""
    from contestants._isoprint import array

    return array(task, result, given)
