"""No parameter makes a constructor hang, a process end, or a result that is no finite number.

The attempts are the table of `parameter_extremes.py`; here is what must come of them.
"""

import json
import sys

import numpy as np
import pytest
from ase import Atoms

import isoprint as ip
from children import printed
from extreme_values import GROUPS
from naive_turbo import NaiveTurbo, listed

limited = pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps to a limit of memory")

# Prime, so that it meets every value of the table with some parameter.
STRIDE = 23
# Seconds of one core that a constructor may take, on a machine several times slower than usual; and what it may add to
# the memory of a process, in MB.
LONGEST, LARGEST = 8.0, 400

BENT = Atoms("HOH", [[0.76, 0.59, 0.0], [0.0, 0.0, 0.0], [-0.76, 0.59, 0.0]])


def outcomes(group, stride):
    program = f"from parameter_extremes import main; main({group!r}, {stride})"
    return [json.loads(line) for line in printed(program, timeout=3600).splitlines()]


def assert_all_are_good(results):
    assert results
    bad = [f"{result['label']}: {result['bad']}" for result in results if "bad" in result]
    slow = [f"{r['label']}: {r['made']:.1f} s" for r in results if r.get("made", 0.0) > LONGEST]
    large = [f"{r['label']}: {r['memory']} MB" for r in results if r["memory"] > LARGEST]
    assert not bad + slow + large, "\n".join(bad + slow + large)


@limited
def test_mistakes_of_unit_and_size_are_answered_at_once():
    results = outcomes("everyday", 1)
    assert_all_are_good(results)
    assert sum("refused" in result for result in results) >= 12


@limited
@pytest.mark.parametrize("group", GROUPS)
def test_some_extremes_are_finite_or_named(group):
    assert_all_are_good(outcomes(group, STRIDE))


@limited
@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_every_extreme_is_finite_or_named(group):
    assert_all_are_good(outcomes(group, 1))


@pytest.mark.parametrize(
    ("make", "parts"),
    [
        (lambda: turbo(sigma=0.004), ("sigma is 0.004", "with r_cut = 4", "between 0.008 Å and 400 Å", "unit")),
        (lambda: turbo(sigma=0.5, sigma_scaling=1e3), ("sigma_scaling is 1000.0", "between 0.008 Å and 400 Å")),
        (lambda: turbo(r_cut=1e300, sigma=1e299), ("r_cut is 1e+300", "up to 100000 and no shorter than 1e-30")),
        (lambda: turbo(central_weight=1e75), ("central_weight is 1e+75", "between -1e60 and 1e60")),
        (lambda: turbo(species=[6], sigma=5e-324), ("sigma is 5e-324", "with r_cut = 4")),
        (lambda: many(0.01), ("sigma is 118 different widths from 0.0101 Å on", "r_cut = 4", "0.236 Å", "unit")),
        (lambda: soap(sigma=0.001), ("sigma is 0.001", "up to 4 Å", "between 0.002 and 40 Å", "unit")),
        (lambda: soap(r_cut=1001.0), ("r_cut is 1001.0", "up to 1000")),
        (lambda: soap(species_weight=-1e99), ("species_weight is -1e+99", "between -1e60 and 1e60")),
        (
            lambda: soap(weighting={"function": "pow", "r0": 1, "c": 1, "d": 1e-99, "m": 2}),
            ("1e99 at 0 Å", "d = 1e-99"),
        ),
        (lambda: soap(weighting={"function": "exp", "r0": 0.01, "c": 1.0, "d": 0.0}), ("at 4 Å", "r0 = 0.01")),
        (lambda: overlap(radii={"H": 1e-9}), ("width of orbitals of 'H' is 1e-9", "radii", "unit")),
        (lambda: overlap(width_scale=1e9), ("width of orbitals", "width_scale", "between 1e-6 and 1e6 Å")),
        (
            lambda: overlap(orbitals=[(0, 1.0)] * 3001),
            ("number of orbitals is 3001", "on each site there is room for 3000"),
        ),
        (lambda: ip.ACSF(r_cut=4.0, species=["H", "O"], weights=1e99).n_features, ("weights of 'H' is 1e99", "1e60")),
        (
            lambda: ip.Hybrid([turbo(), turbo()], scale=[1e200, 1.0], weights=[1e200, 1.0]).transform(BENT),
            ("entry 0 of scale times weights is 1e+200 times 1e+200", "between 1e-100 and 1e+100"),
        ),
    ],
)
def test_what_is_out_of_range_is_named_with_its_range(make, parts):
    with pytest.raises(ValueError, match=r"\A.{20,300}\Z") as caught:
        make()
    assert all(part in str(caught.value) for part in parts), caught.value


def test_a_weight_that_falls_at_once_is_in_range():
    descriptor = soap(weighting={"function": "exp", "r0": 1.0, "c": 1.0, "d": 1e-300})
    assert np.isfinite(descriptor.transform(BENT)).all()


def compiled(descriptor):
    assert descriptor.n_features
    return descriptor


def turbo(**options):
    standard = {"r_cut": 4.0, "n_max": 4, "l_max": 3, "species": ["H", "O"]}
    return compiled(ip.SoapTurbo(**{**standard, **options}))


def many(narrowest):
    species = range(1, 119)
    return turbo(species=species, sigma={z: narrowest + 1e-4 * z for z in species}, compression="0_0")


def soap(**options):
    return compiled(ip.SOAP(**{"r_cut": 4.0, "n_max": 3, "l_max": 2, "species": ["H", "O"], **options}))


def overlap(**options):
    return compiled(ip.OverlapMatrix(**{"r_cut": 4.0, "species": ["H", "O"], "max_sites": 6, **options}))


@pytest.mark.parametrize(
    ("options", "tolerance"),
    [
        ({"sigma": 0.02}, 1e-10),
        ({"sigma": 0.02, "basis": "poly3gauss"}, 1e-10),
        ({"sigma": 0.03, "sigma_scaling": 1.0}, 1e-10),
        ({"sigma": 0.03, "sigma_scaling": 0.7, "basis": "poly3gauss", "radial_enhancement": 2}, 1e-10),
        ({"sigma": 0.05, "sigma_t_scaling": 2.0}, 1e-10),
        ({"sigma": 0.05, "filter_decay": 20.0, "r_soft": 1.0, "basis": "poly3gauss"}, 1e-10),
        ({"filter_decay": 1e3, "r_soft": 1.0}, 1e-10),
        # A filter of 1e-5 Å, which the slow way does not resolve.
        ({"filter_decay": 1e5, "r_soft": 1.0}, 1e-5),
        ({"filter_decay": 1e-9, "r_soft": 1.0}, 1e-10),
    ],
)
def test_narrow_densities_and_steep_filters_are_what_they_are_defined_as(options, tolerance):
    descriptor = turbo(**options)
    frame = BENT.positions, BENT.numbers, BENT.cell.array, BENT.pbc
    expected = NaiveTurbo(**listed(descriptor._settings([1, 8]))).rows(frame, [0, 1, 2], None)
    assert np.abs(descriptor.transform(BENT) - expected).max() < tolerance


def test_species_of_one_width_share_their_functions_and_keep_their_weights():
    alone, shared = turbo(sigma={"H": 0.3, "O": 0.3}), turbo(sigma=0.3)
    np.testing.assert_array_equal(alone.transform(BENT), shared.transform(BENT))
    weights, decay = {"H": 0.0, "O": 2.0}, {"H": 1.0, "O": 2.0}
    both = turbo(sigma=0.3, central_weight=weights, amplitude_scaling=decay, normalize=False)
    apart = turbo(sigma={"H": 0.3, "O": 0.3 + 1e-14}, central_weight=weights, amplitude_scaling=decay, normalize=False)
    expected = apart.transform(BENT)
    np.testing.assert_allclose(both.transform(BENT), expected, rtol=0, atol=1e-11 * np.abs(expected).max())
