"""Structures from which a manifold can be followed."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from hypothesis import given
from hypothesis import strategies as st

import isoprint as ip
from reference_structures import soap, symmetric

ACSF = ip.ACSF.standard()


@pytest.mark.parametrize(
    ("name", "kind", "stretch", "bend", "seeds"),
    [
        ("NH3", "ACSF", 0.07, 0.07, 8),
        pytest.param("NH3", "SOAP", 0.04, 0.16, 8, marks=pytest.mark.slow),
        ("NH3", "SOAP", 0.04, 0.16, 2),
        pytest.param("CH4", "SOAP", 0.02, 0.07, 12, marks=pytest.mark.slow),
        ("CH4", "SOAP", 0.02, 0.07, 2),
        ("CH4", "ACSF", 0.03, 0.03, 4),
    ],
)
def test_helical_starts_lead_to_rings(name, kind, stretch, bend, seeds):
    descriptor = ACSF if kind == "ACSF" else soap(name[0])
    for seed in range(seeds):
        path = ip.follow_manifold(descriptor, ip.helical_start(name, stretch=stretch, bend=bend, seed=seed), 0)
        assert path.closed, seed
        assert path.steps.max() < 2.0 * path.rules.largest_step
        assert len([copy for copy in path.copies if not copy.mirrored and copy.distance < 2e-3]) == 2


@given(stretch=st.floats(0.01, 0.2), bend=st.floats(0.0, 0.2), seed=st.integers(0, 2**63 - 1))
def test_helical_starts_are_circularly_polarized(stretch, bend, seed):
    for name, angle in (("NH3", 106.7), ("CH4", None), ("SiH4", None), ("PH3", None)):
        atoms = ip.helical_start(name, stretch=stretch, bend=bend, seed=seed)
        assert atoms == ip.helical_start(name, stretch=stretch, bend=bend, seed=seed)
        assert atoms.get_chemical_formula() == Atoms(name).get_chemical_formula()
        arms = atoms.positions[1:4] - atoms.positions[0]
        r = np.linalg.norm(arms, axis=1)
        polar = np.arccos(arms[:, 2] / r)
        wave = np.exp(2j * np.pi * np.arange(3) / 3.0)
        bond = np.mean(r)
        assert abs(r @ wave) * 2.0 / 3.0 == pytest.approx(stretch, rel=1e-9)
        assert abs(polar @ wave) * 2.0 / 3.0 * bond == pytest.approx(bend, rel=1e-6, abs=1e-9)
        if bend > 1e-3:
            apart = np.degrees(np.angle((polar @ wave) / (r @ wave)))
            assert abs(apart) == pytest.approx(90.0, abs=1e-5)
        if angle:
            sine = np.sin(np.mean(polar)) * np.sqrt(3.0) / 2.0
            assert np.degrees(2.0 * np.arcsin(min(sine, 1.0))) == pytest.approx(angle, abs=8.0)


def test_random_starts_are_isolated():
    starts = ip.random_starts(ACSF, symmetric("NH3"), 0, amplitude=0.05, n=40, isolation=30.0, seed=1)
    assert 1 <= len(starts) < 40
    isolations = [start.isolation for start in starts]
    assert isolations == sorted(isolations, reverse=True)
    assert isolations[-1] >= 30.0
    assert ip.sensitivity(ACSF, starts[0].frame, 0).isolation == pytest.approx(isolations[0], rel=1e-6)
    assert np.abs(starts[0].frame.positions - symmetric("NH3").positions).max() <= 0.05
    again = ip.random_starts(ACSF, symmetric("NH3"), 0, amplitude=0.05, n=40, isolation=30.0, seed=1)
    assert [start.frame for start in again] == [start.frame for start in starts]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ip.helical_start("H2O"), "one center and three or four like neighbors"),
        (lambda: ip.helical_start("XeQ4"), "molecule is 'XeQ4'"),
        (lambda: ip.helical_start("UF3"), "ase knows no structure of 'UF3'"),
        (lambda: ip.helical_start(4), "molecule is 4"),
        (lambda: ip.helical_start("NH3", stretch=0, bend=0), "both 0"),
        (lambda: ip.helical_start("NH3", stretch=2.0), "stretch is 2.0"),
        (lambda: ip.helical_start("NH3", seed=-1), "seed is -1"),
        (lambda: ip.random_starts(ACSF, molecule("NH3"), 0, amplitude=0.0), "amplitude is 0.0"),
        (lambda: ip.random_starts(ACSF, molecule("NH3"), 0, isolation=0.5), "isolation is 0.5"),
    ],
)
def test_bad_starts_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
