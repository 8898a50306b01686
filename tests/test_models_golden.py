"""Models of silicon, against the same problem solved in 80-bit arithmetic."""

import numpy as np
import pytest

import isoprint as ip
from golden_models import ROWS, descriptors, silicon

# Energy, force on atom 0, dE/d strain xx and xy, local energy of atom 0, for the two test frames.
EXPECTED = {
    ("SOAP", "forces"): [
        (-295.349839038, (1.42309143, -0.74480322, 0.37548128), 45.7416008, 3.4622811, -4.829009580),
        (-293.567500166, (-0.12968983, 0.42999431, -0.56365536), 15.3629090, -7.5702612, -4.567824262),
    ],
    ("SOAP", None): [
        (-294.975808349, (1.51161676, 0.10501829, 0.02186416), 61.1453932, 6.7944820, -4.623690625),
        (-294.855665353, (-0.10888383, 0.04416696, -0.66857535), 42.4109873, -8.5209699, -4.635510114),
    ],
    ("SoapTurbo", "forces"): [
        (-296.499660928, (0.93576405, -0.81820281, -0.21380179), 25.4460583, 6.4552108, -4.738284330),
        (-294.695199251, (-0.11704668, 0.21653832, -0.36950408), -17.8674006, -10.1456213, -4.881389624),
    ],
    ("SoapTurbo", None): [
        (-296.417346238, (0.79642347, -1.21970111, -0.69077075), 34.4846910, 4.8104110, -4.670048777),
        (-294.822941050, (-0.00107607, -0.21962058, -0.55768775), -11.5904431, -11.2099192, -4.889267294),
    ],
}
# Standard deviations of the energy of the first frame, and of its first local energy.
DEVIATIONS = {"SOAP": (1.46756e-2, 6.80572e-2), "SoapTurbo": (9.06219e-3, 1.42280e-3)}


@pytest.fixture(scope="module", params=sorted(descriptors()))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def model(name):
    return ip.models.SparseGP(descriptors()[name], sparse=ROWS).fit(silicon("fit"))


def check(found, expected, frames):
    first = [0, len(frames[0])]
    for place, (energy, force, xx, xy, local) in enumerate(expected):
        strain = found.stress[place] * frames[place].get_volume()
        assert found.energy[place] == pytest.approx(energy, abs=1e-6)
        np.testing.assert_allclose(found.forces[first[place]], force, rtol=0, atol=1e-6)
        assert strain[0, 0] == pytest.approx(xx, abs=1e-5)
        assert strain[0, 1] == pytest.approx(xy, abs=1e-5)
        assert found.energies[first[place]] == pytest.approx(local, abs=1e-7)


def test_energies_and_forces(name, model):
    assert model.e0_["Si"] == pytest.approx(-5.113204676659, abs=1e-11)
    frames = silicon("test")
    check(model.predict(frames, stress=True), EXPECTED[name, "forces"], frames)


def test_energies_alone(name):
    frames = silicon("test")
    model = ip.models.SparseGP(descriptors()[name], sparse=ROWS).fit(silicon("fit"), forces=None)
    check(model.predict(frames, stress=True), EXPECTED[name, None], frames)


def test_standard_deviations(name, model):
    found = model.predict(silicon("test")[0], forces=False, std=True)
    frame, local = DEVIATIONS[name]
    assert found.energy_std[0] == pytest.approx(frame, abs=1e-6)
    assert found.energies_std[0] == pytest.approx(local, abs=1e-6)
