"""Studies: what learners make of fingerprints, and which parameters serve them.

A search for hyperparameters of any estimator:

>>> from isoprint import study
>>> import numpy as np
>>> x = np.linspace(-3.0, 3.0, 40)[:, None]
>>> ranges = {"lengths": [(0.1,), (1.0,), (10.0,)]}
>>> study.hyperparameters(study.KernelRidge(), ranges, x, np.sin(x[:, 0]), models=20).best_parameters
{'lengths': (1.0,)}

How well do learners recover from a fingerprint what the fingerprint hardly sees? A ring of structures that it can
barely tell apart, random structures around it, an energy that varies along the ring, and a learner: how well is the
energy predicted on random structures, and how well on the ring? The experiment of B. Parsaeifard and S. Goedecker, J.
Chem. Phys. 156, 034302 (2022), for any fingerprint, ring and energy.

>>> study.DESIGNS
('center', 'start', 'tube', 'center+ring', 'start+ring', 'tube+ring')
"""

from __future__ import annotations

from isoprint.study.designs import DESIGNS, Ring, Sample, draw
from isoprint.study.evaluation import Evaluation, evaluate, features, learning_curve
from isoprint.study.kernel_ridge import KernelRidge
from isoprint.study.search import Search
from isoprint.study.searching import hyperparameters
from isoprint.study.sparse_points import sparse_sets
from isoprint.study.starts import STARTS, start
from isoprint.study.tables import Table

__all__ = [
    "DESIGNS",
    "Evaluation",
    "KernelRidge",
    "Ring",
    "STARTS",
    "Sample",
    "Search",
    "Table",
    "draw",
    "evaluate",
    "features",
    "hyperparameters",
    "learning_curve",
    "sparse_sets",
    "start",
]
