"""Writes `dscribe_calls.npz`: what DScribe answers to calls of every form.

    python tests/golden/make_dscribe_calls.py

Needs `pip install dscribe==2.1.2 "ase<3.26"`. Only its output is stored.
"""

import json
from pathlib import Path

import dscribe
import dscribe.descriptors
import numpy as np
from ase import Atoms
from ase.build import bulk, molecule

# In the order of a list; a call names them.
FRAMES = {
    "water": molecule("H2O"),
    "carbon dioxide": molecule("CO2"),
    "methane": molecule("CH4"),
    "salt": bulk("NaCl", "rocksalt", a=5.6),
    "bent salt": Atoms(
        "NaCl", [[0.1, 0.2, 0.0], [2.7, 0.1, 0.3]], cell=[[3.9, 0, 0], [0.3, 4.1, 0], [0, 0.2, 4.4]], pbc=[1, 1, 0]
    ),
}  # fmt: skip

SOAP = {"r_cut": 3.0, "n_max": 2, "l_max": 2, "sigma": 0.5, "species": ["O", "H", "C"]}
SALT = {**SOAP, "species": [17, 11], "periodic": True}
ACSF = {"r_cut": 4.0, "g2_params": [[1.0, 1.0]], "g4_params": [[0.1, 2, 3]], "species": ["O", "H", "C"]}
POW = {"function": "pow", "r0": 1.5, "c": 1.0, "d": 0.8, "m": 3.0}

# Name, class, its arguments, method, frames (a list where a list is given), keywords.
CALLS = [
    ("soap", "SOAP", SOAP, "create", "water", {}),
    ("soap of one in a list", "SOAP", SOAP, "create", ["water"], {}),
    ("soap of equal ones", "SOAP", SOAP, "create", ["water", "carbon dioxide"], {}),
    ("soap of unequal ones", "SOAP", SOAP, "create", ["water", "methane"], {}),
    ("soap of points", "SOAP", SOAP, "create", "water", {"centers": [[0.1, 0.2, 0.3], [1.0, 0.0, 0.0]]}),
    ("soap of atoms from the end", "SOAP", SOAP, "create", "methane", {"centers": [-1, 0, -5]}),
    ("soap of atoms and points", "SOAP", SOAP, "create", "water", {"centers": [1, [0.1, 0.2, 0.3]]}),
    ("soap of some", "SOAP", SOAP, "create", ["water", "methane"], {"centers": [[0, 2], [4, 1]]}),
    ("soap of some and all", "SOAP", SOAP, "create", ["water", "methane"], {"centers": [None, [4]]}),
    ("soap in single precision", "SOAP", {**SOAP, "dtype": "float32"}, "create", "water", {}),
    ("sparse soap", "SOAP", {**SOAP, "sparse": True}, "create", ["water", "carbon dioxide"], {}),
    ("inner average", "SOAP", {**SOAP, "average": "inner"}, "create", "water", {}),
    ("outer averages", "SOAP", {**SOAP, "average": "outer"}, "create", ["water", "methane"], {}),
    ("outer average of some", "SOAP", {**SOAP, "average": "outer"}, "create", "methane", {"centers": [0, 1]}),
    ("polynomials", "SOAP", {**SOAP, "rbf": "polynomial"}, "create", "methane", {}),
    ("weighting", "SOAP", {**SOAP, "weighting": POW}, "create", "methane", {}),
    ("weight of the center", "SOAP", {**SOAP, "weighting": {"w0": 0.0}}, "create", "water", {}),
    ("weighting that tells the cutoff", "SOAP", {**SOAP, "weighting": POW, "r_cut": None}, "create", "water", {}),
    ("far cutoff", "SOAP", {**SOAP, "r_cut": 400.0, "sigma": 1.0}, "create", "methane", {}),
    ("mu1nu1", "SOAP", {**SOAP, "compression": {"mode": "mu1nu1"}}, "create", "water", {}),
    (
        "mu2 with weights", "SOAP",
        {**SOAP, "compression": {"mode": "mu2", "species_weighting": {"O": 2.0, "H": 0.5, "C": 1.0}}},
        "create", "water", {},
    ),
    ("crossover", "SOAP", {**SOAP, "compression": {"mode": "crossover"}}, "create", "methane", {}),
    ("species twice", "SOAP", {**SOAP, "species": ["H", "O", "H"]}, "create", "water", {}),
    ("periodic soap", "SOAP", SALT, "create", "salt", {}),
    ("periodic along two axes", "SOAP", SALT, "create", "bent salt", {}),
    ("cell that does not matter", "SOAP", {**SALT, "periodic": False}, "create", "salt", {}),
    ("derivatives", "SOAP", SOAP, "derivatives", "water", {}),
    ("derivatives, attached", "SOAP", SOAP, "derivatives", "water", {"attach": True}),
    ("derivatives of one in a list", "SOAP", SOAP, "derivatives", ["water"], {"attach": True}),
    ("derivatives of equal ones", "SOAP", SOAP, "derivatives", ["water", "carbon dioxide"], {"attach": True}),
    ("derivatives of unequal ones", "SOAP", SOAP, "derivatives", ["water", "methane"], {"centers": [[0], [1]]}),
    ("derivatives by some", "SOAP", SOAP, "derivatives", "methane", {"include": [3, 0], "centers": [1]}),
    ("derivatives but by some", "SOAP", SOAP, "derivatives", ["water", "carbon dioxide"], {"exclude": [1]}),
    ("derivatives alone", "SOAP", SOAP, "derivatives", "water", {"return_descriptor": False}),
    ("derivatives of points", "SOAP", SOAP, "derivatives", "water", {"centers": [[0.1, 0.2, 0.3]], "attach": True}),
    ("derivatives in single precision", "SOAP", {**SOAP, "dtype": "float32"}, "derivatives", "water", {}),
    ("sparse derivatives", "SOAP", {**SOAP, "sparse": True}, "derivatives", ["water", "carbon dioxide"], {}),
    ("derivatives of an average", "SOAP", {**SOAP, "average": "inner"}, "derivatives", "water", {"attach": True}),
    ("numerical derivatives", "SOAP", SOAP, "derivatives", "water", {"method": "numerical"}),
    ("periodic derivatives", "SOAP", SALT, "derivatives", "bent salt", {"attach": True}),
    ("acsf", "ACSF", ACSF, "create", "water", {}),
    ("acsf of unequal ones", "ACSF", ACSF, "create", ["water", "methane"], {}),
    (
        "acsf of some", "ACSF", {**ACSF, "g3_params": [0.7], "g5_params": [[0.2, 1.5, -1]]},
        "create", "methane", {"centers": [0, 3]},
    ),
    ("periodic acsf", "ACSF", {**ACSF, "species": ["Na", "Cl"], "periodic": True}, "create", "bent salt", {}),
    ("sparse acsf", "ACSF", {**ACSF, "sparse": True, "dtype": "float32"}, "create", ["water", "carbon dioxide"], {}),
    ("derivatives of acsf", "ACSF", ACSF, "derivatives", "water", {"attach": True}),
]  # fmt: skip


def parts(answer):
    """What a call returned: a form, and its arrays."""
    if isinstance(answer, tuple):
        forms, arrays = zip(*map(parts, answer), strict=True)
        return ["tuple", *forms], [array for group in arrays for array in group]
    if isinstance(answer, list):
        return ["list", len(answer)], [parts(one)[1][0] for one in answer]
    if hasattr(answer, "todense"):
        return ["sparse"], [answer.todense()]
    return ["array"], [answer]


def main():
    found = {}
    for name, kind, arguments, method, frames, keywords in CALLS:
        given = [FRAMES[one].copy() for one in frames] if isinstance(frames, list) else FRAMES[frames].copy()
        descriptor = getattr(dscribe.descriptors, kind)(**json.loads(json.dumps(arguments)))
        form, arrays = parts(getattr(descriptor, method)(given, **keywords))
        about = {"kind": kind, "arguments": arguments, "method": method, "frames": frames, "keywords": keywords}
        found[f"{name}/about"] = json.dumps({**about, "form": form, "version": dscribe_version()})
        found.update({f"{name}/{place}": array for place, array in enumerate(arrays)})
    for name, frame in FRAMES.items():
        found[f"frames/{name}"] = json.dumps(
            {
                "numbers": frame.numbers.tolist(), "positions": frame.positions.tolist(),
                "cell": frame.cell.array.tolist(), "pbc": frame.pbc.tolist(),
            }
        )  # fmt: skip
    np.savez_compressed(Path(__file__).parent / "dscribe_calls.npz", **found)


def dscribe_version():
    from importlib.metadata import version

    return version("dscribe")


if __name__ == "__main__":
    main()
