"""How well learners recover from a fingerprint what the fingerprint hardly sees.

A ring of structures that a fingerprint can barely tell apart, random structures around it, an energy that varies along
the ring, and a learner: how well is the energy predicted on random structures, and how well on the ring? The
experiment of B. Parsaeifard and S. Goedecker, J. Chem. Phys. 156, 034302 (2022), for any fingerprint, ring and energy.

>>> from isoprint import study
>>> study.DESIGNS
('center', 'start', 'tube', 'center+ring', 'start+ring', 'tube+ring')
"""

from __future__ import annotations

from isoprint.blindness.study.designs import DESIGNS, Ring, Sample, draw
from isoprint.blindness.study.evaluation import Evaluation, evaluate, features, learning_curve
from isoprint.blindness.study.kernel_ridge import KernelRidge
from isoprint.blindness.study.starts import STARTS, start
from isoprint.blindness.study.tables import Table

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
