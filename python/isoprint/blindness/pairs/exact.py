"""Pairs of environments that differ only in how the angles between bonds are connected."""

from __future__ import annotations

from itertools import combinations, permutations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isoprint._support.arrays import plain, short_repr
from isoprint._support.parameters import real, whole
from isoprint.blindness.pairs._molecules import center_and_neighbors
from isoprint.blindness.pairs.pair import DegeneratePair, Pairs, apart, placed

Floats = NDArray[np.float64]

N_NEIGHBORS = 4
_EDGES = tuple(combinations(range(N_NEIGHBORS), 2))
# Points on a line between two random sets of directions, among which sign changes are looked for.
_POINTS = 33
# The second smallest eigenvalue of the exchanged cosines is at least this: bonds that are nearly in a plane are no use.
_LEAST_EIGENVALUE = 0.05
# What the smallest eigenvalue may be at its zero: rounding.
_ZERO = 1e-14
# Lines that are tried for each pair that is wanted.
_LINES = 500


def degenerate_pairs(
    molecule: Any = "CH4",
    *,
    n: int = 10,
    radii: Any = None,
    min_separation: float = 0.1,
    min_distance: float = 0.7,
    seed: int = 0,
) -> Pairs[DegeneratePair]:
    """Make pairs of environments that no fingerprint of distances and angles can tell apart.

    A center with four neighbors has six angles. Fingerprints such as SOAP and ACSF know of each angle between which
    elements and at which distances it is, but not how the six hang together. Where two neighbors are alike and
    equally far, angles can be exchanged so that these fingerprints stay the same, to the last digit, and the shape does
    not.

    Parameters
    ----------
    molecule : str
        The center and its four neighbors, such as "CH4", "SiH4" or "CH3F".
    n : int
        Pairs to make.
    radii : float or sequence of four floats, optional
        Distances of the neighbors in Å. `None`: the bond length of methane, or the sum of covalent radii.
    min_separation : float
        Pairs nearer to each other than this, in Å, are left out: they are congruent, or nearly so.
    min_distance : float
        Environments with neighbors nearer to each other than this, in Å, are left out.
    seed : int
        Of all random choices.

    Returns
    -------
    list of DegeneratePair
        Frames `a` and `b`, and `distance(descriptor)`.

    Examples
    --------
    >>> import isoprint as ip
    >>> pairs = ip.degenerate_pairs("CH4", n=3)
    >>> soap = ip.SOAP(r_cut=4.0, n_max=6, l_max=6, species=["H", "C"])
    >>> om = ip.OverlapMatrix(r_cut=4.0, species=["H", "C"])
    >>> all(pair.distance(soap) < 1e-12 < 1e-3 < pair.distance(om) for pair in pairs)
    True

    Notes
    -----
    S. N. Pozdnyakov et al., Phys. Rev. Lett. 125, 166001 (2020), showed that such pairs exist. Here, unit vectors of
    the bonds move along a line between two random sets. The matrix of their cosines has rank three; after an exchange
    that no relabeling of neighbors could make, it has so only where its determinant passes through zero, and there
    its eigenvectors give the other environment. In the space of all environments these are a set of codimension two.
    """
    numbers, default = center_and_neighbors(molecule, N_NEIGHBORS)
    distances = _radii(radii, default)
    wanted = whole("n", n, 1, 100_000)
    farther = real("min_separation", min_separation, above=0.0, remedy="it must be a positive number of Å")
    least = real("min_distance", min_distance, least=0.0, remedy="it must be a number of Å that is not negative")
    rng = np.random.default_rng(whole("seed", seed, 0, 2**63 - 1))
    exchanges = _exchanges(list(zip(numbers[1:], distances.tolist(), strict=True)))
    found: Pairs[DegeneratePair] = Pairs()
    for _ in range(_LINES * wanted):
        exchange = exchanges[rng.integers(len(exchanges))]
        ends = rng.standard_normal((2, N_NEIGHBORS, 3))
        for pair in _on_line(ends, exchange, distances, np.array(numbers)):
            near = np.full((len(numbers), len(numbers)), least)
            if pair.separation >= farther and all(apart(frame.positions, near) for frame in pair.frames):
                found.append(pair)
                break
        if len(found) == wanted:
            return found
    raise ValueError(
        f"only {len(found)} of {wanted} pairs were found with min_separation {min_separation!r} and min_distance"
        f" {min_distance!r}; lower them"
    )


def _radii(given: Any, default: list[float]) -> Floats:
    remedy = "it must be a positive number of Å"
    if given is None:
        return np.array(default)
    if plain("radii", given).ndim == 0:
        return np.full(N_NEIGHBORS, real("radii", given, above=0.0, remedy=remedy))
    if plain("radii", given).shape != (N_NEIGHBORS,):
        raise ValueError(
            f"radii is {short_repr(given)}; give one distance in Å, or one for each of the {N_NEIGHBORS} neighbors"
        )
    return np.array([real(f"entry {k} of radii", r, above=0.0, remedy=remedy) for k, r in enumerate(given)])


def _exchanges(kinds: list[tuple[int, float]]) -> list[list[int]]:
    """Permutations of the six angles that keep the kinds of both neighbors, and that no relabeling of these makes."""
    groups: dict[Any, list[int]] = {}
    for place, (i, j) in enumerate(_EDGES):
        groups.setdefault(tuple(sorted((kinds[i], kinds[j]))), []).append(place)
    trivial = set()
    for order in permutations(range(N_NEIGHBORS)):
        if [kinds[i] for i in order] == kinds:
            trivial.add(tuple(_EDGES.index((min(order[i], order[j]), max(order[i], order[j]))) for i, j in _EDGES))
    found = []
    for chosen in product(*(permutations(group) for group in groups.values())):
        exchange = list(range(len(_EDGES)))
        for group, order in zip(groups.values(), chosen, strict=True):
            for place, source in zip(group, order, strict=True):
                exchange[place] = source
        if tuple(exchange) not in trivial:
            found.append(exchange)
    if not found:
        raise ValueError(
            f"radii are {[radius for _, radius in kinds]}: no angles can be exchanged; at least two neighbors must be"
            " of one element and equally far"
        )
    return found


def _on_line(ends: Floats, exchange: list[int], radii: Floats, numbers: NDArray[np.int64]) -> list[DegeneratePair]:
    """All pairs with the first environment on the line between two sets of directions."""
    from scipy.optimize import brentq

    def bonds(t: Any) -> Floats:
        vectors = ends[0] + np.multiply.outer(t, ends[1] - ends[0])
        return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))

    def smallest(t: float) -> float:
        return float(np.linalg.eigvalsh(_exchanged(bonds(t), exchange))[0])

    points = np.linspace(0.0, 1.0, _POINTS)
    values = np.linalg.eigvalsh(_exchanged(bonds(points), exchange))
    pairs = []
    for k in np.flatnonzero(values[:-1, 0] * values[1:, 0] < 0.0):
        zero = brentq(smallest, points[k], points[k + 1], xtol=1e-16, rtol=1e-15)
        own = bonds(zero)
        cosines = _exchanged(own, exchange)
        eigenvalues, vectors = np.linalg.eigh(cosines)
        if abs(eigenvalues[0]) > _ZERO or eigenvalues[1] < _LEAST_EIGENVALUE:
            continue
        other = vectors[:, 1:] * np.sqrt(eigenvalues[1:])
        other /= np.linalg.norm(other, axis=1, keepdims=True)
        a, b = (np.vstack([np.zeros(3), radii[:, None] * directions]) for directions in (own, other))
        pairs.append(DegeneratePair(*placed(a, b, numbers), float(np.prod(eigenvalues))))
    return pairs


def _exchanged(bonds: Floats, exchange: list[int]) -> Floats:
    """Cosines between bonds `(..., 4, 3)`, put in other places: `(..., 4, 4)`."""
    cosines = bonds @ np.swapaxes(bonds, -1, -2)
    i, j = np.array(_EDGES).T
    moved = np.zeros_like(cosines)
    moved[..., i, j] = moved[..., j, i] = cosines[..., i[exchange], j[exchange]]
    moved[..., range(N_NEIGHBORS), range(N_NEIGHBORS)] = 1.0
    return np.asarray(moved)
