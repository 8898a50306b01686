"""Which instructions the kernels use, and how a user says so."""

import pytest

from children import python

FAMILIES = ["baseline", "avx2", "avx512"]


def started(value, code="import isoprint; print(isoprint._core.isa())"):
    return python("-c", code, variables={"ISOPRINT_ISA": value})


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_used_where_the_processor_has_it(family):
    best = started(None).stdout.strip()
    wanted = min(family, best, key=FAMILIES.index)
    assert started(family).stdout.strip() == wanted


def test_an_empty_variable_asks_for_nothing():
    assert started("").stdout == started(None).stdout


@pytest.mark.parametrize("unknown", ["avx", "AVX512", "sse2", " avx2", "0"])
def test_an_unknown_family_is_an_error_that_names_those_there_are(unknown):
    done = started(unknown)
    assert done.returncode == 1
    message = done.stderr.splitlines()[-1]
    assert message.startswith(f'ValueError: ISOPRINT_ISA is "{unknown}"')
    assert all(f'"{family}"' in message for family in FAMILIES)


def test_families_agree_to_the_last_digits():
    code = """
import numpy as np, isoprint as ip
from ase.build import molecule
frame = molecule("CH3CH2OH")
for kind in (ip.SoapTurbo, ip.SOAP):
    soap = kind(r_cut=4.0, n_max=6, l_max=6, species=["C", "H", "O"])
    rows = soap.transform(frame)
    print(*map(float.hex, rows.ravel()), *map(float.hex, soap.pullback(frame, np.cos(rows)).positions.ravel()))
"""
    numbers = [[float.fromhex(word) for word in started(family, code).stdout.split()] for family in FAMILIES]
    assert len(numbers[0]) > 2000
    for other in numbers[1:]:
        assert other == pytest.approx(numbers[0], rel=0, abs=1e-13)
