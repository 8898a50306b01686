"""isoprint's recursive SOAP with the columns of soap_turbo."""

NAME = "isoprint SoapTurbo.from_quip"
PACKAGE = "isoprint"
OWN = True
PARALLEL = ("carbon",)
NOTE = "n1 <= n2, exact"


def tasks(scene, case, threads):
    """What is timed."""
    from scenes import R_CUT

    import isoprint
    from contestants._isoprint import frame_tasks
    from contestants._quippy import turbo_string

    if scene != "carbon":
        return {}
    return frame_tasks(isoprint.SoapTurbo.from_quip(turbo_string(["C"], R_CUT, case)), threads)


def array(task, result, given):
    """What is compared."""
    from contestants._isoprint import array

    return array(task, result, given)
