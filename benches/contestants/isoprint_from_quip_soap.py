"""isoprint's classic SOAP with the columns of QUIP."""

NAME = "isoprint SOAP.from_quip"
PACKAGE = "isoprint"
OWN = True
PARALLEL = ("carbon", "molecules")
NOTE = "n1 <= n2, equally spaced Gaussians, one column of a constant"


def tasks(scene, case, threads):
    """What is timed."""
    import isoprint
    from contestants._isoprint import soap_tasks
    from contestants._quippy import soap_string

    def make(species, r_cut, case, periodic, average=None):
        # An average of ours: the peer has one row an atom.
        soap = isoprint.SOAP.from_quip(soap_string(species, r_cut, case))
        return soap.set_params(average=average)

    return soap_tasks(make, scene, case, threads)


def array(task, result, given):
    """What is compared."""
    from contestants._isoprint import array

    return array(task, result, given)
