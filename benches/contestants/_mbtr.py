"""Distances of a crystal and cosines of molecules, for everybody."""

CRYSTAL = {
    "geometry": "distance",
    "grid": {"min": 1.0, "max": 6.0, "sigma": 0.1, "n": 100},
}
MOLECULES = {
    "geometry": "cosine",
    "grid": {"min": -1.0, "max": 1.0, "sigma": 0.05, "n": 100},
    "weighting": {"function": "exp", "scale": 0.5, "threshold": 1e-3},
}


def parameters(scene, case):
    """Geometry, grid, weighting, species and periodicity."""
    from scenes import ELEMENTS

    if scene == "molecules":
        return {**MOLECULES, "species": list(ELEMENTS), "periodic": False}
    # A scale, since DScribe's local class knows no cutoff.
    weighting = {"function": "exp", "scale": 4.605170185988091 / case["r_cut"], "threshold": 1e-2}
    return {**CRYSTAL, "weighting": weighting, "species": ["Si"], "periodic": True}


def takes_part(scene, case):
    """Molecules have one grid, whatever SOAP has."""
    return scene == "silicon" or (scene == "molecules" and case["n_max"] == 4)


def of_dscribe(name, scene, case):
    """DScribe's object of these parameters."""
    import dscribe.descriptors

    given = parameters(scene, case)
    return getattr(dscribe.descriptors, name)(**{**given, "geometry": {"function": given["geometry"]}})


def tasks_of(create, scene):
    """What a function of one frame, or of a list, is timed for."""
    from scenes import one_by_one

    if scene == "silicon":
        return {"features": create}
    return {"rows": create, "one by one": lambda frames: one_by_one(create, frames)}
