"""Pseudorotation: the phases of the two pairs of E coordinates of three like neighbors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isoprint._support.arrays import plain, short_repr

Floats = NDArray[np.float64]


class Pseudorotation(NamedTuple):
    """Symmetry coordinates of a center with three like neighbors, one number a structure.

    Attributes
    ----------
    stretch : ndarray (n,)
        Amplitude of the wave of the three bond lengths, in Å.
    bend : ndarray (n,)
        Amplitude of the wave of the three angles between the bonds, in radians.
    stretch_phase, bend_phase : ndarray (n,)
        Their phases in degrees, unwrapped: once around is 360.
    mean_bond, mean_angle : ndarray (n,)
        The totally symmetric coordinates, in Å and radians.
    """

    stretch: Floats
    bend: Floats
    stretch_phase: Floats
    bend_phase: Floats
    mean_bond: Floats
    mean_angle: Floats


def pseudorotation(positions: Floats, sites: ArrayLike = (1, 2, 3)) -> Pseudorotation:
    """Amplitude and phase of the distortion from threefold symmetry.

    Any three values are a mean and a wave, `q_k = q + a cos(2 π k / 3 - φ)`, with the amplitude and the phase of
    `a exp(i φ) = 2/3 Σ_k q_k exp(2 π i k / 3)`.

    Parameters
    ----------
    positions : ndarray (n, n_sites, 3)
        Structures with the center first, in Å.
    sites : three ints
        The neighbors. The angle of a neighbor is that between the two others.

    Returns
    -------
    Pseudorotation
        Amplitudes, phases and means, one number a structure.

    Examples
    --------
    >>> import isoprint as ip
    >>> from isoprint.blindness.manifold.pseudorotation import pseudorotation
    >>> start = ip.helical_start("NH3", stretch=0.04, bend=0.16, seed=0)
    >>> found = pseudorotation(start.positions[None])
    >>> round(float(found.stretch[0]), 6)
    0.04
    """
    chosen = plain("sites", sites)
    if chosen.shape != (3,) or len(set(chosen.tolist())) != 3:
        raise ValueError(f"sites is {short_repr(sites)}; give three different sites")
    if not (np.issubdtype(chosen.dtype, np.integer) and ((chosen > 0) & (chosen < positions.shape[1])).all()):
        raise ValueError(
            f"sites is {short_repr(sites)}; give three of the sites 1 to {positions.shape[1] - 1}, 0 is the center"
        )
    bonds = positions[:, chosen] - positions[:, :1]
    length = np.linalg.norm(bonds, axis=2)
    unit = bonds / length[:, :, None]
    opposite = np.einsum("nkx,nkx->nk", np.roll(unit, -1, axis=1), np.roll(unit, -2, axis=1))
    angle = np.arccos(np.clip(opposite, -1.0, 1.0))
    wave = 2.0 / 3.0 * np.exp(2j * np.pi * np.arange(3) / 3.0)
    stretch, bend = length @ wave, angle @ wave
    return Pseudorotation(
        np.abs(stretch),
        np.abs(bend),
        np.degrees(np.unwrap(np.angle(stretch))),
        np.degrees(np.unwrap(np.angle(bend))),
        length.mean(axis=1),
        angle.mean(axis=1),
    )
