"""Samples: a few rows or columns of a matrix of features that stand for all.

>>> import numpy as np
>>> import isoprint as ip
>>> features = np.array([[0.0, 0.0], [0.1, 0.0], [3.0, 0.0], [0.0, 1.0]])
>>> ip.select.fps(features, 3).index
array([0, 2, 3])
"""

from isoprint.select._farthest import FarthestSample, fps
from isoprint.select._leverage import LeverageSample, cur

__all__ = ["FarthestSample", "LeverageSample", "cur", "fps"]
