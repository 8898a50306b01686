"""Structures from which the rings of the study begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from isoprint._support.parameters import choice

if TYPE_CHECKING:
    from ase import Atoms

# In Å, the center first. Found among helically distorted (NH3-a, CH4-a) and random structures.
_POSITIONS = {
    "NH3-a": (
        (-0.0017656304, -0.0310327535, 0.0273272646),
        (0.9542217104, 0.0536388960, -0.4381268306),
        (-0.4272135868, 0.8115024616, -0.3886971906),
        (-0.4706761843, -0.8571834855, -0.4339038986),
    ),
    "NH3-b": (
        (0.0142539313, 0.0271098845, -0.0502578407),
        (0.8864068414, 0.0692325685, -0.4525949226),
        (-0.4643603875, 0.8757668697, -0.3136220827),
        (-0.5162245328, -0.8280818820, -0.2993139363),
    ),
    "CH4-a": (
        (-0.1021974108, -0.0325642366, 0.1260263691),
        (0.5966632650, 0.6861412220, 0.6311256355),
        (0.6389162396, -0.5074663164, -0.7088431203),
        (-0.7420926168, 0.5727384419, -0.6568613770),
        (-0.5772594338, -0.4885656572, 0.5369642956),
    ),
    "CH4-b": (
        (0.0627099678, -0.0958743061, 0.0595302023),
        (0.5496280113, 0.7558613018, 0.6777035486),
        (0.6087381160, -0.7293560131, -0.6748041661),
        (-0.5008657235, 0.5804082135, -0.4937878952),
        (-0.6360648520, -0.5688815127, 0.7557478047),
    ),
    "CH4-c": (
        (-0.0051813823, 0.0923329431, -0.0742571897),
        (0.7534467070, 0.5283230124, 0.6370726038),
        (0.7171626510, -0.6976261675, -0.5802067098),
        (-0.7780398784, 0.6608275094, -0.5836418222),
        (-0.6873880974, -0.5838572974, 0.6010331179),
    ),
}

Name = Literal["NH3-a", "NH3-b", "CH4-a", "CH4-b", "CH4-c"]
STARTS = get_args(Name)


def start(name: Name) -> Atoms:
    """A structure from which a ring closes.

    Parameters
    ----------
    name : {"NH3-a", "NH3-b", "CH4-a", "CH4-b", "CH4-c"}
        Ammonia or methane. NH3-a and CH4-a close with SOAP of Gaussians of 0.3 Å, CH4-c with SOAP of 0.1 Å, and NH3-a,
        NH3-b and CH4-b with `ACSF.standard`; each with a cutoff of 4.8 Å.

    Returns
    -------
    ase.Atoms
        The center first.

    Examples
    --------
    >>> import isoprint as ip
    >>> ring = ip.follow_manifold(ip.ACSF.standard(), ip.study.start("CH4-b"), 0)
    >>> ring.closed
    True
    """
    from ase import Atoms

    positions = np.array(_POSITIONS[choice("name", name, STARTS)])
    return Atoms(name.partition("-")[0], positions=positions)
