"""Checks and hypothesis strategies for fingerprints: ours, and yours.

Each check takes any object with the methods it needs (`transform`, `pullback`, `pushforward`, `derivatives`), raises
`AssertionError` with the numbers that disagree, and returns nothing. Randomness comes from `seed`. The checks need ase;
the strategies in `isoprint.testing.strategies` need hypothesis too.

>>> import isoprint as ip
>>> from ase.build import molecule
>>> soap = ip.SoapTurbo(r_cut=4.0, n_max=4, l_max=3, species=["H", "O"])
>>> ip.testing.assert_invariant(soap, molecule("H2O"))
>>> ip.testing.assert_pullback_is_the_derivative(soap, molecule("H2O"))
"""

from isoprint.testing.checks import (
    assert_invariant,
    assert_jacobian_consistent,
    assert_pullback_is_the_derivative,
    assert_same_for_any_threads,
    assert_smooth_through_cutoff,
    assert_strain_is_the_derivative,
    assert_strain_jacobian_consistent,
    in_general_position,
)

__all__ = [
    "assert_invariant",
    "assert_jacobian_consistent",
    "assert_pullback_is_the_derivative",
    "assert_same_for_any_threads",
    "assert_smooth_through_cutoff",
    "assert_strain_is_the_derivative",
    "assert_strain_jacobian_consistent",
    "in_general_position",
]
