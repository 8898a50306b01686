"""Where the arguments are finite and the answer would not be, that is an error."""

import numpy as np
import pytest
from ase import Atoms

import isoprint as ip
from catalog import acsf, coulomb, overlap, soap, turbo
from odd import WATER, descriptors


def test_what_is_too_large_to_be_answered_is_said():
    """The argument is finite, the answer would not be."""
    for descriptor in (soap(normalize=False), acsf(), coulomb("").descriptor, overlap("").descriptor, *descriptors()):
        blocks = descriptor.derivatives(WATER)
        largest = np.full((3, descriptor.n_features), 1e308)
        for move in (np.where(blocks.dense()[0].sum(-1) > 0, 1e308, -1e308), np.full((3, 3), 1e308)):
            assert not np.isnan(move).any()
            for push in (lambda move: descriptor.pushforward(WATER, move), blocks.pushforward):  # noqa: B023
                _finite_or_refused("displacements", push, move)
        for adjoint in (largest, -largest, largest * np.where(np.arange(descriptor.n_features) % 2, -1.0, 1.0)):
            _finite_or_refused("adjoint", lambda given: descriptor.pullback(WATER, given).positions, adjoint)  # noqa: B023
            _finite_or_refused("adjoint", blocks.pullback, adjoint)
    with pytest.raises(ValueError, match=r"adjoint has entries up to 1e\+308, with which the result is not finite"):
        acsf().pullback(WATER, np.full((3, acsf().n_features), 1e308))
    with pytest.raises(
        ValueError, match=r"displacements has entries up to 1e\+308, with which the result is not finite"
    ):
        coulomb("").descriptor.pushforward(WATER, np.full((3, 3), 1e308) * [[1.0], [-1.0], [-1.0]])


def _finite_or_refused(name, call, argument):
    try:
        found = call(argument)
    except ValueError as refusal:
        assert str(refusal).startswith(f"{name} has entries up to 1e+308")  # noqa: PT017
    else:
        assert np.isfinite(found).all()


def test_strains_count_too():
    """A lattice of one atom: nothing pulls at it, and its strain alone is too large."""
    lattice = Atoms("H", cell=np.eye(3), pbc=True)
    distances = acsf(g4=())
    shape = 1, distances.n_features
    assert np.isfinite(distances.pullback(lattice, np.full(shape, 1e300)).strain).all()
    with pytest.raises(ValueError, match=r"adjoint has entries up to 1e\+308, with which the result is not finite"):
        distances.pullback(lattice, np.full(shape, 1e308))


def test_single_precision_has_an_end():
    """A number that double precision holds is not made infinite on the way out."""
    large = soap(species_weight=1e25, normalize=False)
    rows = large.transform(WATER)
    assert np.isfinite(rows).all()
    single = soap(species_weight=1e25, normalize=False, dtype="float32")
    for call in (
        lambda: single.transform(WATER),
        lambda: large.transform(WATER, out=np.zeros(rows.shape, np.float32)),
        lambda: large.transform(WATER, out=np.zeros(rows.shape[::-1], np.float32).T),
        lambda: single.derivatives(WATER),
        lambda: ip.Hybrid([large], scale=None, dtype="float32").transform(WATER),
        lambda: ip.Hybrid([large], scale=None, dtype="float32").derivatives(WATER),
    ):
        with pytest.raises(ValueError, match=r"beyond the range of float32.*float64"):
            call()
    with pytest.raises(ValueError, match=r"displacements has entries up to .*single precision"):
        single.pushforward(WATER, np.random.default_rng(0).standard_normal((3, 3)))


class Loud:
    """A fingerprint of somebody else with very large numbers: positions, of all atoms as centers."""

    n_features = 3

    def transform(self, atoms, centers=None):
        return 1e250 * atoms.positions[list(centers)]

    def derivatives(self, atoms, centers=None):
        n = len(atoms)
        own = np.array([1e250 * np.eye(3) for _ in centers])
        return ip.Derivatives(own, np.arange(n), np.array(centers), n, n)

    def pullback(self, atoms, adjoint, centers=None):
        with np.errstate(over="ignore"):
            return ip.Pullback(1e250 * adjoint, np.zeros((1, 3, 3)))


def test_factors_of_a_hybrid_have_an_end():
    both = ip.Hybrid([Loud(), turbo()], scale=[1e100, 1.0])
    adjoint = np.full((3, both.n_features), 1e10)
    for call in (both.transform, both.derivatives):
        with pytest.raises(ValueError, match=r"factor 1e\+100 of Loud \(block 'loud'\) are beyond"):
            call(WATER)
    with pytest.raises(ValueError, match=r"^adjoint has entries up to 1e\+10, "):
        both.pullback(WATER, adjoint)
