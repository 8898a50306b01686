"""isoprint's classic SOAP with the columns of featomic."""

NAME = "isoprint SOAP.from_featomic"
PACKAGE = "isoprint"
OWN = True
PARALLEL = ("carbon", "molecules")
NOTE = "all n1, n2: n² (l+1) columns for one element"


def tasks(scene, case, threads):
    """What is timed."""
    import isoprint
    from contestants._featomic import hypers
    from contestants._isoprint import soap_tasks

    def make(species, r_cut, case, periodic, average=None):
        # An average of ours: the peer has one row an atom.
        soap = isoprint.SOAP.from_featomic(**hypers(r_cut, case), species=species)
        return soap.set_params(average=average)

    return soap_tasks(make, scene, case, threads)


def array(task, result, given):
    """What is compared."""
    from contestants._isoprint import array

    return array(task, result, given)
