"""How well learners recover from a fingerprint what the fingerprint hardly sees.

A ring of structures that a fingerprint can barely tell apart, random structures around it, an energy that varies along
the ring, and a learner: how well is the energy predicted on random structures, and how well on the ring? The
experiment of B. Parsaeifard and S. Goedecker, J. Chem. Phys. 156, 034302 (2022), for any fingerprint, ring and energy.

>>> from isoprint import study
>>> study.DESIGNS
('center', 'start', 'tube', 'center+ring', 'start+ring', 'tube+ring')
"""

from __future__ import annotations

from isoprint.study.designs import DESIGNS, Ring, Sample, draw
from isoprint.study.evaluate import Evaluation, evaluate, features, learning_curve
from isoprint.study.kernel_ridge import KernelRidge
from isoprint.study.starts import STARTS, start
from isoprint.study.tables import Table

__all__ = [
    "DESIGNS",
    "Evaluation",
    "KernelRidge",
    "Ring",
    "STARTS",
    "Sample",
    "Table",
    "draw",
    "evaluate",
    "features",
    "learning_curve",
    "start",
]
