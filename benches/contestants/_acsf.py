"""Ten functions of distance and 48 of angles, for everybody."""

BOHR = 0.52917721090
ETA_2 = (0.001, 0.01, 0.02, 0.035, 0.06, 0.1, 0.2, 0.4, 0.8, 1.6)
ETA_4 = (0.0001, 0.003, 0.008, 0.015, 0.025, 0.045)
ANGULAR = [(eta, zeta, sign) for eta in ETA_4 for zeta in (1, 2, 4, 16) for sign in (-1, 1)]
# Widths per Å² rather than per bohr².
G2 = [(eta / BOHR**2, 0.0) for eta in ETA_2]
G4 = [(eta / BOHR**2, zeta, sign) for eta, zeta, sign in ANGULAR]
NUMBERS = {"Si": [14], "molecules": [1, 6, 7, 8, 9]}


def parameters(scene, case):
    """Arguments of DScribe."""
    from scenes import ELEMENTS

    molecules = scene == "molecules"
    return {
        "species": list(ELEMENTS) if molecules else ["Si"],
        "r_cut": 5.0 if molecules else case["r_cut"],
        "g2_params": G2[:5] if molecules else G2,
        "g4_params": G4[:8] if molecules else G4,
        "periodic": not molecules,
    }


def takes_part(scene, case):
    """Molecules have one set of functions, whatever SOAP has."""
    return scene == "silicon" or (scene == "molecules" and case["n_max"] == 4)
