"""Matrices of whole structures are those of DScribe, whose numbers are kept."""

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

import isoprint as ip

with np.load(Path(__file__).parent / "golden" / "atom_matrices.npz") as file:
    GOLDEN = dict(file)
OURS = {
    "CoulombMatrix": lambda **options: ip.GlobalCoulombMatrix(r_core=1e-6, **options),
    "SineMatrix": lambda **options: ip.SineMatrix(r_core=1e-6, **options),
    "EwaldSumMatrix": lambda **options: ip.EwaldSumMatrix(r_core=1e-6, **{"accuracy": 1e-5, **options}),
}
CASES = sorted(key.removesuffix("/about") for key in GOLDEN if key.endswith("/about"))


def structures(kind):
    """Molecules for the Coulomb matrix, crystals for the others."""
    name = "molecules" if kind == "CoulombMatrix" else "crystals"
    offsets, numbers, positions, cells = (
        GOLDEN[f"{name}/{field}"] for field in ("offsets", "numbers", "positions", "cells")
    )
    return [
        Atoms(numbers[a:b], positions[a:b], cell=cell, pbc=name == "crystals")
        for a, b, cell in zip(offsets[:-1], offsets[1:], cells, strict=True)
    ]


def case_of(case):
    """The class, its options, the options of the sums, and the rows."""
    about = json.loads(str(GOLDEN[f"{case}/about"]))
    return case.partition("/")[0], about["options"], about["sums"], GOLDEN[f"{case}/features"]


@pytest.mark.parametrize("case", CASES)
def test_ours_has_the_same_numbers(case):
    kind, options, sums, expected = case_of(case)
    if options["permutation"] == "random":
        pytest.skip("the noise of ours is another one")
    rows = OURS[kind](n_atoms_max=9, **options, **sums).transform(structures(kind))
    np.testing.assert_allclose(rows, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
