"""Agreement with reference numbers: 60-digit arithmetic, and the digits of the program that introduced recursive SOAP.

What the file holds and who computed it: `golden/README.md`.
"""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.data import chemical_symbols

from isoprint import SoapTurbo


@cache
def golden():
    """Fields by case."""
    cases = {}
    with np.load(Path(__file__).parent / "golden" / "soap_turbo.npz") as file:
        for key in file.files:
            case, field = key.split("/")
            cases.setdefault(case, {})[field] = file[key]
    return cases


CASES = list(golden())
PEER_CASES = [name for name, case in golden().items() if "features_quippy" in case]


class Case:
    """One case: its frame, its descriptor, its numbers."""

    def __init__(self, name):
        self.numbers = golden()[name]
        self.atoms = Atoms(**{k: self.numbers[k] for k in ("numbers", "positions", "cell", "pbc")})
        self.string = str(self.numbers["string"])
        self.name = name

    def __getitem__(self, field):
        return self.numbers[field]

    @property
    def n_max(self):
        """Largest number of radial functions of one species, read from the string itself."""
        text = self.string.split("alpha_max={")[1].split("}")[0]
        return max(map(int, text.split()))

    def descriptor(self, **options):
        """The peer's string in, our descriptor out."""
        return SoapTurbo.from_quip(self.string, **options)

    def basis_matrices(self):
        """The peer's own orthonormalizing matrices, by element."""
        return {chemical_symbols[z]: self[f"basis_matrix_{s}"] for s, z in enumerate(self["species"])}


@pytest.fixture(params=CASES)
def case(request):
    return Case(request.param)


@pytest.fixture(params=PEER_CASES)
def peer_case(request):
    return Case(request.param)


def assert_close(got, expected, tolerance):
    """The largest difference is at most `tolerance` times the largest expected value, or 1 if that is smaller."""
    assert got.shape == expected.shape
    error = np.abs(got - expected).max() / max(1.0, np.abs(expected).max())
    assert error <= tolerance, f"off by {error:.1e}, allowed {tolerance:.0e}"


def test_every_case_is_there():
    assert len(CASES) == 22
    assert len(PEER_CASES) == 17


def test_features(case):
    gauss_16 = "poly3gauss" in case.string and case.n_max >= 16
    got = case.descriptor().transform(case.atoms, centers=case["centers"])
    assert_close(got, case["features_exact"], 1e-11 if gauss_16 else 1e-12)


def test_length_before_normalization(case):
    raw = case.descriptor().set_params(normalize=False).transform(case.atoms, centers=case["centers"])
    np.testing.assert_allclose(np.linalg.norm(raw, axis=1), case["norm_exact"], rtol=1e-11)


def test_centers_of_the_string_are_the_default(peer_case):
    got = peer_case.descriptor().transform(peer_case.atoms)
    assert_close(got, peer_case["features_exact"], 1e-12)


def test_jacobian(case):
    got = case.descriptor().derivatives(case.atoms, centers=case["jacobian_centers"]).dense()
    assert_close(got, case["jacobian_exact"], 1e-11)


def test_pullback(case):
    got = case.descriptor().pullback(case.atoms, case["adjoint"], centers=case["centers"])
    assert_close(got.positions, case["pullback_exact"], 1e-10)


def test_pushforward(case):
    velocity = np.random.default_rng(0).standard_normal((len(case.atoms), 3))
    got = case.descriptor().pushforward(case.atoms, velocity, centers=case["jacobian_centers"])
    assert_close(got, np.einsum("kjcf,jc->kf", case["jacobian_exact"], velocity), 1e-10)


def test_reference_policy_with_own_basis(peer_case):
    """From 7 functions on rounding of the orthonormalization alone moves the peer's features by 1e-7 to 1e-5."""
    if peer_case.n_max > 6:
        pytest.skip("the peer's digits need the peer's matrix here")
    got = peer_case.descriptor(policy="reference").transform(peer_case.atoms, centers=peer_case["centers"])
    assert_close(got, peer_case["features_quippy"], 1e-10)


def test_reference_policy_with_the_peers_basis(peer_case):
    soap = peer_case.descriptor(policy="reference", basis_matrix=peer_case.basis_matrices())
    assert_close(soap.transform(peer_case.atoms, centers=peer_case["centers"]), peer_case["features_quippy"], 1e-10)
    first = peer_case["jacobian_centers"][:1]
    assert_close(soap.derivatives(peer_case.atoms, centers=first).dense(), peer_case["jacobian_quippy"], 1e-9)


def test_exact_is_near_the_peer(peer_case):
    """A smoke test of the meaning of every parameter: the peer itself is only good to 1e-5."""
    allowed = 5e-4 if peer_case.name == "broad_sigma_reference_broken" else 1e-5
    got = peer_case.descriptor().transform(peer_case.atoms, centers=peer_case["centers"])
    assert_close(got, peer_case["features_quippy"], allowed)
